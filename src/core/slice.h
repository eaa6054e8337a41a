/* slice: a run of bytes that somebody else owns.
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

#endif
