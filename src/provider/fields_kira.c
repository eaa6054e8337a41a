/* fields_kira: what POST /v1/users of Kira accepts. */
#include "provider/fields.h"

enum { ADDRESS_CHARS_MAX = 70 };

static const char *const members[KIRA_COUNT + 1] = {
    [KIRA_TYPE] = "type",
    [KIRA_FIRST_NAME] = "first_name",
    [KIRA_LAST_NAME] = "last_name",
    [KIRA_EMAIL] = "email",
    [KIRA_MIDDLE_NAME] = "middle_name",
    [KIRA_PHONE] = "phone",
    [KIRA_BIRTH_DATE] = "birth_date",
    [KIRA_NATIONALITY] = "nationality",
    [KIRA_GENDER] = "gender",
    [KIRA_EXTERNAL_ID] = "external_id",
    [KIRA_ADDRESS_STREET] = "address_street",
    [KIRA_ADDRESS_STREET_2] = "address_street_2",
    [KIRA_ADDRESS_CITY] = "address_city",
    [KIRA_ADDRESS_STATE] = "address_state",
    [KIRA_ADDRESS_ZIP_CODE] = "address_zip_code",
    [KIRA_ADDRESS_COUNTRY] = "address_country",
    [KIRA_VERIFICATION_MODE] = "verification_mode",
    [KIRA_REDIRECT_URI] = "redirect_uri",
    [KIRA_LANGUAGE] = "language",
    [KIRA_PEP_STATUS] = "pep_status",
    [KIRA_OCCUPATION] = "occupation",
    [KIRA_EMPLOYMENT_STATUS] = "employment_status",
    [KIRA_CURRENT_EMPLOYER] = "current_employer",
    [KIRA_INCOME_SOURCE] = "income_source",
    [KIRA_IMMIGRATION_STATUS] = "immigration_status",
    [KIRA_IDENTIFYING_INFORMATION] = "identifying_information",
    [KIRA_SOURCE_OF_FUNDS] = "source_of_funds",
    [KIRA_ACCOUNT_PURPOSE] = "account_purpose",
    [KIRA_EXPECTED_MONTHLY_PAYMENTS] = "expected_monthly_payments",
    [KIRA_EXPECTED_MONTHLY_VOLUME] = "expected_monthly_volume",
    [KIRA_EXPECTED_TRANSACTION_COUNT] = "expected_transaction_count",
    [KIRA_ADDITIONAL_INFO] = "additional_info",
    [KIRA_METADATA] = "metadata",
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
    {.field = FIELD_EXTERNAL_ID, .member = KIRA_EXTERNAL_ID, .required = true},
    {.field = FIELD_CUSTOMER_TYPE, .member = KIRA_TYPE, .values = provider_individuals_only},
    {.field = FIELD_EMAIL, .member = KIRA_EMAIL, .required = true},
    {.field = FIELD_PHONE, .member = KIRA_PHONE},
    {.field = FIELD_FIRST_NAME, .member = KIRA_FIRST_NAME, .required = true},
    {.field = FIELD_MIDDLE_NAME, .member = KIRA_MIDDLE_NAME},
    {.field = FIELD_LAST_NAME, .member = KIRA_LAST_NAME, .required = true},
    {.field = FIELD_DATE_OF_BIRTH, .member = KIRA_BIRTH_DATE},
    {.field = FIELD_ADDRESS_LINE1, .member = KIRA_ADDRESS_STREET, .max_chars = ADDRESS_CHARS_MAX},
    {.field = FIELD_ADDRESS_LINE2, .member = KIRA_ADDRESS_STREET_2, .max_chars = ADDRESS_CHARS_MAX},
    {.field = FIELD_CITY, .member = KIRA_ADDRESS_CITY},
    {.field = FIELD_STATE, .member = KIRA_ADDRESS_STATE},
    {.field = FIELD_POSTAL_CODE, .member = KIRA_ADDRESS_ZIP_CODE},
    {.field = FIELD_COUNTRY, .member = KIRA_ADDRESS_COUNTRY, .warned_countries = restricted},
    {.field = FIELD_NATIONALITIES,
     .member = KIRA_NATIONALITY,
     .warned_countries = restricted,
     .first_only = true},
    {.field = FIELD_LANGUAGE, .member = KIRA_LANGUAGE, .values = languages},
    {.field = FIELD_GENDER, .member = KIRA_GENDER, .values = genders},
    {.field = FIELD_OCCUPATION, .member = KIRA_OCCUPATION},
    {.field = FIELD_EMPLOYMENT_STATUS, .member = KIRA_EMPLOYMENT_STATUS, .values = employment_statuses},
    {.field = FIELD_EMPLOYER_NAME, .member = KIRA_CURRENT_EMPLOYER},
    {.field = FIELD_SOURCE_OF_FUNDS,
     .member = KIRA_SOURCE_OF_FUNDS,
     .values = sources_of_funds,
     .recommended = true},
    {.field = FIELD_ACCOUNT_PURPOSE,
     .member = KIRA_ACCOUNT_PURPOSE,
     .values = account_purposes,
     .recommended = true},
    {.field = FIELD_EXPECTED_MONTHLY_VOLUME,
     .member = KIRA_EXPECTED_MONTHLY_VOLUME,
     .values = monthly_volumes},
    {.field = FIELD_EXPECTED_MONTHLY_PAYMENTS, .member = KIRA_EXPECTED_MONTHLY_PAYMENTS},
    {.field = FIELD_EXPECTED_TRANSACTION_COUNT,
     .member = KIRA_EXPECTED_TRANSACTION_COUNT,
     .values = transaction_counts},
    {.field = FIELD_INCOME_SOURCE, .member = KIRA_INCOME_SOURCE},
    {.field = FIELD_IMMIGRATION_STATUS, .member = KIRA_IMMIGRATION_STATUS},
    {.field = FIELD_PEP_STATUS, .member = KIRA_PEP_STATUS},
    {.field = FIELD_VERIFICATION_MODE, .member = KIRA_VERIFICATION_MODE, .values = verification_modes},
    {.field = FIELD_REDIRECT_URI, .member = KIRA_REDIRECT_URI},
    /* A document is sent whole, so a change of any part of it is one change. */
    {.field = FIELD_DOCUMENT_TYPE, .member = KIRA_IDENTIFYING_INFORMATION, .heads_member = true},
    {.field = FIELD_DOCUMENT_NUMBER, .member = KIRA_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_COUNTRY, .member = KIRA_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_EXPIRY, .member = KIRA_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_FRONT, .member = KIRA_IDENTIFYING_INFORMATION},
    {.field = FIELD_DOCUMENT_BACK, .member = KIRA_IDENTIFYING_INFORMATION},
};

static const struct provider_field additional_info = {.field = FIELD_NONE, .member = KIRA_ADDITIONAL_INFO};
static const struct provider_field metadata = {.field = FIELD_NONE, .member = KIRA_METADATA};

const struct provider_fields kira_fields = {
    .fields = fields,
    .field_count = sizeof fields / sizeof *fields,
    .members = members,
    .member_count = KIRA_COUNT,
    .groups = {[FIELD_GROUP_ADDITIONAL_INFO] = &additional_info, [FIELD_GROUP_METADATA] = &metadata},
};
