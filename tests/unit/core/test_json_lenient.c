/* Lines of an export that hold what is no Unicode: the value suffers, not the line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/json_repair.h"
#include "core/memory.h"

#define FFFD "\xef\xbf\xbd"

static struct json_reader *reader;
static char *padded;

static int setup(void **state)
{
    (void)state;
    reader = json_reader_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    json_reader_free(reader);
    free(padded);
    return 0;
}

/* text with its padding of bytes that would be wrong, alone on the heap. */
static struct slice pad(struct slice text)
{
    free(padded);
    padded = memory_new(text.len + JSON_PADDING, 1);
    memcpy(padded, text.data, text.len);
    memset(padded + text.len, '"', JSON_PADDING);
    return slice_make(padded, text.len);
}

struct text_case {
    const char *sentence;
    struct slice text;
    const char *want; /* the texts of all scalars, each with a | behind it */
    bool repaired;
};

#define TEXT(sentence, text, want, repaired)                                                                 \
    {                                                                                                        \
        sentence, {text, sizeof(text) - 1}, want, repaired                                                   \
    }

static void a_value_suffers_and_not_the_line(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        TEXT("a good line", "{\"a\":\"\xc3\xa9\",\"b\":[1,null]}", "\xc3\xa9|1|null|", false),
        TEXT("escapes", "[\"\\u00e9\\n\\\"\",\"x\"]", "\xc3\xa9\n\"|x|", false),
        TEXT("a pair of surrogates", "[\"\\uD83D\\uDE00\"]", "\xf0\x9f\x98\x80|", false),
        TEXT("a byte that is not UTF-8", "[\"a\xff\",\"b\"]", "a" FFFD "|b|", true),
        TEXT("two of them", "[\"\xe9t\xe9\"]", FFFD "t" FFFD "|", true),
        TEXT("a character that a quote cuts off", "[\"\xe2\x82\",\"b\"]", FFFD FFFD "|b|", true),
        TEXT("an overlong form", "[\"\xc0\xaf\"]", FFFD FFFD "|", true),
        TEXT("a surrogate as bytes", "[\"\xed\xa0\x80\"]", FFFD FFFD FFFD "|", true),
        TEXT("a lone high surrogate", "[\"x\\ud800\",\"b\"]", "x" FFFD "|b|", true),
        TEXT("a lone low one", "[\"\\uDC00x\"]", FFFD "x|", true),
        TEXT("a high one before another escape", "[\"\\ud800\\n\"]", FFFD "\n|", true),
        TEXT("two high ones and a low one", "[\"\\ud800\\ud83d\\ude00\"]", FFFD "\xf0\x9f\x98\x80|", true),
        TEXT("an escaped backslash before a u", "[\"\\\\ud800\xff\"]", "\\ud800" FFFD "|", true),
        TEXT("a bad byte after an escaped quote", "[\"\\\"\xff\"]", "\"" FFFD "|", true),
        TEXT("both kinds", "{\"\xff\":\"\\udfff\"}", FFFD "|", true),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_fault fault = {0};
        size_t count;
        bool repaired;
        const struct json_node *nodes =
            json_reader_parse_lenient(reader, pad(cases[i].text), &count, &repaired, &fault);
        if (!nodes)
            fail_msg("%s: %s at %zu", cases[i].sentence, fault.message, fault.offset);
        struct buffer got;
        buffer_init(&got, 1000);
        for (size_t index = 0; index < count; index++) {
            if (nodes[index].kind == JSON_OBJECT || nodes[index].kind == JSON_ARRAY)
                continue;
            buffer_append(&got, nodes[index].text);
            buffer_append_char(&got, '|');
        }
        if (!slice_is(buffer_slice(&got), cases[i].want) || repaired != cases[i].repaired)
            fail_msg("%s: %s instead of %s", cases[i].sentence, got.data, cases[i].want);
        buffer_clear(&got);
    }
}

struct fault_case {
    const char *sentence;
    struct slice text;
    size_t offset;
};

#define FAULT(sentence, text, offset)                                                                        \
    {                                                                                                        \
        sentence, {text, sizeof(text) - 1}, offset                                                           \
    }

static void a_line_that_is_no_json_is_a_fault_with_its_place(void **state)
{
    (void)state;
    static const struct fault_case cases[] = {
        FAULT("a bad byte outside of a string", "{\"a\":1}\xff", 7),
        FAULT("a bad byte for a value", "{\"a\":\xff}", 5),
        FAULT("a bad byte after a backslash", "{\"a\":\"\\\xff\"}", 5),
        FAULT("a string that does not end", "{\"a\":1,\"b", 7),
        FAULT("a control character", "{\"a\":\"x\ty\"}", 7),
        FAULT("a wrong escape", "{\"a\":\"\\x\"}", 5),
        FAULT("a member named twice", "{\"a\":1,\"b\":2,\"a\":3}", 13),
        FAULT("twice, behind what was repaired", "{\"\xff\":\"\xff\",\"a\":2,\"a\":3}", 15),
        FAULT("a number that is none", "{\"a\":1,\"b\":01}", 11),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_fault fault = {0};
        size_t count;
        bool repaired;
        if (json_reader_parse_lenient(reader, pad(cases[i].text), &count, &repaired, &fault))
            fail_msg("%s was accepted", cases[i].sentence);
        if (fault.offset != cases[i].offset)
            fail_msg("%s: at %zu instead of %zu (%s)", cases[i].sentence, fault.offset, cases[i].offset,
                     fault.message);
    }
}

static void strings_without_escapes_are_slices_of_the_line(void **state)
{
    (void)state;
    struct slice line = pad(SLICE_LITERAL(" {\"key\": \"value\", \"other\\n\" : [ 12 ] }"));
    struct json_fault fault;
    size_t count;
    bool repaired;
    const struct json_node *nodes = json_reader_parse_lenient(reader, line, &count, &repaired, &fault);
    assert_int_equal(count, 4);
    assert_ptr_equal(nodes[1].text.data, line.data + 10);
    assert_ptr_equal(nodes[1].key.data, line.data + 3);
    static const size_t places[] = {1, 2, 18, 32};
    for (size_t index = 0; index < count; index++)
        assert_int_equal(nodes[index].offset, places[index]);
}

static void a_repaired_place_is_found_again(void **state)
{
    (void)state;
    struct slice text = SLICE_LITERAL("{\"\xff\xff\":\"\\ud800\"}");
    char out[64];
    size_t len = json_repair(text, out);
    assert_true(slice_is(slice_make(out, len), "{\"" FFFD FFFD "\":\"\\ufffd\"}"));
    assert_int_equal(json_repair_origin(text, 0), 0);
    assert_int_equal(json_repair_origin(text, 5), 3);
    assert_int_equal(json_repair_origin(text, 8), 4);
    assert_int_equal(json_repair_origin(text, len), text.len);
    assert_int_equal(json_repair_find(text), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_suffers_and_not_the_line),
        cmocka_unit_test(a_line_that_is_no_json_is_a_fault_with_its_place),
        cmocka_unit_test(strings_without_escapes_are_slices_of_the_line),
        cmocka_unit_test(a_repaired_place_is_found_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_lenient", tests, setup, teardown);
}
