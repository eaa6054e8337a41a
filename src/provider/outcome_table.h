/* outcome_table: (transport result, HTTP status, body) → outcome, as rows.
 *
 * The rows for every provider are in outcome_table.c; a provider adds rows of its own, which are tried first.
 * The first row that matches decides. Two functions of a provider add what rows cannot express: is this body
 * a success, and which user exists according to it. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_OUTCOME_TABLE_H
#define KYC_PROVIDER_OUTCOME_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/outcome.h"
#include "provider/provider.h"
#include "provider/reply_body.h"

/* Facts of an attempt besides its status. */
enum outcome_fact {
    OUTCOME_FACT_SENT = 1,     /* a byte of it may have left */
    OUTCOME_FACT_COMPLETE = 2, /* a whole reply was read */
    OUTCOME_FACT_SUCCESS = 4,  /* the body is that of a success, and has no error */
    OUTCOME_FACT_NONCE = 8,    /* the error text has `Invalid nonce` */
    OUTCOME_FACT_PROVEN = 16,  /* a request with these credentials has succeeded in this run */
    OUTCOME_FACT_UPDATE = 32,
    OUTCOME_FACT_LOGIN = 64,
    OUTCOME_FACT_QUESTION = 128, /* a look-up, fetch, listing or login; never in doubt */
    OUTCOME_FACT_DOUBT = 256,    /* an earlier attempt of this create has no known outcome */
    OUTCOME_FACT_BROKEN =
        512, /* sent with a new token with which no request succeeded yet (reply.login_broken) */
    OUTCOME_FACT_GATEWAY = 1024, /* the reply is the gateway's own, not the provider's */
    OUTCOME_FACT_EXISTS = 2048,  /* it has a code that means that such a user exists */
    OUTCOME_FACT_TASK = 4096,    /* a link or a document of a user that exists */
};

enum { OUTCOME_CAUSE_OF_TRANSPORT = RETRY_CAUSES }; /* provider_reply.cause */

struct outcome_row {
    int from, to;              /* HTTP status; 0 without a reply */
    unsigned require, exclude; /* facts */
    enum outcome_kind kind;
    int cause;        /* enum retry_cause, or OUTCOME_CAUSE_OF_TRANSPORT; of a kind that has none: 0 */
    const char *hint; /* of a row that stops the run (STOP, or IN_DOUBT): what to do, before the provider's
                         own words; else NULL */
    bool no_update;   /* of OUTCOME_REFUSED: the provider does not update this user */
};

struct outcome_table {
    const struct outcome_row *rows; /* the provider's own */
    size_t row_count;
    const char *const *exists_codes; /* of OUTCOME_FACT_EXISTS, NULL-terminated; or NULL */
    /* True when the body is that of a success to a CREATE, UPDATE or DOCUMENT; gives a create's user id. The
     * success of a question is any reply that is JSON without an error; read_token decides that of a LOGIN.
     */
    bool (*read_success)(const struct reply_body *body, enum operation operation, struct slice *user_id);
    /* The member of a reply to an UPDATE that lists what was updated: an array of names. NULL: the provider
     * has none. */
    const char *updated_member;
    /* Paths of the link in a reply to a LINK, the first that has one counts, and the path of the user that it
     * is for; link_paths: NULL-terminated; or both NULL. */
    const char *const *link_paths;
    const char *link_user;
    /* Members of a reply to a CREATE; NULL: the provider has none. */
    const char *link_member;       /* the link for the customer to be verified by */
    const char *link_error_member; /* why it could not be made */
    const char *link_mode;         /* the verification_mode with which a create makes one */
    const char *triggered_member;  /* false: the verification was not begun, which it is to be at once in the
                                      mode `automatic` of verification_mode */
    /* The id of the existing user of an OUTCOME_EXISTS, or empty. */
    struct slice (*read_existing)(const struct reply_body *body);
};

/* The rows of the signed providers: a nonce that arrived too late. */
enum { OUTCOME_SIGNED_ROWS = 1 };
extern const struct outcome_row outcome_table_signed_rows[OUTCOME_SIGNED_ROWS];

/* The outcome of a reply of the provider. record: its values are replaced in the message; NULL: none. */
void outcome_table_classify(const struct provider *provider, const struct provider_reply *reply,
                            const struct record *record, struct outcome *outcome);

#endif
