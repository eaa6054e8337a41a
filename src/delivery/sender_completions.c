
#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/text.h"
#include "delivery/sender_internal.h"

enum { HTTP_FIRST_SERVER_ERROR = 500 };

static void complete_delivery(struct sender *sender, struct delivery *delivery)
{
    delivery->done_real_ns = clock_real_ns();
    sender->done(sender->context, delivery);
}

/* outcome: why it was not sent. date_ns: of the reply that caused it; 0: none. */
static void set_unsent(struct delivery *delivery, const struct outcome *outcome, uint64_t date_ns)
{
    delivery->outcome = *outcome;
    delivery->sent = delivery->was_probe = false;
    delivery->latency_ns = 0;
    delivery->date_ns = date_ns;
}

void sender_complete_unsent(struct sender *sender, struct delivery *delivery, enum outcome_kind kind,
                            const char *code, const char *message)
{
    struct outcome outcome = {.kind = kind};
    snprintf(outcome.code, sizeof outcome.code, "%s", code);
    text_format(outcome.message, sizeof outcome.message, "%s", message);
    set_unsent(delivery, &outcome, 0);
    complete_delivery(sender, delivery);
}

static bool is_login(const struct delivery *delivery)
{
    return delivery->call.operation == OPERATION_LOGIN;
}

/* Login failed: fail only the first queued delivery so that the rest retry the login. Login refused: fail
 * them all. was_probe: it was the breaker's. */
static void fail_waiting(struct sender *sender, const struct delivery *login, bool all, bool was_probe)
{
    struct delivery *delivery;
    while ((delivery = FIFO_POP(&sender->waiting, struct delivery))) {
        set_unsent(delivery, &login->outcome, login->date_ns);
        delivery->was_probe = was_probe;
        complete_delivery(sender, delivery);
        if (!all)
            return;
    }
}

/* True when the login was answered: with a token, a refusal, or a 429. */
static bool end_login(struct sender *sender, const struct attempt *attempt)
{
    struct key_slot *key_slot = attempt->key_slot;
    struct slice body = buffer_slice(&attempt->response.body);
    struct outcome *outcome = &key_slot->login_delivery.outcome;
    uint64_t now = clock_mono_ns(), seconds = 0;
    if (outcome->kind == OUTCOME_DONE) {
        seconds = sender->provider->read_token(key_slot->account, body);
        if (seconds > 0) {
            login_succeeded(&key_slot->login, seconds, now);
            failpoint("logged in");
            return true;
        }
        outcome->cause = RETRY_AUTH;
        snprintf(outcome->code, sizeof outcome->code, "no_token");
        snprintf(outcome->message, sizeof outcome->message, "the answer to the login holds no token");
    }
    bool refused = outcome->kind == OUTCOME_STOP || outcome->kind == OUTCOME_REFUSED;
    bool answered = refused || outcome->kind == OUTCOME_THROTTLED;
    if (login_failed(&key_slot->login, now) && !refused)
        return answered;
    if (refused)
        outcome->kind = OUTCOME_STOP;
    else if (!answered)
        outcome->kind = OUTCOME_NOT_SENT;
    sender->gate.withdrawn = sender->gate.withdrawn || refused;
    fail_waiting(sender, &key_slot->login_delivery, refused, attempt->is_probe && !answered);
    return answered;
}

/* answered: with anything but a 5xx. */
static void record_in_breaker(struct sender *sender, uint64_t subject, bool is_probe,
                              const struct outcome *outcome, bool answered)
{
    struct breaker *breaker = &sender->breaker;
    uint64_t now = clock_mono_ns(), opened_ns = breaker->opened_ns;
    if (sender->aborted) /* what this process drops is no failure of the provider */
        return;
    if (!answered) {
        breaker_add_subject(breaker, subject);
        text_format(sender->last_failure, sizeof sender->last_failure, "%s",
                    outcome->message[0] ? outcome->message : outcome->code);
    }
    if (!breaker_record(breaker, answered, is_probe, now, retry_random_next(&sender->random)) ||
        breaker->has_given_up)
        return;
    if (breaker->is_open) {
        log_info("%d consecutive failures (last: %s): sending paused; probing with one request at a time",
                 BREAKER_FAILURES, sender->last_failure);
    } else {
        log_info("the provider answers again after %" PRIu64 " s: sending resumed",
                 (now - opened_ns) / CLOCK_NS_PER_S);
    }
}

/* Applies the Retry-After of a reply of any status to all requests. */
static void apply_retry_after(struct sender *sender, const struct attempt *attempt,
                              const struct outcome *outcome)
{
    uint64_t now = clock_mono_ns(), wait_ns = outcome->retry_after_ns;
    if (outcome->kind == OUTCOME_THROTTLED)
        limiter_throttle(&sender->gate.limiter, now, attempt->sent_ns, wait_ns);
    else if (wait_ns > 0)
        limiter_hold(&sender->gate.limiter, now, wait_ns);
    sender_share_note(sender, outcome->kind == OUTCOME_THROTTLED, wait_ns);
    if (wait_ns > sender->job->delivery.retry_for_ns && wait_ns > sender->excessive_wait_ns)
        sender->excessive_wait_ns = wait_ns;
}

/* Frees an attempt for the next request. True: it was deferred. */
static bool release_attempt(struct sender *sender, struct attempt *attempt)
{
    attempt_end(attempt);
    attempt->key_slot->in_flight--;
    sender->in_flight--;
    attempt->next = sender->idle;
    sender->idle = attempt;
    return attempt->deferred;
}

static void add_latency(struct sender *sender, uint64_t ns)
{
    latency_add(&sender->latency, ns);
    atomic_fetch_add(&sender->latency_counts[latency_histogram_bucket(ns)], 1);
    atomic_fetch_add(&sender->latency_sum_ns, ns);
}

static void end_attempt(struct sender *sender, struct attempt *attempt, CURLcode result)
{
    curl_multi_remove_handle(sender->multi, attempt->easy);
    struct delivery *delivery = attempt->delivery;
    if (attempt->sent)
        failpoint("answer received");
    else
        limiter_drop(&sender->gate.limiter);
    if (attempt->deferred) {
        breaker_release(&sender->breaker, attempt->is_probe);
    } else {
        attempt_classify(attempt, result);
        if (delivery->date_ns)
            atomic_store(&sender->provider_clock, (int64_t)delivery->date_ns - (int64_t)clock_boot_ns());
        if (attempt_is_complete(attempt, result))
            add_latency(sender, delivery->latency_ns);
        apply_retry_after(sender, attempt, &delivery->outcome);
    }
    if (is_login(delivery)) {
        if (attempt->deferred) {
            attempt->key_slot->login.in_progress = false;
        } else {
            bool answered = end_login(sender, attempt);
            record_in_breaker(sender, 0, attempt->is_probe, &delivery->outcome, answered);
        }
        attempt_forget(attempt);
        release_attempt(sender, attempt);
        return;
    }
    if (release_attempt(sender, attempt)) { /* not one byte went out: it waits again, at the head */
        fifo_prepend(&sender->waiting, &delivery->link);
        return;
    }
    int status = delivery->outcome.http_status;
    bool answered = status > 0 && status < HTTP_FIRST_SERVER_ERROR;
    record_in_breaker(sender, delivery->subject, attempt->is_probe, &delivery->outcome, answered);
    delivery->was_probe = attempt->is_probe && !answered && breaker_blames_provider(&sender->breaker);
    if (delivery->outcome.kind == OUTCOME_STOP || delivery->outcome.stops ||
        (delivery->outcome.kind == OUTCOME_BAD_NONCE && ++sender->bad_nonces >= SENDER_BAD_NONCES_MAX))
        sender->gate.withdrawn = true; /* the coordinator would hear of it too late */
    complete_delivery(sender, delivery);
}

void sender_complete_finished(struct sender *sender)
{
    int left_over;
    CURLMsg *message;
    while ((message = curl_multi_info_read(sender->multi, &left_over))) {
        if (message->msg == CURLMSG_DONE) {
            struct attempt *attempt = NULL;
            CURLcode result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&attempt);
            end_attempt(sender, attempt, result);
        }
    }
}

void sender_drop_in_flight(struct sender *sender)
{
    for (size_t i = 0; i < sender->attempt_count; i++)
        if (sender->attempts[i]->delivery)
            end_attempt(sender, sender->attempts[i], CURLE_ABORTED_BY_CALLBACK);
}
