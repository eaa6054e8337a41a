#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/hash_table.h"

static void an_entry_is_made_once_and_keeps_what_it_is_given(void **state)
{
    (void)state;
    struct hash_table *set = hash_table_new();
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t hash = hash_table_hash(slice_make((const char *)&i, sizeof i));
        hash_table_prefetch(set, hash);
        struct hash_table_entry *entry = hash_table_ensure(set, hash);
        assert_int_equal(entry->mark, 0);
        assert_int_equal(entry->value, 0);
        entry->mark = i + 1;
        entry->value = ~i;
    }
    for (uint32_t i = 0; i < 200000; i++) {
        struct hash_table_entry *entry =
            hash_table_ensure(set, hash_table_hash(slice_make((const char *)&i, sizeof i)));
        assert_int_equal(entry->mark, i + 1);
        assert_int_equal(entry->value, ~i);
    }
    hash_table_free(set);
}

static void room_for_many_keeps_what_is_there(void **state)
{
    (void)state;
    struct hash_table *set = hash_table_new();
    for (uint32_t i = 0; i < 40000; i++) {
        if (i % 10000 == 5000)
            hash_table_reserve(set, (size_t)i * 2);
        hash_table_ensure(set, hash_table_hash(slice_make((const char *)&i, sizeof i)))->mark = i + 1;
    }
    hash_table_reserve(set, 10); /* less than it has */
    for (uint32_t i = 0; i < 40000; i++) {
        struct hash_table_entry *entry =
            hash_table_find(set, hash_table_hash(slice_make((const char *)&i, sizeof i)));
        assert_non_null(entry);
        assert_int_equal(entry->mark, i + 1);
    }
    uint32_t none = 40000;
    assert_null(hash_table_find(set, hash_table_hash(slice_make((const char *)&none, sizeof none))));
    hash_table_free(set);
}

/* Hashes are random; these are the worst: all in one shard, at both ends of it, and 0, which marks what is
 * free. */
static void crowded_and_extreme_hashes_find_their_place(void **state)
{
    (void)state;
    struct hash_table *set = hash_table_new();
    for (uint64_t i = 0; i < 2000; i++) {
        hash_table_ensure(set, i << 20)->mark = (uint32_t)i + 1;
        hash_table_ensure(set, UINT64_MAX - i)->mark = (uint32_t)i + 5000;
    }
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(hash_table_ensure(set, i << 20)->mark, i + 1);
        assert_int_equal(hash_table_ensure(set, UINT64_MAX - i)->mark, i + 5000);
    }
    hash_table_free(set);
}

static void a_hash_depends_on_every_byte(void **state)
{
    (void)state;
    assert_true(hash_table_hash(SLICE_LITERAL("abc")) == hash_table_hash(SLICE_LITERAL("abc")));
    assert_true(hash_table_hash(SLICE_LITERAL("abc")) != hash_table_hash(SLICE_LITERAL("abd")));
    assert_true(hash_table_hash(SLICE_LITERAL("abc")) != hash_table_hash(SLICE_LITERAL("abc\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_made_once_and_keeps_what_it_is_given),
        cmocka_unit_test(room_for_many_keeps_what_is_there),
        cmocka_unit_test(crowded_and_extreme_hashes_find_their_place),
        cmocka_unit_test(a_hash_depends_on_every_byte),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hash_table", tests, NULL, NULL);
}
