/* fields_kraken_embed: what POST /b2b/users of Kraken Embed accepts: as payward, but flat. */
#include "model/language.h"
#include "provider/fields.h"

static const char *const members[KRAKEN_EMBED_COUNT + 1] = {
    [KRAKEN_EMBED_EMAIL] = "email",
    [KRAKEN_EMBED_EXTERNAL_ID] = "external_id",
    [KRAKEN_EMBED_TOS_VERSION_ACCEPTED] = "tos_version_accepted",
    [KRAKEN_EMBED_FULL_NAME] = "full_name",
    [KRAKEN_EMBED_DATE_OF_BIRTH] = "date_of_birth",
    [KRAKEN_EMBED_CITY_OF_BIRTH] = "city_of_birth",
    [KRAKEN_EMBED_COUNTRY_OF_BIRTH] = "country_of_birth",
    [KRAKEN_EMBED_RESIDENCE] = "residence",
    [KRAKEN_EMBED_PHONE] = "phone",
    [KRAKEN_EMBED_NATIONALITIES] = "nationalities",
    [KRAKEN_EMBED_OCCUPATION] = "occupation",
    [KRAKEN_EMBED_EMPLOYER_NAME] = "employer_name",
    [KRAKEN_EMBED_CLIENT_IDENTIFIER] = "client_identifier",
    [KRAKEN_EMBED_TAX_IDS] = "tax_ids",
    [KRAKEN_EMBED_LANGUAGE] = "language",
};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .member = KRAKEN_EMBED_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = PROVIDER_NO_MEMBER, .values = provider_individuals_only},
    {.field = FIELD_EMAIL, .member = KRAKEN_EMBED_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = KRAKEN_EMBED_PHONE, .required = true},
    {.field = FIELD_FIRST_NAME, .member = KRAKEN_EMBED_FULL_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = KRAKEN_EMBED_FULL_NAME},
    {.field = FIELD_LAST_NAME, .member = KRAKEN_EMBED_FULL_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = KRAKEN_EMBED_DATE_OF_BIRTH, .required = true},
    {.field = FIELD_BIRTH_CITY, .member = KRAKEN_EMBED_CITY_OF_BIRTH},
    {.field = FIELD_BIRTH_COUNTRY, .member = KRAKEN_EMBED_COUNTRY_OF_BIRTH},
    {.field = FIELD_ADDRESS_LINE1, .member = KRAKEN_EMBED_RESIDENCE, .required = true},
    {.field = FIELD_ADDRESS_LINE2, .member = KRAKEN_EMBED_RESIDENCE},
    {.field = FIELD_CITY, .member = KRAKEN_EMBED_RESIDENCE, .required = true},
    {.field = FIELD_STATE, .member = KRAKEN_EMBED_RESIDENCE},
    {.field = FIELD_POSTAL_CODE, .member = KRAKEN_EMBED_RESIDENCE, .required = true},
    {.field = FIELD_COUNTRY, .member = KRAKEN_EMBED_RESIDENCE, .required = true},
    {.field = FIELD_NATIONALITIES,
     .member = KRAKEN_EMBED_NATIONALITIES,
     .required = true,
     .extra_countries = payward_also_nationalities},
    {.field = FIELD_TAX_ID, .member = KRAKEN_EMBED_TAX_IDS},
    {.field = FIELD_TAX_COUNTRY, .member = KRAKEN_EMBED_TAX_IDS},
    {.field = FIELD_LANGUAGE, .member = KRAKEN_EMBED_LANGUAGE, .values = language_codes},
    {.field = FIELD_OCCUPATION,
     .member = KRAKEN_EMBED_OCCUPATION,
     .required = true,
     .values = payward_occupations},
    {.field = FIELD_EMPLOYER_NAME, .member = KRAKEN_EMBED_EMPLOYER_NAME},
    {.field = FIELD_TOS_VERSION, .member = KRAKEN_EMBED_TOS_VERSION_ACCEPTED, .required = true},
    {.field = FIELD_CLIENT_IDENTIFIER, .member = KRAKEN_EMBED_CLIENT_IDENTIFIER},
};

const struct provider_fields kraken_embed_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = KRAKEN_EMBED_COUNT,
};
