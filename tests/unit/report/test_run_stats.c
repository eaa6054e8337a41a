#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/json.h"
#include "report/summary_json.h"
#include "report/summary_table.h"

static void add(struct run_stats *stats, uint64_t row, struct verdict *verdicts, size_t count)
{
    struct record record = {.row = row, .verdicts = verdicts, .verdict_count = count};
    run_stats_add_record(stats, &record);
}

static struct verdict verdict_of(enum field_id field, enum verdict_level level, const char *rule)
{
    return (struct verdict){field, level, rule, SLICE_LITERAL("the value 'ada@example.com' is wrong")};
}

static const struct run_stats_rule *rule_at(const struct run_stats *stats, enum field_id field,
                                            enum verdict_level level, const char *rule)
{
    for (size_t i = 0; i < stats->rule_count; i++)
        if (stats->rules[i].field == field && stats->rules[i].level == level &&
            strcmp(stats->rules[i].rule, rule) == 0)
            return &stats->rules[i];
    fail_msg("%s/%s was not counted", field_name(field), rule);
    return NULL;
}

static void a_record_counts_once_under_each_of_its_rules(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    /* The same name from two places in memory is one rule. */
    char own[] = "format";
    struct verdict verdicts[] = {verdict_of(FIELD_TAX_ID, VERDICT_REJECT, RULE_FORMAT),
                                 verdict_of(FIELD_TAX_ID, VERDICT_REJECT, own),
                                 verdict_of(FIELD_EMAIL, VERDICT_REJECT, RULE_FORMAT),
                                 verdict_of(FIELD_EMAIL, VERDICT_WARN, RULE_FORMAT),
                                 verdict_of(FIELD_NONE, VERDICT_REJECT, RULE_TOO_LONG)};
    add(stats, 5, verdicts, 5);
    add(stats, 6, verdicts, 2);
    assert_int_equal(stats->rule_count, 4);
    assert_int_equal(rule_at(stats, FIELD_TAX_ID, VERDICT_REJECT, RULE_FORMAT)->records, 2);
    assert_int_equal(rule_at(stats, FIELD_TAX_ID, VERDICT_REJECT, RULE_FORMAT)->first_row, 5);
    assert_int_equal(rule_at(stats, FIELD_EMAIL, VERDICT_REJECT, RULE_FORMAT)->records, 1);
    assert_int_equal(rule_at(stats, FIELD_EMAIL, VERDICT_WARN, RULE_FORMAT)->records, 1);
    assert_int_equal(rule_at(stats, FIELD_NONE, VERDICT_REJECT, RULE_TOO_LONG)->records, 1);
    run_stats_free(stats);
}

static void many_rules_are_all_counted(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    static char names[3000][16];
    for (uint64_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3000; i++) {
            snprintf(names[i], sizeof names[i], "own_%zu", i);
            struct verdict verdict = verdict_of((enum field_id)(i % FIELD_COUNT), VERDICT_REJECT, names[i]);
            add(stats, round * 3000 + i + 1, &verdict, 1);
        }
    }
    assert_int_equal(stats->rule_count, 3000);
    for (size_t i = 0; i < 3000; i++) {
        const struct run_stats_rule *rule =
            rule_at(stats, (enum field_id)(i % FIELD_COUNT), VERDICT_REJECT, names[i]);
        assert_int_equal(rule->records, 2);
        assert_int_equal(rule->first_row, i + 1);
    }
    run_stats_free(stats);
}

static void a_refusal_keeps_the_first_masked_message_and_a_copy_of_its_rule(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    char rule[] = "exists";
    const struct record seventh = {.row = 7}, eighth = {.row = 8};
    run_stats_add_refusal(stats, &seventh, FIELD_EMAIL, rule, "‹email› is taken");
    rule[0] = 'X';
    run_stats_add_refusal(stats, &eighth, FIELD_EMAIL, "exists", "another");
    assert_int_equal(stats->rule_count, 1);
    assert_int_equal(stats->rules[0].records, 2);
    assert_string_equal(stats->rules[0].provider_message, "‹email› is taken");
    run_stats_free(stats);
}

static struct run_stats *filled(void)
{
    struct run_stats *stats = run_stats_new(2);
    stats->job = "payward-demo";
    stats->command = "run";
    stats->status = 1;
    stats->started_ns = UINT64_C(1795248550123000000);
    stats->finished_ns = stats->started_ns + UINT64_C(12300000000);
    stats->seconds = 12.3;
    struct verdict verdicts[] = {verdict_of(FIELD_PHONE, VERDICT_REJECT, RULE_FORMAT),
                                 verdict_of(FIELD_EMAIL, VERDICT_WARN, RULE_INVISIBLE)};
    add(stats, 17, verdicts, 2);
    add(stats, 18, verdicts, 1);
    stats->inputs[0] =
        (struct run_stats_input){.path = "a \"b\".csv.gz", .bytes = 1234, .records = 990, .complete = true};
    stats->inputs[1] = (struct run_stats_input){.path = "b\xff.csv", .bytes = 99, .records = 10};
    stats->read = 1000, stats->skipped = 30, stats->valid = 950, stats->rejected = 20, stats->warned = 3;
    stats->plan.create = 1, stats->plan.update = 2, stats->plan.unchanged = 3, stats->plan.settle = 4,
    stats->plan.refused = 5, stats->plan.twins = 6;
    stats->created = 910, stats->updated = 1, stats->unchanged = 29, stats->refused = 8, stats->in_doubt = 1;
    stats->unsent = 1, stats->absent = 4, stats->in_doubt_absent = 2, stats->requests = 1012;
    stats->provider_warned = 5;
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        stats->retries[cause] = (uint64_t)cause;
    stats->pauses = 2, stats->pause_ns = 31500000000;
    stats->p50_ms = 41.25, stats->p95_ms = 80, stats->p99_ms = 95, stats->max_ms = 210,
    stats->rate_per_s = 81.25;
    stats->max_per_second = 84;
    snprintf(stats->chain_head, sizeof stats->chain_head, "%064d", 7);
    const struct record ninth = {.row = 9};
    run_stats_add_refusal(stats, &ninth, FIELD_NONE, RULE_NO_UPDATE, NULL);
    return stats;
}

static void the_summary_has_the_names_that_are_promised(void **state)
{
    (void)state;
    struct run_stats *stats = filled();
    struct buffer out;
    buffer_init(&out, 100000);
    summary_json_write(stats, &out);
    assert_string_equal(
        out.data,
        "{\"job\":\"payward-demo\",\"command\":\"run\",\"status\":1,\"started\":\"2026-11-21T08:09:10.123Z\","
        "\"finished\":\"2026-11-21T08:09:22.423Z\",\"seconds\":12.300,"
        "\"input\":[{\"path\":\"a \\\"b\\\".csv.gz\",\"bytes\":1234,\"records\":990,\"complete\":true},"
        "{\"path\":\"b?.csv\",\"bytes\":99,\"records\":10,\"complete\":false}],"
        "\"partial\":false,\"read\":1000,\"skipped\":30,\"valid\":950,\"rejected\":20,\"warned\":3,"
        "\"plan\":{\"create\":1,\"update\":2,\"unchanged\":3,\"settle\":4,\"refused\":5,\"twins\":6},"
        "\"estimated_seconds\":null,\"created\":910,\"updated\":1,\"unchanged\":29,\"refused\":8,\"in_doubt\":1,\"unsent\":1,\"absent\":"
        "4,\"in_doubt_absent\":2,\"provider_warned\":5,\"verification\":null,"
        "\"rejects_by_rule\":{\"phone/format\":2,\"record/no_update\":1},"
        "\"warnings_by_rule\":{\"email/invisible\":1},"
        "\"requests\":1012,\"retries\":{\"429\":0,\"5xx\":1,\"timeout\":2,\"connect\":3,\"nonce\":4,\"auth\":"
        "5},"
        "\"breaker\":{\"pauses\":2,\"seconds\":31.5},"
        "\"latency_ms\":{\"p50\":41.2,\"p95\":80.0,\"p99\":95.0,\"max\":210.0},\"rate_per_s\":81.2,\"max_per_"
        "second\":84,"
        "\"chain_head\":\"0000000000000000000000000000000000000000000000000000000000000007\","
        "\"stopped\":null}\n");
    buffer_clear(&out);
    run_stats_free(stats);
}

static void each_record_of_a_run_gets_one_result(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    const struct record rejected = {.row = 1, .rejected = true}, skipped = {.row = 8, .skipped = true};
    static const struct {
        enum run_stats_result result;
        size_t offset; /* of its count */
    } results[] = {
        {RUN_STATS_UNCHANGED, offsetof(struct run_stats, unchanged)},
        {RUN_STATS_CREATED, offsetof(struct run_stats, created)},
        {RUN_STATS_UPDATED, offsetof(struct run_stats, updated)},
        {RUN_STATS_REFUSED, offsetof(struct run_stats, refused)},
        {RUN_STATS_IN_DOUBT, offsetof(struct run_stats, in_doubt)},
        {RUN_STATS_UNSENT, offsetof(struct run_stats, unsent)},
    };

    run_stats_add_record(stats, &rejected);
    assert_int_equal(run_stats_concluded(stats), 1); /* rejected: it has its result */
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        add(stats, 2 + i, NULL, 0);
        assert_int_equal(run_stats_concluded(stats), 1 + i);
        run_stats_count(stats, results[i].result);
        assert_int_equal(*(uint64_t *)((char *)stats + results[i].offset), 1);
        assert_int_equal(run_stats_concluded(stats), 2 + i);
    }
    run_stats_add_record(stats, &skipped);
    assert_int_equal(run_stats_concluded(stats), 8); /* skipped: likewise */
    assert_int_equal(stats->read, 8);
    assert_int_equal(stats->skipped, 1);
    assert_int_equal(stats->rejected, 1);
    assert_int_equal(stats->well_formed, 7);
    run_stats_finish(stats);
    run_stats_free(stats);
}

static void a_warning_of_the_provider_counts_once_a_record_and_a_field(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    struct verdict own = verdict_of(FIELD_EMAIL, VERDICT_WARN, RULE_INVISIBLE);
    struct record plain = {.row = 10, .country = "US"}, warned = {.row = 11, .country = "US"};
    warned.verdicts = &own;
    warned.verdict_count = 1;
    run_stats_add_record(stats, &plain);
    run_stats_add_record(stats, &warned);
    assert_int_equal(stats->warned, 1);
    static const struct run_stats_warning warnings[] = {{FIELD_PHONE, RULE_WARNING},
                                                        {FIELD_NONE, RULE_WARNING},
                                                        {FIELD_NONE, RULE_WARNING},
                                                        {FIELD_NONE, RULE_LINK_ERROR}};
    run_stats_add_provider_warnings(stats, &plain, warnings, 4, "‹phone› is not dialled");
    run_stats_add_provider_warnings(stats, &warned, warnings, 1, "another");
    assert_int_equal(stats->provider_warned, 2);
    assert_int_equal(stats->warned, 2); /* one of them had a warning of ours */
    assert_int_equal(stats->inputs[0].warned, 2);
    struct buffer out;
    buffer_init(&out, 100000);
    summary_json_write(stats, &out);
    assert_non_null(strstr(out.data,
                           "\"warnings_by_rule\":{\"phone/provider_warning\":2,\"email/invisible\":1,"
                           "\"record/link_error\":1,\"record/provider_warning\":1}"));
    for (size_t i = 0; i < stats->rule_count; i++)
        if (strcmp(stats->rules[i].rule, RULE_WARNING) == 0)
            assert_string_equal(stats->rules[i].provider_message, "‹phone› is not dialled");
    buffer_clear(&out);
    run_stats_free(stats);
}

static void the_summary_is_saved_whole(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-stats-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, "deep/summary.json"), *deep = file_folder(path);
    struct run_stats *stats = filled();
    struct error error = {0};
    struct buffer saved, want;
    buffer_init(&saved, 100000);
    buffer_init(&want, 100000);
    assert_int_equal(summary_json_save(stats, deep, &error), 0);
    assert_int_equal(file_read(path, &saved, &error), 0);
    summary_json_write(stats, &want);
    assert_string_equal(saved.data, want.data);

    assert_int_equal(summary_json_save(stats, "/dev/null/x", &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/dev/null/x/summary.json"));
    unlink(path);
    rmdir(deep);
    rmdir(folder);
    free(path);
    free(deep);
    buffer_clear(&saved);
    buffer_clear(&want);
    run_stats_free(stats);
}

static void assert_fits_a_screen(const struct buffer *text)
{
    unsigned lines = 0, columns = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\n') {
            lines++;
            columns = 0;
        } else if (((unsigned char)text->data[i] & 0xC0) != 0x80 && ++columns > 100) {
            fail_msg("a line is wider than 100 columns: %s", text->data);
        }
    }
    if (lines > 23)
        fail_msg("%u lines: %s", lines, text->data);
}

static void the_hint_of_a_stop_has_lines_of_its_own(void **state)
{
    (void)state;
    struct run_stats *stats = filled();
    struct buffer out;
    stats->stopped = "too many records changed\nhint: kyc-import run JOB --accept-updates";
    buffer_init(&out, 100000);
    summary_table_write(
        stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "reports/payward-demo"}, &out);
    assert_non_null(strstr(out.data, "\n  stopped: too many records changed\n"
                                     "     hint: kyc-import run JOB --accept-updates\n"));
    buffer_clear(&out);
    run_stats_free(stats);
}

static void the_table_fits_a_screen_however_much_there_is_to_say(void **state)
{
    (void)state;
    static const char reason[] =
        "the provider refused 25 records in a row, the last of them at row 1,234: the records or the mapping are wrong in a way that the rules do not know\nhint: look at the report, correct the export or the job, "
        "and run it again: what was refused since will be sent again, and what was created stays as it is, and "
        "so on and on and on, until the room for the reason is used up; then it is cut, because it must end";
    for (int variant = 0; variant < 8; variant++) {
        struct run_stats *stats = filled();
        stats->is_dry = variant & 1;
        stats->stopped = variant & 2 ? reason : NULL;
        stats->links = 285;
        struct verdict broken = verdict_of(FIELD_NONE, VERDICT_REJECT, RULE_COLUMNS);
        add(stats, 3, &broken, 1);
        if (variant & 4)
            stats->job =
                "a-very-long-name-of-a-job-that-nobody-would-give-but-the-form-of-a-name-allows-it-so-it-may-come-some-day";
        char name[100];
        for (int i = 0; i < 60 && variant & 4; i++) {
            snprintf(name, sizeof name, "own_rule_with_a_name_that_is_really_quite_long_%d", i);
            run_stats_add_refusal(
                stats, &(struct record){.row = 1}, FIELD_EXPECTED_TRANSACTION_COUNT, name,
                "a message that tells much more about the cause than there is room for in a line, é");
        }
        struct buffer out;
        buffer_init(&out, 100000);
        summary_table_write(
            stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "reports/payward-demo"}, &out);
        assert_fits_a_screen(&out);
        assert_non_null(strstr(out.data, "reports/payward-demo/rejects.csv.gz"));
        assert_non_null(strstr(out.data, "reports/payward-demo/broken.csv.gz"));
        assert_non_null(strstr(out.data, "reports/payward-demo/links.csv (285 more; links are credentials)"));
        assert_non_null(strstr(out.data, "reports/payward-demo/report.html"));
        assert_int_equal(strstr(out.data, "stopped: the provider refused") != NULL, (variant & 2) != 0);
        assert_true(!(variant & 4) || strstr(out.data, " more "));
        assert_true(variant & 4                     ? strstr(out.data, " more in report.html")
                    : variant & 2 && !(variant & 1) ? strstr(out.data, "phone/format 2, ")
                                                    : strstr(out.data, "what it means"));
        buffer_clear(&out);
        run_stats_free(stats);
    }
}

static void the_table_of_a_run_reads_well(void **state)
{
    (void)state;
    struct run_stats *stats = filled();
    stats->created = 1234567;
    struct buffer out;
    buffer_init(&out, 100000);
    summary_table_write(stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "reports/demo"},
                        &out);
    assert_string_equal(
        out.data,
        "payward-demo: run of 1,000 records in 12 s\n"
        "status 1: finished; some records need a look\n"
        "\n"
        "  read                   1,000  created            1,234,567  in doubt                   1\n"
        "  valid                    950  updated                    1  unsent                     1\n"
        "  rejected                  20  unchanged                 29  absent                     4\n"
        "  with warnings              3  refused                    8  absent in doubt            2\n"
        "  skipped                   30\n"
        "\n"
        "  1,012 requests, 81.2/s; latency p50 41 ms, p95 80 ms, p99 95 ms, max 210 ms\n"
        "  retries: 5xx 1, timeout 2, connect 3, nonce 4, auth 5\n"
        "\n"
        "  rule                           records    first row  what it means\n"
        "  phone/format                         2           17  not a phone number\n"
        "  record/no_update                     1            9  changed, and the provider has no updates\n"
        "  email/invisible (warning)            1           17  invisible characters were removed\n"
        "\n"
        "  rejected records reports/demo/rejects.csv.gz\n"
        "  in doubt         kyc-import status jobs/demo.yaml lists them, with what to do\n"
        "  report           reports/demo/report.html\n"
        "  ledger head      0000000000000000000000000000000000000000000000000000000000000007\n");
    buffer_clear(&out);
    run_stats_free(stats);
}

/* Of a burst within a second the mean would look like more than the limit. */
static void the_table_has_a_rate_from_a_second_on(void **state)
{
    (void)state;
    static const struct {
        uint64_t requests;
        double rate_per_s;
        const char *line;
    } cases[] = {
        {0, 0, "\n  0 requests\n"},
        {1, 2407.1, "\n  1 request; latency p50 41 ms, "},
        {10, 10.1, "\n  10 requests; latency p50 41 ms, "},
        {10, 9.9, "\n  10 requests, 9.9/s; latency p50 41 ms, "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_stats *stats = filled();
        struct buffer out;
        stats->requests = cases[i].requests;
        stats->rate_per_s = cases[i].rate_per_s;
        buffer_init(&out, 100000);
        summary_table_write(stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "reports/demo"},
                            &out);
        assert_non_null(strstr(out.data, cases[i].line));
        buffer_clear(&out);
        run_stats_free(stats);
    }
}

static void the_table_has_the_whole_meaning_where_there_is_space(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    struct verdict required = verdict_of(FIELD_DATE_OF_BIRTH, VERDICT_REJECT, RULE_REQUIRED);
    struct verdict unverifiable = verdict_of(FIELD_NONE, VERDICT_WARN, RULE_UNVERIFIABLE);
    struct buffer out;
    stats->job = "demo";
    stats->command = "check";
    add(stats, 1, &required, 1);
    add(stats, 2, &unverifiable, 1);
    buffer_init(&out, 100000);
    summary_table_write(stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "r"}, &out);
    assert_non_null(strstr(
        out.data,
        "  date_of_birth/required                   1            1  no value: fill it in, or map another\n"
        "                                                           column\n"
        "  record/unverifiable (warning)            1            2  lacks what automatic verification needs:\n"
        "                                                           see kyc-import explain JOB --row N\n\n"));
    buffer_clear(&out);
    run_stats_free(stats);
}

static void the_table_of_a_check_says_what_a_run_would_take(void **state)
{
    (void)state;
    static const struct {
        uint64_t create, update, resolve;
        double seconds, reply_seconds;
        const char *want;
    } cases[] = {
        {5000, 0, 0, 500, 0, "\n\n  to create 5,000: about 8 min 20 s at 10/s\n\n"},
        {5000, 20, 3, 502.3, 0, "\n\n  to create 5,000, update 20, resolve 3: about 8 min 23 s at 10/s\n\n"},
        {0, 20, 0, 2, 4, "\n\n  to update 20: about 2 s at 10/s, or 4 s at 200 ms a reply (1 in flight)\n\n"},
        {0, 0, 0, 0, 0,
         "  with warnings              3  twins                      6\n  skipped                   30\n\n  rule"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run_stats *stats = filled();
        struct buffer out;
        stats->is_dry = true;
        stats->plan.create = cases[i].create, stats->plan.update = cases[i].update;
        stats->estimate.requests = cases[i].create + cases[i].update + cases[i].resolve;
        stats->estimate.seconds = cases[i].seconds, stats->estimate.reply_seconds = cases[i].reply_seconds;
        stats->estimate.reply_ms = 200, stats->estimate.in_flight = 1;
        snprintf(stats->estimate.rate, sizeof stats->estimate.rate, "10/s");
        buffer_init(&out, 100000);
        summary_table_write(stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "reports/demo"},
                            &out);
        if (!strstr(out.data, cases[i].want))
            fail_msg("%s is not in:\n%s", cases[i].want, out.data);
        buffer_clear(&out);
        run_stats_free(stats);
    }
}

static void no_table_and_no_summary_shows_a_value(void **state)
{
    (void)state;
    struct run_stats *stats = filled();
    struct buffer out;
    buffer_init(&out, 100000);
    summary_table_write(stats, &(struct job){.path = "jobs/demo.yaml", .report_folder = "r"}, &out);
    summary_json_write(stats, &out);
    assert_null(strstr(out.data, "ada@example.com"));
    buffer_clear(&out);
    run_stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_counts_once_under_each_of_its_rules),
        cmocka_unit_test(many_rules_are_all_counted),
        cmocka_unit_test(a_refusal_keeps_the_first_masked_message_and_a_copy_of_its_rule),
        cmocka_unit_test(the_summary_has_the_names_that_are_promised),
        cmocka_unit_test(each_record_of_a_run_gets_one_result),
        cmocka_unit_test(a_warning_of_the_provider_counts_once_a_record_and_a_field),
        cmocka_unit_test(the_summary_is_saved_whole),
        cmocka_unit_test(the_hint_of_a_stop_has_lines_of_its_own),
        cmocka_unit_test(the_table_fits_a_screen_however_much_there_is_to_say),
        cmocka_unit_test(the_table_of_a_run_reads_well),
        cmocka_unit_test(the_table_has_a_rate_from_a_second_on),
        cmocka_unit_test(the_table_has_the_whole_meaning_where_there_is_space),
        cmocka_unit_test(the_table_of_a_check_says_what_a_run_would_take),
        cmocka_unit_test(no_table_and_no_summary_shows_a_value),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("run_stats", tests, NULL, NULL);
}
