/* kira_payload: the bodies of Kira's create and update, documents included.
 *
 * A document that the record names by a path is read from below provider.documents when the request is built,
 * and is sent as a data URI. Thread: any; nothing but these files is read.
 */
#ifndef KYC_PROVIDER_KIRA_PAYLOAD_H
#define KYC_PROVIDER_KIRA_PAYLOAD_H

#include "core/buffer.h"
#include "model/media.h"
#include "provider/provider.h"

enum { KIRA_BODY_MAX = MEDIA_REQUEST_MAX }; /* bytes */

/* Writes the body of a CREATE or UPDATE in place of what out held. NULL, or why it cannot be built: a
 * constant text. */
const char *kira_payload_write(const struct provider_fields *fields, const struct provider_call *call,
                               struct buffer *out);

#endif
