#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/text.h"

static char written[65536];

/* What fun writes to standard error. */
static const char *capture(void (*fun)(void))
{
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    dup2(fileno(file), STDERR_FILENO);
    fun();
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    size_t len = fread(written, 1, sizeof written - 1, file);
    written[len] = '\0';
    fclose(file);
    return written;
}

static void say_all(void)
{
    log_error("%s %d", "broken", 1);
    log_warning("odd");
    log_info("done");
    log_debug("detail");
}

static void a_line_names_the_program_and_the_level(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(capture(say_all),
                        "kyc-test: error: broken 1\nkyc-test: warning: odd\nkyc-test: done\n");
    log_setup("kyc-test", LOG_WARNING, false);
    assert_string_equal(capture(say_all), "kyc-test: error: broken 1\nkyc-test: warning: odd\n");
    log_setup("kyc-test", LOG_DEBUG, false);
    assert_non_null(strstr(capture(say_all), "kyc-test: debug: detail\n"));
}

static void say_odd(void)
{
    log_warning("two\nlines \"x\" \x1b[31m \xff");
}

static void terminal_control_characters_are_removed(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(capture(say_odd), "kyc-test: warning: two\n  lines \"x\" ?[31m ?\n");
}

static void say_names(void)
{
    log_error("a\nkyc-test: error: forged: b\xc2\x9b[2J\xe2\x80\xaetxt.exe\xc2\x85");
}

static void nothing_in_a_name_begins_a_line_or_hides(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(capture(say_names),
                        "kyc-test: error: a\n  kyc-test: error: forged: b?[2J?txt.exe?\n");
}

static void say_hints(void)
{
    log_error("a ledger\nhint: run %s", "kyc-import status");
    log_warning("%s\nhint: the second one", "inner\nhint: the first one");
    log_error("two\nlines\nhint: %s", "one\nmore\x1b");
}

static void a_hint_is_a_line_of_its_own(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(capture(say_hints),
                        "kyc-test: error: a ledger\nhint: run kyc-import status\n"
                        "kyc-test: warning: inner\n  hint: the first one\nhint: the second one\n"
                        "kyc-test: error: two\n  lines\nhint: one\n  more?\n");
}

static void say_false_hints(void)
{
    const char *name = "a\nhint: forged";
    struct error error;
    log_error("%s: cannot be read: %d", name, 5);
    log_error("%s: %s", name, "cannot be read");
    log_error("%s is a folder\nhint: name a file in %s/", name, name);
    error_set(&error, ERROR_INPUT, "%s is empty\nhint: remove it", name);
    log_error("%s: %s", name, error.text);
    log_error("%s: %.*s", name, (int)strlen(error.text), error.text);
    log_error("%s", error.text);
}

static void a_name_does_not_pass_for_a_hint(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(
        capture(say_false_hints),
        "kyc-test: error: a hint: forged: cannot be read: 5\n"
        "kyc-test: error: a hint: forged: cannot be read\n"
        "kyc-test: error: a\n  hint: forged is a folder\nhint: name a file in a hint: forged/\n"
        "kyc-test: error: a\n  hint: forged: a\n  hint: forged is empty\nhint: remove it\n"
        "kyc-test: error: a\n  hint: forged: a\n  hint: forged is empty\nhint: remove it\n"
        "kyc-test: error: a\n  hint: forged is empty\nhint: remove it\n");
}

static void say_hint(void)
{
    log_error("two\nlines\nhint: %s", "\"run\" it\x1b");
}

static void a_hint_is_a_json_member_of_its_own(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, true);
    const char *line = capture(say_hint);
    assert_non_null(strstr(line, "\"message\":\"two\\nlines\",\"hint\":\"\\\"run\\\" it?\"}\n"));
    assert_null(strstr(capture(say_odd), "\"hint\""));
}

static void show_live_hint(void)
{
    log_live_line("10 records");
    log_warning("odd\nhint: mend it");
    log_live_line(NULL);
}

static void a_hint_is_above_the_live_line(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(
        capture(show_live_hint),
        "\r10 records\x1b[K\r\x1b[Kkyc-test: warning: odd\nhint: mend it\n10 records\r\x1b[K");
}

static void an_error_that_is_cut_keeps_its_hint(void **state)
{
    (void)state;
    char name[5000];
    struct error error;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(error_set(&error, ERROR_LEDGER, "no space for %s\nhint: free some", name), -1);
    assert_int_equal(strlen(error.text), ERROR_TEXT_MAX - 1);
    assert_non_null(strstr(error.text, "aaa…\nhint: free some"));
    assert_string_equal(strstr(error.text, "\nhint: "), "\nhint: free some");
    /* half a command is worse than none */
    error_set(&error, ERROR_LEDGER, "no space\nhint: rm %s", name);
    assert_string_equal(error.text, "no space…");
    error_set(&error, ERROR_LEDGER, "no space");
    error_set(&error, ERROR_LEDGER, "here: %s\nhint: free some", error.text);
    assert_string_equal(error.text, "here: no space\nhint: free some");
}

static void a_hint_never_exceeds_a_small_buffer(void **state)
{
    (void)state;
    for (size_t size = 4; size <= 40; size++) {
        char out[256];
        memset(out, '#', sizeof out);
        size_t len = text_format(out, size, "%s", "a fact that is longer than the buffer by far\nhint: ab");
        assert_true(len < size);
        assert_int_equal(out[len], '\0');
        for (size_t i = size; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
    }
}

static void a_json_line_is_json(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, true);
    const char *line = capture(say_odd);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    size_t count;
    const struct json_node *nodes = json_reader_parse(reader, slice_from(line), &count, &fault);
    assert_non_null(nodes);
    assert_true(slice_is(nodes[json_member(nodes, 0, "level")].text, "warning"));
    assert_true(slice_is(nodes[json_member(nodes, 0, "message")].text, "two\nlines \"x\" ?[31m ?"));
    assert_int_equal(nodes[json_member(nodes, 0, "at")].text.len, strlen("2026-11-21T08:09:10.123Z"));
    json_reader_free(reader);
}

static void show_live(void)
{
    log_live_line(NULL);
    log_live_line("10 records");
    log_warning("odd");
    log_live_line("20 records");
    log_live_line(NULL);
    log_info("done");
}

static void lines_go_above_the_live_line(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    assert_string_equal(
        capture(show_live),
        "\r10 records\x1b[K\r\x1b[Kkyc-test: warning: odd\n10 records\r20 records\x1b[K\r\x1b[Kkyc-test: done\n");
}

static void a_long_message_is_cut_and_still_ends_its_line(void **state)
{
    (void)state;
    log_setup("kyc-test", LOG_INFO, false);
    char text[10000];
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '\0';
    int kept = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    dup2(fileno(file), STDERR_FILENO);
    log_info("%s", text);
    dup2(kept, STDERR_FILENO);
    close(kept);
    assert_int_equal(fseek(file, -1, SEEK_END), 0);
    assert_int_equal(fgetc(file), '\n');
    fclose(file);
}

static void times_are_rfc_3339_in_utc(void **state)
{
    (void)state;
    static const struct {
        uint64_t ns;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {UINT64_C(951782399999999999), "2000-02-28T23:59:59.999Z"},
        {UINT64_C(951782400001000000), "2000-02-29T00:00:00.001Z"},
        {UINT64_C(1795248550123456789), "2026-11-21T08:09:10.123Z"},
        {UINT64_MAX, "2554-07-21T23:34:33.709Z"},
    };
    char text[CLOCK_RFC3339_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(clock_rfc3339(cases[i].ns, text), cases[i].want);
    uint64_t before = clock_mono_ns();
    assert_true(clock_mono_ns() >= before);
    assert_true(clock_real_ns() > UINT64_C(1700000000) * CLOCK_NS_PER_S);
}

static void json_is_written_with_commas_and_escapes_of_its_own(void **state)
{
    (void)state;
    struct buffer out;
    struct json_writer json;
    buffer_init(&out, 10000);
    json_write_begin(&json, &out);
    json_write_object(&json);
    json_write_key(&json, "a\"b");
    json_write_array(&json);
    json_write_array_end(&json);
    json_write_key(&json, "list");
    json_write_array(&json);
    json_write_unsigned(&json, UINT64_MAX);
    json_write_signed(&json, INT64_MIN);
    json_write_decimal(&json, 1.25, 1);
    json_write_decimal(&json, 0.0 / 1.0, 0);
    json_write_decimal(&json, 1e308 * 10, 2);
    json_write_bool(&json, true);
    json_write_bool(&json, false);
    json_write_null(&json);
    json_write_object(&json);
    json_write_object_end(&json);
    json_write_array_end(&json);
    json_write_member_unsigned(&json, "count", 7);
    json_write_key(&json, "text");
    json_write_string(&json, SLICE_LITERAL("\"\\\b\f\n\r\t\x01\x1f\x7f\0/é"));
    json_write_object_end(&json);
    assert_string_equal(
        out.data,
        "{\"a\\\"b\":[],\"list\":[18446744073709551615,-9223372036854775808,1.2,0,null,true,"
        "false,null,{}],\"count\":7,\"text\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000/é\"}");
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_the_program_and_the_level),
        cmocka_unit_test(terminal_control_characters_are_removed),
        cmocka_unit_test(nothing_in_a_name_begins_a_line_or_hides),
        cmocka_unit_test(a_hint_is_a_line_of_its_own),
        cmocka_unit_test(a_name_does_not_pass_for_a_hint),
        cmocka_unit_test(a_hint_is_a_json_member_of_its_own),
        cmocka_unit_test(a_hint_is_above_the_live_line),
        cmocka_unit_test(an_error_that_is_cut_keeps_its_hint),
        cmocka_unit_test(a_hint_never_exceeds_a_small_buffer),
        cmocka_unit_test(a_json_line_is_json),
        cmocka_unit_test(lines_go_above_the_live_line),
        cmocka_unit_test(a_long_message_is_cut_and_still_ends_its_line),
        cmocka_unit_test(times_are_rfc_3339_in_utc),
        cmocka_unit_test(json_is_written_with_commas_and_escapes_of_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
