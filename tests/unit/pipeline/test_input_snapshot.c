/* The inputs of a run that reads them twice: any change between is seen. */
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

#include "core/clock.h"
#include "pipeline/input_snapshot.h"

static char folder[] = "/tmp/kyc-strict-XXXXXX", path[64], other[64];

static void write_text(const char *where, const char *text)
{
    FILE *file = fopen(where, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* A file system counts time in ticks: waits until a file that is changed has another time than path. */
static void await_tick(void)
{
    struct stat first, now;
    assert_int_equal(stat(path, &first), 0);
    do {
        usleep(1000);
        write_text(other, "");
        assert_int_equal(stat(other, &now), 0);
    } while (clock_is_same_time(&now.st_ctim, &first.st_ctim));
    unlink(other);
}

static void grow(void)
{
    write_text(path, "a,b\n1,2\n3,4\n");
}

/* Size, inode and the time of its content stay: the time of the change does not. */
static void change_and_set_the_time_back(void)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    fputs("x", file);
    fclose(file);
    const struct timespec times[] = {info.st_atim, info.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void put_another_in_its_place(void)
{
    write_text(other, "a,b\n1,2\n");
    assert_int_equal(rename(other, path), 0);
}

static void take_it_away(void)
{
    unlink(path);
}

static void a_change_is_seen(void **state)
{
    static const struct {
        const char *sentence;
        void (*act)(void);
    } cases[] = {
        {"grown", grow},
        {"the same size and time", change_and_set_the_time_back},
        {"another file", put_another_in_its_place},
        {"gone", take_it_away},
    };
    const char *paths[] = {path};
    const struct job_input input = {.paths = paths, .path_count = 1};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        write_text(path, "a,b\n1,2\n");
        struct input_snapshot *strict = input_snapshot_new(&input, &error);
        assert_non_null(strict);
        assert_int_equal(input_snapshot_check(strict, &error), 0);
        await_tick();
        cases[i].act();
        if (input_snapshot_check(strict, &error) != -1 || error.scope != ERROR_INPUT ||
            !strstr(error.text, path))
            fail_msg("%s: %s", cases[i].sentence, error.text);
        input_snapshot_free(strict);
    }
}

static void what_comes_but_once_is_refused(void **state)
{
    const char *paths[] = {path, "-"};
    const struct job_input input = {.paths = paths, .path_count = 2};
    struct error error = {0};
    (void)state;
    write_text(path, "a,b\n1,2\n");
    assert_null(input_snapshot_new(&input, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(input_snapshot_new(&input, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_seen),
        cmocka_unit_test(what_comes_but_once_is_refused),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/export.csv", folder);
    snprintf(other, sizeof other, "%s/other.csv", folder);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("input_snapshot", tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
