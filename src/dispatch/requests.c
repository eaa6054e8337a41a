#include "dispatch/requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/memory.h"
#include "core/text.h"
#include "delivery/retry.h"
#include "dispatch/session.h"
#include "dispatch/task.h"
#include "job/job_load.h"
#include "report/progress.h"

enum {
    WINDOW_MAX = 256,
    MAX_CONSECUTIVE_NO_ANSWER = 10, /* requests in a row without a usable answer */
};

struct requests {
    const struct requests_parts *parts;
    const struct requests_handler *handler;
    struct error *error;
    struct session *session;
    struct retry_random random;
    struct request *all;
    size_t window, out; /* out: not free */
    bool ended;         /* there is no further request at present */
    bool failed;        /* with *error: no further attempt */
    bool broken;        /* the ledger failed: nothing of the round is committed */
    unsigned interrupts;
    uint32_t consecutive_no_answer, bad_nonces;
    struct progress progress;
    uint64_t ended_count; /* requests, so far */
};

static void request_stop(struct requests *requests, enum error_scope scope, const char *why)
{
    if (!requests->failed)
        error_set(requests->error, scope, "%s", why);
    requests->failed = true;
    sender_withdraw(session_sender(requests->session));
}

/* Of a callback or the ledger. */
static void stop_by_error(struct requests *requests, const struct error *error)
{
    const struct ledger *ledger = requests->parts->ledger;

    requests->broken =
        requests->broken || error->scope == ERROR_LEDGER || (ledger && ledger_has_failed(ledger));
    request_stop(requests, error->scope, error->text);
}

/* A round that was not committed, for whatever reason. */
static void stop_by_ledger(struct requests *requests, const struct error *error)
{
    requests->broken = true;
    stop_by_error(requests, error);
}

void request_set_user(struct request *request, enum operation operation, struct slice user_id)
{
    snprintf(request->user_id, sizeof request->user_id, "%.*s", (int)user_id.len,
             user_id.len ? user_id.data : "");
    request->delivery.call.operation = operation;
    request->delivery.call.user_id = request->user_id;
}

static void end_request(struct requests *requests, struct request *request)
{
    if (requests->handler->release)
        requests->handler->release(requests->parts->context, request);
    request->state = REQUEST_FREE;
    requests->out--;
    requests->ended_count++;
    requests->ended = false; /* an answer may lead to another request */
}

static void give_up(struct requests *requests, struct request *request)
{
    struct error error;

    if (!requests->broken &&
        requests->handler->gave_up(requests->parts->context, request, requests->failed, &error) != 0)
        stop_by_error(requests, &error);
    end_request(requests, request);
}

static void accept_answer(struct requests *requests, struct request *request)
{
    struct error error;

    requests->consecutive_no_answer = 0;
    failpoint("outcome taken");
    if (!requests->broken && requests->handler->answered(requests->parts->context, request, &error) != 0)
        stop_by_error(requests, &error);
    end_request(requests, request);
}

/* No usable answer: true when another attempt is allowed, after a wait. */
static bool may_retry(struct requests *requests, struct request *request)
{
    const struct job_delivery *limits = &requests->parts->job->delivery;
    const struct outcome *outcome = &request->delivery.outcome;
    uint64_t now_ns = clock_mono_ns();
    bool was_probe = request->delivery.was_probe, is_over = outcome->kind == OUTCOME_BAD_TOKEN;

    if (!was_probe && !is_over) /* neither is about the request */
        request->failures++;
    if (was_probe)
        request->retrying_since_ns = 0;
    uint64_t wait_ns =
        retry_wait_ns(request->failures ? request->failures : 1, retry_random_next(&requests->random));
    wait_ns += outcome->retry_after_ns;
    if (outcome->retry_after_ns > limits->retry_for_ns) {
        char text[RETRY_AFTER_TEXT_SIZE];
        request_stop(requests, ERROR_PROVIDER, retry_after_text(outcome->retry_after_ns, text));
    }
    if (outcome->kind == OUTCOME_BAD_NONCE && ++requests->bad_nonces >= SENDER_BAD_NONCES_MAX)
        request_stop(
            requests, ERROR_PROVIDER,
            "the provider rejects the nonces as invalid\nhint: make sure that no other program uses this API key");
    if (!request->retrying_since_ns)
        request->retrying_since_ns = now_ns;
    request->due_ns = now_ns + wait_ns;
    return !requests->failed && !(is_over && request->delivery.bad_tokens >= TASK_BAD_TOKENS_MAX) &&
           retry_is_allowed(request->failures, limits->attempts, now_ns - request->retrying_since_ns, wait_ns,
                            limits->retry_for_ns);
}

/* True when the handler wants another attempt, too. */
static bool wants_retry(struct requests *requests, struct request *request)
{
    struct error error;

    if (!requests->handler->repeats || requests->broken)
        return !requests->broken;
    int repeats = requests->handler->repeats(requests->parts->context, request, &error);
    if (repeats < 0)
        stop_by_error(requests, &error);
    return repeats > 0;
}

static void handle_no_answer(struct requests *requests, struct request *request)
{
    char text[OUTCOME_MESSAGE_SIZE + 128];
    const struct outcome outcome = request->delivery.outcome;
    bool is_essential = request->is_essential;

    if (may_retry(requests, request) && wants_retry(requests, request)) {
        request->state = REQUEST_WAITING;
        return;
    }
    bool was_failed = requests->failed;
    give_up(requests, request);
    if (was_failed || (!is_essential && ++requests->consecutive_no_answer < MAX_CONSECUTIVE_NO_ANSWER))
        return;
    if (outcome.kind == OUTCOME_DONE)
        text_format(
            text, sizeof text,
            "the provider's answer cannot be used: it has no list of users, or not all of it\nhint: check provider.base_url, and whether the provider has changed its answers");
    else
        text_format(text, sizeof text,
                    "the provider does not answer (%s)\nhint: run it again when the provider answers",
                    outcome.message[0] ? outcome.message : outcome.code);
    request_stop(requests, ERROR_PROVIDER, text);
}

/* An answer that can be used, as far as its outcome shows. */
static bool is_answered(const struct requests *requests, const struct request *request)
{
    enum outcome_kind kind = request->delivery.outcome.kind;

    if (kind == OUTCOME_DONE)
        return !requests->handler->is_usable ||
               requests->handler->is_usable(requests->parts->context, request);
    return !request->is_essential && (kind == OUTCOME_REFUSED || kind == OUTCOME_EXISTS);
}

static void handle_delivery(struct requests *requests, struct delivery *delivery)
{
    struct request *request = (struct request *)delivery;
    const struct outcome *outcome = &delivery->outcome;

    if (outcome->kind == OUTCOME_STOP || (outcome->kind == OUTCOME_IN_DOUBT && outcome->stops))
        request_stop(requests, ERROR_PROVIDER, outcome->message);
    if (is_answered(requests, request))
        accept_answer(requests, request);
    else if (outcome->kind == OUTCOME_STOP || outcome->kind == OUTCOME_WITHDRAWN)
        give_up(requests, request);
    else
        handle_no_answer(requests, request);
}

static void submit(struct requests *requests, struct request *request)
{
    struct delivery *delivery = &request->delivery;
    enum operation operation = delivery->call.operation;
    bool collects = !delivery->sink && (operation == OPERATION_FETCH || operation == OPERATION_LOOK_UP);

    *delivery = (struct delivery){.bad_tokens = delivery->bad_tokens,
                                  .subject = delivery->subject,
                                  .call = delivery->call,
                                  .sink = collects ? delivery_collect : delivery->sink,
                                  .sink_context = collects ? &request->body : delivery->sink_context};
    request->state = REQUEST_IN_FLIGHT;
    request->attempt++;
    sender_submit(session_sender(requests->session), delivery);
    failpoint("submitted");
}

/* Asks for the next request, and journals it. */
static void begin_request(struct requests *requests, struct request *request)
{
    const struct requests_handler *handler = requests->handler;
    void *context = requests->parts->context;
    struct error error;

    request->delivery = (struct delivery){.bad_tokens = 0};
    request->is_essential = false;
    request->attempt = request->failures = 0;
    request->retrying_since_ns = 0;
    memset(request->extra, 0, requests->parts->extra_size);
    buffer_reset(&request->body);
    int found = handler->next(context, request, &error);
    requests->ended = found == 0;
    if (found == 1) {
        request->state = REQUEST_READY;
        requests->out++;
        if (handler->journal && handler->journal(context, request, &error) != 0)
            found = -1;
        else
            failpoint("journalled");
    }
    if (found < 0)
        stop_by_error(requests, &error);
}

/* In a round's transaction. */
static void fill_window(struct requests *requests)
{
    for (size_t i = 0; i < requests->window; i++) {
        struct request *request = &requests->all[i];
        if (request->state == REQUEST_WAITING && requests->failed)
            give_up(requests, request);
        else if (request->state == REQUEST_FREE && !requests->ended && !requests->failed)
            begin_request(requests, request);
    }
}

/* After a round's commit: also what the sender only returns as withdrawn, so that it is given up. */
static void submit_due(struct requests *requests)
{
    uint64_t now_ns = clock_mono_ns();

    for (size_t i = 0; i < requests->window; i++) {
        struct request *request = &requests->all[i];
        if (request->state == REQUEST_READY && requests->broken)
            end_request(requests, request);
        else if (request->state == REQUEST_READY ||
                 (request->state == REQUEST_WAITING && !requests->failed && request->due_ns <= now_ns))
            submit(requests, request);
    }
}

/* Arrivals, what follows from them, the next requests; then one commit. */
static void run_round(struct requests *requests, struct coordinator_queue_arrivals *arrivals)
{
    struct ledger *ledger = requests->parts->ledger;
    struct delivery *delivery;
    struct error error;

    if (ledger && !requests->broken && ledger_begin(ledger, &error) != 0)
        stop_by_ledger(requests, &error);
    while ((delivery = FIFO_POP(&arrivals->deliveries, struct delivery)))
        handle_delivery(requests, delivery);
    fill_window(requests);
    if (ledger && !requests->broken &&
        (session_write(requests->session, false, &error) != 0 || ledger_commit(ledger, &error) != 0))
        stop_by_ledger(requests, &error);
    if (!requests->broken) {
        session_publish(requests->session);
        if (requests->handler->committed)
            requests->handler->committed(requests->parts->context);
    }
    submit_due(requests);
}

static void handle_signals(struct requests *requests, unsigned interrupts)
{
    if (interrupts == requests->interrupts)
        return;
    requests->interrupts = interrupts;
    request_stop(requests, ERROR_INTERRUPTED, requests->parts->interrupted);
    if (interrupts > 1)
        sender_abort(session_sender(requests->session));
}

/* When the next round is due without an arrival. */
static uint64_t next_round_ns(const struct requests *requests)
{
    uint64_t until_ns = clock_mono_ns() + 10 * CLOCK_NS_PER_S;
    uint64_t nonces_ns = session_next_ns(requests->session);

    for (size_t i = 0; i < requests->window; i++)
        if (requests->all[i].state == REQUEST_WAITING && requests->failed)
            return 0;
        else if (requests->all[i].state == REQUEST_WAITING && requests->all[i].due_ns < until_ns)
            until_ns = requests->all[i].due_ns;
    return nonces_ns < until_ns ? nonces_ns : until_ns;
}

/* Counts the requests that are repeated, and finds why nothing is sent. */
static void find_state(struct requests *requests, uint64_t now_ns, struct progress_counts *counts)
{
    uint32_t overdue = session_quiet_in_flight(requests->session, now_ns);
    bool is_held = session_progress(requests->session, now_ns, counts), is_listing = false;
    uint64_t due_ns = UINT64_MAX;
    size_t waiting = 0;

    for (size_t i = 0; i < requests->window; i++) {
        const struct request *request = &requests->all[i];
        counts->retrying += request->state != REQUEST_FREE && request->failures > 0;
        is_listing = is_listing || (request->state == REQUEST_IN_FLIGHT && request->is_essential);
        if (request->state != REQUEST_WAITING)
            continue;
        waiting++;
        due_ns = request->due_ns < due_ns ? request->due_ns : due_ns;
    }
    if (requests->failed) {
        counts->state = requests->interrupts > 1 ? PROGRESS_DROPPING : PROGRESS_STOPPING;
        counts->count = sender_in_flight(session_sender(requests->session));
    } else if (!is_held && is_listing) {
        counts->state = PROGRESS_LIST;
    } else if (!is_held && waiting && waiting == requests->out) {
        counts->state = PROGRESS_RETRY;
        counts->until_ns = due_ns;
    } else if (!is_held && overdue) {
        counts->state = PROGRESS_REPLIES;
        counts->count = overdue;
    }
}

/* Returns when it is to be called again. */
static uint64_t show_progress(struct requests *requests)
{
    const struct requests_handler *handler = requests->handler;
    struct progress_counts counts = {.noun = "requests", .done = requests->ended_count};
    uint64_t now_ns = clock_mono_ns();

    if (now_ns < progress_next_ns(&requests->progress))
        return progress_next_ns(&requests->progress);
    if (handler->progress)
        handler->progress(requests->parts->context, &counts);
    counts.sent = counts.done;
    counts.open = requests->out;
    counts.sends_left = counts.total > counts.done ? (double)(counts.total - counts.done) : 0;
    find_state(requests, now_ns, &counts);
    progress_update(&requests->progress, &counts, now_ns);
    return progress_next_ns(&requests->progress);
}

static void send_all(struct requests *requests)
{
    struct coordinator_queue_arrivals arrivals = {.interrupts = 0};

    for (;;) {
        run_round(requests, &arrivals);
        if (requests->out == 0 && (requests->ended || requests->failed))
            return;
        uint64_t shown_ns = show_progress(requests), until_ns = next_round_ns(requests);
        coordinator_queue_wait(requests->parts->queue, false, shown_ns < until_ns ? shown_ns : until_ns,
                               &arrivals);
        handle_signals(requests, arrivals.interrupts);
    }
}

static int open_requests(struct requests *requests)
{
    const struct requests_parts *parts = requests->parts;
    const struct session_parts session = {.job = parts->job,
                                          .provider = parts->provider,
                                          .ledger = parts->ledger,
                                          .is_probe = !parts->ledger,
                                          .done = coordinator_queue_put_delivery,
                                          .context = parts->queue};
    uint64_t in_flight = parts->job->delivery.in_flight;

    if (in_flight == 0)
        in_flight = parts->provider->in_flight * parts->job->provider.credential_count;
    requests->window = in_flight < WINDOW_MAX / 2 ? (size_t)in_flight * 2 : WINDOW_MAX;
    requests->all = memory_new(requests->window, sizeof *requests->all);
    for (size_t i = 0; i < requests->window; i++) {
        buffer_init(&requests->all[i].body, REQUESTS_BODY_MAX);
        requests->all[i].extra = memory_new(1, parts->extra_size ? parts->extra_size : 1);
    }
    requests->session = session_open(&session, requests->error);
    return requests->session ? 0 : -1;
}

/* Ends the session, and records when it last sent. */
static void end_session(struct requests *requests, uint64_t *sent)
{
    struct ledger *ledger = requests->parts->ledger;
    struct error ignored; /* then the next run waits without need */

    session_finish(requests->session);
    if (ledger && ledger_begin(ledger, &ignored) == 0 && session_record_end(requests->session, &ignored) == 0)
        (void)ledger_commit(ledger, &ignored);
    *sent = sender_requests(session_sender(requests->session));
    session_close(requests->session);
}

static void close_requests(struct requests *requests, uint64_t *sent)
{
    if (requests->session)
        end_session(requests, sent);
    if (!requests->parts->keeps_secrets) /* borrowed by the sender until here: a login may be repeated */
        job_forget_secrets(requests->parts->job);
    for (size_t i = 0; i < requests->window; i++) {
        buffer_clear(&requests->all[i].body);
        free(requests->all[i].extra);
    }
    free(requests->all);
}

int requests_run(const struct requests_parts *parts, uint64_t *sent, struct error *error)
{
    struct requests requests = {.parts = parts, .handler = parts->handler, .error = error};

    *sent = 0;
    requests.random = retry_random_any();
    int result = open_requests(&requests);
    progress_start(&requests.progress, clock_mono_ns());
    if (result == 0)
        send_all(&requests);
    progress_end(&requests.progress);
    close_requests(&requests, sent);
    return result != 0 || requests.failed ? -1 : 0;
}
