#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/json.h"
#include "report/notification.h"

/* The value of a member as text; "": it is null. */
static void member(const struct notification *notification, const char *name, char *value, size_t size)
{
    struct buffer out;
    struct json_fault fault;
    size_t count;

    buffer_init(&out, 1 << 20);
    notification_write(notification, &out);
    assert_int_equal(out.data[out.len - 1], '\n');
    assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
    struct json_reader *reader = json_reader_new();
    const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&out), &count, &fault);
    assert_non_null(nodes);
    size_t index = json_member(nodes, 0, name);
    assert_int_not_equal(index, 0);
    bool is_null = nodes[index].kind == JSON_NULL;
    snprintf(value, size, "%.*s", is_null ? 0 : (int)nodes[index].text.len,
             is_null ? "" : nodes[index].text.data);
    json_reader_free(reader);
    buffer_clear(&out);
}

static struct notification sample(void)
{
    return (struct notification){.job = "nightly",
                                 .command = "run",
                                 .report_folder = "/nowhere/reports/nightly",
                                 .status = 4,
                                 .text = "2 created",
                                 .error = "the provider answers 401",
                                 .started_ns = UINT64_C(1764374400000000000),
                                 .finished_ns = UINT64_C(1764374401500000000),
                                 .summary = slice_from("{\"created\":2}\n")};
}

static void it_is_one_line_of_json(void **state)
{
    (void)state;
    static const struct {
        const char *member, *want;
    } cases[] = {
        {"notification", "1"},
        {"job", "nightly"},
        {"command", "run"},
        {"status", "4"},
        {"meaning", "stopped before damage"},
        {"error", "the provider answers 401"},
        {"started", "2025-11-29T00:00:00.000Z"},
        {"finished", "2025-11-29T00:00:01.500Z"},
        {"seconds", "1.500"},
        {"report", "/nowhere/reports/nightly"},
    };
    const struct notification notification = sample();
    char value[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        member(&notification, cases[i].member, value, sizeof value);
        assert_string_equal(value, cases[i].want);
    }
    member(&notification, "text", value, sizeof value);
    assert_non_null(strstr(
        value, ": run ended with status 4 (stopped before damage): 2 created. the provider answers 401"));
}

static void what_there_is_not_is_null(void **state)
{
    (void)state;
    struct notification notification = sample();
    char value[1000];
    notification.error = notification.text = "";
    notification.summary = slice_make(NULL, 0);
    member(&notification, "error", value, sizeof value);
    assert_string_equal(value, "");
    member(&notification, "summary", value, sizeof value);
    assert_string_equal(value, "");
}

static void any_bytes_make_json_and_a_clock_that_was_set_back_no_negative_time(void **state)
{
    (void)state;
    struct notification notification = sample();
    char value[1000];
    notification.error = "a \xff and \x1b[2J and \"quotes\"\n";
    notification.report_folder = "/nowhere/\xff";
    notification.finished_ns = notification.started_ns - 1;
    member(&notification, "seconds", value, sizeof value);
    assert_string_equal(value, "0.000");
    member(&notification, "report", value, sizeof value);
    assert_string_equal(value, "/nowhere/‹byte FF›");
}

static void every_exit_status_has_a_meaning(void **state)
{
    (void)state;
    struct notification notification = sample();
    char value[1000];
    for (int status = 0; status <= 7; status++) {
        notification.status = status;
        member(&notification, "meaning", value, sizeof value);
        assert_true(strlen(value) > 3);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_one_line_of_json),
        cmocka_unit_test(what_there_is_not_is_null),
        cmocka_unit_test(any_bytes_make_json_and_a_clock_that_was_set_back_no_negative_time),
        cmocka_unit_test(every_exit_status_has_a_meaning),
    };
    return cmocka_run_group_tests_name("notification", tests, NULL, NULL);
}
