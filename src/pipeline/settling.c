#include "pipeline/settling.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/log.h"
#include "pipeline/changes.h"
#include "pipeline/heed.h"
#include "pipeline/sending_state.h"

#define WINDOW_MARGIN_NS (3600 * CLOCK_NS_PER_S) /* for a difference of the provider's clock */

enum {
    MAX_WAIT_FACTOR =
        10, /* an item waits for at most so many times settle_after, so that others share its listing */
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

int settling_record_clock(struct sending *sending, struct error *error)
{
    struct settling *settling = &sending->settling;
    struct clocks *clocks = &settling->clocks;

    if (sending->parts.provider->recovery != PROVIDER_RECOVERY_LOOK_UP)
        return 0;
    clocks->has_provider = sender_provider_clock(sending->sender, &clocks->provider_offset_ns);
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
    return ledger_clock_set(sending->parts.ledger, clocks->lead_ns, error);
}

/* True if the provider certainly still remembers the idempotency key. */
static bool key_is_known(const struct sending *sending, const struct item *item)
{
    uint64_t real_ns = clock_real_ns(), boot_ns = clock_boot_ns(),
             sent_ns = item->delivery.call.journalled_ns;
    uint64_t age_ns = item->sent_boot_ns ? clocks_age_here_ns(sent_ns, item->sent_boot_ns, real_ns, boot_ns)
                      : item->is_undated
                          ? UINT64_MAX
                          : clocks_age_ns(&sending->settling.clocks, sent_ns, real_ns, boot_ns);
    uint64_t window_ns = sending->parts.job->provider.idempotency_window_ns;

    return window_ns > WINDOW_MARGIN_NS && age_ns < window_ns - WINDOW_MARGIN_NS;
}

bool settling_is_due(const struct sending *sending, const struct item *item)
{
    if (!item->in_doubt || item->delivery.call.operation != OPERATION_CREATE)
        return false;
    if (sending->parts.provider->recovery == PROVIDER_RECOVERY_LIST)
        return true;
    return sending->parts.provider->recovery == PROVIDER_RECOVERY_LOOK_UP && !item->absent &&
           (item->changed || !key_is_known(sending, item));
}

static int find_customer(struct sending *sending, struct item *item, struct ledger_customer *customer,
                         struct error *error)
{
    return ledger_find_known(sending->parts.ledger, item->customer, &item->arena, customer, error);
}

static void wait_for_listing(struct settling *settling, struct item *item)
{
    if (item->due_ns < settling->earliest_ns)
        settling->earliest_ns = item->due_ns;
    if (item->due_ns > settling->latest_ns)
        settling->latest_ns = item->due_ns;
    fifo_append(&settling->waiting, &item->link);
}

int settling_add(struct sending *sending, struct item *item, bool earlier, struct error *error)
{
    struct sending_parts *parts = &sending->parts;
    struct settling *settling = &sending->settling;
    struct ledger_customer customer;

    item_restart(item);
    if (item->settlings >= parts->job->delivery.attempts || sending->failed)
        return sending_apply_action(sending, item, &(struct conclusion){.kind = CONCLUSION_IN_DOUBT}, 0,
                                    error);
    item->settlings++;
    if (parts->provider->recovery == PROVIDER_RECOVERY_LIST) {
        item->due_ns = earlier ? settling->run_started_ns : clock_mono_ns();
        item->due_ns += item->in_doubt ? settle_after_ns(parts->job) : 0;
        wait_for_listing(settling, item);
        return 0;
    }
    if (find_customer(sending, item, &customer, error) != 0)
        return -1;
    look_up_free(item->look_up);
    item->look_up = look_up_new(parts->provider, parts->job, parts->fingerprint, &customer);
    const struct outcome *outcome = &item->delivery.outcome;
    if (outcome->kind == OUTCOME_EXISTS && outcome->user_id[0] != '\0')
        look_up_first(item->look_up, outcome->user_id, parts->provider->recovery == PROVIDER_RECOVERY_REPEAT);
    look_up_ask(item->look_up, &item->delivery);
    fifo_append(&sending->new_items, &item->link);
    return 0;
}

/* No user found: resend the create with the same idempotency key. A complete listing proves absence; a
 * look-up does not (the first create may still commit), so only the key prevents a duplicate. */
static int resend_create(struct sending *sending, struct item *item, struct error *error)
{
    const struct sending_parts *parts = &sending->parts;
    struct ledger_customer customer;
    struct changes changes;

    item->delivery.call.operation = OPERATION_CREATE;
    item->delivery.sink = NULL;
    item->absent = true;
    item_restart(item);
    bool is_list = parts->provider->recovery == PROVIDER_RECOVERY_LIST, changed = item->changed;
    if (is_list) {
        sending_mark_in_doubt(sending, item, false);
        item->changed = item->exists = false;
    }
    uint64_t at_ns = item->delivery.call.journalled_ns;
    int result = 0;
    if (changed && !sending->failed && is_list) {
        fingerprint_members(parts->fingerprint, item->record, sending->members);
        result = sending_journal(sending, item, item->record->digest, sending->members, true, error);
    } else if (changed && !sending->failed) {
        result = find_customer(sending, item, &customer, error);
        if (result == 0) {
            changes_supersede(parts->provider, parts->fingerprint, item->record, &customer, &changes);
            result = sending_journal(sending, item, changes.digest, changes.members, true, error);
        }
    }
    item->delivery.call.journalled_ns = at_ns; /* the key keeps its age */
    if (result == 0)
        fifo_append(&sending->new_items, &item->link);
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

static int settle(struct sending *sending, struct item *item, enum settled settled, const char *user_id,
                  const char *code, struct error *error)
{
    set_outcome(&item->delivery.outcome, settled, user_id, code);
    struct conclusion conclusion = conclude_settled(item, settled, sending->parts.provider->can_update);
    if (sending_write(sending, item, &conclusion, true, error) != 0)
        return -1;
    if (conclusion.kind == CONCLUSION_AGAIN)
        return resend_create(sending, item, error);
    item->delivery.sink = NULL;
    return sending_apply_action(sending, item, &conclusion, 0, error);
}

/* The look-up proved nothing: resend the create under a key that the provider still remembers. */
static int repeat_create(struct sending *sending, struct item *item, struct error *error)
{
    struct conclusion again = {
        .kind = CONCLUSION_AGAIN, .write = true, .event = true, .ledger = LEDGER_RESULT_OPEN};

    if (sending_write(sending, item, &again, true, error) != 0)
        return -1;
    return resend_create(sending, item, error);
}

/* Ends a look-up. */
static int settle_looked_up(struct sending *sending, struct item *item, struct error *error)
{
    const char *user_id, *code;
    enum settled settled = look_up_settle(item->look_up, &user_id, &code);

    if (settled == SETTLED_ABSENT && item->exists) { /* the create was answered with 409 */
        settled = SETTLED_UNCLEAR;
        code = "exists_not_found";
    }
    /* It was looked up because its age was unknown; by now the answers have shown the provider's time. */
    if (settled == SETTLED_UNCLEAR && !item->changed && !item->exists && key_is_known(sending, item))
        return repeat_create(sending, item, error);
    return settle(sending, item, settled, user_id, code, error);
}

bool settling_has_answer(const struct item *item)
{
    const struct outcome *outcome = &item->delivery.outcome;
    bool is_gone = outcome->kind == OUTCOME_REFUSED && outcome->http_status == HTTP_NOT_FOUND;

    if (item->delivery.call.operation == OPERATION_LOOK_UP)
        return outcome->kind == OUTCOME_DONE;
    return item->delivery.call.operation == OPERATION_FETCH && (outcome->kind == OUTCOME_DONE || is_gone);
}

int settling_receive(struct sending *sending, struct item *item, struct error *error)
{
    struct outcome *outcome = &item->delivery.outcome;
    struct conclusion open = {
        .kind = CONCLUSION_AGAIN, .write = true, .event = true, .ledger = LEDGER_RESULT_OPEN};

    switch (look_up_receive(item->look_up, &item->delivery)) {
    case LOOK_UP_UNREADABLE:
        outcome->kind = OUTCOME_NOT_SENT;
        outcome->cause = RETRY_5XX;
        snprintf(outcome->code, sizeof outcome->code, "unreadable");
        return 0;
    case LOOK_UP_MORE:
        if (sending_write(sending, item, &open, true, error) != 0)
            return -1;
        item_restart(item);
        look_up_ask(item->look_up, &item->delivery);
        fifo_append(&sending->new_items, &item->link);
        return 1;
    case LOOK_UP_ENDED:
        break;
    }
    return settle_looked_up(sending, item, error) == 0 ? 1 : -1;
}

/* Listings. */

/* *is: no other customer owns the user. *mixed_up: another customer owns it whose data differ from the
 * user's, which agree with this customer's: an answer was given to the wrong one. False with *error. */
static bool find_owner(struct sending *sending, const struct listing_case *listed, size_t candidate, bool *is,
                       bool *mixed_up, struct error *error)
{
    struct item *item = listed->owner;
    const struct sending_parts *parts = &sending->parts;
    struct ledger_customer owner;
    int64_t owner_id;

    *mixed_up = false;
    if (ledger_owner(parts->ledger, slice_from(listed->candidates[candidate].user_id), &owner_id, error) != 0)
        return false;
    *is = owner_id == 0 || owner_id == item->customer;
    if (*is || listed->candidates[candidate].match < MATCH_FOLDED)
        return true;
    if (ledger_find(parts->ledger, owner_id, &item->arena, &owner, error) < 0)
        return false;
    *mixed_up = !match_same(parts->provider->fields, owner.member_digests, listed->journalled.members);
    return true;
}

static int apply_listing_match(struct sending *sending, const struct listing_case *listed, bool certain,
                               const struct delivery *answer, struct error *error)
{
    struct item *item = listed->owner;
    struct match_counts stats = {.certain = certain && listed->journalled.email.len > 0,
                                 .in_doubt = item->in_doubt};
    const char *user_id = NULL;
    enum match_grade best = MATCH_OTHER;

    item->delivery.call.operation = OPERATION_LIST;
    item->delivery.latency_ns = answer->latency_ns;
    item->delivery.sent = true;
    item->attempts++;
    if (item->in_doubt)
        item->delivery.outcome = answer->outcome;
    for (size_t i = 0; i < listed->count; i++) {
        bool is = false, mixed_up = false;
        if (!sending->failed && !find_owner(sending, listed, i, &is, &mixed_up, error))
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
    return settle(sending, item, settled, user_id,
                  settled == SETTLED_UNCLEAR ? match_unclear_code(&stats) : "", error);
}

/* No further listing in this run resolves this item. */
static int give_up_on_listing(struct sending *sending, struct item *item, const struct outcome *outcome,
                              struct error *error)
{
    struct conclusion conclusion = conclude_given_up(item);
    bool report = item->in_doubt && outcome->http_status > 0;

    if (report) {
        item->delivery.call.operation = OPERATION_LIST;
        item->delivery.outcome = *outcome;
        item->delivery.outcome.kind = OUTCOME_IN_DOUBT;
        item->attempts++;
        conclusion.write = conclusion.event = true;
        conclusion.ledger = LEDGER_RESULT_IN_DOUBT;
    }
    if (sending_write(sending, item, &conclusion, report, error) != 0)
        return -1;
    return sending_apply_action(sending, item, &conclusion, 0, error);
}

/* was_probe: of the breaker. */
static bool may_list_again(struct sending *sending, const struct outcome *outcome, bool was_probe)
{
    struct settling *settling = &sending->settling;
    const struct job_delivery *limits = &sending->parts.job->delivery;
    uint64_t now_ns = clock_mono_ns();
    bool is_final = outcome->kind != OUTCOME_NOT_SENT && outcome->kind != OUTCOME_THROTTLED;

    if (!settling->retrying_since_ns)
        settling->retrying_since_ns = now_ns;
    if (!was_probe)
        settling->attempts++;
    uint64_t wait_ns = retry_wait_ns(settling->attempts, retry_random_next(&sending->random));
    if (wait_ns < outcome->retry_after_ns)
        wait_ns += outcome->retry_after_ns;
    settling->not_before_ns = now_ns + wait_ns;
    return !is_final && !sending->stopping &&
           retry_is_allowed(settling->attempts, limits->attempts, now_ns - settling->retrying_since_ns,
                            wait_ns, limits->retry_for_ns);
}

int settling_receive_list(struct sending *sending, struct delivery *delivery, struct error *error)
{
    struct settling *settling = &sending->settling;
    struct listing *listing = settling->listing;
    struct outcome *outcome = &delivery->outcome;
    int result = 0;

    settling->in_flight = false;
    heed_outcome(sending, delivery);
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
        again = may_list_again(sending, outcome, delivery->was_probe);
        sending->parts.stats->retries[outcome->cause] += again;
    }
    for (size_t i = 0; i < listing_count(listing); i++) {
        const struct listing_case *listed = listing_at(listing, i);
        int failed = 0;
        if (again)
            wait_for_listing(settling, listed->owner);
        else if (done && result == 0)
            failed = apply_listing_match(sending, listed, listing_is_certain(listing), delivery, error);
        else
            failed = give_up_on_listing(sending, listed->owner, outcome, error);
        if (failed) {
            sending_fail(sending);
            sending_apply_action(sending, listed->owner, &(struct conclusion){.kind = CONCLUSION_IN_DOUBT}, 0,
                                 error);
            result = -1;
        }
    }
    return result;
}

uint64_t settling_next_ns(const struct sending *sending)
{
    const struct settling *settling = &sending->settling;
    uint64_t max_wait_ns = MAX_WAIT_FACTOR * settle_after_ns(sending->parts.job),
             when_ns = settling->latest_ns;

    if (settling->in_flight || !settling->waiting.first)
        return UINT64_MAX;
    if (when_ns > settling->earliest_ns + max_wait_ns)
        when_ns = settling->earliest_ns + max_wait_ns;
    if (!item_pool_has_capacity(&sending->pool))
        when_ns = settling->earliest_ns;
    return when_ns > settling->not_before_ns ? when_ns : settling->not_before_ns;
}

int settling_start(struct sending *sending, uint64_t now_ns, struct error *error)
{
    struct settling *settling = &sending->settling;
    const struct sending_parts *parts = &sending->parts;
    struct fifo waiting = settling->waiting;
    struct item *item;

    if (sending->stopping || settling_next_ns(sending) > now_ns)
        return 0;
    if (!settling->listing)
        settling->listing = listing_new(parts->job, parts->provider, ledger_fingerprint_key(parts->ledger));
    if (listing_prepare(settling->listing, parts->ledger, error) != 0)
        return -1;
    settling->waiting = (struct fifo){0};
    settling->earliest_ns = UINT64_MAX;
    settling->latest_ns = 0;
    int result = 0;
    while ((item = FIFO_POP(&waiting, struct item))) {
        struct ledger_customer customer;
        if (item->due_ns > now_ns || result != 0) {
            wait_for_listing(settling, item);
        } else if (find_customer(sending, item, &customer, error) != 0) {
            wait_for_listing(settling, item);
            result = -1;
        } else {
            listing_add(settling->listing, item, &customer);
        }
    }
    for (size_t i = 0; result != 0 && i < listing_count(settling->listing); i++)
        wait_for_listing(settling, listing_at(settling->listing, i)->owner);
    if (result != 0 || listing_count(settling->listing) == 0)
        return result;
    settling->in_flight = true;
    sending->submitted++;
    sender_submit(sending->sender, listing_start(settling->listing));
    return result;
}
