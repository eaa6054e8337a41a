/* Which records are DynamoDB's, and that no other value is unwrapped. tests/unit/rules/test_ndjson.c has what
 * each wrapper becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/json_typed.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static void a_record_of_dynamodb_is_known_by_all_its_members(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
        bool want;
    } cases[] = {
        {"a full export", "{\"Item\":{\"id\":{\"S\":\"1\"},\"n\":{\"N\":\"2\"}}}", true},
        {"an item alone", "{\"id\":{\"S\":\"1\"},\"l\":{\"L\":[]},\"m\":{\"M\":{}},\"b\":{\"BOOL\":true}}",
         true},
        {"an incremental export",
         "{\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1\"}},\"Keys\":{\"id\":{\"S\":\"1\"}},"
         "\"NewImage\":{\"id\":{\"S\":\"1\"}}}",
         true},
        {"an attribute named as an image", "{\"Item\":{\"S\":\"1\"},\"id\":{\"S\":\"1\"}}", true},
        {"with the members of a reject file", "{\"Item\":{\"id\":{\"S\":\"1\"}},\"kyc_row\":1}", true},
        {"an item with them", "{\"id\":{\"S\":\"1\"},\"kyc_row\":1,\"kyc_verdicts\":\"x\"}", true},
        {"an attribute without a letter", "{\"Item\":{\"id\":{\"S\":\"1\"},\"n\":2}}", false},
        {"a member beside the item", "{\"Item\":{\"id\":{\"S\":\"1\"}},\"n\":2}", false},
        {"a plain record", "{\"id\":\"1\",\"n\":{\"N\":\"2\"}}", false},
        {"a letter with another kind of value", "{\"id\":{\"S\":1}}", false},
        {"two letters", "{\"id\":{\"S\":\"1\",\"N\":\"1\"}}", false},
        {"an unknown letter", "{\"id\":{\"X\":\"1\"}}", false},
        {"an empty item", "{\"Item\":{}}", false},
        {"an empty record", "{}", false},
        {"an array", "[{\"S\":\"1\"}]", false},
        {"a text", "\"S\"", false},
    };
    struct json_reader *reader = json_reader_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count;
        struct json_fault fault;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(cases[i].text), &count, &fault);
        if (json_typed_is_dynamodb(nodes) != cases[i].want)
            fail_msg("%s", cases[i].sentence);
    }
    json_reader_free(reader);
}

static void what_has_no_wrapper_stays(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1",
        "null",
        "true",
        "\"$oid\"",
        "[]",
        "{}",
        "{\"S\":\"x\"}",
        "{\"oid\":\"x\"}",
        "{\"$oid\":null}",
        "{\"$date\":null}",
        "{\"$date\":{\"$numberLong\":\"x\"}}",
        "{\"$binary\":\"AA==\",\"$type\":\"00\"}",
        "{\"$numberLong\":\"1\",\"x\":2}",
        "{\"$regex\":\"a\"}",
    };
    struct json_reader *reader = json_reader_new();
    for (size_t i = 0; i < COUNT(texts); i++) {
        size_t count;
        struct json_fault fault;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(texts[i]), &count, &fault);
        struct json_typed typed = json_typed_unwrap(nodes, 0, false);
        if (typed.index != 0 || typed.form != JSON_TYPED_PLAIN)
            fail_msg("%s", texts[i]);
    }
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_of_dynamodb_is_known_by_all_its_members),
        cmocka_unit_test(what_has_no_wrapper_stays),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_typed", tests, NULL, NULL);
}
