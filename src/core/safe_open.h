/* safe_open: files of a folder whose names are foreign input, so that nothing outside of it can be reached.
 *
 * The names come from a customer export: they may try `..`, absolute paths, links and devices. openat2(2)
 * with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS resolves them; where the kernel has none (before 5.6) or
 * forbids it (some containers) they are resolved here component by component, with the same result. What is
 * mounted below the folder belongs to it: only root can do that. Thread: any.
 */
#ifndef KYC_CORE_SAFE_OPEN_H
#define KYC_CORE_SAFE_OPEN_H

#include "core/buffer.h"
#include "core/slice.h"

/* A descriptor of the folder to open files below it; close(2) ends it. -1 with errno. */
int safe_open_folder(const char *path);

/* Opens a regular file below the folder for reading. path: relative, without `..` and without links on its
 * way. -1 with errno: EXDEV for a path that leads out (and one that is empty, holds a NUL or is too long),
 * ELOOP for a link, EINVAL for what is not a regular file. Owner: the caller closes. */
int safe_open_file(int folder, struct slice path);

/* The same without openat2: for safe_open_file, and for its test. */
int safe_open_file_by_steps(int folder, struct slice path);

/* Appends the whole file at path below folder to out, whose maximum bounds it. 0, or -1 with errno as of
 * safe_open_file; EFBIG when it does not fit. */
int safe_open_read(const char *folder, struct slice path, struct buffer *out);

#endif
