#include "dispatch/adopt.h"

#include <inttypes.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/json.h"
#include "core/text.h"
#include "dispatch/changes.h"
#include "dispatch/recovery.h"
#include "dispatch/requests.h"
#include "dispatch/user_stream.h"
#include "job/job_load.h"

enum {
    BATCH_MAX = 1000, /* customers in one commit */
    ARENA_CHUNK = 16 * 1024,
    HTTP_NOT_FOUND = 404,
    HTTP_GONE = 410,
};

#define INTERRUPTED "interrupted: not every user was compared\nhint: run it again to continue"

struct adopt {
    const struct adopt_parts *parts;
    struct adopt_counts *counts;
    struct user_stream *stream;
    struct json_reader *reader;
    struct arena arena;
    struct ledger_wanted wanted; /* of one commit */
    bool is_asked;               /* the listing, or its next page */
    bool is_listed;              /* to its end */
    bool is_incomplete;          /* users may be missing, or could not be read or compared */
};

/* Which user a request fetches. */
struct fetched {
    size_t number;
};

bool adopt_is_possible(const struct provider *provider)
{
    return recovery_of(provider)->lists || provider->list_page > 0;
}

bool adopt_fetches(const struct provider *provider)
{
    return recovery_of(provider)->looks_up;
}

/* The listing; on the sender's thread. */

static void begin_listing(void *context)
{
    struct adopt *adopt = context;

    adopt_plan_begin_users(adopt->parts->plan);
}

static void add_user(void *context, const struct provider_user *user, const struct json_node *nodes,
                     bool is_known)
{
    struct adopt *adopt = context;

    adopt_plan_add_user(adopt->parts->plan, user, nodes, is_known);
}

/* Writing. */

static int write_user(struct adopt *adopt, struct adopt_record *record, struct error *error)
{
    const struct adopt_parts *parts = adopt->parts;
    size_t len = parts->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;
    const struct ledger_adoption adoption = {
        .external_id = record->external_id,
        .user_id = slice_from(record->user_id),
        .row = record->row,
        .digest = record->differing ? NULL : record->digest,
        .member_digests = slice_make((const char *)record->members, len),
        .email_digest = slice_make((const char *)record->email, sizeof record->email),
        .identity =
            slice_make((const char *)record->identity, record->has_identity ? sizeof record->identity : 0),
        .at_ns = clock_real_ns(),
    };
    bool taken = false;

    if (!parts->is_dry && ledger_adopt(parts->ledger, &adoption, &taken, error) != 0)
        return -1;
    if (taken)
        adopt_plan_reject(record);
    else
        adopt->counts->adopted++;
    failpoint("adopted");
    return 0;
}

/* At most BATCH_MAX customers whose user is certain. 1: there may be more; 0; -1. */
static int write_users(struct adopt *adopt, struct error *error)
{
    struct adopt_record *records[BATCH_MAX];
    size_t count = 0;

    ledger_wanted_reset(&adopt->wanted);
    while (count < BATCH_MAX && (records[count] = adopt_plan_pop(adopt->parts->plan))) {
        ledger_wanted_key(&adopt->wanted, records[count]->external_id);
        ledger_wanted_user(&adopt->wanted, slice_from(records[count]->user_id));
        count++;
    }
    if (!adopt->parts->is_dry && ledger_prefetch(adopt->parts->ledger, &adopt->wanted, error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (write_user(adopt, records[i], error) != 0)
            return -1;
    return count == BATCH_MAX;
}

/* With both hints: the message is in the reject file, whose reader has no manual. */
static struct slice describe_hold(struct adopt *adopt, const struct adopt_record *record)
{
    static const char *const what[ADOPT_REASONS] = {
        [ADOPT_DIFFERS] = "a user that may be this customer's differs",
        [ADOPT_SEVERAL_USERS] = "several users agree with this customer",
        [ADOPT_SEVERAL_RECORDS] = "its user agrees with several customers",
        [ADOPT_OTHER_CUSTOMER] = "a user that agrees with this customer is another customer's",
        [ADOPT_INCOMPLETE] = "a user that may be this customer's shows too little",
        [ADOPT_NOT_FETCHED] = "a user with its e-mail address could not be read",
    };
    const struct provider_fields *fields = adopt->parts->provider->fields;
    const char *job = adopt->parts->job->path;
    struct slice key = record->external_id;
    struct buffer names;

    buffer_init(&names, 4096);
    for (size_t i = 0; i < fields->slot_count; i++)
        if (record->differing >> i & 1)
            buffer_printf(&names, "%s%s", names.len ? ", " : " in ", field_name(changes_field_of(fields, i)));
    arena_reset(&adopt->arena);
    struct slice message = arena_printf(
        &adopt->arena,
        "the provider already has users: %s%.*s (user %s): nothing was sent. hint: if this user is its own, kyc-import resolve %s --key %.*s --user %s; if it has none, kyc-import resolve %s --key %.*s --absent",
        what[record->reason], (int)names.len, names.len ? names.data : "", record->user_id, job, (int)key.len,
        key.data, record->user_id, job, (int)key.len, key.data);
    buffer_clear(&names);
    return message;
}

/* A record that is not unclear any more. */
static bool is_released(const struct adopt *adopt, const struct adopt_record *record)
{
    return record->result == ADOPT_CREATE && record->is_held && !adopt->is_incomplete;
}

static bool is_unclear(const struct adopt_record *record)
{
    return record->result == ADOPT_UNCLEAR && !record->is_in_doubt;
}

/* Holds an unclear record, or lets one go that is not unclear any more. */
static int write_hold(struct adopt *adopt, const struct adopt_record *record, struct error *error)
{
    const struct adopt_parts *parts = adopt->parts;
    size_t len = parts->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;
    const struct ledger_intent intent = {
        .external_id = record->external_id,
        .row = record->row,
        .operation = OPERATION_CREATE,
        .digest = record->digest,
        .member_digests = slice_make((const char *)record->members, len),
        .identity =
            slice_make((const char *)record->identity, record->has_identity ? sizeof record->identity : 0),
        .at_ns = clock_real_ns(),
    };

    if (is_released(adopt, record))
        return ledger_forget_refusal(parts->ledger, record->customer, intent.at_ns, error);
    if (!is_unclear(record))
        return 0;
    adopt->counts->held++;
    return ledger_hold(parts->ledger, &intent, describe_hold(adopt, record), error);
}

/* Holds from *next on, in one transaction. 1: there are more; 0; -1. */
static int write_holds(struct adopt *adopt, size_t *next, struct error *error)
{
    const struct adopt_parts *parts = adopt->parts;
    size_t count = adopt_plan_record_count(parts->plan), end = *next + BATCH_MAX;

    if (end > count)
        end = count;
    ledger_wanted_reset(&adopt->wanted);
    for (size_t i = *next; i < end; i++) {
        const struct adopt_record *record = adopt_plan_record(parts->plan, i);
        if (is_released(adopt, record))
            ledger_wanted_id(&adopt->wanted, record->customer);
        else if (is_unclear(record))
            ledger_wanted_key(&adopt->wanted, record->external_id);
    }
    if (ledger_begin(parts->ledger, error) != 0 || ledger_prefetch(parts->ledger, &adopt->wanted, error) != 0)
        return -1;
    for (; *next < end; ++*next)
        if (write_hold(adopt, adopt_plan_record(parts->plan, *next), error) != 0)
            return -1;
    return ledger_commit(parts->ledger, error) == 0 ? *next < count : -1;
}

static bool is_interrupted(const struct adopt *adopt)
{
    struct coordinator_queue_arrivals arrivals;

    coordinator_queue_wait(adopt->parts->queue, false, 0, &arrivals);
    return arrivals.interrupts > 0;
}

/* What is left once every user was compared. */
static int write_rest(struct adopt *adopt, struct error *error)
{
    const struct adopt_parts *parts = adopt->parts;
    size_t next = 0;
    int more = 1;

    adopt_plan_finish(parts->plan);
    while (more > 0) {
        if (is_interrupted(adopt))
            return error_set(error, ERROR_INTERRUPTED, INTERRUPTED);
        if (!parts->is_dry && ledger_begin(parts->ledger, error) != 0)
            return -1;
        more = write_users(adopt, error);
        if (more < 0 || (!parts->is_dry && ledger_commit(parts->ledger, error) != 0))
            return -1;
    }
    for (more = !parts->is_dry; more > 0;)
        more = write_holds(adopt, &next, error);
    return more;
}

/* Requests. */

static int next_request(void *context, struct request *request, struct error *error)
{
    struct adopt *adopt = context;
    struct fetched *fetched = request->extra;

    (void)error;
    if (!adopt->is_asked) {
        adopt->is_asked = true;
        request->is_essential = true;
        user_stream_attach(adopt->stream, &request->delivery);
        return 1;
    }
    if (!adopt->is_listed || !adopt_fetches(adopt->parts->provider))
        return 0;
    const char *user_id = adopt_plan_next_user(adopt->parts->plan, &fetched->number);
    if (!user_id)
        return 0;
    request_set_user(request, OPERATION_FETCH, slice_from(user_id));
    return 1;
}

static bool is_usable(void *context, const struct request *request)
{
    struct adopt *adopt = context;

    return !request->is_essential || user_stream_is_whole(adopt->stream);
}

static void end_page(struct adopt *adopt, const struct request *request)
{
    adopt->is_asked = !user_stream_next_page(adopt->stream, &request->delivery);
    if (!adopt->is_asked)
        return;
    adopt->is_listed = true;
    adopt->counts->unreadable = user_stream_unreadable(adopt->stream);
    adopt->is_incomplete =
        !user_stream_has_all(adopt->stream, &request->delivery) || adopt->counts->unreadable > 0;
    adopt_plan_end_users(adopt->parts->plan);
    adopt->counts->users = adopt_plan_user_count(adopt->parts->plan);
}

static int answered(void *context, struct request *request, struct error *error)
{
    struct adopt *adopt = context;
    const struct fetched *fetched = request->extra;
    const struct outcome *outcome = &request->delivery.outcome;
    bool is_gone =
        outcome->own_error && (outcome->http_status == HTTP_NOT_FOUND || outcome->http_status == HTTP_GONE);
    const struct json_node *nodes = NULL;
    struct json_fault fault;
    size_t count;

    if (request->is_essential) {
        end_page(adopt, request);
    } else {
        if (outcome->kind == OUTCOME_DONE)
            nodes = json_reader_parse(adopt->reader, buffer_slice(&request->body), &count, &fault);
        adopt_plan_add_fetched(adopt->parts->plan, fetched->number, nodes, !nodes && !is_gone);
    }
    return write_users(adopt, error) < 0 ? -1 : 0;
}

static int gave_up(void *context, struct request *request, bool is_stopping, struct error *error)
{
    struct adopt *adopt = context;
    const struct fetched *fetched = request->extra;

    (void)error;
    if (!is_stopping && !request->is_essential)
        adopt_plan_add_fetched(adopt->parts->plan, fetched->number, NULL, true);
    return 0;
}

static void count_progress(const void *context, struct progress_counts *counts)
{
    const struct adopt *adopt = context;

    counts->noun = "users";
    if (!adopt->is_listed)
        counts->done = 0;
}

static int ask_all(struct adopt *adopt, struct error *error)
{
    static const struct requests_handler handler = {.next = next_request,
                                                    .is_usable = is_usable,
                                                    .answered = answered,
                                                    .gave_up = gave_up,
                                                    .progress = count_progress};
    const struct adopt_parts *parts = adopt->parts;
    const struct requests_parts requests = {.job = parts->job,
                                            .provider = parts->provider,
                                            .ledger = parts->ledger,
                                            .queue = parts->queue,
                                            .handler = &handler,
                                            .context = adopt,
                                            .extra_size = sizeof(struct fetched),
                                            .interrupted = INTERRUPTED};

    return requests_run(&requests, &adopt->counts->requests, error);
}

/* What was found is adopted; the rest is not known. */
static int fail_incomplete(const struct adopt *adopt, struct error *error)
{
    if (adopt->counts->unreadable > 0)
        return error_set(
            error, ERROR_PROVIDER,
            "%" PRIu64
            " users of the provider's listing have no id that can be read: what was found is adopted, and whether the other customers have a user is not known\nhint: ask the provider what these are; if they are none of this export, kyc-import run %s --new-ledger creates the other customers",
            adopt->counts->unreadable, adopt->parts->job->path);
    if (adopt_plan_compared_none(adopt->parts->plan))
        return error_set(
            error, ERROR_PROVIDER,
            "no user of the provider shows an e-mail address or an external_id, so none could be compared\nhint: ask the provider whether its answers have changed; if the users are none of this export, kyc-import run %s --new-ledger creates the customers",
            adopt->parts->job->path);
    return error_set(
        error, ERROR_PROVIDER,
        "the provider's listing of users has gaps, or announces more users than it has: what was found is adopted, and whether the other customers have a user is not known\nhint: run it again; if that does not help, ask the provider how all users are listed");
}

int adopt_run(const struct adopt_parts *parts, struct adopt_counts *counts, struct error *error)
{
    struct adopt adopt = {.parts = parts, .counts = counts};
    const struct user_stream_handler handler = {.begin = begin_listing, .add = add_user, .context = &adopt};

    *counts = (struct adopt_counts){.users = 0};
    arena_init(&adopt.arena, ARENA_CHUNK);
    adopt.reader = json_reader_new();
    adopt.stream = user_stream_new(parts->job, parts->provider, &handler);
    int result = parts->ledger ? user_stream_prepare(adopt.stream, parts->ledger, error) : 0;
    if (result == 0)
        result = ask_all(&adopt, error);
    else
        job_forget_secrets(parts->job);
    adopt.is_incomplete = adopt.is_incomplete || adopt_plan_compared_none(parts->plan);
    if (result == 0)
        result = write_rest(&adopt, error);
    if (result == 0 && adopt.is_incomplete)
        result = fail_incomplete(&adopt, error);
    user_stream_free(adopt.stream);
    json_reader_free(adopt.reader);
    arena_clear(&adopt.arena);
    ledger_wanted_clear(&adopt.wanted);
    return result;
}
