/* Values that a program rewrote: which are rejected, which only warned about, and which are good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rules/damage.h"
#include "unit/rules/fixture.h"

static void damage_is_found_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum damage damage;
    } texts[] = {
        {"94607.0", DAMAGE_DECIMAL},
        {"-5.0", DAMAGE_DECIMAL},
        {"0.0", DAMAGE_DECIMAL},
        {"'94607.0", DAMAGE_DECIMAL},
        {"94607,0", DAMAGE_DECIMAL},
        {"9.46E+08", DAMAGE_EXPONENT},
        {"9,46E+08", DAMAGE_EXPONENT},
        {"1e+16", DAMAGE_EXPONENT},
        {"-4.15555e-09", DAMAGE_EXPONENT},
        {"4E+100", DAMAGE_EXPONENT},
        {"1.5E7", DAMAGE_EXPONENT},
        {"1E5", DAMAGE_NONE},
        {"12E34567", DAMAGE_NONE},
        {"1E+5", DAMAGE_NONE},
        {"1E+1234", DAMAGE_NONE},
        {"12E+34", DAMAGE_NONE},
        {"044.668.18.00", DAMAGE_NONE},
        {"1.00", DAMAGE_NONE},
        {"1.01", DAMAGE_NONE},
        {"A1.0", DAMAGE_NONE},
        {".0", DAMAGE_NONE},
        {"1.5E", DAMAGE_NONE},
        {"2E", DAMAGE_NONE},
        {"5e2b", DAMAGE_NONE},
        {"+", DAMAGE_NONE},
        {"0", DAMAGE_NONE},
        {"#REF!", DAMAGE_ERROR},
        {"#n/a", DAMAGE_ERROR},
        {"#NV", DAMAGE_ERROR},
        {"#BEZUG!", DAMAGE_ERROR},
        {"#¡VALOR!", DAMAGE_ERROR},
        {"#¿NOMBRE?", DAMAGE_ERROR},
        {"#ССЫЛКА!", DAMAGE_ERROR},
        {"#N/D!", DAMAGE_ERROR},
        {"Err:522", DAMAGE_ERROR},
        {"Err:52", DAMAGE_NONE},
        {"Errol", DAMAGE_NONE},
        {"#5", DAMAGE_NONE},
        {"#12 Main St", DAMAGE_NONE},
        {"#", DAMAGE_NONE},
        {"##", DAMAGE_NONE},
        {"###", DAMAGE_HASHES},
        {"########", DAMAGE_HASHES},
        {"[object Object]", DAMAGE_OBJECT},
        {"[object Undefined]", DAMAGE_OBJECT},
        {"[object Object", DAMAGE_NONE},
        {"Null", DAMAGE_NULL},
        {"NaN", DAMAGE_NULL},
        {"UNDEFINED", DAMAGE_NULL},
        {"(null)", DAMAGE_NULL},
        {"<NA>", DAMAGE_NULL},
        {"\\N", DAMAGE_NULL},
        {"NA", DAMAGE_NONE},
        {"None", DAMAGE_NONE},
        {"Nullmann", DAMAGE_NONE},
        {"Nand", DAMAGE_NONE},
        {"N", DAMAGE_NONE},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct slice text = slice_from(texts[i].text);
        const unsigned kinds = DAMAGE_WORDS | DAMAGE_NUMBERS;
        enum damage damage = damage_find(text, kinds);
        if (damage != texts[i].damage)
            fail_msg("%s: damage %d, not %d", texts[i].text, (int)damage, (int)texts[i].damage);
    }
}

static void a_field_decides_what_is_damage(void **state)
{
    (void)state;
    static const struct {
        enum field_id field;
        const char *cell, *verdicts;
    } cases[] = {
        {FIELD_EXTERNAL_ID, "1042.0", "external_id/damaged"},
        {FIELD_EXTERNAL_ID, "1.04E+12", "external_id/damaged"},
        {FIELD_EXTERNAL_ID, "1E5", ""},
        {FIELD_EXTERNAL_ID, "null", "external_id/damaged"},
        {FIELD_TAX_ID, "12345.0", "tax_id/damaged"},
        {FIELD_TAX_ID, "#REF!", "tax_id/damaged"},
        {FIELD_POSTAL_CODE, "94607.0", "postal_code/damaged"},
        {FIELD_POSTAL_CODE, "12E34567", ""},
        {FIELD_NATIONAL_ID, "1.23E+08", "national_id/damaged"},
        {FIELD_STATE, "13.0", "state/damaged"},
        {FIELD_COUNTRY, "840.0", "country/damaged"},
        {FIELD_COUNTRY, "NA", ""},
        {FIELD_COUNTRY, "Null", "country/damaged"},
        {FIELD_NATIONALITIES, "NA", ""},
        {FIELD_NATIONALITIES, "nan", "nationalities/damaged"},
        {FIELD_TOS_VERSION, "1.0", "tos_version/damaged"},
        {FIELD_PEP_STATUS, "1.0", "pep_status/damaged"},
        {FIELD_OCCUPATION, "NaN", "occupation/damaged"},
        {FIELD_DATE_OF_BIRTH, "########", "date_of_birth/damaged"},
        {FIELD_DATE_OF_BIRTH, "19800213.0", "date_of_birth/damaged"},
        {FIELD_DATE_OF_BIRTH, "1.98E+07", "date_of_birth/damaged"},
        {FIELD_PHONE, "#N/A", "phone/damaged"},
        {FIELD_EMAIL, "undefined", "email/damaged"},
        {FIELD_LAST_NAME, "Null", "last_name/damaged(warn)"},
        {FIELD_LAST_NAME, "#VALUE!", "last_name/damaged"},
        {FIELD_LAST_NAME, "[object Object]", "last_name/damaged"},
        {FIELD_FIRST_NAME, "Nan", "first_name/damaged(warn)"},
        {FIELD_CITY, "undefined", "city/damaged(warn)"},
        {FIELD_CITY, "###", "city/damaged"},
        {FIELD_CITY, "5.0", ""},
        {FIELD_EMPLOYER_NAME, "1.5E+10", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, cases[i].field, cases[i].cell);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s %s: %s", field_name(cases[i].field), cases[i].cell, verdicts);
        fixture_free(fixture);
    }
}

static void a_null_value_and_a_listed_value_are_no_damage(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture->nulls[1] = slice_from("null");
    fixture_map(fixture, FIELD_POSTAL_CODE, "null");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_map(fixture, FIELD_POSTAL_CODE, "NULL");
    assert_string_equal(fixture_validate(fixture), "postal_code/damaged");
    fixture_free(fixture);

    fixture = fixture_new();
    struct job_value_map values[] = {{.from = slice_from("1.0"), .to = slice_from("yes")}};
    struct job_mapping *mapping = fixture_map(fixture, FIELD_PEP_STATUS, "1.0");
    mapping->values = values;
    mapping->value_count = 1;
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, FIELD_PEP_STATUS), "true");
    fixture_map(fixture, FIELD_PEP_STATUS, "0.0");
    assert_string_equal(fixture_validate(fixture), "pep_status/damaged");
    fixture_free(fixture);
}

static void other_values_do_not_hide_damage(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_OCCUPATION, "#REF!")->otherwise = "other";
    assert_string_equal(fixture_validate(fixture), "occupation/damaged");
    fixture_map(fixture, FIELD_OCCUPATION, "dancer");
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void a_rule_sets_the_level(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture_map(fixture, FIELD_TAX_ID, "12345.0");
    fixture_map(fixture, FIELD_LAST_NAME, "Null");
    fixture_map(fixture, FIELD_COUNTRY, "US");
    struct job_rule *rule = fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_TAX_ID);
    rule->name = RULE_DAMAGED;
    rule->level = VERDICT_WARN;
    fixture_when(fixture, rule, FIELD_COUNTRY, "US");
    fixture_rule(fixture, JOB_RULE_LEVEL, FIELD_LAST_NAME)->name = RULE_DAMAGED;
    assert_string_equal(fixture_validate(fixture), "last_name/damaged tax_id/damaged(warn)");
    assert_string_equal(fixture_value(fixture, FIELD_TAX_ID), "12345.0");
    fixture_map(fixture, FIELD_COUNTRY, "MX");
    assert_string_equal(fixture_validate(fixture), "last_name/damaged tax_id/damaged");
    fixture_free(fixture);
}

static void a_phone_that_is_damaged_is_never_sent(void **state)
{
    (void)state;
    static const enum field_id fields[] = {FIELD_PHONE, FIELD_DATE_OF_BIRTH};
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, fields[i], "1");
        struct job_rule *rule = fixture_rule(fixture, JOB_RULE_LEVEL, fields[i]);
        rule->name = RULE_DAMAGED;
        rule->level = VERDICT_WARN;
        assert_false(fixture_build(fixture));
        assert_non_null(strstr(fixture->error.text, "has no value that could be sent if it is damaged"));
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_is_found_and_nothing_else),
        cmocka_unit_test(a_field_decides_what_is_damage),
        cmocka_unit_test(a_null_value_and_a_listed_value_are_no_damage),
        cmocka_unit_test(other_values_do_not_hide_damage),
        cmocka_unit_test(a_rule_sets_the_level),
        cmocka_unit_test(a_phone_that_is_damaged_is_never_sent),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("damage", tests, NULL, NULL);
}
