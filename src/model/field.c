#include "model/field.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

const struct field field_table[FIELD_COUNT] = {
    [FIELD_EXTERNAL_ID] = {"external_id", FIELD_TYPE_KEY, false, FIELD_PARTS_NONE},
    [FIELD_CUSTOMER_TYPE] = {"customer_type", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_EMAIL] = {"email", FIELD_TYPE_EMAIL, false, FIELD_PARTS_NONE},
    [FIELD_PHONE] = {"phone", FIELD_TYPE_PHONE, false, FIELD_PARTS_NUMBER},
    [FIELD_FIRST_NAME] = {"first_name", FIELD_TYPE_NAME, false, FIELD_PARTS_NAME},
    [FIELD_MIDDLE_NAME] = {"middle_name", FIELD_TYPE_NAME, false, FIELD_PARTS_NAME},
    [FIELD_LAST_NAME] = {"last_name", FIELD_TYPE_NAME, false, FIELD_PARTS_NAME},
    [FIELD_COMPANY_NAME] = {"company_name", FIELD_TYPE_NAME, false, FIELD_PARTS_COMPANY},
    [FIELD_DATE_OF_BIRTH] = {"date_of_birth", FIELD_TYPE_DATE, true, FIELD_PARTS_NONE},
    [FIELD_BIRTH_CITY] = {"birth_city", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_BIRTH_COUNTRY] = {"birth_country", FIELD_TYPE_COUNTRY, false, FIELD_PARTS_NONE},
    [FIELD_ADDRESS_LINE1] = {"address_line1", FIELD_TYPE_TEXT, false, FIELD_PARTS_STREET},
    [FIELD_ADDRESS_LINE2] = {"address_line2", FIELD_TYPE_TEXT, false, FIELD_PARTS_STREET},
    [FIELD_CITY] = {"city", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_STATE] = {"state", FIELD_TYPE_STATE, false, FIELD_PARTS_NONE},
    [FIELD_POSTAL_CODE] = {"postal_code", FIELD_TYPE_POSTAL, false, FIELD_PARTS_NONE},
    [FIELD_COUNTRY] = {"country", FIELD_TYPE_COUNTRY, false, FIELD_PARTS_NONE},
    [FIELD_NATIONALITIES] = {"nationalities", FIELD_TYPE_COUNTRY_LIST, false, FIELD_PARTS_NONE},
    [FIELD_TAX_ID] = {"tax_id", FIELD_TYPE_TEXT_LIST, false, FIELD_PARTS_NUMBER},
    [FIELD_TAX_COUNTRY] = {"tax_country", FIELD_TYPE_COUNTRY_LIST, false, FIELD_PARTS_NONE},
    [FIELD_LANGUAGE] = {"language", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_GENDER] = {"gender", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_OCCUPATION] = {"occupation", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_EMPLOYMENT_STATUS] = {"employment_status", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_EMPLOYER_NAME] = {"employer_name", FIELD_TYPE_TEXT, false, FIELD_PARTS_COMPANY},
    [FIELD_SOURCE_OF_FUNDS] = {"source_of_funds", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_ACCOUNT_PURPOSE] = {"account_purpose", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_EXPECTED_MONTHLY_VOLUME] = {"expected_monthly_volume", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_EXPECTED_MONTHLY_PAYMENTS] = {"expected_monthly_payments", FIELD_TYPE_TEXT, false,
                                         FIELD_PARTS_NONE},
    [FIELD_EXPECTED_TRANSACTION_COUNT] = {"expected_transaction_count", FIELD_TYPE_ENUM, false,
                                          FIELD_PARTS_NONE},
    [FIELD_INCOME_SOURCE] = {"income_source", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_IMMIGRATION_STATUS] = {"immigration_status", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_BUSINESS_ACTIVITY] = {"business_activity", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_PEP_STATUS] = {"pep_status", FIELD_TYPE_BOOL, false, FIELD_PARTS_NONE},
    [FIELD_TOS_VERSION] = {"tos_version", FIELD_TYPE_INTEGER, false, FIELD_PARTS_NONE},
    [FIELD_VERIFICATION_MODE] = {"verification_mode", FIELD_TYPE_ENUM, false, FIELD_PARTS_NONE},
    [FIELD_REDIRECT_URI] = {"redirect_uri", FIELD_TYPE_URI, false, FIELD_PARTS_NONE},
    [FIELD_NATIONAL_ID] = {"national_id", FIELD_TYPE_NATIONAL_ID, false, FIELD_PARTS_NUMBER},
    [FIELD_DOCUMENT_TYPE] = {"document_type", FIELD_TYPE_TEXT, false, FIELD_PARTS_NONE},
    [FIELD_DOCUMENT_NUMBER] = {"document_number", FIELD_TYPE_TEXT, false, FIELD_PARTS_NUMBER},
    [FIELD_DOCUMENT_COUNTRY] = {"document_country", FIELD_TYPE_COUNTRY, false, FIELD_PARTS_NONE},
    [FIELD_DOCUMENT_EXPIRY] = {"document_expiry", FIELD_TYPE_DATE, true, FIELD_PARTS_NONE},
    [FIELD_DOCUMENT_FRONT] = {"document_front", FIELD_TYPE_DOCUMENT, false, FIELD_PARTS_NONE},
    [FIELD_DOCUMENT_BACK] = {"document_back", FIELD_TYPE_DOCUMENT, false, FIELD_PARTS_NONE},
    [FIELD_CLIENT_IDENTIFIER] = {"client_identifier", FIELD_TYPE_CLIENT_ID, false, FIELD_PARTS_NONE},
};

static const struct slice field_groups[FIELD_GROUP_COUNT] = {
    [FIELD_GROUP_ADDITIONAL_INFO] = SLICE_LITERAL("additional_info."),
    [FIELD_GROUP_METADATA] = SLICE_LITERAL("metadata."),
};

static struct field_own {
    char name[FIELD_OWN_NAME_SIZE];
    enum field_group group;
} field_own[FIELD_OWN_MAX];
static size_t field_own_count;

enum field_group field_group_of_name(struct slice name)
{
    for (size_t i = FIELD_GROUP_NONE + 1; i < FIELD_GROUP_COUNT; i++)
        if (name.len > field_groups[i].len &&
            memcmp(name.data, field_groups[i].data, field_groups[i].len) == 0)
            return (enum field_group)i;
    return FIELD_GROUP_NONE;
}

void field_define(const struct slice *names, size_t count)
{
    assert(count <= FIELD_OWN_MAX);
    for (size_t i = 0; i < count; i++) {
        struct field_own *own = &field_own[i];
        assert(names[i].len < FIELD_OWN_NAME_SIZE);
        memcpy(own->name, names[i].data, names[i].len);
        own->name[names[i].len] = '\0';
        own->group = field_group_of_name(names[i]);
        assert(own->group != FIELD_GROUP_NONE);
        assert(i == 0 || strcmp(field_own[i - 1].name, own->name) < 0);
    }
    field_own_count = count;
}

size_t field_count(void)
{
    return FIELD_COUNT + field_own_count;
}

static const struct field_own *field_own_of(enum field_id field)
{
    size_t index = (size_t)field - FIELD_COUNT;
    return field >= FIELD_COUNT && index < field_own_count ? &field_own[index] : NULL;
}

enum field_group field_group(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    return own ? own->group : FIELD_GROUP_NONE;
}

enum field_type field_type(enum field_id field)
{
    return field < FIELD_COUNT ? field_table[field].type : FIELD_TYPE_TEXT;
}

enum field_parts field_parts(enum field_id field)
{
    return field < FIELD_COUNT ? field_table[field].parts : FIELD_PARTS_NUMBER;
}

enum field_id field_by_name(struct slice name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (slice_is(name, field_table[i].name))
            return (enum field_id)i;
    for (size_t i = 0; i < field_own_count; i++)
        if (slice_is(name, field_own[i].name))
            return (enum field_id)(FIELD_COUNT + i);
    return FIELD_NONE;
}

const char *field_name(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    if (own)
        return own->name;
    return field < FIELD_COUNT ? field_table[field].name : "record";
}

const char *field_name_in_group(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    return own ? own->name + field_groups[own->group].len : field_name(field);
}

static pthread_once_t field_names_once = PTHREAD_ONCE_INIT;
static const char *field_names_list[FIELD_COUNT + 1];

static void field_names_fill(void)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        field_names_list[i] = field_table[i].name;
}

const char *const *field_names(void)
{
    pthread_once(&field_names_once, field_names_fill);
    return field_names_list;
}
