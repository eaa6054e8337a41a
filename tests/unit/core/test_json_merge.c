#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_merge.h"

/* The examples of RFC 7396, appendix A, of patches that are objects or values, and a few of our own. */
static void a_patch_replaces_and_null_removes(void **state)
{
    (void)state;
    static const struct {
        const char *target, *patch, *want;
    } cases[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{\"a\":1.50}", "{ \"b\" : [ -0, {} , \"\\u00e9\" ] }", "{\"a\":1.50,\"b\":[-0,{},\"\xc3\xa9\"]}"},
    };
    struct json_reader *first = json_reader_new(), *second = json_reader_new();
    struct json_fault fault;
    size_t count;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        const struct json_node *target =
            json_reader_parse(first, slice_from(cases[i].target), &count, &fault);
        const struct json_node *patch = json_reader_parse(second, slice_from(cases[i].patch), &count, &fault);
        json_merge_write(&out, target, 0, patch, 0);
        if (!slice_is(buffer_slice(&out), cases[i].want))
            fail_msg("%s and %s: %.*s", cases[i].target, cases[i].patch, (int)out.len, out.data);
        buffer_clear(&out);
    }
    json_reader_free(first);
    json_reader_free(second);
}

static void a_member_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    char out[sizeof "{\"a\":12,\"b\":3}"]; /* to the last byte */
    struct json_bounded object;
    json_bounded_begin(&object, out, sizeof out);
    json_bounded_key(&object, SLICE_LITERAL("a"));
    buffer_append_text(&object.member, "12");
    assert_true(json_bounded_add(&object));
    json_bounded_key(&object, SLICE_LITERAL("c"));
    buffer_append_text(&object.member, "34");
    assert_false(json_bounded_add(&object));
    json_bounded_key(&object, SLICE_LITERAL("b"));
    buffer_append_text(&object.member, "3");
    assert_true(json_bounded_add(&object));
    json_bounded_end(&object);
    assert_string_equal(out, "{\"a\":12,\"b\":3}");

    json_bounded_begin(&object, out, sizeof out);
    json_bounded_end(&object);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patch_replaces_and_null_removes),
        cmocka_unit_test(a_member_that_does_not_fit_is_left_out_whole),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_merge", tests, NULL, NULL);
}
