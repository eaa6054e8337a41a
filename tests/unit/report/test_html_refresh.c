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

#include "core/file.h"
#include "report/html_funnel.h"
#include "report/html_refresh.h"

#define HOSTILE "<script>alert(\"x\")</script>'&\xff\xe2\x80\xae\x01"

static struct refresh_stats stats_of(int status)
{
    return (struct refresh_stats){.job = "nightly",
                                  .started_ns = UINT64_C(1795248550000000000),
                                  .finished_ns = UINT64_C(1795248551000000000),
                                  .complete = true,
                                  .is_counted = true,
                                  .status = status};
}

/* Owner: the caller clears. */
static struct buffer page_of(const struct refresh_stats *stats)
{
    struct buffer out;
    buffer_init(&out, 1 << 20);
    const struct job job = {.path = "my night.yaml", .provider = {.name = "kira"}};
    html_refresh_write(stats, &job, &out);
    assert_false(out.overflowed);
    return out;
}

static void assert_has(const struct buffer *page, const char *text)
{
    if (!strstr(page->data, text))
        fail_msg("%s is not in:\n%s", text, page->data);
}

/* The offset and the width of the bar of a row, of 1,000. */
static void assert_bar(const struct buffer *out, const char *row, const char *bar)
{
    const char *begin = strstr(out->data, row);
    assert_non_null(begin);
    const char *end = strstr(begin, "</tr>");
    const char *found = strstr(begin, bar);
    if (!found || found > end)
        fail_msg("%s is not in the row %s of:\n%s", bar, row, out->data);
}

static void each_state_begins_where_the_one_above_ends(void **state)
{
    (void)state;
    const uint64_t customers[REFRESH_STATES] = {
        [VERIFICATION_VERIFIED] = 500, [VERIFICATION_PENDING] = 300, [VERIFICATION_ACTION_NEEDED] = 50,
        [VERIFICATION_REJECTED] = 20,  [REFRESH_DELETED] = 10,       [VERIFICATION_UNKNOWN] = 120};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    html_funnel_write(&out, &(struct html_funnel){.path = "verification", .customers = customers}, "All.");
    assert_bar(&out, ">with a user<", "x=\"0.0\" width=\"1000.0\"");
    assert_bar(&out, ">with a user<", ">1,000</td><td class=\"number\">100 %</td>");
    assert_bar(&out, ">whose state is known<", "x=\"0.0\" width=\"880.0\"");
    assert_bar(&out, ">whose state is known<", ">880</td><td class=\"number\">88.0 %</td>");
    assert_bar(&out, ">verified<", "x=\"0.0\" width=\"500.0\"");
    assert_bar(&out, ">pending ", "x=\"500.0\" width=\"300.0\"");
    assert_bar(&out, ">action needed ", "x=\"800.0\" width=\"50.0\"");
    assert_bar(&out, ">rejected<", "x=\"850.0\" width=\"20.0\"");
    assert_bar(&out, ">deleted ", "x=\"870.0\" width=\"10.0\"");
    assert_bar(&out, ">not read yet<", "x=\"880.0\" width=\"120.0\"");
    assert_bar(&out, ">not read yet<", "<data value=\"120\" data-figure=\"verification.unknown\">120</data>");
    assert_null(strstr(out.data, "Changed"));
    buffer_clear(&out);
}

static void one_of_many_can_be_seen_and_none_leaves_the_chart(void **state)
{
    (void)state;
    const uint64_t customers[REFRESH_STATES] = {[VERIFICATION_VERIFIED] = 99999999, [REFRESH_DELETED] = 1};
    struct buffer out;
    buffer_init(&out, 1 << 20);
    html_funnel_write(&out, &(struct html_funnel){.path = "verification", .customers = customers}, "All.");
    assert_bar(&out, ">deleted ", "x=\"996.0\" width=\"4.0\"");
    assert_bar(&out, ">deleted ", "&lt; 0.1 %");
    assert_bar(&out, ">rejected<", "x=\"1000.0\" width=\"0.0\"");
    buffer_reset(&out);
    html_funnel_write(&out, &(struct html_funnel){.path = "c", .customers = (uint64_t[REFRESH_STATES]){0}},
                      "None.");
    assert_bar(&out, ">with a user<", "x=\"0.0\" width=\"0.0\"");
    buffer_clear(&out);
}

static void what_has_changed_is_shown(void **state)
{
    (void)state;
    struct refresh_stats stats = stats_of(1);
    stats.since_ns = UINT64_C(1795162150000000000);
    stats.customers[VERIFICATION_REJECTED] = 7, stats.customers[VERIFICATION_VERIFIED] = 40;
    stats.changed[VERIFICATION_REJECTED] = 3;
    stats.reading.changes[VERIFICATION_PENDING][VERIFICATION_REJECTED] = 2;
    stats.reading.changes[VERIFICATION_VERIFIED][REFRESH_DELETED] = 1;
    struct buffer page = page_of(&stats);
    assert_has(&page, "customers became rejected or need action since the last refresh");
    assert_has(
        &page,
        "kyc-import results &#39;my night.yaml&#39; --verification rejected,action_needed --since 2026-11-20T");
    assert_has(&page, "<data value=\"7\" data-figure=\"customers.rejected\">7</data>");
    assert_has(&page, "<data value=\"3\" data-figure=\"changed.rejected\">3</data>");
    assert_has(&page,
               "<th scope=\"row\">pending</th><td class=\"bad\"><span class=\"tone\">rejected</span></td>"
               "<td class=\"number\">2</td>");
    assert_has(&page,
               "<th scope=\"row\">verified</th><td class=\"refused\"><span class=\"tone\">deleted</span>"
               "</td><td class=\"number\">1</td>");
    buffer_clear(&page);
}

static void each_status_has_its_meaning(void **state)
{
    (void)state;
    static const struct {
        int status;
        uint64_t no_answer;
        bool complete;
        const char *tone, *text;
    } cases[] = {
        {0, 0, true, "status good", "no customer became rejected or needs action"},
        {1, 2, true, "status warn", "the state of some users could not be read"},
        {4, 2, false, "status bad", "stopped before damage"},
        {6, 0, false, "status info", "Not every user was requested"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct refresh_stats stats = stats_of(cases[i].status);
        stats.reading.no_answer = cases[i].no_answer;
        stats.complete = cases[i].complete;
        struct buffer page = page_of(&stats);
        assert_has(&page, cases[i].tone);
        assert_has(&page, cases[i].text);
        assert_has(&page, "This refresh found no change.");
        assert_null(strstr(page.data, "List them"));
        assert_null(strstr(page.data, "id=\"reasons\""));
        buffer_clear(&page);
    }
}

static void what_was_not_counted_is_not_shown_as_zero(void **state)
{
    (void)state;
    struct refresh_stats stats = stats_of(5);
    struct buffer json;
    buffer_init(&json, 1 << 20);
    refresh_report_json(&stats, &json);
    assert_has(&json, "\"customers\":{\"unknown\":0,");
    stats.is_counted = false;
    buffer_reset(&json);
    refresh_report_json(&stats, &json);
    assert_has(&json, "\"customers\":null,\"changed\":null,");
    struct buffer page = page_of(&stats);
    assert_has(&page, "The ledger could not be read, so its customers were not counted.");
    assert_null(strstr(page.data, "data-figure=\"customers."));
    buffer_clear(&page);
    buffer_clear(&json);
}

static void whatever_a_reason_holds_the_page_stays_a_page(void **state)
{
    (void)state;
    struct refresh_stats stats = stats_of(0);
    stats.job = HOSTILE;
    stats.reason_count = 2;
    stats.reasons[0] = (struct refresh_reason){VERIFICATION_ACTION_NEEDED, HOSTILE, 4};
    stats.reasons[1] = (struct refresh_reason){VERIFICATION_REJECTED, "", 3};
    stats.customers[VERIFICATION_ACTION_NEEDED] = 8, stats.customers[VERIFICATION_REJECTED] = 3;
    stats.other_reasons = 1234;
    stats.reading.word_count = 1;
    snprintf(stats.reading.words[0], sizeof stats.reading.words[0], "%s", HOSTILE);
    struct buffer page = page_of(&stats);
    assert_null(strstr(page.data, "<script"));
    assert_null(strstr(page.data, "\xe2\x80\xae"));
    assert_null(memchr(page.data, 0xff, page.len));
    assert_null(memchr(page.data, 1, page.len));
    assert_null(strstr(page.data, "://"));
    assert_has(&page,
               "<th scope=\"row\">&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;‹byte FF›");
    assert_has(&page, "<title>50.0 % of the customers with this state</title>");
    assert_has(&page, "none was given");
    assert_has(&page, "And 1,234 customers with other reasons.");
    buffer_clear(&page);
}

static void the_page_is_saved_for_its_owner_alone(void **state)
{
    (void)state;
    char folder[] = "/tmp/kyc-html-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = file_join(folder, "refresh.html");
    struct refresh_stats stats = stats_of(0);
    struct error error = {0};
    struct stat info;
    struct job job = {.path = "job.yaml", .provider = {.name = "kira"}, .report_folder = folder};
    assert_int_equal(html_refresh_save(&stats, &job, &error), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    job.report_folder = "/dev/null/x";
    assert_int_equal(html_refresh_save(&stats, &job, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/dev/null/x/refresh.html"));
    unlink(path);
    rmdir(folder);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_begins_where_the_one_above_ends),
        cmocka_unit_test(one_of_many_can_be_seen_and_none_leaves_the_chart),
        cmocka_unit_test(what_has_changed_is_shown),
        cmocka_unit_test(each_status_has_its_meaning),
        cmocka_unit_test(what_was_not_counted_is_not_shown_as_zero),
        cmocka_unit_test(whatever_a_reason_holds_the_page_stays_a_page),
        cmocka_unit_test(the_page_is_saved_for_its_owner_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("html_refresh", tests, NULL, NULL);
}
