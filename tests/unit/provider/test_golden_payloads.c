/* The bytes of every body, written by hand from the providers' pages, in one place.
 *
 * The pages: payward create, payward update, embed create, kira create and payso create, as
 * src/provider/README.md names them. They fix names, nesting and types. The order of members, which JSON
 * leaves open (RFC 8259, 4), and that no blank is written are fixed because a create in doubt is repeated
 * with the same bytes, by a later version too: kira refuses other bytes with the same Idempotency-Key. Of
 * what a value can hold, `"` and `\` are escaped, nothing else: text is UTF-8 as it is.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provider/provider_table.h"
#include "unit/job_parts.h"
#include "unit/provider/golden_records.h"
#include "unit/provider/members.h"

enum { BODY_MAX = 64 * 1024 };

/* One member of a full body, or a part of what is sent with it. */
struct part {
    const char *member;
    const char *bytes;
    const char *removed; /* an update's bytes when the value is gone; LEFT: none, the provider keeps it */
};

#define LEFT      ""
#define NO_UPDATE NULL /* an update may not carry it */

/* payward create has birth, residence and full_name as objects, with the keys of its example; line2 and
 * province are those of embed create, which shares the address. Of payward update: email and
 * external_reference are not in it; `null` is a type of phone, nationalities, tax_ids, occupation,
 * employer_name and language, of no other. */
static const struct part payward_parts[] = {
    {"email", "\"email\":\"Zoe.O'Brien+kyc@example.com\"", NO_UPDATE},
    {"external_reference", "\"external_reference\":\"P-7/\\\"A\\\\B\\\"\"", NO_UPDATE},
    {"full_name",
     "\"full_name\":{\"first_name\":\"Zoë\",\"middle_name\":\"Łucja \\\"Lu\\\"\","
     "\"last_name\":\"O’Brien-Nuñez\"}",
     LEFT},
    {"birth", "\"birth\":{\"date\":\"1990-02-28\",\"city\":\"São Paulo\",\"country\":\"BR\"}", LEFT},
    {"residence",
     "\"residence\":{\"line1\":\"12\\\\14 Rue du \\\"Lac\\\"\",\"line2\":\"Étage <5> & 6/7\","
     "\"city\":\"Zürich\",\"province\":\"ZH\",\"postal_code\":\"8001\",\"country\":\"CH\"}",
     LEFT},
    {"phone", "\"phone\":\"+442079460123\"", "\"phone\":null"},
    {"nationalities", "\"nationalities\":[\"CH\",\"XK\",\"BR\"]", "\"nationalities\":null"},
    {"occupation", "\"occupation\":\"self_employed\"", "\"occupation\":null"},
    {"employer_name", "\"employer_name\":\"日本 \\\"Bank\\\" 🏦\"", "\"employer_name\":null"},
    /* The keys of an item: embed create. */
    {"tax_ids",
     "\"tax_ids\":[{\"id\":\"756.0000.0000.02\",\"issuing_country\":\"CH\"},"
     "{\"id\":\"12 345\",\"issuing_country\":\"DE\"},{\"id\":\"A\\\\\\\"9\",\"issuing_country\":\"DE\"}]",
     "\"tax_ids\":null"},
    {"language", "\"language\":\"de\"", "\"language\":null"},
    /* The keys: embed create, whose calculated_at is a date-time of RFC 3339. */
    {"client_identifier",
     "\"client_identifier\":{\"type\":\"concat\",\"value\":\"19900228ZOE##OBRIE\","
     "\"calculated_at\":\"2023-11-07T05:31:56Z\"}",
     LEFT},
    {.member = NULL},
};

/* embed create, but full_name and residence in the order of payward's. tos_version_accepted is a number. The
 * page has no update: members and nulls are payward's. */
static const struct part kraken_embed_parts[] = {
    {"email", "\"email\":\"Zoe.O'Brien+kyc@example.com\"", NO_UPDATE},
    {"external_id", "\"external_id\":\"P-7/\\\"A\\\\B\\\"\"", NO_UPDATE},
    {"tos_version_accepted", "\"tos_version_accepted\":2147483647", LEFT},
    {"full_name",
     "\"full_name\":{\"first_name\":\"Zoë\",\"middle_name\":\"Łucja \\\"Lu\\\"\","
     "\"last_name\":\"O’Brien-Nuñez\"}",
     LEFT},
    {"date_of_birth", "\"date_of_birth\":\"1990-02-28\"", LEFT},
    {"city_of_birth", "\"city_of_birth\":\"São Paulo\"", LEFT},
    {"country_of_birth", "\"country_of_birth\":\"BR\"", LEFT},
    {"residence",
     "\"residence\":{\"line1\":\"12\\\\14 Rue du \\\"Lac\\\"\",\"line2\":\"Étage <5> & 6/7\","
     "\"city\":\"Zürich\",\"province\":\"ZH\",\"postal_code\":\"8001\",\"country\":\"CH\"}",
     LEFT},
    {"phone", "\"phone\":\"+442079460123\"", "\"phone\":null"},
    {"nationalities", "\"nationalities\":[\"CH\",\"XK\",\"BR\"]", "\"nationalities\":null"},
    {"occupation", "\"occupation\":\"self_employed\"", "\"occupation\":null"},
    {"employer_name", "\"employer_name\":\"日本 \\\"Bank\\\" 🏦\"", "\"employer_name\":null"},
    {"client_identifier",
     "\"client_identifier\":{\"type\":\"concat\",\"value\":\"19900228ZOE##OBRIE\","
     "\"calculated_at\":\"2023-11-07T05:31:56Z\"}",
     LEFT},
    {"tax_ids",
     "\"tax_ids\":[{\"id\":\"756.0000.0000.02\",\"issuing_country\":\"CH\"},"
     "{\"id\":\"12 345\",\"issuing_country\":\"DE\"},{\"id\":\"A\\\\\\\"9\",\"issuing_country\":\"DE\"}]",
     "\"tax_ids\":null"},
    {"language", "\"language\":\"de\"", "\"language\":null"},
    {.member = NULL},
};

/* kira create. Countries have three letters (nationality: "required string length: 3"), nationality is one.
 * The page has no update, and null is a type of no member; that an update (PUT) takes neither type nor
 * external_id was observed. metadata always holds external_id, by which a look-up finds our users
 * (src/provider/README.md); so it is also what remains of metadata when a job's own members are gone. */
static const struct part kira_parts[] = {
    {"type", "\"type\":\"individual\"", NO_UPDATE},
    {"first_name", "\"first_name\":\"José María\"", LEFT},
    {"last_name", "\"last_name\":\"O’Hara-Núñez\"", LEFT},
    {"middle_name", "\"middle_name\":\"Ángel \\\"Lalo\\\"\"", LEFT},
    {"email", "\"email\":\"Maria.O'Hara+kyc@example.com\"", LEFT},
    {"phone", "\"phone\":\"+525512345678\"", LEFT},
    {"birth_date", "\"birth_date\":\"1990-05-15\"", LEFT},
    {"nationality", "\"nationality\":\"USA\"", LEFT},
    {"gender", "\"gender\":\"other\"", LEFT},
    {"external_id", "\"external_id\":\"K-7/\\\"A\\\\B\\\"\"", NO_UPDATE},
    {"address_street", "\"address_street\":\"Av. Reforma 123\\\\4\"", LEFT},
    {"address_street_2", "\"address_street_2\":\"Piso <5> & 6/7\"", LEFT},
    {"address_city", "\"address_city\":\"Ciudad de México\"", LEFT},
    {"address_state", "\"address_state\":\"CDMX\"", LEFT},
    {"address_zip_code", "\"address_zip_code\":\"06600\"", LEFT},
    {"address_country", "\"address_country\":\"MEX\"", LEFT},
    {"verification_mode", "\"verification_mode\":\"verification_link\"", LEFT},
    {"redirect_uri", "\"redirect_uri\":\"https://app.example.com/kyc?user=7&next=%2Fhome\"", LEFT},
    {"language", "\"language\":\"es\"", LEFT},
    {"pep_status", "\"pep_status\":true", LEFT},
    {"occupation", "\"occupation\":\"Software Engineer / “Architect”\"", LEFT},
    {"employment_status", "\"employment_status\":\"self_employed\"", LEFT},
    {"current_employer", "\"current_employer\":\"日本 \\\"Bank\\\" 🏦\"", LEFT},
    {"income_source", "\"income_source\":\"Rents & dividends\"", LEFT},
    {"immigration_status", "\"immigration_status\":\"Non-Resident of U.S.\"", LEFT},
    /* The example has a document's type, number and country at the top level too: they go with it. */
    {"identifying_information",
     "\"document_type\":\"passport\",\"document_number\":\"G12345678\",\"document_country\":\"CAN\"", LEFT},
    {"source_of_funds", "\"source_of_funds\":\"salary\"", LEFT},
    {"account_purpose", "\"account_purpose\":\"receive_payments\"", LEFT},
    {"expected_monthly_payments", "\"expected_monthly_payments\":\"25 \\\\ month\"", LEFT},
    {"expected_monthly_volume", "\"expected_monthly_volume\":\"10000_to_49999\"", LEFT},
    {"expected_transaction_count", "\"expected_transaction_count\":\"11_to_50\"", LEFT},
    {"additional_info",
     "\"additional_info\":{\"has_us_bank_account\":\"no\",\"note\":\"a \\\"quoted\\\" \\\\ note\"}", LEFT},
    {"government_document_type", "\"government_document_type\":\"passport\"", LEFT},
    {"kyc_id", "\"kyc_id\":\"KYC \\\"7\\\"\\\\x\"", LEFT},
    {"metadata",
     "\"metadata\":{\"external_id\":\"K-7/\\\"A\\\\B\\\"\",\"Segment\":\"α–ω\",\"plan\":\"gold\"}",
     "\"metadata\":{\"external_id\":\"K-7/\\\"A\\\\B\\\"\"}"},
    /* A file as a data URI: printf '\xff\xd8\xff\xe0' | base64 gives /9j/4A==. */
    {"identifying_information",
     "\"identifying_information\":[{\"type\":\"passport\",\"issuing_country\":\"CAN\","
     "\"number\":\"G12345678\",\"expiration\":\"2030-05-15\",\"documents\":["
     "{\"type\":\"front\",\"file\":\"data:image/jpeg;base64,/9j/4A==\"},"
     "{\"type\":\"back\",\"file\":\"https://files.example.com/back.png?a=1&b=2\"}]}]",
     LEFT},
    {.member = NULL},
};

/* The requests of a provider. */
static const struct golden {
    const char *provider, *base_path;
    const struct golden_value *full;
    const struct part *parts; /* of full, in the order of the body */
    const char *create_target;
    const char *update_method, *user_id, *update_target;
} goldens[] = {
    {"payward", "", golden_signed, payward_parts, "/v1/users", "PATCH", "AA45N8G4MLDYWAR7",
     "/v1/users/AA45N8G4MLDYWAR7"},
    {"kraken-embed", "", golden_signed, kraken_embed_parts, "/b2b/users", "PATCH", "AA95 N84G TW2H 6VPM",
     "/b2b/users/AA95%20N84G%20TW2H%206VPM"},
    {"kira", "/sandbox", golden_kira, kira_parts, "/sandbox/v1/users", "PUT",
     "3c90c3cc-0d44-4b50-8888-8dd25736052a", "/sandbox/v1/users/3c90c3cc-0d44-4b50-8888-8dd25736052a"},
};

static const size_t golden_count = sizeof goldens / sizeof *goldens;

static char folder[64];
static struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_DOCUMENTS, folder))}};

static int set_up(void **state)
{
    char path[96];
    snprintf(folder, sizeof folder, "/tmp/test-golden-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/front.jpg", folder);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, GOLDEN_FRONT, sizeof GOLDEN_FRONT - 1), sizeof GOLDEN_FRONT - 1);
    close(fd);
    return golden_define_own(state);
}

static int tear_down(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/front.jpg", folder);
    unlink(path);
    return rmdir(folder);
}

/* Both texts from their first difference on. */
static void assert_bytes(const char *sentence, struct slice got, const char *want)
{
    enum { SHOWN = 80 };
    size_t at = 0;
    if (slice_is(got, want))
        return;
    while (at < got.len && got.data[at] == want[at])
        at++;
    int len = got.len - at < SHOWN ? (int)(got.len - at) : SHOWN;
    fail_msg("%s: from byte %zu on it is `%.*s` and not `%.*s`", sentence, at, len, got.data + at, SHOWN,
             want + at);
}

static void assert_request(const char *sentence, const struct provider *provider, struct provider_call call,
                           const char *method, const char *target, const char *body)
{
    struct provider_request request = {.method = NULL};
    buffer_init(&request.body, BODY_MAX);
    call.job = &job;
    call.journalled_ns = UINT64_C(1699335116) * 1000000000; /* date -u -d 2023-11-07T05:31:56Z +%s */
    const char *fault = provider->build(&call, &request);
    if (fault)
        fail_msg("%s: %s", sentence, fault);
    if (strcmp(request.method, method) != 0 || strcmp(request.target, target) != 0)
        fail_msg("%s: %s %s", sentence, request.method, request.target);
    assert_bytes(sentence, buffer_slice(&request.body), body);
    buffer_clear(&request.body);
}

/* Which of an update's bytes a body has. */
enum form { FORM_CREATE, FORM_UPDATE, FORM_REMOVED };

/* The parts of member (NULL: of every one) as one body. */
static void write_body(const struct part *parts, const char *member, enum form form, struct buffer *out)
{
    buffer_reset(out);
    buffer_append_char(out, '{');
    for (; parts->member; parts++) {
        if (member && strcmp(parts->member, member) != 0)
            continue;
        if (form != FORM_CREATE && !parts->removed)
            continue;
        const char *bytes = form == FORM_REMOVED ? parts->removed : parts->bytes;
        if (out->len > 1 && *bytes)
            buffer_append_char(out, ',');
        buffer_append_text(out, bytes);
    }
    buffer_append_char(out, '}');
    buffer_append_char(out, '\0');
}

static const struct part *part_of(const struct golden *golden, const char *member)
{
    for (const struct part *part = golden->parts; part->member; part++)
        if (strcmp(part->member, member) == 0)
            return part;
    fail_msg("%s: no golden bytes of %s", golden->provider, member);
    return NULL;
}

/* An update of the members in the mask, expected as that of member alone (NULL: of all). */
static void assert_update(const struct golden *golden, const struct sample *sample, uint64_t members,
                          const char *member, enum form form)
{
    struct buffer want;
    char sentence[128];
    snprintf(sentence, sizeof sentence, "%s: an update of %s%s", golden->provider, member ? member : "all",
             form == FORM_REMOVED ? ", removed" : "");
    buffer_init(&want, BODY_MAX);
    write_body(golden->parts, member, form, &want);
    assert_request(sentence, provider_find(golden->provider),
                   (struct provider_call){.operation = OPERATION_UPDATE,
                                          .base_path = golden->base_path,
                                          .record = &sample->record,
                                          .user_id = golden->user_id,
                                          .members = members},
                   golden->update_method, golden->update_target, want.data);
    buffer_clear(&want);
}

static void a_full_create_has_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        struct sample sample;
        struct buffer want;
        buffer_init(&want, BODY_MAX);
        golden_fill(&sample, goldens[i].full);
        write_body(goldens[i].parts, NULL, FORM_CREATE, &want);
        assert_request(goldens[i].provider, provider_find(goldens[i].provider),
                       (struct provider_call){.operation = OPERATION_CREATE,
                                              .base_path = goldens[i].base_path,
                                              .record = &sample.record},
                       "POST", goldens[i].create_target, want.data);
        buffer_clear(&want);
    }
}

static void an_update_may_carry_these_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider *provider = provider_find(goldens[i].provider);
        for (size_t slot = 0; slot < provider->fields->slot_count; slot++) {
            const struct part *part = part_of(&goldens[i], members_name(provider->fields, slot));
            bool is_null = part->removed && strstr(part->removed, "null");
            enum provider_update want = is_null ? UPDATE_CLEAR : part->removed ? UPDATE_VALUE : UPDATE_NEVER;
            if (provider_fields_member(provider->fields, slot)->update != want)
                fail_msg("%s: what an update may do to %s", provider->name, part->member);
        }
        assert_true(provider->can_update);
    }
    assert_false(provider_find("payso")->can_update);
    assert_true(members_with(provider_find("payso")->fields, UPDATE_VALUE) == 0);
}

static void an_update_has_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider *provider = provider_find(goldens[i].provider);
        struct sample sample;
        golden_fill(&sample, goldens[i].full);
        const uint64_t members = members_with(provider->fields, UPDATE_VALUE);
        assert_update(&goldens[i], &sample, members, NULL, FORM_UPDATE);
        for (size_t member = 0; member < provider->fields->slot_count; member++)
            if (members >> member & 1)
                assert_update(&goldens[i], &sample, UINT64_C(1) << member,
                              members_name(provider->fields, member), FORM_UPDATE);
    }
}

static void a_removed_value_is_null_where_the_page_has_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < golden_count; i++) {
        const struct provider *provider = provider_find(goldens[i].provider);
        struct sample sample;
        golden_fill(&sample, goldens[i].full);
        for (size_t field = 0; field < FIELD_MAX; field++)
            if (field != FIELD_EXTERNAL_ID)
                sample.values[field] = (struct value){.state = VALUE_ABSENT};
        const uint64_t members = members_with(provider->fields, UPDATE_VALUE);
        assert_update(&goldens[i], &sample, members, NULL, FORM_REMOVED);
        for (size_t member = 0; member < provider->fields->slot_count; member++)
            if (members >> member & 1)
                assert_update(&goldens[i], &sample, UINT64_C(1) << member,
                              members_name(provider->fields, member), FORM_REMOVED);
    }
}

/* Requests that are written whole: of records in which optional fields have no value. */
static const struct whole {
    const char *sentence, *provider;
    enum operation operation;
    const struct golden_value *values;
    const char *user_id, *method, *target;
    const char *body;
} wholes[] = {
    /* The example of payward create without its blanks. */
    {"payward: what is required", "payward", OPERATION_CREATE, golden_signed_required, NULL, "POST",
     "/v1/users",
     "{\"email\":\"alex.morgan@example.com\",\"external_reference\":\"partner-customer-9001\","
     "\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
     "\"birth\":{\"date\":\"1990-04-15\",\"city\":\"San Francisco\",\"country\":\"US\"},"
     "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
     "\"country\":\"US\"},\"phone\":\"+14155550110\",\"nationalities\":[\"US\"],"
     "\"occupation\":\"computers_and_it\"}"},
    /* An object is sent whole, so what it lost is not in it; a member that is gone is null where it can be.
     */
    {"payward: an update to what is required", "payward", OPERATION_UPDATE, golden_signed_required,
     "AA45N8G4MLDYWAR7", "PATCH", "/v1/users/AA45N8G4MLDYWAR7",
     "{\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
     "\"birth\":{\"date\":\"1990-04-15\",\"city\":\"San Francisco\",\"country\":\"US\"},"
     "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
     "\"country\":\"US\"},\"phone\":\"+14155550110\",\"nationalities\":[\"US\"],"
     "\"occupation\":\"computers_and_it\",\"employer_name\":null,\"tax_ids\":null,\"language\":null}"},
    /* The same person by embed create. */
    {"kraken-embed: what is required", "kraken-embed", OPERATION_CREATE, golden_signed_required, NULL, "POST",
     "/b2b/users",
     "{\"email\":\"alex.morgan@example.com\",\"external_id\":\"partner-customer-9001\","
     "\"tos_version_accepted\":123,\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
     "\"date_of_birth\":\"1990-04-15\",\"city_of_birth\":\"San Francisco\",\"country_of_birth\":\"US\","
     "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
     "\"country\":\"US\"},\"phone\":\"+14155550110\",\"nationalities\":[\"US\"],"
     "\"occupation\":\"computers_and_it\"}"},
    {"kraken-embed: an update to what is required", "kraken-embed", OPERATION_UPDATE, golden_signed_required,
     "AA95N84GTW2H6VPM", "PATCH", "/b2b/users/AA95N84GTW2H6VPM",
     "{\"tos_version_accepted\":123,\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"},"
     "\"date_of_birth\":\"1990-04-15\",\"city_of_birth\":\"San Francisco\",\"country_of_birth\":\"US\","
     "\"residence\":{\"line1\":\"1 Market St\",\"city\":\"San Francisco\",\"postal_code\":\"94103\","
     "\"country\":\"US\"},\"phone\":\"+14155550110\",\"nationalities\":[\"US\"],"
     "\"occupation\":\"computers_and_it\",\"employer_name\":null,\"tax_ids\":null,\"language\":null}"},
    /* kira create: type, first_name, last_name and email are required; external_id and metadata are ours. */
    {"kira: what is required", "kira", OPERATION_CREATE, golden_kira_required, NULL, "POST", "/v1/users",
     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
     "\"email\":\"maria.test@example.com\",\"external_id\":\"C-1\",\"metadata\":{\"external_id\":\"C-1\"}}"},
    {"kira: an update to what is required", "kira", OPERATION_UPDATE, golden_kira_required, "3c90c3cc", "PUT",
     "/v1/users/3c90c3cc",
     "{\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\",\"email\":\"maria.test@example.com\","
     "\"metadata\":{\"external_id\":\"C-1\"}}"},
    {"kira: a part of a document", "kira", OPERATION_CREATE, golden_kira_document, NULL, "POST", "/v1/users",
     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
     "\"email\":\"maria.test@example.com\",\"external_id\":\"C-1\",\"document_type\":\"national_id\","
     "\"metadata\":{\"external_id\":\"C-1\"},\"identifying_information\":[{\"type\":\"national_id\","
     "\"documents\":[{\"type\":\"back\",\"file\":\"https://files.example.com/back.png\"}]}]}"},
    /* The three documents of the job's list: a number alone, one with files, a file alone. */
    {"kira: three documents", "kira", OPERATION_CREATE, golden_kira_documents, NULL, "POST", "/v1/users",
     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
     "\"email\":\"maria.test@example.com\",\"external_id\":\"C-1\",\"address_country\":\"USA\","
     "\"metadata\":{\"external_id\":\"C-1\"},\"identifying_information\":["
     "{\"type\":\"ssn\",\"issuing_country\":\"USA\",\"number\":\"900700001\"},"
     "{\"type\":\"passport\",\"issuing_country\":\"MEX\",\"number\":\"G12345678\","
     "\"expiration\":\"2030-05-15\",\"documents\":["
     "{\"type\":\"front\",\"file\":\"data:image/jpeg;base64,/9j/4A==\"},"
     "{\"type\":\"back\",\"file\":\"https://files.example.com/back.png\"},"
     "{\"type\":\"selfie\",\"file\":\"https://files.example.com/selfie.png\"}]},"
     "{\"type\":\"utility_bill\",\"documents\":["
     "{\"type\":\"file_proof_of_address\",\"file\":\"https://files.example.com/bill.pdf\"}]}]}"},
    {"kira: an update of three documents", "kira", OPERATION_UPDATE, golden_kira_entry, "3c90c3cc", "PUT",
     "/v1/users/3c90c3cc",
     "{\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\",\"email\":\"maria.test@example.com\","
     "\"document_type\":\"national_id\",\"document_number\":\"N-1\","
     "\"metadata\":{\"external_id\":\"C-1\"},\"identifying_information\":["
     "{\"type\":\"national_id\",\"number\":\"N-1\"},"
     "{\"type\":\"utility_bill\",\"documents\":["
     "{\"type\":\"file_proof_of_address\",\"file\":\"https://files.example.com/bill.pdf\"}]}]}"},
    {"kira: the ssn of an individual in the US", "kira", OPERATION_CREATE, golden_kira_ssn, NULL, "POST",
     "/v1/users",
     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
     "\"email\":\"maria.test@example.com\",\"external_id\":\"C-1\",\"address_country\":\"USA\","
     "\"metadata\":{\"external_id\":\"C-1\"},\"identifying_information\":["
     "{\"type\":\"ssn\",\"issuing_country\":\"USA\",\"number\":\"900700001\"}]}"},
    {"kira: the tax numbers of an individual elsewhere", "kira", OPERATION_CREATE, golden_kira_tax, NULL,
     "POST", "/v1/users",
     "{\"type\":\"individual\",\"first_name\":\"Maria\",\"last_name\":\"Gonzalez\","
     "\"email\":\"maria.test@example.com\",\"external_id\":\"C-1\",\"address_country\":\"MEX\","
     "\"metadata\":{\"external_id\":\"C-1\"},\"identifying_information\":["
     "{\"type\":\"tax_id\",\"issuing_country\":\"DEU\",\"number\":\"12 345\"},"
     "{\"type\":\"tax_id\",\"issuing_country\":\"MEX\",\"number\":\"GOGM900515\"}]}"},
    /* The example of payso create without its blanks: what has no value is null, and days are DD/MM/YYYY. */
    {"payso: the page's example", "payso", OPERATION_CREATE, golden_payso_page, NULL, "POST", "/users",
     "{\"user\":{\"beneficiary_type\":\"individual\",\"first_name\":\"Marco\","
     "\"last_name\":\"Pierre White\",\"company_name\":null,\"email\":\"marco@example.com\","
     "\"date_of_birth\":\"12/12/1985\",\"address_line1\":\"2 Bellevue Road\","
     "\"address_line2\":\"Wandsworth Common\",\"city\":\"London\",\"state\":\"London\","
     "\"postcode\":\"SW177EG\",\"country\":\"GB\",\"nationality\":\"GB\",\"phone\":\"+447700900386\","
     "\"ssn\":null,\"source_of_funds\":null,\"business_activity\":null}}"},
    /* ssn: "If you are adding a US individual. Use SSN number." nationality is one. */
    {"payso: an individual in the US", "payso", OPERATION_CREATE, golden_payso_person, NULL, "POST", "/users",
     "{\"user\":{\"beneficiary_type\":\"individual\",\"first_name\":\"Renée\","
     "\"last_name\":\"Smith \\\"Jr\\\" \\\\ III\",\"company_name\":null,"
     "\"email\":\"Renee.Smith@example.com\",\"date_of_birth\":\"02/11/1985\","
     "\"address_line1\":\"1 Market St\",\"address_line2\":\"Floor 5/6\",\"city\":\"San Francisco\","
     "\"state\":\"CA\",\"postcode\":\"94103\",\"country\":\"US\",\"nationality\":\"US\","
     "\"phone\":\"+14155550110\",\"ssn\":\"900700001\",\"source_of_funds\":null,"
     "\"business_activity\":null}}"},
    /* company_name and source_of_funds are a business's; ssn is its registration number, date_of_birth the
     * day of its incorporation. */
    {"payso: a business", "payso", OPERATION_CREATE, golden_payso_business, NULL, "POST", "/users",
     "{\"user\":{\"beneficiary_type\":\"business\",\"first_name\":null,\"last_name\":null,"
     "\"company_name\":\"Müller & Söhne \\\"Export\\\" GmbH\",\"email\":\"Office@example.com\","
     "\"date_of_birth\":\"04/03/2001\",\"address_line1\":\"Straße 1\",\"address_line2\":null,"
     "\"city\":\"Köln\",\"state\":\"NW\",\"postcode\":\"50667\",\"country\":\"DE\","
     "\"nationality\":\"DE\",\"phone\":\"+493055550110\",\"ssn\":\"HRB 12345 / B\","
     "\"source_of_funds\":\"Venture Capital\","
     "\"business_activity\":\"An API service: \\\"fiat\\\" \\\\ 🏦\"}}"},
};

static void what_has_no_value_leaves_these_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        const struct provider *provider = provider_find(wholes[i].provider);
        struct sample sample;
        golden_fill(&sample, wholes[i].values);
        assert_request(wholes[i].sentence, provider,
                       (struct provider_call){.operation = wholes[i].operation,
                                              .base_path = "",
                                              .record = &sample.record,
                                              .user_id = wholes[i].user_id,
                                              .members = members_with(provider->fields, UPDATE_VALUE)},
                       wholes[i].method, wholes[i].target, wholes[i].body);
    }
}

static bool has_value(const struct golden_value *values, enum field_id field)
{
    for (; values->field; values++)
        if (field_by_name(slice_from(values->field)) == field)
            return true;
    return false;
}

/* So that a field that is added to a provider is added here. */
static void every_field_of_a_provider_has_a_value_here(void **state)
{
    (void)state;
    static const struct {
        const char *provider;
        const struct golden_value *values[2];
    } cases[] = {
        {"payward", {golden_signed, golden_signed}},
        {"kraken-embed", {golden_signed, golden_signed}},
        {"kira", {golden_kira, golden_kira_tax}},
        {"payso", {golden_payso_person, golden_payso_business}},
    };
    for (size_t i = 0; provider_names()[i]; i++) {
        if (i == sizeof cases / sizeof *cases)
            fail_msg("no golden record of %s", provider_names()[i]);
        assert_string_equal(provider_names()[i], cases[i].provider);
        const struct provider_fields *fields = provider_find(cases[i].provider)->fields;
        for (enum field_id field = 0; field < FIELD_COUNT; field++)
            if (provider_fields_find(fields, field) && !has_value(cases[i].values[0], field) &&
                !has_value(cases[i].values[1], field) && field != FIELD_NATIONAL_ID) /* golden_kira_ssn */
                fail_msg("%s: no value of %s", cases[i].provider, field_name(field));
    }
}

/* A line that ends in a colon is the beginning of one whose value varies. */
static const struct carried {
    const char *provider;
    enum operation operation;
    const char *lines[7];
} carried[] = {
    /* payward create, payward update: Content-Type, API-Key, API-Nonce and API-Sign are required. */
    {"payward",
     OPERATION_CREATE,
     {"Content-Type: application/json", "API-Key: key", "API-Nonce:", "API-Sign:"}},
    {"payward",
     OPERATION_UPDATE,
     {"Content-Type: application/json", "API-Key: key", "API-Nonce:", "API-Sign:"}},
    /* embed create: "the target version of the Embed API", 2025-04-15. */
    {"kraken-embed",
     OPERATION_CREATE,
     {"Content-Type: application/json", "API-Key: key",
      "API-Nonce:", "API-Sign:", "Payward-Version: 2025-04-15"}},
    {"kraken-embed",
     OPERATION_UPDATE,
     {"Content-Type: application/json", "API-Key: key",
      "API-Nonce:", "API-Sign:", "Payward-Version: 2025-04-15"}},
    /* kira create: all five are required. An update has no Idempotency-Key: the page is that of the create.
     */
    {"kira",
     OPERATION_CREATE,
     {"Content-Type: application/json", "X-Api-Version: 2026-04-14", "x-api-key: key",
      "Authorization: Bearer token", "Idempotency-Key: 0f8fad5b-d9cb-569f-a165-70867728950e"}},
    {"kira",
     OPERATION_UPDATE,
     {"Content-Type: application/json", "X-Api-Version: 2026-04-14", "x-api-key: key",
      "Authorization: Bearer token"}},
    /* payso create. */
    {"payso", OPERATION_CREATE, {"Content-Type: application/json", "Authorization: Bearer token"}},
};

static void assert_headers(const struct carried *want, const struct provider_headers *headers)
{
    size_t count = 0;
    while (want->lines[count])
        count++;
    if (headers->count != count)
        fail_msg("%s: %zu headers", want->provider, headers->count);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(want->lines[i]);
        bool is_whole = want->lines[i][len - 1] != ':';
        if (strncmp(headers->lines[i], want->lines[i], len) != 0 || (is_whole && headers->lines[i][len]))
            fail_msg("%s: `%s` and not `%s`", want->provider, headers->lines[i], want->lines[i]);
    }
}

static void a_request_carries_these_headers(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    const struct job_credentials credentials =
        job_parts_credentials(items, "api_key", "key", "api_secret", "c2VjcmV0", "client_id", "client",
                              "password", "password", "token", "token", (char *)NULL);
    struct error error;
    for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
        const struct provider *provider = provider_find(carried[i].provider);
        struct provider_account *account = provider->account_new(&credentials);
        struct job defaults = {.path = "job.yaml"};
        assert_int_equal(provider_settings_read(&defaults, provider, &error), 0);
        struct provider_request request = {.method = "POST", .target = "/users"};
        struct provider_headers headers = {.count = 0};
        const struct provider_call call = {.operation = carried[i].operation,
                                           .job = &defaults,
                                           .idempotency_key = "0f8fad5b-d9cb-569f-a165-70867728950e"};
        if (provider->has_login)
            assert_int_equal(
                provider->read_token(account, SLICE_LITERAL("{\"data\":{\"access_token\":\"token\"}}")),
                3600);
        buffer_init(&request.body, BODY_MAX);
        buffer_append_text(&request.body, "{}");
        provider->authenticate(account, 1, &call, &request, &headers);
        assert_headers(&carried[i], &headers);
        buffer_clear(&request.body);
        provider->account_free(account);
        arena_clear(&defaults.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_of_a_provider_has_a_value_here),
        cmocka_unit_test(a_full_create_has_these_bytes),
        cmocka_unit_test(what_has_no_value_leaves_these_bytes),
        cmocka_unit_test(an_update_may_carry_these_members),
        cmocka_unit_test(an_update_has_these_bytes),
        cmocka_unit_test(a_removed_value_is_null_where_the_page_has_null),
        cmocka_unit_test(a_request_carries_these_headers),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("golden_payloads", tests, set_up, tear_down);
}
