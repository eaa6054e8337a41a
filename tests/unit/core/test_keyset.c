#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/keyset.h"

static void an_entry_is_made_once_and_keeps_what_it_is_given(void **state)
{
    (void)state;
    struct keyset *set = keyset_new();
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t hash = keyset_hash(slice_make((const char *)&i, sizeof i));
        keyset_prefetch(set, hash);
        struct keyset_entry *entry = keyset_at(set, hash);
        assert_int_equal(entry->row, 0);
        assert_int_equal(entry->extra, 0);
        entry->row = i + 1;
        entry->extra = ~i;
    }
    for (uint32_t i = 0; i < 200000; i++) {
        struct keyset_entry *entry = keyset_at(set, keyset_hash(slice_make((const char *)&i, sizeof i)));
        assert_int_equal(entry->row, i + 1);
        assert_int_equal(entry->extra, ~i);
    }
    keyset_free(set);
}

/* Hashes are random; these are the worst: all in one shard, at both ends of it, and 0, which marks what is
 * free. */
static void crowded_and_extreme_hashes_find_their_place(void **state)
{
    (void)state;
    struct keyset *set = keyset_new();
    for (uint64_t i = 0; i < 2000; i++) {
        keyset_at(set, i << 20)->row = (uint32_t)i + 1;
        keyset_at(set, UINT64_MAX - i)->row = (uint32_t)i + 5000;
    }
    for (uint64_t i = 0; i < 2000; i++) {
        assert_int_equal(keyset_at(set, i << 20)->row, i + 1);
        assert_int_equal(keyset_at(set, UINT64_MAX - i)->row, i + 5000);
    }
    keyset_free(set);
}

static void a_hash_depends_on_every_byte(void **state)
{
    (void)state;
    assert_true(keyset_hash(SLICE_LITERAL("abc")) == keyset_hash(SLICE_LITERAL("abc")));
    assert_true(keyset_hash(SLICE_LITERAL("abc")) != keyset_hash(SLICE_LITERAL("abd")));
    assert_true(keyset_hash(SLICE_LITERAL("abc")) != keyset_hash(SLICE_LITERAL("abc\0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_made_once_and_keeps_what_it_is_given),
        cmocka_unit_test(crowded_and_extreme_hashes_find_their_place),
        cmocka_unit_test(a_hash_depends_on_every_byte),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keyset", tests, NULL, NULL);
}
