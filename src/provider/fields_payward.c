/* fields_payward: what POST /v1/users of Payward Services accepts. */
#include "model/language.h"
#include "provider/fields.h"

static const char *const members[PAYWARD_COUNT + 1] = {
    [PAYWARD_EMAIL] = "email",
    [PAYWARD_EXTERNAL_REFERENCE] = "external_reference",
    [PAYWARD_FULL_NAME] = "full_name",
    [PAYWARD_BIRTH] = "birth",
    [PAYWARD_RESIDENCE] = "residence",
    [PAYWARD_PHONE] = "phone",
    [PAYWARD_NATIONALITIES] = "nationalities",
    [PAYWARD_OCCUPATION] = "occupation",
    [PAYWARD_EMPLOYER_NAME] = "employer_name",
    [PAYWARD_TAX_IDS] = "tax_ids",
    [PAYWARD_LANGUAGE] = "language",
    [PAYWARD_CLIENT_IDENTIFIER] = "client_identifier",
};

const char *const provider_individuals_only[] = {"individual", NULL};

const char *const payward_occupations[] = {
    "agriculture",
    "business_management",
    "computers_and_it",
    "construction",
    "education",
    "finance",
    "government",
    "healthcare",
    "hospitality",
    "manufacturing",
    "marketing",
    "media",
    "other",
    "science",
    "self_employed",
    "student",
    "transportation",
    "unemployed",
    "employed",
    NULL,
};

const char *const payward_also_nationalities[] = {"AC", "AN", "AP", "CP", "DG", "EA", "EU",
                                                  "IC", "JX", "TA", "QO", "XK", "0C", NULL};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .member = PAYWARD_EXTERNAL_REFERENCE, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = PROVIDER_NO_MEMBER, .values = provider_individuals_only},
    {.field = FIELD_EMAIL, .member = PAYWARD_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = PAYWARD_PHONE, .required = true},
    {.field = FIELD_FIRST_NAME, .member = PAYWARD_FULL_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = PAYWARD_FULL_NAME},
    {.field = FIELD_LAST_NAME, .member = PAYWARD_FULL_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = PAYWARD_BIRTH, .required = true},
    {.field = FIELD_BIRTH_CITY, .member = PAYWARD_BIRTH, .required = true},
    {.field = FIELD_BIRTH_COUNTRY, .member = PAYWARD_BIRTH, .required = true},
    {.field = FIELD_ADDRESS_LINE1, .member = PAYWARD_RESIDENCE, .required = true},
    {.field = FIELD_ADDRESS_LINE2, .member = PAYWARD_RESIDENCE},
    {.field = FIELD_CITY, .member = PAYWARD_RESIDENCE, .required = true},
    {.field = FIELD_STATE, .member = PAYWARD_RESIDENCE},
    {.field = FIELD_POSTAL_CODE, .member = PAYWARD_RESIDENCE, .required = true},
    {.field = FIELD_COUNTRY, .member = PAYWARD_RESIDENCE, .required = true},
    {.field = FIELD_NATIONALITIES,
     .member = PAYWARD_NATIONALITIES,
     .required = true,
     .extra_countries = payward_also_nationalities},
    {.field = FIELD_TAX_ID, .member = PAYWARD_TAX_IDS},
    {.field = FIELD_TAX_COUNTRY, .member = PAYWARD_TAX_IDS},
    {.field = FIELD_LANGUAGE, .member = PAYWARD_LANGUAGE, .values = language_codes},
    {.field = FIELD_OCCUPATION,
     .member = PAYWARD_OCCUPATION,
     .required = true,
     .values = payward_occupations},
    {.field = FIELD_EMPLOYER_NAME, .member = PAYWARD_EMPLOYER_NAME},
    {.field = FIELD_CLIENT_IDENTIFIER, .member = PAYWARD_CLIENT_IDENTIFIER},
};

const struct provider_fields payward_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = PAYWARD_COUNT,
};
