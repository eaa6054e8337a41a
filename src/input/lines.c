#include "input/lines.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"

void lines_init(struct lines *lines, struct reader_feed feed)
{
    *lines = (struct lines){
        .feed = feed,
        .number = 1,
        .lf = {.byte = '\n'},
        .cr = {.byte = '\r'},
        .feed_result = 1,
    };
}

void lines_clear(struct lines *lines)
{
    free(lines->bytes);
    *lines = (struct lines){0};
}

static void shift_mark(struct lines_mark *mark, size_t len)
{
    mark->from = mark->from > len ? mark->from - len : 0;
    mark->offset = mark->offset > len ? mark->offset - len : 0;
}

/* Moving only when the capacity is used up keeps the cost of a record over many small blocks linear. */
static void ensure_capacity(struct lines *lines, size_t len)
{
    if (lines->capacity - lines->len >= len)
        return;
    size_t dropped = lines->keep;
    if (dropped > 0) {
        memmove(lines->bytes, lines->bytes + dropped, lines->len - dropped);
        lines->len -= dropped;
        lines->next -= dropped;
        lines->keep = 0;
        shift_mark(&lines->lf, dropped);
        shift_mark(&lines->cr, dropped);
    }
    if (lines->capacity - lines->len < len) {
        size_t capacity = lines->capacity * 2;
        lines->capacity = capacity > lines->len + len ? capacity : lines->len + len;
        lines->bytes = memory_resize(lines->bytes, lines->capacity, 1);
    }
}

/* Appends the next block; false at the end, whichever. */
static bool fill(struct lines *lines)
{
    if (lines->feed_result != 1)
        return false;
    struct slice block = {0};
    lines->feed_result = lines->feed.next(lines->feed.context, &block);
    if (lines->feed_result != 1)
        return false;
    assert(block.len > 0);
    ensure_capacity(lines, block.len);
    memcpy(lines->bytes + lines->len, block.data, block.len);
    lines->len += block.len;
    return true;
}

bool lines_pass(struct lines *lines, struct slice start)
{
    assert(lines->next == 0 && lines->keep == 0);
    while (lines->len < start.len && fill(lines))
        ;
    if (lines->len < start.len || memcmp(lines->bytes, start.data, start.len) != 0)
        return false;
    lines->next = lines->keep = start.len;
    return true;
}

/* The first such byte at or after the next line's start, or lines->len. The mark spares searching a whole
 * block again for each line when only the other kind of line end occurs. */
static inline size_t find(const struct lines *lines, struct lines_mark *mark)
{
    size_t next = lines->next;
    if (next < mark->from || next > mark->offset)
        mark->from = mark->offset = next;
    if (mark->offset == lines->len || lines->bytes[mark->offset] == mark->byte)
        return mark->offset;
    const char *found = memchr(lines->bytes + mark->offset, mark->byte, lines->len - mark->offset);
    mark->offset = found ? (size_t)(found - lines->bytes) : lines->len;
    return mark->offset;
}

/* What follows the last line end when the feed has no more. */
static enum lines_result end_lines(struct lines *lines, struct line *line)
{
    if (lines->feed_result == -1)
        return LINES_CUT;
    if (line->len == 0)
        return LINES_END;
    line->full_len = line->len;
    lines->next = lines->len;
    lines->number++;
    return LINES_ONE;
}

/* As lines_next, where a CR is blank space. */
static enum lines_result next_lf(struct lines *lines, size_t max_len, struct line *line)
{
    for (;;) {
        size_t lf = find(lines, &lines->lf);
        line->len = lf - lines->next;
        if (line->len > max_len && (line->len > max_len + 1 || lines->bytes[lf - 1] != '\r'))
            return LINES_LONG;
        if (lf == lines->len) {
            if (fill(lines))
                continue;
            return end_lines(lines, line);
        }
        line->full_len = line->len + 1;
        lines->next += line->full_len;
        line->len -= line->len > 0 && lines->bytes[lf - 1] == '\r';
        lines->number++;
        return LINES_ONE;
    }
}

enum lines_result lines_next(struct lines *lines, size_t max_len, struct line *line)
{
    if (lines->lf_only)
        return next_lf(lines, max_len, line);
    for (;;) {
        size_t lf = find(lines, &lines->lf), cr = find(lines, &lines->cr);
        size_t end = lf < cr ? lf : cr;
        line->len = end - lines->next;
        if (line->len > max_len)
            return LINES_LONG;
        if (end == lines->len) {
            if (fill(lines))
                continue;
            return end_lines(lines, line);
        }
        if (end == cr && cr + 1 == lines->len && fill(lines))
            continue; /* its LF may be the first byte of the new block */
        bool is_crlf = end == cr && lf == cr + 1 && lf < lines->len;
        line->full_len = line->len + 1 + is_crlf;
        lines->next += line->full_len;
        lines->number++;
        return LINES_ONE;
    }
}

enum lines_result lines_skip_long(struct lines *lines, uint64_t *len)
{
    struct line line;
    for (;;) {
        lines_keep(lines);
        enum lines_result result = lines_next(lines, 0, &line);
        if (result != LINES_LONG) {
            lines_keep(lines);
            return result == LINES_CUT ? LINES_CUT : LINES_ONE;
        }
        *len += line.len;
        lines->next += line.len;
    }
}
