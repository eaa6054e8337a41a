#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/file.h"
#include "report/metrics.h"

static struct run_stats *filled(const char *command, int status, uint64_t finished_s)
{
    struct run_stats *stats = run_stats_new(1);
    stats->job = "payward-nightly", stats->command = command, stats->status = status;
    stats->finished_ns = finished_s * CLOCK_NS_PER_S;
    stats->inputs[0].complete = true;
    stats->seconds = 1.5;
    stats->started_ns = (finished_s - 2) * CLOCK_NS_PER_S;
    stats->latencies.counts[1] = 5, stats->latencies.counts[3] = 6, stats->latencies.counts[11] = 1;
    stats->latencies.sum_ns = 600 * CLOCK_NS_PER_MS;
    stats->retries[RETRY_5XX] = 3;
    struct verdict verdict = {FIELD_EMAIL, VERDICT_REJECT, "own \"\\\n", SLICE_LITERAL("ada@example.com")};
    const struct record record = {.row = 1, .verdicts = &verdict, .verdict_count = 1, .rejected = true};
    run_stats_add_record(stats, &record);
    return stats;
}

/* The metrics after a run that follows on `before`. Owner: the caller clears. */
static struct buffer text_of(const char *command, int status, uint64_t finished_s, struct slice before)
{
    struct run_stats *stats = filled(command, status, finished_s);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    metrics_write(stats, before, NULL, &out);
    run_stats_free(stats);
    return out;
}

static void assert_has(const struct buffer *text, const char *line)
{
    if (!strstr(text->data, line))
        fail_msg("%s is not in:\n%s", line, text->data);
}

static void the_counts_are_there_and_labels_are_escaped(void **state)
{
    (void)state;
    struct buffer text = text_of("run", 1, 1795248550, slice_make(NULL, 0));
    assert_has(&text,
               "\nkyc_import_records{import=\"payward-nightly\",command=\"run\",state=\"rejected\"} 1\n");
    assert_has(&text, "rule=\"email/own \\\"\\\\\\n\"} 1\n");
    assert_has(&text, "cause=\"5xx\"} 3\n");
    assert_has(&text, "_bucket{import=\"payward-nightly\",command=\"run\",le=\"0.01\"} 0\n");
    assert_has(&text, "le=\"0.025\"} 5\n");
    assert_has(&text, "le=\"0.05\"} 5\n");
    assert_has(&text, "le=\"0.1\"} 11\n");
    assert_has(&text, "le=\"30\"} 11\n");
    assert_has(&text, "le=\"+Inf\"} 12\n");
    assert_has(&text,
               "\nkyc_import_latency_seconds_sum{import=\"payward-nightly\",command=\"run\"} 0.600000\n");
    assert_has(&text, "\nkyc_import_latency_seconds_count{import=\"payward-nightly\",command=\"run\"} 12\n");
    assert_has(&text, "kyc_import_status{import=\"payward-nightly\",command=\"run\"} 1\n");
    assert_null(strstr(text.data, "ada@example.com"));
    buffer_clear(&text);
}

static void the_states_of_users_are_there_once_one_is_known(void **state)
{
    (void)state;
    struct buffer text = text_of("run", 0, 1795248550, slice_make(NULL, 0));
    assert_null(strstr(text.data, "verification"));
    buffer_clear(&text);
    struct run_stats *stats = filled("run", 0, 1795248550);
    stats->verification.is_known = true;
    stats->verification.customers[VERIFICATION_ACTION_NEEDED] = 5;
    stats->verification.customers[REFRESH_DELETED] = 2;
    buffer_init(&text, 1 << 20);
    metrics_write(stats, slice_make(NULL, 0), NULL, &text);
    assert_has(&text, "\n# TYPE kyc_import_verification_customers gauge\n");
    assert_has(&text, "{import=\"payward-nightly\",command=\"run\",state=\"action_needed\"} 5\n");
    assert_has(&text, "{import=\"payward-nightly\",command=\"run\",state=\"deleted\"} 2\n");
    assert_has(&text, "{import=\"payward-nightly\",command=\"run\",state=\"verified\"} 0\n");
    buffer_clear(&text);
    run_stats_free(stats);
}

/* NAME{LABELS} NUMBER, each name once, after its HELP and TYPE, and a line end at the end. */
static void every_line_is_one_that_the_exporter_reads(void **state)
{
    (void)state;
    struct buffer text = text_of("check", 0, 1795248550, slice_make(NULL, 0));
    char name[200] = "";
    assert_int_equal(text.data[text.len - 1], '\n');
    for (char *cursor = text.data, *end; *cursor; cursor = end + 1) {
        end = strchr(cursor, '\n');
        *end = '\0';
        if (strncmp(cursor, "# HELP ", 7) == 0) {
            size_t len = strcspn(cursor + 7, " ");
            assert_true(len < sizeof name && cursor[7 + len] == ' ');
            memcpy(name, cursor + 7, len);
            name[len] = '\0';
        } else if (strncmp(cursor, "# TYPE ", 7) == 0) {
            assert_int_equal(strncmp(cursor + 7, name, strlen(name)), 0);
            /* Only a histogram may have the label `le`. */
            bool is_histogram = strcmp(name, "kyc_import_latency_seconds") == 0;
            assert_string_equal(cursor + 7 + strlen(name), is_histogram ? " histogram" : " gauge");
        } else {
            assert_int_equal(strncmp(cursor, name, strlen(name)), 0);
            const char *behind_name = cursor + strlen(name);
            if (strcmp(name, "kyc_import_latency_seconds") == 0 &&
                *behind_name == '_') /* _bucket, _sum, _count */
                behind_name += strcspn(behind_name, "{");
            assert_int_equal(*behind_name, '{');
            char *value = strrchr(cursor, '}'), *behind;
            assert_non_null(value);
            assert_int_equal(value[1], ' ');
            strtod(value + 2, &behind);
            assert_true(behind > value + 2 && *behind == '\0');
        }
    }
    buffer_clear(&text);
}

#define LAST(what, command)                                                                                  \
    "kyc_import_last_" what "_timestamp_seconds{import=\"payward-nightly\",command=\"" command "\"} "

static void the_last_success_outlives_runs_that_did_not_succeed(void **state)
{
    (void)state;
    struct buffer good = text_of("run", 0, 100, slice_make(NULL, 0));
    assert_has(&good, LAST("success", "run") "100\n");
    struct buffer rejects = text_of("run", 1, 200, buffer_slice(&good));
    assert_has(&rejects, LAST("success", "run") "100\n");
    assert_has(&rejects, LAST("end", "run") "200\n");
    struct buffer stopped = text_of("run", 4, 300, buffer_slice(&rejects));
    assert_has(&stopped, LAST("success", "run") "100\n");
    assert_has(&stopped, LAST("end", "run") "200\n");
    assert_has(&stopped,
               "kyc_import_last_run_timestamp_seconds{import=\"payward-nightly\",command=\"run\"} 300\n");
    struct buffer check = text_of("check", 0, 400, buffer_slice(&stopped));
    assert_null(strstr(check.data, LAST("success", "run"))); /* it has a file of its own */
    assert_has(&check, LAST("success", "check") "400\n");
    struct buffer never = text_of("run", 4, 500, slice_make("rubbish{\n\xff}", 11));
    assert_null(strstr(never.data, LAST("success", "run")));
    struct buffer *all[] = {&good, &rejects, &stopped, &check, &never};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buffer_clear(all[i]);
}

static void the_last_run_stays_visible_during_the_next(void **state)
{
    (void)state;
    struct buffer good = text_of("run", 1, 100, slice_make(NULL, 0)), during;
    struct run_stats *stats = filled("run", 0, 300);
    const struct metrics_progress progress = {.share = 0.25, .in_doubt = 2};
    assert_has(&good, "kyc_import_run_in_progress{import=\"payward-nightly\",command=\"run\"} 0\n");
    assert_has(&good, LAST("start", "run") "98\n");
    assert_has(&good, LAST("complete", "run") "100\n");
    assert_null(strstr(good.data, "progress_ratio"));
    stats->finished_ns = 0;
    stats->in_doubt = 1;
    buffer_init(&during, 1 << 20);
    metrics_write(stats, buffer_slice(&good), &progress, &during);
    assert_has(&during, "kyc_import_run_in_progress{import=\"payward-nightly\",command=\"run\"} 1\n");
    assert_has(&during, "kyc_import_progress_ratio{import=\"payward-nightly\",command=\"run\"} 0.250000\n");
    assert_has(&during, "state=\"in_doubt\"} 3\n"); /* those that are still being resolved, too */
    assert_has(&during, LAST("start", "run") "298\n");
    assert_has(&during, LAST("run", "run") "100\n");
    assert_has(&during, LAST("end", "run") "100\n");
    assert_has(&during, LAST("complete", "run") "100\n");
    assert_has(&during, "kyc_import_status{import=\"payward-nightly\",command=\"run\"} 1\n");
    assert_has(&during, "kyc_import_duration_seconds{import=\"payward-nightly\",command=\"run\"} 1.500000\n");
    run_stats_free(stats);
    buffer_clear(&good);
    buffer_clear(&during);
}

/* Complete: status 0 or 1, the input read to its end, nothing unsent. A run that could not begin read none.
 */
static void a_run_is_complete_by_its_input_and_what_it_sent(void **state)
{
    (void)state;
    static const struct {
        int status;
        bool is_read, is_begun;
        uint64_t unsent;
        bool is_complete;
    } rows[] = {
        {0, true, true, 0, true},   {1, true, true, 0, true},  {1, true, true, 1, false},
        {0, false, true, 0, false}, {4, true, true, 0, false}, {6, true, true, 0, false},
        {0, true, false, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct run_stats *stats = filled("run", rows[i].status, 100);
        struct buffer text;
        stats->inputs[0].complete = rows[i].is_read;
        stats->unsent = rows[i].unsent;
        if (!rows[i].is_begun)
            stats->finished_ns = 0;
        buffer_init(&text, 1 << 20);
        metrics_write(stats, slice_make(NULL, 0), NULL, &text);
        assert_int_equal(strstr(text.data, LAST("complete", "run")) != NULL, rows[i].is_complete);
        buffer_clear(&text);
        run_stats_free(stats);
    }
}

#define IN_DOUBT "kyc_import_in_doubt_customers{import=\"payward-nightly\",command=\"run\"} "
#define OLDEST   "kyc_import_in_doubt_oldest_timestamp_seconds{import=\"payward-nightly\",command=\"run\"} "

static void customers_in_doubt_and_states_are_kept_where_a_run_does_not_know_them(void **state)
{
    (void)state;
    struct run_stats *stats = filled("run", 1, 100);
    struct buffer known, unknown, none;
    stats->ledger_in_doubt.is_known = stats->verification.is_known = true;
    stats->ledger_in_doubt.customers = 3;
    stats->ledger_in_doubt.oldest_ns = 42 * CLOCK_NS_PER_S + 7;
    stats->verification.customers[VERIFICATION_REJECTED] = 9;
    buffer_init(&known, 1 << 20);
    metrics_write(stats, slice_make(NULL, 0), NULL, &known);
    assert_has(&known, IN_DOUBT "3\n");
    assert_has(&known, OLDEST "42\n");
    unknown = text_of("run", 5, 200, buffer_slice(&known));
    assert_has(&unknown, IN_DOUBT "3\n");
    assert_has(&unknown, OLDEST "42\n");
    assert_has(&unknown, "command=\"run\",state=\"rejected\"} 9\n");
    stats->ledger_in_doubt.customers = stats->ledger_in_doubt.oldest_ns = 0;
    buffer_init(&none, 1 << 20);
    metrics_write(stats, buffer_slice(&known), NULL, &none);
    assert_has(&none, IN_DOUBT "0\n");
    assert_null(strstr(none.data, OLDEST));
    run_stats_free(stats);
    buffer_clear(&known);
    buffer_clear(&unknown);
    buffer_clear(&none);
}

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static void the_file_is_for_everybody_and_where_the_job_wants_it(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-metrics-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *own_folder = file_join(folder, "metrics"), *own = file_join(own_folder, "own.prom"),
         *report = file_join(folder, "report"), *usual = file_join(report, METRICS_FILE_NAME);
    struct run_stats *stats = filled("run", 0, 7);
    struct job job = {.report_folder = report}, own_job = {.report_folder = report, .metrics_path = own};
    struct metrics *check = metrics_new(&job), *first = metrics_new(&own_job),
                   *second = metrics_new(&own_job);
    struct error error = {0};
    mode_t umask_before = umask(077);
    assert_int_equal(metrics_save(check, stats, &error), 0);
    assert_int_equal(mode_of(usual), 0644);
    assert_int_equal(mode_of(report), 0700);
    assert_int_equal(metrics_save(first, stats, &error), 0);
    umask(umask_before);
    assert_int_equal(mode_of(own), 0644);
    assert_int_equal(mode_of(own_folder), 0755);
    stats->status = 3;
    assert_int_equal(metrics_save(second, stats, &error), 0);
    struct buffer saved;
    buffer_init(&saved, 1 << 20);
    assert_int_equal(file_read(own, &saved, &error), 0);
    assert_has(&saved, LAST("success", "run") "7\n");
    buffer_clear(&saved);
    metrics_free(check);
    metrics_free(first);
    metrics_free(second);
    unlink(own);
    unlink(usual);
    rmdir(own_folder);
    rmdir(report);
    rmdir(folder);
    char *all[] = {own_folder, own, report, usual};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]);
    run_stats_free(stats);
}

static void a_run_writes_at_once_and_then_every_minute(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-metrics-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, "own.prom");
    struct run_stats *stats = filled("run", 0, 7);
    struct job job = {.report_folder = "/none", .metrics_path = path};
    struct metrics *metrics = metrics_new(&job);
    const struct metrics_progress progress = {.share = -1};
    const uint64_t start_ns = 5000 * CLOCK_NS_PER_S;
    assert_true(metrics_is_due(metrics, start_ns));
    metrics_update(metrics, stats, &progress, start_ns);
    assert_int_equal(access(path, R_OK), 0);
    assert_false(metrics_is_due(metrics, start_ns + 60 * CLOCK_NS_PER_S - 1));
    assert_true(metrics_is_due(metrics, start_ns + 60 * CLOCK_NS_PER_S));
    metrics_free(metrics);
    unlink(path);
    rmdir(folder);
    free(path);
    run_stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_are_there_and_labels_are_escaped),
        cmocka_unit_test(the_states_of_users_are_there_once_one_is_known),
        cmocka_unit_test(every_line_is_one_that_the_exporter_reads),
        cmocka_unit_test(the_last_success_outlives_runs_that_did_not_succeed),
        cmocka_unit_test(the_last_run_stays_visible_during_the_next),
        cmocka_unit_test(a_run_is_complete_by_its_input_and_what_it_sent),
        cmocka_unit_test(customers_in_doubt_and_states_are_kept_where_a_run_does_not_know_them),
        cmocka_unit_test(a_run_writes_at_once_and_then_every_minute),
        cmocka_unit_test(the_file_is_for_everybody_and_where_the_job_wants_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
