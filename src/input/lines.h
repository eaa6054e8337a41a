/* lines: physical lines out of blocks of bytes, with a way back.
 *
 * Holds the bytes of the record in progress in one piece, so that a reader can go back to the record's first
 * line end and read on from there. LF, CR and CRLF end a line, also when CRLF is split over two blocks.
 * Memory: what is kept, the line asked for and one block; the caller bounds the first two.
 * Thread: one at a time. Owner: init/clear; borrows the feed.
 */
#ifndef KYC_INPUT_LINES_H
#define KYC_INPUT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"
#include "input/reader.h"

/* Where the next byte of a kind is: none in [from, at); at is one, or the end of what was searched. */
struct lines_mark {
    char byte;
    size_t from, offset;
};

struct lines {
    struct reader_feed feed;
    char *bytes;
    size_t len, capacity;
    size_t keep;     /* the bytes before it may be dropped */
    size_t next;     /* the next line begins here */
    uint64_t number; /* of the next line, from 1 */
    bool lf_only; /* a CR ends no line; the caller may set it after lines_init. One before an LF is the line
                     end's, as ever */
    struct lines_mark lf, cr;
    int feed_result; /* of its last call; 1 before the first */
};

struct line {
    size_t len;      /* without its line end */
    size_t full_len; /* with it; the same as len for a last line that has none */
};

enum lines_result {
    LINES_ONE,  /* a line; at the clean end also one without a line end */
    LINES_LONG, /* more than max_len bytes; nothing was consumed */
    LINES_END,  /* the clean end */
    LINES_CUT,  /* the feed broke off; lines_rest has what followed the last line end */
};

void lines_init(struct lines *lines, struct reader_feed feed);
void lines_clear(struct lines *lines);

/* Skips these bytes at the very start; false when others are there. */
bool lines_pass(struct lines *lines, struct slice start);

enum lines_result lines_next(struct lines *lines, size_t max_len, struct line *line);

/* Passes over the whole of a line that was too long without holding it, and adds its length to *len.
 * LINES_ONE, or LINES_CUT when the feed broke off within it. What was kept is dropped. */
enum lines_result lines_skip_long(struct lines *lines, uint64_t *len);

/* What was read since lines_keep, line ends included. Valid until the next call. */
static inline struct slice lines_kept(const struct lines *lines)
{
    if (!lines->bytes) /* nothing came at all */
        return slice_make(NULL, 0);
    return slice_make(lines->bytes + lines->keep, lines->next - lines->keep);
}

/* All bytes there are since lines_keep, read as lines or not. Valid until the next call. */
static inline struct slice lines_rest(const struct lines *lines)
{
    if (!lines->bytes) /* nothing came at all */
        return slice_make(NULL, 0);
    return slice_make(lines->bytes + lines->keep, lines->len - lines->keep);
}

/* Right after lines_pass: true when nothing follows, up to the clean end. */
static inline bool lines_are_empty(const struct lines *lines)
{
    return lines->len == lines->next && lines->feed_result == 0;
}

/* Drops lines_rest. */
static inline void lines_drop_rest(struct lines *lines)
{
    lines->next = lines->keep = lines->len;
}

/* The record is done with: the next line begins a new one. */
static inline void lines_keep(struct lines *lines)
{
    lines->keep = lines->next;
}

/* Goes back to len bytes after the place of lines_keep, where line `number` begins. */
static inline void lines_back(struct lines *lines, size_t len, uint64_t number)
{
    lines->next = lines->keep + len;
    lines->number = number;
}

#endif
