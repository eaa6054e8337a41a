#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/safe_open.h"

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
    snprintf(folder, sizeof folder, "/tmp/test-safe-XXXXXX");
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

static const struct {
    const char *sentence;
    struct slice path;
    int want; /* errno; 0: read */
} examples[] = {
    {"a file below", SLICE_LITERAL("deep/front.png"), 0},
    {"the same with more slashes and dots", SLICE_LITERAL("./deep//./front.png"), 0},
    {"a way around that stays inside", SLICE_LITERAL("deep/../deep/front.png"), EXDEV},
    {"a link that stays inside", SLICE_LITERAL("in"), ELOOP},
    {"a way out", SLICE_LITERAL("../outside"), EXDEV},
    {"a way out and in again", SLICE_LITERAL("../docs/deep/front.png"), EXDEV},
    {"an absolute path", SLICE_LITERAL("/etc/passwd"), EXDEV},
    {"a link that leads outside", SLICE_LITERAL("out"), ELOOP},
    {"a linked folder", SLICE_LITERAL("up/outside"), ELOOP},
    {"a link to an absolute path", SLICE_LITERAL("absolute"), ELOOP},
    {"a name that only begins with dots", SLICE_LITERAL("..front.png"), ENOENT},
    {"no such file", SLICE_LITERAL("none"), ENOENT},
    {"no such folder", SLICE_LITERAL("none/front.png"), ENOENT},
    {"a file as a folder", SLICE_LITERAL("deep/front.png/x"), ENOTDIR},
    {"a folder", SLICE_LITERAL("deep"), EINVAL},
    {"the folder itself", SLICE_LITERAL("."), EINVAL},
    {"a pipe", SLICE_LITERAL("pipe"), EINVAL},
    {"an empty path", SLICE_LITERAL(""), EXDEV},
    {"a NUL", SLICE_LITERAL("deep/front.png\0x"), EXDEV},
};

static int open_below(int (*open_file)(int folder, struct slice path), struct slice path)
{
    int folder_fd = safe_open_folder("docs");
    int fd = open_file(folder_fd, path);
    int reason = errno;
    close(folder_fd);
    if (fd < 0)
        return reason;
    close(fd);
    return 0;
}

static void nothing_outside_of_the_folder_is_opened(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        int reason = open_below(safe_open_file, examples[i].path);
        if (reason != examples[i].want)
            fail_msg("%s: %s", examples[i].sentence, strerror(reason));
        reason = open_below(safe_open_file_by_steps, examples[i].path);
        if (reason != examples[i].want)
            fail_msg("%s, by steps: %s", examples[i].sentence, strerror(reason));
    }
}

/* Makes openat2 fail with this number in this process, as an old kernel or a container does. */
static bool forbid_openat2(int number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)number),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The number of the first example that went otherwise, from 1; 0: none. */
static int differs_without_openat2(int number)
{
    if (!forbid_openat2(number) || syscall(SYS_openat2, -1, "", NULL, 0) != -1 || errno != number)
        return 100;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (open_below(safe_open_file, examples[i].path) != examples[i].want)
            return (int)i + 1;
    return 0;
}

static void the_same_holds_where_the_kernel_has_no_openat2(void **state)
{
    (void)state;
    static const int numbers[] = {ENOSYS, EPERM};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(differs_without_openat2(numbers[i]));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        int example = WEXITSTATUS(status);
        const char *sentence = "openat2 could not be forbidden";
        if (example > 0 && example <= (int)(sizeof examples / sizeof *examples))
            sentence = examples[example - 1].sentence;
        if (example != 0)
            fail_msg("%s: %s", strerror(numbers[i]), sentence);
    }
}

static void a_file_is_read_whole(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1024);
    assert_int_equal(safe_open_read("docs", SLICE_LITERAL("deep/front.png"), &text), 0);
    assert_true(slice_is(buffer_slice(&text), "inside"));
    buffer_clear(&text);
}

static void a_file_that_does_not_fit_is_an_error(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 5);
    assert_int_equal(safe_open_read("docs", SLICE_LITERAL("deep/front.png"), &text), -1);
    assert_int_equal(errno, EFBIG);
    buffer_clear(&text);
    assert_int_equal(safe_open_read("none", SLICE_LITERAL("deep/front.png"), &text), -1);
    assert_int_equal(errno, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_outside_of_the_folder_is_opened),
        cmocka_unit_test(the_same_holds_where_the_kernel_has_no_openat2),
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(a_file_that_does_not_fit_is_an_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("safe_open", tests, set_up, tear_down);
}
