/* Checkpoints beside the writer: the log stays bounded, and a failure reaches the writer. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "unit/ledger/store_fixture.h"

enum {
    MEGABYTE = 1000 * 1000,
    LOG_MAX = 210, /* megabytes: at 48,000 pages the writer waits for the thread that copies them */
};

static char value[MEGABYTE];

static long size_of(struct fixture *fixture, const char *suffix)
{
    char path[LEDGER_FILE_PATH_SIZE + 16];
    struct stat info;
    snprintf(path, sizeof path, "%s%s", fixture->path, suffix);
    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

static int write_value(struct fixture *fixture, const char *key, size_t len)
{
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    if (store_meta_set(fixture->store, key, slice_make(value, len), &fixture->error) != 0)
        return -1;
    return store_commit(fixture->store, &fixture->error);
}

/* 246 pages of the log. */
static int write_megabyte(struct fixture *fixture, const char *key)
{
    return write_value(fixture, key, sizeof value);
}

static void count_finding(void *context, const char *text)
{
    (void)text;
    ++*(int *)context;
}

/* Each new beginning of the log raises this number in its header (sqlite.org/fileformat2.html). */
static unsigned log_number(struct fixture *fixture)
{
    char path[LEDGER_FILE_PATH_SIZE + 16];
    unsigned char header[16];
    snprintf(path, sizeof path, "%s-wal", fixture->path);
    FILE *log = fopen(path, "rb");
    assert_non_null(log);
    assert_int_equal(fread(header, 1, sizeof header, log), sizeof header);
    fclose(log);
    return (unsigned)header[12] << 24 | (unsigned)header[13] << 16 | (unsigned)header[14] << 8 | header[15];
}

/* Writes until the log begins anew: when the thread is late, once the writer has waited for it. */
static void write_until_new_log(struct fixture *fixture, const char *const keys[2])
{
    unsigned before = 0;
    int i = 0;
    do {
        memset(value, 'a' + i % 26, sizeof value);
        fixture_ok(fixture, write_megabyte(fixture, keys[i % 2]));
        if (i == 0)
            before = log_number(fixture);
    } while (log_number(fixture) == before && ++i < LOG_MAX);
    assert_true(i > 1 && i < LOG_MAX);
}

static void the_log_begins_anew_while_the_writer_continues(void **state)
{
    struct fixture *fixture = *state;
    int findings = 0;
    write_until_new_log(fixture, (const char *const[]){"even", "odd"});
    assert_true(size_of(fixture, "") > 2L * MEGABYTE);
    fixture_ok(fixture, write_megabyte(fixture, "odd"));
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
    write_until_new_log(fixture, (const char *const[]){"b", "b"});
}

/* The pages that a checkpoint would write lie behind the limit, the log does not reach it. Once a checkpoint
 * is due the commits are small, until one of them has the failure of the thread. */
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
    for (;;) {
        bool is_due = commits >= 70; /* 16,000 pages are */
        snprintf(key, sizeof key, "key %d", commits);
        if (write_value(fixture, key, is_due ? 1 : sizeof value) != 0)
            break;
        assert_true(++commits < 2000);
        if (is_due)
            usleep(5000);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &kept), 0);
    assert_true(commits >= 40);
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
