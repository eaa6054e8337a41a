/* file_kind: what a file is that is neither CSV nor NDJSON, by its first bytes. JSON is json_head.h's.
 *
 * Exports arrive as workbooks, in archives, or as the login page that a download got in their place. Facts
 * are the magic bytes of the formats (file(1) has them too). Thread: any; pure.
 */
#ifndef KYC_INPUT_FILE_KIND_H
#define KYC_INPUT_FILE_KIND_H

#include <stdbool.h>

#include "core/slice.h"

/* Bytes from which every kind is known: a tar's mark ends at 262. Fewer are enough for most. */
enum { FILE_KIND_LEN = 4096, FILE_KIND_MIN = 16 };

struct file_kind {
    const char *what; /* `is …`, for behind the file's name */
    const char *hint; /* what to do; a command names FILE, as a real name may hold what a shell would run */
};

/* start: the first bytes of a file, or those of what a gzip file holds. NULL: it may be text. gzip itself is
 * no kind of the outer bytes; inside of gzip it is one (is_inflated). */
const struct file_kind *file_kind_find(struct slice start, bool is_inflated);

#endif
