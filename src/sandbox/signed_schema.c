#include "sandbox/signed_schema.h"

#include "sandbox/format.h"

const char *const signed_schema_occupations[] = {
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

static const char *const identifier_types[] = {"concat", NULL};

const struct schema signed_schema_full_name[] = {
    SCHEMA_TEXT("first_name", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("middle_name", 0, format_is_text),
    SCHEMA_TEXT("last_name", SCHEMA_REQUIRED, format_is_text),
    {0},
};

const struct schema signed_schema_residence[] = {
    SCHEMA_TEXT("line1", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("line2", 0, format_is_text),
    SCHEMA_TEXT("city", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("province", 0, format_is_text),
    SCHEMA_TEXT("postal_code", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("country", SCHEMA_REQUIRED, format_is_country),
    {0},
};

const struct schema signed_schema_nationality[] = {SCHEMA_TEXT("", SCHEMA_REQUIRED, format_is_nationality)};

const struct schema signed_schema_client_identifier[] = {
    {.name = "type", .kind = JSON_STRING, .flags = SCHEMA_REQUIRED, .words = identifier_types},
    SCHEMA_TEXT("value", SCHEMA_REQUIRED, format_is_concat),
    SCHEMA_TEXT("calculated_at", SCHEMA_REQUIRED, format_is_date_time),
    {0},
};

static const struct schema tax_id_members[] = {
    SCHEMA_TEXT("id", SCHEMA_REQUIRED, format_is_text),
    SCHEMA_TEXT("issuing_country", SCHEMA_REQUIRED, format_is_country),
    {0},
};

const struct schema signed_schema_tax_id[] = {{.name = "", .kind = JSON_OBJECT, .inner = tax_id_members}};
