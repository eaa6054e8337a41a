#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash_table.h"
#include "unit/rules/fixture.h"

/* One field, its cell, its normal form and the verdicts of the row. */
struct field_case {
    const char *sentence;
    enum field_id field;
    const char *cell, *want, *verdicts;
};

static void check_case(struct fixture *fixture, const struct field_case *c)
{
    fixture_map(fixture, c->field, c->cell);
    const char *verdicts = fixture_validate(fixture);
    if (strcmp(verdicts, c->verdicts) != 0)
        fail_msg("%s: verdicts %s", c->sentence, verdicts);
    const char *value = fixture_value(fixture, c->field);
    if (strcmp(value, c->want) != 0)
        fail_msg("%s: value %s", c->sentence, value);
    assert_int_equal(fixture->record.rejected, strstr(c->want, "!") != NULL);
}

static void check_cases(const struct field_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fixture *fixture = fixture_new();
        check_case(fixture, &cases[i]);
        fixture_free(fixture);
    }
}

static void each_type_has_its_normal_form(void **state)
{
    (void)state;
    static const struct field_case cases[] = {
        {"a key is trimmed", FIELD_EXTERNAL_ID, "  C 1  ", "C 1", ""},
        {"a key's inner blanks stay", FIELD_EXTERNAL_ID, "C  1", "C  1", ""},
        {"a key is trimmed of tabs too", FIELD_EXTERNAL_ID, "\tC-1\t", "C-1", ""},
        {"a key is ASCII", FIELD_EXTERNAL_ID, "C\xc3\xa9", "!", "external_id/format"},
        {"a key has no inner tabs", FIELD_EXTERNAL_ID, "C\t1", "!", "external_id/format"},
        {"a key loses a BOM", FIELD_EXTERNAL_ID,
         "\xef\xbb\xbf"
         "C-1",
         "C-1", "external_id/invisible(warn)"},
        {"a key that is an e-mail", FIELD_EXTERNAL_ID, "a@example.com", "a@example.com",
         "external_id/identifying(warn)"},
        {"a key that is a national number", FIELD_EXTERNAL_ID, "078-05-1120", "078-05-1120",
         "external_id/identifying(warn)"},
        {"a key of nine digits is just that", FIELD_EXTERNAL_ID, "100000001", "100000001", ""},
        {"a key must be there", FIELD_EXTERNAL_ID, " ", "!", "external_id/required"},
        {"a name is folded", FIELD_FIRST_NAME, " Anna   Bo ", "Anna Bo", ""},
        {"a name is composed", FIELD_FIRST_NAME, "Zoe\xcc\x88", "Zo\xc3\xab", ""},
        {"ten characters fit", FIELD_FIRST_NAME,
         "Zo\xc3\xab"
         "4567890",
         "Zo\xc3\xab"
         "4567890",
         ""},
        {"eleven do not", FIELD_FIRST_NAME,
         "Zo\xc3\xab"
         "45678901",
         "!", "first_name/too_long"},
        {"invisible characters give a warning", FIELD_FIRST_NAME, "An\xe2\x80\x8bna", "Anna",
         "first_name/invisible(warn)"},
        {"a field's verdicts stay in the order of the steps", FIELD_FIRST_NAME, "An\xe2\x80\x8bna-Annabel",
         "!", "first_name/invisible(warn) first_name/too_long"},
        {"nothing but invisible ones", FIELD_FIRST_NAME, "\xe2\x80\x8b", "-", "first_name/invisible(warn)"},
        {"not UTF-8", FIELD_FIRST_NAME, "Jos\xe9", "!", "first_name/encoding"},
        {"U+FFFD", FIELD_FIRST_NAME, "Jos\xef\xbf\xbd", "!", "first_name/encoding"},
        {"a null value", FIELD_FIRST_NAME, " N/A ", "-", ""},
        {"a null value is matched exactly", FIELD_FIRST_NAME, "n/a", "n/a", ""},
        {"a null value of a required field", FIELD_LAST_NAME, "N/A", "!", "last_name/required"},
        {"an e-mail", FIELD_EMAIL, "Anna@EXAMPLE.com", "Anna@example.com", ""},
        {"no e-mail", FIELD_EMAIL, "anna", "!", "email/format"},
        {"a phone", FIELD_PHONE, "+44 20 7946 0958", "+442079460958", ""},
        {"an impossible phone number", FIELD_PHONE, "+44", "!", "phone/format"},
        {"a national phone without a country", FIELD_PHONE, "020 7946 0958", "!", "phone/format"},
        {"a date", FIELD_DATE_OF_BIRTH, "19900228", "1990-02-28", ""},
        {"no date", FIELD_DATE_OF_BIRTH, "1990-02-30", "!", "date_of_birth/format"},
        {"an ambiguous date", FIELD_DATE_OF_BIRTH, "03/04/1990", "!", "date_of_birth/ambiguous"},
        {"today", FIELD_DATE_OF_BIRTH, "2026-01-01", "2026-01-01", ""},
        {"tomorrow", FIELD_DATE_OF_BIRTH, "2026-01-02", "!", "date_of_birth/future"},
        {"120 years ago", FIELD_DATE_OF_BIRTH, "1906-01-01", "1906-01-01", ""},
        {"a day more", FIELD_DATE_OF_BIRTH, "1905-12-31", "!", "date_of_birth/too_old"},
        {"a country's code", FIELD_COUNTRY, "DE", "DE", ""},
        {"a country's name", FIELD_COUNTRY, "Germany", "DE", ""},
        {"no country", FIELD_COUNTRY, "Atlantis", "!", "country/country"},
        {"several countries", FIELD_COUNTRY, "Congo", "!", "country/ambiguous"},
        {"what its nationals are called", FIELD_NATIONALITIES, "Swede", "SE", ""},
        {"a code that agrees with its name", FIELD_COUNTRY, "SE (Sweden)", "SE", ""},
        {"a code that does not", FIELD_COUNTRY, "SE (Switzerland)", "!", "country/ambiguous"},
        {"Kosovo", FIELD_COUNTRY, "Kosovo", "XK", ""},
        {"a refused country", FIELD_COUNTRY, "KP", "!", "country/country_refused"},
        {"a refused country by name", FIELD_COUNTRY, "North Korea", "!", "country/country_refused"},
        {"a code that the provider takes too", FIELD_NATIONALITIES, "XK", "XK", ""},
        {"and another spelling of it", FIELD_NATIONALITIES, "0c", "0C", ""},
        {"it is unknown elsewhere", FIELD_COUNTRY, "0C", "!", "country/country"},
        {"one nationality", FIELD_NATIONALITIES, "Deutschland", "DE", ""},
        {"a postal code", FIELD_POSTAL_CODE, "sw1a  1aa", "SW1A 1AA", ""},
        {"a word", FIELD_OCCUPATION, "healthcare", "healthcare", ""},
        {"a word in another spelling", FIELD_OCCUPATION, "Self-Employed", "self_employed", ""},
        {"no word", FIELD_OCCUPATION, "plumber", "!", "occupation/enum"},
        {"a language", FIELD_LANGUAGE, "EN", "en", ""},
        {"a language by its name", FIELD_LANGUAGE, "english", "en", ""},
        {"a language of a locale", FIELD_LANGUAGE, "es_MX", "es", ""},
        {"no language", FIELD_LANGUAGE, "klingon", "!", "language/enum"},
        {"yes", FIELD_PEP_STATUS, "Y", "true", ""},
        {"no", FIELD_PEP_STATUS, "false", "false", ""},
        {"yes as COPY of PostgreSQL writes it", FIELD_PEP_STATUS, "t", "true", ""},
        {"no as COPY of PostgreSQL writes it", FIELD_PEP_STATUS, "f", "false", ""},
        {"yes of a form", FIELD_PEP_STATUS, "On", "true", ""},
        {"no of a form", FIELD_PEP_STATUS, "off", "false", ""},
        {"neither", FIELD_PEP_STATUS, "maybe", "!", "pep_status/format"},
        {"yes and more", FIELD_PEP_STATUS, "yess", "!", "pep_status/format"},
        {"a number", FIELD_TOS_VERSION, "007", "7", ""},
        {"zero", FIELD_TOS_VERSION, "0", "0", ""},
        {"not a whole number", FIELD_TOS_VERSION, "1.5", "!", "tos_version/format"},
        {"a whole number as a decimal one", FIELD_TOS_VERSION, "1.0", "!", "tos_version/damaged"},
        {"a number too long", FIELD_TOS_VERSION, "1234567890123456789", "!", "tos_version/format"},
        {"the largest of 32 bits", FIELD_TOS_VERSION, "2147483647", "2147483647", ""},
        {"one more", FIELD_TOS_VERSION, "2147483648", "!", "tos_version/format"},
        {"one that 32 bits would wrap", FIELD_TOS_VERSION, "4294967297", "!", "tos_version/format"},
        {"a CONCAT", FIELD_CLIENT_IDENTIFIER, " 19800113JOHN#SMITH ", "19800113JOHN#SMITH", ""},
        {"no CONCAT", FIELD_CLIENT_IDENTIFIER, "C-4711", "!", "client_identifier/format"},
        {"a business", FIELD_CUSTOMER_TYPE, "business", "!", "customer_type/enum"},
        {"an individual", FIELD_CUSTOMER_TYPE, "Individual", "individual", ""},
        {"one by default", FIELD_CUSTOMER_TYPE, "", "individual", ""},
        {"a state outside of the US", FIELD_STATE, "Bayern", "Bayern", ""},
        {"a national id outside of the US", FIELD_NATIONAL_ID, "AB 12", "AB 12", ""},
    };
    check_cases(cases, COUNT(cases));
}

static void in_the_us_states_and_numbers_are_read(void **state)
{
    (void)state;
    static const struct field_case cases[] = {
        {"a state's code", FIELD_STATE, "ca", "CA", ""},
        {"a state's name", FIELD_STATE, "california", "CA", ""},
        {"no state", FIELD_STATE, "Bayern", "!", "state/format"},
        {"nine digits", FIELD_NATIONAL_ID, "078-05-1120", "078051120", ""},
        {"eight digits", FIELD_NATIONAL_ID, "07805112", "!", "national_id/format"},
        {"letters", FIELD_NATIONAL_ID, "07805112O", "!", "national_id/format"},
        {"a national phone", FIELD_PHONE, "(202) 555-0143", "+12025550143", ""},
        {"a phone of no plan", FIELD_PHONE, "(202) 055-0143", "+12020550143", "phone/valid(warn)"},
        {"E.164 is not looked up in the plan", FIELD_PHONE, "+12020550143", "+12020550143", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, FIELD_COUNTRY, "United States");
        check_case(fixture, &cases[i]);
        fixture_free(fixture);
    }
}

static void a_bad_country_alone_is_blamed(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_COUNTRY, "Atlantis");
    fixture_map(fixture, FIELD_PHONE, "020 7946 0958");
    fixture_map(fixture, FIELD_STATE, "Bayern");
    fixture_map(fixture, FIELD_TAX_ID, "123");
    assert_string_equal(fixture_validate(fixture), "country/country");
    assert_string_equal(fixture_value(fixture, FIELD_PHONE), "!");
    assert_string_equal(fixture_value(fixture, FIELD_STATE), "Bayern");
    assert_string_equal(fixture_value(fixture, FIELD_TAX_COUNTRY), "!");

    fixture_map(fixture, FIELD_PHONE, "call me");
    assert_string_equal(fixture_validate(fixture), "phone/format country/country");
    fixture_free(fixture);
}

static void a_column_may_split_into_a_list(void **state)
{
    (void)state;
    static const struct field_case cases[] = {
        {"in order, repeats dropped", FIELD_NATIONALITIES, "Germany | US|DE", "DE|US", ""},
        {"empty items are dropped", FIELD_NATIONALITIES, "|DE||", "DE", ""},
        {"nothing but separators", FIELD_NATIONALITIES, "||", "-", ""},
        {"a null value is dropped", FIELD_NATIONALITIES, "N/A|FR", "FR", ""},
        {"one bad item fails all", FIELD_NATIONALITIES, "DE|Atlantis|Lemuria", "!", "nationalities/country"},
        {"a bad byte in an item", FIELD_NATIONALITIES, "DE|\xff", "!", "nationalities/encoding"},
        {"a country that shares its name", FIELD_NATIONALITIES, "DE|Korea", "!", "nationalities/ambiguous"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, cases[i].field, "")->split = "|";
        check_case(fixture, &cases[i]);
        fixture_free(fixture);
    }
}

static void tax_ids_have_their_countries(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *ids, *countries, *country, *want_ids, *want_countries, *verdicts;
    } cases[] = {
        {"one and one", "12 3", "DE", "US", "12 3", "DE", ""},
        {"two and two, repeats kept", "1|2", "DE|DE", "US", "1|2", "DE|DE", ""},
        {"repeats do not shift the others", "1|2|3", "DE|DE|FR", "US", "1|2|3", "DE|DE|FR", ""},
        {"one for all", "1|2", "FR", "US", "1|2", "FR|FR", ""},
        {"the record's by default", "1|2", "", "US", "1|2", "US|US", ""},
        {"none at all", "1", "", "", "1", "!", "tax_country/required"},
        {"places must agree", "1||2", "DE|FR|", "US", "1|2", "!", "tax_country/format"},
        {"places that agree", "1||2", "DE||FR", "US", "1|2", "DE|FR", ""},
        {"the country of the first is not that of the second", "1|2", "DE|", "US", "1|2", "!",
         "tax_country/format"},
        {"nor that of an id that is not there", "|2", "DE|", "US", "2", "!", "tax_country/format"},
        {"an item at the end that both lack", "1|", "DE|", "US", "1", "DE", ""},
        {"one for all beside an id that is not there", "|2|3", "DE", "US", "2|3", "DE|DE", ""},
        {"counts must agree", "1|2|3", "DE|FR", "US", "1|2|3", "!", "tax_country/format"},
        {"a country alone is nothing", "", "DE", "US", "-", "-", ""},
        {"an id too long", "12345678901", "DE", "US", "!", "DE", "tax_id/too_long"},
        {"an unknown country", "1", "Lemuria", "US", "1", "!", "tax_country/country"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, FIELD_TAX_ID, cases[i].ids)->split = "|";
        fixture_map(fixture, FIELD_TAX_COUNTRY, cases[i].countries)->split = "|";
        fixture_map(fixture, FIELD_COUNTRY, cases[i].country);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0 ||
            strcmp(fixture_value(fixture, FIELD_TAX_ID), cases[i].want_ids) != 0 ||
            strcmp(fixture_value(fixture, FIELD_TAX_COUNTRY), cases[i].want_countries) != 0)
            fail_msg("%s: %s and %s, %s", cases[i].sentence, fixture_value(fixture, FIELD_TAX_ID),
                     fixture_value(fixture, FIELD_TAX_COUNTRY), verdicts);
        fixture_free(fixture);
    }
}

static void the_job_maps_values(void **state)
{
    (void)state;
    static struct job_value_map jobs[] = {
        {.from = SLICE_LITERAL("Engineer"), .to = SLICE_LITERAL("Computers and IT")},
        {.from = SLICE_LITERAL("Nothing"), .to = SLICE_LITERAL("")}};
    static const struct field_case cases[] = {
        {"a listed value", FIELD_OCCUPATION, "Engineer", "computers_and_it", ""},
        {"case aside", FIELD_OCCUPATION, "ENGINEER", "computers_and_it", ""},
        {"the provider's own words stay", FIELD_OCCUPATION, "Healthcare", "healthcare", ""},
        {"all else", FIELD_OCCUPATION, "plumber", "other", ""},
        {"an absent one stays absent", FIELD_OCCUPATION, "", "-", ""},
        {"one that is mapped to nothing", FIELD_OCCUPATION, "Nothing", "-", ""},
    };
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_OCCUPATION, "");
    mapping->values = jobs;
    mapping->value_count = COUNT(jobs);
    mapping->otherwise = "Other";
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(fixture, &cases[i]);
    fixture_free(fixture);
}

static void values_apply_to_any_field(void **state)
{
    (void)state;
    static struct job_value_map map[] = {
        {.from = SLICE_LITERAL("West Germany (old)"), .to = SLICE_LITERAL("DE")}};
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_NATIONALITIES, "FR;West Germany (old)");
    mapping->split = ";";
    mapping->values = map;
    mapping->value_count = 1;
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_NATIONALITIES), "FR|DE");
    fixture_free(fixture);
}

static void a_constant_is_set_in_every_record(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    struct job_mapping *mapping = fixture_map(fixture, FIELD_LANGUAGE, "");
    mapping->column_count = 0;
    mapping->constant = "EN";
    mapping = fixture_map(fixture, FIELD_PHONE, "");
    mapping->column_count = 0;
    mapping->constant = "020 7946 0958";
    fixture_map(fixture, FIELD_COUNTRY, "GB");
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_LANGUAGE), "en");
    assert_string_equal(fixture_value(fixture, FIELD_PHONE), "+442079460958");
    fixture_free(fixture);
}

static void other_encodings_are_decoded(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture->job.input.encoding = encoding_windows1252;
    fixture_map(fixture, FIELD_FIRST_NAME, "Jos\xe9 \x8cu");
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_FIRST_NAME), "Jos\xc3\xa9 \xc5\x92u");
    fixture_map(fixture, FIELD_FIRST_NAME, "Jos\x81");
    assert_string_equal(fixture_validate(fixture), "first_name/encoding");

    fixture->job.input.encoding = encoding_latin1;
    assert_true(fixture_build(fixture));
    fixture_map(fixture, FIELD_FIRST_NAME,
                "O\x92"
                "Brien");
    assert_string_equal(fixture_validate(fixture), "first_name/encoding");
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "byte 0x92"));

    fixture->job.input.encoding = encoding_utf8;
    assert_true(fixture_build(fixture));
    fixture_map(fixture, FIELD_FIRST_NAME,
                "O\xc2\x92"
                "Brien");
    assert_string_equal(fixture_validate(fixture), "first_name/encoding");
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "U+0092"));
    fixture_map(fixture, FIELD_FIRST_NAME, "O\xef\xa3\xbf");
    assert_string_equal(fixture_validate(fixture), "first_name/encoding");
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "U+F8FF"));
    fixture_free(fixture);
}

static void all_that_is_wrong_shows_at_once_in_field_order(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_COUNTRY, "Atlantis");
    fixture_map(fixture, FIELD_LAST_NAME, "");
    fixture_map(fixture, FIELD_DATE_OF_BIRTH, "x");
    fixture_map(fixture, FIELD_EMAIL, "x");
    fixture_map(fixture, FIELD_EXTERNAL_ID, "\xff");
    fixture_map(fixture, FIELD_CUSTOMER_TYPE, "robot");
    assert_string_equal(
        fixture_validate(fixture),
        "external_id/encoding customer_type/enum email/format last_name/required date_of_birth/format country/country");
    assert_true(fixture->record.rejected);
    fixture_free(fixture);
}

static void patterns_of_the_job_apply_to_normalized_values(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_EMAIL, "a@MAILINATOR.com");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, FIELD_EMAIL);
    rule->pattern = "@(?!mailinator\\.com$)";
    rule->name = "disposable";
    rule->message = "disposable mail domain";
    rule = fixture_rule(fixture, JOB_RULE_NOT_MATCH, FIELD_EMPLOYER_NAME);
    rule->pattern = "(?i)^test";
    rule->level = VERDICT_WARN;
    fixture_map(fixture, FIELD_EMPLOYER_NAME, "Testing Ltd");
    assert_string_equal(fixture_validate(fixture), "email/disposable employer_name/format(warn)");
    assert_non_null(strstr(fixture->record.verdicts[0].message.data, "disposable mail domain"));
    assert_string_equal(fixture_value(fixture, FIELD_EMAIL), "!");
    assert_string_equal(fixture_value(fixture, FIELD_EMPLOYER_NAME), "Testing Ltd");

    fixture_map(fixture, FIELD_EMAIL, "a@example.com");
    fixture_map(fixture, FIELD_EMPLOYER_NAME, "");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_map(fixture, FIELD_EMAIL, "a");
    assert_string_equal(fixture_validate(fixture), "email/format");
    fixture_free(fixture);
}

static void every_item_of_a_list_is_checked(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_NATIONALITIES, "DE|US")->split = "|";
    fixture_rule(fixture, JOB_RULE_NOT_MATCH, FIELD_NATIONALITIES)->pattern = "^US$";
    assert_string_equal(fixture_validate(fixture), "nationalities/format");
    fixture_map(fixture, FIELD_NATIONALITIES, "DE|FR");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void a_condition_decides_whether_a_rule_applies(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_POSTAL_CODE, "1234");
    fixture_map(fixture, FIELD_COUNTRY, "usa");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, FIELD_POSTAL_CODE);
    rule->pattern = "^\\d{5}(-\\d{4})?$";
    fixture_when(fixture, rule, FIELD_COUNTRY, "US");
    assert_string_equal(fixture_validate(fixture), "postal_code/format");
    fixture_map(fixture, FIELD_COUNTRY, "AT");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_map(fixture, FIELD_COUNTRY, "");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void the_job_requires_and_relaxes(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_LAST_NAME, "");
    fixture_map(fixture, FIELD_CITY, "");
    fixture_map(fixture, FIELD_EMPLOYER_NAME, " ");
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_LAST_NAME)->required = false;
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_CITY)->required = true;
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_EMPLOYER_NAME);
    rule->required = true;
    rule->level = VERDICT_WARN;
    assert_string_equal(fixture_validate(fixture), "city/required employer_name/required(warn)");
    assert_string_equal(fixture_value(fixture, FIELD_LAST_NAME), "-");
    assert_string_equal(fixture_value(fixture, FIELD_CITY), "!");
    assert_string_equal(fixture_value(fixture, FIELD_EMPLOYER_NAME), "-");
    fixture_free(fixture);
}

static void a_requirement_may_be_relaxed_for_some(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_LAST_NAME, "");
    fixture_map(fixture, FIELD_COUNTRY, "ID");
    fixture_when(fixture, fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_LAST_NAME), FIELD_COUNTRY, "ID");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_map(fixture, FIELD_COUNTRY, "DE");
    assert_string_equal(fixture_validate(fixture), "last_name/required");
    fixture_free(fixture);
}

static void a_minimum_age_ends_on_the_birthday(void **state)
{
    (void)state;
    static const struct field_case cases[] = {
        {"18 today", FIELD_DATE_OF_BIRTH, "2008-01-01", "2008-01-01", ""},
        {"18 tomorrow", FIELD_DATE_OF_BIRTH, "2008-01-02", "!", "date_of_birth/min_age"},
        {"a birth in the future is that alone", FIELD_DATE_OF_BIRTH, "2027-01-02", "!",
         "date_of_birth/future"},
        {"no birth date is not checked", FIELD_DATE_OF_BIRTH, "", "-", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_rule(fixture, JOB_RULE_MIN_AGE, FIELD_DATE_OF_BIRTH)->years = 18;
        check_case(fixture, &cases[i]);
        fixture_free(fixture);
    }
}

static void the_rule_valid_asks_the_number_plan_of_every_number(void **state)
{
    (void)state;
    static const struct field_case cases[] = {
        {"E.164 of no plan", FIELD_PHONE, "+12020550143", "!", "phone/valid"},
        {"E.164 of the plan", FIELD_PHONE, "+442079460958", "+442079460958", ""},
        {"a number that was read", FIELD_PHONE, "+1 (202) 055-0143", "!", "phone/valid"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_rule(fixture, JOB_RULE_VALID, FIELD_PHONE);
        check_case(fixture, &cases[i]);
        fixture_free(fixture);
    }
}

static void a_rule_valid_that_warns_replaces_the_default(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_PHONE, "+1 (202) 055-0143");
    fixture_rule(fixture, JOB_RULE_VALID, FIELD_PHONE)->level = VERDICT_WARN;
    assert_string_equal(fixture_validate(fixture), "phone/valid(warn)");

    struct job_rule *rule = &fixture->rules[0];
    fixture_map(fixture, FIELD_COUNTRY, "DE");
    fixture_when(fixture, rule, FIELD_COUNTRY, "US");
    rule->level = VERDICT_REJECT;
    assert_true(fixture_build(fixture));
    assert_string_equal(fixture_validate(fixture), "phone/valid(warn)");
    fixture_free(fixture);
}

static void uniqueness_gives_hashes_of_normal_forms(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_EXTERNAL_ID, " C-7 ");
    fixture_map(fixture, FIELD_EMAIL, "a@EXAMPLE.com");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_MATCH, FIELD_EMAIL);
    rule->pattern = "never";
    rule = fixture_rule(fixture, JOB_RULE_UNIQUE, FIELD_EMAIL);
    rule->unique_index = 1;
    assert_string_equal(fixture_validate(fixture), "email/format");
    assert_int_equal(fixture->record.unique_known, 3);
    assert_true(fixture->record.unique_hash[0] == hash_table_hash(slice_from("C-7")));
    assert_true(fixture->record.unique_hash[1] == hash_table_hash(slice_from("a@example.com")));

    fixture_map(fixture, FIELD_EMAIL, "");
    fixture_map(fixture, FIELD_EXTERNAL_ID, "");
    fixture_validate(fixture);
    assert_int_equal(fixture->record.unique_known, 0);
    fixture_free(fixture);
}

static void a_runaway_value_is_reported_as_expensive(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_CITY, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    fixture_rule(fixture, JOB_RULE_NOT_MATCH, FIELD_CITY)->pattern = "^(a+)+$";
    assert_string_equal(fixture_validate(fixture), "city/expensive");
    fixture_free(fixture);
}

static void a_faulty_record_has_its_fault_and_no_values(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    assert_true(fixture_build(fixture));
    fixture->record.fault = RULE_COLUMNS;
    fixture->record.fault_message = slice_from("3 cells, expected 4");
    rule_worker_validate(fixture->worker, &fixture->record, &fixture->arena);
    assert_string_equal(fixture_verdicts(fixture), "record/columns");
    assert_true(slice_is(fixture->record.verdicts[0].message, "3 cells, expected 4"));
    assert_true(fixture->record.rejected);
    assert_null(fixture->record.values);
    fixture_free(fixture);
}

static void messages_say_what_was_found_and_what_is_expected(void **state)
{
    (void)state;
    static const struct {
        enum field_id field;
        const char *cell, *part;
    } cases[] = {
        {FIELD_DATE_OF_BIRTH, "1990-02-30",
         "\"1990-02-30\" is not a day of the calendar; expected DD/MM/YYYY"},
        {FIELD_OCCUPATION, "helthcare", "the nearest is healthcare"},
        {FIELD_EMAIL, "anna", "\"anna\" is not an e-mail address: it has no @"},
        {FIELD_LAST_NAME, "N/A", "column \"last_name\" has \"N/A\", which counts as no value"},
        {FIELD_LAST_NAME, "", "column \"last_name\" is empty"},
        {FIELD_FIRST_NAME, "Jos\xe9", "byte 4 (0xe9) is not utf-8"},
        {FIELD_COUNTRY, "Congo", "(CD"},
        {FIELD_NATIONALITIES, "DE|US", "`split`"},
        {FIELD_OCCUPATION, "12345678901234567890123456789012345678901234567890123456789\xc3\xa9tail",
         "\"12345678901234567890123456789012345678901234567890123456789\xe2\x80\xa6\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        struct job_mapping *mapping = fixture_map(fixture, cases[i].field, cases[i].cell);
        mapping->formats = (const char *[]){"DD/MM/YYYY"};
        mapping->format_count = cases[i].field == FIELD_DATE_OF_BIRTH;
        fixture_validate(fixture);
        assert_int_equal(fixture->record.verdict_count, 1);
        struct slice message = fixture->record.verdicts[0].message;
        if (!strstr(message.data, cases[i].part))
            fail_msg("%s", message.data);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_normal_form),
        cmocka_unit_test(in_the_us_states_and_numbers_are_read),
        cmocka_unit_test(a_bad_country_alone_is_blamed),
        cmocka_unit_test(a_column_may_split_into_a_list),
        cmocka_unit_test(tax_ids_have_their_countries),
        cmocka_unit_test(the_job_maps_values),
        cmocka_unit_test(values_apply_to_any_field),
        cmocka_unit_test(a_constant_is_set_in_every_record),
        cmocka_unit_test(other_encodings_are_decoded),
        cmocka_unit_test(all_that_is_wrong_shows_at_once_in_field_order),
        cmocka_unit_test(patterns_of_the_job_apply_to_normalized_values),
        cmocka_unit_test(every_item_of_a_list_is_checked),
        cmocka_unit_test(a_condition_decides_whether_a_rule_applies),
        cmocka_unit_test(the_job_requires_and_relaxes),
        cmocka_unit_test(a_requirement_may_be_relaxed_for_some),
        cmocka_unit_test(a_minimum_age_ends_on_the_birthday),
        cmocka_unit_test(the_rule_valid_asks_the_number_plan_of_every_number),
        cmocka_unit_test(a_rule_valid_that_warns_replaces_the_default),
        cmocka_unit_test(uniqueness_gives_hashes_of_normal_forms),
        cmocka_unit_test(a_runaway_value_is_reported_as_expensive),
        cmocka_unit_test(a_faulty_record_has_its_fault_and_no_values),
        cmocka_unit_test(messages_say_what_was_found_and_what_is_expected),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rule_worker", tests, NULL, NULL);
}
