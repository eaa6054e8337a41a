/* gzip: reading members with zlib's inflate and a loop of our own, writing with deflate.
 *
 * gzread drops all that follows a damaged member header and reports success, and loses the good bytes of a
 * call that ends in a bad CRC; hence the loop. Every byte that was inflated before a
 * fault is given out before the fault is reported. Thread: one at a time per object. Owner: new/free.
 */
#ifndef KYC_CORE_GZIP_H
#define KYC_CORE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum gzip_status {
    GZIP_MORE,  /* wants more input (all input was used up), or has more output */
    GZIP_END,   /* between members: the input may end here */
    GZIP_FAULT, /* see gzip_reader_fault and gzip_reader_offset */
};

struct gzip_reader;

struct gzip_reader *gzip_reader_new(void);
void gzip_reader_free(struct gzip_reader *reader);

/* Inflates from *input (advanced past what was used) into out; *out_len: in the capacity, out the bytes
 * written. After a member only another member, zero padding or the end may come. A fault is reported only by
 * a call that writes no byte. */
enum gzip_status gzip_reader_inflate(struct gzip_reader *reader, struct slice *input, char *out,
                                     size_t *out_len);

/* Compressed bytes used so far: where a fault is. */
uint64_t gzip_reader_offset(const struct gzip_reader *reader);
/* `the checksum of the data is wrong`; a constant text. */
const char *gzip_reader_fault(const struct gzip_reader *reader);
/* At the end of input: true when it may end here (GZIP_END was the last status and nothing has begun since).
 */
bool gzip_reader_complete(const struct gzip_reader *reader);

/* Writes one gzip member to a file descriptor. */
struct gzip_writer;

/* level: 1–9. Borrows fd. */
struct gzip_writer *gzip_writer_new(int fd, int level);
/* 0, or -1 with errno of write(2). */
int gzip_writer_write(struct gzip_writer *writer, struct slice bytes);
/* Ends the member. 0, or -1 with errno. */
int gzip_writer_finish(struct gzip_writer *writer);
void gzip_writer_free(struct gzip_writer *writer);

#endif
