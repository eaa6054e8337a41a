#include "pipeline/sending.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "pipeline/follow.h"
#include "pipeline/heed.h"
#include "pipeline/sending_state.h"
#include "pipeline/warning.h"
#include "provider/idempotency.h"

enum {
    MAX_JOURNALLED_UNSENT = 1000, /* bounds the creates in doubt after a crash */
};

static void *sender_main(void *argument)
{
    sender_run(argument);
    return NULL;
}

/* One second of the rate or twice the requests in flight, whichever is more. */
static size_t compute_ahead_max(const struct job *job, const struct provider *provider)
{
    struct job_rate rate = provider_rate(provider, job);
    uint64_t in_flight = job->delivery.in_flight ? job->delivery.in_flight
                                                 : provider->in_flight * job->provider.credential_count;
    uint64_t ahead = rate.count * CLOCK_NS_PER_S / rate.per_ns;

    if (ahead < 2 * in_flight)
        ahead = 2 * in_flight;
    return ahead < MAX_JOURNALLED_UNSENT ? (size_t)ahead : MAX_JOURNALLED_UNSENT;
}

struct sending *sending_open(const struct sending_parts *parts, struct error *error)
{
    struct sending *sending = memory_new(1, sizeof *sending);
    const struct provider_fields *fields = parts->provider->fields;

    sending->parts = *parts;
    sending->ahead_max = compute_ahead_max(parts->job, parts->provider);
    sending->random = retry_random_any();
    sending->members = memory_new(fields->member_count, FINGERPRINT_MEMBER_LEN);
    if (settling_open(&sending->settling, parts->ledger, error) == 0 && heed_start(sending, error) == 0)
        sending->sender = sender_new(parts->job, parts->provider, inbox_put_delivery, parts->inbox, error);
    if (sending->sender &&
        floors_start(&sending->floors, sending->sender, parts->ledger, parts->job->provider.nonce_floor,
                     error) == 0 &&
        follow_last(sending->sender, parts->ledger, parts->job, parts->provider, error) == 0) {
        sending->started = pthread_create(&sending->thread, NULL, sender_main, sending->sender) == 0;
        if (sending->started)
            return sending;
        error_set(error, ERROR_USAGE,
                  "cannot start a thread\nhint: raise the limit on processes (ulimit -u)");
    }
    sending_close(sending);
    return NULL;
}

void sending_close(struct sending *sending)
{
    if (!sending)
        return;
    sending_finish(sending);
    sender_free(sending->sender);
    floors_clear(&sending->floors);
    free(sending->members);
    guard_clear(&sending->guard);
    waiting_clear(&sending->waiting);
    settling_close(&sending->settling);
    item_pool_clear(&sending->pool);
    free(sending);
}

bool sending_has_capacity(const struct sending *sending)
{
    if (guard_is_canary(&sending->guard) && sending->pool.count > 0)
        return false;
    return !sending->stopping && sending->submitted + sending->new_items.count < sending->ahead_max &&
           item_pool_has_capacity(&sending->pool);
}

int sending_begin(struct sending *sending, struct error *error)
{
    return sending->failed ? 0 : ledger_begin(sending->parts.ledger, error);
}

int sending_journal(struct sending *sending, struct item *item, const uint8_t *digest, const uint8_t *members,
                    bool supersedes, struct error *error)
{
    uint8_t email[FINGERPRINT_MEMBER_LEN];
    fingerprint_email(sending->parts.fingerprint, item->record, email);
    uint8_t identity[FINGERPRINT_IDENTITY_LEN];
    bool has_identity = fingerprint_identity(sending->parts.fingerprint, item->record, identity);
    const struct ledger_intent intent = {
        .id = item->customer,
        .external_id = item->record->values[FIELD_EXTERNAL_ID].text,
        .row = item->record->row,
        .operation = item->delivery.call.operation,
        .digest = digest,
        .member_digests = slice_make((const char *)members,
                                     sending->parts.provider->fields->member_count * FINGERPRINT_MEMBER_LEN),
        .email_digest = slice_make((const char *)email, sizeof email),
        .idempotency_key =
            slice_from(item->delivery.call.idempotency_key ? item->delivery.call.idempotency_key : ""),
        .identity = slice_make((const char *)identity, has_identity ? sizeof identity : 0),
        .at_ns = clock_real_ns(),
    };

    item->delivery.call.journalled_ns = intent.at_ns;
    item->sent_boot_ns = supersedes ? item->sent_boot_ns : clock_boot_ns();
    clocks_journalled(&sending->settling.clocks, intent.at_ns, clock_boot_ns());
    int failed = supersedes ? ledger_journal_superseded(sending->parts.ledger, &intent, error)
                            : ledger_journal(sending->parts.ledger, &intent, &item->customer, error);
    if (failed) /* an item without a journal entry must not be sent with the rest of the round */
        sending_fail(sending);
    failpoint("journalled");
    return failed;
}

/* NULL of NULL. */
static const char *copy_text(struct item *item, const char *text)
{
    return text ? arena_copy(&item->arena, slice_from(text)).data : NULL;
}

/* user_id, former_key: as in struct provider_call; in the item's arena. */
static int add_update(struct sending *sending, struct item *item, const char *user_id, const char *former_key,
                      const struct changes *changes, struct error *error)
{
    item->delivery.call.operation = OPERATION_UPDATE;
    item->delivery.call.user_id = user_id;
    item->delivery.call.former_key = former_key;
    item->delivery.call.members = changes->send;
    item->immutable = changes->immutable;
    return sending_journal(sending, item, changes->digest, changes->members, false, error);
}

/* The idempotency key of a create, where the provider has such: the journalled one, else a new one. */
static void set_idempotency_key(struct sending *sending, struct item *item, const struct decision *decision)
{
    char key[IDEMPOTENCY_KEY_SIZE];
    const char *given = decision->idempotency_key;

    if (sending->parts.provider->recovery != PROVIDER_RECOVERY_LOOK_UP)
        return;
    if (!given)
        given = idempotency_key(sending->parts.job->name, item->record->values[FIELD_EXTERNAL_ID].text,
                                decision->refusals, key);
    item->delivery.call.idempotency_key = arena_copy(&item->arena, slice_from(given)).data;
}

/* A create in doubt of an earlier run: repeated, looked up or listed. */
static int add_in_doubt(struct sending *sending, struct item *item, const struct decision *decision,
                        struct error *error)
{
    item->changed = decision->changed;
    item->is_undated =
        decision->journalled_run != 0 && decision->journalled_run != sending->settling.clock_run;
    sending_mark_in_doubt(sending, item, true);
    item->delivery.call.journalled_ns =
        decision->first_sent_at; /* its journal entry covers this attempt too */
    if (settling_is_due(sending, item)) {
        if (settling_add(sending, item, true, error) == 0)
            return 0;
        fifo_append(&sending->new_items, &item->link);
        return -1;
    }
    fifo_append(&sending->new_items, &item->link);
    if (!item->changed)
        return 0;
    return sending_journal(sending, item, decision->changes.digest, decision->changes.members, true, error);
}

int sending_add(struct sending *sending, const struct record *record, const struct decision *decision,
                struct error *error)
{
    struct item *item = item_new(&sending->pool, record);

    assert(decision->kind == DECISION_CREATE || decision->kind == DECISION_RECONCILE ||
           decision->kind == DECISION_UPDATE);
    item->customer = decision->customer;
    item->immutable = FIELD_NONE;
    if (decision->kind == DECISION_UPDATE) {
        fifo_append(&sending->new_items, &item->link);
        return add_update(sending, item, copy_text(item, decision->user_id),
                          copy_text(item, decision->former_key), &decision->changes, error);
    }
    item->delivery.call.operation = OPERATION_CREATE;
    set_idempotency_key(sending, item, decision);
    if (decision->kind == DECISION_RECONCILE)
        return add_in_doubt(sending, item, decision, error);
    fifo_append(&sending->new_items, &item->link);
    fingerprint_members(sending->parts.fingerprint, record, sending->members);
    return sending_journal(sending, item, record->digest, sending->members, false, error);
}

void sending_mark_in_doubt(struct sending *sending, struct item *item, bool in_doubt)
{
    sending->in_doubt_count += (uint64_t)in_doubt - (uint64_t)item->in_doubt;
    item->in_doubt = in_doubt;
}

int sending_write(struct sending *sending, struct item *item, struct conclusion *conclusion,
                  bool with_outcome, struct error *error)
{
    const struct delivery *delivery = &item->delivery;
    struct ledger_result result = {
        .id = item->customer,
        .row = item->record->row,
        .operation = delivery->call.operation,
        .conclusion = conclusion->ledger,
        .event = conclusion->event,
        .outcome = with_outcome ? &delivery->outcome : NULL,
        .left_out = item->left_out,
        .attempt = item->attempts,
        .latency_ms = (uint32_t)(delivery->latency_ns / CLOCK_NS_PER_MS),
        .at_ns = clock_real_ns(),
    };
    bool taken = false;

    if (!conclusion->write)
        return 0;
    if (sending->failed) {
        if (conclusion->ledger != LEDGER_RESULT_ABANDONED) /* journalled without an outcome: in doubt */
            conclusion->kind = CONCLUSION_IN_DOUBT;
        return 0;
    }
    if (ledger_result(sending->parts.ledger, &result, &taken, error) != 0)
        return -1;
    failpoint("outcome written");
    if (taken)
        conclusion->kind = CONCLUSION_IN_DOUBT;
    return 0;
}

/* The item waits for the commit of its conclusion. */
static void finish_item(struct sending *sending, struct item *item, const struct conclusion *conclusion)
{
    item->final = *conclusion;
    sending->in_doubt_count -= item->in_doubt;
    fifo_append(&sending->concluded, &item->link);
}

/* A create in doubt whose row has changed is resolved: the user exists with the journalled data or with this
 * row's, and the difference is sent as an update. */
static int start_update(struct sending *sending, struct item *item, struct conclusion *conclusion,
                        struct error *error)
{
    struct ledger_customer customer;
    struct changes changes = {.send = 0};

    sending_mark_in_doubt(sending, item, false);
    item->changed = false;
    item->delivery.call.idempotency_key = NULL;
    item_restart(item);
    if (!sending->failed &&
        ledger_find(sending->parts.ledger, item->customer, &item->arena, &customer, error) != 1)
        return -1;
    if (!sending->failed)
        changes_find(sending->parts.provider, sending->parts.fingerprint, item->record, &customer, &changes);
    if (sending->stopping || changes.send == 0) { /* the next run finds the rest of the change */
        conclusion->kind = CONCLUSION_CREATED;
        finish_item(sending, item, conclusion);
        return 0;
    }
    if (add_update(sending, item, customer.user_id.data,
                   customer.former_key.len ? customer.former_key.data : NULL, &changes, error) != 0)
        return -1;
    fifo_append(&sending->new_items, &item->link);
    return 0;
}

int sending_apply_action(struct sending *sending, struct item *item, struct conclusion *conclusion,
                         uint64_t wait_ns, struct error *error)
{
    const struct outcome *outcome = &item->delivery.outcome;
    bool continues = conclusion->kind == CONCLUSION_AGAIN || conclusion->kind == CONCLUSION_ASK;
    uint64_t now_ns = clock_mono_ns();

    if (heed_answer(sending, item, conclusion, error) != 0)
        return -1;
    if (conclusion->kind == CONCLUSION_UPDATE_NEXT)
        return start_update(sending, item, conclusion, error);
    if (!continues) {
        finish_item(sending, item, conclusion);
        return 0;
    }
    if (outcome->kind == OUTCOME_IN_DOUBT) {
        sending_mark_in_doubt(sending, item, true);
        item->absent = false;
    }
    if (item->delivery.call.operation == OPERATION_CREATE)
        item->exists = outcome->kind == OUTCOME_EXISTS;
    if (conclusion->kind == CONCLUSION_ASK || settling_is_due(sending, item))
        return settling_add(sending, item, false, error);
    sending->parts.stats->retries[outcome->cause]++;
    if (!item->retrying_since_ns)
        item->retrying_since_ns = now_ns;
    item->due_ns = now_ns + wait_ns;
    waiting_put(&sending->waiting, item);
    return 0;
}

/* One line for each attempt (-v). The message is masked; the key is the customer's own. */
static void log_attempt(const struct item *item)
{
    const struct delivery *delivery = &item->delivery;
    const struct outcome *outcome = &delivery->outcome;
    struct slice key = item->record->values[FIELD_EXTERNAL_ID].text;

    if (outcome->kind == OUTCOME_WITHDRAWN)
        return;
    log_debug("row %" PRIu64 ", %.*s: %s %" PRIu32 ": %s, HTTP %d, %" PRIu64 " ms%s%s", item->record->row,
              (int)key.len, key.data, operation_word(delivery->call.operation), item->attempts,
              outcome_word(outcome->kind), outcome->http_status, delivery->latency_ns / CLOCK_NS_PER_MS,
              outcome->message[0] ? ": " : "", outcome->message);
}

/* The session works for other records, so the cause is at the provider, with this record. */
static void set_unauthorized(const struct item *item, struct outcome *outcome)
{
    snprintf(outcome->code, sizeof outcome->code, "unauthorized");
    snprintf(
        outcome->message, sizeof outcome->message,
        "HTTP 401 with %d tokens in a row, while other requests succeed: ask the provider why, then run again",
        CONCLUDE_BAD_TOKENS_MAX);
    log_warning("row %" PRIu64 ": %s", item->record->row, outcome->message);
}

static int conclude_item(struct sending *sending, struct item *item, struct error *error)
{
    struct delivery *delivery = &item->delivery;
    struct outcome *outcome = &delivery->outcome;
    const struct job_delivery *limits = &sending->parts.job->delivery;
    uint64_t now_ns = clock_mono_ns();

    if (outcome->kind != OUTCOME_WITHDRAWN)
        item->attempts++;
    log_attempt(item);
    if (delivery->sent)
        rate_series_add(&sending->parts.stats->rate_series, delivery->done_real_ns);
    item->bad_nonces += outcome->kind == OUTCOME_BAD_NONCE;
    if (delivery->was_probe || outcome->kind == OUTCOME_BAD_TOKEN)
        item_spare(item, delivery->was_probe);
    if (conclude_is_unauthorized(item, outcome))
        set_unauthorized(item, outcome);
    heed_outcome(sending, delivery);
    uint32_t counted = item->attempts - item->spared;
    uint64_t wait_ns = retry_wait_ns(counted ? counted : 1, retry_random_next(&sending->random));
    if (wait_ns < outcome->retry_after_ns)
        wait_ns += outcome->retry_after_ns;
    if (item->look_up && settling_has_answer(item)) {
        int taken = settling_receive(sending, item, error);
        if (taken != 0)
            return taken < 0 ? -1 : 0;
    }
    struct conclusion conclusion =
        conclude(item, outcome, delivery->sent,
                 &(struct conclude_limits){.attempts = limits->attempts,
                                           .retry_for_ns = limits->retry_for_ns,
                                           .settle = limits->settle,
                                           .doubt = sending->parts.provider->recovery,
                                           .stopping = sending->stopping},
                 now_ns, wait_ns);
    if (warning_evaluate(sending, item, &conclusion, error) != 0 ||
        sending_write(sending, item, &conclusion, true, error) != 0)
        return -1;
    return sending_apply_action(sending, item, &conclusion, wait_ns, error);
}

int sending_receive(struct sending *sending, struct fifo *deliveries, struct error *error)
{
    int result = 0;

    struct delivery *delivery;
    while ((delivery = FIFO_POP(deliveries, struct delivery))) {
        struct item *item = (struct item *)delivery;
        sending->submitted--;
        failpoint("outcome taken");
        if (delivery->call.operation == OPERATION_LIST) {
            if (settling_receive_list(sending, delivery, error) != 0)
                result = -1;
            continue;
        }
        /* After a failure of the ledger the other deliveries must be accounted for all the same. */
        if (conclude_item(sending, item, error) != 0) {
            sending_fail(sending);
            finish_item(sending, item, &(struct conclusion){.kind = CONCLUSION_IN_DOUBT});
            result = -1;
        }
    }
    return result;
}

/* Counts an item whose conclusion is durable. Where the ledger failed it is in doubt, whatever its outcome.
 */
static int count_item(struct sending *sending, struct item *item, struct error *error)
{
    struct run_stats *stats = sending->parts.stats;
    struct verdict verdict = {.field = item->final.field, .level = VERDICT_REJECT, .rule = item->final.rule};
    bool unrecorded = sending->failed && item->final.kind != CONCLUSION_UNSENT;

    if (!unrecorded)
        warning_count(sending, item);
    switch (unrecorded ? CONCLUSION_IN_DOUBT : item->final.kind) {
    case CONCLUSION_CREATED:
        stats->created++;
        return 0;
    case CONCLUSION_UPDATED:
        stats->updated++;
        return 0;
    case CONCLUSION_IN_DOUBT:
        stats->in_doubt++;
        return 0;
    case CONCLUSION_UNSENT:
        stats->unsent++;
        return 0;
    case CONCLUSION_REFUSED:
    case CONCLUSION_AGAIN:
    case CONCLUSION_ASK:
    case CONCLUSION_UPDATE_NEXT:
        break;
    }
    assert(item->final.kind == CONCLUSION_REFUSED);
    bool is_done =
        item->delivery.outcome.kind == OUTCOME_DONE; /* all but the change that cannot be sent was done */
    verdict.message = slice_from(is_done ? CHANGES_IMMUTABLE : item->delivery.outcome.message);
    stats->refused++;
    run_stats_add_refusal(stats, item->record, verdict.field, verdict.rule,
                          is_done ? "" : item->delivery.outcome.code);
    return rejects_add_refused(sending->parts.rejects, item->record, &verdict, error);
}

static void submit(struct sending *sending, struct item *item)
{
    struct provider_call *call = &item->delivery.call;

    call->in_doubt = call->operation == OPERATION_CREATE && item->in_doubt;
    item->delivery.subject = (uint64_t)item->customer;
    sending->submitted++;
    sender_submit(sending->sender, &item->delivery);
    failpoint("submitted");
}

static int give_up_waiting(struct sending *sending, struct error *error)
{
    struct item *item;
    int result = 0;

    while ((item = waiting_take(&sending->waiting)) || (item = FIFO_POP(&sending->new_items, struct item)) ||
           (item = FIFO_POP(&sending->settling.waiting, struct item))) {
        struct conclusion conclusion = conclude_given_up(item);
        if (sending_write(sending, item, &conclusion, false, error) != 0) {
            sending_fail(sending);
            result = -1;
        }
        finish_item(sending, item, &conclusion);
    }
    return result;
}

int sending_commit(struct sending *sending, struct error *error)
{
    struct item *item;
    int result = 0;

    if (sending->stopping && give_up_waiting(sending, error) != 0)
        result = -1;
    if (!sending->failed &&
        (settling_record_clock(sending, error) != 0 || floors_reserve(&sending->floors, error) != 0 ||
         ledger_commit(sending->parts.ledger, error) != 0)) {
        sending_fail(sending);
        give_up_waiting(sending, error);
        result = -1;
    }
    if (!sending->failed) /* else the reservation is not durable */
        floors_publish(&sending->floors);
    while ((item = FIFO_POP(&sending->concluded, struct item))) {
        if (count_item(sending, item, error) != 0)
            result = -1;
        failpoint("outcome counted");
        item_free(&sending->pool, item);
    }
    uint64_t now_ns = clock_mono_ns();
    while (waiting_next_ns(&sending->waiting) <= now_ns)
        submit(sending, waiting_take(&sending->waiting));
    while ((item = FIFO_POP(&sending->new_items, struct item)))
        submit(sending, item);
    if (!sending->failed && settling_start(sending, now_ns, error) != 0) {
        sending_fail(sending);
        result = -1;
    }
    return result;
}

uint64_t sending_next_ns(const struct sending *sending)
{
    uint64_t floors_ns = floors_next_ns(&sending->floors), waiting_ns = waiting_next_ns(&sending->waiting);

    uint64_t settling_ns = settling_next_ns(sending);
    if (sending->stopping && (sending->waiting.count || sending->settling.waiting.count))
        return 0; /* to be given up */
    if (settling_ns < waiting_ns)
        waiting_ns = settling_ns;
    return floors_ns < waiting_ns ? floors_ns : waiting_ns;
}

const char *sending_stop_reason(const struct sending *sending)
{
    return sending->stop_reason[0] ? sending->stop_reason : NULL;
}

void sending_stop(struct sending *sending, bool at_once)
{
    sending->stopping = true;
    if (at_once)
        sender_abort(sending->sender);
    else
        sender_withdraw(sending->sender);
}

void sending_fail(struct sending *sending)
{
    sending->failed = true;
    sending_stop(sending, false);
}

bool sending_is_idle(const struct sending *sending)
{
    return sending->pool.count == 0;
}

uint64_t sending_in_doubt_count(const struct sending *sending)
{
    return sending->in_doubt_count;
}

uint64_t sending_requests(const struct sending *sending)
{
    return sender_requests(sending->sender);
}

void sending_finish(struct sending *sending)
{
    struct run_stats *stats = sending->parts.stats;
    struct sender_figures figures;

    if (!sending->started)
        return;
    sender_finish(sending->sender);
    pthread_join(sending->thread, NULL);
    sending->started = false;
    sender_figures(sending->sender, &figures);
    stats->requests = figures.requests;
    stats->rate_per_s = figures.rate_per_s;
    stats->max_per_second = figures.max_per_second;
    stats->p50_ms = figures.p50_ms;
    stats->p95_ms = figures.p95_ms;
    stats->p99_ms = figures.p99_ms;
    stats->max_ms = figures.max_ms;
    stats->replies = figures.answers;
    stats->latency_sum_ns = figures.latency_sum_ns;
    stats->pauses = figures.pauses;
    stats->pause_ns = figures.pause_ns;
}

int sending_record_end(const struct sending *sending, struct error *error)
{
    return follow_end(sending->sender, sending->parts.ledger, error);
}
