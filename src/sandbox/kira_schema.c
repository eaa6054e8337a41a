#include "sandbox/kira_schema.h"

#include "sandbox/format.h"

static const char *const types[] = {"individual", NULL};
static const char *const modes[] = {"automatic", "verification_link", NULL};
static const char *const verification_types[] = {"embedded-link", NULL};
static const char *const languages[] = {"en", "es", NULL};
static const char *const genders[] = {"male", "female", "other", NULL};
static const char *const statuses[] = {"active", "inactive", "suspended", NULL};
static const char *const sides[] = {"front", "back", "selfie", "file_proof_of_address", NULL};
static const char *const employments[] = {"employed", "self_employed", "unemployed",
                                          "retired",  "student",       NULL};
static const char *const sources[] = {
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
static const char *const purposes[] = {
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
static const char *const volumes[] = {"less_than_10000",  "10000_to_49999",  "50000_to_199999",
                                      "200000_to_999999", "1000000_or_more", NULL};
static const char *const counts[] = {"1_to_10", "11_to_50", "51_to_200", "more_than_200", NULL};

static const struct schema address[] = {
    SCHEMA_TEXT("street_line_1", 0, format_is_text),
    SCHEMA_TEXT("street_line_2", 0, format_is_text),
    SCHEMA_TEXT("city", 0, format_is_text),
    SCHEMA_TEXT("subdivision", 0, format_is_text),
    SCHEMA_TEXT("postal_code", 0, format_is_text),
    SCHEMA_TEXT("country", 0, format_is_country3),
    {0},
};

static const struct schema document_members[] = {
    SCHEMA_WORD("type", SCHEMA_REQUIRED, sides),
    SCHEMA_TEXT("file", SCHEMA_REQUIRED, format_is_document),
    {0},
};
static const struct schema document[] = {{.name = "", .kind = JSON_OBJECT, .inner = document_members}};

static const struct schema identity_members[] = {
    SCHEMA_TEXT("type", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("issuing_country", 0, format_is_country3),
    SCHEMA_TEXT("number", 0, format_is_text),
    SCHEMA_TEXT("expiration", 0, format_is_day),
    {.name = "documents", .kind = JSON_ARRAY, .inner = document},
    {0},
};
static const struct schema identity[] = {{.name = "", .kind = JSON_OBJECT, .inner = identity_members}};

const struct schema kira_schema_user[] = {
    SCHEMA_WORD("type", SCHEMA_REQUIRED | SCHEMA_FIXED, types),
    SCHEMA_TEXT("first_name", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("last_name", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("email", SCHEMA_REQUIRED, format_is_email),
    SCHEMA_WORD("verification_mode", 0, modes),
    SCHEMA_TEXT("redirect_uri", 0, format_is_uri),
    SCHEMA_WORD("language", 0, languages),
    SCHEMA_TEXT("middle_name", 0, format_is_text),
    SCHEMA_TEXT("phone", 0, format_is_phone),
    SCHEMA_TEXT("birth_date", 0, format_is_birth_date),
    SCHEMA_TEXT("nationality", 0, format_is_country3),
    SCHEMA_WORD("gender", 0, genders),
    SCHEMA_WORD("status", 0, statuses),
    SCHEMA_TEXT("external_id", SCHEMA_FIXED, format_is_reference),
    {.name = "residential_address", .kind = JSON_OBJECT, .inner = address},
    {.name = "address_street", .kind = JSON_STRING, .is_valid = format_is_text, .max_chars = 70},
    {.name = "address_street_2", .kind = JSON_STRING, .is_valid = format_is_text, .max_chars = 70},
    SCHEMA_TEXT("address_city", 0, format_is_text),
    SCHEMA_TEXT("address_state", 0, format_is_text),
    SCHEMA_TEXT("address_zip_code", 0, format_is_text),
    SCHEMA_TEXT("address_country", 0, format_is_country3),
    {.name = "identifying_information", .kind = JSON_ARRAY, .inner = identity},
    {.name = "pep_status", .kind = JSON_BOOL},
    SCHEMA_WORD("source_of_funds", 0, sources),
    SCHEMA_WORD("account_purpose", 0, purposes),
    SCHEMA_TEXT("expected_monthly_payments", 0, format_is_text),
    SCHEMA_WORD("expected_monthly_volume", 0, volumes),
    SCHEMA_WORD("expected_transaction_count", 0, counts),
    SCHEMA_WORD("employment_status", 0, employments),
    SCHEMA_TEXT("occupation", 0, format_is_text),
    SCHEMA_TEXT("current_employer", 0, format_is_text),
    SCHEMA_TEXT("income_source", 0, format_is_text),
    SCHEMA_TEXT("immigration_status", 0, format_is_text),
    SCHEMA_TEXT("government_document_type", 0, format_is_text),
    SCHEMA_TEXT("document_type", 0, format_is_text),
    SCHEMA_TEXT("document_number", 0, format_is_text),
    SCHEMA_TEXT("document_country", 0, format_is_country3),
    {.name = "additional_info", .kind = JSON_OBJECT, .is_valid = format_is_answer},
    {.name = "metadata", .kind = JSON_OBJECT},
    SCHEMA_TEXT("kyc_id", 0, format_is_text),
    {0},
};

const struct schema kira_schema_verification[] = {
    SCHEMA_WORD("type", SCHEMA_REQUIRED, verification_types),
    SCHEMA_TEXT("redirect_uri", 0, format_is_uri),
    {0},
};

const struct schema kira_schema_login[] = {
    SCHEMA_TEXT("client_id", SCHEMA_REQUIRED, NULL),
    SCHEMA_TEXT("password", SCHEMA_REQUIRED, NULL),
    {0},
};
