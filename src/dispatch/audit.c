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

/* One question, which outlives its attempts. */
struct question {
    struct delivery delivery; /* first: a delivery that comes back is its question */
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
    struct question *questions;
    size_t window, out; /* out: in use */
    uint64_t begun;     /* questions so far */
    int64_t last_id;
    bool ended;  /* there is no further question at present */
    bool failed; /* with *error: no further attempt */
    unsigned interrupts;
    uint32_t consecutive_no_answer, bad_nonces;
};

static bool add_body_bytes(void *context, struct slice bytes)
{
    struct question *question = context;

    if (bytes.len == 0)
        buffer_reset(&question->body);
    else
        buffer_append(&question->body, bytes);
    return !question->body.overflowed;
}

static void request_stop(struct audit *audit, enum error_scope scope, const char *why)
{
    if (!audit->failed)
        error_set(audit->error, scope, "%s", why);
    audit->failed = true;
    sender_withdraw(session_sender(audit->session));
}

static void report_finding(struct audit *audit, const struct question *question, enum audit_finding_kind kind,
                           struct slice detail)
{
    const struct audit_finding finding = {.kind = kind,
                                          .external_id = slice_from(question->external_id),
                                          .user_id = slice_from(question->user_id),
                                          .detail = detail,
                                          .http_status = question->delivery.outcome.http_status,
                                          .number = question->number};

    audit->stats->findings[kind]++;
    audit->parts->each(audit->parts->context, &finding);
}

static void compare_user(struct audit *audit, const struct question *question)
{
    struct json_fault fault;
    struct slice id, external_id;
    size_t count;
    const struct json_node *nodes =
        json_reader_parse(audit->reader, buffer_slice(&question->body), &count, &fault);

    if (!nodes || !remote_user_identity(audit->parts->provider->fields, nodes, &id, &external_id) ||
        !remote_user_is_same_id(id, slice_from(question->user_id))) {
        report_finding(audit, question, AUDIT_UNCLEAR, slice_from("unreadable"));
    } else if (external_id.len > 0 && !slice_is(external_id, question->external_id) &&
               !slice_is(external_id, question->former_key)) {
        report_finding(audit, question, AUDIT_FOREIGN, external_id);
    } else {
        audit->stats->present++;
        audit->stats->not_named += external_id.len == 0;
        if (audit->parts->exists)
            audit->parts->exists(audit->parts->context, &(struct audit_user){.number = question->number,
                                                                             .user_id = id,
                                                                             .is_named = external_id.len > 0,
                                                                             .nodes = nodes});
    }
}

static void handle_answer(struct audit *audit, struct question *question)
{
    const struct outcome *outcome = &question->delivery.outcome;
    bool is_missing = outcome->http_status == HTTP_NOT_FOUND || outcome->http_status == HTTP_GONE;
    struct error error;

    audit->consecutive_no_answer = 0;
    if (question->is_list) {
        if (audit_list_report(audit->list, &question->delivery, audit->stats, &error) != 0)
            request_stop(audit, error.scope, error.text);
        return;
    }
    audit->stats->asked++;
    if (outcome->kind == OUTCOME_DONE)
        compare_user(audit, question);
    else if (is_missing && outcome->own_error)
        report_finding(audit, question, AUDIT_MISSING, slice_make(NULL, 0));
    else if (is_missing) /* may be a gateway's or proxy's answer: every user would be missing */
        report_finding(audit, question, AUDIT_UNCLEAR, slice_from("not_in_its_own_words"));
    else
        report_finding(audit, question, AUDIT_UNCLEAR, slice_from(outcome->code));
}

/* No usable answer: true when the question waits to be asked again. */
static bool may_ask_again(struct audit *audit, struct question *question)
{
    const struct job_delivery *limits = &audit->parts->job->delivery;
    const struct outcome *outcome = &question->delivery.outcome;
    uint64_t now_ns = clock_mono_ns();
    bool was_probe = question->delivery.was_probe, is_over = outcome->kind == OUTCOME_BAD_TOKEN;

    if (!was_probe && !is_over) /* neither is about the question */
        question->attempts++;
    if (was_probe)
        question->retrying_since_ns = 0;
    uint64_t wait_ns =
        retry_wait_ns(question->attempts ? question->attempts : 1, retry_random_next(&audit->random));
    wait_ns += outcome->retry_after_ns;
    if (outcome->retry_after_ns > limits->retry_for_ns) {
        char text[RETRY_AFTER_TEXT_SIZE];
        request_stop(audit, ERROR_PROVIDER, retry_after_text(outcome->retry_after_ns, text));
    }
    if (outcome->kind == OUTCOME_BAD_NONCE && ++audit->bad_nonces >= SENDER_BAD_NONCES_MAX)
        request_stop(
            audit, ERROR_PROVIDER,
            "the provider rejects the nonces as invalid\nhint: make sure that no other program uses this API key");
    if (!question->retrying_since_ns)
        question->retrying_since_ns = now_ns;
    question->due_ns = now_ns + wait_ns;
    return !audit->failed && !(is_over && question->delivery.bad_tokens >= TASK_BAD_TOKENS_MAX) &&
           retry_is_allowed(question->attempts, limits->attempts, now_ns - question->retrying_since_ns,
                            wait_ns, limits->retry_for_ns);
}

static void give_up(struct audit *audit, struct question *question)
{
    char text[OUTCOME_MESSAGE_SIZE + 128];
    const struct outcome *outcome = &question->delivery.outcome;

    if (audit->failed)
        return;
    bool is_over = outcome->kind == OUTCOME_BAD_TOKEN;
    if (!question->is_list)
        report_finding(audit, question, AUDIT_NO_ANSWER,
                       slice_from(is_over ? "unauthorized" : outcome->code));
    if (!question->is_list && ++audit->consecutive_no_answer < MAX_CONSECUTIVE_NO_ANSWER)
        return;
    text_format(text, sizeof text,
                "the provider does not answer (%s)\nhint: run it again when the provider answers",
                outcome->message[0] ? outcome->message : outcome->code);
    request_stop(audit, ERROR_PROVIDER, text);
}

/* An answer that can be used, as far as its outcome shows. */
static bool is_answered(const struct audit *audit, const struct question *question)
{
    enum outcome_kind kind = question->delivery.outcome.kind;

    if (question->is_list)
        return kind == OUTCOME_DONE && audit_list_is_whole(audit->list);
    return kind == OUTCOME_DONE || kind == OUTCOME_REFUSED || kind == OUTCOME_EXISTS;
}

static void handle_delivery(struct audit *audit, struct delivery *delivery)
{
    struct question *question = (struct question *)delivery;
    const struct outcome *outcome = &delivery->outcome;

    if (outcome->kind == OUTCOME_STOP) {
        request_stop(audit, ERROR_PROVIDER, outcome->message);
    } else if (is_answered(audit, question)) {
        handle_answer(audit, question);
    } else if (outcome->kind != OUTCOME_WITHDRAWN) {
        if (may_ask_again(audit, question))
            return;
        give_up(audit, question);
    }
    question->in_use = false;
    audit->out--;
    if (audit->parts->next)
        audit->ended = false; /* an answer may lead to another question */
}

static void submit(struct audit *audit, struct question *question)
{
    question->due_ns = 0;
    question->delivery =
        (struct delivery){.bad_tokens = question->delivery.bad_tokens,
                          .subject = question->delivery.subject,
                          .call = {.operation = OPERATION_FETCH, .user_id = question->user_id},
                          .sink = add_body_bytes,
                          .sink_context = question};
    if (question->is_list) {
        question->delivery.call.user_id = NULL;
        audit_list_attach(audit->list, &question->delivery);
    }
    sender_submit(session_sender(audit->session), &question->delivery);
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
static int ask_next(struct audit *audit, struct question *question, struct error *error)
{
    struct audit_question next;

    question->is_list = audit->list != NULL;
    if (question->is_list) {
        audit->ended = true;
    } else {
        arena_reset(&audit->arena);
        int found = audit->parts->next ? audit->parts->next(audit->parts->context, &next, error)
                                       : next_of_ledger(audit, &next, error);
        audit->ended = found == 0;
        if (found != 1)
            return found;
        copy_text(question->user_id, sizeof question->user_id, next.user_id);
        copy_text(question->external_id, sizeof question->external_id, next.external_id);
        copy_text(question->former_key, sizeof question->former_key, next.former_key);
        question->number = next.number;
    }
    question->in_use = true;
    question->attempts = 0;
    question->retrying_since_ns = 0;
    question->delivery.bad_tokens = 0;
    question->delivery.subject = question->is_list ? 0 : ++audit->begun;
    audit->out++;
    submit(audit, question);
    return 0;
}

/* Sends what is due again and gives free slots the next question; while stopping, drops what waits. */
static uint64_t ask_all(struct audit *audit)
{
    uint64_t now_ns = clock_mono_ns(), next_ns = UINT64_MAX;
    struct error error;

    for (size_t i = 0; i < audit->window; i++) {
        struct question *question = &audit->questions[i];
        if (question->in_use && question->due_ns && audit->failed) {
            question->in_use = false;
            audit->out--;
        } else if (question->in_use && question->due_ns && question->due_ns <= now_ns) {
            submit(audit, question);
        } else if (question->in_use && question->due_ns) {
            next_ns = question->due_ns < next_ns ? question->due_ns : next_ns;
        } else if (!question->in_use && !audit->ended && !audit->failed &&
                   ask_next(audit, question, &error) != 0) {
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
    audit->questions = memory_new(audit->window, sizeof *audit->questions);
    for (size_t i = 0; i < audit->window; i++)
        buffer_init(&audit->questions[i].body, BODY_MAX);
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
        buffer_clear(&audit->questions[i].body);
    free(audit->questions);
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
