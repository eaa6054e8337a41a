#include "dispatch/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "delivery/retry.h"
#include "dispatch/audit_list.h"
#include "dispatch/recovery.h"
#include "dispatch/session.h"
#include "dispatch/task.h"
#include "job/job_load.h"
#include "provider/remote_user.h"

enum {
    WINDOW_MAX = 256,
    KEY_SIZE = 256,
    BODY_MAX = 1024 * 1024,
    MAX_CONSECUTIVE_NO_ANSWER = 10, /* users in a row without an answer */
    HTTP_NOT_FOUND = 404,
    HTTP_GONE = 410,
    ARENA_CHUNK = 4096,
};

/* A request for one user, or for all; it outlives its attempts. */
struct audit_request {
    struct delivery delivery; /* first: a delivery that comes back is its request */
    bool in_use, is_list;
    char user_id[OUTCOME_USER_ID_SIZE], external_id[KEY_SIZE], former_key[KEY_SIZE];
    size_t number;
    struct buffer body;
    uint32_t attempts;
    uint64_t retrying_since_ns, due_ns; /* due_ns: 0 while it is in flight */
};

struct audit {
    const struct audit_parts *parts;
    struct audit_counts *stats;
    struct error *error;
    struct session *session;
    struct retry_random random;
    struct json_reader *reader;
    struct arena arena;
    struct audit_list *list;
    struct audit_request *requests;
    size_t window, out; /* out: in use */
    uint64_t begun;     /* questions so far */
    int64_t last_id;
    bool ended;  /* there is no further question at present */
    bool failed; /* with *error: no further attempt */
    unsigned interrupts;
    uint32_t consecutive_no_answer, bad_nonces;
};

static void request_stop(struct audit *audit, enum error_scope scope, const char *why)
{
    if (!audit->failed)
        error_set(audit->error, scope, "%s", why);
    audit->failed = true;
    sender_withdraw(session_sender(audit->session));
}

static void report_finding(struct audit *audit, const struct audit_request *request,
                           enum audit_finding_kind kind, struct slice detail)
{
    const struct audit_finding finding = {.kind = kind,
                                          .external_id = slice_from(request->external_id),
                                          .user_id = slice_from(request->user_id),
                                          .detail = detail,
                                          .http_status = request->delivery.outcome.http_status,
                                          .number = request->number};

    audit->stats->findings[kind]++;
    audit->parts->each(audit->parts->context, &finding);
}

static void compare_user(struct audit *audit, const struct audit_request *request)
{
    struct json_fault fault;
    struct slice id, external_id;
    size_t count;
    const struct json_node *nodes =
        json_reader_parse(audit->reader, buffer_slice(&request->body), &count, &fault);

    if (!nodes || !remote_user_identity(audit->parts->provider->fields, nodes, &id, &external_id) ||
        !remote_user_is_same_id(id, slice_from(request->user_id))) {
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from("unreadable"));
    } else if (external_id.len > 0 && !slice_is(external_id, request->external_id) &&
               !slice_is(external_id, request->former_key)) {
        report_finding(audit, request, AUDIT_FOREIGN, external_id);
    } else {
        audit->stats->present++;
        audit->stats->not_named += external_id.len == 0;
        if (audit->parts->exists)
            audit->parts->exists(audit->parts->context, &(struct audit_user){.number = request->number,
                                                                             .user_id = id,
                                                                             .is_named = external_id.len > 0,
                                                                             .nodes = nodes});
    }
}

static void handle_answer(struct audit *audit, struct audit_request *request)
{
    const struct outcome *outcome = &request->delivery.outcome;
    bool is_missing = outcome->http_status == HTTP_NOT_FOUND || outcome->http_status == HTTP_GONE;
    struct error error;

    audit->consecutive_no_answer = 0;
    if (request->is_list) {
        if (audit_list_report(audit->list, &request->delivery, audit->stats, &error) != 0)
            request_stop(audit, error.scope, error.text);
        return;
    }
    audit->stats->asked++;
    if (outcome->kind == OUTCOME_DONE)
        compare_user(audit, request);
    else if (is_missing && outcome->own_error)
        report_finding(audit, request, AUDIT_MISSING, slice_make(NULL, 0));
    else if (is_missing) /* may be a gateway's or proxy's answer: every user would be missing */
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from("not_in_its_own_words"));
    else
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from(outcome->code));
}

/* No usable answer: true when the question waits to be asked again. */
static bool may_ask_again(struct audit *audit, struct audit_request *request)
{
    const struct job_delivery *limits = &audit->parts->job->delivery;
    const struct outcome *outcome = &request->delivery.outcome;
    uint64_t now_ns = clock_mono_ns();
    bool was_probe = request->delivery.was_probe, is_over = outcome->kind == OUTCOME_BAD_TOKEN;

    if (!was_probe && !is_over) /* neither is about the question */
        request->attempts++;
    if (was_probe)
        request->retrying_since_ns = 0;
    uint64_t wait_ns =
        retry_wait_ns(request->attempts ? request->attempts : 1, retry_random_next(&audit->random));
    wait_ns += outcome->retry_after_ns;
    if (outcome->retry_after_ns > limits->retry_for_ns) {
        char text[RETRY_AFTER_TEXT_SIZE];
        request_stop(audit, ERROR_PROVIDER, retry_after_text(outcome->retry_after_ns, text));
    }
    if (outcome->kind == OUTCOME_BAD_NONCE && ++audit->bad_nonces >= SENDER_BAD_NONCES_MAX)
        request_stop(
            audit, ERROR_PROVIDER,
            "the provider rejects the nonces as invalid\nhint: make sure that no other program uses this API key");
    if (!request->retrying_since_ns)
        request->retrying_since_ns = now_ns;
    request->due_ns = now_ns + wait_ns;
    return !audit->failed && !(is_over && request->delivery.bad_tokens >= TASK_BAD_TOKENS_MAX) &&
           retry_is_allowed(request->attempts, limits->attempts, now_ns - request->retrying_since_ns, wait_ns,
                            limits->retry_for_ns);
}

static void give_up(struct audit *audit, struct audit_request *request)
{
    char text[OUTCOME_MESSAGE_SIZE + 128];
    const struct outcome *outcome = &request->delivery.outcome;

    if (audit->failed)
        return;
    bool is_over = outcome->kind == OUTCOME_BAD_TOKEN;
    if (!request->is_list)
        report_finding(audit, request, AUDIT_NO_ANSWER, slice_from(is_over ? "unauthorized" : outcome->code));
    if (!request->is_list && ++audit->consecutive_no_answer < MAX_CONSECUTIVE_NO_ANSWER)
        return;
    text_format(text, sizeof text,
                "the provider does not answer (%s)\nhint: run it again when the provider answers",
                outcome->message[0] ? outcome->message : outcome->code);
    request_stop(audit, ERROR_PROVIDER, text);
}

/* An answer that can be used, as far as its outcome shows. */
static bool is_answered(const struct audit *audit, const struct audit_request *request)
{
    enum outcome_kind kind = request->delivery.outcome.kind;

    if (request->is_list)
        return kind == OUTCOME_DONE && audit_list_is_whole(audit->list);
    return kind == OUTCOME_DONE || kind == OUTCOME_REFUSED || kind == OUTCOME_EXISTS;
}

static void handle_delivery(struct audit *audit, struct delivery *delivery)
{
    struct audit_request *request = (struct audit_request *)delivery;
    const struct outcome *outcome = &delivery->outcome;

    if (outcome->kind == OUTCOME_STOP) {
        request_stop(audit, ERROR_PROVIDER, outcome->message);
    } else if (is_answered(audit, request)) {
        handle_answer(audit, request);
    } else if (outcome->kind != OUTCOME_WITHDRAWN) {
        if (may_ask_again(audit, request))
            return;
        give_up(audit, request);
    }
    request->in_use = false;
    audit->out--;
    if (audit->parts->next)
        audit->ended = false; /* an answer may lead to another question */
}

static void submit(struct audit *audit, struct audit_request *request)
{
    request->due_ns = 0;
    request->delivery = (struct delivery){.bad_tokens = request->delivery.bad_tokens,
                                          .subject = request->delivery.subject,
                                          .call = {.operation = OPERATION_FETCH, .user_id = request->user_id},
                                          .sink = delivery_collect,
                                          .sink_context = &request->body};
    if (request->is_list) {
        request->delivery.call.user_id = NULL;
        audit_list_attach(audit->list, &request->delivery);
    }
    sender_submit(session_sender(audit->session), &request->delivery);
}

/* The next user of the ledger. As audit_parts.next. */
static int next_of_ledger(struct audit *audit, struct audit_question *next, struct error *error)
{
    struct ledger_customer customer;
    int found = ledger_next_user(audit->parts->ledger, audit->last_id, &audit->arena, &customer, error);

    if (found != 1)
        return found;
    audit->last_id = customer.id;
    *next = (struct audit_question){
        .user_id = customer.user_id, .external_id = customer.external_id, .former_key = customer.former_key};
    return 1;
}

static void copy_text(char *out, size_t size, struct slice text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.len ? text.data : "");
}

/* The next user, or the listing. 0, or -1. */
static int ask_next(struct audit *audit, struct audit_request *request, struct error *error)
{
    struct audit_question next;

    request->is_list = audit->list != NULL;
    if (request->is_list) {
        audit->ended = true;
    } else {
        arena_reset(&audit->arena);
        int found = audit->parts->next ? audit->parts->next(audit->parts->context, &next, error)
                                       : next_of_ledger(audit, &next, error);
        audit->ended = found == 0;
        if (found != 1)
            return found;
        copy_text(request->user_id, sizeof request->user_id, next.user_id);
        copy_text(request->external_id, sizeof request->external_id, next.external_id);
        copy_text(request->former_key, sizeof request->former_key, next.former_key);
        request->number = next.number;
    }
    request->in_use = true;
    request->attempts = 0;
    request->retrying_since_ns = 0;
    request->delivery.bad_tokens = 0;
    request->delivery.subject = request->is_list ? 0 : ++audit->begun;
    audit->out++;
    submit(audit, request);
    return 0;
}

/* Sends what is due again and gives free slots the next question; while stopping, drops what waits. */
static uint64_t ask_all(struct audit *audit)
{
    uint64_t now_ns = clock_mono_ns(), next_ns = UINT64_MAX;
    struct error error;

    for (size_t i = 0; i < audit->window; i++) {
        struct audit_request *request = &audit->requests[i];
        if (request->in_use && request->due_ns && audit->failed) {
            request->in_use = false;
            audit->out--;
        } else if (request->in_use && request->due_ns && request->due_ns <= now_ns) {
            submit(audit, request);
        } else if (request->in_use && request->due_ns) {
            next_ns = request->due_ns < next_ns ? request->due_ns : next_ns;
        } else if (!request->in_use && !audit->ended && !audit->failed &&
                   ask_next(audit, request, &error) != 0) {
            request_stop(audit, error.scope, error.text);
        }
    }
    return next_ns;
}

static void reserve_nonces(struct audit *audit)
{
    struct ledger *ledger = audit->parts->ledger;
    struct error error;

    if (ledger_begin(ledger, &error) != 0 || session_write(audit->session, false, &error) != 0 ||
        ledger_commit(ledger, &error) != 0)
        request_stop(audit, error.scope, error.text);
    else
        session_publish(audit->session);
}

static void handle_signals(struct audit *audit, unsigned interrupts)
{
    if (interrupts == audit->interrupts)
        return;
    audit->interrupts = interrupts;
    request_stop(audit, ERROR_INTERRUPTED, "interrupted: not every user was compared");
    if (interrupts > 1)
        sender_abort(session_sender(audit->session));
}

static void ask_until_done(struct audit *audit)
{
    for (;;) {
        uint64_t until_ns = ask_all(audit), nonces_ns = session_next_ns(audit->session);
        uint64_t max_ns = clock_mono_ns() + 10 * CLOCK_NS_PER_S;
        struct coordinator_queue_arrivals arrivals;
        if (audit->out == 0 && (audit->ended || audit->failed))
            return;
        until_ns = nonces_ns < until_ns ? nonces_ns : until_ns;
        coordinator_queue_wait(audit->parts->queue, false, until_ns < max_ns ? until_ns : max_ns, &arrivals);
        handle_signals(audit, arrivals.interrupts);
        struct delivery *delivery;
        while ((delivery = FIFO_POP(&arrivals.deliveries, struct delivery)))
            handle_delivery(audit, delivery);
        reserve_nonces(audit);
    }
}

static int open_audit(struct audit *audit)
{
    const struct audit_parts *parts = audit->parts;
    const struct session_parts session = {.job = parts->job,
                                          .provider = parts->provider,
                                          .ledger = parts->ledger,
                                          .done = coordinator_queue_put_delivery,
                                          .context = parts->queue};
    uint64_t in_flight = parts->job->delivery.in_flight;

    if (recovery_of(parts->provider)->lists && !parts->next) {
        audit->list = audit_list_new(parts, audit->error);
        if (!audit->list)
            return -1;
    }
    if (in_flight == 0)
        in_flight = parts->provider->in_flight * parts->job->provider.credential_count;
    audit->window = in_flight < WINDOW_MAX / 2 ? (size_t)in_flight * 2 : WINDOW_MAX;
    audit->requests = memory_new(audit->window, sizeof *audit->requests);
    for (size_t i = 0; i < audit->window; i++)
        buffer_init(&audit->requests[i].body, BODY_MAX);
    audit->session = session_open(&session, audit->error);
    return audit->session ? 0 : -1;
}

/* Ends the session, and records when it last sent. */
static void end_session(struct audit *audit)
{
    struct ledger *ledger = audit->parts->ledger;
    struct error ignored; /* then the next run waits without need */

    session_finish(audit->session);
    if (ledger_begin(ledger, &ignored) == 0 && session_record_end(audit->session, &ignored) == 0)
        (void)ledger_commit(ledger, &ignored);
    audit->stats->requests = sender_requests(session_sender(audit->session));
    session_close(audit->session);
}

static void close_audit(struct audit *audit)
{
    if (audit->session)
        end_session(audit);
    job_forget_secrets(audit->parts->job); /* borrowed by the sender until here: a login may be repeated */
    audit_list_free(audit->list);
    for (size_t i = 0; i < audit->window; i++)
        buffer_clear(&audit->requests[i].body);
    free(audit->requests);
    json_reader_free(audit->reader);
    arena_clear(&audit->arena);
}

int audit_run(const struct audit_parts *parts, struct audit_counts *stats, struct error *error)
{
    struct audit audit = {.parts = parts, .stats = stats, .error = error};

    *stats = (struct audit_counts){.asked = 0};
    audit.reader = json_reader_new();
    audit.random = retry_random_any();
    arena_init(&audit.arena, ARENA_CHUNK);
    int result = open_audit(&audit);
    if (result == 0)
        ask_until_done(&audit);
    close_audit(&audit);
    return result != 0 || audit.failed ? -1 : 0;
}
