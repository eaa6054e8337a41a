#include "dispatch/settling.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/log.h"
#include "dispatch/changes.h"
#include "dispatch/dispatcher_state.h"
#include "dispatch/heed.h"

#define WINDOW_MARGIN_NS (3600 * CLOCK_NS_PER_S) /* for a difference of the provider's clock */

enum {
    MAX_WAIT_FACTOR =
        10, /* a task waits for at most so many times settle_after, so that others share its listing */
    HTTP_NOT_FOUND = 404,
};

int settling_open(struct settling *settling, struct ledger *ledger, struct error *error)
{
    settling->waiting = (struct fifo){0};
    settling->earliest_ns = UINT64_MAX;
    settling->run_started_ns = clock_mono_ns();
    settling->clocks.ledger_ns = ledger_newest_ns(ledger);
    return ledger_clock(ledger, &settling->clock_run, &settling->clocks.lead_ns, error);
}

void settling_close(struct settling *settling)
{
    listing_free(settling->listing);
}

/* At least twice the time limit of an attempt: by then the last request has been executed, or never will be.
 */
static uint64_t settle_after_ns(const struct job *job)
{
    uint64_t min_ns = 2 * job->delivery.timeout_ns;

    return job->provider.settle_after_ns > min_ns ? job->provider.settle_after_ns : min_ns;
}

int settling_record_clock(struct dispatcher *dispatcher, struct error *error)
{
    struct settling *settling = &dispatcher->settling;
    struct clocks *clocks = &settling->clocks;

    if (dispatcher->parts.provider->recovery != PROVIDER_RECOVERY_LOOK_UP)
        return 0;
    clocks->has_provider = sender_provider_clock(dispatcher->sender, &clocks->provider_offset_ns);
    uint64_t lead_ns = clocks_lead_ns(clocks);
    bool is_new = clocks->has_provider && (!settling->clock_noted || lead_ns > clocks->lead_ns);
    if (lead_ns > clocks->lead_ns) {
        log_warning("this machine's clock is, or was during this run, %" PRIu64 " s ahead of the provider's",
                    lead_ns / CLOCK_NS_PER_S);
        clocks->lead_ns = lead_ns + CLOCKS_TOLERANCE_NS; /* no new warning for each second of drift */
    }
    if (!is_new)
        return 0;
    settling->clock_noted = true;
    return ledger_clock_set(dispatcher->parts.ledger, clocks->lead_ns, error);
}

/* True if the provider certainly still remembers the idempotency key. */
static bool key_is_known(const struct dispatcher *dispatcher, const struct task *task)
{
    uint64_t real_ns = clock_real_ns(), boot_ns = clock_boot_ns(),
             sent_ns = task->delivery.call.journalled_ns;
    uint64_t age_ns = task->sent_boot_ns ? clocks_age_here_ns(sent_ns, task->sent_boot_ns, real_ns, boot_ns)
                      : task->is_undated
                          ? UINT64_MAX
                          : clocks_age_ns(&dispatcher->settling.clocks, sent_ns, real_ns, boot_ns);
    uint64_t window_ns = dispatcher->parts.job->provider.idempotency_window_ns;

    return window_ns > WINDOW_MARGIN_NS && age_ns < window_ns - WINDOW_MARGIN_NS;
}

bool settling_is_due(const struct dispatcher *dispatcher, const struct task *task)
{
    if (!task->in_doubt || task->delivery.call.operation != OPERATION_CREATE)
        return false;
    if (dispatcher->parts.provider->recovery == PROVIDER_RECOVERY_LIST)
        return true;
    return dispatcher->parts.provider->recovery == PROVIDER_RECOVERY_LOOK_UP && !task->absent &&
           (task->changed || !key_is_known(dispatcher, task));
}

static int find_customer(struct dispatcher *dispatcher, struct task *task, struct ledger_customer *customer,
                         struct error *error)
{
    return ledger_find_known(dispatcher->parts.ledger, task->customer, &task->arena, customer, error);
}

static void wait_for_listing(struct settling *settling, struct task *task)
{
    if (task->due_ns < settling->earliest_ns)
        settling->earliest_ns = task->due_ns;
    if (task->due_ns > settling->latest_ns)
        settling->latest_ns = task->due_ns;
    fifo_append(&settling->waiting, &task->link);
}

int settling_add(struct dispatcher *dispatcher, struct task *task, bool earlier, struct error *error)
{
    struct dispatcher_parts *parts = &dispatcher->parts;
    struct settling *settling = &dispatcher->settling;
    struct ledger_customer customer;

    task_restart(task);
    if (task->settlings >= parts->job->delivery.attempts || dispatcher->failed)
        return dispatcher_apply_action(dispatcher, task, &(struct conclusion){.kind = CONCLUSION_IN_DOUBT}, 0,
                                       error);
    task->settlings++;
    if (parts->provider->recovery == PROVIDER_RECOVERY_LIST) {
        task->due_ns = earlier ? settling->run_started_ns : clock_mono_ns();
        task->due_ns += task->in_doubt ? settle_after_ns(parts->job) : 0;
        wait_for_listing(settling, task);
        return 0;
    }
    if (find_customer(dispatcher, task, &customer, error) != 0)
        return -1;
    look_up_free(task->look_up);
    task->look_up = look_up_new(parts->provider, parts->job, parts->fingerprint, &customer);
    const struct outcome *outcome = &task->delivery.outcome;
    if (outcome->kind == OUTCOME_EXISTS && outcome->user_id[0] != '\0')
        look_up_first(task->look_up, outcome->user_id, parts->provider->recovery == PROVIDER_RECOVERY_REPEAT);
    look_up_ask(task->look_up, &task->delivery);
    fifo_append(&dispatcher->new_tasks, &task->link);
    return 0;
}

/* No user found: resend the create with the same idempotency key. A complete listing proves absence; a
 * look-up does not (the first create may still commit), so only the key prevents a duplicate. */
static int resend_create(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    const struct dispatcher_parts *parts = &dispatcher->parts;
    struct ledger_customer customer;
    struct changes changes;

    task->delivery.call.operation = OPERATION_CREATE;
    task->delivery.sink = NULL;
    task->absent = true;
    task_restart(task);
    bool is_list = parts->provider->recovery == PROVIDER_RECOVERY_LIST, changed = task->changed;
    if (is_list) {
        dispatcher_mark_in_doubt(dispatcher, task, false);
        task->changed = task->exists = false;
    }
    uint64_t at_ns = task->delivery.call.journalled_ns;
    int result = 0;
    if (changed && !dispatcher->failed && is_list) {
        fingerprint_members(parts->fingerprint, task->record, dispatcher->members);
        result = dispatcher_journal(dispatcher, task, task->record->digest, dispatcher->members, true, error);
    } else if (changed && !dispatcher->failed) {
        result = find_customer(dispatcher, task, &customer, error);
        if (result == 0) {
            changes_supersede(parts->provider, parts->fingerprint, task->record, &customer, &changes);
            result = dispatcher_journal(dispatcher, task, changes.digest, changes.members, true, error);
        }
    }
    task->delivery.call.journalled_ns = at_ns; /* the key keeps its age */
    if (result == 0)
        fifo_append(&dispatcher->new_tasks, &task->link);
    return result;
}

static void set_outcome(struct outcome *outcome, enum settled settled, const char *user_id, const char *code)
{
    static const enum outcome_kind kinds[] = {
        [SETTLED_OURS] = OUTCOME_DONE,
        [SETTLED_ABSENT] = OUTCOME_DONE,
        [SETTLED_REFUSED] = OUTCOME_REFUSED,
        [SETTLED_UNCLEAR] = OUTCOME_IN_DOUBT,
    };

    outcome->kind = kinds[settled];
    outcome->user_id[0] = '\0';
    if (settled == SETTLED_REFUSED) /* code and message of the create stay */
        return;
    snprintf(outcome->code, sizeof outcome->code, "%s", settled == SETTLED_ABSENT ? "absent" : code);
    outcome->message[0] = '\0';
    if (settled == SETTLED_OURS)
        snprintf(outcome->user_id, sizeof outcome->user_id, "%s", user_id);
    if (settled == SETTLED_UNCLEAR)
        snprintf(
            outcome->message, sizeof outcome->message,
            "the users found at the provider do not show whether this customer has one: check it by hand, then run kyc-import resolve");
}

static int settle(struct dispatcher *dispatcher, struct task *task, enum settled settled, const char *user_id,
                  const char *code, struct error *error)
{
    set_outcome(&task->delivery.outcome, settled, user_id, code);
    struct conclusion conclusion = conclude_settled(task, settled, dispatcher->parts.provider->can_update);
    if (dispatcher_write(dispatcher, task, &conclusion, true, error) != 0)
        return -1;
    if (conclusion.kind == CONCLUSION_AGAIN)
        return resend_create(dispatcher, task, error);
    task->delivery.sink = NULL;
    return dispatcher_apply_action(dispatcher, task, &conclusion, 0, error);
}

/* The look-up proved nothing: resend the create under a key that the provider still remembers. */
static int repeat_create(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    struct conclusion again = {
        .kind = CONCLUSION_AGAIN, .write = true, .event = true, .ledger = LEDGER_RESULT_OPEN};

    if (dispatcher_write(dispatcher, task, &again, true, error) != 0)
        return -1;
    return resend_create(dispatcher, task, error);
}

/* Ends a look-up. */
static int settle_looked_up(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    const char *user_id, *code;
    enum settled settled = look_up_settle(task->look_up, &user_id, &code);

    if (settled == SETTLED_ABSENT && task->exists) { /* the create was answered with 409 */
        settled = SETTLED_UNCLEAR;
        code = "exists_not_found";
    }
    /* It was looked up because its age was unknown; by now the answers have shown the provider's time. */
    if (settled == SETTLED_UNCLEAR && !task->changed && !task->exists && key_is_known(dispatcher, task))
        return repeat_create(dispatcher, task, error);
    return settle(dispatcher, task, settled, user_id, code, error);
}

bool settling_has_answer(const struct task *task)
{
    const struct outcome *outcome = &task->delivery.outcome;
    bool is_gone = outcome->kind == OUTCOME_REFUSED && outcome->http_status == HTTP_NOT_FOUND;

    if (task->delivery.call.operation == OPERATION_LOOK_UP)
        return outcome->kind == OUTCOME_DONE;
    return task->delivery.call.operation == OPERATION_FETCH && (outcome->kind == OUTCOME_DONE || is_gone);
}

int settling_receive(struct dispatcher *dispatcher, struct task *task, struct error *error)
{
    struct outcome *outcome = &task->delivery.outcome;
    struct conclusion open = {
        .kind = CONCLUSION_AGAIN, .write = true, .event = true, .ledger = LEDGER_RESULT_OPEN};

    switch (look_up_receive(task->look_up, &task->delivery)) {
    case LOOK_UP_UNREADABLE:
        outcome->kind = OUTCOME_NOT_SENT;
        outcome->cause = RETRY_5XX;
        snprintf(outcome->code, sizeof outcome->code, "unreadable");
        return 0;
    case LOOK_UP_MORE:
        if (dispatcher_write(dispatcher, task, &open, true, error) != 0)
            return -1;
        task_restart(task);
        look_up_ask(task->look_up, &task->delivery);
        fifo_append(&dispatcher->new_tasks, &task->link);
        return 1;
    case LOOK_UP_ENDED:
        break;
    }
    return settle_looked_up(dispatcher, task, error) == 0 ? 1 : -1;
}

/* Listings. */

/* *is: no other customer owns the user. *mixed_up: another customer owns it whose data differ from the
 * user's, which agree with this customer's: an answer was given to the wrong one. False with *error. */
static bool find_owner(struct dispatcher *dispatcher, const struct listing_case *listed, size_t candidate,
                       bool *is, bool *mixed_up, struct error *error)
{
    struct task *task = listed->owner;
    const struct dispatcher_parts *parts = &dispatcher->parts;
    struct ledger_customer owner;
    int64_t owner_id;

    *mixed_up = false;
    if (ledger_owner(parts->ledger, slice_from(listed->candidates[candidate].user_id), &owner_id, error) != 0)
        return false;
    *is = owner_id == 0 || owner_id == task->customer;
    if (*is || listed->candidates[candidate].match < MATCH_FOLDED)
        return true;
    if (ledger_find(parts->ledger, owner_id, &task->arena, &owner, error) < 0)
        return false;
    *mixed_up = !match_same(parts->provider->fields, owner.member_digests, listed->journalled.members);
    return true;
}

static int apply_listing_match(struct dispatcher *dispatcher, const struct listing_case *listed, bool certain,
                               const struct delivery *answer, struct error *error)
{
    struct task *task = listed->owner;
    struct match_counts stats = {.certain = certain && listed->journalled.email.len > 0,
                                 .in_doubt = task->in_doubt};
    const char *user_id = NULL;
    enum match_grade best = MATCH_OTHER;

    task->delivery.call.operation = OPERATION_LIST;
    task->delivery.latency_ns = answer->latency_ns;
    task->delivery.sent = true;
    task->attempts++;
    if (task->in_doubt)
        task->delivery.outcome = answer->outcome;
    for (size_t i = 0; i < listed->count; i++) {
        bool is = false, mixed_up = false;
        if (!dispatcher->failed && !find_owner(dispatcher, listed, i, &is, &mixed_up, error))
            return -1;
        stats.taken = stats.taken || mixed_up;
        if (!is)
            continue;
        enum match_grade match = listed->candidates[i].match;
        stats.users[match]++;
        if (!user_id || match > best) {
            user_id = listed->candidates[i].user_id;
            best = match;
        }
    }
    for (size_t i = 0; i < MATCH_KINDS; i++) /* an unknown number, but more than one */
        stats.users[i] += listed->more[i] ? 2 : 0;
    enum settled settled = match_settle(&stats);
    return settle(dispatcher, task, settled, user_id,
                  settled == SETTLED_UNCLEAR ? match_unclear_code(&stats) : "", error);
}

/* No further listing in this run resolves this task. */
static int give_up_on_listing(struct dispatcher *dispatcher, struct task *task, const struct outcome *outcome,
                              struct error *error)
{
    struct conclusion conclusion = conclude_given_up(task);
    bool report = task->in_doubt && outcome->http_status > 0;

    if (report) {
        task->delivery.call.operation = OPERATION_LIST;
        task->delivery.outcome = *outcome;
        task->delivery.outcome.kind = OUTCOME_IN_DOUBT;
        task->attempts++;
        conclusion.write = conclusion.event = true;
        conclusion.ledger = LEDGER_RESULT_IN_DOUBT;
    }
    if (dispatcher_write(dispatcher, task, &conclusion, report, error) != 0)
        return -1;
    return dispatcher_apply_action(dispatcher, task, &conclusion, 0, error);
}

/* was_probe: of the breaker. */
static bool may_list_again(struct dispatcher *dispatcher, const struct outcome *outcome, bool was_probe)
{
    struct settling *settling = &dispatcher->settling;
    const struct job_delivery *limits = &dispatcher->parts.job->delivery;
    uint64_t now_ns = clock_mono_ns();
    bool is_final = outcome->kind != OUTCOME_NOT_SENT && outcome->kind != OUTCOME_THROTTLED;

    if (!settling->retrying_since_ns)
        settling->retrying_since_ns = now_ns;
    if (!was_probe)
        settling->attempts++;
    uint64_t wait_ns = retry_wait_ns(settling->attempts, retry_random_next(&dispatcher->random));
    if (wait_ns < outcome->retry_after_ns)
        wait_ns += outcome->retry_after_ns;
    settling->not_before_ns = now_ns + wait_ns;
    return !is_final && !dispatcher->stopping &&
           retry_is_allowed(settling->attempts, limits->attempts, now_ns - settling->retrying_since_ns,
                            wait_ns, limits->retry_for_ns);
}

int settling_receive_list(struct dispatcher *dispatcher, struct delivery *delivery, struct error *error)
{
    struct settling *settling = &dispatcher->settling;
    struct listing *listing = settling->listing;
    struct outcome *outcome = &delivery->outcome;
    int result = 0;

    settling->in_flight = false;
    heed_outcome(dispatcher, delivery);
    bool done = outcome->kind == OUTCOME_DONE && listing_is_whole(listing), again = false;
    if (done) {
        settling->attempts = 0;
        settling->retrying_since_ns = settling->not_before_ns = 0;
    } else {
        if (outcome->kind == OUTCOME_DONE) {
            outcome->kind = OUTCOME_NOT_SENT;
            outcome->cause = RETRY_5XX;
            snprintf(outcome->code, sizeof outcome->code, "unreadable");
        }
        again = may_list_again(dispatcher, outcome, delivery->was_probe);
        dispatcher->parts.stats->retries[outcome->cause] += again;
    }
    for (size_t i = 0; i < listing_count(listing); i++) {
        const struct listing_case *listed = listing_at(listing, i);
        int failed = 0;
        if (again)
            wait_for_listing(settling, listed->owner);
        else if (done && result == 0)
            failed = apply_listing_match(dispatcher, listed, listing_is_certain(listing), delivery, error);
        else
            failed = give_up_on_listing(dispatcher, listed->owner, outcome, error);
        if (failed) {
            dispatcher_fail(dispatcher);
            dispatcher_apply_action(dispatcher, listed->owner,
                                    &(struct conclusion){.kind = CONCLUSION_IN_DOUBT}, 0, error);
            result = -1;
        }
    }
    return result;
}

uint64_t settling_next_ns(const struct dispatcher *dispatcher)
{
    const struct settling *settling = &dispatcher->settling;
    uint64_t max_wait_ns = MAX_WAIT_FACTOR * settle_after_ns(dispatcher->parts.job),
             when_ns = settling->latest_ns;

    if (settling->in_flight || !settling->waiting.first)
        return UINT64_MAX;
    if (when_ns > settling->earliest_ns + max_wait_ns)
        when_ns = settling->earliest_ns + max_wait_ns;
    if (!task_pool_has_capacity(&dispatcher->pool))
        when_ns = settling->earliest_ns;
    return when_ns > settling->not_before_ns ? when_ns : settling->not_before_ns;
}

int settling_start(struct dispatcher *dispatcher, uint64_t now_ns, struct error *error)
{
    struct settling *settling = &dispatcher->settling;
    const struct dispatcher_parts *parts = &dispatcher->parts;
    struct fifo waiting = settling->waiting;
    struct task *task;

    if (dispatcher->stopping || settling_next_ns(dispatcher) > now_ns)
        return 0;
    if (!settling->listing)
        settling->listing = listing_new(parts->job, parts->provider, ledger_fingerprint_key(parts->ledger));
    if (listing_prepare(settling->listing, parts->ledger, error) != 0)
        return -1;
    settling->waiting = (struct fifo){0};
    settling->earliest_ns = UINT64_MAX;
    settling->latest_ns = 0;
    int result = 0;
    while ((task = FIFO_POP(&waiting, struct task))) {
        struct ledger_customer customer;
        if (task->due_ns > now_ns || result != 0) {
            wait_for_listing(settling, task);
        } else if (find_customer(dispatcher, task, &customer, error) != 0) {
            wait_for_listing(settling, task);
            result = -1;
        } else {
            listing_add(settling->listing, task, &customer);
        }
    }
    for (size_t i = 0; result != 0 && i < listing_count(settling->listing); i++)
        wait_for_listing(settling, listing_at(settling->listing, i)->owner);
    if (result != 0 || listing_count(settling->listing) == 0)
        return result;
    settling->in_flight = true;
    dispatcher->submitted++;
    sender_submit(dispatcher->sender, listing_start(settling->listing));
    return result;
}
