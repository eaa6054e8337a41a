#include "sandbox/kira_shape.h"

#include "sandbox/format.h"

static const char *const types[] = {"individual", NULL};
static const char *const modes[] = {"automatic", "verification_link", NULL};
static const char *const languages[] = {"en", "es", NULL};
static const char *const genders[] = {"male", "female", "other", NULL};
static const char *const statuses[] = {"active", "inactive", "suspended", NULL};
static const char *const sides[] = {"front", "back", NULL};
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

static const struct shape address[] = {
    SHAPE_TEXT("street_line_1", 0, format_is_text),
    SHAPE_TEXT("street_line_2", 0, format_is_text),
    SHAPE_TEXT("city", 0, format_is_text),
    SHAPE_TEXT("subdivision", 0, format_is_text),
    SHAPE_TEXT("postal_code", 0, format_is_text),
    SHAPE_TEXT("country", 0, format_is_country3),
    {0},
};

static const struct shape document_members[] = {
    SHAPE_WORD("type", SHAPE_REQUIRED, sides),
    SHAPE_TEXT("file", SHAPE_REQUIRED, format_is_document),
    {0},
};
static const struct shape document[] = {{.name = "", .kind = JSON_OBJECT, .inner = document_members}};

static const struct shape identity_members[] = {
    SHAPE_TEXT("type", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("issuing_country", 0, format_is_country3),
    SHAPE_TEXT("number", 0, format_is_text),
    SHAPE_TEXT("expiration", 0, format_is_day),
    {.name = "documents", .kind = JSON_ARRAY, .inner = document},
    {0},
};
static const struct shape identity[] = {{.name = "", .kind = JSON_OBJECT, .inner = identity_members}};

const struct shape kira_shape_user[] = {
    SHAPE_WORD("type", SHAPE_REQUIRED | SHAPE_FIXED, types),
    SHAPE_TEXT("first_name", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("last_name", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("email", SHAPE_REQUIRED, format_is_email),
    SHAPE_WORD("verification_mode", 0, modes),
    SHAPE_TEXT("redirect_uri", 0, format_is_uri),
    SHAPE_WORD("language", 0, languages),
    SHAPE_TEXT("middle_name", 0, format_is_text),
    SHAPE_TEXT("phone", 0, format_is_phone),
    SHAPE_TEXT("birth_date", 0, format_is_birth_date),
    SHAPE_TEXT("nationality", 0, format_is_country3),
    SHAPE_WORD("gender", 0, genders),
    SHAPE_WORD("status", 0, statuses),
    SHAPE_TEXT("external_id", SHAPE_FIXED, format_is_reference),
    {.name = "residential_address", .kind = JSON_OBJECT, .inner = address},
    {.name = "address_street", .kind = JSON_STRING, .is_valid = format_is_text, .max_chars = 70},
    {.name = "address_street_2", .kind = JSON_STRING, .is_valid = format_is_text, .max_chars = 70},
    SHAPE_TEXT("address_city", 0, format_is_text),
    SHAPE_TEXT("address_state", 0, format_is_text),
    SHAPE_TEXT("address_zip_code", 0, format_is_text),
    SHAPE_TEXT("address_country", 0, format_is_country3),
    {.name = "identifying_information", .kind = JSON_ARRAY, .inner = identity},
    {.name = "pep_status", .kind = JSON_BOOL},
    SHAPE_WORD("source_of_funds", 0, sources),
    SHAPE_WORD("account_purpose", 0, purposes),
    SHAPE_TEXT("expected_monthly_payments", 0, format_is_text),
    SHAPE_WORD("expected_monthly_volume", 0, volumes),
    SHAPE_WORD("expected_transaction_count", 0, counts),
    SHAPE_WORD("employment_status", 0, employments),
    SHAPE_TEXT("occupation", 0, format_is_text),
    SHAPE_TEXT("current_employer", 0, format_is_text),
    SHAPE_TEXT("income_source", 0, format_is_text),
    SHAPE_TEXT("immigration_status", 0, format_is_text),
    SHAPE_TEXT("government_document_type", 0, format_is_text),
    SHAPE_TEXT("document_type", 0, format_is_text),
    SHAPE_TEXT("document_number", 0, format_is_text),
    SHAPE_TEXT("document_country", 0, format_is_country3),
    {.name = "additional_info", .kind = JSON_OBJECT},
    {.name = "metadata", .kind = JSON_OBJECT},
    SHAPE_TEXT("kyc_id", 0, format_is_text),
    {0},
};

const struct shape kira_shape_login[] = {
    SHAPE_TEXT("client_id", SHAPE_REQUIRED, NULL),
    SHAPE_TEXT("password", SHAPE_REQUIRED, NULL),
    {0},
};
