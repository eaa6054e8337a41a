/* slice: a run of bytes owned elsewhere.
 *
 * A slice is two words, passed by value. It need not end in NUL and may hold any byte.
 * Owner: whoever owns the bytes; a slice *borrows*.
 */
#ifndef KYC_CORE_SLICE_H
#define KYC_CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data;
    size_t len;
};

#define SLICE_LITERAL(text) ((struct slice){(text), sizeof(text) - 1})

static inline struct slice slice_make(const char *cursor, size_t len)
{
    return (struct slice){cursor, len};
}

/* The bytes of a C string, its NUL left out; NULL gives the empty slice. */
static inline struct slice slice_from(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
    return slice_equal(a, slice_from(text));
}

/* The bytes from offset on; offset is at most text.len. */
static inline struct slice slice_skip(struct slice text, size_t offset)
{
    return slice_make(text.data + offset, text.len - offset);
}

static inline bool slice_begins(struct slice text, struct slice head)
{
    return text.len >= head.len && (head.len == 0 || memcmp(text.data, head.data, head.len) == 0);
}

static inline bool slice_begins_with(struct slice text, const char *head)
{
    return slice_begins(text, slice_from(head));
}

/* Takes the next item of a list off *rest; *item is without its separator. A list without a separator, even
 * the empty one, is one item; behind the last separator there is always another item. False at the end, when
 * rest->data is NULL. An empty separator splits nothing. */
static inline bool slice_next_item(struct slice *rest, struct slice separator, struct slice *item)
{
    if (!rest->data)
        return false;
    const char *end =
        separator.len ? (const char *)memmem(rest->data, rest->len, separator.data, separator.len) : NULL;
    *item = slice_make(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    *rest = end ? slice_skip(*rest, item->len + separator.len) : slice_make(NULL, 0);
    return true;
}

/* The next line, without its LF; a LF at the end of the text begins no further line. */
static inline bool slice_next_line(struct slice *rest, struct slice *line)
{
    return rest->len && slice_next_item(rest, SLICE_LITERAL("\n"), line);
}

#endif
