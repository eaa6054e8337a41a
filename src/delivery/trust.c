#include "delivery/trust.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/memory.h"

enum { DER_SEQUENCE = 0x30 };

/* Whether what stands between the two lines of a PEM block is base64 of a DER sequence: enough to tell a
 * certificate from a page of text; libcurl reads it in full when it connects. */
static bool is_certificate(const char *at, size_t len)
{
    char *text = memory_new(len + 1, 1);
    size_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)at[i])) {
            text[count++] = at[i];
        }
    }
    uint8_t *der = memory_new(count / 4 * 3 + 1, 1);
    ptrdiff_t der_len = digest_base64_decode(slice_make(text, count), der);
    bool is = der_len > 2 && der[0] == DER_SEQUENCE;
    free(der);
    free(text);
    return is;
}

static int check_certificates(const char *ca_file, const char *text, struct error *error)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    unsigned count = 0;
    for (const char *at = text; at && (at = strstr(at, begin));) {
        at += strlen(begin);
        const char *stop = strstr(at, end);
        count++;
        if (!stop || !is_certificate(at, (size_t)(stop - at))) {
            return error_set(error, ERROR_USAGE, "%s: certificate %u is broken (provider.ca_file wants PEM)",
                             ca_file, count);
        }
        at = stop + strlen(end);
    }
    if (count == 0) {
        return error_set(error, ERROR_USAGE,
                         "%s: holds no certificate; provider.ca_file wants PEM (-----BEGIN CERTIFICATE-----)",
                         ca_file);
    }
    return 0;
}

static const char *system_bundle(CURL *easy)
{
    const char *path = NULL;
    return curl_easy_getinfo(easy, CURLINFO_CAINFO, &path) == CURLE_OK ? path : NULL;
}

int trust_load(const char *ca_file, struct buffer *bundle, struct error *error)
{
    struct buffer own;
    buffer_init(&own, TRUST_MAX);
    int failed = file_read(ca_file, &own, error);
    if (!failed) {
        failed = check_certificates(ca_file, own.at, error);
    }
    if (!failed) {
        /* A system without a bundle file has a folder of certificates, which libcurl goes on reading. */
        CURL *easy = curl_easy_init();
        const char *path = easy ? system_bundle(easy) : NULL;
        struct error ignored;
        if (path) {
            (void)file_read(path, bundle, &ignored);
        }
        curl_easy_cleanup(easy);
        buffer_append_char(bundle, '\n');
        buffer_append(bundle, buffer_slice(&own));
        if (bundle->overflowed) {
            failed = error_set(error, ERROR_USAGE, "%s: too many certificates (%d MiB with the system's)",
                               ca_file, TRUST_MAX / 1024 / 1024);
        }
    }
    buffer_clear(&own);
    return failed;
}
