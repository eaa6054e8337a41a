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
#include "delivery/ca_bundle.h"

/* A self-signed certificate for example.com; its key was never kept. */
#define CERTIFICATE                                                                                          \
    "-----BEGIN CERTIFICATE-----\n"                                                                          \
    "MIIBgzCCASmgAwIBAgIUP7ZR8NOJVNR7lzs8DztE7vlGWYswCgYIKoZIzj0EAwIw\n"                                     \
    "FjEUMBIGA1UEAwwLZXhhbXBsZS5jb20wIBcNMjYxMTIxMjA0MTE3WhgPMjEyNjEw\n"                                     \
    "MjgyMDQxMTdaMBYxFDASBgNVBAMMC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYI\n"                                     \
    "KoZIzj0DAQcDQgAEbZwEEbq1hsm1Ob/1tYkrKv2kpBBq8HcWjcpdlpXmrL6tMmWM\n"                                     \
    "ylcM5Kp2p+bPzpzKNDmpsx7eo5UHAAH8M7w/caNTMFEwHQYDVR0OBBYEFAOQtae+\n"                                     \
    "xHvBIAlhFHqTYBf+6FZvMB8GA1UdIwQYMBaAFAOQtae+xHvBIAlhFHqTYBf+6FZv\n"                                     \
    "MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAMYGvQGVQfeeIqSd\n"                                     \
    "26WFOv/Kzx+jyCSp+zLQh/Nt3EHSAiAlDP5/Ips98TQfI82aMM7pK3O+Yuy775Hb\n"                                     \
    "PTILD5I4yQ==\n"                                                                                         \
    "-----END CERTIFICATE-----\n"

static char path[] = "/tmp/kyc-test-trust-XXXXXX";

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_ca_file_adds_to_what_the_system_trusts(void **state)
{
    (void)state;
    write_file("a comment\n" CERTIFICATE "\n" CERTIFICATE);
    struct ca_bundle bundle_;
    struct buffer bundle;
    struct error error;
    buffer_init(&bundle, CA_BUNDLE_MAX);
    assert_int_equal(ca_bundle_open(&bundle_, path, &error), 0);
    assert_int_equal(file_read(bundle_.path, &bundle, &error), 0);
    assert_non_null(strstr(bundle.data, CERTIFICATE "\n" CERTIFICATE));
    bool has_file = access("/etc/ssl/certs/ca-certificates.crt", R_OK) == 0;
    assert_int_equal(bundle_.use_capath, !has_file);
    if (has_file)
        assert_true(bundle.len > 10 * strlen(CERTIFICATE));
    buffer_clear(&bundle);
    ca_bundle_close(&bundle_);
    ca_bundle_close(&bundle_);

    assert_int_equal(ca_bundle_open(&bundle_, NULL, &error), 0);
    assert_string_equal(bundle_.path, has_file ? "/etc/ssl/certs/ca-certificates.crt" : "");
    ca_bundle_close(&bundle_);
}

static void a_broken_certificate_is_reported_with_its_file(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
    } table[] = {
        {"empty", ""},
        {"a page of text", "<html>404</html>\n"},
        {"a key", "-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n"},
        {"without an end", "-----BEGIN CERTIFICATE-----\nMAo=\n"},
        {"not base64", "-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n"},
        {"not a certificate", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n"},
        {"empty inside", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"},
        {"the second is broken", CERTIFICATE "-----BEGIN CERTIFICATE-----\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        write_file(table[i].text);
        struct buffer bundle;
        struct error error = {0};
        buffer_init(&bundle, CA_BUNDLE_MAX);
        if (ca_bundle_load(NULL, path, &bundle, &error) == 0)
            fail_msg("%s: was taken", table[i].sentence);
        assert_int_equal(error.scope, ERROR_USAGE);
        assert_non_null(strstr(error.text, path));
        buffer_clear(&bundle);
    }
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ca_file_adds_to_what_the_system_trusts),
        cmocka_unit_test(a_broken_certificate_is_reported_with_its_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ca_bundle", tests, make_file, remove_file);
}
