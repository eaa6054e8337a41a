/* outcome: what became of one attempt, as one table decides it.
 *
 * (transport result, HTTP status, body) → outcome is a provider's; outcome → what happens next is the
 * coordinator's. The outcome alone decides. Thread: plain data.
 */
#ifndef KYC_MODEL_OUTCOME_H
#define KYC_MODEL_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "model/verification.h"

/* What a request does at the provider. */
enum operation {
    OPERATION_CREATE,
    OPERATION_UPDATE,
    OPERATION_LOOK_UP, /* users by e-mail */
    OPERATION_FETCH,   /* one user by id */
    OPERATION_LIST,    /* all users */
    OPERATION_LOGIN,
    OPERATION_LINK,     /* makes a verification link for one user */
    OPERATION_DOCUMENT, /* sends a document of one user */
};

/* Not a member of the enum: a switch over it needs no case for this. */
enum { OPERATION_COUNT = OPERATION_DOCUMENT + 1 };

enum outcome_kind {
    OUTCOME_DONE,      /* the provider confirmed it: created (user_id is set) or updated */
    OUTCOME_EXISTS,    /* the provider has this customer; user_id is set when the reply held it */
    OUTCOME_REFUSED,   /* finally refused */
    OUTCOME_IN_DOUBT,  /* it may or may not have happened */
    OUTCOME_NOT_SENT,  /* it did nothing: no byte left, or a question (look-up, fetch, listing, login) got no
                          usable reply; retry, never in doubt */
    OUTCOME_THROTTLED, /* 429: retry */
    OUTCOME_BAD_NONCE, /* retry with a new nonce, at most 3 times a record; 10 stop the run */
    OUTCOME_BAD_TOKEN, /* the login's token is over: the sender logs in again, and the request is repeated */
    OUTCOME_STOP,      /* the run must stop (status 4); the reason is in message */
    OUTCOME_WITHDRAWN, /* the sender was stopped before this attempt began: nothing was sent */
};

/* Why a retry happened: the keys of summary.json's `retries`. */
enum retry_cause {
    RETRY_429,
    RETRY_5XX,
    RETRY_TIMEOUT,
    RETRY_CONNECT,
    RETRY_NONCE,
    RETRY_AUTH,
    RETRY_CAUSES
};

enum {
    OUTCOME_USER_ID_SIZE = 129,
    OUTCOME_CODE_SIZE = 65,
    OUTCOME_QUOTE_SIZE = 201, /* of it, in the provider's or the network's words: at most 200 bytes, every
                                value of the record replaced by ‹field› */
    OUTCOME_MESSAGE_SIZE = 2 * OUTCOME_QUOTE_SIZE, /* with our own words before them */
    OUTCOME_REQUEST_ID_SIZE = 129,
    OUTCOME_KEPT_SIZE = 1025,
    OUTCOME_WORD_SIZE = 65,
    OUTCOME_LINK_SIZE = 2049, /* a longer link is none: half of one opens nothing */
};

/* Bits of struct outcome.warned behind those of members: a warning about none of them in particular; and of
 * a CREATE: a verification link could not be made, the verification has rejected the user at once, or was not
 * begun. */
#define OUTCOME_WARNED_RECORD        (UINT64_C(1) << 63)
#define OUTCOME_WARNED_LINK          (UINT64_C(1) << 62)
#define OUTCOME_WARNED_REJECTED      (UINT64_C(1) << 61)
#define OUTCOME_WARNED_NOT_TRIGGERED (UINT64_C(1) << 60)
/* The code of a success with a warning. */
#define OUTCOME_WARNING "provider_warning"

struct outcome {
    enum outcome_kind kind;
    enum retry_cause cause;  /* of IN_DOUBT, NOT_SENT, THROTTLED, BAD_NONCE, BAD_TOKEN */
    int http_status;         /* 0: none */
    uint64_t retry_after_ns; /* 0: not stated */
    char user_id[OUTCOME_USER_ID_SIZE];
    char code[OUTCOME_CODE_SIZE];       /* the provider's error code, `timeout`, `reset`, …; "" */
    char message[OUTCOME_MESSAGE_SIZE]; /* valid UTF-8 */
    char request_id[OUTCOME_REQUEST_ID_SIZE];
    const char *field; /* of REFUSED: the customer field that the reply blames, as field_name gives it; NULL:
                          none. Constant */
    bool stops; /* of IN_DOUBT: and the run must stop (status 4), as by STOP; the reason is in message */
    const char *advice; /* of an outcome that stops the run: our own words, with which message begins.
                           Constant; NULL: none */
    bool own_error;    /* the reply is an error in JSON with `error`, `errors`, `code` or `error_code`, and no
                          gateway has marked it as its own: the provider's own words */
    bool no_update;    /* of REFUSED: the provider does not update this user: rule record/no_update */
    uint64_t left_out; /* of DONE of an UPDATE: members that were sent and that the reply's own list of what
                          it updated does not name; a bit for each slot */
    uint64_t warned;   /* of DONE: members that the reply's warnings are about, and OUTCOME_WARNED_*. The code
                          is then OUTCOME_WARNING or the rule of the other bit, message the warnings' text */
    char kept[OUTCOME_KEPT_SIZE]; /* of DONE: the members of provider.keep as one JSON object; "": none */
    uint64_t not_kept; /* of DONE: those that it has no room for; a bit for each name of provider.keep */

    /* Of DONE of a CREATE or UPDATE: how far the verification of the user has come; an empty word: the reply
     * does not say. */
    enum verification verification;
    bool is_unknown_word; /* the word is none that is known of the provider: verification is pending */
    char verification_word[OUTCOME_WORD_SIZE];    /* the provider's own */
    char verification_reason[OUTCOME_QUOTE_SIZE]; /* masked as message; "": none */

    char link[OUTCOME_LINK_SIZE]; /* of DONE of a CREATE or LINK: for the customer to be verified by; a
                                     credential: never in a log, nor in the ledger; "": none */
};

/* True for what changes nothing at the provider: a look-up, fetch, listing or login. An answer to it that was
 * lost leaves nothing in doubt. */
bool operation_is_question(enum operation operation);
/* `create`, `update`, `look_up`, `fetch`, `list`, `login`, `link`, `document`. */
const char *operation_word(enum operation operation);
/* The word of the event table and of messages: done, exists, refused, in_doubt, not_sent, throttled,
 * bad_nonce, bad_token, stop, withdrawn. */
const char *outcome_word(enum outcome_kind kind);
/* `429`, `5xx`, `timeout`, `connect`, `nonce`, `auth`. */
const char *retry_cause_word(enum retry_cause cause);

#endif
