/* What a text that begins as JSON holds, and the jq line for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_shape.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* `whole 2 breaks`, the command. */
static const char *describe(const char *text, char out[256])
{
    struct json_shape shape;
    char command[JSON_SHAPE_COMMAND_SIZE];
    if (!json_shape_read(slice_from(text), &shape))
        return "other";
    snprintf(out, 256, "%s%s%s %zu%s%s",
             shape.is_array             ? "array"
             : json_shape_wraps(&shape) ? "wrapper"
                                        : "object",
             shape.is_whole ? "" : " cut", shape.has_line_breaks ? " lines" : "", shape.count,
             shape.count ? " " : "", shape.count ? json_shape_command(&shape, command) : "");
    return out;
}

static void the_shape_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want;
    } cases[] = {
        {"nothing", "", "other"},
        {"CSV", "id,name\n1,2", "other"},
        {"CSV with brackets", "[id],[name]", "other"},
        {"CSV with braces", "{id},{name}", "other"},
        {"a record", "{\"id\":1,\"tags\":[\"a\"]}", "object 0"},
        {"an array of records", " [{\"id\":1},{\"id\":2}]", "array 2 jq -c '.[]' FILE"},
        {"an empty array", "[]", "array 0"},
        {"a byte order mark", "\xef\xbb\xbf[{}]", "array 1 jq -c '.[]' FILE"},
        {"a wrapper", "{\"users\":[{\"id\":1},{\"id\":2}]}", "wrapper 2 jq -c '.users[]' FILE"},
        {"with what a reply has",
         "{\"object\":\"list\",\"hasMore\":false,\"data\":[{},{}],\"next_page\":null}",
         "wrapper 2 jq -c '.data[]' FILE"},
        {"annotations", "{\"@odata.context\":\"x\",\"value\":[{}]}", "wrapper 1 jq -c '.value[]' FILE"},
        {"within objects", "{\"took\":3,\"hits\":{\"total\":2,\"hits\":[{\"_id\":1},{}]}}",
         "wrapper 2 jq -c '.hits.hits[]' FILE"},
        {"the largest of several arrays", "{\"users\":[{},{}],\"errors\":[{}]}",
         "wrapper 2 jq -c '.users[]' FILE"},
        {"a customer with addresses", "{\"id\":1,\"addresses\":[{},{}]}",
         "object 2 jq -c '.addresses[]' FILE"},
        {"arrays in elements do not count", "{\"users\":[{\"a\":[{},{},{}]}]}",
         "wrapper 1 jq -c '.users[]' FILE"},
        {"an array of more than objects", "{\"users\":[{},1]}", "object 0"},
        {"a name for the shell", "{\"it's\":[{}]}", "wrapper 1 jq -c '.NAME[]' FILE"},
        {"a name with a blank", "{\"all users\":[{}]}", "wrapper 1 jq -c '.NAME[]' FILE"},
        {"several lines", "{\n  \"id\": 1\n}\n", "object lines 0"},
        {"a wrapper on several lines", "{\"users\": [\n{\"id\":1},\n{\"id\":2}\n]}\n",
         "wrapper lines 2 jq -c '.users[]' FILE"},
        {"a line break behind it is none within it", "{\"id\":1}\n{\"id\":2}\n", "object 0"},
        {"a wrapper that goes on", "{\"users\":[{\"id\":1},{\"id\":2},{\"i",
         "wrapper cut 3 jq -c '.users[]' FILE"},
        {"brackets in a text", "{\"id\":\"}]\\\"\"}", "object 0"},
        {"a line cut in a name", "{\"id\":1,\"na\n{\"id\":2}\n", "other"},
        {"a line cut behind a name", "{\"id\":1,\"name\"\n{\"id\":2}\n", "other"},
        {"a line cut behind a comma", "{\"id\":1,\n{\"id\":2}\n", "other"},
        {"a line cut in a number", "{\"id\":1\n{\"id\":2}\n", "other"},
        {"a line cut in an array", "{\"a\":[\n{\"id\":2}\n{\"id\":3}\n", "other"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[256];
        const char *got = describe(cases[i].text, out);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: %s", cases[i].sentence, got);
    }
}

static void a_text_nested_too_deep_is_none(void **state)
{
    (void)state;
    char text[256] = "";
    struct json_shape shape;
    memset(text, '[', 64);
    assert_true(json_shape_read(slice_from(text), &shape));
    memset(text, '[', 65);
    assert_false(json_shape_read(slice_from(text), &shape));
}

/* Each beginning of a text that is whole is one that goes on, or is blank. */
static void every_beginning_goes_on(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\": [ {\"b\" : -1.5e+3 , \"c\":\"\\\"\"} ,{} ], \"d\":true,\n\"e\":{\"f\":null}}";
    for (size_t len = 1; len < sizeof text - 1; len++) {
        struct json_shape shape;
        assert_true(json_shape_read(slice_make(text, len), &shape));
        assert_false(shape.is_whole);
        assert_true(shape.end == len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shape_of_a_text),
        cmocka_unit_test(a_text_nested_too_deep_is_none),
        cmocka_unit_test(every_beginning_goes_on),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_shape", tests, NULL, NULL);
}
