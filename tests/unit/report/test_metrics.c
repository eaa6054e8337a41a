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
    stats->seconds = 1.5, stats->p50_ms = 41;
    stats->replies = 12, stats->latency_sum_ns = 600 * CLOCK_NS_PER_MS;
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
    metrics_write(stats, before, &out);
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
    assert_has(&text, "\nkyc_import_records{job=\"payward-nightly\",command=\"run\",state=\"rejected\"} 1\n");
    assert_has(&text, "rule=\"email/own \\\"\\\\\\n\"} 1\n");
    assert_has(&text, "cause=\"5xx\"} 3\n");
    assert_has(&text, "quantile=\"0.5\"} 0.041000\n");
    assert_has(&text, "\nkyc_import_latency_seconds_sum{job=\"payward-nightly\",command=\"run\"} 0.600000\n");
    assert_has(&text, "\nkyc_import_latency_seconds_count{job=\"payward-nightly\",command=\"run\"} 12\n");
    assert_has(&text, "kyc_import_status{job=\"payward-nightly\",command=\"run\"} 1\n");
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
    metrics_write(stats, slice_make(NULL, 0), &text);
    assert_has(&text, "\n# TYPE kyc_import_verification_customers gauge\n");
    assert_has(&text, "{job=\"payward-nightly\",command=\"run\",state=\"action_needed\"} 5\n");
    assert_has(&text, "{job=\"payward-nightly\",command=\"run\",state=\"deleted\"} 2\n");
    assert_has(&text, "{job=\"payward-nightly\",command=\"run\",state=\"verified\"} 0\n");
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
            /* Only a summary may have the label `quantile`. */
            bool is_summary = strcmp(name, "kyc_import_latency_seconds") == 0;
            assert_string_equal(cursor + 7 + strlen(name), is_summary ? " summary" : " gauge");
        } else {
            assert_int_equal(strncmp(cursor, name, strlen(name)), 0);
            const char *behind_name = cursor + strlen(name);
            if (strcmp(name, "kyc_import_latency_seconds") == 0 && *behind_name == '_') /* _sum, _count */
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
    "kyc_import_last_" what "_timestamp_seconds{job=\"payward-nightly\",command=\"" command "\"} "

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
               "kyc_import_last_run_timestamp_seconds{job=\"payward-nightly\",command=\"run\"} 300\n");
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

static void the_file_is_for_everybody_and_where_the_job_wants_it(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-metrics-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *own = file_join(folder, "own.prom"), *usual = file_join(folder, METRICS_FILE_NAME);
    struct run_stats *stats = filled("run", 0, 7);
    struct job job = {.report_folder = folder};
    struct error error = {0};
    struct stat info;
    assert_int_equal(metrics_save(stats, &job, &error), 0);
    assert_int_equal(stat(usual, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    job.metrics_path = own;
    assert_int_equal(metrics_save(stats, &job, &error), 0);
    assert_int_equal(access(own, R_OK), 0);
    stats->status = 3;
    assert_int_equal(metrics_save(stats, &job, &error), 0);
    struct buffer saved;
    buffer_init(&saved, 1 << 20);
    assert_int_equal(file_read(own, &saved, &error), 0);
    assert_has(&saved, LAST("success", "run") "7\n");
    buffer_clear(&saved);
    unlink(own);
    unlink(usual);
    rmdir(folder);
    free(own);
    free(usual);
    run_stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counts_are_there_and_labels_are_escaped),
        cmocka_unit_test(the_states_of_users_are_there_once_one_is_known),
        cmocka_unit_test(every_line_is_one_that_the_exporter_reads),
        cmocka_unit_test(the_last_success_outlives_runs_that_did_not_succeed),
        cmocka_unit_test(the_file_is_for_everybody_and_where_the_job_wants_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
