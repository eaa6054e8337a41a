/* outcome_table: (transport result, HTTP status, body) → outcome, as rows (3-providers.md, Outcomes).
 *
 * The rows that hold for every provider stand once, in outcome_table.c; a provider adds those of its own,
 * which are asked first. The first row that fits decides. What the rows cannot say is in a provider's two
 * questions: is this body a success, and does it name the user that exists. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_OUTCOME_TABLE_H
#define KYC_PROVIDER_OUTCOME_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/outcome.h"
#include "provider/provider.h"
#include "provider/reply_body.h"

/* What is known of an attempt beside its status. */
enum outcome_fact {
    OUTCOME_FACT_SENT = 1,     /* a byte of it may have left */
    OUTCOME_FACT_COMPLETE = 2, /* a whole answer was read */
    OUTCOME_FACT_SUCCESS = 4,  /* the body is that of a success, and has no error */
    OUTCOME_FACT_NONCE = 8,    /* the error text says `Invalid nonce` */
    OUTCOME_FACT_PROVEN = 16,  /* a request with these credentials has succeeded in this run */
    OUTCOME_FACT_UPDATE = 32,
    OUTCOME_FACT_LOGIN = 64,
    OUTCOME_FACT_QUESTION = 128, /* a question: look-up, fetch, listing, login; never in doubt */
    OUTCOME_FACT_DOUBT = 256,    /* an earlier attempt of this create has no known outcome */
    OUTCOME_FACT_BROKEN = 512,   /* sent with a new token that has served nobody yet (reply.login_broken) */
    OUTCOME_FACT_GATEWAY = 1024, /* the gateway before the provider says so, not the provider */
    OUTCOME_FACT_EXISTS = 2048,  /* it says one of the codes that mean that there is such a user */
};

enum { OUTCOME_CAUSE_OF_TRANSPORT = RETRY_CAUSES }; /* as the reply says */

struct outcome_row {
    int from, to;              /* HTTP status; 0 without an answer */
    unsigned require, exclude; /* facts */
    enum outcome_kind kind;
    int cause;        /* enum retry_cause, or OUTCOME_CAUSE_OF_TRANSPORT; of a kind that has none: 0 */
    const char *hint; /* of what stops the run (STOP, or IN_DOUBT): what to do, before the provider's own
                           words; else NULL */
    bool no_update;   /* of OUTCOME_REFUSED: the provider takes no update of this user */
};

struct outcome_table {
    const struct outcome_row *rows; /* the provider's own */
    size_t row_count;
    const char *const *exists_codes;      /* of OUTCOME_FACT_EXISTS, NULL-terminated; or NULL */
    const struct provider_fields *fields; /* whose members an answer may blame */
    /* True when the body is that of a success; gives a create's user id. Not asked of a question: its success
     * is any answer that is JSON without an error; a LOGIN's is read_token's to tell. */
    bool (*read_success)(const struct reply_body *body, enum operation operation, struct slice *user_id);
    /* The members (bits) that a name in an answer speaks of, where the provider answers them under other
     * names than it is asked; 0: none by that name. NULL: the members' own names alone. */
    uint64_t (*find_renamed)(struct slice name);
    /* The member of an answer to an UPDATE that lists what was updated: an array of names. NULL: no answer
     * says it. */
    const char *updated_member;
    /* The id of the user that OUTCOME_EXISTS speaks of, or empty. */
    struct slice (*read_existing)(const struct reply_body *body);
};

/* The rows of the signed providers: a nonce that came too late. */
enum { OUTCOME_SIGNED_ROWS = 1 };
extern const struct outcome_row outcome_table_signed_rows[OUTCOME_SIGNED_ROWS];

void outcome_table_classify(const struct outcome_table *table, const struct provider_reply *reply,
                            const struct record *record, struct outcome *outcome);

#endif
