#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/gzip.h"

enum { TEXT_LEN = 300000, GZIP_HEADER_LEN = 10, GZIP_TRAILER_LEN = 8 };

/* Text that deflate can make smaller, but not by much. */
static void make_text(struct buffer *out, uint64_t seed)
{
    buffer_init(out, TEXT_LEN);
    for (size_t i = 0; i < TEXT_LEN; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        buffer_append_char(out, (char)('a' + (seed >> 33) % 20));
    }
}

static void compress_text(struct slice text, struct buffer *out)
{
    char path[] = "/tmp/test-gzip-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    struct gzip_writer *writer = gzip_writer_new(fd, 6);
    size_t half = text.len / 2;
    assert_int_equal(gzip_writer_write(writer, slice_make(text.data, half)), 0);
    assert_int_equal(
        gzip_writer_write(writer, slice_make(half ? text.data + half : text.data, text.len - half)), 0);
    assert_int_equal(gzip_writer_finish(writer), 0);
    gzip_writer_free(writer);

    char block[4096];
    off_t index = 0;
    for (ssize_t len; (len = pread(fd, block, sizeof block, index)) > 0; index += len)
        buffer_append(out, slice_make(block, (size_t)len));
    close(fd);
}

static struct buffer text, packed; /* the text, and its member */

static int set_up(void **state)
{
    (void)state;
    make_text(&text, 1);
    buffer_init(&packed, 1 << 20);
    compress_text(buffer_slice(&text), &packed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    buffer_clear(&text);
    buffer_clear(&packed);
    return 0;
}

struct result {
    struct buffer out;
    bool complete;
    const char *fault; /* NULL: none */
    uint64_t offset;
};

/* Gives the reader in_len bytes at a time, and out_len bytes of room. */
static struct result inflate_all(struct slice input, size_t in_len, size_t out_len)
{
    struct result result = {0};
    buffer_init(&result.out, 1 << 22);
    char *capacity = malloc(out_len);
    struct gzip_reader *reader = gzip_reader_new();
    while (input.len > 0 && !result.fault) {
        struct slice block = slice_make(input.data, input.len < in_len ? input.len : in_len);
        input = slice_make(input.data + block.len, input.len - block.len);
        for (;;) {
            size_t len = out_len;
            enum gzip_status status = gzip_reader_inflate(reader, &block, capacity, &len);
            buffer_append(&result.out, slice_make(capacity, len));
            if (status == GZIP_FAULT) {
                assert_int_equal(len, 0);
                result.fault = gzip_reader_fault(reader);
                break;
            }
            if (status == GZIP_END)
                assert_true(gzip_reader_complete(reader) && block.len == 0);
            if (len == 0 && block.len == 0)
                break;
        }
    }
    result.complete = gzip_reader_complete(reader);
    result.offset = gzip_reader_offset(reader);
    gzip_reader_free(reader);
    free(capacity);
    return result;
}

static void append_zeros(struct buffer *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_char(out, '\0');
}

static const size_t in_lens[] = {1, 13, 4096, 1 << 20};
static const size_t out_lens[] = {7, 4096, 1 << 20};

static void several_members_empty_ones_and_padding_are_one_stream(void **state)
{
    (void)state;
    struct buffer input, want;
    buffer_init(&input, 1 << 21);
    buffer_init(&want, 1 << 21);
    struct slice nothing = {0};
    compress_text(nothing, &input);
    for (int i = 0; i < 2; i++) {
        buffer_append(&input, buffer_slice(&packed));
        buffer_append(&want, buffer_slice(&text));
        compress_text(nothing, &input);
    }
    append_zeros(&input, 700);
    for (size_t i = 0; i < sizeof in_lens / sizeof *in_lens; i++) {
        for (size_t j = 0; j < sizeof out_lens / sizeof *out_lens; j++) {
            struct result result = inflate_all(buffer_slice(&input), in_lens[i], out_lens[j]);
            assert_null(result.fault);
            assert_true(result.complete);
            assert_true(slice_equal(buffer_slice(&result.out), buffer_slice(&want)));
            assert_int_equal(result.offset, input.len);
            buffer_clear(&result.out);
        }
    }
    buffer_clear(&input);
    buffer_clear(&want);
}

enum place { AT_SECOND, IN_SECOND, IN_TAIL };

/* Two members, the second with one byte changed or followed by something. */
struct damage {
    const char *sentence;
    ptrdiff_t at_ns; /* of the changed byte: from the second member's start, negative: from its end */
    const char *tail;
    size_t tail_len;
    bool whole; /* all of the second member's text comes out before the fault */
    const char *fault;
    enum place place; /* of the fault */
};

static const struct damage damages[] = {
    {"a bad checksum comes after all bytes", -8, "", 0, true, "the checksum of the data is wrong", IN_SECOND},
    {"a bad length comes after all bytes", -1, "", 0, true, "the length of the data is wrong", IN_SECOND},
    {"a second header that is damaged is no end", 2, "", 0, false,
     "a damaged gzip header: unknown compression method", IN_SECOND},
    {"a second magic that is damaged is no end", 1, "", 0, false, "a gzip header was expected here",
     IN_SECOND},
    {"a second magic that begins otherwise is no end", 0, "", 0, false,
     "bytes that are not gzip follow the compressed data", AT_SECOND},
    {"text after a member is a fault", PTRDIFF_MAX, "garbage", 7, true,
     "bytes that are not gzip follow the compressed data", IN_TAIL},
    {"text after padding is a fault", PTRDIFF_MAX, "\0\0\0x", 4, true,
     "bytes that are not gzip follow the compressed data", IN_TAIL},
    {"a member after padding is a fault", PTRDIFF_MAX, "\0\x1f\x8b", 3, true,
     "bytes that are not gzip follow the compressed data", IN_TAIL},
};

static void check_damage(const struct damage *damage, size_t in_len, size_t out_len)
{
    struct buffer input;
    buffer_init(&input, 1 << 21);
    buffer_append(&input, buffer_slice(&packed));
    buffer_append(&input, buffer_slice(&packed));
    if (damage->at_ns < 0)
        input.data[(ptrdiff_t)input.len + damage->at_ns] ^= 0x55;
    else if (damage->at_ns < (ptrdiff_t)packed.len)
        input.data[(ptrdiff_t)packed.len + damage->at_ns] ^= 0x55;
    size_t second_end = input.len;
    buffer_append(&input, slice_make(damage->tail, damage->tail_len));

    struct result result = inflate_all(buffer_slice(&input), in_len, out_len);
    if (!result.fault || strcmp(result.fault, damage->fault) != 0)
        fail_msg("%s: got %s", damage->sentence, result.fault ? result.fault : "no fault");
    assert_int_equal(result.out.len, damage->whole ? 2 * TEXT_LEN : TEXT_LEN);
    assert_memory_equal(result.out.data, text.data, TEXT_LEN);
    if (damage->place == IN_SECOND)
        assert_in_range(result.offset, packed.len + 1, second_end);
    else if (damage->place == AT_SECOND)
        assert_int_equal(result.offset, packed.len);
    else
        assert_in_range(result.offset, second_end, input.len - 1);
    buffer_clear(&result.out);
    buffer_clear(&input);
}

static void a_fault_is_reported_after_every_good_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        for (size_t j = 0; j < sizeof in_lens / sizeof *in_lens; j++)
            for (size_t k = 0; k < sizeof out_lens / sizeof *out_lens; k++)
                check_damage(&damages[i], in_lens[j], out_lens[k]);
    }
}

static void a_damaged_byte_in_the_middle_is_a_fault(void **state)
{
    (void)state;
    for (size_t offset = GZIP_HEADER_LEN; offset < packed.len; offset += packed.len / 40) {
        packed.data[offset] ^= 0x10;
        struct result result = inflate_all(buffer_slice(&packed), 4096, 4096);
        assert_non_null(result.fault);
        assert_false(result.complete);
        buffer_clear(&result.out);
        packed.data[offset] ^= 0x10;
    }
}

static void a_truncated_member_is_not_complete_and_gives_what_it_has(void **state)
{
    (void)state;
    for (size_t len = 0; len < packed.len; len += len < 40 ? 1 : packed.len / 30) {
        struct result result = inflate_all(slice_make(packed.data, len), 4096, 4096);
        assert_null(result.fault);
        assert_false(result.complete);
        assert_int_equal(result.offset, len);
        if (result.out.len > 0)
            assert_memory_equal(result.out.data, text.data, result.out.len);
        if (len > packed.len / 2)
            assert_true(result.out.len > TEXT_LEN / 3);
        buffer_clear(&result.out);
    }
    struct result result = inflate_all(slice_make(packed.data, packed.len - GZIP_TRAILER_LEN), 1 << 20, 4096);
    assert_int_equal(result.out.len, TEXT_LEN);
    assert_false(result.complete);
    buffer_clear(&result.out);
}

static void what_is_not_gzip_is_a_fault_at_once(void **state)
{
    (void)state;
    static const char zeros[20];
    const struct slice inputs[] = {SLICE_LITERAL("plain text"), slice_make(zeros, sizeof zeros)};
    for (size_t i = 0; i < 2; i++) {
        struct result result = inflate_all(inputs[i], 4096, 4096);
        assert_string_equal(result.fault, "a gzip header was expected here");
        assert_int_equal(result.offset, 0);
        buffer_clear(&result.out);
    }
}

static void a_writer_reports_a_failed_write(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct gzip_writer *writer = gzip_writer_new(fd, 1);
    assert_int_equal(gzip_writer_write(writer, SLICE_LITERAL("x")), 0);
    errno = 0;
    assert_int_equal(gzip_writer_finish(writer), -1);
    assert_int_equal(errno, ENOSPC);
    gzip_writer_free(writer);
    writer = gzip_writer_new(fd, 1);
    assert_int_equal(gzip_writer_write(writer, buffer_slice(&text)), -1);
    gzip_writer_free(writer);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_members_empty_ones_and_padding_are_one_stream),
        cmocka_unit_test(a_fault_is_reported_after_every_good_byte),
        cmocka_unit_test(a_damaged_byte_in_the_middle_is_a_fault),
        cmocka_unit_test(a_truncated_member_is_not_complete_and_gives_what_it_has),
        cmocka_unit_test(what_is_not_gzip_is_a_fault_at_once),
        cmocka_unit_test(a_writer_reports_a_failed_write),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gzip", tests, set_up, tear_down);
}
