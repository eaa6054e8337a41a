#include "core/digest.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/memory.h"

enum { DIGEST_READ_LEN = 64 * 1024, DIGEST_BLOCK_MAX = 128 };

/* HMAC (RFC 2104) over OpenSSL's hashes: its own HMAC copies its contexts three times for each digest, which
 * costs more than the hash of a short text. inner and outer have hashed the key's pads. */
struct digest_hmac {
    EVP_MD_CTX *inner, *outer, *context;
    size_t len;
};

static pthread_once_t digest_once = PTHREAD_ONCE_INIT;
static EVP_MD *digest_md, *digest_md_1, *digest_md_512;

/* Nothing can be signed or journalled then. OpenSSL does not always report which of the two it is. */
static void digest_need(int done, const char *what)
{
    if (done)
        return;
    fprintf(
        stderr,
        "kyc-import: OpenSSL cannot do %s: out of memory, or its installation is broken; the ledger has all that was done: run again to resume\n",
        what);
    abort();
}

/* Fetched once: a fetch costs more than the hash. */
static void digest_fetch(void)
{
    digest_md = EVP_MD_fetch(NULL, "SHA256", NULL);
    digest_md_1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    digest_md_512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    digest_need(digest_md && digest_md_1 && digest_md_512, "SHA-256, SHA-512 and SHA-1");
}

/* A context that has hashed the key, padded to a block, with each byte xor this one. */
static EVP_MD_CTX *digest_hash_pad(const EVP_MD *md, const uint8_t *key, size_t block, uint8_t byte)
{
    uint8_t pad[DIGEST_BLOCK_MAX];
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    for (size_t i = 0; i < block; i++)
        pad[i] = key[i] ^ byte;
    digest_need(context && EVP_DigestInit_ex2(context, md, NULL) && EVP_DigestUpdate(context, pad, block),
                "HMAC");
    OPENSSL_cleanse(pad, sizeof pad);
    return context;
}

struct digest_hmac *digest_hmac_new(enum digest_hash hash, struct slice key)
{
    pthread_once(&digest_once, digest_fetch);
    const EVP_MD *md = hash == DIGEST_SHA512 ? digest_md_512 : digest_md;
    struct digest_hmac *hmac = memory_new(1, sizeof *hmac);
    size_t block = (size_t)EVP_MD_get_block_size(md);
    uint8_t padded[DIGEST_BLOCK_MAX] = {0};
    assert(block <= sizeof padded);
    if (key.len > block)
        digest_need(EVP_Digest(key.data, key.len, padded, NULL, md, NULL), "HMAC");
    else if (key.len > 0)
        memcpy(padded, key.data, key.len);
    hmac->len = (size_t)EVP_MD_get_size(md);
    hmac->inner = digest_hash_pad(md, padded, block, 0x36);
    hmac->outer = digest_hash_pad(md, padded, block, 0x5c);
    hmac->context = EVP_MD_CTX_new();
    digest_need(hmac->context != NULL, "HMAC");
    OPENSSL_cleanse(padded, sizeof padded);
    return hmac;
}

void digest_hmac_free(struct digest_hmac *hmac)
{
    if (!hmac)
        return;
    EVP_MD_CTX_free(hmac->inner);
    EVP_MD_CTX_free(hmac->outer);
    EVP_MD_CTX_free(hmac->context);
    free(hmac);
}

void digest_hmac_begin(struct digest_hmac *hmac)
{
    digest_need(EVP_MD_CTX_copy_ex(hmac->context, hmac->inner), "HMAC");
}

void digest_hmac_add(struct digest_hmac *hmac, struct slice bytes)
{
    if (bytes.len)
        digest_need(EVP_DigestUpdate(hmac->context, bytes.data, bytes.len), "HMAC");
}

void digest_hmac_end(struct digest_hmac *hmac, uint8_t *out)
{
    digest_need(
        EVP_DigestFinal_ex(hmac->context, out, NULL) && EVP_MD_CTX_copy_ex(hmac->context, hmac->outer) &&
            EVP_DigestUpdate(hmac->context, out, hmac->len) && EVP_DigestFinal_ex(hmac->context, out, NULL),
        "HMAC");
}

static void digest_once_over(const EVP_MD *md, struct slice first, struct slice second, uint8_t *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    digest_need(context && EVP_DigestInit_ex2(context, md, NULL) &&
                    EVP_DigestUpdate(context, first.data, first.len) &&
                    EVP_DigestUpdate(context, second.data, second.len) &&
                    EVP_DigestFinal_ex(context, out, NULL),
                "SHA-256 and SHA-1");
    EVP_MD_CTX_free(context);
}

void digest_sha256(struct slice first, struct slice second, uint8_t out[DIGEST_SHA256_LEN])
{
    pthread_once(&digest_once, digest_fetch);
    digest_once_over(digest_md, first, second, out);
}

int digest_sha256_file(int fd, uint8_t out[DIGEST_SHA256_LEN])
{
    pthread_once(&digest_once, digest_fetch);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    digest_need(context && EVP_DigestInit_ex2(context, digest_md, NULL), "SHA-256");
    char bytes[DIGEST_READ_LEN];
    off_t index = 0;
    ssize_t len;
    while ((len = pread(fd, bytes, sizeof bytes, index)) > 0 || (len < 0 && errno == EINTR)) {
        if (len < 0)
            continue;
        digest_need(EVP_DigestUpdate(context, bytes, (size_t)len), "SHA-256");
        index += len;
    }
    int reason = errno;
    digest_need(EVP_DigestFinal_ex(context, out, NULL), "SHA-256");
    EVP_MD_CTX_free(context);
    errno = reason;
    return len < 0 ? -1 : 0;
}

void digest_sha1(struct slice first, struct slice second, uint8_t out[DIGEST_SHA1_LEN])
{
    pthread_once(&digest_once, digest_fetch);
    digest_once_over(digest_md_1, first, second, out);
}

char *digest_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

bool digest_read_hex(struct slice text, uint8_t *out, size_t len)
{
    if (text.len != 2 * len)
        return false;
    for (size_t i = 0; i < 2 * len; i++) {
        char c = text.data[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | digit : digit << 4);
    }
    return true;
}

size_t digest_base64_encode(const uint8_t *bytes, size_t len, char *out)
{
    assert(len <= INT_MAX / 2);
    return (size_t)EVP_EncodeBlock((unsigned char *)out, bytes, (int)len);
}

static int digest_base64_value(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

ptrdiff_t digest_base64_decode(struct slice text, uint8_t *out)
{
    if (text.len % 4 != 0)
        return -1;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;

    size_t letters = text.len - padding, len = 0;
    uint32_t bits = 0;
    for (size_t i = 0; i < letters; i++) {
        int value = digest_base64_value(text.data[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            out[len++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return (ptrdiff_t)len;
}

void digest_random(void *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t got = getrandom((char *)out + done, len - done, 0);
        digest_need(got > 0 || errno == EINTR, "random bytes");
        if (got > 0)
            done += (size_t)got;
    }
}
