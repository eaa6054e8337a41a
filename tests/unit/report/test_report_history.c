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
#include "core/file.h"
#include "report/report_history.h"

static void a_name_is_the_start_without_colons(void **state)
{
    (void)state;
    char name[REPORT_HISTORY_NAME_SIZE];
    uint64_t start_ns;
    assert_true(clock_read_rfc3339("2026-11-21T08:09:10.123Z", &start_ns));
    report_history_name(start_ns, name);
    assert_string_equal(name, "2026-11-21T08-09-10.123Z");
    assert_true(report_history_is_name(name));
}

static void what_is_not_a_time_is_no_name(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        ".",
        "index.html",
        "2026-11-21",
        "2026-11-21T08:09:10.123Z",
        "2026-11-21T08-09-10.123",
        "2026-11-21T08-09-10.123Z.old",
        "2026-11-21T08-09-1O.123Z",
        " 026-11-21T08-09-10.123Z",
        ".draft-2026-11-21T08-09-10.123Z-7",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (report_history_is_name(others[i]))
            fail_msg("`%s` is taken for a kept run", others[i]);
}

static void put(const char *folder, const char *name, const char *file, const char *text)
{
    char *run = file_join(folder, "history"), *path = file_join(run, name);
    free(run);
    assert_int_equal(file_make_folder(path), 0);
    run = path;
    path = file_join(run, file);
    assert_int_equal(file_replace(path, 0600, slice_from(text)), 0);
    free(run);
    free(path);
}

static void clear_folder(const char *folder)
{
    char command[200];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command of a test */
}

static void kept_runs_are_read_newest_first(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-history-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put(folder, "2026-11-20T02-00-00.001Z", "summary.json",
        "{\"started\":\"2026-11-20T02:00:00.001Z\",\"status\":4,\"partial\":false,\"read\":2400,\"skipped\":1,"
        "\"created\":12,\"updated\":3,\"unchanged\":4,\"rejected\":209,\"refused\":5,\"in_doubt\":6,\"unsent\":2160,"
        "\"seconds\":61.5,\"rate_per_s\":19.8,\"stopped\":\"the provider is down\\nhint: wait\"}");
    put(folder, "2026-11-21T02-00-00.000Z", "summary.json",
        "{\"started\":\"2026-11-21T02:00:00.999Z\",\"status\":0,\"partial\":true}");
    put(folder, "2026-11-21T02-00-00.000Z", "rejects.ndjson.gz", "x");
    put(folder, "2026-11-21T02-00-00.000Z", "note.txt", "mine");
    put(folder, "2026-11-19T02-00-00.000Z", "summary.json",
        "{\"started\":\"2020-01-01T00:00:00.000Z\",\"status\":0}");
    put(folder, "2026-11-18T02-00-00.000Z", "summary.json", "{\"started\":\"2026-11-18T02:00:00.0");
    put(folder, "2026-11-17T02-00-00.000Z", "report.html", "no summary");
    put(folder, "own", "summary.json", "{\"started\":\"2026-11-21T02:00:00.999Z\"}");

    struct report_history history;
    report_history_read(folder, &history);
    assert_int_equal(history.count, 2);
    const struct report_history_run *newest = &history.runs[0], *older = &history.runs[1];
    assert_string_equal(newest->name, "2026-11-21T02-00-00.000Z");
    assert_true(newest->is_partial);
    assert_true(newest->is_pinned);
    assert_true(newest->has[REPORT_HISTORY_REJECTS_NDJSON]);
    assert_false(newest->has[REPORT_HISTORY_PAGE]);
    assert_string_equal(newest->stopped, "");
    assert_string_equal(older->name, "2026-11-20T02-00-00.001Z");
    assert_false(older->is_partial);
    assert_false(older->is_pinned);
    assert_int_equal(older->status, 4);
    assert_int_equal(older->read, 2400);
    assert_int_equal(older->skipped, 1);
    assert_int_equal(older->created, 12);
    assert_int_equal(older->updated, 3);
    assert_int_equal(older->unchanged, 4);
    assert_int_equal(older->rejected, 209);
    assert_int_equal(older->refused, 5);
    assert_int_equal(older->in_doubt, 6);
    assert_int_equal(older->unsent, 2160);
    assert_true(older->seconds > 61.4 && older->seconds < 61.6);
    assert_true(older->rate_per_s > 19.7 && older->rate_per_s < 19.9);
    assert_string_equal(older->stopped, "the provider is down");
    report_history_clear(&history);
    clear_folder(folder);
}

static void this_run_is_the_newest_whatever_the_clock_says(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-history-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put(folder, "2036-01-01T00-00-00.000Z", "summary.json", "{\"started\":\"2036-01-01T00:00:00.000Z\"}");
    struct report_history history;
    struct run_stats *stats = run_stats_new(1);
    stats->status = 1;
    stats->created = 7;
    stats->stopped = "interrupted\nhint: run again";
    assert_true(clock_read_rfc3339("2026-11-21T08:09:10.123Z", &stats->started_ns));
    report_history_read(folder, &history);
    report_history_add(&history, stats);
    assert_int_equal(history.count, 2);
    assert_string_equal(history.runs[0].name, "2026-11-21T08-09-10.123Z");
    assert_int_equal(history.runs[0].status, 1);
    assert_int_equal(history.runs[0].created, 7);
    assert_string_equal(history.runs[0].stopped, "interrupted");
    assert_string_equal(history.runs[1].name, "2036-01-01T00-00-00.000Z");
    report_history_clear(&history);
    run_stats_free(stats);
    clear_folder(folder);
}

static void pinned_runs_stay_and_do_not_count(void **state)
{
    (void)state;
    struct report_history_run runs[] = {{.name = "5"},
                                        {.name = "4", .is_pinned = true},
                                        {.name = "3"},
                                        {.name = "2"},
                                        {.name = "1", .is_pinned = true}};
    struct report_history history = {.runs = runs, .count = 5};
    report_history_select(&history, 2);
    assert_int_equal(history.kept, 4);
    static const char *const want[] = {"5", "4", "3", "1", "2"};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(history.runs[i].name, want[i]);
    report_history_select(&history, 9);
    assert_int_equal(history.kept, 5);
    report_history_select(&history, 0);
    assert_int_equal(history.kept, 2);
}

static void without_a_folder_there_is_none(void **state)
{
    (void)state;
    struct report_history history;
    report_history_read("/nonexistent", &history);
    assert_int_equal(history.count, 0);
    report_history_clear(&history);
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_the_start_without_colons),
        cmocka_unit_test(what_is_not_a_time_is_no_name),
        cmocka_unit_test(kept_runs_are_read_newest_first),
        cmocka_unit_test(this_run_is_the_newest_whatever_the_clock_says),
        cmocka_unit_test(pinned_runs_stay_and_do_not_count),
        cmocka_unit_test(without_a_folder_there_is_none),
    };
    return cmocka_run_group_tests_name("report history", tests, NULL, NULL);
}
