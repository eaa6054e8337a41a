#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/beneath.h"

static char folder[64];

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test-beneath-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("docs", 0700), 0);
    assert_int_equal(mkdir("docs/deep", 0700), 0);
    write_file("docs/deep/front.png", "inside");
    write_file("outside", "secret");
    assert_int_equal(symlink("../outside", "docs/out"), 0);
    assert_int_equal(symlink("/etc/passwd", "docs/absolute"), 0);
    assert_int_equal(symlink("deep/front.png", "docs/in"), 0);
    assert_int_equal(symlink("..", "docs/up"), 0);
    assert_int_equal(mkfifo("docs/pipe", 0600), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const files[] = {
        "docs/deep/front.png", "docs/out", "docs/absolute", "docs/in", "docs/up", "docs/pipe", "outside"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    rmdir("docs/deep");
    rmdir("docs");
    return chdir("/") != 0 || rmdir(folder) != 0;
}

static void nothing_outside_of_the_folder_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct slice path;
        int want; /* errno; 0: read */
    } examples[] = {
        {"a file below", SLICE_LITERAL("deep/front.png"), 0},
        {"a way around that stays inside", SLICE_LITERAL("deep/../deep/./front.png"), 0},
        {"a link that stays inside", SLICE_LITERAL("in"), 0},
        {"a way out", SLICE_LITERAL("../outside"), EXDEV},
        {"a way out and in again", SLICE_LITERAL("../docs/deep/front.png"), EXDEV},
        {"an absolute path", SLICE_LITERAL("/etc/passwd"), EXDEV},
        {"a link that leads outside", SLICE_LITERAL("out"), EXDEV},
        {"a link to an absolute path", SLICE_LITERAL("absolute"), EXDEV},
        {"a folder that leads outside", SLICE_LITERAL("up/outside"), EXDEV},
        {"no such file", SLICE_LITERAL("none"), ENOENT},
        {"a folder", SLICE_LITERAL("deep"), EINVAL},
        {"a pipe", SLICE_LITERAL("pipe"), EINVAL},
        {"an empty path", SLICE_LITERAL(""), EINVAL},
        {"a NUL", SLICE_LITERAL("deep/front.png\0x"), EINVAL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer text;
        buffer_init(&text, 1024);
        int result = beneath_read("docs", examples[i].path, &text);
        int reason = result == 0 ? 0 : errno;
        if (reason != examples[i].want)
            fail_msg("%s: %s", examples[i].sentence, strerror(reason));
        assert_true(slice_is(buffer_slice(&text), reason == 0 ? "inside" : ""));
        buffer_clear(&text);
    }
}

static void a_file_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 5);
    assert_int_equal(beneath_read("docs", SLICE_LITERAL("in"), &text), -1);
    assert_int_equal(errno, EFBIG);
    buffer_clear(&text);
    assert_int_equal(beneath_open("none", SLICE_LITERAL("in")), -1);
    assert_int_equal(errno, ENOENT);
}

static void the_kind_of_a_document_is_told_by_its_first_bytes(void **state)
{
    (void)state;
    static const struct {
        struct slice head;
        const char *want;
    } examples[] = {
        {SLICE_LITERAL("\xff\xd8\xff\xe0 JFIF"), "image/jpeg"},
        {SLICE_LITERAL("\x89PNG\r\n\x1a\n"), "image/png"},
        {SLICE_LITERAL("\x89PNG\n"), NULL},
        {SLICE_LITERAL("%PDF-1.7"), "application/pdf"},
        {SLICE_LITERAL("%PD"), NULL},
        {SLICE_LITERAL("<html>"), NULL},
        {SLICE_LITERAL(""), NULL},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *type = beneath_media_type(examples[i].head);
        if (examples[i].want == NULL)
            assert_null(type);
        else
            assert_string_equal(type, examples[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_outside_of_the_folder_is_read),
        cmocka_unit_test(a_file_that_does_not_fit_is_an_error),
        cmocka_unit_test(the_kind_of_a_document_is_told_by_its_first_bytes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("beneath", tests, set_up, tear_down);
}
