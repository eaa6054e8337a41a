#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/memory.h"

static struct json_reader *reader;

static int reader_setup(void **state)
{
    (void)state;
    reader = json_reader_new();
    return 0;
}

static int reader_teardown(void **state)
{
    (void)state;
    json_reader_free(reader);
    return 0;
}

/* The nodes as text again: kinds, keys and texts, so that one table can tell all. */
static void describe(const struct json_node *nodes, size_t index, struct buffer *out)
{
    static const char letters[] = {'0', 'b', 'n', 's', '[', '{'};
    const struct json_node *node = &nodes[index];
    if (node->key.len) {
        buffer_append(out, node->key);
        buffer_append_char(out, '=');
    }
    buffer_append_char(out, letters[node->kind]);
    buffer_append(out, node->text);
    uint32_t children = 0;
    for (size_t child = index + 1; child < node->end; child = nodes[child].end) {
        buffer_append_char(out, ' ');
        describe(nodes, child, out);
        children++;
    }
    assert_int_equal(children, node->children);
    if (node->kind == JSON_ARRAY)
        buffer_append_char(out, ']');
    if (node->kind == JSON_OBJECT)
        buffer_append_char(out, '}');
}

struct good_case {
    const char *sentence, *text, *want;
};

static void json_is_read_as_a_flat_array_of_nodes(void **state)
{
    (void)state;
    static const struct good_case cases[] = {
        {"an empty object", "{}", "{}"},
        {"an empty array with blanks", " [ ] \n", "[]"},
        {"members and nesting", "{\"a\":1,\"b\":{\"c\":[true,null,\"x\"]},\"d\":[]}",
         "{ a=n1 b={ c=[ btrue 0null sx]} d=[]}"},
        {"a long number keeps its digits", "[123456789012345678901234567890.10e+400]",
         "[ n123456789012345678901234567890.10e+400]"},
        {"blanks after a scalar are not its text", "[ 1 , true , null ]", "[ n1 btrue 0null]"},
        {"minus zero", "-0", "n-0"},
        {"a number on top", " 12 ", "n12"},
        {"a string on top", "\"a\"", "sa"},
        {"true on top", "true\n", "btrue"},
        {"null on top", "null", "0null"},
        {"escapes", "[\"\\u00e9\\ud83d\\ude00\\n\\/\"]", "[ s\xc3\xa9\xf0\x9f\x98\x80\n/]"},
        {"an escaped key", "{\"\\u0061\":1}", "{ a=n1}"},
        {"keys that differ in case", "{\"a\":1,\"A\":2}", "{ a=n1 A=n2}"},
        {"the same key in two objects", "{\"a\":{\"a\":1}}", "{ a={ a=n1}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count;
        struct json_fault fault = {0};
        const struct json_node *nodes = json_reader_parse(reader, slice_from(cases[i].text), &count, &fault);
        if (!nodes)
            fail_msg("%s: %s at %zu", cases[i].sentence, fault.message, fault.offset);
        assert_int_equal(nodes[0].end, count);
        struct buffer out;
        buffer_init(&out, 10000);
        describe(nodes, 0, &out);
        assert_string_equal(out.data, cases[i].want);
        buffer_clear(&out);
    }
}

struct bad_case {
    const char *sentence;
    struct slice text;
};

#define BAD(sentence, text)                                                                                  \
    {                                                                                                        \
        sentence,                                                                                            \
        {                                                                                                    \
            text, sizeof(text) - 1                                                                           \
        }                                                                                                    \
    }

static void what_is_not_json_is_a_fault(void **state)
{
    (void)state;
    static const struct bad_case cases[] = {
        BAD("nothing", ""),
        BAD("blanks only", " \n"),
        BAD("an open object", "{"),
        BAD("an open array", "[1"),
        BAD("an object that ends as an array", "{\"a\":1]"),
        BAD("a nested one that ends wrongly", "{\"a\":[1}]"),
        BAD("two values", "1 2"),
        BAD("two objects", "{} {}"),
        BAD("something after an object", "{\"a\":1} x"),
        BAD("a bracket after an object", "{\"a\":1}}"),
        BAD("something after a string", "\"a\" \"b\""),
        BAD("a comma after a string", "\"a\","),
        BAD("a trailing comma in an array", "[1,]"),
        BAD("a trailing comma in an object", "{\"a\":1,}"),
        BAD("a leading comma", "[,1]"),
        BAD("two commas", "[1,,2]"),
        BAD("no comma", "[1 2]"),
        BAD("no comma between strings", "[\"a\"\"b\"]"),
        BAD("no colon", "{\"a\" 1}"),
        BAD("no value", "{\"a\":}"),
        BAD("a key that is no string", "{a:1}"),
        BAD("a number as key", "{1:1}"),
        BAD("a leading zero", "[01]"),
        BAD("a plus", "[+1]"),
        BAD("a lone minus", "[-]"),
        BAD("a point without digits", "[1.]"),
        BAD("a leading point", "[.5]"),
        BAD("an exponent without digits", "[1e]"),
        BAD("a hexadecimal number", "[0x10]"),
        BAD("NaN", "[NaN]"),
        BAD("a broken true", "[tru]"),
        BAD("a long true", "[truex]"),
        BAD("a broken null on top", "nul"),
        BAD("True", "True"),
        BAD("a number with letters on top", "12a"),
        BAD("a lone high surrogate", "[\"\\ud800\"]"),
        BAD("a wrong escape", "[\"\\x\"]"),
        BAD("a short unicode escape", "[\"\\u12\"]"),
        BAD("a raw newline in a string", "[\"a\nb\"]"),
        BAD("a wrong escape in a key", "{\"\\q\":1}"),
        BAD("an open string", "[\"a]"),
        BAD("a byte that is not UTF-8", "[\"\xff\"]"),
        BAD("a NUL after the value", "{}\0"),
        BAD("a NUL after a scalar", "1\0"),
        BAD("a NUL on top", "\0"),
        BAD("a member named twice", "{\"a\":1,\"b\":2,\"a\":3}"),
        BAD("twice, once escaped", "{\"a\":1,\"\\u0061\":3}"),
        BAD("twice within", "[{\"x\":{\"a\":1,\"a\":1}}]"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 7;
        struct json_fault fault = {0};
        if (json_reader_parse(reader, cases[i].text, &count, &fault))
            fail_msg("%s was accepted", cases[i].sentence);
        assert_non_null(fault.message);
        assert_true(fault.offset <= cases[i].text.len);
    }
}

static void a_fault_has_its_offset(void **state)
{
    (void)state;
    size_t count;
    struct json_fault fault = {0};
    assert_null(json_reader_parse(reader, SLICE_LITERAL("{\"a\":1,\"b\":01}"), &count, &fault));
    assert_int_equal(fault.offset, 11);
    assert_null(json_reader_parse(reader, SLICE_LITERAL("[1, \"\\q\"]"), &count, &fault));
    assert_int_equal(fault.offset, 4);
}

static struct buffer nested(size_t depth)
{
    struct buffer text;
    buffer_init(&text, 100000);
    for (size_t i = 0; i < depth; i++)
        buffer_append_text(&text, i % 2 ? "{\"k\":" : "[");
    buffer_append_text(&text, "1");
    for (size_t i = depth; i-- > 0;)
        buffer_append_text(&text, i % 2 ? "}" : "]");
    return text;
}

static void nesting_is_read_to_64_levels_and_no_deeper(void **state)
{
    (void)state;
    size_t count;
    struct json_fault fault = {0};
    static const struct {
        size_t depth;
        bool good;
    } cases[] = {{64, true}, {65, false}, {1023, false}, {1025, false}, {5000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buffer text = nested(cases[i].depth);
        assert_int_equal(cases[i].good,
                         json_reader_parse(reader, buffer_slice(&text), &count, &fault) != NULL);
        buffer_clear(&text);
    }
}

static void repeats_among_many_members_are_found(void **state)
{
    (void)state;
    for (int repeat = 0; repeat < 2; repeat++) {
        struct buffer text;
        buffer_init(&text, 10000000);
        buffer_append_text(&text, "{");
        for (int i = 0; i < 20000; i++)
            buffer_printf(&text, "\"key%d\":{\"v\":%d},", i, i);
        buffer_printf(&text, "\"%s\":0}", repeat ? "key777" : "last");
        size_t count;
        struct json_fault fault = {0};
        const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&text), &count, &fault);
        assert_int_equal(nodes != NULL, !repeat);
        if (nodes)
            assert_int_equal(nodes[0].children, 20001);
        buffer_clear(&text);
    }
}

static void a_member_is_found_by_its_name(void **state)
{
    (void)state;
    size_t count;
    struct json_fault fault;
    const struct json_node *nodes = json_reader_parse(
        reader, SLICE_LITERAL("{\"in\":{\"id\":1},\"id\":\"x\",\"list\":[1]}"), &count, &fault);
    size_t index = json_member(nodes, 0, "id");
    assert_true(slice_is(nodes[index].text, "x"));
    assert_int_equal(json_member(nodes, 0, "none"), 0);
    assert_int_equal(json_member(nodes, json_member(nodes, 0, "list"), "id"), 0);
    assert_int_equal(json_member(nodes, index, "id"), 0);
}

/* RFC 8259, 8.1: a reader may ignore it. Services on Windows and files saved with one put it before their
 * answers. */
static void a_byte_order_mark_before_the_text_is_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
        bool is_json;
        size_t fault;
    } examples[] = {
        {"an object", "\xef\xbb\xbf{\"id\":\"x\"}", true, 0},
        {"an array", "\xef\xbb\xbf[1]", true, 0},
        {"a scalar", "\xef\xbb\xbf\"x\"", true, 0},
        {"blanks behind it", "\xef\xbb\xbf \n{}", true, 0},
        {"within a string it is a character", "\"\xef\xbb\xbf\"", true, 0},
        {"nothing behind it", "\xef\xbb\xbf", false, 3},
        {"twice", "\xef\xbb\xbf\xef\xbb\xbf{}", false, 3},
        {"behind a blank", " \xef\xbb\xbf{}", false, 1},
        {"half of it", "\xef\xbb{}", false, 0},
        {"the place of a fault counts it", "\xef\xbb\xbf{\"a\":1,\"a\":2}", false, 10},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        size_t count;
        struct json_fault fault = {0};
        bool is_json = json_reader_parse(reader, slice_from(examples[i].text), &count, &fault) != NULL;
        if (is_json != examples[i].is_json || fault.offset != examples[i].fault)
            fail_msg("%s: %d at %zu", examples[i].sentence, is_json, fault.offset);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_is_read_as_a_flat_array_of_nodes, reader_setup, reader_teardown),
        cmocka_unit_test_setup_teardown(what_is_not_json_is_a_fault, reader_setup, reader_teardown),
        cmocka_unit_test_setup_teardown(a_fault_has_its_offset, reader_setup, reader_teardown),
        cmocka_unit_test_setup_teardown(nesting_is_read_to_64_levels_and_no_deeper, reader_setup,
                                        reader_teardown),
        cmocka_unit_test_setup_teardown(repeats_among_many_members_are_found, reader_setup, reader_teardown),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_before_the_text_is_ignored, reader_setup,
                                        reader_teardown),
        cmocka_unit_test_setup_teardown(a_member_is_found_by_its_name, reader_setup, reader_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_read", tests, NULL, NULL);
}
