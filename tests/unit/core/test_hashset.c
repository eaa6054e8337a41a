#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/hash_table.h"
#include "core/hashset.h"

static void a_hash_is_there_once_it_was_put_in(void **state)
{
    (void)state;
    struct hashset *set = hashset_new();
    for (int time = 0; time < 2; time++)
        for (uint32_t i = 0; i < 300000; i++) {
            uint64_t hash = hash_table_hash(slice_make((const char *)&i, sizeof i));
            hashset_prefetch(set, hash);
            assert_int_equal(hashset_add(set, hash), time);
        }
    hashset_free(set);
}

/* The worst: all in one shard, at both ends of it, and 0, which marks what is free. */
static void crowded_and_extreme_hashes_find_their_place(void **state)
{
    (void)state;
    struct hashset *set = hashset_new();
    for (int time = 0; time < 2; time++)
        for (uint64_t i = 0; i < 2000; i++) {
            assert_int_equal(hashset_add(set, (i + 1) << 20), time);
            assert_int_equal(hashset_add(set, UINT64_MAX - i), time);
        }
    assert_false(hashset_add(set, 0));
    assert_true(hashset_add(set, 0));
    hashset_free(set);
    hashset_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hash_is_there_once_it_was_put_in),
        cmocka_unit_test(crowded_and_extreme_hashes_find_their_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hashset", tests, NULL, NULL);
}
