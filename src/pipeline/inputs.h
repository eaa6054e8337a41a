/* inputs: the files of one run, read one after the other as if they were one.
 *
 * All are opened and their headers compared before the first record is read; a file that can be opened again
 * is closed until it is read, so that a thousand files take the memory of one. An empty file among several is
 * no records and a warning. Thread: see each
 * function; an input passes from the source's thread to the reader's by the blocks between them. Owner:
 * open/close.
 */
#ifndef KYC_PIPELINE_INPUTS_H
#define KYC_PIPELINE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "input/reader.h"
#include "input/source.h"
#include "model/job.h"

struct inputs;

/* Opens every input and reads its header. Borrows input and stop_fd (source.h). NULL with ERROR_INPUT (one is
 * missing, its header cannot be read or differs from the first one's, or all are empty and of CSV) or
 * ERROR_INTERRUPTED. */
struct inputs *inputs_open(const struct job_input *input, int stop_fd, struct error *error);
/* After the threads have ended. */
void inputs_close(struct inputs *inputs);

size_t inputs_count(const struct inputs *inputs);
/* Before anything is read: the inputs whose selected is false are not read, so that inputs_size and
 * inputs_position leave them out. */
void inputs_select(struct inputs *inputs, const bool *selected);
/* The header of all. Valid until inputs_close. */
const struct reader_header *inputs_header(const struct inputs *inputs);

/* The source's thread: reads the next bytes of an input; as source_read. The first call opens it, the one
 * that returns no more bytes closes it. */
ptrdiff_t inputs_read(struct inputs *inputs, size_t index, char *out, size_t capacity, struct error *error);

/* The reader's thread: the reader of an input, behind its header, fed by feed from now on. NULL: its header
 * has changed (ERROR_INPUT), or the feed broke off within it (ERROR_NONE). */
struct reader *inputs_reader(struct inputs *inputs, size_t index, struct reader_feed feed,
                             struct error *error);

/* Any thread: bytes consumed so far of one input; of all inputs, as they are and inflated, and their size (0:
 * not known). */
uint64_t inputs_bytes(const struct inputs *inputs, size_t index);
uint64_t inputs_position(const struct inputs *inputs);
uint64_t inputs_inflated(const struct inputs *inputs);
uint64_t inputs_size(const struct inputs *inputs);

#endif
