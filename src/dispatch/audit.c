#include "dispatch/audit.h"

#include <stdio.h>

#include "core/arena.h"
#include "core/json.h"
#include "dispatch/audit_list.h"
#include "dispatch/recovery.h"
#include "dispatch/refresh_record.h"
#include "dispatch/requests.h"
#include "job/job_load.h"
#include "provider/remote_user.h"

enum {
    KEY_SIZE = 256,
    HTTP_NOT_FOUND = 404,
    HTTP_GONE = 410,
    ARENA_CHUNK = 4096,
};

/* The extra of a request for one user. */
struct audit_subject {
    char external_id[KEY_SIZE], former_key[KEY_SIZE];
    size_t number;
    unsigned state; /* of its verification, as the ledger has it */
};

struct audit {
    const struct audit_parts *parts;
    struct audit_counts *stats;
    struct json_reader *reader;
    struct arena arena;
    struct audit_list *list; /* NULL: each user by its id */
    bool is_listed;          /* the listing was requested */
    uint64_t begun;          /* questions so far */
    int64_t last_id;
};

static void report_finding(struct audit *audit, const struct request *request, enum audit_finding_kind kind,
                           struct slice detail)
{
    const struct audit_subject *subject = request->extra;
    const struct audit_finding finding = {.kind = kind,
                                          .external_id = slice_from(subject->external_id),
                                          .user_id = slice_from(request->user_id),
                                          .detail = detail,
                                          .http_status = request->delivery.outcome.http_status,
                                          .number = subject->number};

    audit->stats->findings[kind]++;
    audit->parts->each(audit->parts->context, &finding);
}

static void compare_state(struct audit *audit, const struct audit_subject *subject,
                          const struct json_node *nodes)
{
    struct refresh_answer answer;

    if (!refresh_record_read(audit->parts->provider, audit->parts->job, nodes, &audit->arena, &answer))
        return;
    audit->stats->states[answer.state]++;
    audit->stats->stale += answer.state != subject->state;
}

static void compare_user(struct audit *audit, const struct request *request)
{
    const struct audit_subject *subject = request->extra;
    struct json_fault fault;
    struct slice id, external_id;
    size_t count;
    const struct json_node *nodes =
        json_reader_parse(audit->reader, buffer_slice(&request->body), &count, &fault);

    if (!nodes || !remote_user_identity(audit->parts->provider->fields, nodes, &id, &external_id) ||
        !remote_user_is_same_id(id, slice_from(request->user_id))) {
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from("unreadable"));
    } else if (external_id.len > 0 && !slice_is(external_id, subject->external_id) &&
               !slice_is(external_id, subject->former_key)) {
        report_finding(audit, request, AUDIT_FOREIGN, external_id);
    } else {
        audit->stats->present++;
        audit->stats->not_named += external_id.len == 0;
        if (!audit->parts->next)
            compare_state(audit, subject, nodes);
        if (audit->parts->exists)
            audit->parts->exists(audit->parts->context, &(struct audit_user){.number = subject->number,
                                                                             .user_id = id,
                                                                             .is_named = external_id.len > 0,
                                                                             .nodes = nodes});
    }
}

static int answered(void *context, struct request *request, struct error *error)
{
    struct audit *audit = context;
    const struct outcome *outcome = &request->delivery.outcome;
    bool is_missing = outcome->http_status == HTTP_NOT_FOUND || outcome->http_status == HTTP_GONE;

    if (request->is_essential)
        return audit_list_report(audit->list, &request->delivery, audit->stats, error);
    audit->stats->asked++;
    arena_reset(&audit->arena);
    if (outcome->kind == OUTCOME_DONE)
        compare_user(audit, request);
    else if (is_missing && outcome->own_error)
        report_finding(audit, request, AUDIT_MISSING, slice_make(NULL, 0));
    else if (is_missing) /* may be a gateway's or proxy's answer: every user would be missing */
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from("not_in_its_own_words"));
    else
        report_finding(audit, request, AUDIT_UNCLEAR, slice_from(outcome->code));
    return 0;
}

static int gave_up(void *context, struct request *request, bool is_stopping, struct error *error)
{
    const struct outcome *outcome = &request->delivery.outcome;
    bool is_over = outcome->kind == OUTCOME_BAD_TOKEN;

    (void)error;
    if (!is_stopping && !request->is_essential)
        report_finding(context, request, AUDIT_NO_ANSWER,
                       slice_from(is_over ? "unauthorized" : outcome->code));
    return 0;
}

static bool is_usable(void *context, const struct request *request)
{
    const struct audit *audit = context;

    return !request->is_essential || audit_list_is_whole(audit->list);
}

/* The next user of the ledger. As audit_parts.next; *state: of its verification. */
static int next_of_ledger(struct audit *audit, struct audit_question *next, unsigned *state,
                          struct error *error)
{
    struct ledger_customer customer;
    int found = ledger_next_user(audit->parts->ledger, audit->last_id, &audit->arena, &customer, error);

    if (found != 1)
        return found;
    audit->last_id = customer.id;
    *state = refresh_record_state(&customer);
    *next = (struct audit_question){
        .user_id = customer.user_id, .external_id = customer.external_id, .former_key = customer.former_key};
    return 1;
}

static void copy_text(char *out, size_t size, struct slice text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.len ? text.data : "");
}

static int next_user(struct audit *audit, struct request *request, struct error *error)
{
    struct audit_subject *subject = request->extra;
    struct audit_question next;

    arena_reset(&audit->arena);
    int found = audit->parts->next ? audit->parts->next(audit->parts->context, &next, error)
                                   : next_of_ledger(audit, &next, &subject->state, error);
    if (found != 1)
        return found;
    request_set_user(request, OPERATION_FETCH, next.user_id);
    copy_text(subject->external_id, sizeof subject->external_id, next.external_id);
    copy_text(subject->former_key, sizeof subject->former_key, next.former_key);
    subject->number = next.number;
    request->delivery.subject = ++audit->begun;
    return 1;
}

/* The next user, or the listing. */
static int next_request(void *context, struct request *request, struct error *error)
{
    struct audit *audit = context;

    if (!audit->list)
        return next_user(audit, request, error);
    if (audit->is_listed)
        return 0;
    audit->is_listed = true;
    request->is_essential = true;
    audit_list_attach(audit->list, &request->delivery);
    return 1;
}

/* Customers are requested in the order of their ids; the questions of `next` have no known number. */
static void count_progress(const void *context, struct progress_counts *counts)
{
    const struct audit *audit = context;

    counts->noun = audit->parts->next ? "users" : "customers";
    if (audit->parts->next) {
        counts->done = audit->stats->asked;
    } else {
        counts->done = (uint64_t)audit->last_id;
        counts->total = ledger_customer_count(audit->parts->ledger);
    }
}

static int send_requests(struct audit *audit, struct error *error)
{
    static const struct requests_handler handler = {.next = next_request,
                                                    .is_usable = is_usable,
                                                    .answered = answered,
                                                    .gave_up = gave_up,
                                                    .progress = count_progress};
    const struct audit_parts *parts = audit->parts;
    const struct requests_parts requests = {.job = parts->job,
                                            .provider = parts->provider,
                                            .ledger = parts->ledger,
                                            .queue = parts->queue,
                                            .handler = &handler,
                                            .context = audit,
                                            .extra_size = sizeof(struct audit_subject),
                                            .interrupted = "interrupted: not every user was compared"};

    return requests_run(&requests, &audit->stats->requests, error);
}

int audit_run(const struct audit_parts *parts, struct audit_counts *stats, struct error *error)
{
    struct audit audit = {.parts = parts, .stats = stats};
    bool lists = recovery_of(parts->provider)->lists && !parts->next;
    int result = -1;

    *stats = (struct audit_counts){.asked = 0};
    audit.reader = json_reader_new();
    arena_init(&audit.arena, ARENA_CHUNK);
    if (lists)
        audit.list = audit_list_new(parts, error);
    if (!lists || audit.list)
        result = send_requests(&audit, error);
    else
        job_forget_secrets(parts->job);
    audit_list_free(audit.list);
    json_reader_free(audit.reader);
    arena_clear(&audit.arena);
    return result;
}
