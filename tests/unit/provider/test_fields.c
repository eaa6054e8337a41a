#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/country.h"
#include "provider/fields.h"
#include "provider/provider_table.h"
#include "unit/provider/records.h"

static const struct {
    const char *name;
    const struct provider_fields *fields;
} providers[] = {{"payward", &payward_fields},
                 {"kraken-embed", &kraken_embed_fields},
                 {"kira", &kira_fields},
                 {"payso", &payso_fields}};

static void each_table_is_in_order_and_uses_every_member(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof providers / sizeof *providers; p++) {
        const struct provider_fields *fields = providers[p].fields;
        bool used[PROVIDER_MEMBERS_MAX] = {false};
        assert_true(fields->member_count <= PROVIDER_MEMBERS_MAX);
        assert_null(fields->members[fields->member_count]);
        for (size_t i = 0; i < fields->field_count; i++) {
            const struct provider_field *row = &fields->fields[i];
            if (i > 0 && row->field <= fields->fields[i - 1].field)
                fail_msg("%s: %s is out of order", providers[p].name, field_name(row->field));
            if (row->member != PROVIDER_NO_MEMBER)
                used[row->member] = true;
            assert_ptr_equal(provider_fields_find(fields, row->field), row);
        }
        for (size_t i = 0; i < FIELD_GROUP_COUNT; i++)
            if (fields->groups[i])
                used[fields->groups[i]->member] = true;
        for (size_t i = 0; i < fields->member_count; i++)
            if (!used[i] || !fields->members[i])
                fail_msg("%s: member %zu", providers[p].name, i);
    }
}

static const char *member_of(const struct provider_fields *fields, enum field_id field)
{
    const struct provider_field *row = provider_fields_find(fields, field);
    if (!row)
        return "";
    return row->member == PROVIDER_NO_MEMBER ? "-" : fields->members[row->member];
}

static void fields_go_where_the_provider_has_them(void **state)
{
    (void)state;
    static const struct {
        enum field_id field;
        const char *members[4]; /* as providers; "": no place */
        const char *required;   /* a letter each: y, n */
    } cases[] = {
        {FIELD_EXTERNAL_ID, {"external_reference", "external_id", "external_id", "-"}, "yyyy"},
        {FIELD_CUSTOMER_TYPE, {"-", "-", "type", "beneficiary_type"}, "nnnn"},
        {FIELD_DATE_OF_BIRTH, {"birth", "date_of_birth", "birth_date", "date_of_birth"}, "yyny"},
        {FIELD_BIRTH_CITY, {"birth", "city_of_birth", "", ""}, "ynnn"},
        {FIELD_PHONE, {"phone", "phone", "phone", "phone"}, "yyny"},
        {FIELD_POSTAL_CODE, {"residence", "residence", "address_zip_code", "postcode"}, "yyny"},
        {FIELD_NATIONALITIES, {"nationalities", "nationalities", "nationality", "nationality"}, "yyny"},
        {FIELD_COMPANY_NAME, {"", "", "", "company_name"}, "nnny"},
        {FIELD_NATIONAL_ID, {"", "", "", "ssn"}, "nnny"},
        {FIELD_TOS_VERSION, {"", "tos_version_accepted", "", ""}, "nynn"},
        {FIELD_CLIENT_IDENTIFIER, {"client_identifier", "client_identifier", "", ""}, "nnnn"},
        {FIELD_DOCUMENT_FRONT, {"", "", "identifying_information", ""}, "nnnn"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < 4; p++) {
            const struct provider_field *row = provider_fields_find(providers[p].fields, cases[i].field);
            assert_string_equal(member_of(providers[p].fields, cases[i].field), cases[i].members[p]);
            assert_int_equal(row && row->required, cases[i].required[p] == 'y');
        }
    const struct provider_field *ssn = provider_fields_find(&payso_fields, FIELD_NATIONAL_ID);
    assert_int_equal(ssn->applies_to, PROVIDER_US_INDIVIDUALS);
    assert_null(provider_fields_find(&payso_fields, FIELD_SOURCE_OF_FUNDS)->values);
    assert_null(provider_fields_find(&kira_fields, FIELD_OCCUPATION)->values);
    assert_true(provider_fields_find(&kira_fields, FIELD_ACCOUNT_PURPOSE)->recommended);
}

/* A value of the field's type. */
static const char *example_of(enum field_id field)
{
    switch (field_type(field)) {
    case FIELD_TYPE_DATE:
        return "1990-04-15";
    case FIELD_TYPE_COUNTRY:
        return "US";
    case FIELD_TYPE_COUNTRY_LIST:
        return "DE";
    case FIELD_TYPE_BOOL:
        return "true";
    case FIELD_TYPE_INTEGER:
        return "1";
    case FIELD_TYPE_DOCUMENT:
        return "https://files.example.com/a.png";
    default:
        return "business";
    }
}

static void build_create(const struct provider *provider, const struct sample *sample, struct buffer *body)
{
    const struct job job = {.provider = {.documents = "/"}};
    const struct provider_call call = {
        .operation = OPERATION_CREATE, .job = &job, .base_path = "", .record = &sample->record};
    struct provider_request request;
    buffer_init(&request.body, 1 << 16);
    const char *why = provider->build(&call, &request);
    if (why)
        fail_msg("%s: %s", provider->name, why);
    *body = request.body;
}

static void every_field_with_a_member_is_sent(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof providers / sizeof *providers; p++) {
        const struct provider *provider = provider_find(providers[p].name);
        const struct provider_fields *fields = providers[p].fields;
        struct sample sample = {0};
        struct buffer all, without;
        for (size_t i = 0; i < fields->field_count; i++)
            sample_set(&sample, fields->fields[i].field, example_of(fields->fields[i].field));
        build_create(provider, &sample, &all);
        for (size_t i = 0; i < fields->field_count; i++) {
            const struct provider_field *row = &fields->fields[i];
            bool is_constant = row->values && !row->values[1]; /* the only word that the provider knows */
            if (row->member == PROVIDER_NO_MEMBER || is_constant)
                continue;
            struct value value = sample.values[row->field];
            sample.values[row->field] = (struct value){.state = VALUE_ABSENT};
            build_create(provider, &sample, &without);
            if (slice_equal(buffer_slice(&all), buffer_slice(&without)))
                fail_msg("%s: the body of a create is the same without %s", providers[p].name,
                         field_name(row->field));
            buffer_clear(&without);
            sample.values[row->field] = value;
        }
        buffer_clear(&all);
    }
}

static size_t count_countries(const char *const *codes)
{
    size_t count = 0;
    for (; codes[count]; count++)
        assert_non_null(country_by_alpha2(slice_from(codes[count])));
    return count;
}

static size_t count_words(const struct provider_fields *fields, enum field_id field)
{
    const char *const *words = provider_fields_find(fields, field)->values;
    size_t count = 0;
    while (words[count])
        count++;
    return count;
}

static void lists_are_complete(void **state)
{
    (void)state;
    assert_int_equal(count_countries(provider_fields_find(&kira_fields, FIELD_COUNTRY)->warned_countries),
                     21);
    assert_int_equal(count_countries(provider_fields_find(&payso_fields, FIELD_COUNTRY)->refused_countries),
                     30);
    assert_int_equal(count_words(&payward_fields, FIELD_OCCUPATION), 19);
    assert_int_equal(count_words(&kira_fields, FIELD_SOURCE_OF_FUNDS), 11);
    assert_int_equal(count_words(&kira_fields, FIELD_ACCOUNT_PURPOSE), 14);
    assert_int_equal(count_words(&kira_fields, FIELD_EXPECTED_MONTHLY_VOLUME), 5);
    assert_int_equal(count_words(&kira_fields, FIELD_EXPECTED_TRANSACTION_COUNT), 4);
    assert_int_equal(count_words(&kira_fields, FIELD_EMPLOYMENT_STATUS), 5);
    assert_int_equal(count_words(&kira_fields, FIELD_GENDER), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_table_is_in_order_and_uses_every_member),
        cmocka_unit_test(fields_go_where_the_provider_has_them),
        cmocka_unit_test(every_field_with_a_member_is_sent),
        cmocka_unit_test(lists_are_complete),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
