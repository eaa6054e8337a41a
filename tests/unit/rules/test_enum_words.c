#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/language.h"
#include "rules/enum_words.h"

static const char *const genders[] = {"male", "female", "other", NULL};
static const char *const similar[] = {"male", "married", NULL};
static const char *const two[] = {"en", "es", NULL};

static void a_text_stands_for_a_word(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        enum field_id field;
        const char *const *choices;
        const char *text, *want;
    } examples[] = {
        {"a letter", FIELD_GENDER, genders, "M", "male"},
        {"a small letter", FIELD_GENDER, genders, "f", "female"},
        {"another letter", FIELD_GENDER, genders, "o", NULL},
        {"the letter of no word", FIELD_GENDER, genders, "H", NULL},
        {"more than a letter", FIELD_GENDER, genders, "ma", NULL},
        {"the letter of two words", FIELD_GENDER, similar, "M", NULL},
        {"a letter of another field", FIELD_OCCUPATION, genders, "M", NULL},
        {"a locale", FIELD_LANGUAGE, two, "en-US", "en"},
        {"a name", FIELD_LANGUAGE, two, "Español", "es"},
        {"a language that the provider does not accept", FIELD_LANGUAGE, two, "Deutsch", NULL},
        {"the same where it does", FIELD_LANGUAGE, language_codes, "Deutsch", "de"},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *got = enum_words_find(examples[i].field, examples[i].choices, NULL,
                                          slice_from(examples[i].text), &arena);
        if (!got != !examples[i].want || (got && !slice_is(slice_from(got), examples[i].want)))
            fail_msg("%s: %s", examples[i].sentence, got ? got : "none");
    }
    arena_clear(&arena);
}

/* In Spanish exports M is mujer beside H, hombre: a job that maps H must map M too. */
static void letters_of_the_job_leave_no_other_letter(void **state)
{
    (void)state;
    struct job_value_map letter = {.from = SLICE_LITERAL("H"), .to = SLICE_LITERAL("male")};
    struct job_value_map word = {.from = SLICE_LITERAL("hombre"), .to = SLICE_LITERAL("male")};
    struct job_mapping mapping = {.values = &letter, .value_count = 1};
    struct slice text = SLICE_LITERAL("M");
    struct arena arena;
    arena_init(&arena, 4096);
    assert_null(enum_words_find(FIELD_GENDER, genders, &mapping, text, &arena));
    mapping.values = &word;
    assert_string_equal(enum_words_find(FIELD_GENDER, genders, &mapping, text, &arena), "male");
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_stands_for_a_word),
        cmocka_unit_test(letters_of_the_job_leave_no_other_letter),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("enum_words", tests, NULL, NULL);
}
