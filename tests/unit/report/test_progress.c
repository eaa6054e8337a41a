#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "report/ellipsize.h"
#include "report/format_number.h"
#include "report/progress.h"

struct text_case {
    const char *sentence;
    struct progress_counts figures;
    double seconds;
    const char *want;
};

static void the_line_shows_progress_and_the_time_left(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"a check",
         {.records = 123456, .rejected = 17, .share = 0.41},
         15.4,
         "123,456 records  41 %  8,016/s  ETA 0:22  17 rejected"},
        {"a run",
         {.records = 2000, .done = 1500, .in_doubt = 2, .share = 0.5, .is_run = true},
         3700,
         "2,000 records  50 %  1,500 done  0.4/s  ETA 1:01:40  0 rejected  2 in doubt"},
        {"a pipe has no share", {.records = 10, .share = -1}, 1, "10 records  10/s  0 rejected"},
        {"the first moment", {.share = 0}, 0, "0 records  0 %  0.0/s  0 rejected"},
        {"all but a little is not all",
         {.records = 1000, .done = 999, .share = 0.999, .is_run = true},
         10,
         "1,000 records  99 %  999 done  99/s  ETA 0:00  0 rejected  0 in doubt"},
        {"no time left at the end",
         {.records = 100, .share = 1.2},
         2,
         "100 records  100 %  50/s  0 rejected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[200];
        assert_ptr_equal(progress_text(&cases[i].figures, cases[i].seconds, text, sizeof text), text);
        if (strcmp(text, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].sentence, text);
    }
}

static void a_line_that_does_not_fit_is_cut(void **state)
{
    (void)state;
    struct progress_counts figures = {.records = 123456, .share = -1};
    char text[30];
    assert_string_equal(progress_text(&figures, 1, text, sizeof text), "123,456 records  123,456/s");
    assert_string_equal(progress_text(&figures, 1, text, 26), "123,456 records");
    assert_string_equal(progress_text(&figures, 1, text, 10), "");
}

static void the_line_is_drawn_five_times_a_second_at_most(void **state)
{
    (void)state;
    int kept = dup(STDERR_FILENO), out[2];
    assert_int_equal(pipe(out), 0);
    dup2(out[1], STDERR_FILENO);
    struct progress progress;
    struct progress_counts figures = {.records = 1, .share = -1};
    uint64_t start = 50 * CLOCK_NS_PER_S, next = 0;
    progress_start(&progress, PROGRESS_ALWAYS, start);
    for (uint64_t ms = 0; ms < 1000; ms += 10)
        next = progress_update(&progress, &figures, start + ms * CLOCK_NS_PER_MS);
    progress_end(&progress);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(out[1]);
    assert_int_equal(next, start + CLOCK_NS_PER_S);

    char text[4096];
    ssize_t got = read(out[0], text, sizeof text);
    close(out[0]);
    unsigned drawn = 0;
    for (ssize_t i = 0; i < got; i++)
        drawn += text[i] == '\r';
    assert_int_equal(drawn, 5 + 1);
}

static void nothing_is_shown_when_it_is_not_wanted(void **state)
{
    (void)state;
    struct progress progress;
    struct progress_counts figures = {.share = -1};
    progress_start(&progress, PROGRESS_NEVER, 5);
    assert_int_equal(progress_update(&progress, &figures, 6), 0);
    progress_end(&progress);
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
        cmocka_unit_test(the_line_shows_progress_and_the_time_left),
        cmocka_unit_test(a_line_that_does_not_fit_is_cut),
        cmocka_unit_test(the_line_is_drawn_five_times_a_second_at_most),
        cmocka_unit_test(nothing_is_shown_when_it_is_not_wanted),
        cmocka_unit_test(counts_and_times_are_written_for_people),
        cmocka_unit_test(a_text_is_cut_between_words_or_else_characters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
