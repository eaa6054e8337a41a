#include "dispatch/refresh.h"

#include "core/arena.h"
#include "core/clock.h"
#include "core/json.h"
#include "dispatch/recovery.h"
#include "dispatch/refresh_list.h"
#include "dispatch/refresh_record.h"
#include "dispatch/requests.h"
#include "job/job_load.h"
#include "provider/remote_user.h"

enum { HTTP_NOT_FOUND = 404, HTTP_GONE = 410, ARENA_CHUNK = 16 * 1024 };

/* The extra of a request by id. */
struct refresh_subject {
    int64_t customer;
    bool is_listed; /* its state was read from a listing, and counted */
};

struct refresh {
    const struct refresh_parts *parts;
    struct refresh_reading *durable;
    struct refresh_reading reading; /* with the round's */
    struct refresh_list *list;      /* NULL: each by its id */
    bool is_listing;                /* a page of it is next, or under way */
    bool is_page_out;
    struct ledger_selection due;
    uint64_t begun; /* requests by id */
    struct json_reader *reader;
    struct arena arena; /* of one answer, or one customer */
};

int refresh_since(struct ledger *ledger, uint64_t *since_ns, struct error *error)
{
    struct ledger_run last;
    struct arena arena;

    *since_ns = 0;
    arena_init(&arena, ARENA_CHUNK);
    int found = ledger_last_complete_run(ledger, REFRESH_COMMAND, INT64_MAX, &arena, &last, error);
    if (found == 1 && clock_read_rfc3339(last.finished.data, since_ns))
        *since_ns += CLOCK_NS_PER_MS; /* it is written in whole milliseconds */
    arena_clear(&arena);
    return found < 0 ? -1 : 0;
}

/* What a clock that was ahead has written would hide every user from this refresh. */
static int forget_later(struct ledger *ledger, struct error *error)
{
    if (ledger_begin(ledger, error) != 0 || ledger_forget_readings(ledger, clock_real_ns(), error) != 0)
        return -1;
    return ledger_commit(ledger, error);
}

static bool may_list(const struct provider *provider)
{
    return provider->list_page > 0 || recovery_of(provider)->lists;
}

/* Requests that a listing needs: a page begins with the last user of the page before. */
static uint64_t list_requests(const struct provider *provider, uint64_t users)
{
    return provider->list_page > 1 ? users / (provider->list_page - 1) + 1 : 1;
}

/* Whether more users are due than `count`: 1, 0, -1. */
static int are_more_due(struct refresh *refresh, uint64_t count, struct error *error)
{
    struct ledger_selection due = refresh->parts->due;
    struct ledger_customer customer;
    uint64_t read_ns;
    int found = 1;

    if (refresh->parts->limit && refresh->parts->limit <= count)
        return 0;
    for (uint64_t i = 0; i <= count && found == 1; i++) {
        arena_reset(&refresh->arena);
        found =
            ledger_next_reading(refresh->parts->ledger, &due, &refresh->arena, &customer, &read_ns, error);
        due.after = found == 1 ? customer.id : due.after;
    }
    return found;
}

/* Opens the listing if it is worth it. 0, or -1. */
static int open_list(struct refresh *refresh, struct error *error)
{
    const struct refresh_parts *parts = refresh->parts;
    struct ledger_verification_counts counts;

    if (!may_list(parts->provider))
        return 0;
    if (ledger_count_verification(parts->ledger, UINT64_MAX, &counts, error) != 0)
        return -1;
    int worth = are_more_due(refresh, list_requests(parts->provider, counts.users), error);
    if (worth < 1)
        return worth;
    refresh->list = refresh_list_new(parts->job, parts->provider, parts->ledger, clock_real_ns(), error);
    refresh->is_listing = refresh->list != NULL;
    return refresh->list ? 0 : -1;
}

static int next_page(struct refresh *refresh, struct request *request)
{
    if (refresh->is_page_out)
        return 0;
    refresh->is_page_out = true;
    request->is_essential = true;
    refresh_list_attach(refresh->list, &request->delivery);
    return 1;
}

/* The next user by id: those that a listing has not explained, then those that are still due. */
static int next_user(struct refresh *refresh, struct ledger_customer *customer, bool *is_listed,
                     struct error *error)
{
    uint64_t read_ns;

    if (refresh->parts->limit && refresh->begun >= refresh->parts->limit)
        return 0;
    arena_reset(&refresh->arena);
    int64_t unexplained = refresh->list ? refresh_list_next_unexplained(refresh->list) : 0;
    *is_listed = unexplained != 0;
    if (*is_listed) {
        refresh->begun++;
        return ledger_find(refresh->parts->ledger, unexplained, &refresh->arena, customer, error);
    }
    int found = ledger_next_reading(refresh->parts->ledger, &refresh->due, &refresh->arena, customer,
                                    &read_ns, error);
    if (found == 1) {
        refresh->due.after = customer->id;
        refresh->begun++;
    }
    return found;
}

static int next_request(void *context, struct request *request, struct error *error)
{
    struct refresh *refresh = context;
    struct refresh_subject *subject = request->extra;
    struct ledger_customer customer;

    if (refresh->is_listing)
        return next_page(refresh, request);
    int found = next_user(refresh, &customer, &subject->is_listed, error);
    if (found != 1)
        return found;
    subject->customer = customer.id;
    request->delivery.subject = (uint64_t)customer.id;
    request_set_user(request, OPERATION_FETCH, customer.user_id);
    return 1;
}

static bool is_usable(void *context, const struct request *request)
{
    struct refresh *refresh = context;

    return !request->is_essential || refresh_list_is_whole(refresh->list);
}

/* Whether the user of the answer is the customer's. */
static bool is_customers(const struct refresh *refresh, const struct json_node *nodes,
                         const struct ledger_customer *customer)
{
    struct slice id, external_id;

    return remote_user_identity(refresh->parts->provider->fields, nodes, &id, &external_id) &&
           remote_user_is_same_id(id, customer->user_id) &&
           (external_id.len == 0 || slice_equal(external_id, customer->external_id) ||
            slice_equal(external_id, customer->former_key));
}

static int handle_user(struct refresh *refresh, const struct request *request,
                       const struct ledger_customer *customer, struct error *error)
{
    const struct outcome *outcome = &request->delivery.outcome;
    const struct refresh_parts *parts = refresh->parts;
    const struct json_node *nodes = NULL;
    struct refresh_answer answer = refresh_record_deleted();
    struct json_fault fault;
    size_t count;
    bool is_missing = outcome->http_status == HTTP_NOT_FOUND || outcome->http_status == HTTP_GONE;

    if (outcome->kind == OUTCOME_DONE)
        nodes = json_reader_parse(refresh->reader, buffer_slice(&request->body), &count, &fault);
    if (nodes && is_customers(refresh, nodes, customer)) {
        if (!refresh_record_read(parts->provider, parts->job, nodes, &refresh->arena, &answer)) {
            refresh->reading.stateless++;
            return 0;
        }
    } else if (outcome->kind == OUTCOME_DONE || !is_missing || !outcome->own_error) {
        /* A 404 that is not in the provider's own words may be a gateway's. */
        refresh->reading.unclear++;
        return 0;
    }
    return refresh_record_write(parts->ledger, customer, &answer, &refresh->reading, error);
}

static int answered(void *context, struct request *request, struct error *error)
{
    struct refresh *refresh = context;
    const struct refresh_subject *subject = request->extra;
    struct ledger_customer customer;

    if (request->is_essential) {
        int more = refresh_list_write(refresh->list, &request->delivery, &refresh->reading, error);
        refresh->is_listing = more == 1;
        refresh->is_page_out = false;
        return more < 0 ? -1 : 0;
    }
    arena_reset(&refresh->arena);
    uint64_t read = refresh->reading.read;
    if (ledger_find_known(refresh->parts->ledger, subject->customer, &refresh->arena, &customer, error) !=
            0 ||
        handle_user(refresh, request, &customer, error) != 0)
        return -1;
    if (subject->is_listed)
        refresh->reading.read = read;
    return 0;
}

static int gave_up(void *context, struct request *request, bool is_stopping, struct error *error)
{
    struct refresh *refresh = context;

    (void)error;
    refresh->reading.no_answer += !is_stopping && !request->is_essential;
    return 0;
}

static void count_progress(const void *context, struct progress_counts *counts)
{
    const struct refresh *refresh = context;
    uint64_t customers = ledger_customer_count(refresh->parts->ledger);

    counts->noun = refresh->list ? "users" : "customers";
    counts->done = refresh->list ? refresh->reading.read : (uint64_t)refresh->due.after;
    counts->total = counts->done < customers ? customers : counts->done;
}

static void committed(void *context)
{
    struct refresh *refresh = context;

    *refresh->durable = refresh->reading;
}

static int send_requests(struct refresh *refresh, uint64_t *requests, struct error *error)
{
    static const struct requests_handler handler = {.next = next_request,
                                                    .is_usable = is_usable,
                                                    .answered = answered,
                                                    .gave_up = gave_up,
                                                    .committed = committed,
                                                    .progress = count_progress};
    const struct refresh_parts *parts = refresh->parts;
    const struct requests_parts series = {
        .job = parts->job,
        .provider = parts->provider,
        .ledger = parts->ledger,
        .queue = parts->queue,
        .handler = &handler,
        .context = refresh,
        .extra_size = sizeof(struct refresh_subject),
        .interrupted =
            "interrupted: not every state was read\nhint: what was read is stored; --older 1h passes over it"};

    return requests_run(&series, requests, error);
}

int refresh_run(const struct refresh_parts *parts, struct refresh_reading *reading, uint64_t *requests,
                struct error *error)
{
    struct refresh refresh = {.parts = parts, .durable = reading, .due = parts->due};

    *reading = (struct refresh_reading){.read = 0};
    *requests = 0;
    refresh.reader = json_reader_new();
    arena_init(&refresh.arena, ARENA_CHUNK);
    int due = forget_later(parts->ledger, error) == 0 ? are_more_due(&refresh, 0, error) : -1;
    int result = due < 1 ? due : open_list(&refresh, error);
    if (result == 0 && due == 1)
        result = send_requests(&refresh, requests, error);
    else
        job_forget_secrets(parts->job);
    refresh_list_free(refresh.list);
    json_reader_free(refresh.reader);
    arena_clear(&refresh.arena);
    return result;
}
