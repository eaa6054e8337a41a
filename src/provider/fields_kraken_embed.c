/* fields_kraken_embed: what POST /b2b/users of Kraken Embed takes (3-providers.md): as payward, but flat. */
#include "model/language.h"
#include "provider/fields.h"

enum member {
    MEMBER_EMAIL,
    MEMBER_EXTERNAL_ID,
    MEMBER_TOS_VERSION_ACCEPTED,
    MEMBER_FULL_NAME,
    MEMBER_DATE_OF_BIRTH,
    MEMBER_CITY_OF_BIRTH,
    MEMBER_COUNTRY_OF_BIRTH,
    MEMBER_RESIDENCE,
    MEMBER_PHONE,
    MEMBER_NATIONALITIES,
    MEMBER_OCCUPATION,
    MEMBER_EMPLOYER_NAME,
    MEMBER_CLIENT_IDENTIFIER,
    MEMBER_TAX_IDS,
    MEMBER_LANGUAGE,
    MEMBER_COUNT,
};

static const char *const members[MEMBER_COUNT + 1] = {
    [MEMBER_EMAIL] = "email",
    [MEMBER_EXTERNAL_ID] = "external_id",
    [MEMBER_TOS_VERSION_ACCEPTED] = "tos_version_accepted",
    [MEMBER_FULL_NAME] = "full_name",
    [MEMBER_DATE_OF_BIRTH] = "date_of_birth",
    [MEMBER_CITY_OF_BIRTH] = "city_of_birth",
    [MEMBER_COUNTRY_OF_BIRTH] = "country_of_birth",
    [MEMBER_RESIDENCE] = "residence",
    [MEMBER_PHONE] = "phone",
    [MEMBER_NATIONALITIES] = "nationalities",
    [MEMBER_OCCUPATION] = "occupation",
    [MEMBER_EMPLOYER_NAME] = "employer_name",
    [MEMBER_CLIENT_IDENTIFIER] = "client_identifier",
    [MEMBER_TAX_IDS] = "tax_ids",
    [MEMBER_LANGUAGE] = "language",
};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .member = MEMBER_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = PROVIDER_NO_MEMBER, .values = provider_individuals_only},
    {.field = FIELD_EMAIL, .member = MEMBER_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = MEMBER_PHONE, .required = true},
    {.field = FIELD_FIRST_NAME, .member = MEMBER_FULL_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = MEMBER_FULL_NAME},
    {.field = FIELD_LAST_NAME, .member = MEMBER_FULL_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = MEMBER_DATE_OF_BIRTH, .required = true},
    {.field = FIELD_BIRTH_CITY, .member = MEMBER_CITY_OF_BIRTH},
    {.field = FIELD_BIRTH_COUNTRY, .member = MEMBER_COUNTRY_OF_BIRTH},
    {.field = FIELD_ADDRESS_LINE1, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_ADDRESS_LINE2, .member = MEMBER_RESIDENCE},
    {.field = FIELD_CITY, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_STATE, .member = MEMBER_RESIDENCE},
    {.field = FIELD_POSTAL_CODE, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_COUNTRY, .member = MEMBER_RESIDENCE, .required = true},
    {.field = FIELD_NATIONALITIES,
     .member = MEMBER_NATIONALITIES,
     .required = true,
     .also_countries = payward_also_nationalities},
    {.field = FIELD_TAX_ID, .member = MEMBER_TAX_IDS},
    {.field = FIELD_TAX_COUNTRY, .member = MEMBER_TAX_IDS},
    {.field = FIELD_LANGUAGE, .member = MEMBER_LANGUAGE, .values = language_codes},
    {.field = FIELD_OCCUPATION, .member = MEMBER_OCCUPATION, .required = true, .values = payward_occupations},
    {.field = FIELD_EMPLOYER_NAME, .member = MEMBER_EMPLOYER_NAME},
    {.field = FIELD_TOS_VERSION, .member = MEMBER_TOS_VERSION_ACCEPTED, .required = true},
    {.field = FIELD_CLIENT_IDENTIFIER, .member = MEMBER_CLIENT_IDENTIFIER},
};

const struct provider_fields kraken_embed_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = MEMBER_COUNT,
};
