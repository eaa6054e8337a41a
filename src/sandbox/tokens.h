/* tokens: the bearer tokens of logins, until they expire or are revoked.
 *
 * Keeps the newest TOKENS_MAX. Thread: one at a time.
 */
#ifndef KYC_SANDBOX_TOKENS_H
#define KYC_SANDBOX_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { TOKENS_MAX = 256, TOKENS_TEXT_SIZE = 49 };

enum token_state { TOKEN_VALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_UNKNOWN };

struct token {
    char text[TOKENS_TEXT_SIZE]; /* random, hexadecimal */
    uint64_t expires_ns;
    bool revoked;
};

struct tokens {
    struct token all[TOKENS_MAX]; /* a ring */
    size_t next;
};

/* A new token, valid until expires_ns (clock_mono_ns). The text stays in place until TOKENS_MAX more are
 * issued. */
const char *tokens_issue(struct tokens *tokens, uint64_t expires_ns);
enum token_state tokens_check(const struct tokens *tokens, struct slice text, uint64_t now_ns);
/* Revokes all tokens issued so far. */
void tokens_revoke(struct tokens *tokens);

#endif
