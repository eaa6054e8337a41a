#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "rules/value_map.h"

static void expect(const struct value_map *words, const char *key, const char *want)
{
    const struct slice *word = value_map_find(words, slice_from(key));
    if ((!word) != (!want) || (word && !slice_is(*word, want)))
        fail_msg("%s: got %.*s", key, word ? (int)word->len : 4, word ? word->data : "none");
}

static void exact_words_are_found_as_written(void **state)
{
    (void)state;
    struct value_map *words = value_map_new(false);
    value_map_add(words, slice_from("Engineer"), slice_from("computers_and_it"));
    value_map_add(words, slice_from("Engineer"), slice_from("science"));
    value_map_add(words, slice_from("A long key with more than sixteen bytes"), slice_from("x"));
    expect(words, "Engineer", "computers_and_it");
    expect(words, "engineer", NULL);
    expect(words, "A long key with more than sixteen bytes", "x");
    expect(words, "A long key with more than sixteen bytez", NULL);
    expect(words, "", NULL);
    value_map_free(words);
}

static void folded_words_are_found_in_any_spelling(void **state)
{
    (void)state;
    struct value_map *words = value_map_new(true);
    value_map_add(words, slice_from("computers_and_it"), slice_from("computers_and_it"));
    expect(words, "Computers and IT", "computers_and_it");
    expect(words, "COMPUTERS-AND-IT", "computers_and_it");
    expect(words, "computersandit", "computers_and_it");
    expect(words, "computers & it", NULL);
    expect(words, "- -", NULL);
    value_map_free(words);
}

static void a_folded_key_of_two_words_matches_neither(void **state)
{
    (void)state;
    struct value_map *words = value_map_new(true);
    value_map_add(words, slice_from("MR"), slice_from("male"));
    value_map_add(words, slice_from("Mr"), slice_from("male"));
    expect(words, "mr", "male");
    value_map_add(words, slice_from("mr"), slice_from("other"));
    expect(words, "mr", NULL);
    value_map_free(words);
}

static void hundreds_of_words_fit(void **state)
{
    (void)state;
    enum { WORDS = 1000 };
    static char texts[WORDS][16];
    struct value_map *words = value_map_new(true);
    for (size_t i = 0; i < WORDS; i++) {
        snprintf(texts[i], sizeof texts[i], "Word %zu", i);
        value_map_add(words, slice_from(texts[i]), slice_from(texts[i]));
    }
    for (size_t i = 0; i < WORDS; i++)
        expect(words, texts[i], texts[i]);
    expect(words, "word1000", NULL);
    value_map_free(words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_words_are_found_as_written),
        cmocka_unit_test(folded_words_are_found_in_any_spelling),
        cmocka_unit_test(a_folded_key_of_two_words_matches_neither),
        cmocka_unit_test(hundreds_of_words_fit),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("value_map", tests, NULL, NULL);
}
