#include "sandbox/tokens.h"

#include "core/digest.h"

const char *tokens_issue(struct tokens *tokens, uint64_t expires_ns)
{
    uint8_t random[TOKENS_TEXT_SIZE / 2];
    struct token *token = &tokens->all[tokens->next++ % TOKENS_MAX];
    digest_random(random, sizeof random);
    digest_hex(random, sizeof random, token->text);
    token->expires_ns = expires_ns;
    token->revoked = false;
    return token->text;
}

enum token_state tokens_check(const struct tokens *tokens, struct slice text, uint64_t now_ns)
{
    for (size_t i = 0; i < TOKENS_MAX; i++) {
        const struct token *token = &tokens->all[i];
        if (token->text[0] == '\0' || !slice_is(text, token->text))
            continue;
        if (token->revoked)
            return TOKEN_REVOKED;
        return now_ns < token->expires_ns ? TOKEN_VALID : TOKEN_EXPIRED;
    }
    return TOKEN_UNKNOWN;
}

void tokens_revoke(struct tokens *tokens)
{
    for (size_t i = 0; i < TOKENS_MAX; i++)
        tokens->all[i].revoked = true;
}
