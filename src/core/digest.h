/* digest: SHA-256, SHA-1, HMAC-SHA256, HMAC-SHA512 and base64 over OpenSSL, with kept contexts.
 *
 * Thread: one at a time per object; the one-shot functions: any.
 */
#ifndef KYC_CORE_DIGEST_H
#define KYC_CORE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { DIGEST_SHA1_LEN = 20, DIGEST_SHA256_LEN = 32, DIGEST_SHA512_LEN = 64 };

enum digest_hash { DIGEST_SHA256, DIGEST_SHA512 };

/* A keyed HMAC context: begin, add…, end; then begin again with the same key. */
struct digest_hmac;

struct digest_hmac *digest_hmac_new(enum digest_hash hash, struct slice key);
void digest_hmac_free(struct digest_hmac *hmac);
void digest_hmac_begin(struct digest_hmac *hmac);
void digest_hmac_add(struct digest_hmac *hmac, struct slice bytes);
/* out: 32 or 64 bytes, by the hash. */
void digest_hmac_end(struct digest_hmac *hmac, uint8_t *out);

/* SHA-256 of first ‖ second. */
void digest_sha256(struct slice first, struct slice second, uint8_t out[DIGEST_SHA256_LEN]);
/* SHA-256 of all that the file holds, whatever its offset is. 0, or -1 with errno. */
int digest_sha256_file(int fd, uint8_t out[DIGEST_SHA256_LEN]);
/* SHA-1 of first ‖ second: for names (UUID version 5, RFC 4122), never for trust. */
void digest_sha1(struct slice first, struct slice second, uint8_t out[DIGEST_SHA1_LEN]);

/* Lower-case hexadecimal and a NUL: out has 2 × len + 1 bytes. Returns out. */
char *digest_hex(const uint8_t *bytes, size_t len, char *out);

/* The reverse: exactly 2 × len lower-case digits; false for anything else. */
bool digest_read_hex(struct slice text, uint8_t *out, size_t len);

/* Base64 of RFC 4648, padded, on one line, and a NUL: out has 4 × ((len + 2) / 3) + 1 bytes. Returns its
 * length. */
size_t digest_base64_encode(const uint8_t *bytes, size_t len, char *out);
/* Strict: alphabet, padding and length are checked, blanks are refused. out has 3 × (len / 4) bytes. Returns
 * the length, or -1. */
ptrdiff_t digest_base64_decode(struct slice text, uint8_t *out);

/* Random bytes from the system; ends the process when there are none. */
void digest_random(void *out, size_t len);

#endif
