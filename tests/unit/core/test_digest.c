#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <stdio.h>

#include <cmocka.h>

#include "core/digest.h"
#include "core/memory.h"

static void sha256_is_of_both_parts_together(void **state)
{
    (void)state;
    /* FIPS 180-4's example, cut in every place. */
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    for (size_t cut = 0; cut <= 3; cut++) {
        digest_sha256(slice_make("abc", cut), slice_make(&"abc"[cut], 3 - cut), digest);
        assert_string_equal(digest_hex(digest, sizeof digest, hex),
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    digest_sha256(slice_make(NULL, 0), slice_make(NULL, 0), digest);
    assert_string_equal(digest_hex(digest, sizeof digest, hex),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

struct hmac_case {
    enum digest_hash hash;
    const char *key, *text, *want;
};

static void hmac_agrees_with_rfc_4231_and_can_begin_again(void **state)
{
    (void)state;
    static const struct hmac_case cases[] = {
        {DIGEST_SHA256, "Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {DIGEST_SHA512, "Jefe", "what do ya want for nothing?",
         "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
        {DIGEST_SHA256, "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct digest_hmac *hmac = digest_hmac_new(cases[i].hash, slice_from(cases[i].key));
        struct slice text = slice_from(cases[i].text);
        for (size_t round = 0; round < 3; round++) {
            uint8_t out[DIGEST_SHA512_LEN];
            char hex[2 * DIGEST_SHA512_LEN + 1];
            digest_hmac_begin(hmac);
            size_t cut = round < text.len ? round : 0;
            digest_hmac_add(hmac, slice_make(text.data, cut));
            digest_hmac_add(hmac, slice_make(text.data + cut, text.len - cut));
            digest_hmac_end(hmac, out);
            digest_hex(out, cases[i].hash == DIGEST_SHA256 ? 32 : 64, hex);
            assert_string_equal(hex, cases[i].want);
        }
        digest_hmac_free(hmac);
    }
}

struct base64_case {
    const char *plain, *encoded;
};

static void base64_agrees_with_rfc_4648_both_ways(void **state)
{
    (void)state;
    static const struct base64_case cases[] = {{"", ""},
                                               {"f", "Zg=="},
                                               {"fo", "Zm8="},
                                               {"foo", "Zm9v"},
                                               {"foob", "Zm9vYg=="},
                                               {"fooba", "Zm9vYmE="},
                                               {"foobar", "Zm9vYmFy"},
                                               {"\xfb\xff\xbf", "+/+/"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char encoded[20];
        uint8_t plain[20];
        size_t len = strlen(cases[i].plain);
        assert_int_equal(digest_base64_encode((const uint8_t *)cases[i].plain, len, encoded),
                         strlen(cases[i].encoded));
        assert_string_equal(encoded, cases[i].encoded);
        assert_int_equal(digest_base64_decode(slice_from(encoded), plain), len);
        assert_memory_equal(plain, cases[i].plain, len);
    }
}

static void what_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z",        "Zg",         "Zg=",  "Zg===",       "Zm9v\n", "Zm9 ",
                                      "Zm-_",     "====",       "Z===", "Zm=v",        "=m9v",   "Zm9v====",
                                      "Zg==Zg==", "\xc3\xa9Zg", " Zm9", "Zm9v\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t out[20];
        if (digest_base64_decode(slice_from(bad[i]), out) >= 0)
            fail_msg("'%s' was decoded", bad[i]);
    }
}

static void random_bytes_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    digest_random(a, sizeof a);
    digest_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

/* FIPS 180-1, appendix A; and the empty text. */
static void sha1_is_of_both_parts_together(void **state)
{
    (void)state;
    uint8_t digest[DIGEST_SHA1_LEN];
    char hex[2 * DIGEST_SHA1_LEN + 1];
    digest_sha1(slice_from("a"), slice_from("bc"), digest);
    assert_string_equal(digest_hex(digest, sizeof digest, hex), "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_sha1(slice_make(NULL, 0), slice_make(NULL, 0), digest);
    assert_string_equal(digest_hex(digest, sizeof digest, hex), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_of_both_parts_together),
        cmocka_unit_test(sha1_is_of_both_parts_together),
        cmocka_unit_test(hmac_agrees_with_rfc_4231_and_can_begin_again),
        cmocka_unit_test(base64_agrees_with_rfc_4648_both_ways),
        cmocka_unit_test(what_is_not_base64_is_refused),
        cmocka_unit_test(random_bytes_differ),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
