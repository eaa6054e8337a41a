#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/concat.h"
#include "unit/rules/fixture.h"

struct name_case {
    const char *sentence, *name;
    bool is_surname;
    const char *want; /* NULL: it cannot be written */
};

static void a_name_becomes_five_letters(void **state)
{
    (void)state;
    static const struct name_case cases[] = {
        {"a short name is padded", "John", false, "JOHN#"},
        {"five letters", "Smith", true, "SMITH"},
        {"a long name is cut", "Alexander", false, "ALEXA"},
        {"an attached prefix stays, its apostrophe is removed", "O'Brian", true, "OBRIA"},
        {"another one", "McDonald", true, "MCDON"},
        {"and another one", "MacChrystal", true, "MACCH"},
        {"a typographic apostrophe", "O\xe2\x80\x99Neal", true, "ONEAL"},
        {"a prefix of its own is removed", "van Beek", true, "BEEK#"},
        {"one of two words", "van der Meer", true, "MEER#"},
        {"in capitals", "VAN DER MEER", true, "MEER#"},
        {"de la", "de la Cruz", true, "CRUZ#"},
        {"von", "von Berg", true, "BERG#"},
        {"Mac as a word", "Mac Donald", true, "DONAL"},
        {"O as a word", "O Brian", true, "BRIAN"},
        {"O with its apostrophe as a word", "O' Brian", true, "BRIAN"},
        {"an Irish one with an accent",
         "Mh\xc3\xad"
         "c Aoidh",
         true, "AOIDH"},
        {"d with an apostrophe attached", "d'Arc", true, "DARC#"},
        {"a surname that is only a prefix stays", "Le", true, "LE###"},
        {"the last word of prefixes stays", "De Van", true, "VAN##"},
        {"a word that is not a prefix stays", "der Meer", true, "DERME"},
        {"one inside of a surname stays", "Sa de Melo", true, "SADEM"},
        {"a first name has no prefixes", "Le Anh", false, "LEANH"},
        {"a title is removed", "Dr. Anna", false, "ANNA#"},
        {"a title of a surname", "Prof von Berg", true, "BERG#"},
        {"a title with a dot inside", "Ph.D. Anna", false, "ANNA#"},
        {"two titles", "Prof. Dr. Anna", false, "ANNA#"},
        {"a name like a title's beginning stays", "Drew", false, "DREW#"},
        {"a name that is a title stays", "Miss", true, "MISS#"},
        {"hyphens go", "Anne-Marie", false, "ANNEM"},
        {"blanks go", "Jo Ann Lee", false, "JOANN"},
        {"German", "M\xc3\xbcller", true, "MULLE"},
        {"sharp s is one",
         "Wei\xc3\x9f"
         "er",
         true, "WEISE"},
        {"Danish", "\xc3\x86r\xc3\xb8", true, "ARO##"},
        {"Icelandic", "\xc3\x9e\xc3\xb3r\xc3\xb0ur", false, "TORDU"},
        {"French", "\xc5\x92uvre", true, "OUVRE"},
        {"Polish",
         "\xc5\x81\xc4\x85"
         "cki",
         true, "LACKI"},
        {"Croatian", "\xc4\x90uri\xc4\x87", true, "DURIC"},
        {"Turkish", "\xc4\xb1\xc5\x9f\xc4\xb1k", true, "ISIK#"},
        {"Vietnamese", "Nguy\xe1\xbb\x85n", true, "NGUYE"},
        {"Romanian", "\xc8\x98tef\xc4\x83nescu", true, "STEFA"},
        {"Greek", "\xce\x98\xce\xad\xce\xbf", false, "THEO#"},
        {"Greek ou", "\xce\x9b\xce\xbf\xcf\x85\xce\xba\xce\xac\xcf\x82", false, "LOUKA"},
        {"Russian", "\xd0\xa9\xd0\xb5\xd1\x80\xd0\xb1\xd0\xb0", true, "SHCHE"},
        {"a soft sign is not written", "\xd0\x98\xd0\xbb\xd1\x8c\xd1\x8f", false, "ILIA#"},
        {"Ukrainian", "\xd0\x87\xd0\xb6\xd0\xb0\xd0\xba", true, "IZHAK"},
        {"Chinese cannot be written", "\xe6\x9d\x8e", true, NULL},
        {"nor can a part of it", "Li \xe6\x9d\x8e", true, NULL},
        {"a name without a letter", "-", true, NULL},
    };
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[CONCAT_NAME_LEN + 1] = "";
        bool good = concat_name(slice_from(cases[i].name), cases[i].is_surname, &arena, out);
        if (good != (cases[i].want != NULL) || (good && strcmp(out, cases[i].want) != 0))
            fail_msg("%s: %s", cases[i].sentence, good ? out : "cannot be written");
    }
    arena_clear(&arena);
}

static void a_client_identifier_of_a_column_is_checked(void **state)
{
    (void)state;
    static const char *const also[] = {"XK", "0C", NULL};
    static const struct {
        const char *text, *want; /* a part of the message; NULL: it is good */
    } cases[] = {
        {"19800113JOHN#SMITH", NULL},
        {"20000229#####LI###", NULL},
        {"US19800113JOHN#SMITH", NULL},
        {"XK19800113JOHN#SMITH", NULL},
        {"0C19800113JOHN#SMITH", NULL},
        {"ZZ19800113JOHN#SMITH", "country"},
        {"us19800113JOHN#SMITH", "country"},
        {"AN19800113JOHN#SMITH", "country"},
        {"19801313JOHN#SMITH", "no valid date"},
        {"19990229JOHN#SMITH", "no valid date"},
        {"1980-1-1JOHN#SMITH", "no valid date"},
        {"1980O113JOHN#SMITH", "no valid date"},
        {"19800113john#smith", "names"},
        {"19800113#JOHNSMITH", "names"},
        {"19800113JO#HNSMITH", "names"},
        {"19800113JOHN#SM1TH", "names"},
        {"19800113JOHN SMITH", "names"},
        {"19800113JOHN#SMIT", "18 characters"},
        {"19800113JOHN#SMITHE", "18 characters"},
        {"", "18 characters"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *fault = concat_fault(slice_from(cases[i].text), also);
        if (!fault != !cases[i].want || (fault && !strstr(fault, cases[i].want)))
            fail_msg("%s: %s", cases[i].text, fault ? fault : "accepted");
    }
    assert_non_null(concat_fault(SLICE_LITERAL("XK19800113JOHN#SMITH"), NULL));
}

static void one_of_several_nationalities_is_put_in_front(void **state)
{
    (void)state;
    static const struct {
        const char *list, *want;
    } cases[] = {{"US", "US"},
                 {"US\x1f"
                  "AU",
                  "AU"},
                 {"US\x1f"
                  "SE\x1f"
                  "DE\x1f"
                  "AU",
                  "DE"},
                 {"NO\x1f"
                  "CH",
                  "NO"},
                 {"XK\x1f"
                  "CH",
                  "CH"}};
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(slice_is(concat_country(slice_from(cases[i].list)), cases[i].want));
}

static struct fixture *with_auto(const char *first, const char *last, const char *birth)
{
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_FIRST_NAME, first);
    fixture_map(fixture, FIELD_LAST_NAME, last);
    fixture_map(fixture, FIELD_DATE_OF_BIRTH, birth);
    fixture_map(fixture, FIELD_NATIONALITIES, "US|GB|IE")->split = "|";
    struct job_mapping *mapping = &fixture->mappings[fixture->job.mapping_count++];
    *mapping = (struct job_mapping){.field = FIELD_CLIENT_IDENTIFIER, .constant = "auto", .is_auto = true};
    return fixture;
}

static void it_is_computed_and_blamed_on_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *first, *last, *birth;
        bool with_country;
        const char *want, *verdicts;
    } cases[] = {
        {"all is there", "John", "Smith", "1980-01-13", false, "19800113JOHN#SMITH", ""},
        {"with a country", "John", "O'Brian", "19800113", true, "IE19800113JOHN#OBRIA", ""},
        {"a date that failed", "John", "Smith", "1980-02-30", false, "!", "date_of_birth/format"},
        {"no date", "John", "Smith", "", false, "-", ""},
        {"no surname", "John", "", "1980-01-13", false, "-", "last_name/required"},
        {"a name that cannot be written", "\xe6\x9d\x8e", "Smith", "1980-01-13", false, "!",
         "client_identifier/format"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = with_auto(cases[i].first, cases[i].last, cases[i].birth);
        job_parts_set(&fixture->job.provider, fixture->settings,
                      (struct job_setting_value)JOB_NUMBER(SETTING_CONCAT_COUNTRY, cases[i].with_country));
        const char *verdicts = fixture_validate(fixture);
        const char *value = fixture_value(fixture, FIELD_CLIENT_IDENTIFIER);
        if (strcmp(verdicts, cases[i].verdicts) != 0 || strcmp(value, cases[i].want) != 0)
            fail_msg("%s: %s, %s", cases[i].sentence, value, verdicts);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_becomes_five_letters),
        cmocka_unit_test(a_client_identifier_of_a_column_is_checked),
        cmocka_unit_test(one_of_several_nationalities_is_put_in_front),
        cmocka_unit_test(it_is_computed_and_blamed_on_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("concat", tests, NULL, NULL);
}
