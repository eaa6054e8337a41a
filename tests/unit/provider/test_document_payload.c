/* document_payload: the requests that submit a document, by their pages (src/provider/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "provider/document_payload.h"
#include "provider/kraken_embed.h"
#include "provider/payward.h"
#include "unit/job_parts.h"
#include "unit/provider/judging.h"
#include "unit/provider/same_json.h"

enum { BODY_MAX = 10 * 1024 * 1024 };

#define PNG       "\x89PNG\r\n\x1a\n1"
#define JPEG      "\xff\xd8\xff\xe0 2"
#define FRONT_URL "https://files.example.com/front.png?sig=1"
#define BACK_URL  "https://files.example.com/back.png?sig=2"

/* 2023-03-13T12:34:56Z, the page's example. */
#define VERIFIED_AT (UINT64_C(1678710896) * 1000000000)

static char folder[] = "/tmp/kyc-documents-XXXXXX";

static void put_file(const char *name, struct slice bytes)
{
    char *path = file_join(folder, name);
    assert_int_equal(file_replace(path, 0600, bytes), 0);
    free(path);
}

static int make_files(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    put_file("f.png", SLICE_LITERAL(PNG));
    put_file("b.jpg", SLICE_LITERAL(JPEG));
    put_file("t.txt", SLICE_LITERAL("text"));
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    static const char *const names[] = {"f.png", "b.jpg", "t.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = file_join(folder, names[i]);
        unlink(path);
        free(path);
    }
    return rmdir(folder);
}

static void fill(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    sample_set(sample, FIELD_FIRST_NAME, "Alex");
    sample_set(sample, FIELD_LAST_NAME, "Morgan");
    sample_set(sample, FIELD_DATE_OF_BIRTH, "1990-04-15");
    sample_set(sample, FIELD_NATIONALITIES,
               "GB\x1f"
               "FR");
}

static const char *build(const struct provider *provider, const struct provider_document *document,
                         struct provider_request *request)
{
    const struct job job = {.provider = {JOB_SETTINGS(JOB_TEXT(SETTING_VERIFIER, "example"),
                                                      JOB_TEXT(SETTING_DOCUMENTS, folder))}};
    struct sample sample;
    const struct provider_call call = {
        .operation = OPERATION_DOCUMENT,
        .job = &job,
        .base_path = "/x",
        .record = &sample.record,
        .user_id = "AA45N8G4MLDYWAR7",
        .document = document,
        .journalled_ns = VERIFIED_AT,
    };
    fill(&sample);
    buffer_init(&request->body, BODY_MAX);
    /* cppcheck-suppress returnDanglingLifetime ; a number */
    return provider->build(&call, request);
}

#define DOCUMENT(document_kind, document_type, file_, back_)                                                 \
    (struct provider_document)                                                                               \
    {                                                                                                        \
        .kind = (document_kind), .type = SLICE_LITERAL(document_type), .number = SLICE_LITERAL("A1234567"),  \
        .expiry = SLICE_LITERAL("2030-01-31"), .country = SLICE_LITERAL("AD"), .file = SLICE_LITERAL(file_), \
        .back = SLICE_LITERAL(back_)                                                                         \
    }

#define METADATA(identity, type)                                                                             \
    "{\"identity\":{\"full_name\":{\"first_name\":\"Alex\",\"last_name\":\"Morgan\"}," identity              \
    "},\"document_type\":\"" type "\",\"document_number\":\"A1234567\",\"issuing_country\":\"AD\","          \
    "\"verifier\":\"example\",\"verified_at\":\"2023-03-13T12:34:56.000Z\",\"nationality\":\"GB\","          \
    "\"expiration_date\":\"2030-01-31\"}"
#define BIRTH_OBJECT "\"birth\":{\"date\":\"1990-04-15\"}"
#define BIRTH_FLAT   "\"date_of_birth\":\"1990-04-15\""

static void payward_gets_urls(void **state)
{
    (void)state;
    struct provider_request request;
    const struct provider_document card =
        DOCUMENT(PROVIDER_DOCUMENT_IDENTITY, "id_card", FRONT_URL, BACK_URL);
    assert_null(build(&payward_provider, &card, &request));
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.target, "/x/v1/users/AA45N8G4MLDYWAR7/verifications/url");
    assert_string_equal(request.content_type, "");
    assert_same_json(buffer_slice(&request.body),
                     "{\"type\":\"identity_document\",\"metadata\":" METADATA(
                         BIRTH_OBJECT, "id_card") ",\"front_url\":\"" FRONT_URL "\",\"back_url\":\"" BACK_URL
                                                  "\"}");
    buffer_clear(&request.body);
}

/* "Passport identity document submissions must omit back_url." */
static void a_passport_has_no_back(void **state)
{
    (void)state;
    struct provider_request request;
    const struct provider_document passport =
        DOCUMENT(PROVIDER_DOCUMENT_IDENTITY, "passport", FRONT_URL, BACK_URL);
    assert_null(build(&payward_provider, &passport, &request));
    assert_same_json(buffer_slice(&request.body),
                     "{\"type\":\"identity_document\",\"metadata\":" METADATA(
                         BIRTH_OBJECT, "passport") ",\"front_url\":\"" FRONT_URL "\"}");
    buffer_clear(&request.body);
}

static void kraken_embed_gets_urls_at_a_path_of_their_own(void **state)
{
    (void)state;
    struct provider_request request;
    const struct provider_document bill =
        DOCUMENT(PROVIDER_DOCUMENT_RESIDENCE, "utility_bill", FRONT_URL, "");
    assert_null(build(&kraken_embed_provider, &bill, &request));
    assert_string_equal(request.target, "/x/b2b/verifications/AA45N8G4MLDYWAR7/url");
    assert_same_json(buffer_slice(&request.body),
                     "{\"type\":\"residence_document\",\"metadata\":" METADATA(
                         BIRTH_FLAT, "utility_bill") ",\"document_url\":\"" FRONT_URL "\"}");
    buffer_clear(&request.body);
}

/* Finds text once in the body; returns where it ends. */
static const char *find_once(const struct buffer *body, const char *text)
{
    const char *at = memmem(body->data, body->len, text, strlen(text));
    if (!at) {
        fail_msg("no `%s` in the body", text);
        return NULL; /* not reached: it ends the test */
    }
    const char *behind = at + strlen(text);
    assert_null(memmem(behind, body->len - (size_t)(behind - body->data), text, strlen(text)));
    return behind;
}

static void kraken_embed_gets_files_in_a_form(void **state)
{
    (void)state;
    static const char head[] = "multipart/form-data; boundary=";
    struct provider_request request;
    char text[512];
    const struct provider_document card = DOCUMENT(PROVIDER_DOCUMENT_IDENTITY, "id_card", "f.png", "b.jpg");
    assert_null(build(&kraken_embed_provider, &card, &request));
    assert_string_equal(request.target, "/x/b2b/verifications/AA45N8G4MLDYWAR7");
    assert_memory_equal(request.content_type, head, sizeof head - 1);
    const char *boundary = request.content_type + sizeof head - 1;
    assert_true(strlen(boundary) > 20 && strlen(boundary) <= 70); /* RFC 2046, 5.1.1 */

    snprintf(text, sizeof text,
             "--%s\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nidentity_document\r\n--%s\r\n",
             boundary, boundary);
    assert_memory_equal(request.body.data, text, strlen(text));
    const char *metadata =
        find_once(&request.body, "name=\"metadata\"\r\nContent-Type: application/json\r\n\r\n");
    const char *end = strstr(metadata, "\r\n");
    assert_non_null(end);
    assert_same_json(slice_make(metadata, (size_t)(end - metadata)), METADATA(BIRTH_FLAT, "id_card"));
    find_once(&request.body,
              "name=\"front\"; filename=\"front.png\"\r\nContent-Type: image/png\r\n\r\n" PNG "\r\n--");
    find_once(&request.body,
              "name=\"back\"; filename=\"back.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n" JPEG "\r\n--");
    snprintf(text, sizeof text, "--%s--\r\n", boundary);
    assert_memory_equal(request.body.data + request.body.len - strlen(text), text, strlen(text));

    struct provider_request again;
    assert_null(build(&kraken_embed_provider, &card, &again));
    assert_int_equal(again.body.len, request.body.len);
    assert_memory_equal(again.body.data, request.body.data, request.body.len);
    buffer_clear(&again.body);
    buffer_clear(&request.body);
}

static void what_cannot_be_sent_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *file, *want;
    } examples[] = {
        {"gone.png", "a document is not in provider.documents"},
        {"../f.png", "a document is not a regular file inside provider.documents"},
        {"t.txt", "a document is neither JPEG nor PNG nor PDF"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct provider_request request;
        struct provider_document selfie = DOCUMENT(PROVIDER_DOCUMENT_SELFIE, "passport", "", "");
        selfie.file = slice_from(examples[i].file);
        assert_string_equal(build(&kraken_embed_provider, &selfie, &request), examples[i].want);
        buffer_clear(&request.body);
    }
    struct provider_request request;
    const struct provider_document mixed = DOCUMENT(PROVIDER_DOCUMENT_IDENTITY, "id_card", "f.png", BACK_URL);
    assert_string_equal(build(&kraken_embed_provider, &mixed, &request),
                        "a document has URLs and paths; all its files must be of one kind");
    buffer_clear(&request.body);
}

static void an_answer_names_the_verification(void **state)
{
    (void)state;
    static const struct judged payward[] = {
        {.sentence = "the answer of the page",
         .operation = OPERATION_DOCUMENT,
         .status = 200,
         .updated = "AA45N8G4MLDYWAR7",
         .body = "{\"data\":{\"verification_id\":\"ver_01J0M9P2T7K3W2BHJ7T9\"}}",
         .kind = OUTCOME_DONE},
        {.sentence = "without the id",
         .operation = OPERATION_DOCUMENT,
         .status = 200,
         .body = "{\"data\":\"success\"}",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
        {.sentence = "a 409",
         .operation = OPERATION_DOCUMENT,
         .status = 409,
         .body = "{\"error\":\"in progress\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "a bad request",
         .operation = OPERATION_DOCUMENT,
         .status = 400,
         .body = "{\"error\":\"not allowlisted\"}",
         .kind = OUTCOME_REFUSED},
        {.sentence = "a nonce",
         .operation = OPERATION_DOCUMENT,
         .status = 401,
         .body = "{\"error\":\"EAPI:Invalid nonce\"}",
         .kind = OUTCOME_BAD_NONCE,
         .cause = RETRY_NONCE},
        {.sentence = "a timeout of the provider's",
         .operation = OPERATION_DOCUMENT,
         .status = 408,
         .body = "",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_TIMEOUT},
        {.sentence = "an error of the server",
         .operation = OPERATION_DOCUMENT,
         .status = 500,
         .body = "",
         .kind = OUTCOME_IN_DOUBT,
         .cause = RETRY_5XX},
    };
    static const struct judged embed[] = {
        {.sentence = "the answer of the page",
         .operation = OPERATION_DOCUMENT,
         .status = 200,
         .body = "{\"result\":{\"verification_id\":\"v-1\"}}",
         .kind = OUTCOME_DONE},
    };
    check_judged(&payward_provider, payward, sizeof payward / sizeof *payward);
    check_judged(&kraken_embed_provider, embed, sizeof embed / sizeof *embed);
}

static void a_verifier_has_a_name(void **state)
{
    (void)state;
    char fault[PROVIDER_SETTINGS_FAULT_SIZE];
    assert_true(document_payload_accepts_verifier("Example Checks GmbH", fault));
    assert_false(document_payload_accepts_verifier("", fault));
    assert_false(document_payload_accepts_verifier("a\nb", fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payward_gets_urls),
        cmocka_unit_test(a_passport_has_no_back),
        cmocka_unit_test(kraken_embed_gets_urls_at_a_path_of_their_own),
        cmocka_unit_test(kraken_embed_gets_files_in_a_form),
        cmocka_unit_test(what_cannot_be_sent_is_told),
        cmocka_unit_test(an_answer_names_the_verification),
        cmocka_unit_test(a_verifier_has_a_name),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("document_payload", tests, make_files, remove_files);
}
