/* same_json: two JSON texts compared member by member; after cmocka.h. */
#ifndef TESTS_UNIT_PROVIDER_SAME_JSON_H
#define TESTS_UNIT_PROVIDER_SAME_JSON_H

#include <string.h>

#include "core/json.h"

/* Two JSON texts with the same members and values, in any order of the members. */
static inline void assert_same_node(const struct json_node *a, size_t at_a, const struct json_node *b,
                                    size_t at_b)
{
    assert_int_equal(a[at_a].kind, b[at_b].kind);
    assert_int_equal(a[at_a].children, b[at_b].children);
    if (!slice_equal(a[at_a].text, b[at_b].text))
        fail_msg("`%.*s` is not `%.*s`", (int)a[at_a].text.len, a[at_a].text.data, (int)b[at_b].text.len,
                 b[at_b].text.data);
    size_t other = at_b + 1;
    for (size_t child = at_a + 1; child < a[at_a].end; child = a[child].end) {
        if (a[at_a].kind == JSON_OBJECT) {
            char key[64] = "";
            memcpy(key, a[child].key.data, a[child].key.len);
            other = json_member(b, at_b, key);
            if (other == 0)
                fail_msg("no member %s", key);
            assert_same_node(a, child, b, other);
        } else {
            assert_same_node(a, child, b, other);
            other = b[other].end;
        }
    }
}

static inline void assert_same_json(struct slice got, const char *want)
{
    struct json_reader *one = json_reader_new(), *two = json_reader_new();
    struct json_fault fault;
    size_t count;
    const struct json_node *a = json_reader_parse(one, got, &count, &fault);
    const struct json_node *b = json_reader_parse(two, slice_from(want), &count, &fault);
    assert_non_null(a);
    assert_non_null(b);
    assert_same_node(a, 0, b, 0);
    json_reader_free(one);
    json_reader_free(two);
}

#endif
