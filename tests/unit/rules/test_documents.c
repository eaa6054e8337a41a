/* The documents of a record, and what automatic verification needs: read_documents, verifiable, and the words
 * of a provider whose page has no list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unit/rules/fixture.h"

static const char *const statuses[] = {"Permanent U.S. Resident", "Non-Resident of U.S.", NULL};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE},
    {.field = FIELD_COUNTRY, .verifies = VERIFIES_EVERYBODY},
    {.field = FIELD_PHONE, .verifies = VERIFIES_EVERYBODY},
    {.field = FIELD_SOURCE_OF_FUNDS, .recommended = true, .verifies = VERIFIES_EVERYBODY},
    {.field = FIELD_INCOME_SOURCE, .verifies = VERIFIES_ABROAD},
    {.field = FIELD_IMMIGRATION_STATUS, .values = statuses, .open_values = true},
    {.field = FIELD_VERIFICATION_MODE},
    {.field = FIELD_NATIONAL_ID, .form = PAYLOAD_ENTRY},
    {.field = FIELD_TAX_ID, .form = PAYLOAD_ENTRY},
    {.field = FIELD_DOCUMENT_FRONT},
    {.field = FIELD_NONE, .group = FIELD_GROUP_DOCUMENTS, .verifies = VERIFIES_EVERYBODY},
    {.field = FIELD_NONE, .group = FIELD_GROUP_ADDITIONAL_INFO, .yes_no = true},
};
static const struct provider_fields provider = {
    .fields = fields, .field_count = COUNT(fields), .slot_count = 1};

static const struct provider_field plain[] = {
    {.field = FIELD_EXTERNAL_ID, .required = true},
    {.field = FIELD_NONE, .group = FIELD_GROUP_DOCUMENTS},
};
static const struct provider_fields plain_provider = {.fields = plain, .field_count = 2, .slot_count = 1};

#define PART(i)     ((enum field_id)(FIELD_COUNT + (i)))
#define TYPE        PART(0)
#define NUMBER      PART(1)
#define COUNTRY     PART(2)
#define FRONT       PART(3)
#define SECOND_TYPE PART(4)
#define PROOF       PART(6)

static int define(void **state)
{
    (void)state;
    static const struct field_entry entries[] = {
        {0, ENTRY_TYPE, {"", 0}},
        {0, ENTRY_NUMBER, {"", 0}},
        {0, ENTRY_COUNTRY, {"", 0}},
        {0, ENTRY_FILE, SLICE_LITERAL("front")},
        {1, ENTRY_TYPE, {"", 0}},
        {1, ENTRY_NUMBER, {"", 0}},
        {1, ENTRY_FILE, SLICE_LITERAL("file_proof_of_address")},
    };
    field_define(NULL, 0);
    field_define_entries(entries, COUNT(entries));
    return 0;
}

static int undefine(void **state)
{
    (void)state;
    field_define(NULL, 0);
    return 0;
}

static void an_entry_counts_by_its_number_or_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *cells[7], *verdicts, *type, *country;
    } cases[] = {
        {"nothing", {"", "", "", "", "", "", ""}, "", "-", "-"},
        {"a type and a country alone", {"passport", "", "MX", "", "", "", ""}, "", "-", "-"},
        {"a country that is none, of an entry that does not count",
         {"", "", "Atlantis", "", "", "", ""},
         "",
         "-",
         "-"},
        {"a null value is no number", {"passport", "N/A", "MX", "", "", "", ""}, "", "-", "-"},
        {"a number", {" Passport ", "G1", "Mexico", "", "", "", ""}, "", "Passport", "MX"},
        {"a file", {"passport", "", "", "https://example.com/a", "", "", ""}, "", "passport", "-"},
        {"a number without a type", {"", "G1", "MX", "", "", "", ""}, "document_type/required", "-", "MX"},
        {"a bad file without a type",
         {"", "", "", "http://example.com/a", "", "", ""},
         "document_type/required documents[0].files.front/format",
         "-",
         "-"},
        {"two without a type are one verdict",
         {"", "G1", "", "", "", "N2", ""},
         "document_type/required",
         "-",
         "-"},
        {"a number that a program rewrote",
         {"passport", "9.46E+08", "", "", "", "", ""},
         "documents[0].number/damaged",
         "passport",
         "-"},
        {"a country that is none",
         {"passport", "G1", "Atlantis", "", "", "", ""},
         "documents[0].country/country",
         "passport",
         "!"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture->provider = &plain_provider;
        for (size_t k = 0; k < 7; k++)
            fixture_map(fixture, PART(k), cases[i].cells[k]);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, cases[i].verdicts) != 0)
            fail_msg("%s: %s", cases[i].sentence, verdicts);
        assert_string_equal(fixture_value(fixture, TYPE), cases[i].type);
        assert_string_equal(fixture_value(fixture, COUNTRY), cases[i].country);
        fixture_free(fixture);
    }

    struct fixture *fixture = fixture_new();
    fixture->provider = &plain_provider;
    fixture_map(fixture, NUMBER, "G1");
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_DOCUMENT_TYPE);
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void a_constant_type_is_of_entries_that_count(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture->provider = &plain_provider;
    struct job_mapping *type = fixture_map(fixture, TYPE, "");
    type->column_count = 0;
    type->constant = "ssn";
    fixture_map(fixture, NUMBER, "");
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, TYPE), "-");
    fixture_map(fixture, NUMBER, "900700001");
    assert_string_equal(fixture_validate(fixture), "");
    assert_string_equal(fixture_value(fixture, TYPE), "ssn");
    fixture_free(fixture);
}

static const char *message_of(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->record.verdict_count; i++)
        if (strcmp(fixture->record.verdicts[i].rule, RULE_UNVERIFIABLE) == 0)
            return fixture->record.verdicts[i].message.data;
    return "";
}

#define LACKS "the provider cannot verify this customer automatically without "

static void what_automatic_verification_lacks_is_one_warning(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *country, *phone, *funds, *income, *mode, *ssn, *tax, *type, *number, *front,
            *proof, *message;
    } cases[] = {
        {"nothing at all", "", "", "", "", "", "", "", "", "", "", "",
         LACKS "country, phone, source_of_funds"},
        {"in the US", "US", "", "salary", "", "", "", "", "", "", "", "",
         LACKS
         "phone, a document ssn, the front of an identity document, the file_proof_of_address of a document"},
        {"elsewhere", "MX", "+525512345678", "", "", "automatic", "900700001", "", "passport", "G1",
         "https://example.com/a", "",
         LACKS "source_of_funds, income_source, a document tax_id, the file_proof_of_address of a document"},
        {"all of it in the US", "US", "+14155550110", "salary", "", "", "900700001", "", "passport", "G1",
         "https://example.com/a", "https://example.com/b", ""},
        {"all of it elsewhere", "MX", "+525512345678", "salary", "rents", "", "", "GOGM", "passport", "G1",
         "https://example.com/a", "https://example.com/b", ""},
        {"a listed ssn", "US", "+14155550110", "salary", "", "", "", "", "SSN", "900700001",
         "https://example.com/a", "https://example.com/b", ""},
        {"a link is asked for", "US", "", "", "", "verification_link", "", "", "", "", "", "", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture->provider = &provider;
        fixture_map(fixture, FIELD_COUNTRY, cases[i].country);
        fixture_map(fixture, FIELD_PHONE, cases[i].phone);
        fixture_map(fixture, FIELD_SOURCE_OF_FUNDS, cases[i].funds);
        fixture_map(fixture, FIELD_INCOME_SOURCE, cases[i].income);
        fixture_map(fixture, FIELD_VERIFICATION_MODE, cases[i].mode);
        fixture_map(fixture, FIELD_NATIONAL_ID, cases[i].ssn);
        fixture_map(fixture, FIELD_TAX_ID, cases[i].tax);
        fixture_map(fixture, TYPE, cases[i].type);
        fixture_map(fixture, NUMBER, cases[i].number);
        fixture_map(fixture, FRONT, cases[i].front);
        fixture_map(fixture, SECOND_TYPE, "utility_bill");
        fixture_map(fixture, PROOF, cases[i].proof);
        const char *verdicts = fixture_validate(fixture);
        if (strcmp(verdicts, *cases[i].message ? "record/unverifiable(warn)" : "") != 0 ||
            strcmp(message_of(fixture), cases[i].message) != 0)
            fail_msg("%s: %s: %s", cases[i].sentence, verdicts, message_of(fixture));
        fixture_free(fixture);
    }
}

static void a_job_takes_fields_off_the_list(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_new();
    fixture->provider = &provider;
    fixture_map(fixture, FIELD_COUNTRY, "US");
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_SOURCE_OF_FUNDS);
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_DOCUMENT_FRONT);
    assert_string_equal(fixture_validate(fixture), "record/unverifiable(warn)");
    assert_string_equal(message_of(fixture), LACKS "phone, a document ssn");
    fixture_free(fixture);

    fixture = fixture_new();
    fixture->provider = &provider;
    fixture_map(fixture, FIELD_COUNTRY, "US");
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_SOURCE_OF_FUNDS);
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_DOCUMENT_FRONT);
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_PHONE);
    fixture_rule(fixture, JOB_RULE_REQUIRED, FIELD_NATIONAL_ID);
    assert_string_equal(fixture_validate(fixture), "");
    fixture_free(fixture);
}

static void words_of_an_open_list(void **state)
{
    (void)state;
    static const struct {
        const char *cell, *verdicts, *value;
    } cases[] = {
        {"Non-Resident of U.S.", "", "Non-Resident of U.S."},
        {"non resident of u.s.", "", "Non-Resident of U.S."},
        {"H-1B  visa", "immigration_status/enum(warn)", "H-1B visa"},
        {"", "", "-"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture->provider = &provider;
        fixture_map(fixture, FIELD_VERIFICATION_MODE, "verification_link");
        fixture_map(fixture, FIELD_IMMIGRATION_STATUS, cases[i].cell);
        assert_string_equal(fixture_validate(fixture), cases[i].verdicts);
        assert_string_equal(fixture_value(fixture, FIELD_IMMIGRATION_STATUS), cases[i].value);
        fixture_free(fixture);
    }
}

static void a_boolean_of_the_jobs_own_is_yes_or_no(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"true", "yes"}, {"FALSE", "no"},    {"Yes", "yes"},         {"no", "no"},
        {"1", "1"},      {"maybe", "maybe"}, {"not yet", "not yet"},
    };
    const struct slice names[] = {SLICE_LITERAL("additional_info.has_us_bank_account")};
    field_define(names, 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fixture *fixture = fixture_new();
        fixture->provider = &provider;
        fixture_map(fixture, FIELD_VERIFICATION_MODE, "verification_link");
        fixture_map(fixture, PART(0), cases[i][0]);
        assert_string_equal(fixture_validate(fixture), "");
        assert_string_equal(fixture_value(fixture, PART(0)), cases[i][1]);
        fixture_free(fixture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_counts_by_its_number_or_a_file, define, undefine),
        cmocka_unit_test_setup_teardown(a_constant_type_is_of_entries_that_count, define, undefine),
        cmocka_unit_test_setup_teardown(what_automatic_verification_lacks_is_one_warning, define, undefine),
        cmocka_unit_test_setup_teardown(a_job_takes_fields_off_the_list, define, undefine),
        cmocka_unit_test_setup_teardown(words_of_an_open_list, define, undefine),
        cmocka_unit_test_setup_teardown(a_boolean_of_the_jobs_own_is_yes_or_no, define, undefine),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("documents", tests, NULL, NULL);
}
