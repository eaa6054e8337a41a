#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/utf8.h"
#include "report/html.h"
#include "report/html_report.h"
#include "report/mask.h"
#include "report/rule_help.h"

#define HOSTILE "<script>alert(\"x\")</script>'&\xff\xe2\x80\xae\x01"

static void add(struct run_stats *stats, uint64_t row, struct slice *cells, size_t cell_count,
                struct verdict *verdicts, size_t count)
{
    struct record record = {.row = row,
                            .line = row + 1,
                            .cells = cells,
                            .cell_count = cell_count,
                            .verdicts = verdicts,
                            .verdict_count = count,
                            .present = {UINT64_C(1) << FIELD_EMAIL},
                            .country = {'G', 'B'}};
    for (size_t i = 0; i < count; i++)
        record.rejected |= verdicts[i].level == VERDICT_REJECT;
    run_stats_add_record(stats, &record);
}

static struct job job_of(const char *folder, struct job_rule *rules, size_t count)
{
    return (struct job){.path = "job.yaml",
                        .provider = {.name = "payward"},
                        .report_folder = folder,
                        .rules = rules,
                        .rule_count = count};
}

static struct run_stats *hostile_stats(void)
{
    struct run_stats *stats = run_stats_new(2);
    stats->job = HOSTILE;
    stats->command = HOSTILE;
    stats->stopped = HOSTILE;
    stats->inputs[0].path = stats->inputs[1].path = HOSTILE;
    stats->status = 4;
    stats->requests = 3;
    run_stats_map_field(stats, FIELD_EMAIL, (const size_t[]){0}, 1, HOSTILE);
    struct slice cells[] = {SLICE_LITERAL(HOSTILE)};
    struct verdict verdicts[] = {{FIELD_EMAIL, VERDICT_REJECT, HOSTILE, SLICE_LITERAL(HOSTILE)},
                                 {FIELD_EMAIL, VERDICT_WARN, HOSTILE, SLICE_LITERAL(HOSTILE)}};
    add(stats, 1, cells, 1, verdicts, 2);
    const struct record refused = {.row = 2, .cells = cells, .cell_count = 1};
    run_stats_add_refusal(stats, &refused, FIELD_NONE, HOSTILE, HOSTILE);
    rate_series_add(&stats->rate_series, CLOCK_NS_PER_S);
    run_stats_finish(stats);
    return stats;
}

static void whatever_a_text_holds_the_page_stays_a_page(void **state)
{
    (void)state;
    struct run_stats *stats = hostile_stats();
    struct job_condition condition = {FIELD_COUNTRY, SLICE_LITERAL(HOSTILE)};
    struct job_rule rules[] = {
        {.kind = JOB_RULE_MATCH, .field = FIELD_EMAIL, .name = HOSTILE, .message = HOSTILE},
        {.kind = JOB_RULE_REQUIRED, .field = FIELD_EMAIL, .conditions = &condition, .condition_count = 1}};
    struct job job = job_of("r", rules, 2);
    job.provider.name = HOSTILE;
    for (int dry = 0; dry < 2; dry++) {
        struct buffer out;
        buffer_init(&out, 1 << 20);
        stats->is_dry = dry;
        html_report_write(stats, &job, &(struct html_report_place){0}, &out);
        assert_false(out.overflowed);
        assert_null(strstr(out.data, "<script"));
        assert_null(strstr(out.data, "alert(\""));
        assert_null(strstr(out.data, "\xe2\x80\xae"));
        assert_null(memchr(out.data, 0xff, out.len));
        assert_null(memchr(out.data, 1, out.len));
        assert_null(strstr(out.data, "://"));
        assert_non_null(strstr(out.data, "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;‹byte "
                                         "FF›‹U+202E›‹U+0001›"));
        buffer_clear(&out);
    }
    run_stats_free(stats);
}

static void no_value_is_on_the_page_and_its_shape_is(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    stats->job = "demo", stats->command = "check", stats->is_dry = true;
    stats->inputs[0].path = "a.csv";
    run_stats_map_field(stats, FIELD_EMAIL, (const size_t[]){1}, 1, "mail");
    struct slice cells[] = {SLICE_LITERAL("C-1"), SLICE_LITERAL("Marked.Person77@hidden.example")};
    struct verdict verdict = {FIELD_EMAIL, VERDICT_REJECT, RULE_FORMAT,
                              SLICE_LITERAL("\"Marked.Person77@hidden.example\" is no address")};
    add(stats, 1234, cells, 2, &verdict, 1);
    run_stats_finish(stats);
    const struct job job = job_of("r", NULL, 0);
    struct buffer out;
    buffer_init(&out, 1 << 20);
    html_report_write(stats, &job, &(struct html_report_place){0}, &out);
    assert_null(strstr(out.data, "Marked"));
    assert_null(strstr(out.data, "Person77"));
    assert_null(strstr(out.data, "hidden"));
    assert_non_null(strstr(out.data, "Xxxxxx.Xxxxxx99@xxxxxx.xxxxxxx"));
    assert_non_null(strstr(out.data, ">1,234</td><td class=\"number\">1,235</td>"));
    assert_non_null(
        strstr(out.data, "<data value=\"1\" data-figure=\"rejects_by_rule.email/format\">1</data>"));
    assert_non_null(strstr(out.data, "<data value=\"1\" data-figure=\"rejects_by_country.GB\">1</data>"));
    buffer_clear(&out);
    run_stats_free(stats);
}

static void examples_show_different_shapes_where_there_are(void **state)
{
    (void)state;
    static const char *const values[] = {"1-1", "2-2", "3-3", "4-4", "a", "5-5", "b-b", "X"};
    static const char *const want[] = {"9-9", "x", "x-x"};
    struct run_stats *stats = run_stats_new(1);
    run_stats_map_field(stats, FIELD_PHONE, (const size_t[]){0}, 1, "tel");
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct slice cells[] = {slice_from(values[i])};
        struct verdict verdict = {FIELD_PHONE, VERDICT_REJECT, RULE_FORMAT, SLICE_LITERAL("")};
        add(stats, i + 1, cells, 1, &verdict, 1);
    }
    assert_int_equal(stats->rules[0].example_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(stats->rules[0].examples[i].shape, want[i]);
    assert_int_equal(stats->rules[0].examples[1].row, 5);
    assert_int_equal(stats->rules[0].examples[2].row, 7);
    run_stats_free(stats);
}

static void fields_countries_and_inputs_are_counted(void **state)
{
    (void)state;
    struct run_stats *stats = run_stats_new(1);
    stats->is_dry = true; /* no record has a result but the rejected ones */
    struct verdict twice[] = {{FIELD_EMAIL, VERDICT_REJECT, RULE_FORMAT, SLICE_LITERAL("")},
                              {FIELD_EMAIL, VERDICT_REJECT, RULE_UNIQUE, SLICE_LITERAL("")},
                              {FIELD_PHONE, VERDICT_WARN, RULE_VALID, SLICE_LITERAL("")}};
    add(stats, 1, NULL, 0, twice, 3);
    add(stats, 2, NULL, 0, NULL, 0);
    struct verdict broken = {FIELD_NONE, VERDICT_REJECT, RULE_COLUMNS, SLICE_LITERAL("")};
    const struct record fault = {.row = 3,
                                 .fault = RULE_COLUMNS,
                                 .raw = SLICE_LITERAL("a,b"),
                                 .verdicts = &broken,
                                 .verdict_count = 1,
                                 .rejected = true};
    run_stats_add_record(stats, &fault);
    for (uint64_t set = 0; set < 1000; set++) { /* more sets of fields than are kept apart */
        struct record record = {.row = 4 + set, .present = {set << FIELD_PHONE, set}, .country = {'X', 'K'}};
        run_stats_add_record(stats, &record);
    }
    run_stats_finish(stats);
    run_stats_finish(stats);
    uint64_t odd = 500;
    assert_int_equal(stats->fields[FIELD_EMAIL].rejected, 1);
    assert_int_equal(stats->fields[FIELD_PHONE].rejected, 0);
    assert_int_equal(stats->fields[FIELD_MAX].rejected, 1);
    assert_int_equal(stats->fields[FIELD_EMAIL].present, 2);
    assert_int_equal(stats->fields[FIELD_PHONE].present, odd);
    assert_int_equal(stats->fields[64].present, odd);
    assert_int_equal(stats->well_formed, 1002);
    assert_int_equal(stats->inputs[0].records, 1003);
    assert_int_equal(stats->inputs[0].rejected, 2);
    assert_int_equal(stats->countries[0].records, 1);
    assert_int_equal(stats->countries[0].rejected, 1);
    size_t countries = 0;
    for (size_t i = 1; i < RUN_STATS_COUNTRIES; i++) {
        char code[3];
        run_stats_country_code(i, code);
        countries += stats->countries[i].records > 0;
        if (strcmp(code, "XK") == 0)
            assert_int_equal(stats->countries[i].records, 1000);
        if (strcmp(code, "GB") == 0)
            assert_int_equal(stats->countries[i].records, 2);
    }
    assert_int_equal(countries, 2);
    run_stats_free(stats);
}

static struct encoding central, japanese;

static void a_shape_shows_invisible_characters_and_no_value(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, 1024);
    assert_int_equal(encoding_find("windows-1250", &arena, &central), ENCODING_FOUND);
    assert_int_equal(encoding_find("shift_jis", &arena, &japanese), ENCODING_FOUND);
    static const struct {
        const char *sentence, *source;
        const struct encoding *encoding;
        const char *want;
    } rows[] = {
        {"letters and digits", "Ada 1815-12-10", &encoding_utf8, "Xxx 9999-99-99"},
        {"no value", "", &encoding_utf8, ""},
        {"letters beyond ASCII", "Łódź Ωმ東", &encoding_utf8, "xxxx xxx"},
        {"a zero-width space",
         "a\xe2\x80\x8b"
         "b",
         &encoding_utf8, "x‹U+200B›x"},
        {"bytes that are not text", "a\xff\xc3", &encoding_utf8, "x‹byte FF›‹byte C3›"},
        {"latin1", "M\xfcller", &encoding_latin1, "Xxxxxx"},
        {"windows-1250", "Wa\xb3\xeasa", &central, "Xxxxxx"},
        {"Shift_JIS", "\x8eR\x93\x63 1-2", &japanese, "xx 9-9"},
        {"a byte that is no character of Shift_JIS", "a\x8e", &japanese, "x‹byte 8E›"},
        {"what windows-1252 does not define", "a\x81", &encoding_windows1252, "x‹byte 81›"},
        {"forty characters", "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", &encoding_utf8,
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
        {"more", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddE", &encoding_utf8,
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, MASK_SIZE_MAX);
        mask_append(&out, slice_from(rows[i].source), rows[i].encoding);
        const char *shape = out.data ? out.data : "";
        if (strcmp(shape, rows[i].want) != 0)
            fail_msg("%s: %s instead of %s", rows[i].sentence, shape, rows[i].want);
        buffer_clear(&out);
    }

    /* cut in the middle of a character */
    char kanji[401] = "a";
    for (size_t i = 1; i < sizeof kanji; i += 2)
        memcpy(kanji + i, "\x93\x63", 2);
    struct buffer out;
    buffer_init(&out, MASK_SIZE_MAX);
    mask_append(&out, slice_make(kanji, sizeof kanji), &japanese);
    assert_string_equal(out.data, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…");
    buffer_clear(&out);
    arena_clear(&arena);
}

static void the_longest_shape_fits(void **state)
{
    (void)state;
    char source[4096];
    memset(source, 0xff, sizeof source);
    struct buffer out;
    buffer_init(&out, MASK_SIZE_MAX);
    mask_append(&out, slice_make(source, sizeof source), &encoding_utf8);
    assert_false(out.overflowed);
    buffer_reset(&out);
    for (size_t i = 0; i + 4 <= sizeof source; i += 4)
        memcpy(source + i, "\xf3\xa0\x80\x81", 4); /* U+E0001 */
    mask_append(&out, slice_make(source, sizeof source), &encoding_utf8);
    assert_false(out.overflowed);
    assert_non_null(strstr(out.data, "‹U+E0001›"));
    buffer_clear(&out);
}

static void what_a_sentence_has_between_backticks_is_code(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},
        {"Set `format` to <a>; `b`", "Set <code>format</code> to &lt;a&gt;; <code>b</code>"},
        {"`a&b`", "<code>a&amp;b</code>"},
        {"one ` alone", "one ` alone"},
        {"at the end `", "at the end `"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, 200);
        html_prose(&out, slice_from(rows[i].text));
        assert_string_equal(out.data ? out.data : "", rows[i].want);
        buffer_clear(&out);
    }
}

static void a_share_is_all_only_when_it_is_all(void **state)
{
    (void)state;
    static const struct {
        uint64_t part, whole;
        const char *want;
    } rows[] = {{0, 0, "0 %"},
                {0, 5, "0 %"},
                {5, 5, "100 %"},
                {1, 8, "12.5 %"},
                {1, 1000000, "&lt; 0.1 %"},
                {999999, 1000000, "99.9 %"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buffer out;
        buffer_init(&out, 100);
        html_share(&out, rows[i].part, rows[i].whole);
        assert_string_equal(out.data, rows[i].want);
        buffer_clear(&out);
    }
}

static void the_rate_over_time_keeps_every_event_in_bounded_memory(void **state)
{
    (void)state;
    struct rate_series *series = calloc(1, sizeof *series);
    uint64_t start_ns = 1000 * CLOCK_NS_PER_S, sum = 0;
    for (uint64_t second = 0; second < 5000; second++)
        for (int i = 0; i < 10; i++)
            rate_series_add(series, start_ns + second * CLOCK_NS_PER_S + (uint64_t)i * 1000);
    rate_series_add(series, 1); /* the clock was set back */
    for (size_t i = 0; i < series->count; i++)
        sum += series->counts[i];
    assert_int_equal(sum, 50001);
    assert_int_equal(series->width_ns, 16 * CLOCK_NS_PER_S);
    assert_int_equal(series->count, 313);
    assert_true(rate_series_rate(series, 1) > 9.99 && rate_series_rate(series, 1) < 10.01);
    free(series);
}

static void each_built_in_rule_has_advice_of_its_own(void **state)
{
    (void)state;
    static const char *const rules[] = {
        RULE_REQUIRED,    RULE_FORMAT,    RULE_ENUM,      RULE_COUNTRY,  RULE_COUNTRY_REFUSED, RULE_TOO_LONG,
        RULE_TOO_SHORT,   RULE_MIN_AGE,   RULE_FUTURE,    RULE_TOO_OLD,  RULE_UNIQUE,          RULE_ENCODING,
        RULE_INVISIBLE,   RULE_AMBIGUOUS, RULE_VALID,     RULE_NO_CLEAR, RULE_IMMUTABLE,       RULE_NO_UPDATE,
        RULE_IDENTIFYING, RULE_EXISTS,    RULE_EXPENSIVE, RULE_MATCH,
    };
    static const char *const of_records[] = {RULE_MALFORMED, RULE_COLUMNS, RULE_TOO_LONG, RULE_CUT};
    const char *own = rule_help_find(FIELD_EMAIL, "disposable")->meaning;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_string_not_equal(rule_help_find(FIELD_CITY, rules[i])->meaning, own);
    for (size_t i = 0; i < sizeof of_records / sizeof *of_records; i++)
        assert_string_not_equal(rule_help_find(FIELD_NONE, of_records[i])->meaning, own);
    assert_string_not_equal(rule_help_find(FIELD_PHONE, RULE_FORMAT)->action,
                            rule_help_find(FIELD_CITY, RULE_FORMAT)->action);
    assert_string_not_equal(rule_help_find(FIELD_NONE, RULE_TOO_LONG)->meaning,
                            rule_help_find(FIELD_CITY, RULE_TOO_LONG)->meaning);
}

static void the_page_is_saved_for_its_owner_alone(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-html-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, HTML_REPORT_FILE_NAME);
    struct run_stats *stats = hostile_stats();
    struct job job = job_of(folder, NULL, 0);
    struct error error = {0};
    struct stat info;
    assert_int_equal(html_report_save(stats, &job, NULL, &error), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    job.report_folder = "/dev/null/x";
    assert_int_equal(html_report_save(stats, &job, NULL, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/dev/null/x/report.html"));
    unlink(path);
    rmdir(folder);
    free(path);
    run_stats_free(stats);
}

/* Counts how often part is in text. */
static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *found = text; (found = strstr(found, part)); found++)
        count++;
    return count;
}

static struct run_stats *stats_of_run(void)
{
    struct run_stats *stats = run_stats_new(1);
    stats->job = "demo", stats->command = "run";
    stats->inputs[0].path = "a.csv";
    stats->has_reject_files = true;
    run_stats_map_field(stats, FIELD_EMAIL, (const size_t[]){0}, 1, "mail");
    return stats;
}

static void reject(struct run_stats *stats, uint64_t row, const char *value, const char *rule)
{
    struct slice cells[] = {slice_from(value)};
    struct verdict verdict = {FIELD_EMAIL, VERDICT_REJECT, rule, SLICE_LITERAL("wrong")};
    add(stats, row, cells, 1, &verdict, 1);
}

static void the_first_records_of_a_rule_are_listed_and_where_the_others_are(void **state)
{
    (void)state;
    struct run_stats *stats = stats_of_run();
    for (uint64_t row = 1; row <= 120; row++)
        reject(stats, 1000 + row, "nobody", RULE_FORMAT);
    for (uint64_t row = 1; row <= 4; row++)
        reject(stats, 2000 + row, "", RULE_REQUIRED);
    for (uint64_t row = 1; row <= 2; row++)
        reject(stats, 3000 + row, "a@b", "own");
    run_stats_finish(stats);
    struct job job = job_of("r", NULL, 0);
    job.path = "my jobs/night.yaml";
    struct buffer out;
    buffer_init(&out, 1 << 20);
    html_report_write(stats, &job, &(struct html_report_place){0}, &out);
    assert_non_null(strstr(out.data, "<summary>The first 50 of 120 records</summary>"));
    assert_non_null(strstr(out.data, ">1,050</td><td class=\"number\">1,051</td>"));
    assert_null(strstr(out.data, ">1,051</td><td class=\"number\">1,052</td>"));
    assert_non_null(strstr(
        out.data, "<p class=\"more\">70 more in <a href=\"rejects.csv.gz\">rejects.csv.gz</a>: "
                  "<code>kyc-import rejects &#39;my jobs/night.yaml&#39; --rule email/format</code></p>"));
    assert_non_null(strstr(out.data, "<summary>All 4 records</summary>"));
    assert_int_equal(count_of(out.data, "<summary>"), 2); /* the two records of `own` are its examples */
    assert_int_equal(count_of(out.data, "class=\"more\""), 1);
    assert_int_equal(count_of(out.data, ">3,001</td>"), 2); /* its first row, and its example */

    buffer_reset(&out);
    const struct report_history none = {0};
    html_report_write(stats, &job, &(struct html_report_place){&none, "2026-11-21T08-09-10.123Z"}, &out);
    assert_non_null(
        strstr(out.data, " --rule email/format --report r/history/2026-11-21T08-09-10.123Z</code>"));
    assert_non_null(strstr(out.data, "<a href=\"../index.html\">kept reports</a>"));
    buffer_clear(&out);
    run_stats_free(stats);
}

static void records_are_listed_by_row_whenever_their_replies_came(void **state)
{
    (void)state;
    struct run_stats *stats = stats_of_run();
    struct slice cells[] = {SLICE_LITERAL("a@b.example")};
    for (uint64_t i = 0; i < 5; i++) {
        const struct record record = {
            .row = (uint64_t[]){30, 10, 50, 20, 40}[i], .cells = cells, .cell_count = 1};
        run_stats_add_refusal(stats, &record, FIELD_EMAIL, "taken", "");
    }
    run_stats_finish(stats);
    assert_int_equal(stats->rules[0].row_count, 5);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(stats->rules[0].rows[i].row, 10 * (i + 1));
    run_stats_free(stats);
}

/* A provider may have any number of codes, and a value any characters. */
static void the_page_stays_small_with_ten_thousand_rules(void **state)
{
    (void)state;
    enum { RULES = 10000, LISTED = 300, RECORDS = 60, INVISIBLE = 40, MAX = 8 << 20 };
    struct run_stats *stats = stats_of_run();
    char value[INVISIBLE * 3 + 1];
    for (size_t i = 0; i < INVISIBLE; i++)
        memcpy(value + 3 * i, "\xe2\x80\xae", 4);
    struct slice cells[] = {slice_from(value)};
    for (uint64_t row = 1; row <= RULES + LISTED * RECORDS; row++) {
        unsigned code = (unsigned)(row <= RULES ? row - 1 : row % LISTED);
        char rule[40];
        const struct record record = {.row = row, .cells = cells, .cell_count = 1};
        snprintf(rule, sizeof rule, "code_%05u", code);
        run_stats_add_refusal(stats, &record, FIELD_EMAIL, rule, "refused");
    }
    run_stats_finish(stats);
    size_t rows = 0;
    for (size_t i = 0; i < stats->rule_count; i++)
        rows += stats->rules[i].row_count;
    assert_int_equal(rows, LISTED * 50);
    struct job job = job_of("r", NULL, 0);
    struct buffer out;
    buffer_init(&out, MAX);
    html_report_write(stats, &job, &(struct html_report_place){0}, &out);
    assert_false(out.overflowed);
    assert_non_null(strstr(out.data, "And 9,700 more rules: all are in"));
    assert_int_equal(count_of(out.data, "<td class=\"shape\">"), 5000 + LISTED * 3);
    buffer_clear(&out);
    run_stats_free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_a_text_holds_the_page_stays_a_page),
        cmocka_unit_test(no_value_is_on_the_page_and_its_shape_is),
        cmocka_unit_test(the_first_records_of_a_rule_are_listed_and_where_the_others_are),
        cmocka_unit_test(records_are_listed_by_row_whenever_their_replies_came),
        cmocka_unit_test(the_page_stays_small_with_ten_thousand_rules),
        cmocka_unit_test(examples_show_different_shapes_where_there_are),
        cmocka_unit_test(fields_countries_and_inputs_are_counted),
        cmocka_unit_test(a_shape_shows_invisible_characters_and_no_value),
        cmocka_unit_test(the_longest_shape_fits),
        cmocka_unit_test(what_a_sentence_has_between_backticks_is_code),
        cmocka_unit_test(a_share_is_all_only_when_it_is_all),
        cmocka_unit_test(the_rate_over_time_keeps_every_event_in_bounded_memory),
        cmocka_unit_test(each_built_in_rule_has_advice_of_its_own),
        cmocka_unit_test(the_page_is_saved_for_its_owner_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("html_report", tests, NULL, NULL);
}
