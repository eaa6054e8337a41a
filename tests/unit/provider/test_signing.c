#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provider/payward.h"
#include "provider/signing.h"
#include "unit/job_parts.h"

/* Published vectors: Kraken's REST guide, Kraken's Rust SDK. */
#define GUIDE_SECRET                                                                                         \
    "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
#define GUIDE_NONCE  UINT64_C(1616492376594)
#define GUIDE_TARGET "/0/private/AddOrder"
#define GUIDE_BODY   "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
#define GUIDE_SIGN   "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="

#define SDK_SECRET "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define SDK_SIGN   "6i7+cpXVLDDnDOekgsRcgFQhkYFyPDSSxhSVA8OrA6vjziXcy2K1DP3n7f9B/Kgni71WjBSQusZKxduRsdF20Q=="

static struct provider_account *account_of(const char *secret)
{
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials =
        job_parts_credentials(items, "api_key", "test-key", "api_secret", secret, (char *)NULL);
    return signing_account_new(&credentials);
}

static void the_published_vectors_come_out(void **state)
{
    (void)state;
    char signature[SIGNING_TEXT_SIZE];
    struct provider_account *guide = account_of(GUIDE_SECRET);
    signing_sign(guide, GUIDE_NONCE, slice_from(GUIDE_TARGET), slice_from(GUIDE_BODY), signature);
    assert_string_equal(signature, GUIDE_SIGN);

    struct provider_account *sdk = account_of(SDK_SECRET);
    signing_sign(sdk, UINT64_C(1700000000000000000), slice_from("/0/private/Balance"),
                 slice_from("nonce=1700000000000000000"), signature);
    assert_string_equal(signature, SDK_SIGN);

    /* The kept context leaves nothing behind. */
    signing_sign(guide, GUIDE_NONCE, slice_from(GUIDE_TARGET), slice_from(GUIDE_BODY), signature);
    assert_string_equal(signature, GUIDE_SIGN);
    signing_account_free(guide);
    signing_account_free(sdk);
    signing_account_free(NULL);
}

static void every_byte_of_target_and_body_matters(void **state)
{
    (void)state;
    struct provider_account *account = account_of(GUIDE_SECRET);
    char signature[SIGNING_TEXT_SIZE], target[] = GUIDE_TARGET, body[] = GUIDE_BODY;
    for (size_t i = 0; i < sizeof target - 1; i++) {
        target[i] ^= 1;
        signing_sign(account, GUIDE_NONCE, slice_from(target), slice_from(body), signature);
        assert_string_not_equal(signature, GUIDE_SIGN);
        target[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof body - 1; i++) {
        body[i] ^= 1;
        signing_sign(account, GUIDE_NONCE, slice_from(target), slice_from(body), signature);
        assert_string_not_equal(signature, GUIDE_SIGN);
        body[i] ^= 1;
    }
    signing_sign(account, GUIDE_NONCE, slice_from(target), slice_make(body, sizeof body - 2), signature);
    assert_string_not_equal(signature, GUIDE_SIGN);
    signing_account_free(account);
}

static void every_digit_of_the_nonce_matters(void **state)
{
    (void)state;
    struct provider_account *account = account_of(GUIDE_SECRET);
    char signature[SIGNING_TEXT_SIZE];
    uint64_t digit = 1;
    for (int i = 0; i < 13; i++, digit *= 10) {
        signing_sign(account, GUIDE_NONCE + digit, slice_from(GUIDE_TARGET), slice_from(GUIDE_BODY),
                     signature);
        assert_string_not_equal(signature, GUIDE_SIGN);
    }
    signing_account_free(account);
}

static void the_headers_carry_key_nonce_and_signature(void **state)
{
    (void)state;
    struct provider_account *account = account_of(GUIDE_SECRET);
    struct provider_request request = {.method = "POST", .target = GUIDE_TARGET};
    buffer_init(&request.body, 1024);
    buffer_append_text(&request.body, GUIDE_BODY);
    struct provider_headers headers = {.count = 0};
    signing_authenticate(account, GUIDE_NONCE, NULL, &request, &headers);
    assert_int_equal(headers.count, 4);
    assert_string_equal(headers.lines[0], "Content-Type: application/json");
    assert_string_equal(headers.lines[1], "API-Key: test-key");
    assert_string_equal(headers.lines[2], "API-Nonce: 1616492376594");
    assert_string_equal(headers.lines[3], "API-Sign: " GUIDE_SIGN);

    headers.count = 0;
    signing_authenticate(account, UINT64_MAX, NULL, &request, &headers);
    assert_string_equal(headers.lines[2], "API-Nonce: 18446744073709551615");
    buffer_clear(&request.body);
    signing_account_free(account);
}

static void credentials_are_held_to_their_form(void **state)
{
    (void)state;
    static const char long_key[] =
        "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
    static const struct {
        const char *sentence, *key, *secret, *token, *want;
    } examples[] = {
        {"key and secret", "public-key", SDK_SECRET, NULL, NULL},
        {"no key", NULL, SDK_SECRET, NULL, "credentials.api_key is missing"},
        {"no secret", "public-key", NULL, NULL, "credentials.api_secret is missing"},
        {"another credential", "public-key", SDK_SECRET, "opensesame", "no credentials.token"},
        {"a secret with a blank", "public-key", "AQEB AQEB", NULL, "not the base64"},
        {"a secret without padding", "public-key", "AQEBAQ", NULL, "not the base64"},
        {"a secret that is empty once decoded", "public-key", "====", NULL, "not the base64"},
        {"a key with a line end", "public\nkey", SDK_SECRET, NULL, "not an API key"},
        {"a key with a blank", "public key", SDK_SECRET, NULL, "not an API key"},
        {"a key that is too long", long_key, SDK_SECRET, NULL, "not an API key"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct job_credential items[JOB_PARTS_MAX];
        struct job_credentials credentials =
            job_parts_credentials(items, "api_key", examples[i].key, "api_secret", examples[i].secret,
                                  "token", examples[i].token, (char *)NULL);
        struct job job = {
            .path = "job.yaml",
            .provider = {.name = "payward", .credentials = &credentials, .credential_count = 1}};
        struct error error = {.scope = ERROR_NONE};
        int result = provider_credentials_check(&job, &payward_provider, true, &error);
        if (!examples[i].want) {
            assert_int_equal(result, 0);
            continue;
        }
        assert_int_equal(result, -1);
        assert_int_equal(error.scope, ERROR_USAGE);
        if (!strstr(error.text, examples[i].want))
            fail_msg("%s: %s", examples[i].sentence, error.text);
        assert_null(strstr(error.text, "AQEB"));
        assert_null(strstr(error.text, "opensesame"));
        assert_null(strstr(error.text, "public"));
        assert_int_equal(provider_credentials_check(&job, &payward_provider, false, &error), 0);
    }
}

static void the_same_key_twice_is_an_error(void **state)
{
    (void)state;
    struct job_credential items[3][JOB_PARTS_MAX];
    struct job_credentials credentials[3];
    const char *keys[] = {"first-key", "second-key", "first-key"};
    for (size_t i = 0; i < 3; i++)
        credentials[i] =
            job_parts_credentials(items[i], "api_key", keys[i], "api_secret", SDK_SECRET, (char *)NULL);
    struct job job = {.path = "job.yaml",
                      .provider = {.name = "payward", .credentials = credentials, .credential_count = 2}};
    struct error error;
    assert_int_equal(provider_credentials_check(&job, &payward_provider, true, &error), 0);
    job.provider.credential_count = 3;
    assert_int_equal(provider_credentials_check(&job, &payward_provider, true, &error), -1);
    assert_non_null(strstr(error.text, "credentials 1 and 3 are the same API key"));
    assert_null(strstr(error.text, "first-key"));
    job.provider.credential_count = 0;
    assert_int_equal(provider_credentials_check(&job, &payward_provider, true, &error), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_vectors_come_out),
        cmocka_unit_test(every_byte_of_target_and_body_matters),
        cmocka_unit_test(every_digit_of_the_nonce_matters),
        cmocka_unit_test(the_headers_carry_key_nonce_and_signature),
        cmocka_unit_test(credentials_are_held_to_their_form),
        cmocka_unit_test(the_same_key_twice_is_an_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("signing", tests, NULL, NULL);
}
