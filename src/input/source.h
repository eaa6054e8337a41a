/* source: the bytes of one input, inflated when they are gzip, and converted when they are UTF-16 or UTF-32.
 *
 * gzip is seen by its magic, not by the name; several members are one stream. UTF-16 and UTF-32 come out as
 * UTF-8 with its byte order mark (unicode_stream.h). Every byte before a fault is given out before the fault
 * is reported. Thread: one at a time, but source_position any. Owner: open/close.
 */
#ifndef KYC_INPUT_SOURCE_H
#define KYC_INPUT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/encoding.h"
#include "core/error.h"

struct source;

/* path: a file, a pipe, or `-` for standard input. NULL with ERROR_INPUT: missing, unreadable, a folder, a
 * device, or a file that is no text (file_kind.h; the message has the command that helps). UTF-16 and UTF-32
 * are known by their first bytes (unicode_form_find), and converted. */
struct source *source_open(const char *path, struct error *error);
/* The encoding that source_open has found: `utf-16` or `utf-32`; NULL: the bytes are given as they are. */
const char *source_converted_from(const struct source *source);
/* The same as source_open for the input of a job, whose encoding must be UTF-16 or UTF-32 where the bytes
 * are, and the other way round; but UTF-8 with its byte order mark is always given as it is: reject files of
 * UTF-16 are written so. When stop_fd becomes readable, opening or reading anything but a file fails with
 * ERROR_INTERRUPTED. Borrows stop_fd (-1: none). */
struct source *source_open_job_input(const char *path, const struct encoding *encoding, int stop_fd,
                                     struct error *error);
/* As source_open, for a small file that a person names, where nobody could end a wait: a pipe is refused too,
 * unless it is standard input. */
struct source *source_open_file(const char *path, struct error *error);
void source_close(struct source *source);

/* Reads inflated bytes into out. > 0: their number; 0: the end; -1: broken here (ERROR_INPUT: truncated or
 * corrupt gzip with the compressed offset, damaged UTF-16, a read error, or a file whose size, times (that of
 * its last change of any kind too, which no program can set back) or inode changed while it was read). */
ptrdiff_t source_read(struct source *source, char *out, size_t capacity, struct error *error);

/* Bytes of the file used so far (compressed ones, when it is compressed), for progress; any thread. */
uint64_t source_position(const struct source *source);
/* Bytes of the file; 0 when not known (a pipe). */
uint64_t source_size(const struct source *source);

#endif
