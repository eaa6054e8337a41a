/* golden_records: the records of the golden tests of payloads and of stored digests; after cmocka.h.
 *
 * Every customer field that a provider takes has a value in one of its records, in normal form; together they
 * hold lists, text outside ASCII, and what JSON escapes. The people and companies are invented.
 */
#ifndef TESTS_UNIT_PROVIDER_GOLDEN_RECORDS_H
#define TESTS_UNIT_PROVIDER_GOLDEN_RECORDS_H

#include "unit/provider/records.h"

/* A field by its name, so that neither ids nor their order are of this program's making. */
struct golden_value {
    const char *field, *text;
};

/* payward and kraken-embed; tos_version is kraken-embed's alone. */
static const struct golden_value golden_signed[] = {
    {"external_id", "P-7/\"A\\B\""},
    {"customer_type", "individual"},
    {"email", "Zoe.O'Brien+kyc@example.com"},
    {"phone", "+442079460123"},
    {"first_name", "Zoë"},
    {"middle_name", "Łucja \"Lu\""},
    {"last_name", "O’Brien-Nuñez"},
    {"date_of_birth", "1990-02-28"},
    {"birth_city", "São Paulo"},
    {"birth_country", "BR"},
    {"address_line1", "12\\14 Rue du \"Lac\""},
    {"address_line2", "Étage <5> & 6/7"},
    {"city", "Zürich"},
    {"state", "ZH"},
    {"postal_code", "8001"},
    {"country", "CH"},
    {"nationalities", "CH\x1fXK\x1f"
                      "BR"},
    {"tax_id", "756.0000.0000.02\x1f"
               "12 345\x1f"
               "A\\\"9"},
    {"tax_country", "CH\x1f"
                    "DE\x1f"
                    "DE"},
    {"language", "de"},
    {"occupation", "self_employed"},
    {"employer_name", "日本 \"Bank\" 🏦"},
    {"tos_version", "2147483647"},
    {"client_identifier", "19900228ZOE##OBRIE"},
    {"client_identifier_calculated_at", "2023-11-07T05:31:56Z"},
    {.field = NULL},
};

/* The example of payward's page; tos_version as in that of kraken-embed's. */
static const struct golden_value golden_signed_required[] = {
    {"external_id", "partner-customer-9001"},
    {"email", "alex.morgan@example.com"},
    {"phone", "+14155550110"},
    {"first_name", "Alex"},
    {"last_name", "Morgan"},
    {"date_of_birth", "1990-04-15"},
    {"birth_city", "San Francisco"},
    {"birth_country", "US"},
    {"address_line1", "1 Market St"},
    {"city", "San Francisco"},
    {"postal_code", "94103"},
    {"country", "US"},
    {"nationalities", "US"},
    {"occupation", "computers_and_it"},
    {"tos_version", "123"},
    {.field = NULL},
};

/* Two fields of the job's own in each group; a capital is before every small letter. */
static const char *const golden_own[] = {"additional_info.has_us_bank_account", "additional_info.note",
                                         "metadata.Segment", "metadata.plan"};

/* front.jpg holds the four bytes of GOLDEN_FRONT. */
#define GOLDEN_FRONT "\xff\xd8\xff\xe0"

static const struct golden_value golden_kira[] = {
    {"external_id", "K-7/\"A\\B\""},
    {"customer_type", "individual"},
    {"email", "Maria.O'Hara+kyc@example.com"},
    {"phone", "+525512345678"},
    {"first_name", "José María"},
    {"middle_name", "Ángel \"Lalo\""},
    {"last_name", "O’Hara-Núñez"},
    {"date_of_birth", "1990-05-15"},
    {"address_line1", "Av. Reforma 123\\4"},
    {"address_line2", "Piso <5> & 6/7"},
    {"city", "Ciudad de México"},
    {"state", "CDMX"},
    {"postal_code", "06600"},
    {"country", "MX"},
    {"nationalities", "US\x1fMX\x1f"
                      "DE"},
    {"language", "es"},
    {"gender", "other"},
    {"occupation", "Software Engineer / “Architect”"},
    {"employment_status", "self_employed"},
    {"employer_name", "日本 \"Bank\" 🏦"},
    {"source_of_funds", "salary"},
    {"account_purpose", "receive_payments"},
    {"expected_monthly_volume", "10000_to_49999"},
    {"expected_monthly_payments", "25 \\ month"},
    {"expected_transaction_count", "11_to_50"},
    {"income_source", "Rents & dividends"},
    {"immigration_status", "Non-Resident of U.S."},
    {"pep_status", "true"},
    {"verification_mode", "verification_link"},
    {"redirect_uri", "https://app.example.com/kyc?user=7&next=%2Fhome"},
    {"document_type", "passport"},
    {"document_number", "G12345678"},
    {"document_country", "CA"},
    {"document_expiry", "2030-05-15"},
    {"document_front", "front.jpg"},
    {"document_back", "https://files.example.com/back.png?a=1&b=2"},
    {"kyc_id", "KYC \"7\"\\x"},
    {"government_document_type", "passport"},
    {"additional_info.has_us_bank_account", "no"},
    {"additional_info.note", "a \"quoted\" \\ note"},
    {"metadata.Segment", "α–ω"},
    {"metadata.plan", "gold"},
    {.field = NULL},
};

static const struct golden_value golden_kira_required[] = {
    {"external_id", "C-1"},  {"email", "maria.test@example.com"},
    {"first_name", "Maria"}, {"last_name", "Gonzalez"},
    {.field = NULL},
};

/* A document of which only some parts are known. */
static const struct golden_value golden_kira_document[] = {
    {"external_id", "C-1"},
    {"email", "maria.test@example.com"},
    {"first_name", "Maria"},
    {"last_name", "Gonzalez"},
    {"document_type", "national_id"},
    {"document_back", "https://files.example.com/back.png"},
    {.field = NULL},
};

/* In the US, with a national_id that the listed ssn makes needless. */
static const struct golden_value golden_kira_documents[] = {
    {"external_id", "C-1"},
    {"email", "maria.test@example.com"},
    {"first_name", "Maria"},
    {"last_name", "Gonzalez"},
    {"country", "US"},
    {"national_id", "900700002"},
    {"documents[0].type", "ssn"},
    {"documents[0].number", "900700001"},
    {"documents[0].country", "US"},
    {"documents[1].type", "passport"},
    {"documents[1].number", "G12345678"},
    {"documents[1].country", "MX"},
    {"documents[1].expiry", "2030-05-15"},
    {"documents[1].files.front", "front.jpg"},
    {"documents[1].files.back", "https://files.example.com/back.png"},
    {"documents[1].files.selfie", "https://files.example.com/selfie.png"},
    {"documents[2].type", "utility_bill"},
    {"documents[2].files.file_proof_of_address", "https://files.example.com/bill.pdf"},
    {.field = NULL},
};

/* The document of the fields document_* comes first. */
static const struct golden_value golden_kira_entry[] = {
    {"external_id", "C-1"},
    {"email", "maria.test@example.com"},
    {"first_name", "Maria"},
    {"last_name", "Gonzalez"},
    {"document_type", "national_id"},
    {"document_number", "N-1"},
    {"documents[2].type", "utility_bill"},
    {"documents[2].files.file_proof_of_address", "https://files.example.com/bill.pdf"},
    {.field = NULL},
};

/* In the US the tax number makes no document. */
static const struct golden_value golden_kira_ssn[] = {
    {"external_id", "C-1"},  {"email", "maria.test@example.com"},
    {"first_name", "Maria"}, {"last_name", "Gonzalez"},
    {"country", "US"},       {"national_id", "900700001"},
    {"tax_id", "12 345"},    {.field = NULL},
};

/* Elsewhere the national number makes none; the second tax number is of the customer's country. */
static const struct golden_value golden_kira_tax[] = {
    {"external_id", "C-1"},
    {"email", "maria.test@example.com"},
    {"first_name", "Maria"},
    {"last_name", "Gonzalez"},
    {"country", "MX"},
    {"national_id", "N-1"},
    {"tax_id", "12 345\x1f"
               "GOGM900515"},
    {"tax_country", "DE\x1f"},
    {.field = NULL},
};

/* The example of payso's page, with an address and a number that belong to nobody; customer_type is absent,
 * which is an individual. */
static const struct golden_value golden_payso_page[] = {
    {"external_id", "C-1"},
    {"email", "marco@example.com"},
    {"phone", "+447700900386"},
    {"first_name", "Marco"},
    {"last_name", "Pierre White"},
    {"date_of_birth", "1985-12-12"},
    {"address_line1", "2 Bellevue Road"},
    {"address_line2", "Wandsworth Common"},
    {"city", "London"},
    {"state", "London"},
    {"postal_code", "SW177EG"},
    {"country", "GB"},
    {"nationalities", "GB"},
    {.field = NULL},
};

static const struct golden_value golden_payso_person[] = {
    {"external_id", "P-7"},
    {"customer_type", "individual"},
    {"email", "Renee.Smith@example.com"},
    {"phone", "+14155550110"},
    {"first_name", "Renée"},
    {"last_name", "Smith \"Jr\" \\ III"},
    {"date_of_birth", "1985-11-02"},
    {"address_line1", "1 Market St"},
    {"address_line2", "Floor 5/6"},
    {"city", "San Francisco"},
    {"state", "CA"},
    {"postal_code", "94103"},
    {"country", "US"},
    {"nationalities", "US\x1fGB"},
    {"national_id", "900700001"},
    {.field = NULL},
};

static const struct golden_value golden_payso_business[] = {
    {"external_id", "B-7"},
    {"customer_type", "business"},
    {"email", "Office@example.com"},
    {"phone", "+493055550110"},
    {"company_name", "Müller & Söhne \"Export\" GmbH"},
    {"date_of_birth", "2001-03-04"},
    {"address_line1", "Straße 1"},
    {"city", "Köln"},
    {"state", "NW"},
    {"postal_code", "50667"},
    {"country", "DE"},
    {"nationalities", "DE"},
    {"source_of_funds", "Venture Capital"},
    {"business_activity", "An API service: \"fiat\" \\ 🏦"},
    {"national_id", "HRB 12345 / B"},
    {.field = NULL},
};

/* Of the job's list of documents. */
static const struct field_entry golden_entries[] = {
    {0, ENTRY_TYPE, {"", 0}},
    {0, ENTRY_NUMBER, {"", 0}},
    {0, ENTRY_COUNTRY, {"", 0}},
    {1, ENTRY_TYPE, {"", 0}},
    {1, ENTRY_NUMBER, {"", 0}},
    {1, ENTRY_COUNTRY, {"", 0}},
    {1, ENTRY_EXPIRY, {"", 0}},
    {1, ENTRY_FILE, SLICE_LITERAL("front")},
    {1, ENTRY_FILE, SLICE_LITERAL("back")},
    {1, ENTRY_FILE, SLICE_LITERAL("selfie")},
    {2, ENTRY_TYPE, {"", 0}},
    {2, ENTRY_FILE, SLICE_LITERAL("file_proof_of_address")},
};

/* A set-up of cmocka: the job's own fields are those of the golden records. */
static inline int golden_define_own(void **state)
{
    struct slice names[sizeof golden_own / sizeof *golden_own];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        names[i] = slice_from(golden_own[i]);
    field_define(names, sizeof names / sizeof *names);
    field_define_entries(golden_entries, sizeof golden_entries / sizeof *golden_entries);
    return 0;
}

static inline void golden_fill(struct sample *sample, const struct golden_value *values)
{
    memset(sample, 0, sizeof *sample);
    sample->record.values = sample->values;
    for (; values->field; values++) {
        enum field_id field = field_by_name(slice_from(values->field));
        if (field == FIELD_NONE)
            fail_msg("no field %s", values->field);
        sample_set(sample, field, values->text);
    }
}

#endif
