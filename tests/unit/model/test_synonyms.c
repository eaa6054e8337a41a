#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/synonyms.h"

static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

struct example {
    const char *sentence, *column;
    enum field_id field;
    enum synonym_fit fit;
};

static void check_examples(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct synonym found = synonyms_find(slice_from(examples[i].column), &arena);
        if (found.field != examples[i].field || found.fit != examples[i].fit)
            fail_msg("%s: `%s` is %s (%d), not %s (%d)", examples[i].sentence, examples[i].column,
                     field_name(found.field), (int)found.fit, field_name(examples[i].field),
                     (int)examples[i].fit);
    }
}

#define CHECK(examples) check_examples(examples, sizeof(examples) / sizeof *(examples))

static void a_column_is_known_in_every_way_to_write_it(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"the field's own name", "first_name", FIELD_FIRST_NAME, SYNONYM_NAME},
        {"in camel case", "firstName", FIELD_FIRST_NAME, SYNONYM_NAME},
        {"with a blank", "First Name", FIELD_FIRST_NAME, SYNONYM_NAME},
        {"with a hyphen, in capitals", "FIRST-NAME", FIELD_FIRST_NAME, SYNONYM_NAME},
        {"another English name", "given_name", FIELD_FIRST_NAME, SYNONYM_USUAL},
        {"with a full stop", "Kunden-Nr.", FIELD_EXTERNAL_ID, SYNONYM_USUAL},
        {"with blanks around", " E-Mail ", FIELD_EMAIL, SYNONYM_NAME},
        {"with an accent", "Prénom", FIELD_FIRST_NAME, SYNONYM_USUAL},
        {"with a sharp s", "Straße", FIELD_ADDRESS_LINE1, SYNONYM_USUAL},
        {"with an umlaut spelt out", "Staatsangehoerigkeit", FIELD_NATIONALITIES, SYNONYM_USUAL},
        {"with an umlaut", "Staatsangehörigkeit", FIELD_NATIONALITIES, SYNONYM_USUAL},
        {"with an apostrophe", "Complément d'adresse", FIELD_ADDRESS_LINE2, SYNONYM_USUAL},
    };
    CHECK(examples);
}

static void columns_are_known_in_eight_languages(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"English", "DOB", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"German", "Geburtsdatum", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"French", "Date de naissance", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Spanish", "Fecha de nacimiento", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Italian", "Data di nascita", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Portuguese", "Data de Nascimento", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Dutch", "geboortedatum", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Polish", "Data urodzenia", FIELD_DATE_OF_BIRTH, SYNONYM_USUAL},
        {"Polish, with a stroke", "Płeć", FIELD_GENDER, SYNONYM_USUAL},
        {"French", "Code postal", FIELD_POSTAL_CODE, SYNONYM_USUAL},
        {"Spanish", "Teléfono móvil", FIELD_PHONE, SYNONYM_USUAL},
        {"Portuguese", "Endereço", FIELD_ADDRESS_LINE1, SYNONYM_USUAL},
    };
    CHECK(examples);
}

static void a_word_before_a_name_makes_a_weaker_match(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"the end of a path", "profile.contact.email", FIELD_EMAIL, SYNONYM_PART},
        {"the whole path is a name", "address.city", FIELD_CITY, SYNONYM_USUAL},
        {"the longest end counts", "person.birth.city", FIELD_BIRTH_CITY, SYNONYM_PART},
        {"a member of an array", "phones[0].number", FIELD_PHONE, SYNONYM_USUAL},
        {"no weak name at the end of a path", "phones[0].type", FIELD_NONE, SYNONYM_NONE},
        {"an item of an array", "nationalities[0]", FIELD_NATIONALITIES, SYNONYM_NAME},
        {"a word about the customer", "customer_email", FIELD_EMAIL, SYNONYM_PART},
        {"but a name of its own stays one", "customer_id", FIELD_EXTERNAL_ID, SYNONYM_USUAL},
        {"a weak name", "id", FIELD_EXTERNAL_ID, SYNONYM_WEAK},
        {"no weak name behind such a word", "customer_name", FIELD_NONE, SYNONYM_NONE},
        {"nothing that is known", "favourite_colour", FIELD_NONE, SYNONYM_NONE},
        {"a path that ends in a dot", "email.", FIELD_EMAIL, SYNONYM_NAME},
        {"nothing", "", FIELD_NONE, SYNONYM_NONE},
        {"nothing but signs", "___", FIELD_NONE, SYNONYM_NONE},
    };
    CHECK(examples);
}

static void every_field_matches_its_own_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        struct synonym found = synonyms_find(slice_from(field_table[i].name), &arena);
        if (found.field != (enum field_id)i || found.fit != SYNONYM_NAME)
            fail_msg("%s is taken for %s", field_table[i].name, field_name(found.field));
    }
}

static void the_best_column_of_a_field_is_chosen_and_an_equal_one_is_its_rival(void **state)
{
    (void)state;
    const struct slice columns[] = {
        SLICE_LITERAL("id"),    SLICE_LITERAL("mobile"), SLICE_LITERAL("customer_id"),
        SLICE_LITERAL("phone"), SLICE_LITERAL("zip"),    SLICE_LITERAL("plz"),
        SLICE_LITERAL("")};
    struct synonym_match matches[FIELD_COUNT];
    synonyms_match(columns, 7, matches);
    assert_int_equal(matches[FIELD_EXTERNAL_ID].column, 2);
    assert_int_equal(matches[FIELD_EXTERNAL_ID].rival, SYNONYMS_NO_COLUMN);
    assert_int_equal(matches[FIELD_PHONE].column, 3);
    assert_int_equal(matches[FIELD_PHONE].rival, SYNONYMS_NO_COLUMN);
    assert_int_equal(matches[FIELD_POSTAL_CODE].column, 4);
    assert_int_equal(matches[FIELD_POSTAL_CODE].rival, 5);
    assert_int_equal(matches[FIELD_EMAIL].column, SYNONYMS_NO_COLUMN);
}

static bool is_repeated(struct slice word, const char *rest)
{
    while (*rest) {
        size_t len = strcspn(rest, " ");
        if (len == word.len && memcmp(rest, word.data, len) == 0)
            return true;
        rest += len + strspn(rest + len, " ");
    }
    return false;
}

/* What would never be found, or by another field first. */
static void the_rows_name_nothing_twice(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        const struct {
            const char *names;
            enum synonym_fit fit;
        } lists[] = {{field_table[i].synonyms, SYNONYM_USUAL}, {field_table[i].weak_synonyms, SYNONYM_WEAK}};
        for (size_t j = 0; j < 2; j++)
            for (const char *name = lists[j].names; *name; count++) {
                struct slice word = slice_make(name, strcspn(name, " "));
                struct synonym found = synonyms_find(word, &arena);
                if (found.field != (enum field_id)i || found.fit != lists[j].fit)
                    fail_msg("%s: `%.*s` is not folded, or in two lists", field_table[i].name, (int)word.len,
                             word.data);
                name += word.len + strspn(name + word.len, " ");
                if (is_repeated(word, name))
                    fail_msg("%s: `%.*s` is there twice", field_table[i].name, (int)word.len, word.data);
            }
    }
    assert_true(count > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_is_known_in_every_way_to_write_it),
        cmocka_unit_test(columns_are_known_in_eight_languages),
        cmocka_unit_test(a_word_before_a_name_makes_a_weaker_match),
        cmocka_unit_test(every_field_matches_its_own_name),
        cmocka_unit_test(the_best_column_of_a_field_is_chosen_and_an_equal_one_is_its_rival),
        cmocka_unit_test(the_rows_name_nothing_twice),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("synonyms", tests, set_up, tear_down);
}
