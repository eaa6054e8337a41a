#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/keyed_hash.h"

static void make(struct slice key, uint8_t kind, struct slice value, uint8_t out[KEYED_HASH_LEN])
{
    struct keyed_hash *hash = keyed_hash_new(key);
    keyed_hash_make(hash, kind, value, out);
    keyed_hash_seal(hash, out, 1);
    keyed_hash_free(hash);
}

static void the_same_key_kind_and_value_give_the_same_hash_and_nothing_else_does(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        uint8_t kind;
        const char *value;
        bool same;
    } cases[] = {
        {"key", 1, "ada@example.com", true},
        {"kez", 1, "ada@example.com", false},
        {"key", 2, "ada@example.com", false},
        {"key", 1, "ada@example.con", false},
        {"key", 1, "", false},
        {"", 1, "ada@example.com", false},
    };
    uint8_t want[KEYED_HASH_LEN], got[KEYED_HASH_LEN];
    make(SLICE_LITERAL("key"), 1, SLICE_LITERAL("ada@example.com"), want);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        make(slice_from(cases[i].key), cases[i].kind, slice_from(cases[i].value), got);
        assert_int_equal(memcmp(got, want, sizeof want) == 0, cases[i].same);
    }
}

/* Equal parts of two values show nowhere: half of the bits differ, for one that differs in its last byte. */
static void sealed_hashes_of_like_values_are_unlike(void **state)
{
    (void)state;
    unsigned bits = 0;
    for (int last = 'a'; last < 'q'; last++) {
        uint8_t one[KEYED_HASH_LEN], other[KEYED_HASH_LEN];
        const char value[] = {'c', 'u', 's', 't', (char)last},
                   next[] = {'c', 'u', 's', 't', (char)(last + 1)};
        make(SLICE_LITERAL("key"), 0, slice_make(value, sizeof value), one);
        make(SLICE_LITERAL("key"), 0, slice_make(next, sizeof next), other);
        for (size_t i = 0; i < KEYED_HASH_LEN; i++)
            bits += (unsigned)__builtin_popcount(one[i] ^ other[i]);
    }
    assert_in_range(bits, 16 * 48, 16 * 80); /* of 128 each */
}

static void many_are_sealed_as_one_by_one(void **state)
{
    (void)state;
    struct keyed_hash *hash = keyed_hash_new(SLICE_LITERAL("key"));
    uint8_t many[3][KEYED_HASH_LEN], one[KEYED_HASH_LEN];
    const char *const values[] = {"a", "b", "a"};
    for (size_t i = 0; i < 3; i++)
        keyed_hash_make(hash, 0, slice_from(values[i]), many[i]);
    keyed_hash_seal(hash, many[0], 3);
    assert_memory_equal(many[0], many[2], KEYED_HASH_LEN);
    for (size_t i = 0; i < 3; i++) {
        keyed_hash_make(hash, 0, slice_from(values[i]), one);
        assert_memory_not_equal(one, many[i], KEYED_HASH_LEN);
        keyed_hash_seal(hash, one, 1);
        assert_memory_equal(one, many[i], KEYED_HASH_LEN);
    }
    keyed_hash_free(hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_key_kind_and_value_give_the_same_hash_and_nothing_else_does),
        cmocka_unit_test(sealed_hashes_of_like_values_are_unlike),
        cmocka_unit_test(many_are_sealed_as_one_by_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("keyed_hash", tests, NULL, NULL);
}
