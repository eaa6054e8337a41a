/* requests: a series of independent requests, each for one user or for a page of a listing, sent as a run
 * sends them: by a session, in a window, with repetition, backoff, nonces, Retry-After and breaker.
 *
 * Used outside of runs, and before a first one: what is asked, and what an answer means, is the
 * handler's. One round: arrivals, what follows from them, the next requests; then one commit; then what is
 * ready is submitted. So a request that changes something is journalled, committed and only then sent, and
 * an answer is written, committed and only then counted.
 *
 *   free --next, journal--> ready --commit--> in flight --answer--> free (answered)
 *                                             |      ^
 *                                no usable answer    | due
 *                                             v      |
 *                                             waiting --no attempt left--> free (gave_up)
 *
 * A series that stops gives up what is waiting, too.
 * The series stops early at an interrupt, an outcome that stops a run, a Retry-After longer than
 * delivery.retry_for, too many requests in a row without a usable answer, and a failure of the ledger or of
 * a callback. Requests in flight are then awaited (at a second interrupt dropped), and their answers are
 * handled as any other's. Memory: the window. Threads: the sender's; the calling thread is the ledger's, and
 * all callbacks are called on it.
 */
#ifndef KYC_DISPATCH_REQUESTS_H
#define KYC_DISPATCH_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/slice.h"
#include "delivery/sender.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/progress_line.h"

enum { REQUESTS_BODY_MAX = 1024 * 1024 };

enum request_state { REQUEST_FREE, REQUEST_READY, REQUEST_IN_FLIGHT, REQUEST_WAITING };

/* One request; it outlives its attempts. */
struct request {
    /* First: a delivery that comes back is its request. `next` fills in call, sink and subject, and they
     * stay from attempt to attempt; outcome is the last attempt's. A fetch or look-up without a sink collects
     * its reply's body. */
    struct delivery delivery;
    struct buffer body;                 /* of that reply */
    char user_id[OUTCOME_USER_ID_SIZE]; /* for call.user_id, which is borrowed: request_set_user */
    bool is_essential; /* the series stops when it gets no usable answer (a listing); set by `next` */
    void *extra;       /* [extra_size], zeroed before `next`: the handler's own */
    uint32_t attempt;  /* submissions so far: 1 during the first */
    /* The series' own: */
    enum request_state state;
    uint32_t failures; /* attempts that count for delivery.attempts */
    uint64_t retrying_since_ns, due_ns;
};

/* Callbacks, each between ledger_begin and ledger_commit but for `committed` and `release`. Those that
 * return int: 0 unless something else is stated, or -1 with an error, at which the series stops. With
 * ERROR_LEDGER, or once the ledger has failed, nothing of the round is committed, and no other callback but
 * `release` is called any more. */
struct requests_handler {
    /* Fills in the next request: 1; 0 when there is none at present: it is called again after each request
     * that ended. */
    int (*next)(void *context, struct request *request, struct error *error);
    /* Journals the request before its first attempt. NULL: none of the requests changes anything. */
    int (*journal)(void *context, struct request *request, struct error *error);
    /* True if this OUTCOME_DONE can be used; NULL: every one. */
    bool (*is_usable)(void *context, const struct request *request);
    /* A usable answer: OUTCOME_DONE, OUTCOME_REFUSED or OUTCOME_EXISTS. The request ends. */
    int (*answered)(void *context, struct request *request, struct error *error);
    /* An attempt had no usable answer (OUTCOME_IN_DOUBT, OUTCOME_NOT_SENT, OUTCOME_THROTTLED, …), and
     * another one is allowed by delivery.attempts and delivery.retry_for: 1 repeat it, 0 give it up. It may
     * change the call. NULL: always 1. */
    int (*repeats)(void *context, struct request *request, struct error *error);
    /* No usable answer, and no further attempt. The request ends. is_stopping: because the series stops;
     * outcome is then the last attempt's, of OUTCOME_WITHDRAWN that it did not begin. */
    int (*gave_up)(void *context, struct request *request, bool is_stopping, struct error *error);
    /* What the callbacks have written is durable. NULL: none. */
    void (*committed)(void *context);
    /* What the series works on: noun (`users`), done and total of the progress line. NULL: requests. */
    void (*progress)(const void *context, struct progress_counts *counts);
    /* The request has ended: frees what `extra` owns. NULL: nothing. */
    void (*release)(void *context, struct request *request);
};

struct requests_parts {
    struct job *job; /* with secrets: forgotten at the end, unless keeps_secrets */
    bool keeps_secrets;
    const struct provider *provider;
    struct ledger *ledger; /* LEDGER_WRITE; NULL: there is none yet, and nothing is written: only of a
                              provider without nonces, and without the rate of an earlier process */
    struct coordinator_queue *queue; /* for this series alone; an interrupt in it stops the series */
    const struct requests_handler *handler;
    void *context;
    size_t extra_size;
    const char *interrupted; /* what an interrupt left undone, for the error: constant */
};

/* Copies a user's id into the request, and makes it the call's. */
void request_set_user(struct request *request, enum operation operation, struct slice user_id);

/* Sends until `next` has no further request and none is left. *sent: the requests that left. 0, or -1 when
 * the series stopped early, with ERROR_PROVIDER (it does not answer), ERROR_INTERRUPTED, ERROR_BUSY (another
 * run holds a key), ERROR_LEDGER, ERROR_USAGE or the error of a callback. */
int requests_run(const struct requests_parts *parts, uint64_t *sent, struct error *error);

#endif
