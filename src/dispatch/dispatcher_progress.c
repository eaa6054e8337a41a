#include "dispatch/dispatcher_progress.h"

#include "dispatch/dispatcher_state.h"
#include "dispatch/reconcile.h"

static void set_state(struct progress_counts *counts, enum progress_state state, uint64_t until_ns,
                      uint64_t count)
{
    counts->state = state;
    counts->until_ns = until_ns;
    counts->count = count;
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

void dispatcher_progress(struct dispatcher *dispatcher, uint64_t now_ns, struct progress_counts *counts)
{
    const struct stop_policy *policy = &dispatcher->stop_policy;
    uint32_t overdue = session_quiet_in_flight(dispatcher->session, now_ns);
    bool is_held = session_progress(dispatcher->session, now_ns, counts), is_listing;
    size_t listed = reconcile_list_count(dispatcher->reconcile, &is_listing);
    size_t in_flight = dispatcher->in_flight, count = dispatcher->pool.count;

    counts->open = count;
    counts->sent = dispatcher->concluded;
    counts->retrying = dispatcher->retrying + listed;
    if (listed && !is_listing)
        counts->not_before_ns = reconcile_list_next_ns(dispatcher->reconcile, false);
    if (dispatcher->stopping)
        set_state(counts, PROGRESS_STOPPING, 0, sender_in_flight(session_sender(dispatcher->session)));
    else if (count == 0)
        set_state(counts, PROGRESS_ACTIVE, 0, 0);
    else if (is_held)
        return;
    else if (is_listing && in_flight == 1)
        set_state(counts, PROGRESS_LIST, 0, listed);
    else if (in_flight + dispatcher->ready.count == 0)
        find_wait(dispatcher, counts);
    else if (stop_policy_is_canary(policy))
        set_state(counts, PROGRESS_CANARY, 0, policy->canary);
    else if (dispatcher->asking == count)
        set_state(counts, PROGRESS_LOOK_UP, 0, count);
    else if (overdue)
        set_state(counts, PROGRESS_REPLIES, 0, overdue);
}
