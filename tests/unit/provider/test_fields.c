#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/country.h"
#include "provider/provider_table.h"
#include "unit/job_parts.h"
#include "unit/provider/records.h"

enum { PAYWARD, KRAKEN_EMBED, KIRA, PAYSO, PROVIDERS };

static const char *const providers[PROVIDERS] = {"payward", "kraken-embed", "kira", "payso"};

static const struct provider_fields *fields_of(size_t provider)
{
    return provider_find(providers[provider])->fields;
}

static bool is_same_member(const struct provider_field *row, const struct provider_field *other)
{
    return row->member && other->member && strcmp(row->member, other->member) == 0;
}

static void check_row(const char *provider, const struct provider_fields *fields, size_t i)
{
    const struct provider_field *row = &fields->fields[i];
    bool is_group = row->field == FIELD_NONE;
    if (is_group != (row->group != FIELD_GROUP_NONE) || (!is_group && row->field >= FIELD_COUNT))
        fail_msg("%s: row %zu has a field and a group, or neither", provider, i);
    if (!row->copy && !is_group && provider_fields_find(fields, row->field) != row)
        fail_msg("%s: two rows of %s", provider, field_name(row->field));
    if (row->copy && (is_group || !provider_fields_find(fields, row->field)))
        fail_msg("%s: a copy of %s, which has no row of its own", provider, field_name(row->field));
    if ((row->slot == PROVIDER_NO_SLOT) != !row->member)
        fail_msg("%s: a member without a slot, or a slot without a member: row %zu", provider, i);
    if (row->member && row->slot >= fields->slot_count)
        fail_msg("%s: the slot of %s is not below slot_count", provider, row->member);
    if (row->heads_member && (!row->key || row->group != FIELD_GROUP_NONE))
        fail_msg("%s: %s heads a member of one value", provider, field_name(row->field));
}

/* Rows of a member are one run, with one slot and one update; a slot is of one member, but for the copies. */
static void check_pair(const char *provider, const struct provider_fields *fields, size_t i, size_t j)
{
    const struct provider_field *row = &fields->fields[i], *other = &fields->fields[j];
    if (!is_same_member(row, other)) {
        if (row->member && row->slot == other->slot && !row->copy && !other->copy)
            fail_msg("%s: %s and %s have the same slot", provider, row->member, other->member);
        return;
    }
    if (row->slot != other->slot || (row->update != other->update && !row->copy && !other->copy))
        fail_msg("%s: two slots or updates of %s", provider, row->member);
    if (!is_same_member(row, &fields->fields[j - 1]))
        fail_msg("%s: the rows of %s are not next to each other", provider, row->member);
    if (!row->key && row->form != PAYLOAD_TAX_IDS && row->form != PAYLOAD_ENTRY &&
        row->form != PAYLOAD_CONCAT && row->group == FIELD_GROUP_NONE)
        fail_msg("%s: two values of %s without a key", provider, row->member);
}

static void each_member_has_its_rows_and_its_slot(void **state)
{
    (void)state;
    for (const char *const *name = provider_names(); *name; name++) {
        const struct provider_fields *fields = provider_find(*name)->fields;
        assert_true(fields->slot_count <= PROVIDER_MEMBERS_MAX);
        assert_non_null(provider_fields_find(fields, FIELD_EXTERNAL_ID));
        assert_non_null(provider_fields_find(fields, FIELD_EMAIL)->member);
        for (size_t i = 0; i < fields->field_count; i++) {
            check_row(*name, fields, i);
            for (size_t j = i + 1; j < fields->field_count; j++)
                check_pair(*name, fields, i, j);
        }
        for (size_t slot = 0; slot < fields->slot_count; slot++)
            if (!provider_fields_member(fields, slot))
                fail_msg("%s: no member with the slot %zu", *name, slot);
    }
}

static const char *member_of(const struct provider_fields *fields, enum field_id field)
{
    const struct provider_field *row = provider_fields_find(fields, field);
    if (!row)
        return "";
    return row->member ? row->member : "-";
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
        {FIELD_NATIONAL_ID, {"", "", "identifying_information", "ssn"}, "nnny"},
        {FIELD_TOS_VERSION, {"", "tos_version_accepted", "", ""}, "nynn"},
        {FIELD_CLIENT_IDENTIFIER, {"client_identifier", "client_identifier", "", ""}, "nnnn"},
        {FIELD_DOCUMENT_FRONT, {"", "", "identifying_information", ""}, "nnnn"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t p = 0; p < 4; p++) {
            const struct provider_field *row = provider_fields_find(fields_of(p), cases[i].field);
            assert_string_equal(member_of(fields_of(p), cases[i].field), cases[i].members[p]);
            assert_int_equal(row && row->required, cases[i].required[p] == 'y');
        }
    const struct provider_field *ssn = provider_fields_find(fields_of(PAYSO), FIELD_NATIONAL_ID);
    assert_int_equal(ssn->applies_to, PROVIDER_NOT_FOREIGN);
    assert_true(ssn->required && ssn->recommended);
    assert_null(provider_fields_find(fields_of(PAYSO), FIELD_SOURCE_OF_FUNDS)->values);
    assert_null(provider_fields_find(fields_of(KIRA), FIELD_OCCUPATION)->values);
    assert_true(provider_fields_find(fields_of(KIRA), FIELD_ACCOUNT_PURPOSE)->recommended);
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
    const struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_DOCUMENTS, "/"))}};
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
    for (const char *const *name = provider_names(); *name; name++) {
        const struct provider *provider = provider_find(*name);
        const struct provider_fields *fields = provider_find(*name)->fields;
        struct sample sample = {0};
        struct buffer all, without;
        for (enum field_id field = 0; field < FIELD_COUNT; field++)
            if (provider_fields_find(fields, field))
                sample_set(&sample, field, example_of(field));
        build_create(provider, &sample, &all);
        for (enum field_id field = 0; field < FIELD_COUNT; field++) {
            const struct provider_field *row = provider_fields_find(fields, field);
            if (!row || !row->member || row->form == PAYLOAD_ENTRY) /* of some customers: golden payloads */
                continue;
            struct value value = sample.values[row->field];
            sample.values[row->field] = (struct value){.state = VALUE_ABSENT};
            build_create(provider, &sample, &without);
            if (slice_equal(buffer_slice(&all), buffer_slice(&without)))
                fail_msg("%s: the body of a create is the same without %s", *name, field_name(row->field));
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
    assert_int_equal(count_countries(provider_fields_find(fields_of(KIRA), FIELD_COUNTRY)->warned_countries),
                     21);
    assert_int_equal(
        count_countries(provider_fields_find(fields_of(PAYSO), FIELD_COUNTRY)->refused_countries), 30);
    assert_int_equal(count_words(fields_of(PAYWARD), FIELD_OCCUPATION), 19);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_SOURCE_OF_FUNDS), 11);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_ACCOUNT_PURPOSE), 14);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_EXPECTED_MONTHLY_VOLUME), 5);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_EXPECTED_TRANSACTION_COUNT), 4);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_EMPLOYMENT_STATUS), 5);
    assert_int_equal(count_words(fields_of(KIRA), FIELD_GENDER), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_member_has_its_rows_and_its_slot),
        cmocka_unit_test(fields_go_where_the_provider_has_them),
        cmocka_unit_test(every_field_with_a_member_is_sent),
        cmocka_unit_test(lists_are_complete),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
