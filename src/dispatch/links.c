#include "dispatch/links.h"

#include <string.h>

#include "core/arena.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/secret.h"
#include "dispatch/requests.h"
#include "ledger/ledger_verification.h"
#include "model/job_setting.h"
#include "model/verdict.h"
#include "provider/idempotency.h"

enum { ARENA_CHUNK = 4096, STATES_UNVERIFIED = (1 << VERIFICATION_COUNT) - 1 - (1 << VERIFICATION_VERIFIED) };

struct links {
    const struct links_parts *parts;
    struct links_counts *counts;
    struct digest_hmac *hmac;
    struct arena arena;
    int64_t last_id; /* the customer that was looked at last */
    uint64_t begun;
    uint64_t now_ns, valid_ns; /* valid_ns: 0: a link does not expire */
};

/* known: its task; NULL: it has none. That of a link that a create was to make is unsent at first; it is
 * still needed when it was refused, or is in doubt with other data. */
static bool needs_link(const struct links *links, const struct ledger_customer *customer,
                       const struct ledger_task *known)
{
    bool must_act = customer->verification == VERIFICATION_ACTION_NEEDED ||
                    customer->verification == VERIFICATION_REJECTED;

    if (must_act && customer->verification_at > customer->link_at)
        return true;
    if (customer->link_at == 0)
        return links->parts->only != 0 || (known && known->state != LEDGER_TASK_DONE);
    return links->valid_ns > 0 && links->now_ns > customer->link_at &&
           links->now_ns - customer->link_at > links->valid_ns;
}

/* Of what is sent, and of the user that it is for. */
static void digest_link(struct links *links, struct slice user_id, uint8_t out[USER_TASK_DIGEST_LEN])
{
    uint8_t sum[DIGEST_SHA256_LEN];

    digest_hmac_begin(links->hmac);
    digest_hmac_add(links->hmac, SLICE_LITERAL("link"));
    digest_hmac_add(links->hmac, slice_make("", 1));
    digest_hmac_add(links->hmac, user_id);
    digest_hmac_add(links->hmac, slice_make("", 1));
    digest_hmac_add(links->hmac, slice_from(links->parts->redirect_uri));
    digest_hmac_end(links->hmac, sum);
    memcpy(out, sum, USER_TASK_DIGEST_LEN);
}

/* True when the provider refused the same link, and nothing that is known of the user has changed since. */
static bool was_refused(const struct links *links, const struct ledger_customer *customer,
                        const struct ledger_task *known, enum user_task_standing standing)
{
    return standing == USER_TASK_REFUSED && known && !links->parts->retry_refused &&
           customer->verification_at <= known->updated_at;
}

/* Makes the request of a user that needs a link. False: it is not sent. */
static bool prepare(struct links *links, const struct ledger_customer *customer,
                    const struct ledger_task *known, struct request *request)
{
    struct user_task *task = request->extra;
    struct provider_call *call = &request->delivery.call;

    digest_link(links, customer->user_id, task->digest);
    struct slice digest = slice_make((const char *)task->digest, sizeof task->digest);
    enum user_task_standing standing = user_task_standing(known, digest);
    bool is_open = standing == USER_TASK_OPEN;
    if (!is_open && !needs_link(links, customer, known))
        return false;
    if (was_refused(links, customer, known, standing)) {
        links->counts->refused_before++;
        return false;
    }
    user_task_init(task, customer, is_open ? known : NULL);
    if (links->parts->provider->has_link_keys && task->key[0] == '\0')
        idempotency_link_key(links->parts->job->name, customer->external_id, task->at_ns, task->key);
    request_set_user(request, OPERATION_LINK, customer->user_id);
    request->delivery.subject = (uint64_t)customer->id;
    call->external_id = task->external_id.data;
    call->former_key = task->former_key.data;
    call->redirect_uri = links->parts->redirect_uri;
    call->idempotency_key = task->key[0] ? task->key : NULL;
    return true;
}

static int next_link(void *context, struct request *request, struct error *error)
{
    struct links *links = context;
    const struct links_parts *parts = links->parts;
    unsigned states = parts->only ? parts->only & STATES_UNVERIFIED : (unsigned)STATES_UNVERIFIED;
    struct ledger_customer customer;
    struct ledger_task known;
    uint64_t read_at_ns;

    while (states && (parts->limit == 0 || links->begun < parts->limit)) {
        const struct ledger_selection selection = {
            .after = links->last_id, .states = states, .read_before_ns = UINT64_MAX};
        arena_reset(&links->arena);
        int found =
            ledger_next_reading(parts->ledger, &selection, &links->arena, &customer, &read_at_ns, error);
        if (found != 1)
            return found;
        links->last_id = customer.id;
        found = ledger_find_task(parts->ledger, customer.id, LEDGER_TASK_LINK, slice_make("", 0),
                                 &links->arena, &known, error);
        if (found < 0)
            return -1;
        if (!prepare(links, &customer, found ? &known : NULL, request))
            continue;
        if (links->begun == 0 && link_file_prepare(parts->file, error) != 0) {
            user_task_clear(request->extra);
            return -1;
        }
        links->begun++;
        return 1;
    }
    return 0;
}

static int journal_link(void *context, struct request *request, struct error *error)
{
    struct links *links = context;

    return user_task_journal(links->parts->ledger, LEDGER_TASK_LINK, slice_make("", 0), request->extra,
                             error);
}

static int repeat_link(void *context, struct request *request, struct error *error)
{
    struct links *links = context;

    return user_task_repeat(links->parts->ledger, request->extra, request, error) == 0 ? 1 : -1;
}

/* Writes the link before the ledger has it: what a crash leaves in the file alone is made again. */
static int save_link(struct links *links, struct request *request, struct error *error)
{
    const struct user_task *task = request->extra;
    struct outcome *outcome = &request->delivery.outcome;
    const struct link_file_entry entry = {
        .external_id = task->external_id,
        .user_id = slice_from(request->user_id),
        .link = slice_from(outcome->link),
        .made_ns = clock_real_ns(),
    };

    link_file_add(links->parts->file, &entry);
    secret_wipe(outcome->link, sizeof outcome->link);
    return link_file_sync(links->parts->file, error);
}

static int accept_link(void *context, struct request *request, struct error *error)
{
    struct links *links = context;

    if (request->delivery.outcome.kind == OUTCOME_DONE && save_link(links, request, error) != 0)
        return -1;
    return user_task_end(links->parts->ledger, request->extra, request, &links->counts->links, error);
}

static int give_up_link(void *context, struct request *request, bool is_stopping, struct error *error)
{
    struct links *links = context;

    (void)is_stopping;
    return user_task_end(links->parts->ledger, request->extra, request, &links->counts->links, error);
}

/* Customers are looked at in the order of their ids. */
static void count_progress(const void *context, struct progress_counts *counts)
{
    const struct links *links = context;

    counts->noun = "customers";
    counts->done = (uint64_t)links->last_id;
    counts->total = ledger_customer_count(links->parts->ledger);
    counts->in_doubt = links->counts->links.in_doubt;
}

static void release_link(void *context, struct request *request)
{
    (void)context;
    user_task_clear(request->extra);
}

int links_run(const struct links_parts *parts, struct links_counts *counts, struct error *error)
{
    static const struct requests_handler handler = {
        .next = next_link,
        .journal = journal_link,
        .answered = accept_link,
        .repeats = repeat_link,
        .gave_up = give_up_link,
        .progress = count_progress,
        .release = release_link,
    };
    struct links links = {
        .parts = parts,
        .counts = counts,
        .now_ns = clock_real_ns(),
        .valid_ns = job_setting_number(&parts->job->provider, SETTING_LINK_VALID),
    };
    const struct requests_parts requests = {
        .job = parts->job,
        .provider = parts->provider,
        .ledger = parts->ledger,
        .queue = parts->queue,
        .handler = &handler,
        .context = &links,
        .extra_size = sizeof(struct user_task),
        .interrupted = "interrupted: not every link was made\nhint: run it again",
    };

    *counts = (struct links_counts){.started_ns = links.now_ns};
    arena_init(&links.arena, ARENA_CHUNK);
    links.hmac = digest_hmac_new(
        DIGEST_SHA256, slice_make((const char *)ledger_fingerprint_key(parts->ledger), FINGERPRINT_KEY_LEN));
    int result = requests_run(&requests, &counts->requests, error);
    digest_hmac_free(links.hmac);
    arena_clear(&links.arena);
    return result;
}
