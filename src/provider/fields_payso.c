/* fields_payso: what POST /users of Payso takes, inside of its `user` (3-providers.md). */
#include "provider/fields.h"

enum member {
    MEMBER_BENEFICIARY_TYPE,
    MEMBER_FIRST_NAME,
    MEMBER_LAST_NAME,
    MEMBER_COMPANY_NAME,
    MEMBER_EMAIL,
    MEMBER_PHONE,
    MEMBER_DATE_OF_BIRTH,
    MEMBER_ADDRESS_LINE1,
    MEMBER_ADDRESS_LINE2,
    MEMBER_CITY,
    MEMBER_STATE,
    MEMBER_POSTCODE,
    MEMBER_COUNTRY,
    MEMBER_NATIONALITY,
    MEMBER_SSN,
    MEMBER_SOURCE_OF_FUNDS,
    MEMBER_BUSINESS_ACTIVITY,
    MEMBER_COUNT,
};

static const char *const members[MEMBER_COUNT + 1] = {
    [MEMBER_BENEFICIARY_TYPE] = "beneficiary_type",
    [MEMBER_FIRST_NAME] = "first_name",
    [MEMBER_LAST_NAME] = "last_name",
    [MEMBER_COMPANY_NAME] = "company_name",
    [MEMBER_EMAIL] = "email",
    [MEMBER_PHONE] = "phone",
    [MEMBER_DATE_OF_BIRTH] = "date_of_birth",
    [MEMBER_ADDRESS_LINE1] = "address_line1",
    [MEMBER_ADDRESS_LINE2] = "address_line2",
    [MEMBER_CITY] = "city",
    [MEMBER_STATE] = "state",
    [MEMBER_POSTCODE] = "postcode",
    [MEMBER_COUNTRY] = "country",
    [MEMBER_NATIONALITY] = "nationality",
    [MEMBER_SSN] = "ssn",
    [MEMBER_SOURCE_OF_FUNDS] = "source_of_funds",
    [MEMBER_BUSINESS_ACTIVITY] = "business_activity",
};

static const char *const refused[] = {"AF", "BY", "BA", "BI", "CF", "CU", "KP", "CD", "ET", "GT", "GN",
                                      "GW", "HT", "IR", "IQ", "LB", "LY", "ML", "MM", "NI", "NE", "RU",
                                      "SO", "SS", "SD", "SY", "TN", "VE", "YE", "ZW", NULL};

static const struct provider_field fields[] = {
    /* It has no member for our key: a user is told by e-mail, names and birth date. */
    {.field = FIELD_EXTERNAL_ID, .member = PROVIDER_NO_MEMBER, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = MEMBER_BENEFICIARY_TYPE},
    {.field = FIELD_EMAIL, .member = MEMBER_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = MEMBER_PHONE, .required = true},
    {.field = FIELD_FIRST_NAME, .member = MEMBER_FIRST_NAME, .required = true, .whom = PROVIDER_INDIVIDUALS},
    {.field = FIELD_LAST_NAME, .member = MEMBER_LAST_NAME, .required = true, .whom = PROVIDER_INDIVIDUALS},
    {.field = FIELD_COMPANY_NAME,
     .member = MEMBER_COMPANY_NAME,
     .required = true,
     .whom = PROVIDER_BUSINESSES},
    {.field = FIELD_DATE_OF_BIRTH, .member = MEMBER_DATE_OF_BIRTH, .required = true},
    {.field = FIELD_ADDRESS_LINE1, .member = MEMBER_ADDRESS_LINE1, .required = true},
    {.field = FIELD_ADDRESS_LINE2, .member = MEMBER_ADDRESS_LINE2},
    {.field = FIELD_CITY, .member = MEMBER_CITY, .required = true},
    {.field = FIELD_STATE, .member = MEMBER_STATE, .required = true},
    {.field = FIELD_POSTAL_CODE, .member = MEMBER_POSTCODE, .required = true},
    {.field = FIELD_COUNTRY, .member = MEMBER_COUNTRY, .required = true, .refused_countries = refused},
    {.field = FIELD_NATIONALITIES,
     .member = MEMBER_NATIONALITY,
     .required = true,
     .refused_countries = refused,
     .first_only = true},
    {.field = FIELD_SOURCE_OF_FUNDS,
     .member = MEMBER_SOURCE_OF_FUNDS,
     .required = true,
     .whom = PROVIDER_BUSINESSES},
    {.field = FIELD_BUSINESS_ACTIVITY, .member = MEMBER_BUSINESS_ACTIVITY},
    {.field = FIELD_NATIONAL_ID, .member = MEMBER_SSN, .required = true, .whom = PROVIDER_US_INDIVIDUALS},
};

const struct provider_fields payso_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = MEMBER_COUNT,
};
