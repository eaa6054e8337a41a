#include "delivery/ca_bundle.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <curl/curl.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/memory.h"

enum { DER_SEQUENCE = 0x30 };

/* Whether the text between the two lines of a PEM block is base64 of a DER sequence: enough to distinguish a
 * certificate from text; libcurl parses it when it connects. */
static bool is_certificate(const char *cursor, size_t len)
{
    char *text = memory_new(len + 1, 1);
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        if (!isspace((unsigned char)cursor[i]))
            text[count++] = cursor[i];
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
    for (const char *cursor = text; cursor && (cursor = strstr(cursor, begin));) {
        cursor += strlen(begin);
        const char *stop = strstr(cursor, end);
        count++;
        if (!stop || !is_certificate(cursor, (size_t)(stop - cursor))) {
            return error_set(error, ERROR_USAGE,
                             "%s: certificate %u is broken\nhint: provider.ca_file must be a PEM file",
                             ca_file, count);
        }
        cursor = stop + strlen(end);
    }
    if (count == 0) {
        return error_set(
            error, ERROR_USAGE,
            "%s: holds no certificate\nhint: provider.ca_file must be a PEM file (-----BEGIN CERTIFICATE-----)",
            ca_file);
    }
    return 0;
}

int ca_bundle_load(const char *system_file, const char *ca_file, struct buffer *bundle, struct error *error)
{
    struct buffer own;
    struct error ignored;
    buffer_init(&own, CA_BUNDLE_MAX);
    int failed = file_read(ca_file, &own, error);
    if (!failed)
        failed = check_certificates(ca_file, own.data, error);
    if (!failed) {
        if (system_file)
            (void)file_read(system_file, bundle, &ignored);
        buffer_append_char(bundle, '\n');
        buffer_append(bundle, buffer_slice(&own));
        if (bundle->overflowed) {
            failed = error_set(error, ERROR_USAGE, "%s: too many certificates (%d MiB with the system's)",
                               ca_file, CA_BUNDLE_MAX / 1024 / 1024);
        }
    }
    buffer_clear(&own);
    return failed;
}

/* The file that libcurl was built to read, when it is there; else "". */
static void find_system_file(char path[CA_BUNDLE_PATH_SIZE])
{
    const char *built_in = NULL;
    CURL *easy = curl_easy_init();
    path[0] = '\0';
    if (easy && curl_easy_getinfo(easy, CURLINFO_CAINFO, &built_in) == CURLE_OK && built_in &&
        strlen(built_in) < CA_BUNDLE_PATH_SIZE && access(built_in, R_OK) == 0)
        memcpy(path, built_in, strlen(built_in) + 1);
    curl_easy_cleanup(easy);
}

static int write_memory_file(struct ca_bundle *ca, const char *ca_file, const struct buffer *bundle,
                             struct error *error)
{
    ca->fd = memfd_create("ca-bundle", MFD_CLOEXEC);
    ca->has_memfd = ca->fd >= 0;
    if (!ca->has_memfd || file_write_all(ca->fd, buffer_slice(bundle))) {
        return error_set(error, ERROR_USAGE, "%s: cannot be kept in a memory file: %s", ca_file,
                         strerror(errno));
    }
    snprintf(ca->path, sizeof ca->path, "/proc/self/fd/%d", ca->fd);
    return access(ca->path, R_OK) == 0 ? 0
                                       : error_set(error, ERROR_USAGE, "%s: provider.ca_file needs /proc: %s",
                                                   ca_file, strerror(errno));
}

int ca_bundle_open(struct ca_bundle *ca, const char *ca_file, struct error *error)
{
    char system_file[CA_BUNDLE_PATH_SIZE];
    *ca = (struct ca_bundle){0};
    find_system_file(system_file);
    ca->use_capath = system_file[0] == '\0';
    if (!ca_file) {
        snprintf(ca->path, sizeof ca->path, "%s", system_file);
        return 0;
    }
    struct buffer bundle;
    buffer_init(&bundle, CA_BUNDLE_MAX);
    int failed = ca_bundle_load(system_file[0] ? system_file : NULL, ca_file, &bundle, error);
    if (!failed)
        failed = write_memory_file(ca, ca_file, &bundle, error);
    buffer_clear(&bundle);
    if (failed)
        ca_bundle_close(ca);
    return failed;
}

void ca_bundle_close(struct ca_bundle *bundle)
{
    if (bundle->has_memfd)
        close(bundle->fd);
    *bundle = (struct ca_bundle){0};
}
