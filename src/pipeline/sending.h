/* sending: the half of a run that a dry run omits: journal, sender, conclusions, retries, nonce floors.
 *
 * The order on which every guarantee rests, once a round: outcomes and intents are written, one commit makes
 * them durable, then outcomes are counted (durable before reported) and items submitted (journalled before
 * sent).
 * Thread: the coordinator's. Owner: open/close.
 */
#ifndef KYC_PIPELINE_SENDING_H
#define KYC_PIPELINE_SENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "pipeline/decide.h"
#include "pipeline/inbox.h"
#include "provider/provider.h"
#include "report/rejects.h"
#include "report/run_stats.h"

struct sending;

/* Its parts, all borrowed. */
struct sending_parts {
    const struct job *job;
    const struct provider *provider;
    struct ledger *ledger;
    struct fingerprint *fingerprint;
    struct inbox *inbox;
    struct rejects *rejects;
    struct run_stats *stats;
};

/* Takes the lock of each key, makes the nonce floors durable and starts the sender. NULL with an error. */
struct sending *sending_open(const struct sending_parts *parts, struct error *error);
/* Every delivery must have returned (sending_is_idle). */
void sending_close(struct sending *sending);

/* Whether another record may be journalled now: the journal runs ahead of the sender by one second of the
 * rate or twice what may be in flight, whichever is more, by 1,000 records at most. */
bool sending_has_capacity(const struct sending *sending);

/* Journals a record (decision CREATE, UPDATE or RECONCILE) and copies it; it is submitted by the next
 * sending_commit. 0, or -1. */
int sending_add(struct sending *sending, const struct record *record, const struct decision *decision,
                struct error *error);

/* Concludes every delivery that returned, and writes that. 0, or -1. */
int sending_receive(struct sending *sending, struct fifo *deliveries, struct error *error);

/* Opens the round's transaction; before sending_add and sending_take_back. 0, or -1. */
int sending_begin(struct sending *sending, struct error *error);
/* Commits the round, counts the items that it concluded, and submits new ones and those whose backoff is
 * over. 0, or -1. */
int sending_commit(struct sending *sending, struct error *error);

/* The monotonic time by which sending_commit is to be called again; 0: now. */
uint64_t sending_next_ns(const struct sending *sending);

/* Why an answer of the provider stopped the run; NULL: none did. */
const char *sending_stop_reason(const struct sending *sending);

/* No new attempts: unsent deliveries return, items that wait are given up, requests in flight end. at_once:
 * drops requests in flight too. */
void sending_stop(struct sending *sending, bool at_once);
/* The ledger cannot be written: as sending_stop, and nothing is written any more; requests that left are in
 * doubt. */
void sending_fail(struct sending *sending);

bool sending_is_idle(const struct sending *sending);
/* Records in doubt so far whose attempts continue. */
uint64_t sending_in_doubt_count(const struct sending *sending);
uint64_t sending_requests(const struct sending *sending);
/* Once idle: ends the sender's thread and copies its figures into stats. */
void sending_finish(struct sending *sending);
/* After sending_finish, between begin and commit: records when this run last sent (follow.h). 0, or -1. */
int sending_record_end(const struct sending *sending, struct error *error);

#endif
