/* folder: files of a folder that somebody else names, so that nothing outside of it can be reached.
 *
 * The names come from a customer export: they may try `..`, absolute paths, links and devices. openat2 with
 * RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS resolves them; where the kernel has none (before 5.6, or some
 * containers) they are resolved here component by component, with the same result. Thread: any.
 */
#ifndef KYC_CORE_FOLDER_H
#define KYC_CORE_FOLDER_H

#include "core/slice.h"

/* A descriptor of the folder to open files below it; close(2) ends it. -1 with errno. */
int folder_open(const char *path);

/* Opens a regular file below the folder for reading. path: relative, without `..` and without links on its
 * way. -1 with errno: EXDEV for a path that leads out, ELOOP for a link, EINVAL for what is no regular file.
 */
int folder_open_file(int folder, struct slice path);

/* The same without openat2: for folder_open_file, and for its test. */
int folder_open_file_by_steps(int folder, struct slice path);

#endif
