#include "dispatch/dispatcher_progress.h"

#include "core/clock.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/reconcile.h"

#define QUIET_NS (2 * CLOCK_NS_PER_S) /* without a request: worth a word */

static void set_state(struct progress_counts *counts, enum progress_state state, uint64_t until_ns,
                      uint64_t count)
{
    counts->state = state;
    counts->until_ns = until_ns;
    counts->count = count;
}

/* False: nothing holds requests back but the rate. */
static bool find_hold(struct dispatcher *dispatcher, uint64_t now_ns, struct progress_counts *counts)
{
    static const enum progress_state states[] = {
        [SENDER_FREE] = PROGRESS_ACTIVE,
        [SENDER_SLOWED] = PROGRESS_SLOWED,
        [SENDER_LOGIN] = PROGRESS_LOGIN,
        [SENDER_CARRY_OVER] = PROGRESS_CARRY_OVER,
        [SENDER_RETRY_AFTER] = PROGRESS_RETRY_AFTER,
        [SENDER_PAUSED] = PROGRESS_PAUSED,
    };
    uint64_t until_ns;
    enum sender_hold hold = sender_held_by(session_sender(dispatcher->session), now_ns, &until_ns);

    set_state(counts, states[hold], until_ns, 0);
    return hold > SENDER_SLOWED;
}

/* Nothing is with the sender: what is waited for? */
static void find_wait(struct dispatcher *dispatcher, struct progress_counts *counts)
{
    bool is_in_flight;
    uint64_t listing_ns = reconcile_list_next_ns(dispatcher->reconcile, false);
    uint64_t backoff_ns = backoff_queue_next_ns(&dispatcher->backoff);
    size_t count = reconcile_list_count(dispatcher->reconcile, &is_in_flight);

    if (listing_ns < backoff_ns)
        set_state(counts, PROGRESS_LIST_SOON, listing_ns, count);
    else if (backoff_ns != UINT64_MAX)
        set_state(counts, PROGRESS_RETRY, backoff_ns, 0);
}

/* True when no request has left for a while, but some are in flight. */
static bool waits_for_replies(struct dispatcher *dispatcher, uint64_t now_ns, uint32_t *in_flight)
{
    uint64_t requests = sender_requests(session_sender(dispatcher->session));

    *in_flight = sender_in_flight(session_sender(dispatcher->session));
    if (requests != dispatcher->requests_seen || !dispatcher->requests_seen_ns) {
        dispatcher->requests_seen = requests;
        dispatcher->requests_seen_ns = now_ns;
    }
    return *in_flight > 0 && now_ns - dispatcher->requests_seen_ns >= QUIET_NS;
}

static void find_state(struct dispatcher *dispatcher, uint64_t now_ns, struct progress_counts *counts)
{
    const struct stop_policy *policy = &dispatcher->stop_policy;
    uint32_t replies;
    bool is_listing, waits = waits_for_replies(dispatcher, now_ns, &replies);
    size_t listed = reconcile_list_count(dispatcher->reconcile, &is_listing);
    size_t in_flight = dispatcher->in_flight, count = dispatcher->pool.count;

    if (dispatcher->stopping)
        set_state(counts, PROGRESS_STOPPING, 0, replies);
    else if (count == 0 || find_hold(dispatcher, now_ns, counts))
        return;
    else if (is_listing && in_flight == 1)
        set_state(counts, PROGRESS_LIST, 0, listed);
    else if (in_flight + dispatcher->ready.count == 0)
        find_wait(dispatcher, counts);
    else if (stop_policy_is_canary(policy))
        set_state(counts, PROGRESS_CANARY, 0, policy->canary);
    else if (dispatcher->asking == count)
        set_state(counts, PROGRESS_LOOK_UP, 0, count);
    else if (waits)
        set_state(counts, PROGRESS_REPLIES, 0, replies);
}

void dispatcher_progress(struct dispatcher *dispatcher, uint64_t now_ns, struct progress_counts *counts)
{
    struct job_rate rate = provider_rate(dispatcher->parts.provider, dispatcher->parts.job);

    counts->open = dispatcher->pool.count;
    counts->sent = dispatcher->concluded;
    counts->retrying = dispatcher->retrying;
    counts->in_doubt += dispatcher->in_doubt_count;
    counts->limit_per_s = (double)rate.count * (double)CLOCK_NS_PER_S / (double)rate.per_ns;
    find_state(dispatcher, now_ns, counts);
}
