/* unicode_stream: UTF-16 and UTF-32 into UTF-8, piece by piece.
 *
 * Damage (an unpaired surrogate, a number that is no character, an end in the middle of one) is a fault of
 * the whole input, because no byte after it can be trusted. The output begins with the byte order mark of
 * UTF-8, whether the input has one or not, so that a reject file, which repeats the header's bytes, is known
 * as UTF-8. Thread: one at a time. Owner: none.
 */
#ifndef KYC_INPUT_UNICODE_STREAM_H
#define KYC_INPUT_UNICODE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/encoding.h"
#include "core/slice.h"

/* What the first bytes of an input prove. kind is ENCODING_UTF8 when they prove neither UTF-16 nor UTF-32. */
struct unicode_form {
    enum encoding_kind kind;
    enum encoding_order order;
    bool is_marked; /* a byte order mark */
};

/* Without a mark, a first character below U+0100 proves it by the zero bytes beside it. */
struct unicode_form unicode_form_find(struct slice start);
/* The byte order of UTF-16 or UTF-32 without a mark: by the side on which the zero bytes of ASCII characters
 * are. ENCODING_ORDER_BY_CONTENT: there is none, so that it is not of this encoding. */
enum encoding_order unicode_form_order(enum encoding_kind kind, struct slice start);

struct unicode_stream {
    size_t unit_len;
    bool is_big, is_begun;
    unsigned char unit[4]; /* one that is not complete yet */
    size_t have;
    uint32_t high;     /* a surrogate that waits for its second half; 0: none */
    uint64_t offset;   /* of the bytes consumed, fault excluded */
    const char *fault; /* NULL: none */
};

/* order: little or big. */
void unicode_stream_init(struct unicode_stream *stream, enum encoding_kind kind, enum encoding_order order);

/* Converts from *in, of which it takes what it converted, as far as capacity (at least 8) allows. Returns the
 * bytes in out. After a fault it converts no more. */
size_t unicode_stream_convert(struct unicode_stream *stream, struct slice *in, char *out, size_t capacity);

/* At the end of the input: sets the fault when it is in the middle of a character. */
void unicode_stream_end(struct unicode_stream *stream);

#endif
