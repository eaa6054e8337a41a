#include "model/outcome.h"

#include <assert.h>
#include <stddef.h>

#define OUTCOME_WORD_AT(words, at) (assert((size_t)(at) < sizeof(words) / sizeof((words)[0])), (words)[at])

bool operation_is_question(enum operation operation)
{
    return operation == OPERATION_LOOK_UP || operation == OPERATION_FETCH || operation == OPERATION_LIST ||
           operation == OPERATION_LOGIN;
}

const char *operation_word(enum operation operation)
{
    static const char *const words[] = {
        [OPERATION_CREATE] = "create", [OPERATION_UPDATE] = "update",     [OPERATION_LOOK_UP] = "look_up",
        [OPERATION_FETCH] = "fetch",   [OPERATION_LIST] = "list",         [OPERATION_LOGIN] = "login",
        [OPERATION_LINK] = "link",     [OPERATION_DOCUMENT] = "document",
    };
    return OUTCOME_WORD_AT(words, operation);
}

const char *outcome_word(enum outcome_kind kind)
{
    static const char *const words[] = {
        [OUTCOME_DONE] = "done",           [OUTCOME_EXISTS] = "exists",
        [OUTCOME_REFUSED] = "refused",     [OUTCOME_IN_DOUBT] = "in_doubt",
        [OUTCOME_NOT_SENT] = "not_sent",   [OUTCOME_THROTTLED] = "throttled",
        [OUTCOME_BAD_NONCE] = "bad_nonce", [OUTCOME_BAD_TOKEN] = "bad_token",
        [OUTCOME_STOP] = "stop",           [OUTCOME_WITHDRAWN] = "withdrawn",
    };
    return OUTCOME_WORD_AT(words, kind);
}

const char *retry_cause_word(enum retry_cause cause)
{
    static const char *const words[RETRY_CAUSES] = {
        [RETRY_429] = "429",         [RETRY_5XX] = "5xx",     [RETRY_TIMEOUT] = "timeout",
        [RETRY_CONNECT] = "connect", [RETRY_NONCE] = "nonce", [RETRY_AUTH] = "auth",
    };
    return OUTCOME_WORD_AT(words, cause);
}
