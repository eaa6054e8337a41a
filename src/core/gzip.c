#include "core/gzip.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST /* what is read is const */
#include <zlib.h>

#include "core/file.h"
#include "core/memory.h"

enum {
    GZIP_WINDOW_BITS = 15 + 16, /* the largest window; +16: a gzip header and trailer, nothing else */
    GZIP_WRITE_LEN = 64 * 1024,
};

enum reader_state {
    AT_START, /* no byte yet */
    IN_MEMBER,
    AFTER_MEMBER,
    IN_PADDING, /* zeros after the last member: only zeros may follow */
    FAILED,
};

struct gzip_reader {
    z_stream stream;
    enum reader_state state;
    uint64_t offset;
    const char *fault;
};

/* zlib's out of memory is handled where every other one is. */
static void *allocate(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return memory_new(count, size);
}

static void release(void *opaque, void *item)
{
    (void)opaque;
    free(item);
}

/* zlib counts in unsigned int. */
static unsigned zlib_len(size_t len)
{
    return len > UINT_MAX ? UINT_MAX : (unsigned)len;
}

struct gzip_reader *gzip_reader_new(void)
{
    struct gzip_reader *reader = memory_new(1, sizeof *reader);
    reader->stream.zalloc = allocate;
    reader->stream.zfree = release;
    int result = inflateInit2(&reader->stream, GZIP_WINDOW_BITS);
    assert(result == Z_OK);
    (void)result;
    return reader;
}

void gzip_reader_free(struct gzip_reader *reader)
{
    if (!reader)
        return;
    inflateEnd(&reader->stream);
    free(reader);
}

static void fail_reader(struct gzip_reader *reader, const char *fault)
{
    reader->state = FAILED;
    reader->fault = fault;
}

static const char *explain(const char *zlib_message)
{
    static const char *const texts[][2] = {
        {"incorrect data check", "the checksum of the data is wrong"},
        {"incorrect length check", "the length of the data is wrong"},
        {"incorrect header check", "a gzip header was expected here"},
        {"unknown compression method", "a damaged gzip header: unknown compression method"},
        {"unknown header flags set", "a damaged gzip header: unknown flags"},
        {"header crc mismatch", "a damaged gzip header: its checksum is wrong"},
    };
    for (size_t i = 0; zlib_message && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(zlib_message, texts[i][0]) == 0)
            return texts[i][1];
    return "the compressed data is damaged";
}

static void use_up(struct gzip_reader *reader, struct slice *input, size_t len)
{
    input->data += len;
    input->len -= len;
    reader->offset += len;
}

/* Outside of a member: what the next byte begins. */
static void enter_next(struct gzip_reader *reader, struct slice *input)
{
    if (reader->state != IN_PADDING && input->data[0] == '\x1f') {
        inflateReset(&reader->stream);
        reader->state = IN_MEMBER;
    } else if (reader->state == AT_START) {
        fail_reader(reader, "a gzip header was expected here");
    } else if (input->data[0] != 0) {
        fail_reader(reader, "bytes that are not gzip follow the compressed data");
    } else {
        size_t zeros = 1;
        while (zeros < input->len && input->data[zeros] == 0)
            zeros++;
        use_up(reader, input, zeros);
        reader->state = IN_PADDING;
    }
}

/* Inflates within a member; returns the bytes written. */
static size_t inflate_member(struct gzip_reader *reader, struct slice *input, char *out, size_t capacity)
{
    z_stream *stream = &reader->stream;
    unsigned in_len = zlib_len(input->len), out_len = zlib_len(capacity);
    stream->next_in = (const Bytef *)input->data;
    stream->avail_in = in_len;
    stream->next_out = (Bytef *)out;
    stream->avail_out = out_len;
    int result = inflate(stream, Z_NO_FLUSH);
    use_up(reader, input, in_len - stream->avail_in);

    if (result == Z_STREAM_END)
        reader->state = AFTER_MEMBER;
    else if (result != Z_OK && result != Z_BUF_ERROR)
        fail_reader(reader, explain(stream->msg));
    return out_len - stream->avail_out;
}

enum gzip_status gzip_reader_inflate(struct gzip_reader *reader, struct slice *input, char *out,
                                     size_t *out_len)
{
    size_t capacity = *out_len, written = 0;
    assert(capacity > 0);
    while (reader->state != FAILED) {
        if (reader->state == IN_MEMBER) {
            size_t input_before = input->len;
            size_t len = inflate_member(reader, input, out + written, capacity - written);
            written += len;
            if (written == capacity)
                break;
            bool stuck = len == 0 && input->len == input_before;
            if (reader->state == IN_MEMBER && (input->len == 0 || stuck))
                break;
        } else if (input->len > 0) {
            enter_next(reader, input);
        } else {
            break;
        }
    }

    *out_len = written;
    if (reader->state == FAILED)
        return written > 0 ? GZIP_MORE : GZIP_FAULT;
    return gzip_reader_complete(reader) && input->len == 0 ? GZIP_END : GZIP_MORE;
}

uint64_t gzip_reader_offset(const struct gzip_reader *reader)
{
    return reader->offset;
}

const char *gzip_reader_fault(const struct gzip_reader *reader)
{
    return reader->fault;
}

bool gzip_reader_complete(const struct gzip_reader *reader)
{
    return reader->state == AFTER_MEMBER || reader->state == IN_PADDING;
}

struct gzip_writer {
    z_stream stream;
    int fd;
    char out[GZIP_WRITE_LEN];
};

struct gzip_writer *gzip_writer_new(int fd, int level)
{
    assert(level >= 1 && level <= 9);
    struct gzip_writer *writer = memory_new(1, sizeof *writer);
    writer->fd = fd;
    writer->stream.zalloc = allocate;
    writer->stream.zfree = release;
    int result = deflateInit2(&writer->stream, level, Z_DEFLATED, GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY);
    assert(result == Z_OK);
    (void)result;
    writer->stream.next_out = (Bytef *)writer->out;
    writer->stream.avail_out = GZIP_WRITE_LEN;
    return writer;
}

static int write_out(struct gzip_writer *writer)
{
    size_t len = GZIP_WRITE_LEN - writer->stream.avail_out;
    writer->stream.next_out = (Bytef *)writer->out;
    writer->stream.avail_out = GZIP_WRITE_LEN;
    return file_write_all(writer->fd, slice_make(writer->out, len));
}

int gzip_writer_write(struct gzip_writer *writer, struct slice bytes)
{
    z_stream *stream = &writer->stream;
    while (bytes.len > 0) {
        unsigned len = zlib_len(bytes.len);
        stream->next_in = (const Bytef *)bytes.data;
        stream->avail_in = len;
        while (stream->avail_in > 0) {
            if (stream->avail_out == 0 && write_out(writer) != 0)
                return -1;
            int result = deflate(stream, Z_NO_FLUSH);
            assert(result == Z_OK);
            (void)result;
        }
        bytes = slice_skip(bytes, len);
    }
    return 0;
}

int gzip_writer_finish(struct gzip_writer *writer)
{
    int result;
    do {
        if (writer->stream.avail_out == 0 && write_out(writer) != 0)
            return -1;
        result = deflate(&writer->stream, Z_FINISH);
        assert(result == Z_OK || result == Z_STREAM_END);
    } while (result != Z_STREAM_END);
    return write_out(writer);
}

void gzip_writer_free(struct gzip_writer *writer)
{
    if (!writer)
        return;
    deflateEnd(&writer->stream);
    free(writer);
}
