/* user_task: what the requests of a series that send something for a user have in common (links, documents):
 * they are journalled, repeated and concluded in the ledger.
 *
 * Every attempt that left is an event. A task that is given up is unsent if no attempt of it can have been
 * executed; else it is in doubt, and a later series repeats it. Between ledger_begin and ledger_commit, as
 * the callbacks of a series are. Thread: the ledger's. Owner: plain data, in the request's `extra`.
 */
#ifndef KYC_DISPATCH_USER_TASK_H
#define KYC_DISPATCH_USER_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/requests.h"
#include "ledger/ledger_task.h"
#include "provider/idempotency.h"

enum { USER_TASK_DIGEST_LEN = 16 };

struct user_task {
    int64_t id, customer;
    struct slice external_id, former_key; /* owned; user_task_clear. former_key empty: none */
    uint8_t digest[USER_TASK_DIGEST_LEN];
    char key[IDEMPOTENCY_KEY_SIZE]; /* "": none */
    uint64_t at_ns;                 /* real ns: when it was journalled first */
    uint32_t earlier;               /* attempts of the same task before this series */
    uint32_t written;               /* the last attempt of the request that the ledger has */
    bool may_be_done;               /* an attempt of it has no known outcome */
};

struct user_task_counts {
    uint64_t done, refused, in_doubt, unsent;
};

/* How a task that the ledger has (NULL: it has none) compares with one of this digest. */
enum user_task_standing {
    USER_TASK_NEW,     /* to be sent */
    USER_TASK_OPEN,    /* the same was sent, or may have been: to be repeated, under its idempotency key */
    USER_TASK_REFUSED, /* the provider refused the same */
    USER_TASK_DONE,    /* the provider has the same */
};
enum user_task_standing user_task_standing(const struct ledger_task *known, struct slice digest);

/* Copies the key of the customer. known: the task of an earlier series that is repeated; NULL: none. */
void user_task_init(struct user_task *task, const struct ledger_customer *customer,
                    const struct ledger_task *known);
void user_task_clear(struct user_task *task);

/* Journals it, with its digest and idempotency key. 0, or -1. */
int user_task_journal(struct ledger *ledger, enum ledger_task_kind kind, struct slice slot,
                      struct user_task *task, struct error *error);
/* An attempt without a usable answer, which is repeated. 0, or -1. */
int user_task_repeat(struct ledger *ledger, struct user_task *task, const struct request *request,
                     struct error *error);
/* The request has ended, with a usable answer or without one. 0, or -1. */
int user_task_end(struct ledger *ledger, struct user_task *task, const struct request *request,
                  struct user_task_counts *counts, struct error *error);

#endif
