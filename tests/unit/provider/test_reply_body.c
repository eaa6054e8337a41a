#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provider/reply_body.h"

static void error_bodies_are_read_in_all_their_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body, *text, *code;
        bool has_error;
    } examples[] = {
        {"error as a text", "{\"error\":\"it is bad\"}", "it is bad", "", true},
        {"error as a single word", "{\"error\":\"not_found\"}", "not_found", "not_found", true},
        {"error and message", "{\"error\":\"invalid_request\",\"message\":\"no name\"}",
         "invalid_request; no name", "invalid_request", true},
        {"errors as texts", "{\"errors\":[\"one\",\"two\"]}", "one; two", "", true},
        {"Kraken's list", "{\"error\":[\"EAPI:Invalid nonce\"]}", "EAPI:Invalid nonce", "", true},
        {"error as an object", "{\"error\":{\"code\":\"E42\",\"message\":\"no\"}}", "E42; no", "E42", true},
        {"errors as objects", "{\"errors\":[{\"field\":\"phone\",\"message\":\"is invalid\"}]}",
         "field: phone; is invalid", "", true},
        {"errors by field", "{\"errors\":{\"email\":[\"is taken\",\"is long\"]}}",
         "email: is taken; email: is long", "", true},
        {"a code as a number", "{\"code\":1042,\"message\":\"no\"}", "1042; no", "1042", false},
        {"error_code", "{\"error_code\":\"bad.phone\",\"details\":{\"path\":\"phone\"}}",
         "bad.phone; path: phone", "bad.phone", false},
        {"details of details", "{\"details\":[{\"path\":\"a\",\"info\":{\"why\":[\"x\"]}}]}",
         "path: a; why: x", "", false},
        {"a message alone", "{\"message\":\"Forbidden\",\"id\":\"r-1\"}", "Forbidden", "", false},
        {"members that say nothing of an error", "{\"data\":{\"id\":\"A\"}}", "{\"data\":{\"id\":\"A\"}}", "",
         false},
        {"an empty error", "{\"error\":[],\"message\":\"\"}", "{\"error\":[],\"message\":\"\"}", "", false},
        {"error null", "{\"error\":null,\"data\":1}", "{\"error\":null,\"data\":1}", "", false},
        {"error false", "{\"error\":false}", "false", "", false},
        {"error true", "{\"error\":true}", "true", "", true},
        {"an empty errors object", "{\"errors\":{}}", "{\"errors\":{}}", "", false},
        {"a text", "\"just words\"", "just words", "", false},
        {"an array", "[{\"message\":\"one\"},\"two\"]", "one; two", "", false},
        {"escapes", "{\"error\":\"caf\\u00e9\\n\"}", "café\n", "", true},
        {"a code that is a sentence is none", "{\"code\":\"not a code\"}", "not a code", "", false},
        {"a code that is a link is none", "{\"error\":\"https://verify.example.com/a1b2\"}",
         "https://verify.example.com/a1b2", "", true},
        {"a code that is an address is none", "{\"code\":\"a@example.com\"}", "a@example.com", "", false},
        {"not JSON", "<html>502 Bad Gateway</html>", "<html>502 Bad Gateway</html>", "", false},
        {"cut JSON", "{\"error\":\"x", "{\"error\":\"x", "", false},
        {"nothing", "", "", "", false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct reply_body answer;
        reply_body_read(&answer, slice_from(examples[i].body));
        if (!slice_is(buffer_slice(&answer.text), examples[i].text))
            fail_msg("%s: text `%s`", examples[i].sentence, answer.text.data);
        if (!slice_is(answer.code, examples[i].code))
            fail_msg("%s: code `%.*s`", examples[i].sentence, (int)answer.code.len, answer.code.data);
        if (answer.has_error != examples[i].has_error)
            fail_msg("%s: has_error", examples[i].sentence);
        reply_body_clear(&answer);
    }
}

static void a_value_is_found_by_its_path(void **state)
{
    (void)state;
    struct reply_body answer;
    reply_body_read(&answer,
                    slice_from("{\"data\":{\"id\":\"A1\",\"n\":7,\"list\":[1],\"none\":null},\"id\":\"B\"}"));
    assert_true(slice_is(reply_body_value(&answer, "data.id"), "A1"));
    assert_true(slice_is(reply_body_value(&answer, "data.n"), "7"));
    assert_true(slice_is(reply_body_value(&answer, "id"), "B"));
    assert_int_equal(reply_body_value(&answer, "data").len, 0);
    assert_int_equal(reply_body_value(&answer, "data.list").len, 0);
    assert_int_equal(reply_body_value(&answer, "data.none").len, 0);
    assert_int_equal(reply_body_value(&answer, "data.id.more").len, 0);
    assert_int_equal(reply_body_value(&answer, "missing.id").len, 0);
    reply_body_clear(&answer);
    reply_body_read(&answer, slice_from("no json"));
    assert_int_equal(reply_body_value(&answer, "data.id").len, 0);
    reply_body_clear(&answer);
}

static void a_phrase_is_found_anywhere_in_the_error_text(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        bool want;
    } examples[] = {
        {"{\"error\":[\"EAPI:Invalid nonce\"]}", true},
        {"{\"errors\":[{\"msg\":\"x\"},{\"msg\":\"INVALID NONCE\"}]}", true},
        {"{\"message\":\"invalid nonce, too low\"}", true},
        {"Invalid nonce", true},
        {"{\"error\":\"EAPI:Invalid key\"}", false},
        {"{\"note\":\"Invalid nonce\",\"error\":\"Invalid key\"}", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct reply_body answer;
        reply_body_read(&answer, slice_from(examples[i].body));
        assert_int_equal(reply_body_mentions(&answer, "invalid nonce"), examples[i].want);
        reply_body_clear(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_bodies_are_read_in_all_their_shapes),
        cmocka_unit_test(a_value_is_found_by_its_path),
        cmocka_unit_test(a_phrase_is_found_anywhere_in_the_error_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reply_body", tests, NULL, NULL);
}
