#include "dispatch/session.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/memory.h"
#include "dispatch/nonce_reservation.h"
#include "dispatch/rate_carryover.h"
#include "dispatch/rate_share.h"
#include "ledger/ledger_lease.h"
#include "model/job_setting.h"

struct session {
    struct session_parts parts;
    struct sender *sender;
    pthread_t thread;
    bool is_started;
    struct nonce_reservation nonces;
    struct rate_share *share; /* NULL: the account is not shared */
    struct clocks clocks;
    int64_t clock_run;
    bool is_clock_recorded;                   /* of this session */
    uint64_t requests_seen, requests_seen_ns; /* requests that had left, and when their number was new */
};

#define QUIET_NS (2 * CLOCK_NS_PER_S) /* without a request: worth a word */

static void *sender_main(void *argument)
{
    sender_run(argument);
    return NULL;
}

static int read_clocks(struct session *session, struct error *error)
{
    struct ledger *ledger = session->parts.ledger;

    session->clocks.ledger_ns = ledger_newest_ns(ledger);
    return ledger_clock(ledger, &session->clock_run, &session->clocks.lead_ns, error);
}

/* Nothing leaves without the right to send. */
static void set_lease(const struct session *session)
{
    const struct ledger *ledger = session->parts.ledger;
    uint64_t from_ns = ledger_lease_from_ns(ledger), now_ns = clock_boot_ns();

    sender_set_lease(session->sender, from_ns, ledger_lease_until(ledger));
    if (from_ns >= now_ns + CLOCK_NS_PER_S)
        log_info("waiting %" PRIu64
                 " s: the run before this one did not end in order, and may still have the right to send",
                 (from_ns - now_ns) / CLOCK_NS_PER_S);
}

/* Everything before the first request. */
static int prepare(struct session *session, struct error *error)
{
    const struct session_parts *parts = &session->parts;

    if (parts->ledger && read_clocks(session, error) != 0)
        return -1;
    session->sender = sender_new(parts->job, parts->provider, parts->done, parts->context, error);
    if (!session->sender ||
        nonce_reservation_start(&session->nonces, session->sender, parts->ledger,
                                job_setting_number(&parts->job->provider, SETTING_NONCE_FLOOR),
                                parts->job->delivery.shared, error) != 0)
        return -1;
    if (parts->job->delivery.shared &&
        !(session->share = rate_share_open(parts->job, parts->provider, session->sender, error)))
        return -1;
    if (parts->ledger)
        set_lease(session);
    if (parts->is_probe)
        return 0;
    return rate_carryover_begin(session->sender, parts->ledger, parts->job, parts->provider, error);
}

struct session *session_open(const struct session_parts *parts, struct error *error)
{
    struct session *session = memory_new(1, sizeof *session);

    session->parts = *parts;
    if (prepare(session, error) == 0) {
        session->is_started = pthread_create(&session->thread, NULL, sender_main, session->sender) == 0;
        if (session->is_started)
            return session;
        error_set(error, ERROR_USAGE,
                  "cannot start a thread\nhint: raise the limit on processes (ulimit -u)");
    }
    session_close(session);
    return NULL;
}

void session_close(struct session *session)
{
    if (!session)
        return;
    session_finish(session);
    rate_share_close(session->share);
    sender_free(session->sender);
    nonce_reservation_clear(&session->nonces);
    free(session);
}

struct sender *session_sender(struct session *session)
{
    return session->sender;
}

bool session_progress(struct session *session, uint64_t now_ns, struct progress_counts *counts)
{
    static const enum progress_state states[] = {
        [SENDER_FREE] = PROGRESS_ACTIVE,
        [SENDER_SLOWED] = PROGRESS_SLOWED,
        [SENDER_LOGIN] = PROGRESS_LOGIN,
        [SENDER_CARRY_OVER] = PROGRESS_CARRY_OVER,
        [SENDER_RETRY_AFTER] = PROGRESS_RETRY_AFTER,
        [SENDER_PAUSED] = PROGRESS_PAUSED,
        [SENDER_LEASE] = PROGRESS_LEASE,
    };
    struct job_rate rate = provider_rate(session->parts.provider, session->parts.job);
    enum sender_hold hold = sender_held_by(session->sender, now_ns, &counts->until_ns);

    counts->limit_per_s = (double)rate.count * (double)CLOCK_NS_PER_S / (double)rate.per_ns;
    counts->state = states[hold];
    return hold > SENDER_SLOWED;
}

uint32_t session_quiet_in_flight(struct session *session, uint64_t now_ns)
{
    uint64_t requests = sender_requests(session->sender);

    if (requests != session->requests_seen || !session->requests_seen_ns) {
        session->requests_seen = requests;
        session->requests_seen_ns = now_ns;
    }
    return now_ns - session->requests_seen_ns >= QUIET_NS ? sender_in_flight(session->sender) : 0;
}

void session_note_journalled(struct session *session, uint64_t real_ns, uint64_t boot_ns)
{
    clocks_journalled(&session->clocks, real_ns, boot_ns);
}

const struct clocks *session_clocks(const struct session *session)
{
    return &session->clocks;
}

int64_t session_clock_run(const struct session *session)
{
    return session->clock_run;
}

/* Compares this machine's clock with the provider's, as far as it is known by now, and stores a new result.
 */
static int record_clock(struct session *session, struct error *error)
{
    struct clocks *clocks = &session->clocks;

    clocks->has_provider = sender_provider_clock(session->sender, &clocks->provider_offset_ns);
    uint64_t lead_ns = clocks_lead_ns(clocks);
    bool is_new = clocks->has_provider && (!session->is_clock_recorded || lead_ns > clocks->lead_ns);
    if (lead_ns > clocks->lead_ns) {
        log_warning("this machine's clock is, or was during this run, %" PRIu64 " s ahead of the provider's",
                    lead_ns / CLOCK_NS_PER_S);
        clocks->lead_ns = lead_ns + CLOCKS_TOLERANCE_NS; /* no new warning for each second of drift */
    }
    if (!is_new)
        return 0;
    session->is_clock_recorded = true;
    return ledger_clock_set(session->parts.ledger, clocks->lead_ns, error);
}

int session_write(struct session *session, bool with_clock, struct error *error)
{
    if (with_clock && record_clock(session, error) != 0)
        return -1;
    return nonce_reservation_extend(&session->nonces, error);
}

void session_publish(struct session *session)
{
    nonce_reservation_publish(&session->nonces);
}

uint64_t session_next_ns(const struct session *session)
{
    return nonce_reservation_next_ns(&session->nonces);
}

void session_finish(struct session *session)
{
    if (!session->is_started)
        return;
    sender_finish(session->sender);
    pthread_join(session->thread, NULL);
    session->is_started = false;
    rate_share_close(session->share);
    session->share = NULL;
}

int session_record_end(const struct session *session, struct error *error)
{
    if (session->parts.job->delivery.shared &&
        nonce_reservation_record_shared(session->sender, session->parts.ledger, error) != 0)
        return -1;
    return rate_carryover_end(session->sender, session->parts.ledger, error);
}
