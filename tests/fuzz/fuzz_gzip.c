/* Any bytes as gzip: the output must not depend on the sizes of the pieces read and written, and nothing
 * follows a fault. */
#include <assert.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/gzip.h"

enum { OUT_MAX = 1 << 20, ROOM_MAX = 4096 };

struct result {
    struct buffer bytes;
    enum gzip_status status;
    bool complete;
    uint64_t offset;
    const char *fault;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void inflate_all(struct slice all, size_t piece_len, size_t capacity, struct result *result)
{
    struct gzip_reader *reader = gzip_reader_new();
    char out[ROOM_MAX];

    buffer_init(&result->bytes, 2 * (size_t)OUT_MAX);
    result->status = GZIP_MORE;
    while (all.len && result->status != GZIP_FAULT && result->bytes.len < OUT_MAX) {
        struct slice piece = slice_make(all.data, all.len < piece_len ? all.len : piece_len);
        all = slice_make(all.data + piece.len, all.len - piece.len);
        for (;;) {
            size_t out_len = capacity, before = piece.len;
            result->status = gzip_reader_inflate(reader, &piece, out, &out_len);
            assert(out_len <= capacity && piece.len <= before);
            assert(result->status != GZIP_FAULT || out_len == 0);
            buffer_append(&result->bytes, slice_make(out, out_len));
            if (result->status == GZIP_FAULT || result->bytes.len >= OUT_MAX)
                break;
            if (piece.len == 0 && out_len == 0)
                break;
            assert(out_len > 0 || piece.len < before || piece.len == 0); /* it never stands still */
        }
    }
    result->complete = gzip_reader_complete(reader);
    result->offset = gzip_reader_offset(reader);
    result->fault = result->status == GZIP_FAULT ? gzip_reader_fault(reader) : "";
    gzip_reader_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct result whole, pieces;

    if (len < 2)
        return 0;
    struct slice all = slice_make((const char *)data + 2, len - 2);
    inflate_all(all, all.len, ROOM_MAX, &whole);
    inflate_all(all, 1 + (size_t)data[0], 1 + (size_t)data[1], &pieces);
    if (whole.bytes.len < OUT_MAX) {
        assert(slice_equal(buffer_slice(&whole.bytes), buffer_slice(&pieces.bytes)));
        assert((whole.status == GZIP_FAULT) == (pieces.status == GZIP_FAULT));
        assert(whole.complete == pieces.complete);
        assert(whole.status != GZIP_FAULT || slice_equal(slice_from(whole.fault), slice_from(pieces.fault)));
        assert(whole.offset <= all.len && pieces.offset <= all.len);
    }
    buffer_clear(&whole.bytes);
    buffer_clear(&pieces.bytes);
    return 0;
}
