/* shard_keys and shard_repeats: values of several shards, and which of them repeat. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/memory.h"
#include "pipeline/shard_repeats.h"

enum { SHARDS = 4 };

static const uint8_t plan[DIGEST_SHA256_LEN] = {1, 2, 3}, other_plan[DIGEST_SHA256_LEN] = {9};
static const uint8_t check[KEYED_HASH_LEN] = {4, 5, 6}, other_check[KEYED_HASH_LEN] = {8};

static char folder[64];
static char *paths[SHARDS], *out_path, *aside_path;
static struct keyed_hash *hash;
static struct shard_keys *keys[SHARDS];
static struct shard_repeats_merge merge;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kyc-keys-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    hash = keyed_hash_new(SLICE_LITERAL("key"));
    aside_path = file_join(folder, "aside");
    for (size_t i = 0; i < SHARDS; i++) {
        char name[] = {'k', (char)('0' + i), '\0'};
        paths[i] = file_join(folder, name);
        keys[i] = shard_keys_new(hash, 2, aside_path);
    }
    out_path = file_join(folder, "repeats");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shard_repeats_merge_clear(&merge);
    for (size_t i = 0; i < SHARDS; i++) {
        shard_keys_free(keys[i]);
        unlink(paths[i]);
        free(paths[i]);
    }
    unlink(out_path);
    free(out_path);
    free(aside_path);
    keyed_hash_free(hash);
    return rmdir(folder);
}

static void add(size_t shard, unsigned section, const char *value, uint32_t input, uint64_t row)
{
    uint8_t bytes[KEYED_HASH_LEN];
    keyed_hash_make(hash, (uint8_t)section, slice_from(value), bytes);
    shard_keys_add(keys[shard], section, bytes, shard_keys_place(input, row));
}

/* 0, or -1 as shard_repeats_merge. */
static int merge_all(struct error *error)
{
    for (uint32_t i = 0; i < SHARDS; i++) {
        unlink(paths[i]);
        assert_int_equal(shard_keys_save(keys[i], paths[i], plan, check, i), 0);
    }
    merge = (struct shard_repeats_merge){.paths = (const char *const *)paths,
                                         .count = SHARDS,
                                         .plan = plan,
                                         .check = check,
                                         .out_path = out_path};
    return shard_repeats_merge(&merge, error);
}

static bool find(const struct shard_repeats *repeats, unsigned section, const char *value, uint64_t *place)
{
    uint8_t bytes[KEYED_HASH_LEN];
    keyed_hash_make(hash, (uint8_t)section, slice_from(value), bytes);
    return shard_repeats_find(repeats, section, bytes, place);
}

static void a_value_of_several_shards_repeats_from_its_first_place_on(void **state)
{
    (void)state;
    struct error error;
    uint64_t place;
    add(0, 0, "only-0", 0, 1);
    add(0, 0, "both", 4, 7); /* a later input */
    add(2, 0, "both", 1, 9); /* the first place */
    add(0, 0, "thrice", 0, 3);
    add(1, 0, "thrice", 3, 1);
    add(3, 0, "thrice", 2, 1);
    add(1, 1, "both", 3, 2); /* of another kind: no repeat */
    add(3, SHARD_KEYS_IDENTITIES, "person", 2, 5);
    add(1, SHARD_KEYS_IDENTITIES, "person", 3, 4);
    assert_int_equal(merge_all(&error), 0);
    static const bool has_unique[] = {true, true, false, true},
                      has_identities[] = {false, true, false, false};
    for (size_t i = 0; i < SHARDS; i++) {
        assert_int_equal(merge.has_unique[i], has_unique[i]);
        assert_int_equal(merge.has_identities[i], has_identities[i]);
    }
    assert_int_equal(merge.keys, 9);
    assert_int_equal(strlen(merge.digests.unique), 64);
    assert_int_equal(strlen(merge.digests.identities), 64);

    assert_int_equal(shard_repeats_merge_save(&merge, true), 0);
    struct shard_repeats *repeats = shard_repeats_load(out_path, plan, check, hash, &error);
    assert_non_null(repeats);
    assert_string_equal(shard_repeats_made_of(repeats)->unique, merge.digests.unique);
    assert_string_equal(shard_repeats_made_of(repeats)->identities, merge.digests.identities);
    assert_true(find(repeats, 0, "both", &place));
    assert_int_equal(shard_keys_place_input(place), 1);
    assert_int_equal(shard_keys_place_row(place), 9);
    assert_true(find(repeats, 0, "thrice", &place));
    assert_int_equal(place, shard_keys_place(0, 3));
    assert_true(find(repeats, SHARD_KEYS_IDENTITIES, "person", &place));
    assert_int_equal(place, shard_keys_place(2, 5));
    assert_false(find(repeats, 0, "only-0", &place));
    assert_false(find(repeats, 1, "both", &place));
    assert_false(find(repeats, 0, "person", &place));
    shard_repeats_free(repeats);
}

static void without_the_identities_their_digest_is_empty(void **state)
{
    (void)state;
    struct error error;
    uint64_t place;
    for (size_t i = 0; i < 2; i++) {
        add(i, 0, "key", (uint32_t)i, 1);
        add(i, SHARD_KEYS_IDENTITIES, "person", (uint32_t)i, 1);
    }
    assert_int_equal(merge_all(&error), 0);
    assert_int_equal(shard_repeats_merge_save(&merge, false), 0);
    struct shard_repeats *repeats = shard_repeats_load(out_path, plan, check, hash, &error);
    assert_non_null(repeats);
    assert_string_equal(shard_repeats_made_of(repeats)->unique, merge.digests.unique);
    assert_string_equal(shard_repeats_made_of(repeats)->identities, "");
    assert_true(find(repeats, 0, "key", &place));
    assert_false(find(repeats, SHARD_KEYS_IDENTITIES, "person", &place));
    shard_repeats_free(repeats);
}

/* More than a bucket, a block that is sealed at once, and a read of a file hold; with the extremes of rows.
 */
static void many_values_are_found_each(void **state)
{
    (void)state;
    enum { COUNT = 60000, EVERY = 1000 };
    char text[16];
    struct error error;
    uint64_t place, last = (UINT64_C(1) << 40) - 1;
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "v%u", i);
        add(i % SHARDS, 0, text, i % SHARDS, i + 1);
        if (i % EVERY == 0)
            add((i + 1) % SHARDS, 0, text, (1u << 24) - 1, last - i);
    }
    assert_int_equal(merge_all(&error), 0);
    assert_int_equal(merge.keys, COUNT + COUNT / EVERY);
    assert_string_equal(merge.digests.identities, "");
    assert_int_equal(shard_repeats_merge_save(&merge, true), 0);
    struct shard_repeats *repeats = shard_repeats_load(out_path, plan, check, hash, &error);
    assert_non_null(repeats);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "v%u", i);
        assert_int_equal(find(repeats, 0, text, &place), i % EVERY == 0);
        if (i % EVERY == 0)
            assert_int_equal(place, shard_keys_place(i % SHARDS, i + 1));
    }
    shard_repeats_free(repeats);
}

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2(); /* all 0 where a sanitizer has its own malloc */

    return info.uordblks + info.hblkhd;
}

/* More than a section keeps in memory. Nothing is left of the spill file: tear_down removes the folder. */
static void values_that_memory_does_not_hold_are_found_each(void **state)
{
    (void)state;
    enum { PIECE = 128 * 1024, EVERY = 10000, MAX = 3 * 3 * 1024 * 1024 + 64 * 1024 };
    char text[16];
    struct error error;
    uint64_t place;
    size_t before = memory_in_use();
    for (unsigned i = 0; i < 2 * PIECE; i++) {
        snprintf(text, sizeof text, "v%u", i);
        add(0, 1, text, 0, i + 1);
        if (i <= PIECE) {
            snprintf(text, sizeof text, i % EVERY == 0 ? "v%u" : "w%u", i);
            add(1, 1, text, 1, i + 1);
            add(1, SHARD_KEYS_IDENTITIES, text, 1, i + 1);
        }
    }
    assert_in_range(memory_in_use() - before, 0, MAX); /* of the three sections that have so many */
    assert_int_equal(merge_all(&error), 0);
    assert_int_equal(merge.keys, 2 * PIECE + 2 * (PIECE + 1));
    assert_true(merge.has_unique[1]);
    assert_int_equal(shard_repeats_merge_save(&merge, true), 0);
    struct shard_repeats *repeats = shard_repeats_load(out_path, plan, check, hash, &error);
    assert_non_null(repeats);
    for (unsigned i = 0; i < 2 * PIECE; i++) {
        snprintf(text, sizeof text, "v%u", i);
        bool is_repeated = i <= PIECE && i % EVERY == 0;
        assert_int_equal(find(repeats, 1, text, &place), is_repeated);
        if (is_repeated)
            assert_int_equal(place, shard_keys_place(0, i + 1));
    }
    shard_repeats_free(repeats);
}

static void a_file_aside_that_cannot_be_made_fails_the_save(void **state)
{
    (void)state;
    char text[16];
    assert_int_equal(mkdir(aside_path, 0700), 0);
    for (unsigned i = 0; i < 300000; i++) {
        snprintf(text, sizeof text, "v%u", i);
        add(0, 0, text, 0, i + 1);
    }
    errno = 0;
    assert_int_equal(shard_keys_save(keys[0], paths[0], plan, check, 0), -1);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(access(paths[0], F_OK), -1);
    assert_int_equal(rmdir(aside_path), 0);
}

static void what_is_damaged_or_of_another_plan_or_key_is_refused(void **state)
{
    (void)state;
    struct error error;
    for (size_t i = 0; i < SHARDS; i++)
        for (int letter = 'a'; letter < 'k'; letter++) {
            char value[] = {(char)letter, (char)('0' + (letter == 'b' ? 0 : i)), '\0'};
            add(i, 0, value, (uint32_t)i, (uint64_t)letter);
        }
    assert_int_equal(merge_all(&error), 0);
    assert_int_equal(shard_repeats_merge_save(&merge, true), 0);
    assert_null(shard_repeats_load(out_path, other_plan, check, hash, &error));
    assert_null(shard_repeats_load(out_path, plan, other_check, hash, &error));
    assert_null(shard_repeats_load(paths[0], plan, check, hash, &error));
    struct stat about;
    assert_int_equal(stat(out_path, &about), 0);
    assert_int_equal(truncate(out_path, about.st_size - 1), 0);
    assert_null(shard_repeats_load(out_path, plan, check, hash, &error));
    assert_int_equal(stat(paths[2], &about), 0);
    for (off_t size = 0; size < about.st_size; size++)
        for (int zeros = 0; zeros < 2; zeros++) { /* cut anywhere, and so that zeros take the place */
            shard_repeats_merge_clear(&merge);
            unlink(paths[2]);
            assert_int_equal(shard_keys_save(keys[2], paths[2], plan, check, 2), 0);
            assert_int_equal(truncate(paths[2], size), 0);
            if (zeros)
                assert_int_equal(truncate(paths[2], about.st_size), 0);
            merge = (struct shard_repeats_merge){.paths = (const char *const *)paths,
                                                 .count = SHARDS,
                                                 .plan = plan,
                                                 .check = check,
                                                 .out_path = out_path};
            assert_int_equal(shard_repeats_merge(&merge, &error), -1);
            assert_int_equal(merge.failed, 2);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_value_of_several_shards_repeats_from_its_first_place_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_the_identities_their_digest_is_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_values_are_found_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_that_memory_does_not_hold_are_found_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_aside_that_cannot_be_made_fails_the_save, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_damaged_or_of_another_plan_or_key_is_refused, set_up,
                                        tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shard_keys", tests, NULL, NULL);
}
