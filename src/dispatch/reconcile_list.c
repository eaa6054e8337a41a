#include "dispatch/reconcile_list.h"

#include <assert.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/fifo.h"
#include "core/memory.h"
#include "delivery/retry.h"
#include "dispatch/candidate_set.h"
#include "dispatch/match.h"
#include "dispatch/user_stream.h"
#include "ledger/ledger_lease.h"
#include "model/job_setting.h"

enum {
    MAX_WAIT_FACTOR =
        10, /* a task waits for at most so many times settle_after, so that others share its listing */
};

struct listings {
    struct reconcile_parts parts;
    struct fifo waiting;             /* each from its due_ns on */
    uint64_t earliest_ns, latest_ns; /* of these due_ns */
    uint64_t earlier_ended_ns;       /* no request of an earlier run leaves from then on; all monotonic */
    uint64_t not_before_ns;          /* backoff of a listing that failed */
    uint64_t retrying_since_ns;
    uint32_t attempts;
    /* The listing: */
    struct delivery delivery;
    bool in_flight;
    struct user_stream *stream;
    struct candidate_set *candidates; /* its tasks */
    size_t popped;                    /* of these */
    bool is_certain;                  /* once it has returned */
};

static void begin_listing(void *context)
{
    struct listings *listings = context;

    candidate_set_begin(listings->candidates);
}

static void add_user(void *context, const struct provider_user *user, const struct json_node *nodes,
                     bool is_known)
{
    struct listings *listings = context;

    (void)nodes;
    candidate_set_compare(listings->candidates, user, is_known);
}

struct listings *listings_new(const struct reconcile_parts *parts)
{
    struct listings *listings = memory_new(1, sizeof *listings);
    const struct user_stream_handler handler = {.begin = begin_listing, .add = add_user, .context = listings};

    listings->parts = *parts;
    listings->earliest_ns = UINT64_MAX;
    listings->earlier_ended_ns = clock_mono_of_boot_ns(ledger_lease_from_ns(parts->ledger));
    listings->stream = user_stream_new(parts->job, parts->provider, &handler);
    listings->candidates = candidate_set_new(parts->provider, ledger_fingerprint_key(parts->ledger));
    return listings;
}

void listings_free(struct listings *listings)
{
    if (!listings)
        return;
    user_stream_free(listings->stream);
    candidate_set_free(listings->candidates);
    free(listings);
}

/* At least twice the time limit of an attempt: by then the last request has been executed, or never will be.
 */
static uint64_t settle_after_ns(const struct job *job)
{
    uint64_t min_ns = 2 * job->delivery.timeout_ns;
    uint64_t after_ns = job_setting_number(&job->provider, SETTING_SETTLE_AFTER);

    return after_ns > min_ns ? after_ns : min_ns;
}

static void add_waiting(struct listings *listings, struct task *task)
{
    if (task->due_ns < listings->earliest_ns)
        listings->earliest_ns = task->due_ns;
    if (task->due_ns > listings->latest_ns)
        listings->latest_ns = task->due_ns;
    fifo_append(&listings->waiting, &task->link);
}

void listings_wait(struct listings *listings, struct task *task, bool earlier)
{
    task->due_ns = earlier ? listings->earlier_ended_ns : clock_mono_ns();
    task->due_ns += task_is_in_doubt(task->state) ? settle_after_ns(listings->parts.job) : 0;
    task_move(task, TASK_LISTING);
    add_waiting(listings, task);
}

uint64_t listings_next_ns(const struct listings *listings, bool hurry)
{
    uint64_t max_wait_ns = MAX_WAIT_FACTOR * settle_after_ns(listings->parts.job),
             when_ns = listings->latest_ns;

    if (listings->in_flight || !listings->waiting.first)
        return UINT64_MAX;
    if (when_ns > listings->earliest_ns + max_wait_ns)
        when_ns = listings->earliest_ns + max_wait_ns;
    if (hurry)
        when_ns = listings->earliest_ns;
    return when_ns > listings->not_before_ns ? when_ns : listings->not_before_ns;
}

size_t listings_count(const struct listings *listings, bool *is_in_flight)
{
    *is_in_flight = listings->in_flight;
    return listings->in_flight ? candidate_set_count(listings->candidates) : listings->waiting.count;
}

/* Of the tasks that wait, takes those that are due into the listing. 0, or -1: all wait as before. */
static int take_due(struct listings *listings, uint64_t now_ns, struct error *error)
{
    struct fifo waiting = listings->waiting;
    struct task *task;
    int result = 0;

    listings->waiting = (struct fifo){0};
    listings->earliest_ns = UINT64_MAX;
    listings->latest_ns = 0;
    while ((task = FIFO_POP(&waiting, struct task))) {
        struct ledger_customer customer;
        bool is_due = task->due_ns <= now_ns && result == 0;
        if (is_due)
            result =
                ledger_find_known(listings->parts.ledger, task->customer, &task->arena, &customer, error);
        if (is_due && result == 0)
            candidate_set_add(listings->candidates, task, &customer);
        else
            add_waiting(listings, task);
    }
    return result;
}

/* Puts the tasks of the listing back. */
static void wait_again(struct listings *listings)
{
    for (size_t i = 0; i < candidate_set_count(listings->candidates); i++)
        add_waiting(listings, candidate_set_at(listings->candidates, i)->owner);
    candidate_set_clear(listings->candidates);
}

int listings_start(struct listings *listings, bool hurry, struct delivery **listing, struct error *error)
{
    uint64_t now_ns = clock_mono_ns();

    *listing = NULL;
    if (listings_next_ns(listings, hurry) > now_ns)
        return 0;
    candidate_set_clear(listings->candidates);
    listings->popped = 0;
    if (user_stream_prepare(listings->stream, listings->parts.ledger, error) != 0)
        return -1;
    if (take_due(listings, now_ns, error) != 0) {
        wait_again(listings);
        return -1;
    }
    if (candidate_set_count(listings->candidates) == 0)
        return 0;
    listings->delivery = (struct delivery){0};
    user_stream_attach(listings->stream, &listings->delivery);
    listings->in_flight = true;
    *listing = &listings->delivery;
    return 0;
}

bool listings_has(const struct listings *listings, const struct delivery *delivery)
{
    return delivery == &listings->delivery;
}

/* Sets the time of the next attempt. True if there may be one. */
static bool may_list_again(struct listings *listings, uint64_t random_bits)
{
    const struct job_delivery *limits = &listings->parts.job->delivery;
    const struct outcome *outcome = &listings->delivery.outcome;
    uint64_t now_ns = clock_mono_ns();
    /* DONE: the whole list could not be read. */
    bool is_final = outcome->kind != OUTCOME_NOT_SENT && outcome->kind != OUTCOME_THROTTLED &&
                    outcome->kind != OUTCOME_DONE;

    if (!listings->retrying_since_ns)
        listings->retrying_since_ns = now_ns;
    if (!listings->delivery.was_probe) /* of the breaker */
        listings->attempts++;
    uint64_t wait_ns = retry_wait_ns(listings->attempts, random_bits);
    if (wait_ns < outcome->retry_after_ns)
        wait_ns += outcome->retry_after_ns;
    listings->not_before_ns = now_ns + wait_ns;
    return !is_final && retry_is_allowed(listings->attempts, limits->attempts,
                                         now_ns - listings->retrying_since_ns, wait_ns, limits->retry_for_ns);
}

void listings_receive(struct listings *listings, uint64_t random_bits, bool stopping,
                      struct reconcile_list_result *result)
{
    bool is_whole = listings->delivery.outcome.kind == OUTCOME_DONE && user_stream_is_whole(listings->stream);

    listings->in_flight = false;
    *result = (struct reconcile_list_result){.is_whole = is_whole};
    if (is_whole) {
        listings->attempts = 0;
        listings->retrying_since_ns = listings->not_before_ns = 0;
        listings->is_certain = user_stream_is_certain(listings->stream, &listings->delivery);
    } else {
        result->again = may_list_again(listings, random_bits) && !stopping;
    }
    if (result->again)
        wait_again(listings);
}

struct task *listings_pop(struct listings *listings)
{
    if (listings->popped == candidate_set_count(listings->candidates))
        return NULL;
    struct task *task = candidate_set_at(listings->candidates, listings->popped++)->owner;
    task_move(task, TASK_NOWHERE);
    return task;
}

/* *is: no other customer owns the user. *mixed_up: another customer owns it whose data differ from the
 * user's, which agree with this customer's: an answer was given to the wrong one. 0, or -1. */
static int find_owner(struct listings *listings, const struct candidate_case *listed, size_t candidate,
                      bool *is, bool *mixed_up, struct error *error)
{
    const struct reconcile_parts *parts = &listings->parts;
    struct task *task = listed->owner;
    struct ledger_customer owner;
    int64_t owner_id;

    *mixed_up = false;
    if (ledger_owner(parts->ledger, slice_from(listed->candidates[candidate].user_id), &owner_id, error) != 0)
        return -1;
    *is = owner_id == 0 || owner_id == task->customer;
    if (*is || listed->candidates[candidate].match < MATCH_FOLDED)
        return 0;
    if (ledger_find(parts->ledger, owner_id, &task->arena, &owner, error) < 0)
        return -1;
    *mixed_up = !match_same(parts->provider->fields, owner.member_digests, listed->journalled.members);
    return 0;
}

int listings_find(struct listings *listings, struct reconcile_finding *finding, struct error *error)
{
    assert(listings->popped > 0);
    const struct candidate_case *listed = candidate_set_at(listings->candidates, listings->popped - 1);
    const struct task *task = listed->owner;
    struct match_counts counts = {.certain = listings->is_certain && listed->journalled.email.len > 0,
                                  .in_doubt = task_is_in_doubt(task->state)};
    const char *user_id = NULL;
    enum match_grade best = MATCH_OTHER;

    for (size_t i = 0; i < listed->count; i++) {
        bool is, mixed_up;
        if (find_owner(listings, listed, i, &is, &mixed_up, error) != 0)
            return -1;
        counts.taken = counts.taken || mixed_up;
        if (!is)
            continue;
        enum match_grade match = listed->candidates[i].match;
        counts.users[match]++;
        if (!user_id || match > best) {
            user_id = listed->candidates[i].user_id;
            best = match;
        }
    }
    for (size_t i = 0; i < MATCH_KINDS; i++) /* an unknown number, but more than one */
        counts.users[i] += listed->more[i] ? 2 : 0;
    finding->finding = match_settle(&counts);
    finding->user_id = finding->finding == TASK_FOUND_OURS ? user_id : NULL;
    finding->code = finding->finding == TASK_FOUND_UNCLEAR ? match_unclear_code(&counts) : "";
    return 0;
}

struct task *listings_pop_waiting(struct listings *listings)
{
    struct task *task = FIFO_POP(&listings->waiting, struct task);

    if (task)
        task_move(task, TASK_NOWHERE);
    return task;
}
