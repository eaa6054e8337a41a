/* beneath: files below one folder, and nothing outside of it.
 *
 * A path of an export is not trusted: neither `..`, nor an absolute path, nor a symbolic link may lead out of
 * the folder (openat2(2), RESOLVE_BENEATH). What is read are documents: the kind is told by the first bytes,
 * not by the name. Thread: any.
 */
#ifndef KYC_CORE_BENEATH_H
#define KYC_CORE_BENEATH_H

#include "core/buffer.h"
#include "core/slice.h"

/* Opens the regular file at path below folder for reading. Returns its descriptor, or -1 with errno: EXDEV
 * when path leads outside, EINVAL when it is no regular file or holds a NUL, else as open(2) says. Owner: the
 * caller closes. */
int beneath_open(const char *folder, struct slice path);

/* Appends the whole file at path below folder to out, whose maximum bounds it. 0, or -1 with errno as of
 * beneath_open; EFBIG when it does not fit. */
int beneath_read(const char *folder, struct slice path, struct buffer *out);

enum { BENEATH_MAGIC_LEN = 8 };

/* `image/jpeg`, `image/png` or `application/pdf` by the first bytes (at least BENEATH_MAGIC_LEN of them, when
 * there are as many); NULL: none of these. */
const char *beneath_media_type(struct slice head);

#endif
