/* session: a connection with a provider for one job: the locks of its keys, nonces that are reserved in the
 * ledger, the right to send that the ledger's lease gives, the rate carried over from the process before (but
 * of a probe), and the sender's thread.
 *
 * Opened in one way for all commands that send. It writes nonce floors and other
 * meta data to the ledger, but neither customers nor events. Thread: the ledger's (the coordinator's); the
 * sender has its own. Owner: open/close.
 */
#ifndef KYC_DISPATCH_SESSION_H
#define KYC_DISPATCH_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "dispatch/clocks.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/progress_line.h"

struct session;

/* All borrowed until session_close. */
struct session_parts {
    const struct job *job;
    const struct provider *provider;
    struct ledger *ledger; /* NULL (a probe before the first run): nonces begin at the clock */
    bool is_probe;         /* a few requests, whatever the rate; of them the ledger stores the nonces alone */
    void (*done)(void *context, struct delivery *delivery); /* as of sender_new; on the sender's thread */
    void *context;
};

/* Takes the lock of each key, makes the first nonce reservations durable, delays the first request as far as
 * the process before demands it (rate_carryover.h), records that requests are under way, and starts the
 * sender's thread. Commits transactions of its own. NULL with ERROR_BUSY (another process holds a key,
 * or the lock of the file of a shared account), ERROR_LEDGER or ERROR_USAGE. */
struct session *session_open(const struct session_parts *parts, struct error *error);
/* NULL is allowed. Every delivery must have returned. Ends the sender's thread, if it runs. */
void session_close(struct session *session);

struct sender *session_sender(struct session *session);

/* For progress: sets limit_per_s, and the state to what holds requests back at now_ns (monotonic). True if
 * nothing is sent therefore. */
bool session_progress(struct session *session, uint64_t now_ns, struct progress_counts *counts);
/* For progress, called often: the requests in flight, when none has left for 2 s; else 0. */
uint32_t session_quiet_in_flight(struct session *session, uint64_t now_ns);

/* Notes that an operation is journalled now (real_ns, boot_ns: clock.h). */
void session_note_journalled(struct session *session, uint64_t real_ns, uint64_t boot_ns);
/* The clocks of this session, for the age of a create in doubt: constant, but for these functions. */
const struct clocks *session_clocks(const struct session *session);
/* The last run before this session that compared its clock with the provider's; 0: none. */
int64_t session_clock_run(const struct session *session);

/* In a round's transaction: extends the nonce reservations that are due and stores what is newly known of the
 * provider's clock (with_clock: its age matters at this provider). 0, or -1 with ERROR_LEDGER. */
int session_write(struct session *session, bool with_clock, struct error *error);
/* After its commit: the sender may use what was reserved. */
void session_publish(struct session *session);
/* The monotonic time by which session_write is to be called again; UINT64_MAX: never. */
uint64_t session_next_ns(const struct session *session);

/* Lets requests in flight end, and joins the sender's thread. Idempotent. */
void session_finish(struct session *session);
/* After session_finish, between ledger_begin and ledger_commit: records when this process last sent. Without
 * it the next process waits for a whole window. 0, or -1 with ERROR_LEDGER. */
int session_record_end(const struct session *session, struct error *error);

#endif
