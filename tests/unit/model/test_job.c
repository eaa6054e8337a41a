#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "model/job.h"

struct fail_case {
    const char *sentence, *text;
    struct job_place place;
    const char *want;
};

#define LONG_LINE                                                                                            \
    "a: "                                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "0123456789012345678901234567890123456789012345678901234567890123456789"
#define LONG_SHOWN                                                                                           \
    "a: "                                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "012345678901234567890123456789012345678901234567890123456"

static void a_message_shows_the_place_the_line_and_a_caret(void **state)
{
    (void)state;
    static const struct fail_case cases[] = {
        {"a place in the middle",
         "job: a\nfields:\n  emial: x\nrules:\n",
         {3, 3},
         "demo.yaml:3:3: no 7\n      emial: x\n      ^"},
        {"the last line without its end", "job: a\nfoo: b", {2, 1}, "demo.yaml:2:1: no 7\n    foo: b\n    ^"},
        {"lines that end in CRLF",
         "job: a\r\nfoo: b\r\n",
         {2, 6},
         "demo.yaml:2:6: no 7\n    foo: b\n         ^"},
        {"a tab stays a tab", "\ta:\tb\n", {1, 5}, "demo.yaml:1:5: no 7\n    \ta:\tb\n    \t  \t^"},
        {"a character is one column", "é: ü x\n", {1, 6}, "demo.yaml:1:6: no 7\n    é: ü x\n         ^"},
        {"behind the end of the line", "a: b\n", {1, 5}, "demo.yaml:1:5: no 7\n    a: b\n        ^"},
        {"far behind the end", "a: b\n", {1, 50}, "demo.yaml:1:50: no 7\n    a: b"},
        {"no such line", "a: b\n", {9, 1}, "demo.yaml:9:1: no 7"},
        {"no place", "a: b\n", {0, 0}, "demo.yaml: no 7"},
        {"an empty file", "", {1, 1}, "demo.yaml:1:1: no 7"},
        {"a long line is cut", LONG_LINE "\n", {1, 4}, "demo.yaml:1:4: no 7\n    " LONG_SHOWN " …\n       ^"},
        {"a literal secret is not shown",
         "  api_key: fake-secret\n",
         {1, 12},
         "demo.yaml:1:12: no 7\n      api_key: …\n               ^"},
        {"nor one in quotes in a flow",
         "x: {api_key: env:A, api_secret: \"fake-secret\"}\n",
         {1, 33},
         "demo.yaml:1:33: no 7\n    x: {api_key: env:A, api_secret: …\n                                    ^"},
        {"nor one of a provider that is new",
         "  access_key: fake-secret\n",
         {1, 15},
         "demo.yaml:1:15: no 7\n      access_key: …\n                  ^"},
        {"a reference is",
         "  token: file:PATH\n",
         {1, 10},
         "demo.yaml:1:10: no 7\n      token: file:PATH\n             ^"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job job = {.path = "demo.yaml", .text = slice_from(cases[i].text)};
        struct error error = {0};
        assert_int_equal(job_fail(&job, cases[i].place, &error, "no %d", 7), -1);
        assert_int_equal(error.scope, ERROR_USAGE);
        if (strcmp(error.text, cases[i].want) != 0)
            fail_msg("%s:\n%s\nis not\n%s", cases[i].sentence, error.text, cases[i].want);
    }
}

static void the_mapping_of_a_field_is_found(void **state)
{
    (void)state;
    struct job_mapping mappings[] = {{.field = FIELD_EXTERNAL_ID}, {.field = FIELD_CITY}};
    struct job job = {.mappings = mappings, .mapping_count = 2};
    assert_ptr_equal(job_mapping_of(&job, FIELD_CITY), &mappings[1]);
    assert_null(job_mapping_of(&job, FIELD_EMAIL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_shows_the_place_the_line_and_a_caret),
        cmocka_unit_test(the_mapping_of_a_field_is_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
