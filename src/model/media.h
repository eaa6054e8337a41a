/* media: what a customer's document may be: an https URL, a data URI, or a file whose kind is that of its
 * first bytes, not of its name. Rules and payloads go by the same, so that what `check` accepts can be sent.
 * Thread: any; pure.
 */
#ifndef KYC_MODEL_MEDIA_H
#define KYC_MODEL_MEDIA_H

#include <stdbool.h>

#include "core/slice.h"

enum {
    MEDIA_MAGIC_LEN = 8,
    MEDIA_REQUEST_MAX = 10 * 1000 * 1000,  /* kira's 10 MB for a whole request, read the strict way */
    MEDIA_MAX = MEDIA_REQUEST_MAX / 4 * 3, /* bytes of a file: as base64 it fills the request */
};

/* `image/jpeg`, `image/png` or `application/pdf` by the first bytes (at least MEDIA_MAGIC_LEN of them, when
 * there are as many); NULL: none of these. */
const char *media_type(struct slice head);

/* True for what is to be taken as a URL: it begins with `https://`, in letters of either case. */
bool media_is_url(struct slice text);

/* True for what is to be taken as a data URI (RFC 2397): it begins with `data:`, in letters of either case.
 */
bool media_is_data_uri(struct slice text);

/* A data URI with its content as base64: `data:image/png;base64,…`. False for another. *type: as it is
 * written there. */
bool media_read_data_uri(struct slice uri, struct slice *type, struct slice *base64);

#endif
