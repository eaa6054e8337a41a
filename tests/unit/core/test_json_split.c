#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "core/json_split.h"

enum { ELEMENT_MAX = 40 };

struct row {
    const char *sentence, *text;
    const char *want; /* elements, each followed by `|` */
    bool complete;
};

static const struct row rows[] = {
    {"objects in a member", "{\"users\":[{\"id\":1},{\"id\":2}]}", "{\"id\":1}|{\"id\":2}|", true},
    {"blanks around all", " { \"users\" : [ {\"id\": 1} , {\"id\":2}\n] } ", "{\"id\": 1}|{\"id\":2}|", true},
    {"the array itself", "[{\"id\":1},2]", "{\"id\":1}|2|", true},
    {"none", "{\"users\":[]}", "", true},
    {"none, with blanks", "{\"users\":[ ]}", "", true},
    {"brackets in strings", "{\"users\":[{\"a\":\"]}\\\"[\"},{\"b\":\"\\\\\"}]}",
     "{\"a\":\"]}\\\"[\"}|{\"b\":\"\\\\\"}|", true},
    {"nested arrays and objects", "{\"users\":[{\"a\":[1,{\"b\":[]}]},[2,3]]}",
     "{\"a\":[1,{\"b\":[]}]}|[2,3]|", true},
    {"members before and after", "{\"page\":{\"users\":[9]},\"users\":[1],\"next\":[{\"users\":[8]}]}", "1|",
     true},
    {"a value that is the name", "{\"a\":\"users\",\"b\":[7],\"users\":[1]}", "1|", true},
    {"no such member", "{\"people\":[1]}", "", false},
    {"the member is no array", "{\"users\":{\"a\":[1]}}", "", false},
    {"the member is there twice", "{\"users\":[1],\"users\":[2]}", "1|", false},
    {"cut within an element", "{\"users\":[{\"id\":1},{\"id\"", "{\"id\":1}|", false},
    {"cut behind the array", "{\"users\":[1]", "1|", false},
    {"text behind the end", "{\"users\":[1]} x", "1|", false},
    {"two commas", "{\"users\":[1,,2]}", "1|", false},
    {"a comma at the end", "{\"users\":[1,]}", "1|", false},
    {"a comma at the beginning", "{\"users\":[,1]}", "", false},
    {"brackets that do not match", "{\"users\":[{\"a\":[}]}]}", "", false},
    {"an element over the bound", "{\"users\":[1,\"0123456789012345678901234567890123456789\"]}", "1|",
     false},
    {"no text at all", "", "", false},
    {"behind a byte order mark", "\xef\xbb\xbf{\"users\":[1,2]}", "1|2|", true},
    {"a byte order mark and no more", "\xef\xbb\xbf", "", false},
    {"half a byte order mark", "\xef\xbb{\"users\":[1]}", "", false},
    {"two byte order marks", "\xef\xbb\xbf\xef\xbb\xbf{\"users\":[1]}", "", false},

    {"a page of text", "<html>[1]</html>", "", false},
};

struct seen {
    char text[256];
    unsigned count;
};

static bool note(void *context, struct slice element)
{
    struct seen *seen = context;
    size_t len = strlen(seen->text);

    snprintf(seen->text + len, sizeof seen->text - len, "%.*s|", (int)element.len, element.data);
    seen->count++;
    return true;
}

/* In pieces of every length, so that each state meets the end of a piece. */
static void elements_come_one_at_a_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t len = strlen(rows[i].text);
        for (size_t piece = 1; piece <= len + 1; piece++) {
            struct seen seen = {.count = 0};
            struct json_split split;
            json_split_init(&split, "users", ELEMENT_MAX, note, &seen);
            bool good = true;
            for (size_t offset = 0; offset < len; offset += piece)
                good = json_split_add(
                    &split, slice_make(rows[i].text + offset, piece < len - offset ? piece : len - offset));
            if (strcmp(seen.text, rows[i].want) != 0 || json_split_is_complete(&split) != rows[i].complete ||
                (rows[i].complete && !good))
                fail_msg("%s, in pieces of %zu: %s", rows[i].sentence, piece, seen.text);
            json_split_clear(&split);
        }
    }
}

static void what_is_around_the_array_is_kept(void **state)
{
    (void)state;
    static const char text[] =
        "{\"a\":\"]\\\"[\",\"users\":[{\"b\":[1,\"]\"]},2],\"meta\":{\"users\":[7]},\"total\":3}";
    struct seen seen = {.count = 0};
    struct json_split split;
    struct slice around;

    json_split_init(&split, "users", 1000, note, &seen);
    for (size_t i = 0; i + 1 < sizeof text; i++)
        assert_true(json_split_add(&split, slice_make(text + i, 1)));
    assert_true(json_split_is_complete(&split));
    assert_true(json_split_around(&split, &around));
    assert_true(slice_is(around, "{\"a\":\"]\\\"[\",\"users\":[],\"meta\":{\"users\":[7]},\"total\":3}"));
    json_split_reset(&split);
    assert_true(json_split_add(&split, SLICE_LITERAL("{\"users\":[],\"x\":\"")));
    for (size_t i = 0; i <= JSON_SPLIT_AROUND_MAX; i++)
        assert_true(json_split_add(&split, SLICE_LITERAL("x")));
    assert_true(json_split_add(&split, SLICE_LITERAL("\"}")));
    assert_true(json_split_is_complete(&split));
    assert_false(json_split_around(&split, &around));
    json_split_clear(&split);
}

static bool refuse_second(void *context, struct slice element)
{
    note(context, element);
    return ((struct seen *)context)->count < 2;
}

static void a_no_ends_it_and_a_reset_begins_again(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    struct json_split split;

    json_split_init(&split, "users", ELEMENT_MAX, refuse_second, &seen);
    assert_false(json_split_add(&split, SLICE_LITERAL("[1,2,3]")));
    assert_false(json_split_add(&split, SLICE_LITERAL("[4]")));
    assert_string_equal(seen.text, "1|2|");
    seen = (struct seen){.count = 0};
    json_split_reset(&split);
    assert_true(json_split_add(&split, SLICE_LITERAL("[5]")));
    assert_true(json_split_is_complete(&split));
    assert_string_equal(seen.text, "5|");
    json_split_clear(&split);
}

static void nesting_is_bounded(void **state)
{
    (void)state;
    struct seen seen = {.count = 0};
    struct json_split split;
    char text[200];

    memset(text, '[', sizeof text);
    json_split_init(&split, "users", 1000, note, &seen);
    assert_false(json_split_add(&split, slice_make(text, sizeof text)));
    json_split_clear(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_come_one_at_a_time),
        cmocka_unit_test(what_is_around_the_array_is_kept),
        cmocka_unit_test(a_no_ends_it_and_a_reset_begins_again),
        cmocka_unit_test(nesting_is_bounded),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json_split", tests, NULL, NULL);
}
