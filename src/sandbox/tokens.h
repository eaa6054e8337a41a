/* tokens: the bearer tokens that a login gave, until they expire or are revoked.
 *
 * Holds the newest TOKENS_MAX. Thread: one at a time.
 */
#ifndef KYC_SANDBOX_TOKENS_H
#define KYC_SANDBOX_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { TOKENS_MAX = 256, TOKENS_TEXT_SIZE = 49 };

enum token_state { TOKEN_GOOD, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_UNKNOWN };

struct token {
    char text[TOKENS_TEXT_SIZE]; /* random, hexadecimal */
    uint64_t due_ns;
    bool revoked;
};

struct tokens {
    struct token all[TOKENS_MAX]; /* a ring */
    size_t next;
};

/* A new token, good until due_ns (clock_mono_ns). Valid until TOKENS_MAX more were made. */
const char *tokens_issue(struct tokens *tokens, uint64_t due_ns);
enum token_state tokens_judge(const struct tokens *tokens, struct slice text, uint64_t now_ns);
/* None of those given so far is good any more. */
void tokens_revoke(struct tokens *tokens);

#endif
