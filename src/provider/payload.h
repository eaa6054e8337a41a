/* payload: a record's values as a provider's JSON body, from a table.
 *
 * Only values that are present are written, and an object without any is left out, unless the provider
 * accepts null. An update writes the members of its call and no others. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_PAYLOAD_H
#define KYC_PROVIDER_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/json.h"
#include "model/field.h"
#include "model/provider_fields.h"
#include "model/record.h"
#include "provider/provider.h"

enum payload_shape {
    PAYLOAD_TEXT,    /* a string */
    PAYLOAD_LIST,    /* an array of strings, from a list value */
    PAYLOAD_FIRST,   /* a string, the first item of a list value */
    PAYLOAD_INTEGER, /* a number */
    PAYLOAD_BOOL,    /* true or false */
    PAYLOAD_ALPHA3,  /* an alpha-2 country, the first of a list, as alpha-3 */
    PAYLOAD_DATE,    /* a date in the job's provider.date_format */
    PAYLOAD_TAX_IDS, /* [{"id", "issuing_country"}], from tax_id and tax_country, paired; the country
                        defaults to the record's */
    PAYLOAD_CONCAT,  /* {"type": "concat", "value", "calculated_at"}, the last from call.journalled_ns */
};

/* One value of the body. Rows with the same member and a key, next to each other, make up one object. */
struct payload_row {
    const char *member; /* at the top level */
    const char *key;    /* inside of it; NULL: the member is the value itself */
    enum field_id field;
    enum payload_shape shape;
};

struct payload {
    const struct payload_row *rows;
    size_t row_count;
    const struct provider_fields *fields;
    uint64_t nullable;   /* of an update: members that are written as null when they have no value */
    bool null_if_absent; /* of a create: the same for every member */
};

/* True when the call's body may have the member of this index: always, but in an update that leaves it out.
 */
bool payload_has(const struct provider_call *call, size_t member);

/* Writes the members into the open object of writer, in the order of the rows. */
void payload_write_members(const struct payload *payload, const struct provider_call *call,
                           struct json_writer *writer);

/* The whole object, in place of what out held. */
void payload_write(const struct payload *payload, const struct provider_call *call, struct buffer *out);

/* The present values of the job's own fields of a group, as members of the open object. */
void payload_write_group(const struct record *record, enum field_group group, struct json_writer *writer);

/* The alpha-3 code of an alpha-2 one; the code itself where ISO 3166-1 has none. */
struct slice payload_alpha3(struct slice alpha2);

#endif
