/* reconcile: finds out which user a create has made, where its reply did not show it.
 *
 * By what the provider offers (recovery.h): the user that the reply named is fetched; the users with the
 * row's e-mail are looked up, and each is fetched; or one listing of all users is compared with all creates
 * that wait. It answers "which user is it", and nothing else: it submits nothing, writes nothing to the
 * ledger, and calls nobody. Only the ledger remembers anything beyond the run: after a crash between request
 * and answer the question is asked again.
 *
 * Thread: the coordinator's; while a question's delivery is submitted, its sink is the sender's. Owner:
 * new/free.
 */
#ifndef KYC_DISPATCH_RECONCILE_H
#define KYC_DISPATCH_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/clocks.h"
#include "dispatch/task.h"
#include "ledger/fingerprint.h"
#include "ledger/ledger.h"

struct reconcile;

/* All borrowed. */
struct reconcile_parts {
    const struct job *job;
    const struct provider *provider;
    struct ledger *ledger; /* read only */
    struct fingerprint *fingerprint;
};

struct reconcile *reconcile_new(const struct reconcile_parts *parts);
/* NULL is allowed. No task may wait for a listing. */
void reconcile_free(struct reconcile *reconcile);

/* True if the provider certainly still remembers the idempotency key of this create, by the most careful
 * clock. */
bool reconcile_key_is_known(const struct reconcile *reconcile, const struct task *task,
                            const struct clocks *clocks);

/* Begins to find the user of a task in FIND, FIND_EXISTING or FIND_OWNER; *waits: with a listing: the task is
 * now in the place TASK_LISTING, else its delivery is the first question, to be submitted. A reply that named
 * a user (task.delivery.outcome, of a create) makes it the first one that is fetched, and the only one where
 * the provider cannot be asked for others. earlier: in doubt since an earlier run, which counts as asked when
 * this run started. 0, or -1 with ERROR_LEDGER. */
int reconcile_ask(struct reconcile *reconcile, struct task *task, bool earlier, bool *waits,
                  struct error *error);

/* True if the reply of a question's delivery can be read as its answer: a success, or of a FETCH that the
 * provider does not return that user. */
bool reconcile_has_answer(const struct task *task);

enum reconcile_answer {
    RECONCILE_UNREADABLE, /* the same question again */
    RECONCILE_MORE,       /* reconcile_ask_next, and submit */
    RECONCILE_FOUND,      /* *finding */
};

/* Strings are valid until the task's question is dropped or asked anew; of a listing, until the next one. */
struct reconcile_finding {
    enum task_finding finding;
    const char *user_id; /* of OURS */
    const char *code;    /* of UNCLEAR: why, for the ledger; else "" */
};

enum reconcile_answer reconcile_receive(struct task *task, struct reconcile_finding *finding);
/* Turns the task's delivery into the next request of its question. */
void reconcile_ask_next(struct task *task);

/* Before the task sends a create or update again, or ends: forgets the question. Without effect where there
 * is none. */
void reconcile_drop(struct task *task);

/* Listings. */

/* The monotonic time of the next listing; UINT64_MAX: no task waits, or one is in flight. hurry: as soon as
 * the first task allows it (the pool is full). */
uint64_t reconcile_list_next_ns(const struct reconcile *reconcile, bool hurry);

/* For progress: the tasks that wait for a listing, or of the one in flight (*is_in_flight). */
size_t reconcile_list_count(const struct reconcile *reconcile, bool *is_in_flight);

/* When it is time: the listing to submit (one at a time), else NULL; reads the ledger. -1 with ERROR_LEDGER:
 * then every task waits as before. */
int reconcile_list_start(struct reconcile *reconcile, bool hurry, struct delivery **listing,
                         struct error *error);
/* True if this delivery is the listing. */
bool reconcile_is_listing(const struct reconcile *reconcile, const struct delivery *delivery);

struct reconcile_list_result {
    bool is_whole; /* each task of the listing has a finding now */
    bool again;    /* no: the tasks wait for another one (policy and attempts allow it) */
};
/* The listing returned, with its delivery's outcome. random_bits: of retry_random_next, for its backoff.
 * stopping: no other one in this run. */
void reconcile_list_receive(struct reconcile *reconcile, uint64_t random_bits, bool stopping,
                            struct reconcile_list_result *result);
/* After it, unless again: takes the next task of the listing; NULL: none is left. */
struct task *reconcile_list_pop(struct reconcile *reconcile);
/* Of the task that was taken last, with is_whole: what the listing shows. Reads the ledger. 0, or -1 with
 * ERROR_LEDGER. */
int reconcile_list_find(struct reconcile *reconcile, struct reconcile_finding *finding, struct error *error);

/* The run stops: takes the next task that waits for a listing not begun; NULL: none is left. */
struct task *reconcile_list_pop_waiting(struct reconcile *reconcile);

#endif
