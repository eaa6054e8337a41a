/* source: the bytes of one input, inflated when they are gzip.
 *
 * gzip is seen by its magic, not by the name; several members are one stream. Every byte before a fault is
 * given out before the fault is reported. Thread: one at a time, but source_position any.
 * Owner: open/close.
 */
#ifndef KYC_INPUT_SOURCE_H
#define KYC_INPUT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct source;

/* path: a file, a pipe, or `-` for standard input. NULL with ERROR_INPUT: missing, unreadable, a folder, a
 * device, or UTF-16 (seen after inflating by its byte order mark, or by a NUL beside its first character; the
 * message has the command that converts it). */
struct source *source_open(const char *path, struct error *error);
/* The same, for a caller that may have to end the wait for a pipe: when stop_fd becomes readable, opening or
 * reading anything but a file fails with ERROR_INTERRUPTED. Borrows stop_fd; -1: none. */
struct source *source_open_stoppable(const char *path, int stop_fd, struct error *error);
/* For a small file that a person names, where nobody could end a wait: a pipe is refused too, unless it is
 * standard input. */
struct source *source_open_file(const char *path, struct error *error);
void source_close(struct source *source);

/* Reads inflated bytes into out. > 0: their number; 0: the end; -1: broken here (ERROR_INPUT: truncated or
 * corrupt gzip with the compressed offset, a read error, or a file whose size, times (that of its last change
 * of any kind too, which no program can set back) or inode changed while it was read). */
ptrdiff_t source_read(struct source *source, char *out, size_t capacity, struct error *error);

/* Bytes of the file used so far (compressed ones, when it is compressed), for progress; any thread. */
uint64_t source_position(const struct source *source);
/* Bytes of the file; 0 when not known (a pipe). */
uint64_t source_size(const struct source *source);

#endif
