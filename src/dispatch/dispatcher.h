/* dispatcher: sends what was decided: the half of a run that a dry run omits.
 *
 * It runs the round, and is the only one below `run` that writes customers and events, submits requests and
 * counts their results. The order on which every guarantee rests, once a round: outcomes and journal entries
 * are written, one commit makes them durable, then outcomes are counted (durable before reported) and
 * requests submitted (journalled before sent).
 *
 *   dispatcher_begin ─► dispatcher_receive ─► dispatcher_add … ─► dispatcher_commit ─► (wait) ─► …
 *
 * What happens to one customer is in task.h. Thread: the coordinator's. Owner: open/close.
 */
#ifndef KYC_DISPATCH_DISPATCHER_H
#define KYC_DISPATCH_DISPATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"
#include "dispatch/decision.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/rejects.h"
#include "report/run_stats.h"

struct dispatcher;

/* Its parts, all borrowed. */
struct dispatcher_parts {
    const struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct fingerprint *fingerprint;
    struct coordinator_queue *queue;
    struct rejects *rejects;
    struct run_stats *stats;
};

/* Takes the lock of each key, makes the nonce reservations durable and starts the sender. NULL with an error.
 */
struct dispatcher *dispatcher_open(const struct dispatcher_parts *parts, struct error *error);
/* Every delivery must have returned (dispatcher_is_idle). */
void dispatcher_close(struct dispatcher *dispatcher);

/* Whether another record may be journalled now: the journal runs ahead of the sender by one second of the
 * rate or twice what may be in flight, whichever is more, by 1,000 records at most. */
bool dispatcher_has_capacity(const struct dispatcher *dispatcher);

/* Journals a record (decision CREATE, UPDATE or RECONCILE) and copies it; it is submitted by the next
 * dispatcher_commit. 0, or -1. */
int dispatcher_add(struct dispatcher *dispatcher, const struct record *record,
                   const struct decision *decision, struct error *error);

/* Concludes every delivery that returned, and writes that. 0, or -1. */
int dispatcher_receive(struct dispatcher *dispatcher, struct fifo *deliveries, struct error *error);

/* Stores a record that is refused as a twin (decision.is_twin), so that a later run recognizes it. 0, or -1.
 */
int dispatcher_record_twin(struct dispatcher *dispatcher, const struct record *record,
                           const struct decision *decision, struct error *error);
/* The run stops because of its twins: the next run counts them again. 0, or -1. */
int dispatcher_stop_twins(struct dispatcher *dispatcher, struct error *error);
/* Stores what the row of a customer with a user adds to the ledger (decision.lacks_identity, .agrees). 0, or
 * -1. */
int dispatcher_record_identity(struct dispatcher *dispatcher, const struct record *record,
                               const struct decision *decision, struct error *error);

/* Opens the round's transaction; before dispatcher_add. 0, or -1. */
int dispatcher_begin(struct dispatcher *dispatcher, struct error *error);
/* Reads from the ledger at once what the round will: what concludes these deliveries, and what is in wanted,
 * which it adds to. Worth it only of a remote ledger. After dispatcher_begin. 0, or -1. */
int dispatcher_prefetch(struct dispatcher *dispatcher, const struct fifo *deliveries,
                        struct ledger_wanted *wanted, struct error *error);
/* Commits the round, counts the tasks that it concluded, and submits new ones and those whose backoff is
 * over. 0, or -1. */
int dispatcher_commit(struct dispatcher *dispatcher, struct error *error);

/* The monotonic time by which dispatcher_commit is to be called again; 0: now. */
uint64_t dispatcher_next_ns(const struct dispatcher *dispatcher);

/* Why an answer of the provider stopped the run; NULL: none did. */
const char *dispatcher_stop_reason(const struct dispatcher *dispatcher);
/* The same without the provider's words (stop_policy_brief). */
const char *dispatcher_stop_brief(const struct dispatcher *dispatcher);

/* No new attempts: unsent deliveries return, tasks that wait are given up, requests in flight end. at_once:
 * drops requests in flight too. */
void dispatcher_stop(struct dispatcher *dispatcher, bool at_once);
/* The ledger cannot be written: as dispatcher_stop, and nothing is written any more; requests that left are
 * in doubt. */
void dispatcher_fail(struct dispatcher *dispatcher);

bool dispatcher_is_idle(const struct dispatcher *dispatcher);
/* Records in doubt so far whose attempts continue. */
uint64_t dispatcher_in_doubt_count(const struct dispatcher *dispatcher);
/* Copies requests and latencies so far into stats. */
void dispatcher_read_figures(const struct dispatcher *dispatcher);
/* Once idle: ends the sender's thread and copies its figures into stats. */
void dispatcher_finish(struct dispatcher *dispatcher);
/* After dispatcher_finish, between begin and commit: records when this run last sent (rate_carryover.h). 0,
 * or -1. */
int dispatcher_record_end(const struct dispatcher *dispatcher, struct error *error);

#endif
