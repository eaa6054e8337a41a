/* fields_kira: what POST /v1/users of Kira takes (3-providers.md). */
#include "provider/fields.h"

enum { ADDRESS_CHARS_MAX = 70 };

enum member {
    MEMBER_TYPE,
    MEMBER_FIRST_NAME,
    MEMBER_LAST_NAME,
    MEMBER_EMAIL,
    MEMBER_MIDDLE_NAME,
    MEMBER_PHONE,
    MEMBER_BIRTH_DATE,
    MEMBER_NATIONALITY,
    MEMBER_GENDER,
    MEMBER_EXTERNAL_ID,
    MEMBER_ADDRESS_STREET,
    MEMBER_ADDRESS_STREET_2,
    MEMBER_ADDRESS_CITY,
    MEMBER_ADDRESS_STATE,
    MEMBER_ADDRESS_ZIP_CODE,
    MEMBER_ADDRESS_COUNTRY,
    MEMBER_VERIFICATION_MODE,
    MEMBER_REDIRECT_URI,
    MEMBER_LANGUAGE,
    MEMBER_PEP_STATUS,
    MEMBER_OCCUPATION,
    MEMBER_EMPLOYMENT_STATUS,
    MEMBER_CURRENT_EMPLOYER,
    MEMBER_INCOME_SOURCE,
    MEMBER_IMMIGRATION_STATUS,
    MEMBER_IDENTIFYING_INFORMATION,
    MEMBER_SOURCE_OF_FUNDS,
    MEMBER_ACCOUNT_PURPOSE,
    MEMBER_EXPECTED_MONTHLY_PAYMENTS,
    MEMBER_EXPECTED_MONTHLY_VOLUME,
    MEMBER_EXPECTED_TRANSACTION_COUNT,
    MEMBER_ADDITIONAL_INFO,
    MEMBER_METADATA,
    MEMBER_COUNT,
};

static const char *const members[MEMBER_COUNT + 1] = {
    [MEMBER_TYPE] = "type",
    [MEMBER_FIRST_NAME] = "first_name",
    [MEMBER_LAST_NAME] = "last_name",
    [MEMBER_EMAIL] = "email",
    [MEMBER_MIDDLE_NAME] = "middle_name",
    [MEMBER_PHONE] = "phone",
    [MEMBER_BIRTH_DATE] = "birth_date",
    [MEMBER_NATIONALITY] = "nationality",
    [MEMBER_GENDER] = "gender",
    [MEMBER_EXTERNAL_ID] = "external_id",
    [MEMBER_ADDRESS_STREET] = "address_street",
    [MEMBER_ADDRESS_STREET_2] = "address_street_2",
    [MEMBER_ADDRESS_CITY] = "address_city",
    [MEMBER_ADDRESS_STATE] = "address_state",
    [MEMBER_ADDRESS_ZIP_CODE] = "address_zip_code",
    [MEMBER_ADDRESS_COUNTRY] = "address_country",
    [MEMBER_VERIFICATION_MODE] = "verification_mode",
    [MEMBER_REDIRECT_URI] = "redirect_uri",
    [MEMBER_LANGUAGE] = "language",
    [MEMBER_PEP_STATUS] = "pep_status",
    [MEMBER_OCCUPATION] = "occupation",
    [MEMBER_EMPLOYMENT_STATUS] = "employment_status",
    [MEMBER_CURRENT_EMPLOYER] = "current_employer",
    [MEMBER_INCOME_SOURCE] = "income_source",
    [MEMBER_IMMIGRATION_STATUS] = "immigration_status",
    [MEMBER_IDENTIFYING_INFORMATION] = "identifying_information",
    [MEMBER_SOURCE_OF_FUNDS] = "source_of_funds",
    [MEMBER_ACCOUNT_PURPOSE] = "account_purpose",
    [MEMBER_EXPECTED_MONTHLY_PAYMENTS] = "expected_monthly_payments",
    [MEMBER_EXPECTED_MONTHLY_VOLUME] = "expected_monthly_volume",
    [MEMBER_EXPECTED_TRANSACTION_COUNT] = "expected_transaction_count",
    [MEMBER_ADDITIONAL_INFO] = "additional_info",
    [MEMBER_METADATA] = "metadata",
};

static const char *const languages[] = {"en", "es", NULL};
static const char *const genders[] = {"male", "female", "other", NULL};
static const char *const verification_modes[] = {"automatic", "verification_link", NULL};
static const char *const employment_statuses[] = {"employed", "self_employed", "unemployed",
                                                  "retired",  "student",       NULL};

static const char *const sources_of_funds[] = {
    "salary",
    "self_employment_income",
    "investment_proceeds",
    "savings_inheritance_gift",
    "gifts",
    "inheritance",
    "investments_loans",
    "pension_retirement",
    "sale_of_assets_real_estate",
    "savings",
    "someone_elses_funds",
    NULL,
};

static const char *const account_purposes[] = {
    "receive_payments",
    "manage_professional_income",
    "make_payments",
    "manage_personal_funds",
    "investment_trading",
    "charitable_donations",
    "investment_purposes",
    "operating_a_company",
    "payments_to_friends_or_family_abroad",
    "personal_or_living_expenses",
    "purchase_goods_and_services",
    "protect_wealth",
    "receive_salary",
    "receive_payment_for_freelancing",
    NULL,
};

static const char *const monthly_volumes[] = {"less_than_10000",  "10000_to_49999",  "50000_to_199999",
                                              "200000_to_999999", "1000000_or_more", NULL};
static const char *const transaction_counts[] = {"1_to_10", "11_to_50", "51_to_200", "more_than_200", NULL};

/* Of its restricted list: AFG BLR MMR CAF CIV CUB COD IRN IRQ LBR LBY PRK RUS SAU SOM SDN SYR UKR YEM VEN
 * ZWE. */
static const char *const restricted[] = {"AF", "BY", "MM", "CF", "CI", "CU", "CD", "IR", "IQ", "LR", "LY",
                                         "KP", "RU", "SA", "SO", "SD", "SY", "UA", "YE", "VE", "ZW", NULL};

static const struct provider_field fields[] = {
    {.field = FIELD_EXTERNAL_ID, .member = MEMBER_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = MEMBER_TYPE, .values = provider_individuals_only},
    {.field = FIELD_EMAIL, .member = MEMBER_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = MEMBER_PHONE},
    {.field = FIELD_FIRST_NAME, .member = MEMBER_FIRST_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = MEMBER_MIDDLE_NAME},
    {.field = FIELD_LAST_NAME, .member = MEMBER_LAST_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = MEMBER_BIRTH_DATE},
    {.field = FIELD_ADDRESS_LINE1, .member = MEMBER_ADDRESS_STREET, .max_chars = ADDRESS_CHARS_MAX},
    {.field = FIELD_ADDRESS_LINE2, .member = MEMBER_ADDRESS_STREET_2, .max_chars = ADDRESS_CHARS_MAX},
    {.field = FIELD_CITY, .member = MEMBER_ADDRESS_CITY},
    {.field = FIELD_STATE, .member = MEMBER_ADDRESS_STATE},
    {.field = FIELD_POSTAL_CODE, .member = MEMBER_ADDRESS_ZIP_CODE},
    {.field = FIELD_COUNTRY, .member = MEMBER_ADDRESS_COUNTRY, .warned_countries = restricted},
    {.field = FIELD_NATIONALITIES,
     .member = MEMBER_NATIONALITY,
     .warned_countries = restricted,
     .first_only = true},
    {.field = FIELD_LANGUAGE, .member = MEMBER_LANGUAGE, .values = languages},
    {.field = FIELD_GENDER, .member = MEMBER_GENDER, .values = genders},
    {.field = FIELD_OCCUPATION, .member = MEMBER_OCCUPATION},
    {.field = FIELD_EMPLOYMENT_STATUS, .member = MEMBER_EMPLOYMENT_STATUS, .values = employment_statuses},
    {.field = FIELD_EMPLOYER_NAME, .member = MEMBER_CURRENT_EMPLOYER},
    {.field = FIELD_SOURCE_OF_FUNDS,
     .member = MEMBER_SOURCE_OF_FUNDS,
     .values = sources_of_funds,
     .wished = true},
    {.field = FIELD_ACCOUNT_PURPOSE,
     .member = MEMBER_ACCOUNT_PURPOSE,
     .values = account_purposes,
     .wished = true},
    {.field = FIELD_EXPECTED_MONTHLY_VOLUME,
     .member = MEMBER_EXPECTED_MONTHLY_VOLUME,
     .values = monthly_volumes},
    {.field = FIELD_EXPECTED_MONTHLY_PAYMENTS, .member = MEMBER_EXPECTED_MONTHLY_PAYMENTS},
    {.field = FIELD_EXPECTED_TRANSACTION_COUNT,
     .member = MEMBER_EXPECTED_TRANSACTION_COUNT,
     .values = transaction_counts},
    {.field = FIELD_INCOME_SOURCE, .member = MEMBER_INCOME_SOURCE},
    {.field = FIELD_IMMIGRATION_STATUS, .member = MEMBER_IMMIGRATION_STATUS},
    {.field = FIELD_PEP_STATUS, .member = MEMBER_PEP_STATUS},
    {.field = FIELD_VERIFICATION_MODE, .member = MEMBER_VERIFICATION_MODE, .values = verification_modes},
    {.field = FIELD_REDIRECT_URI, .member = MEMBER_REDIRECT_URI},
    /* A document is sent whole, so a change of any part of it is one change. */
    {.field = FIELD_DOCUMENT_TYPE, .member = MEMBER_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_NUMBER, .member = MEMBER_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_COUNTRY, .member = MEMBER_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_EXPIRY, .member = MEMBER_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_FRONT, .member = MEMBER_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_BACK, .member = MEMBER_IDENTIFYING_INFORMATION},
};

static const struct provider_field additional_info = {.field = FIELD_NONE, .member = MEMBER_ADDITIONAL_INFO};
static const struct provider_field metadata = {.field = FIELD_NONE, .member = MEMBER_METADATA};

const struct provider_fields kira_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = MEMBER_COUNT,
    .groups = {[FIELD_GROUP_ADDITIONAL_INFO] = &additional_info, [FIELD_GROUP_METADATA] = &metadata},
};
