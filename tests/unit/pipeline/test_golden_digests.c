/* The digests that ledgers hold, of the records of unit/provider/golden_records.h: a later version must find
 * them again, or every customer looks changed. Whoever changes them on purpose counts up FINGERPRINT_VERSION.
 *
 * They were computed without this program: HMAC-SHA256 over name NUL value NUL of each field
 * (ledger/fingerprint.h), by the names of a row and the values of the record, of which the row has the first
 * 6 bytes:
 *
 *   perl -MDigest::SHA=hmac_sha256_hex \
 *     -e 'print hmac_sha256_hex(join("", map {"$_\0"} @ARGV), "0123456789abcdef" x 2)' phone +14155550110
 *
 * gives 0b1b4b1d7db5…. The digest of a record is 16 bytes of the same over the fields of all members, in the
 * order of enum field_id, then the job's own by name; of an e-mail 6 bytes over `email` and its lower case.
 * An identity is the byte 01, then 9 bytes over `identity`, the e-mail in lower case, first, last and company
 * name and birth date, absent ones empty. Of a list that is sent as one value its first item counts; of a
 * file the SHA-256 of its content. It is here and not among the tests of the ledger because only the pipeline
 * may know both ledger and providers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/digest.h"
#include "ledger/fingerprint.h"
#include "provider/provider_table.h"
#include "unit/provider/golden_records.h"
#include "unit/provider/members.h"

enum { RECORDS = 2 };

/* Row i of a table is member i in the member_digests of every ledger. A new member goes to the end. */
struct member {
    const char *name;
    const char *fields;           /* that its digest covers, in this order */
    const char *digests[RECORDS]; /* of golden.records */
};

struct golden_digests {
    const struct golden_value *values;
    const char *record, *email;
    const char *identity; /* NULL: it has none */
};

struct golden {
    const char *provider;
    const struct member *members;
    struct golden_digests records[RECORDS];
};

static const uint8_t key[FINGERPRINT_KEY_LEN + 1] = "0123456789abcdef0123456789abcdef";

/* printf '\xff\xd8\xff\xe0' | sha256sum */
static const uint8_t front_sha256[RECORD_DOCUMENT_DIGEST_LEN] = {
    0xba, 0x4f, 0x25, 0xbf, 0x16, 0xba, 0x4b, 0xe6, 0xbc, 0x7d, 0x32, 0x76, 0xfa, 0xfe, 0xb6, 0x7f,
    0x9e, 0xb3, 0xc5, 0xdf, 0x04, 0x2b, 0xc3, 0xa4, 0x05, 0xe1, 0xaf, 0x15, 0xb9, 0x21, 0xee, 0xd7};

static const struct member payward_members[] = {
    {"email", "email", {"db2e13bbf7c9", "15c8badd95aa"}},
    {"external_reference", "external_id", {"e197f2938da3", "8cb320de1285"}},
    {"full_name", "first_name middle_name last_name", {"0c6b27b40576", "4d8d268cc674"}},
    {"birth", "date_of_birth birth_city birth_country", {"847c25ffed92", "1b5a15890ad7"}},
    {"residence",
     "address_line1 address_line2 city state postal_code country",
     {"1afea95fc5ce", "d8344e4d6884"}},
    {"phone", "phone", {"158d298397fa", "0b1b4b1d7db5"}},
    {"nationalities", "nationalities", {"fdfd8c960bce", "05f70b687157"}},
    {"occupation", "occupation", {"f11580ef8d5d", "cb66544806b1"}},
    {"employer_name", "employer_name", {"e2bee974f45f", "000000000000"}},
    {"tax_ids", "tax_id tax_country", {"78e92ff7cfc9", "000000000000"}},
    {"language", "language", {"0c8dfd07fa51", "000000000000"}},
    {"client_identifier", "client_identifier", {"9d3178ba43b7", "000000000000"}},
    {.name = NULL},
};

static const struct member kraken_embed_members[] = {
    {"email", "email", {"db2e13bbf7c9", "15c8badd95aa"}},
    {"external_id", "external_id", {"e197f2938da3", "8cb320de1285"}},
    {"tos_version_accepted", "tos_version", {"b0737ae8648b", "8cfadd7f0078"}},
    {"full_name", "first_name middle_name last_name", {"0c6b27b40576", "4d8d268cc674"}},
    {"date_of_birth", "date_of_birth", {"37e23ebadfa9", "52bf2b364fbf"}},
    {"city_of_birth", "birth_city", {"7cd8f2996a54", "40e88bcbfd2f"}},
    {"country_of_birth", "birth_country", {"69c277c46335", "dfc6ab04dd2c"}},
    {"residence",
     "address_line1 address_line2 city state postal_code country",
     {"1afea95fc5ce", "d8344e4d6884"}},
    {"phone", "phone", {"158d298397fa", "0b1b4b1d7db5"}},
    {"nationalities", "nationalities", {"fdfd8c960bce", "05f70b687157"}},
    {"occupation", "occupation", {"f11580ef8d5d", "cb66544806b1"}},
    {"employer_name", "employer_name", {"e2bee974f45f", "000000000000"}},
    {"client_identifier", "client_identifier", {"9d3178ba43b7", "000000000000"}},
    {"tax_ids", "tax_id tax_country", {"78e92ff7cfc9", "000000000000"}},
    {"language", "language", {"0c8dfd07fa51", "000000000000"}},
    {.name = NULL},
};

static const struct member kira_members[] = {
    {"type", "customer_type", {"5818e6f6f243", "000000000000"}},
    {"first_name", "first_name", {"39083ed09378", "9cc70c3c6aef"}},
    {"last_name", "last_name", {"dc0138ec8446", "1ce45a0fd736"}},
    {"email", "email", {"92f56e6b481a", "55d48f9c23c2"}},
    {"middle_name", "middle_name", {"c13efa2677b0", "000000000000"}},
    {"phone", "phone", {"978fb9eb73d1", "000000000000"}},
    {"birth_date", "date_of_birth", {"af7196f8f520", "000000000000"}},
    {"nationality", "nationalities", {"05f70b687157", "000000000000"}},
    {"gender", "gender", {"0b5b727cfcea", "000000000000"}},
    {"external_id", "external_id", {"3e1b96be7b91", "16cd5e60fd66"}},
    {"address_street", "address_line1", {"36d74809917c", "000000000000"}},
    {"address_street_2", "address_line2", {"3cdd8d65e6e0", "000000000000"}},
    {"address_city", "city", {"eae6b94b062d", "000000000000"}},
    {"address_state", "state", {"cd7a362ac2d2", "000000000000"}},
    {"address_zip_code", "postal_code", {"8d4c956eb3b8", "000000000000"}},
    {"address_country", "country", {"78bb5cc482f7", "000000000000"}},
    {"verification_mode", "verification_mode", {"faf404327760", "000000000000"}},
    {"redirect_uri", "redirect_uri", {"2dd5803c59e8", "000000000000"}},
    {"language", "language", {"2f688abc4814", "000000000000"}},
    {"pep_status", "pep_status", {"a5db51ffa315", "000000000000"}},
    {"occupation", "occupation", {"8dd0180db0c7", "000000000000"}},
    {"employment_status", "employment_status", {"a28ac287a889", "000000000000"}},
    {"current_employer", "employer_name", {"e2bee974f45f", "000000000000"}},
    {"income_source", "income_source", {"748de0656c8c", "000000000000"}},
    {"immigration_status", "immigration_status", {"c9b7cd16f44f", "000000000000"}},
    {"identifying_information",
     "document_type document_number document_country document_expiry document_front document_back "
     "national_id tax_id tax_country",
     {"f737d95e3a07", "000000000000"}},
    {"source_of_funds", "source_of_funds", {"5fe73a1f8b33", "000000000000"}},
    {"account_purpose", "account_purpose", {"c81bff8bb276", "000000000000"}},
    {"expected_monthly_payments", "expected_monthly_payments", {"dd0902533bdb", "000000000000"}},
    {"expected_monthly_volume", "expected_monthly_volume", {"f2e6de12c2cc", "000000000000"}},
    {"expected_transaction_count", "expected_transaction_count", {"65deb496ad4a", "000000000000"}},
    {"additional_info",
     "additional_info.has_us_bank_account additional_info.note",
     {"e32d3ad9ddf5", "000000000000"}},
    {"metadata", "metadata.Segment metadata.plan", {"5f4029fcf6c8", "000000000000"}},
    {"government_document_type", "government_document_type", {"4eca2a95ebf1", "000000000000"}},
    {"kyc_id", "kyc_id", {"2fa7d2b33605", "000000000000"}},
    {.name = NULL},
};

static const struct member payso_members[] = {
    {"beneficiary_type", "customer_type", {"5818e6f6f243", "7a532b9667e1"}},
    {"first_name", "first_name", {"4566ed3dd1f1", "000000000000"}},
    {"last_name", "last_name", {"f90f35e12d65", "000000000000"}},
    {"company_name", "company_name", {"000000000000", "1d90b55af5e6"}},
    {"email", "email", {"a7437feae49b", "642c7843e509"}},
    {"phone", "phone", {"0b1b4b1d7db5", "dd80b7757825"}},
    {"date_of_birth", "date_of_birth", {"bc230fe0bd81", "73f4b8f850fe"}},
    {"address_line1", "address_line1", {"9ae2feb658b5", "77840b899a1b"}},
    {"address_line2", "address_line2", {"d90ff33d2905", "000000000000"}},
    {"city", "city", {"9489224f9596", "dc70a0e815fc"}},
    {"state", "state", {"4cd994ae15c4", "dac4291d6625"}},
    {"postcode", "postal_code", {"ca32f236b8ee", "3c4a908a2347"}},
    {"country", "country", {"299a97c2418c", "99bd0322debe"}},
    {"nationality", "nationalities", {"05f70b687157", "0d62a0627562"}},
    {"ssn", "national_id", {"e36f9cdcf4b7", "81bd16a9add1"}},
    {"source_of_funds", "source_of_funds", {"000000000000", "889ffff3e33c"}},
    {"business_activity", "business_activity", {"000000000000", "ee4b53a979d3"}},
    {.name = NULL},
};

static const struct golden goldens[] = {
    {"payward",
     payward_members,
     {
         {golden_signed, "d9925994d73c0ecd4739ebec38d4467a", "a03401b4b5a5", "0132ef6e37b6cd33b5a5"},
         {golden_signed_required, "d2b79db97c0814f40834e6ad5d8fcf42", "15c8badd95aa", "017f59850b8cdf57054b"},
     }},
    {"kraken-embed",
     kraken_embed_members,
     {
         {golden_signed, "0a4854b57e45516d62a36da812a84cb1", "a03401b4b5a5", "0132ef6e37b6cd33b5a5"},
         {golden_signed_required, "b0992779c543f4e11642eae67dcfcc44", "15c8badd95aa", "017f59850b8cdf57054b"},
     }},
    {"kira",
     kira_members,
     {
         {golden_kira, "163cc0544de3900cbf7bc29df83ca43a", "96060001be17", "01cc3ff86219653f8e2e"},
         {golden_kira_required, "dc8b05a1ef0d85d2d888325763a5dc08", "55d48f9c23c2", NULL},
     }},
    {"payso",
     payso_members,
     {
         {golden_payso_person, "fdcc4403f1798add4c71307b1a1266ca", "0ca2dec41fb0", "010f023f4e85c08c59c4"},
         {golden_payso_business, "f47d3af4ab4e16f3f2cde4bff0116041", "7e651df8a0be", "01d57237b4b4c37f8e64"},
     }},
};

static const size_t golden_count = sizeof goldens / sizeof *goldens;

static void fill(struct sample *sample, const struct golden_value *values)
{
    static const uint8_t *digests[FIELD_DOCUMENTS] = {front_sha256};
    golden_fill(sample, values);
    if (sample->values[FIELD_DOCUMENT_FRONT].state == VALUE_PRESENT)
        sample->record.document_digest = digests;
}

static void assert_digest(const char *provider, const char *of, size_t record, const uint8_t *digest,
                          size_t len, const char *want)
{
    char hex[2 * FINGERPRINT_LEN + 1];
    if (strcmp(digest_hex(digest, len, hex), want) != 0)
        fail_msg("%s, record %zu: the digest of %s is %s and not %s", provider, record, of, hex, want);
}

static void a_member_keeps_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider_fields *fields = provider_find(goldens[i].provider)->fields;
        const struct member *member = goldens[i].members;
        for (size_t m = 0; m < fields->slot_count; m++, member++)
            if (!member->name || strcmp(members_name(fields, m), member->name) != 0)
                fail_msg("%s: member %zu is %s and not %s", goldens[i].provider, m, members_name(fields, m),
                         member->name ? member->name : "a new one, which needs a row at the end");
        if (member->name)
            fail_msg("%s: no member %s", goldens[i].provider, member->name);
    }
    for (size_t i = 0; provider_names()[i]; i++)
        if (i >= golden_count || strcmp(provider_names()[i], goldens[i].provider) != 0)
            fail_msg("no golden digests of %s", provider_names()[i]);
}

/* Takes a field off the names of a row. */
static enum field_id next_field(struct slice *names)
{
    struct slice name;
    if (!slice_next_item(names, SLICE_LITERAL(" "), &name))
        return FIELD_NONE;
    enum field_id field = field_by_name(name);
    if (field == FIELD_NONE)
        fail_msg("no field %.*s", (int)name.len, name.data);
    return field;
}

static void a_member_covers_these_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider_fields *fields = provider_find(goldens[i].provider)->fields;
        size_t covered = 0, want = 0;
        for (size_t m = 0; goldens[i].members[m].name; m++) {
            struct slice names = slice_from(goldens[i].members[m].fields);
            for (enum field_id field; (field = next_field(&names)) != FIELD_NONE;) {
                const struct provider_field *row = provider_fields_find(fields, field);
                if (!row || row->slot != m)
                    fail_msg("%s: %s is not part of %s", goldens[i].provider, field_name(field),
                             goldens[i].members[m].name);
                covered += field < FIELD_COUNT;
            }
        }
        for (enum field_id field = 0; field < FIELD_COUNT; field++) {
            const struct provider_field *row = provider_fields_find(fields, field);
            want += row && row->slot != PROVIDER_NO_SLOT && !row->undigested;
        }
        if (covered != want)
            fail_msg("%s: %zu fields of %zu are in a row", goldens[i].provider, covered, want);
    }
}

static void the_digest_of_each_member_is_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider_fields *fields = provider_find(goldens[i].provider)->fields;
        struct fingerprint *fingerprint = fingerprint_new(key, fields);
        for (size_t r = 0; r < RECORDS; r++) {
            uint8_t digests[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN];
            struct sample sample;
            memset(digests, 0xee, sizeof digests);
            fill(&sample, goldens[i].records[r].values);
            fingerprint_members(fingerprint, &sample.record, digests);
            size_t m = 0;
            for (; goldens[i].members[m].name; m++)
                assert_digest(goldens[i].provider, goldens[i].members[m].name, r,
                              digests + m * FINGERPRINT_MEMBER_LEN, FINGERPRINT_MEMBER_LEN,
                              goldens[i].members[m].digests[r]);
            assert_int_equal(digests[m * FINGERPRINT_MEMBER_LEN], 0xee);
        }
        fingerprint_free(fingerprint);
    }
}

static void the_digest_of_a_record_is_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        struct fingerprint *fingerprint = fingerprint_new(key, provider_find(goldens[i].provider)->fields);
        for (size_t r = 0; r < RECORDS; r++) {
            uint8_t digest[FINGERPRINT_LEN];
            struct sample sample;
            fill(&sample, goldens[i].records[r].values);
            fingerprint_record(fingerprint, &sample.record, digest);
            assert_digest(goldens[i].provider, "the record", r, digest, sizeof digest,
                          goldens[i].records[r].record);
            fingerprint_email(fingerprint, &sample.record, digest);
            assert_digest(goldens[i].provider, "the e-mail", r, digest, FINGERPRINT_MEMBER_LEN,
                          goldens[i].records[r].email);
            const char *identity = goldens[i].records[r].identity;
            bool has_identity = fingerprint_identity(fingerprint, &sample.record, digest);
            assert_int_equal(has_identity, identity != NULL);
            if (identity)
                assert_digest(goldens[i].provider, "the identity", r, digest, FINGERPRINT_IDENTITY_LEN,
                              identity);
        }
        fingerprint_free(fingerprint);
    }
}

static void these_are_the_digests_of_version_2(void **state)
{
    (void)state;
    assert_int_equal(FINGERPRINT_VERSION, 2);
    assert_int_equal(FINGERPRINT_IDENTITY_VERSION, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_keeps_its_place),
        cmocka_unit_test(a_member_covers_these_fields),
        cmocka_unit_test(the_digest_of_each_member_is_this),
        cmocka_unit_test(the_digest_of_a_record_is_this),
        cmocka_unit_test(these_are_the_digests_of_version_2),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("golden_digests", tests, golden_define_own, NULL);
}
