/* payload: a record's values as a provider's JSON body, from the rows of its fields.
 *
 * Only values that are present are written, and an object without any is left out, unless the provider
 * accepts null. An update writes the members of its call and no others. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_PAYLOAD_H
#define KYC_PROVIDER_PAYLOAD_H

#include <stddef.h>

#include "core/buffer.h"
#include "core/json.h"
#include "model/provider_fields.h"
#include "provider/provider.h"

/* Writes the value of a member of which a row has PAYLOAD_OWN; rows: all of the member. NULL, or why it
 * cannot be built: a constant text. */
typedef const char *payload_write_own(const struct provider_call *call, const struct provider_field *rows,
                                      size_t count, struct json_writer *writer);

/* Writes the whole body in place of what out held. write_own: NULL where no row has PAYLOAD_OWN. NULL, or
 * why it cannot be built. */
const char *payload_write(const struct provider_fields *fields, const struct provider_call *call,
                          payload_write_own *write_own, struct buffer *out);

/* The alpha-3 code of an alpha-2 one; the code itself where ISO 3166-1 has none. */
struct slice payload_alpha3(struct slice alpha2);

/* Writes the values of the rows that are present, each under its key, into the open object of writer; but
 * those with PAYLOAD_OWN or without a key. */
void payload_write_keys(const struct provider_call *call, const struct provider_field *rows, size_t count,
                        struct json_writer *writer);

#endif
