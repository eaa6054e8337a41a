/* multipart: the parts of a multipart/form-data body (RFC 7578), read strictly.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_MULTIPART_H
#define KYC_SANDBOX_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

enum { MULTIPART_PARTS_MAX = 16 };

struct multipart_part {
    struct slice name; /* of the form's field */
    struct slice file; /* the file's name; empty: a plain field */
    struct slice type; /* its Content-Type; empty: none */
    struct slice content;
};

struct multipart {
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count;
};

/* Splits a body by the boundary of its Content-Type; the parts are slices of both. False: it is not a form,
 * or malformed: a part without a name, one too many, no end, or bytes behind it. */
bool multipart_read(struct multipart *form, const char *content_type, struct slice body);

/* The part of a name; NULL: none. */
const struct multipart_part *multipart_find(const struct multipart *form, const char *name);

#endif
