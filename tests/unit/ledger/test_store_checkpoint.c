/* Checkpoints beside the writer: the log stays bounded, and a failure reaches the writer. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "unit/ledger/store_fixture.h"

enum { MEGABYTE = 1000 * 1000 };

static char value[MEGABYTE];

static long size_of(struct fixture *fixture, const char *suffix)
{
    char path[LEDGER_FILE_PATH_SIZE + 16];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

/* 246 pages of the log. */
static int write_megabyte(struct fixture *fixture, const char *key)
{
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    if (store_meta_set(fixture->store, key, slice_make(value, sizeof value), &fixture->error) != 0)
        return -1;
    return store_commit(fixture->store, &fixture->error);
}

static void count_finding(void *context, const char *text)
{
    (void)text;
    ++*(int *)context;
}

static void the_log_begins_anew_while_the_writer_continues(void **state)
{
    struct fixture *fixture = *state;
    int findings = 0;
    for (int i = 0; i < 120; i++) {
        memset(value, 'a' + i % 26, sizeof value);
        fixture_ok(fixture, write_megabyte(fixture, i % 2 ? "odd" : "even"));
    }
    /* 120 MB were written: without a new beginning they would all be in the log. */
    assert_true(size_of(fixture, "-wal") < 110L * MEGABYTE);
    assert_true(size_of(fixture, "") > 2L * MEGABYTE);
    struct slice found;
    assert_int_equal(store_meta(fixture->store, "odd", &fixture->arena, &found, &fixture->error), 1);
    assert_true(slice_equal(found, slice_make(value, sizeof value)));
    fixture_ok(fixture, store_check(fixture->store, count_finding, NULL, &findings, &fixture->error));
    assert_int_equal(findings, 0);
}

/* The writer never waits for a reader; when it ends, the log is copied again. */
static void a_reader_stops_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct store *reader = fixture_open(fixture, LEDGER_READ);
    struct slice found;
    fixture_ok(fixture, write_megabyte(fixture, "a"));
    fixture_ok(fixture, store_begin_read(reader, &fixture->error));
    assert_int_equal(store_meta(reader, "b", &fixture->arena, &found, &fixture->error), 0);
    for (int i = 0; i < 60; i++)
        fixture_ok(fixture, write_megabyte(fixture, "b"));
    assert_int_equal(store_meta(reader, "b", &fixture->arena, &found, &fixture->error), 0);
    fixture_ok(fixture, store_end_read(reader, &fixture->error));
    store_close(reader);
    long longest = size_of(fixture, "-wal");
    for (int i = 0; i < 120; i++)
        fixture_ok(fixture, write_megabyte(fixture, "b"));
    assert_true(size_of(fixture, "-wal") < longest + 110L * MEGABYTE);
}

/* The pages that a checkpoint would write lie behind the limit, the log does not reach it. */
static void a_failed_checkpoint_fails_the_next_commit(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit kept, limit;
    store_close(fixture->store);
    fixture_sql(fixture, "CREATE TABLE filler(bytes); INSERT INTO filler VALUES(zeroblob(120000000))");
    fixture->store = fixture_open(fixture, LEDGER_WRITE);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &kept), 0);
    limit = (struct rlimit){.rlim_cur = 118L * MEGABYTE, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    int commits = 0;
    char key[16];
    do
        snprintf(key, sizeof key, "key %d", commits);
    while (write_megabyte(fixture, key) == 0 && ++commits < 100);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
    assert_true(commits >= 40 && commits < 100);
    assert_true(size_of(fixture, "-wal") < (long)limit.rlim_cur - MEGABYTE);
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(fixture->error.text, "cannot be written: it would exceed the file size limit"));
    /* What was committed before is there, what failed is not. */
    struct slice found;
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    assert_int_equal(store_meta(fixture->store, key, &fixture->arena, &found, &fixture->error), 0);
    assert_int_equal(store_meta(fixture->store, "key 0", &fixture->arena, &found, &fixture->error), 1);
    fixture_ok(fixture, store_commit(fixture->store, &fixture->error));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_log_begins_anew_while_the_writer_continues),
        TEST(a_reader_stops_nothing),
        TEST(a_failed_checkpoint_fails_the_next_commit),
    };
    signal(SIGXFSZ, SIG_IGN);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_checkpoint", tests, NULL, NULL);
}
