#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/child.h"
#include "core/clock.h"

/* A shell that runs script; the result of a program that could be started. */
static struct child_result run_shell(const char *script, const char *const *variables, const char *input)
{
    const char *const words[] = {"/bin/sh", "-c", script, NULL};
    const struct child child = {
        .words = words, .variables = variables, .input = slice_from(input), .timeout_ns = 2 * CLOCK_NS_PER_S};
    struct child_result result;
    struct error error = {0};
    if (child_run(&child, &result, &error) != 0)
        fail_msg("%s", error.text);
    return result;
}

static void it_reads_its_input_and_its_beginning_of_output_is_kept(void **state)
{
    (void)state;
    struct child_result result = run_shell("cat; echo; echo error >&2", NULL, "a notification");
    assert_string_equal(result.output, "a notification\nerror");
    assert_int_equal(result.status, 0);
    result = run_shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 7", NULL, "");
    assert_int_equal(strlen(result.output), CHILD_OUTPUT_SIZE - 1);
    assert_int_equal(result.status, 7);
    assert_false(result.timed_out);
}

static void it_has_an_environment_of_its_own(void **state)
{
    (void)state;
    const char *const variables[] = {"KYC_STATUS=3", NULL};
    setenv("KYC_TEST_SECRET", "secret", 1);
    setenv("LANG", "de_DE.UTF-8", 1);
    struct child_result result = run_shell("echo \"[$KYC_TEST_SECRET] $KYC_STATUS $LANG\"", variables, "");
    unsetenv("KYC_TEST_SECRET");
    assert_string_equal(result.output, "[] 3 de_DE.UTF-8");
}

static void it_inherits_no_open_file_and_no_ignored_signal(void **state)
{
    (void)state;
    assert_int_equal(dup2(STDERR_FILENO, 57), 57); /* not close-on-exec, as of a library */
    signal(SIGPIPE, SIG_IGN);
    struct child_result result =
        run_shell("test -e /proc/$$/fd/57 || echo closed; grep SigIgn /proc/$$/status", NULL, "");
    signal(SIGPIPE, SIG_DFL);
    close(57);
    assert_memory_equal(result.output, "closed\nSigIgn:\t", 15);
    /* Those of the C library aside. */
    assert_int_equal(strtoull(result.output + 15, NULL, 16) & 0x7fffffff, 0);
}

static void it_is_killed_with_its_children_when_its_time_is_over(void **state)
{
    (void)state;
    uint64_t start = clock_mono_ns();
    struct child_result result = run_shell("trap '' TERM; sleep 60 & echo $!; wait", NULL, "");
    assert_true(result.timed_out);
    assert_int_equal(result.signal, SIGKILL);
    assert_int_equal(result.status, -1);
    uint64_t elapsed_ns = clock_mono_ns() - start;
    assert_true(elapsed_ns >= 2 * CLOCK_NS_PER_S && elapsed_ns < 10 * CLOCK_NS_PER_S);
    pid_t pid = (pid_t)strtol(result.output, NULL, 10);
    assert_true(pid > 0);
    for (int i = 0; i < 200 && kill(pid, 0) == 0; i++) { /* its new parent has to collect it */
        char path[64], line[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
        FILE *file = fopen(path, "r");
        if (file && fgets(line, sizeof line, file) && strstr(line, ") Z "))
            i = 200;
        if (file)
            fclose(file);
        usleep(10000);
        assert_true(i < 199 || i == 200);
    }
}

static void a_process_that_it_leaves_behind_is_not_waited_for(void **state)
{
    (void)state;
    uint64_t start = clock_mono_ns();
    struct child_result result = run_shell("sleep 5 & exit 4", NULL, "");
    assert_int_equal(result.status, 4);
    assert_false(result.timed_out);
    assert_true(clock_mono_ns() - start < CLOCK_NS_PER_S);
}

static void its_status_is_known_although_sigchld_was_ignored(void **state)
{
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run_shell("exit 5", NULL, "").status, 5);
}

static void what_cannot_be_run_says_why(void **state)
{
    (void)state;
    const char *const words[] = {"/nowhere/program", NULL};
    const struct child child = {.words = words, .timeout_ns = CLOCK_NS_PER_S};
    struct child_result result;
    struct error error;
    assert_int_equal(child_run(&child, &result, &error), -1);
    assert_string_equal(child_find_fault("/nowhere/program"), "there is no such file");
    assert_string_equal(child_find_fault("/tmp"), "it is not a file");
    char path[] = "/tmp/kyc-child-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_string_equal(child_find_fault(path), "it is not executable");
    assert_int_equal(chmod(path, 0700), 0);
    assert_null(child_find_fault(path));
    assert_int_equal(chmod(path, 0707), 0);
    assert_memory_equal(child_find_fault(path), "every account may change", 24);
    unlink(path);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_reads_its_input_and_its_beginning_of_output_is_kept),
        cmocka_unit_test(it_has_an_environment_of_its_own),
        cmocka_unit_test(it_inherits_no_open_file_and_no_ignored_signal),
        cmocka_unit_test(it_is_killed_with_its_children_when_its_time_is_over),
        cmocka_unit_test(a_process_that_it_leaves_behind_is_not_waited_for),
        cmocka_unit_test(its_status_is_known_although_sigchld_was_ignored),
        cmocka_unit_test(what_cannot_be_run_says_why),
    };
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
