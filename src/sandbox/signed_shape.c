#include "sandbox/signed_shape.h"

#include "sandbox/format.h"

const char *const signed_shape_occupations[] = {
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

const struct shape signed_shape_full_name[] = {
    SHAPE_TEXT("first_name", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("middle_name", 0, format_is_text),
    SHAPE_TEXT("last_name", SHAPE_REQUIRED, format_is_text),
    {0},
};

const struct shape signed_shape_residence[] = {
    SHAPE_TEXT("line1", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("line2", 0, format_is_text),
    SHAPE_TEXT("city", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("province", 0, format_is_text),
    SHAPE_TEXT("postal_code", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("country", SHAPE_REQUIRED, format_is_country),
    {0},
};

const struct shape signed_shape_nationality[] = {SHAPE_TEXT("", SHAPE_REQUIRED, format_is_nationality)};

const struct shape signed_shape_client_identifier[] = {
    {.name = "type", .kind = JSON_STRING, .flags = SHAPE_REQUIRED, .words = identifier_types},
    SHAPE_TEXT("value", SHAPE_REQUIRED, format_is_concat),
    SHAPE_TEXT("calculated_at", SHAPE_REQUIRED, format_is_date_time),
    {0},
};

static const struct shape tax_id_members[] = {
    SHAPE_TEXT("id", SHAPE_REQUIRED, format_is_text),
    SHAPE_TEXT("issuing_country", SHAPE_REQUIRED, format_is_country),
    {0},
};

const struct shape signed_shape_tax_id[] = {{.name = "", .kind = JSON_OBJECT, .inner = tax_id_members}};
