/* Phone numbers of a record: the country they are read with, and the verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/rules/fixture.h"

static void a_number_is_sent_or_its_record_is_rejected(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *cell, *country, *of_column, *want, *verdicts;
    } cases[] = {
        {"the record's country", "0151 12345678", "DE", NULL, "+4915112345678", ""},
        {"the column's country", "0151 12345678", "", "DE", "+4915112345678", ""},
        {"the column's before the record's", "0151 12345678", "US", "DE", "+4915112345678", ""},
        {"the column's where the record's is no country", "0151 12345678", "Atlantis", "DE", "+4915112345678",
         "country/country"},
        {"a plus before all", "+44 20 7946 0958", "US", "DE", "+442079460958", ""},
        {"no country", "0151 12345678", "", NULL, NULL, "phone/format"},
        {"a trunk zero after the calling code", "+4402079460958", "", NULL, "+442079460958", ""},
        {"a digit too few", "+1415555011", "US", NULL, NULL, "phone/format"},
        {"an unknown calling code", "+9991234567", "US", NULL, NULL, "phone/format"},
        {"a float", "4155550110.0", "US", NULL, NULL, "phone/damaged"},
        {"an exponent", "4.15555E+09", "US", NULL, NULL, "phone/damaged"},
        {"a calling code without its plus", "4915112345678", "DE", NULL, NULL, "phone/ambiguous"},
        {"the same by the column's country", "4915112345678", "US", "DE", NULL, "phone/ambiguous"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture_map(fixture, FIELD_PHONE, cases[i].cell)->phone_country = cases[i].of_column;
        fixture_map(fixture, FIELD_COUNTRY, cases[i].country);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s", cases[i].sentence, verdicts);
        const struct value *phone = &fixture->record.values[FIELD_PHONE];
        if (cases[i].want ? phone->state != VALUE_PRESENT || !slice_is(phone->text, cases[i].want)
                          : phone->state != VALUE_FAILED)
            fail_msg("%s: %.*s", cases[i].sentence, (int)phone->text.len, phone->text.data);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_sent_or_its_record_is_rejected),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("normalize_phone", tests, NULL, NULL);
}
