#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/gzip.h"
#include "input/source.h"

static char folder[] = "/tmp/test-source-XXXXXX";
static char *path; /* of the file under test */

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    path = file_join(folder, "input");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    free(path);
    return rmdir(folder);
}

static void write_plain(struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, bytes), 0);
    close(fd);
}

static void write_gzip(struct slice bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    struct gzip_writer *writer = gzip_writer_new(fd, 6);
    assert_int_equal(gzip_writer_write(writer, bytes), 0);
    assert_int_equal(gzip_writer_finish(writer), 0);
    gzip_writer_free(writer);
    close(fd);
}

/* Reads all; returns the last result. */
static ptrdiff_t read_all(struct source *source, size_t capacity, struct buffer *out, struct error *error)
{
    char *block = malloc(capacity);
    ptrdiff_t len;
    while ((len = source_read(source, block, capacity, error)) > 0)
        buffer_append(out, slice_make(block, (size_t)len));
    assert_int_equal(source_read(source, block, capacity, error), len); /* an end stays an end */
    free(block);
    return len;
}

static void check_content(struct slice want, size_t capacity)
{
    struct error error = {0};
    struct source *source = source_open(path, &error);
    assert_non_null(source);
    struct buffer got;
    buffer_init(&got, 1 << 22);
    assert_int_equal(read_all(source, capacity, &got, &error), 0);
    assert_true(slice_equal(buffer_slice(&got), want));
    struct stat file;
    stat(path, &file);
    assert_int_equal(source_size(source), file.st_size);
    assert_int_equal(source_position(source), file.st_size);
    buffer_clear(&got);
    source_close(source);
}

static void a_file_is_read_whole_plain_or_gzip(void **state)
{
    (void)state;
    struct buffer big;
    buffer_init(&big, 1 << 22);
    for (unsigned i = 0; i < 200000; i++)
        buffer_printf(&big, "%u\n", i * 7919);
    const struct slice texts[] = {SLICE_LITERAL(""),
                                  SLICE_LITERAL("a"),
                                  SLICE_LITERAL("ab"),
                                  SLICE_LITERAL("\x1f"),
                                  SLICE_LITERAL("\xef\xbb\xbfid\n"),
                                  SLICE_LITERAL("\xff"),
                                  SLICE_LITERAL("\0\0\0"),
                                  buffer_slice(&big)};
    static const size_t rooms[] = {1, 100, 1 << 20};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t j = texts[i].len > 100; j < 3; j++) {
            write_plain(texts[i]);
            check_content(texts[i], rooms[j]);
            write_gzip(texts[i]);
            check_content(texts[i], rooms[j]);
        }
    }
    buffer_clear(&big);
}

/* Text in UTF-16 or UTF-32, without a mark; from ASCII and two other characters: `1` is ł, `2` is U+20000. */
static struct slice encode_wide(const char *text, size_t unit, bool is_big, struct buffer *out)
{
    buffer_reset(out);
    for (; *text; text++) {
        uint32_t code = *text == '1' ? 0x142 : *text == '2' ? 0x20000 : (uint32_t)*text;
        uint32_t units[2] = {code, 0};
        size_t count = 1;
        if (unit == 2 && code > 0xffff) {
            units[0] = 0xd840;
            units[1] = 0xdc00;
            count = 2;
        }
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < unit; k++)
                buffer_append_char(out, (char)(units[i] >> 8 * (is_big ? unit - 1 - k : k)));
    }
    return buffer_slice(out);
}

/* Reads path as a job with this encoding does: its text, or what the error says. */
static void check_wide(const char *name, const char *want, const char *want_error)
{
    static const size_t capacities[] = {1, 7, 100000};
    struct arena arena;
    struct encoding encoding;
    arena_init(&arena, 1000);
    assert_int_equal(encoding_find(name, &arena, &encoding), ENCODING_FOUND);
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        struct error error = {0};
        struct buffer got;
        buffer_init(&got, 1 << 20);
        struct source *source = source_open_job_input(path, &encoding, -1, &error);
        ptrdiff_t result = source ? read_all(source, capacities[i], &got, &error) : -1;
        if (!slice_is(buffer_slice(&got), want) || (result == -1) != (want_error != NULL) ||
            (want_error && !strstr(error.text, want_error)))
            fail_msg("%s: got %.*s, %s", name, (int)got.len, got.data, error.text);
        buffer_clear(&got);
        source_close(source);
    }
    arena_clear(&arena);
}

#define MARK "\xef\xbb\xbf"

static void utf_16_and_utf_32_are_converted(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t unit;
        bool is_big;
    } forms[] = {{"utf-16", 2, false}, {"utf-16", 2, true},    {"utf-16le", 2, false}, {"utf-16be", 2, true},
                 {"utf-32", 4, false}, {"utf-32le", 4, false}, {"utf-32be", 4, true}};
    struct buffer wide;
    buffer_init(&wide, 1000);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        write_plain(encode_wide("id,name\n7,Wa1a 2\n", forms[i].unit, forms[i].is_big, &wide));
        check_wide(forms[i].name, MARK "id,name\n7,Wała 𠀀\n", NULL);
        write_gzip(buffer_slice(&wide));
        check_wide(forms[i].name, MARK "id,name\n7,Wała 𠀀\n", NULL);
        write_plain(encode_wide("1d,name\n", forms[i].unit, forms[i].is_big, &wide)); /* begins with ł */
        check_wide(forms[i].name, MARK "łd,name\n", NULL);
    }
    write_plain(SLICE_LITERAL("\xff\xfei\0d\0"));
    check_wide("utf-16", MARK "id", NULL);
    check_wide("utf-16be", "", "is UTF-16 (it begins with the byte order mark FF FE), not utf-16be");
    check_wide("utf-32", "", "is UTF-16 (it begins with the byte order mark FF FE), not utf-32\nhint: set");
    write_plain(SLICE_LITERAL("\xff\xfe\0\0i\0\0\0"));
    check_wide("utf-32", MARK "i", NULL);
    check_wide("utf-16", "", "is UTF-32");
    write_plain(SLICE_LITERAL(""));
    check_wide("utf-16", "", NULL);
    buffer_clear(&wide);
}

static void utf_8_is_not_taken_for_utf_16(void **state)
{
    (void)state;
    write_plain(SLICE_LITERAL(MARK "id,name\n"));
    check_wide("utf-16", MARK "id,name\n", NULL); /* a reject file */
    write_plain(SLICE_LITERAL("id,name\n"));
    check_wide("utf-16", "", "is not utf-16: it has no byte order mark");
    check_wide("windows-1250", "id,name\n", NULL);
}

static void damaged_utf_16_breaks_off(void **state)
{
    (void)state;
    write_plain(SLICE_LITERAL("\xff\xfei\0d\0\n\0\x40\xd8x\0"));
    check_wide("utf-16", MARK "id\n",
               "damaged utf-16 at byte 10: half of a character without its other half");
    write_plain(SLICE_LITERAL("\xff\xfei\0d\0\n\0\x00\xdcx\0"));
    check_wide("utf-16", MARK "id\n", "damaged utf-16 at byte 8: half of a character");
    write_gzip(SLICE_LITERAL("\xff\xfei\0d\0\n\0x"));
    check_wide("utf-16", MARK "id\n",
               "damaged utf-16 at byte 8 of the inflated data: the end is in the middle");
    write_plain(SLICE_LITERAL("\xff\xfei\0\x40\xd8"));
    check_wide("utf-16", MARK "i", "the end is in the middle of a character");
    write_plain(SLICE_LITERAL("\xff\xfe\0\0i\0\0\0\0\0\x11\0"));
    check_wide("utf-32", MARK "i", "damaged utf-32 at byte 8: a number that is not a character");
    write_plain(SLICE_LITERAL("\xff\xfe\0\0i\0\0\0\0\xd8\0\0"));
    check_wide("utf-32", MARK "i", "damaged utf-32 at byte 8: a number that is not a character");
}

static void any_text_is_converted_where_no_job_names_its_encoding(void **state)
{
    (void)state;
    struct error error = {0};
    struct buffer got;
    buffer_init(&got, 100);
    write_plain(SLICE_LITERAL("\0i\0d\0\n"));
    struct source *source = source_open(path, &error);
    assert_string_equal(source_converted_from(source), "utf-16");
    assert_int_equal(read_all(source, 100, &got, &error), 0);
    assert_true(slice_is(buffer_slice(&got), MARK "id\n"));
    source_close(source);
    static const struct slice others[] = {SLICE_LITERAL("id\n"), SLICE_LITERAL("\1\0\2\0"),
                                          SLICE_LITERAL("\0\0"), SLICE_LITERAL("\xe9,")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        write_plain(others[i]);
        source = source_open(path, &error);
        assert_null(source_converted_from(source));
        source_close(source);
    }
    buffer_clear(&got);
}

static void standard_input_is_read_from_its_current_offset(void **state)
{
    (void)state;
    write_gzip(SLICE_LITERAL("id,name\n"));
    int saved = dup(STDIN_FILENO), fd = open(path, O_RDONLY | O_CLOEXEC);
    dup2(fd, STDIN_FILENO);
    struct error error = {0};
    struct source *source = source_open("-", &error);
    assert_non_null(source);
    struct buffer got;
    buffer_init(&got, 100);
    assert_int_equal(read_all(source, 100, &got, &error), 0);
    assert_string_equal(got.data, "id,name\n");
    buffer_clear(&got);
    source_close(source);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), 0); /* still open */

    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(file_write_all(ends[1], SLICE_LITERAL("piped")), 0);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    source = source_open("-", &error);
    assert_non_null(source);
    assert_int_equal(source_size(source), 0);
    buffer_init(&got, 100);
    assert_int_equal(read_all(source, 2, &got, &error), 0);
    assert_string_equal(got.data, "piped");
    buffer_clear(&got);
    source_close(source);
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
}

static void what_cannot_be_read_is_refused_at_the_opening(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        bool gzip;
        const char *want;
    } refused[] = {
        {SLICE_LITERAL("\xff\xfei\0d\0"), false,
         "is UTF-16 (it begins with the byte order mark FF FE), not utf-8\nhint: set input.encoding to utf-16"},
        {SLICE_LITERAL("\0\1\0\0Standard ACE DB"), false, "is an Access database"},
        {SLICE_LITERAL("\0i\0d"), true, "is UTF-16 (it begins with the bytes 00 69)"},
        {SLICE_LITERAL("i\0\0\0d\0\0\0"), false, "set input.encoding to utf-32"},
        {SLICE_LITERAL("PK\x03\x04 and more"), false,
         "is a ZIP archive\nhint: unpack it first: unzip -p FILE"},
        {SLICE_LITERAL("PK\x03\x04 and more"), true, "what this gzip file holds is a ZIP archive"},
        {SLICE_LITERAL("\x1f\x8b\x08 and more"), true, "is compressed with gzip twice"},
    };
    struct error error = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (refused[i].gzip)
            write_gzip(refused[i].text);
        else
            write_plain(refused[i].text);
        error.scope = ERROR_NONE;
        assert_null(source_open_job_input(path, &encoding_utf8, -1, &error));
        assert_int_equal(error.scope, ERROR_INPUT);
        assert_non_null(strstr(error.text, refused[i].want));
        assert_non_null(strstr(error.text, path));
    }
    assert_null(source_open("/dev/null", &error));
    assert_int_equal(error.scope, ERROR_INPUT);
    assert_non_null(strstr(error.text, "/dev/null: it is a device, not a file"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(source_open_file(path, &error));
    assert_int_equal(error.scope, ERROR_INPUT);
    assert_non_null(strstr(error.text, "it is a pipe, not a file"));
    assert_null(source_open(folder, &error));
    assert_non_null(strstr(error.text, "is a folder"));
    unlink(path);
    assert_null(source_open(path, &error));
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(error.scope, ERROR_INPUT);
}

/* Opens the file, reads a first byte, lets change() happen and reads the rest. */
static void check_broken(void (*change)(void), const char *want_text, const char *want_error)
{
    struct error error = {0};
    struct source *source = source_open(path, &error);
    assert_non_null(source);
    struct buffer got;
    buffer_init(&got, 1 << 20);
    char first;
    if (want_text[0]) {
        assert_int_equal(source_read(source, &first, 1, &error), 1);
        buffer_append_char(&got, first);
    }
    if (change)
        change();
    assert_int_equal(read_all(source, 4096, &got, &error), -1);
    assert_int_equal(error.scope, ERROR_INPUT);
    assert_string_equal(got.data ? got.data : "", want_text);
    if (!strstr(error.text, want_error) || !strstr(error.text, path))
        fail_msg("want %s\ngot %s", want_error, error.text);
    buffer_clear(&got);
    source_close(source);
}

static void append_byte(void)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(file_write_all(fd, SLICE_LITERAL("x")), 0);
    close(fd);
}

static void touch(void)
{
    const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000, .tv_nsec = 5}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The kernel counts the times of files in ticks. */
static void wait_a_tick(void)
{
    usleep(20000);
}

/* As a program does that wants nobody to see it. */
static void overwrite(void)
{
    struct stat old;
    assert_int_equal(stat(path, &old), 0);
    wait_a_tick();
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "N", 1, 3), 1);
    close(fd);
    const struct timespec times[2] = {old.st_atim, old.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void change_mode(void)
{
    wait_a_tick();
    assert_int_equal(chmod(path, 0640), 0);
}

static void replace(void)
{
    struct stat old;
    assert_int_equal(stat(path, &old), 0);
    char *other = file_join(folder, "other");
    assert_int_equal(rename(path, other), 0);
    write_plain(SLICE_LITERAL("id,name\n"));
    const struct timespec times[2] = {old.st_atim, old.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    unlink(other);
    free(other);
}

static void delete (void)
{
    assert_int_equal(unlink(path), 0);
}

static void a_file_that_changes_while_it_is_read_is_broken_at_its_end(void **state)
{
    (void)state;
    const struct slice text = SLICE_LITERAL("id,name\n");
    write_plain(text);
    check_broken(append_byte, "id,name\nx", "it was written to");
    write_plain(text);
    check_broken(touch, "id,name\n", "it was written to");
    write_plain(text);
    check_broken(overwrite, "id,name\n", "it was written to");
    write_plain(text);
    check_broken(change_mode, "id,name\n", "owner or permissions were changed");
    write_plain(text);
    check_broken(replace, "id,name\n", "another file took its place");
    write_plain(text);
    check_broken(delete, "id,name\n", "it was removed or renamed");
    write_gzip(text);
    check_broken(touch, "id,name\n", "it was written to");
}

static void broken_gzip_is_reported_after_every_good_byte_with_its_offset(void **state)
{
    (void)state;
    const struct slice text = SLICE_LITERAL("id,name\n1,Ann\n");
    write_gzip(text);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    append_byte();
    char want[100];
    snprintf(want, sizeof want, "broken gzip at byte %lld of the compressed data: bytes that are not gzip",
             (long long)file.st_size);
    check_broken(NULL, text.data, want);

    write_gzip(text);
    assert_int_equal(truncate(path, file.st_size - 3), 0);
    check_broken(NULL, text.data, "it ends in the middle");
    write_gzip(text);
    assert_int_equal(truncate(path, 5), 0);
    check_broken(NULL, "", "broken gzip at byte 5 of the compressed data: it ends in the middle");

    write_gzip(text);
    wait_a_tick();
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\x55", 1, file.st_size - 6), 1);
    close(fd);
    check_broken(NULL, text.data, "the checksum of the data is wrong");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole_plain_or_gzip),
        cmocka_unit_test(utf_16_and_utf_32_are_converted),
        cmocka_unit_test(utf_8_is_not_taken_for_utf_16),
        cmocka_unit_test(damaged_utf_16_breaks_off),
        cmocka_unit_test(any_text_is_converted_where_no_job_names_its_encoding),
        cmocka_unit_test(standard_input_is_read_from_its_current_offset),
        cmocka_unit_test(what_cannot_be_read_is_refused_at_the_opening),
        cmocka_unit_test(a_file_that_changes_while_it_is_read_is_broken_at_its_end),
        cmocka_unit_test(broken_gzip_is_reported_after_every_good_byte_with_its_offset),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("source", tests, set_up, tear_down);
}
