/* Whether the process that held a ledger is certainly gone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/postgres/store_holder.h"

enum { WORDS = 6, BOOT = 1, NAMESPACE = 2, PROCESS = 3, START = 4 };

/* The holder's text with one word replaced. */
static const char *replace(const char *holder, size_t word, const char *with)
{
    static char text[STORE_HOLDER_SIZE];
    struct slice rest = slice_from(holder), item;
    size_t len = 0;
    for (size_t i = 0; slice_next_item(&rest, SLICE_LITERAL(" "), &item); i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s", i ? " " : "",
                                i == word ? (int)strlen(with) : (int)item.len, i == word ? with : item.data);
    return text;
}

static bool is_gone(const char *holder)
{
    return store_holder_is_gone(slice_from(holder));
}

/* A child that has told who it is, and waits. */
static pid_t start_child(char holder[STORE_HOLDER_SIZE])
{
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(60);
        memset(holder, 0, STORE_HOLDER_SIZE);
        store_holder_of_self(holder);
        if (write(pipe_fds[1], holder, STORE_HOLDER_SIZE) != STORE_HOLDER_SIZE)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipe_fds[0], holder, STORE_HOLDER_SIZE), STORE_HOLDER_SIZE);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return pid;
}

static void a_holder_has_six_words(void **state)
{
    (void)state;
    char holder[STORE_HOLDER_SIZE], pid[16];
    struct slice rest = slice_from(store_holder_of_self(holder)), words[WORDS + 1] = {{NULL, 0}};
    size_t count = 0;
    while (count <= WORDS && slice_next_item(&rest, SLICE_LITERAL(" "), &words[count]))
        assert_true(words[count++].len > 0);
    assert_int_equal(count, WORDS);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_true(slice_is(words[PROCESS], pid));
    assert_false(is_gone(holder));
}

static void a_process_is_gone_once_it_has_ended(void **state)
{
    (void)state;
    char holder[STORE_HOLDER_SIZE];
    siginfo_t info;
    int status;
    pid_t pid = start_child(holder);
    assert_false(is_gone(holder));
    kill(pid, SIGSTOP); /* it may go on, and send */
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    assert_false(is_gone(holder));
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(is_gone(holder)); /* a zombie */
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(is_gone(holder));
}

static void what_is_elsewhere_may_go_on(void **state)
{
    (void)state;
    char holder[STORE_HOLDER_SIZE];
    int status;
    pid_t pid = start_child(holder);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(is_gone(holder));
    assert_false(is_gone(replace(holder, BOOT, "0a1b2c3d-0000-4000-8000-000000000001")));
    assert_false(is_gone(replace(holder, BOOT, "-")));
    assert_false(is_gone(replace(holder, NAMESPACE, "1")));
    assert_false(is_gone(replace(holder, NAMESPACE, "-")));
    assert_false(is_gone(replace(holder, START, "-")));
    assert_false(is_gone(replace(holder, PROCESS, "-")));
}

/* Its number has another process by now. */
static void a_process_with_another_start_is_another_one(void **state)
{
    (void)state;
    char holder[STORE_HOLDER_SIZE];
    store_holder_of_self(holder);
    assert_true(is_gone(replace(holder, START, "1")));
}

static void what_is_no_holder_is_not_gone(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ", "host", "host boot 1 1 1", "- - - - - -", "     "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(is_gone(texts[i]));
}

static void a_holder_is_shown_to_people(void **state)
{
    (void)state;
    static const struct {
        const char *holder, *want;
    } rows[] = {
        {"db7 0a1b 1 77 5 2026-11-29T02:00:00.000Z", "db7, process 77, since 2026-11-29T02:00:00.000Z"},
        {"another process", "another process"},
        {"", ""},
    };
    char text[STORE_HOLDER_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        store_holder_show(slice_from(rows[i].holder), text, sizeof text);
        assert_string_equal(text, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_holder_has_six_words),
        cmocka_unit_test(a_process_is_gone_once_it_has_ended),
        cmocka_unit_test(what_is_elsewhere_may_go_on),
        cmocka_unit_test(a_process_with_another_start_is_another_one),
        cmocka_unit_test(what_is_no_holder_is_not_gone),
        cmocka_unit_test(a_holder_is_shown_to_people),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_holder", tests, NULL, NULL);
}
