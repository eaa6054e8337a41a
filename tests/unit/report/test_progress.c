#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "report/ellipsize.h"
#include "report/format_number.h"
#include "report/progress.h"

static const struct progress_figures unknown = {.percent = -1, .rate_per_s = -1, .left_s = -1, .now_ns = 1};

#define AT(s)   ((s)*CLOCK_NS_PER_S)
#define RECORDS .noun = "records"

static void the_line_shows_how_far_the_command_is(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct progress_counts counts;
        struct progress_figures figures;
        const char *live, *log;
    } cases[] = {
        {"a run at work",
         {RECORDS, .done = 1234, .total = 5000, .retrying = 3},
         {.percent = 24, .rate_per_s = 52.3, .left_s = 71.2},
         "1,234 of 5,000 (24 %)  52/s  1 m 12 s left  3 being retried",
         "1,234 of 5,000 records (24 %), 52/s, 1 m 12 s left, 3 being retried"},
        {"while the total is an estimate",
         {RECORDS, .done = 1234, .total = 5000, .is_estimate = true, .in_doubt = 2, .rejected = 17},
         {.percent = 24, .rate_per_s = 9.96, .left_s = 59.4},
         "1,234 of about 5,000 (24 %)  10.0/s  1 m 00 s left  2 in doubt  17 rejected",
         "1,234 of about 5,000 records (24 %), 10.0/s, 1 m 00 s left, 2 in doubt, 17 rejected"},
        {"a pipe has no total",
         {RECORDS, .done = 10},
         {.percent = -1, .rate_per_s = 4.25, .left_s = -1},
         "10 records  4.2/s",
         "10 records, 4.2/s"},
        {"the first moment",
         {RECORDS, .total = 7},
         {.percent = 0, .rate_per_s = -1, .left_s = -1},
         "0 of 7 (0 %)",
         "0 of 7 records (0 %)"},
        {"one record",
         {RECORDS, .total = 1},
         {.percent = 0, .rate_per_s = -1, .left_s = -1},
         "0 of 1 (0 %)",
         "0 of 1 record (0 %)"},
        {"users of a listing",
         {.noun = "users", .done = 3, .total = 9},
         {.percent = 33, .rate_per_s = 1, .left_s = 7500},
         "3 of 9 users (33 %)  1.0/s  2 h 05 m left",
         "3 of 9 users (33 %), 1.0/s, 2 h 05 m left"},
        {"days",
         {RECORDS, .done = 1, .total = 9},
         {.percent = 11, .rate_per_s = -1, .left_s = 90000},
         "1 of 9 (11 %)  1 d 1 h left",
         "1 of 9 records (11 %), 1 d 1 h left"},
        {"the reason comes last",
         {RECORDS, .done = 12, .total = 90, .state = PROGRESS_RETRY_AFTER, .until_ns = AT(30), .retrying = 1},
         {.percent = 13, .rate_per_s = -1, .left_s = -1, .now_ns = AT(5)},
         "12 of 90 (13 %)  1 being retried  waiting 25 s, as the provider asked (Retry-After)",
         "12 of 90 records (13 %), 1 being retried; waiting 25 s, as the provider asked (Retry-After)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PROGRESS_LINE_SIZE];
        progress_line_live(&cases[i].counts, &cases[i].figures, 200, text);
        if (strcmp(text, cases[i].live) != 0)
            fail_msg("%s: %s", cases[i].sentence, text);
        progress_line_log(&cases[i].counts, &cases[i].figures, text);
        if (strcmp(text, cases[i].log) != 0)
            fail_msg("%s, in the log: %s", cases[i].sentence, text);
    }
}

static void each_reason_is_said_in_words(void **state)
{
    (void)state;
    static const struct {
        enum progress_state state;
        uint64_t until_s, count;
        const char *want;
    } cases[] = {
        {PROGRESS_READING, 0, 0, "reading the input: nothing to send"},
        {PROGRESS_INPUT, 0, 0, "waiting for the input"},
        {PROGRESS_SLOWED, 0, 0, "slowed down: HTTP 429"},
        {PROGRESS_CANARY, 0, 7, "canary: one request at a time, 7 more"},
        {PROGRESS_REPLIES, 0, 16, "waiting for 16 replies"},
        {PROGRESS_REPLIES, 0, 1, "waiting for 1 reply"},
        {PROGRESS_RETRY, 14, 0, "next attempt in 4 s"},
        {PROGRESS_LOOK_UP, 0, 3, "looking up 3 users in doubt"},
        {PROGRESS_LIST_SOON, 50, 3, "listing users in 40 s to resolve 3 creates in doubt"},
        {PROGRESS_LIST_SOON, 50, 1, "listing users in 40 s to resolve 1 create in doubt"},
        {PROGRESS_LIST, 0, 2, "listing users to resolve 2 creates in doubt"},
        {PROGRESS_LOGIN, 0, 0, "logging in to the provider"},
        {PROGRESS_CARRY_OVER, 12, 0, "waiting 2 s: the rate counts the previous run's requests"},
        {PROGRESS_RETRY_AFTER, 100, 0, "waiting 1 m 30 s, as the provider asked (Retry-After)"},
        {PROGRESS_PAUSED, 22, 0, "paused: the provider is failing, next try in 12 s"},
        {PROGRESS_PAUSED, 0, 0, "paused: the provider is failing, trying it now"},
        {PROGRESS_LEASE, 25, 0, "waiting 15 s: the run before this one may still send"},
        {PROGRESS_LEASE, 0, 0, "waiting for the right to send"},
        {PROGRESS_STOPPING, 0, 7, "stopping: waiting for 7 replies"},
        {PROGRESS_STOPPING, 0, 0, "stopping"},
        {PROGRESS_DROPPING, 0, 7, "stopping: 7 requests dropped"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct progress_counts counts = {.noun = "users",
                                               .done = 1,
                                               .state = cases[i].state,
                                               .until_ns = AT(cases[i].until_s),
                                               .count = cases[i].count};
        struct progress_figures figures = unknown;
        char text[PROGRESS_LINE_SIZE], want[PROGRESS_LINE_SIZE];
        figures.now_ns = AT(10);
        snprintf(want, sizeof want, "1 user  %s", cases[i].want);
        assert_string_equal(progress_line_live(&counts, &figures, 200, text), want);
    }
}

/* Whole parts go first, the least important one first; half a number would be a wrong number. */
static void a_narrow_terminal_gets_the_most_important_parts(void **state)
{
    (void)state;
    static const struct {
        unsigned columns;
        const char *want;
    } cases[] = {
        {101,
         "1,234 of 5,000 (24 %)  52/s  9 s left  3 being retried  2 in doubt  8 rejected  slowed down: HTTP 429"},
        {100, "1,234 of 5,000 (24 %)  52/s  9 s left  3 being retried  2 in doubt  slowed down: HTTP 429"},
        {80, "1,234 of 5,000 (24 %)  52/s  9 s left  3 being retried  slowed down: HTTP 429"},
        {70, "1,234 of 5,000 (24 %)  52/s  9 s left  slowed down: HTTP 429"},
        {57, "1,234 of 5,000 (24 %)  9 s left  slowed down: HTTP 429"},
        {50, "1,234 of 5,000 (24 %)  slowed down: HTTP 429"},
        {40, "1,234 of 5,000 (24 %)  slowed down:..."},
        {30, "1,234 of 5,000 (24 %)"},
        {21, "1,234 of 5,000 (24 %)"},
        {20, ""},
        {0, ""},
    };
    static const struct progress_counts counts = {
        RECORDS,       .done = 1234,  .total = 5000,           .retrying = 3,
        .in_doubt = 2, .rejected = 8, .state = PROGRESS_SLOWED};
    static const struct progress_figures figures = {.percent = 24, .rate_per_s = 52, .left_s = 9};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PROGRESS_LINE_SIZE];
        progress_line_live(&counts, &figures, cases[i].columns, text);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%u columns: %s", cases[i].columns, text);
    }

    const struct progress_counts listing = {
        RECORDS, .done = 5, .total = 9, .state = PROGRESS_LIST_SOON, .until_ns = AT(41), .count = 3};
    struct progress_figures at_once = unknown;
    char text[PROGRESS_LINE_SIZE];
    at_once.percent = 55;
    at_once.now_ns = AT(1);
    assert_string_equal(progress_line_live(&listing, &at_once, 46, text),
                        "5 of 9 (55 %)  listing users in 40 s to...");
}

static void the_log_has_the_values_as_json(void **state)
{
    (void)state;
    static const struct progress_counts counts = {.noun = "records",
                                                  .done = 1234,
                                                  .total = 5000,
                                                  .is_estimate = true,
                                                  .retrying = 3,
                                                  .state = PROGRESS_PAUSED,
                                                  .until_ns = AT(22)};
    static const struct progress_figures figures = {
        .percent = 24, .rate_per_s = 52.34, .left_s = 71.2, .now_ns = AT(10)};
    struct json_writer json;
    struct buffer out;
    buffer_init(&out, 4096);
    json_write_begin(&json, &out);
    json_write_object(&json);
    progress_line_members(&counts, &figures, &json);
    json_write_object_end(&json);
    buffer_append_text(&out, "");
    assert_string_equal(
        out.data,
        "{\"records\":1234,\"total\":5000,\"total_is_estimate\":true,\"percent\":24,\"rate_per_s\":52.3,\"seconds_left\":72,\"retrying\":3,\"in_doubt\":0,\"rejected\":0,\"state\":\"paused\",\"reason\":\"paused: the provider is failing, next try in 12 s\",\"wait_seconds\":12}");
    buffer_clear(&out);
}

static void the_percentage_is_that_of_finished_records(void **state)
{
    (void)state;
    static const struct {
        uint64_t done, total;
        bool is_estimate;
        int want;
    } cases[] = {{0, 0, true, -1},         {0, 5000, false, 0},    {4999, 5000, false, 99},
                 {5000, 5000, false, 100}, {5000, 5000, true, 99}, {5200, 5000, true, 99},
                 {29, 100, false, 29},     {1, 3, false, 33}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct progress_counts counts = {
            .done = cases[i].done, .total = cases[i].total, .is_estimate = cases[i].is_estimate};
        assert_int_equal(progress_percent(&counts), cases[i].want);
    }
}

/* A simulated command, 5 steps a second. */
struct simulation {
    struct progress_rate rate;
    double time_s, sends, plain; /* left */
    double sent, done;
    double shown_s, max_jump_s; /* of what is shown, between two steps, beyond the time that passed */
};

/* sends_per_s requests, and plain_per_s other records, for so many seconds. */
static void simulate(struct simulation *simulation, double seconds, double sends_per_s, double plain_per_s,
                     bool is_active)
{
    const double step_s = 0.2;
    for (double until_s = simulation->time_s + seconds; simulation->time_s < until_s - step_s / 2;) {
        double sent = fmin(simulation->sends, sends_per_s * step_s);
        double plain = fmin(simulation->plain, plain_per_s * step_s);
        simulation->sends -= sent;
        simulation->plain -= plain;
        simulation->sent += sent;
        simulation->done += sent + plain;
        simulation->time_s += step_s;
        uint64_t now_ns = AT(1) + (uint64_t)(simulation->time_s * 1e9);
        progress_rate_add(&simulation->rate, now_ns, (uint64_t)simulation->done, (uint64_t)simulation->sent,
                          is_active, sends_per_s > 0);
        if (!is_active)
            continue;
        double left_s =
            progress_rate_left(&simulation->rate, now_ns, simulation->sends, simulation->plain, 100);
        if (left_s >= 0 && simulation->shown_s > 0)
            simulation->max_jump_s =
                fmax(simulation->max_jump_s, fabs(left_s - simulation->shown_s + step_s));
        simulation->shown_s = left_s;
    }
}

static void assert_about(double value, double want, double share)
{
    if (fabs(value - want) > want * share)
        fail_msg("%f is not about %f", value, want);
}

static void the_time_left_is_not_shown_before_it_is_known(void **state)
{
    (void)state;
    struct simulation run = {.sends = 5000};
    simulate(&run, 4.8, 50, 0, true);
    assert_true(run.shown_s < 0);
    simulate(&run, 1, 50, 0, true);
    assert_about(run.shown_s, 95, 0.05);
    assert_about(progress_rate_done(&run.rate), 50, 0.03);
    simulate(&run, 60, 50, 0, true);
    assert_about(run.shown_s, 34, 0.05);
    assert_true(run.max_jump_s < 1);
}

static void records_that_need_no_request_do_not_mislead(void **state)
{
    (void)state;
    /* New customers first, then as many unchanged ones as one night has. */
    struct simulation first = {.sends = 3000, .plain = 1000000};
    simulate(&first, 20, 50, 0, true);
    assert_about(first.shown_s, 40 + 10, 0.05);
    simulate(&first, 40, 50, 0, true);
    simulate(&first, 5, 0, 100000, true);
    assert_about(first.shown_s, 5, 0.2);
    assert_true(first.max_jump_s < 1);

    /* Unchanged ones first, then new customers. */
    struct simulation last = {.sends = 3000, .plain = 1000000};
    simulate(&last, 6, 0, 100000, true);
    assert_about(last.shown_s, 4 + 30, 0.05);
    simulate(&last, 4, 0, 100000, true);
    simulate(&last, 20, 50, 0, true); /* the limit is 100/s, and 50/s are reached */
    assert_about(last.shown_s, 40, 0.25);
    assert_true(last.max_jump_s < 2);
}

static void a_pause_is_no_work(void **state)
{
    (void)state;
    struct simulation run = {.sends = 5000};
    simulate(&run, 20, 50, 0, true);
    double before_s = run.shown_s;
    simulate(&run, 120, 0, 0, false);
    simulate(&run, 1, 50, 0, true);
    assert_about(run.shown_s, before_s - 1, 0.02);
}

static unsigned lines_drawn(enum progress_mode mode, const struct progress_counts *counts, unsigned seconds,
                            char *text, size_t size)
{
    int kept = dup(STDERR_FILENO), out[2];
    assert_int_equal(pipe(out), 0);
    dup2(out[1], STDERR_FILENO);
    struct progress progress;
    struct progress_counts now = *counts;
    uint64_t start = 50 * CLOCK_NS_PER_S;
    progress_setup(mode);
    progress_start(&progress, start);
    for (uint64_t ms = 0; ms < seconds * UINT64_C(1000); ms += 10, now.done++) {
        now.plain_left = (double)(now.total - now.done);
        progress_update(&progress, &now, start + ms * CLOCK_NS_PER_MS);
    }
    progress_end(&progress);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(out[1]);
    ssize_t got = read(out[0], text, size - 1);
    close(out[0]);
    text[got > 0 ? got : 0] = '\0';
    unsigned drawn = 0;
    for (const char *c = text; *c; c++)
        drawn += *c == (mode == PROGRESS_ALWAYS ? '\r' : '\n');
    return drawn;
}

static void the_line_is_drawn_five_times_a_second_at_most(void **state)
{
    (void)state;
    static const struct progress_counts counts = {RECORDS, .total = 1000};
    char text[8192];
    assert_int_equal(lines_drawn(PROGRESS_ALWAYS, &counts, 1, text, sizeof text), 5 + 1);
    assert_string_equal(text + strlen(text) - 4, "\r\x1b[K");
}

static void without_a_terminal_it_is_one_line_a_minute(void **state)
{
    (void)state;
    static const struct progress_counts counts = {RECORDS, .total = 1000000};
    char text[8192];
    assert_int_equal(lines_drawn(PROGRESS_AUTO, &counts, 60, text, sizeof text), 0);
    assert_int_equal(lines_drawn(PROGRESS_AUTO, &counts, 130, text, sizeof text), 2);
    assert_string_equal(text,
                        "kyc-import: progress: 6,000 of 1,000,000 records (0 %), 100/s, 2 h 45 m left\n"
                        "kyc-import: progress: 12,000 of 1,000,000 records (1 %), 100/s, 2 h 44 m left\n");
}

static void nothing_is_shown_when_it_is_not_wanted(void **state)
{
    (void)state;
    static const struct progress_counts counts = {RECORDS, .total = 1000};
    char text[8192];
    lines_drawn(PROGRESS_NEVER, &counts, 130, text, sizeof text);
    assert_string_equal(text, "");
}

static void counts_and_times_are_written_for_people(void **state)
{
    (void)state;
    static const struct {
        uint64_t count;
        const char *want;
    } stats[] = {{0, "0"},
                 {999, "999"},
                 {1000, "1,000"},
                 {1234567, "1,234,567"},
                 {UINT64_MAX, "18,446,744,073,709,551,615"}};
    static const struct {
        double seconds;
        const char *want;
    } times[] = {{0, "0.0 s"}, {1.94, "1.9 s"}, {59.9, "59 s"}, {125, "2 m 05 s"}, {8100, "2 h 15 m"}};
    char text[FORMAT_NUMBER_SIZE];
    for (size_t i = 0; i < sizeof stats / sizeof stats[0]; i++)
        assert_string_equal(format_number_count(stats[i].count, text), stats[i].want);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        assert_string_equal(format_number_seconds(times[i].seconds, text), times[i].want);
}

static void a_time_to_come_is_rounded_up(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *want;
    } times[] = {
        {0, "1 s"},
        {0.2, "1 s"},
        {1, "1 s"},
        {1.1, "2 s"},
        {59, "59 s"},
        {59.5, "1 min"},
        {500, "8 min 20 s"},
        {3599.5, "1 h"},
        {8100, "2 h 15 min"},
        {86399, "23 h 59 min"},
        {86400, "1 d"},
        {273600, "3 d 4 h"},
        {1e10, "115740 d 17 h"},
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[FORMAT_NUMBER_SIZE];
        assert_string_equal(format_number_about(times[i].seconds, text), times[i].want);
    }
}

static void a_text_is_cut_between_words_or_else_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned columns, used;
        const char *want;
    } cases[] = {{"abc", 3, 3, "abc"},
                 {"abcd", 3, 3, "ab…"},
                 {"éèê", 3, 3, "éèê"},
                 {"éèêë", 3, 3, "éè…"},
                 {"a\x1b[1m", 9, 5, "a?[1m"},
                 {"a\xff", 2, 2, "a?"},
                 {"ab", 0, 0, ""},
                 {"map another column", 11, 4, "map…"},
                 {"map another column", 12, 12, "map another…"},
                 {"drop it: or map", 11, 8, "drop it…"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer out;
        buffer_init(&out, 100);
        buffer_append_text(&out, "");
        assert_int_equal(ellipsize_append(&out, slice_from(cases[i].text), cases[i].columns), cases[i].used);
        assert_string_equal(out.data, cases[i].want);
        buffer_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_time_to_come_is_rounded_up),
        cmocka_unit_test(the_line_shows_how_far_the_command_is),
        cmocka_unit_test(each_reason_is_said_in_words),
        cmocka_unit_test(a_narrow_terminal_gets_the_most_important_parts),
        cmocka_unit_test(the_log_has_the_values_as_json),
        cmocka_unit_test(the_percentage_is_that_of_finished_records),
        cmocka_unit_test(the_time_left_is_not_shown_before_it_is_known),
        cmocka_unit_test(records_that_need_no_request_do_not_mislead),
        cmocka_unit_test(a_pause_is_no_work),
        cmocka_unit_test(without_a_terminal_it_is_one_line_a_minute),
        cmocka_unit_test(the_line_is_drawn_five_times_a_second_at_most),
        cmocka_unit_test(nothing_is_shown_when_it_is_not_wanted),
        cmocka_unit_test(counts_and_times_are_written_for_people),
        cmocka_unit_test(a_text_is_cut_between_words_or_else_characters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
