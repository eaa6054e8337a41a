/* resolve: what only a person can say: whose user it is, or that there is none; users that existed before;
 * and which new key a known customer has. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/output.h"
#include "cmd/resolve_ask.h"
#include "cmd/resolve_file.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "provider/provider.h"

enum { ID_MAX = 128 };

/* In run.command this command keeps its first name. */
#define STORED_COMMAND "settle"

struct resolving {
    struct ledger *ledger;
    const struct provider *provider;
    struct fingerprint *fingerprint;
    struct value *values; /* [field_count()]: of a record that has a key alone */
    struct arena arena;
    struct resolve_verdict *verdicts;
    size_t verdict_count, verdict_capacity;
    uint64_t settled, adopted, accepted, corrected, rekeyed, not_written;
    uint64_t unanswered; /* of those not written: the provider gave no answer */
};

static bool is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] < ' ' || id.data[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_MAX;
}

/* Why a verdict was not written, for people. */
static const char *describe_unwritten(enum ledger_settlement settlement)
{
    switch (settlement) {
    case LEDGER_SETTLE_TAKEN:
        return "another customer of this ledger has this user already";
    case LEDGER_SETTLE_OTHER_USER:
        return "this customer has another user already, which the provider gave it";
    case LEDGER_SETTLE_NO_DOUBT:
        return "no create of this customer is in doubt, and it was not refused as a twin";
    case LEDGER_SETTLE_UNKNOWN:
        return "no customer with a user has the old key";
    case LEDGER_SETTLE_IN_DOUBT:
        return "a create is in doubt under the old key: resolve that first, with --user or --absent";
    case LEDGER_SETTLE_KEY_TAKEN:
        return "the new key belongs to a customer with a history of its own";
    case LEDGER_SETTLED:
    case LEDGER_SETTLE_ADOPTED:
    case LEDGER_SETTLE_ACCEPTED:
    case LEDGER_SETTLE_CORRECTED:
    case LEDGER_SETTLE_ALLOWED:
        break;
    }
    return "";
}

/* settled: where LEDGER_SETTLED and LEDGER_SETTLE_ALLOWED are counted. */
static void count_settlement(struct resolving *resolving, enum ledger_settlement settlement,
                             uint64_t *settled, const char *where)
{
    failpoint("verdict written");
    switch (settlement) {
    case LEDGER_SETTLED:
    case LEDGER_SETTLE_ALLOWED:
        ++*settled;
        return;
    case LEDGER_SETTLE_ADOPTED:
        resolving->adopted++;
        return;
    case LEDGER_SETTLE_ACCEPTED:
        resolving->accepted++;
        return;
    case LEDGER_SETTLE_CORRECTED:
        resolving->corrected++;
        return;
    case LEDGER_SETTLE_TAKEN:
    case LEDGER_SETTLE_OTHER_USER:
    case LEDGER_SETTLE_NO_DOUBT:
    case LEDGER_SETTLE_UNKNOWN:
    case LEDGER_SETTLE_IN_DOUBT:
    case LEDGER_SETTLE_KEY_TAKEN:
        break;
    }
    log_warning("%s: %s: nothing was written", where, describe_unwritten(settlement));
    resolving->not_written++;
}

/* Puts a verdict on the list. user: empty: there is none. */
static void add_verdict(struct resolving *resolving, struct slice key, struct slice user, const char *where)
{
    if (user.len > 0 && !provider_accepts_user_id(resolving->provider, user)) {
        log_warning("%s: a user id of %s has %u to %u characters: nothing was written", where,
                    resolving->provider->name, resolving->provider->user_id_min,
                    resolving->provider->user_id_max);
        resolving->not_written++;
        return;
    }
    if (resolving->verdict_count == resolving->verdict_capacity) {
        resolving->verdict_capacity = resolving->verdict_capacity ? 2 * resolving->verdict_capacity : 64;
        resolving->verdicts =
            memory_resize(resolving->verdicts, resolving->verdict_capacity, sizeof *resolving->verdicts);
    }
    resolving->verdicts[resolving->verdict_count++] =
        (struct resolve_verdict){.key = arena_copy(&resolving->arena, key),
                                 .user = arena_copy(&resolving->arena, user),
                                 .where = arena_copy(&resolving->arena, slice_from(where)).data,
                                 .holds = true};
}

static int add_pair(void *context, struct slice key, struct slice user, const char *where,
                    struct error *error)
{
    struct resolving *resolving = context;

    (void)error;
    if (is_id(key) && provider_is_user_id(user)) {
        add_verdict(resolving, key, user, where);
        return 0;
    }
    log_warning("%s: is not an external_id and a user_id: nothing was written", where);
    resolving->not_written++;
    return 0;
}

/* The verdict that there is no user: of a customer that has one by an earlier verdict, that one is asked for.
 */
static int add_absent(struct resolving *resolving, struct slice key, struct error *error)
{
    struct ledger_customer customer;
    int found = ledger_find_by_key(resolving->ledger, key, &resolving->arena, &customer, error);

    if (found < 0)
        return -1;
    bool has_user = found == 1 && customer.by_verdict && customer.user_id.len > 0;
    add_verdict(resolving, key, has_user ? customer.user_id : slice_make("", 0), key.data);
    if (resolving->verdict_count)
        resolving->verdicts[resolving->verdict_count - 1].is_absent = true;
    return 0;
}

/* Reads what the person says, and asks the provider whether it can be. 0, or -1: nothing is written. */
static int gather_verdicts(struct resolving *resolving, const struct options *options, struct job *job,
                           struct error *error)
{
    struct slice key = slice_from(options->key);
    size_t asked = 0;
    int result = 0;

    if (options->from)
        result = resolve_file_read(options->from, "external_id", "user_id", add_pair, resolving, error);
    else if (options->user)
        add_verdict(resolving, key, slice_from(options->user), options->key);
    else if (options->absent)
        result = add_absent(resolving, key, error);
    for (size_t i = 0; i < resolving->verdict_count; i++)
        asked += resolving->verdicts[i].user.len > 0;
    if (result != 0 || asked == 0 || options->unchecked)
        return result;
    if (resolve_ask(resolving->verdicts, resolving->verdict_count, job, resolving->provider,
                    resolving->ledger, &resolving->arena, error) == 0)
        return 0;
    if (error->scope == ERROR_PROVIDER) {
        const struct error why = *error;
        error_set(
            error, why.scope,
            "%s\nhint: nothing was written; run it again when the provider answers, or add --unchecked to write the verdict without asking it",
            why.text);
    }
    return -1;
}

/* 0, or -1. */
static int write_verdict(struct resolving *resolving, const struct resolve_verdict *said, bool unchecked,
                         struct error *error)
{
    /* Where nothing can be updated, what was journalled shows later changes at least. */
    bool may_update = resolving->provider->can_update;
    const struct ledger_verdict verdict = {.external_id = said->key,
                                           .user_id = said->is_absent ? slice_make("", 0) : said->user,
                                           .proven = said->proven,
                                           .differs = may_update && (said->differs || unchecked),
                                           .at_ns = clock_real_ns()};
    enum ledger_settlement settlement;

    if (said->no_answer || !said->holds) {
        log_warning("%s: %s: nothing was written", said->where, said->why);
        resolving->not_written++;
        resolving->unanswered += said->no_answer;
        return 0;
    }
    if (ledger_settle(resolving->ledger, &verdict, &settlement, error) != 0)
        return -1;
    count_settlement(resolving, settlement, &resolving->settled, said->where);
    return 0;
}

/* A known customer gets its new key. */
static int rekey_one(struct resolving *resolving, struct slice from, struct slice to, const char *where,
                     struct error *error)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN] = {0};
    size_t len = resolving->provider->fields->member_count * FINGERPRINT_MEMBER_LEN;
    const struct record record = {.values = resolving->values};
    enum ledger_settlement settlement;

    resolving->values[FIELD_EXTERNAL_ID] = (struct value){to, VALUE_PRESENT};
    fingerprint_members(resolving->fingerprint, &record, members);
    const struct ledger_rekey rekey = {
        .from = from,
        .to = to,
        .key_members = slice_make((const char *)members, len),
        .is_digested = provider_fields_find(resolving->provider->fields, FIELD_EXTERNAL_ID)->member !=
                       PROVIDER_NO_MEMBER,
        .at_ns = clock_real_ns()};
    if (ledger_rekey(resolving->ledger, &rekey, &settlement, error) != 0)
        return -1;
    count_settlement(resolving, settlement, &resolving->rekeyed, where);
    return 0;
}

static int rekey_pair(void *context, struct slice from, struct slice to, const char *where,
                      struct error *error)
{
    struct resolving *resolving = context;

    if (is_id(from) && is_id(to))
        return rekey_one(resolving, from, to, where, error);
    log_warning("%s: is not an old and a new external_id: nothing was written", where);
    resolving->not_written++;
    return 0;
}

static int resolve_each(struct resolving *resolving, const struct options *options, struct error *error)
{
    int result = 0;

    if (options->rekey)
        return resolve_file_read(options->rekey, "old_external_id", "new_external_id", rekey_pair, resolving,
                                 error);
    if (options->same_as)
        return rekey_one(resolving, slice_from(options->same_as), slice_from(options->key), options->key,
                         error);
    for (size_t i = 0; i < resolving->verdict_count && result == 0; i++)
        result = write_verdict(resolving, &resolving->verdicts[i], options->unchecked, error);
    return result;
}

/* Asked first, then written in one transaction. The exit status, or -1. */
static int resolve_all(struct resolving *resolving, const struct options *options, struct job *job,
                       struct error *error)
{
    if (gather_verdicts(resolving, options, job, error) != 0 || ledger_begin(resolving->ledger, error) != 0 ||
        ledger_run_start(resolving->ledger, STORED_COMMAND, KYC_VERSION, "", clock_real_ns(), error) != 0 ||
        resolve_each(resolving, options, error) != 0)
        return -1;
    int status = resolving->unanswered ? (int)ERROR_PROVIDER : resolving->not_written ? 1 : 0;
    if (ledger_run_finish(resolving->ledger, status, slice_make(NULL, 0), slice_make(NULL, 0),
                          clock_real_ns(), error) != 0 ||
        ledger_commit(resolving->ledger, error) != 0)
        return -1;
    return status;
}

static void describe(const struct resolving *resolving, const struct options *options, struct buffer *out)
{
    if (options->rekey || options->same_as) {
        buffer_printf(out, "%" PRIu64 " given a new key, ", resolving->rekeyed);
    } else {
        buffer_printf(out, "%" PRIu64 " settled, %" PRIu64 " adopted, %" PRIu64 " accepted as they are, ",
                      resolving->settled, resolving->adopted, resolving->accepted);
        if (resolving->corrected)
            buffer_printf(out, "%" PRIu64 " corrected, ", resolving->corrected);
    }
    buffer_printf(out, "%" PRIu64 " not written\n", resolving->not_written);
}

static int resolve_job(const struct options *options, struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct resolving resolving = {.provider = provider};
    struct buffer out;

    resolving.ledger =
        job_ledger_open(job, provider, options->new_ledger ? JOB_LEDGER_RECREATE : JOB_LEDGER_CREATE, error);
    if (!resolving.ledger)
        return -1;
    arena_init(&resolving.arena, 4096);
    resolving.values = arena_alloc(&resolving.arena, field_count() * sizeof *resolving.values);
    memset(resolving.values, 0, field_count() * sizeof *resolving.values);
    resolving.fingerprint = fingerprint_new(ledger_fingerprint_key(resolving.ledger), provider->fields);
    int status = resolve_all(&resolving, options, job, error);
    if (status >= 0 && ledger_continuity_record(job, provider, resolving.ledger, error) != 0)
        status = -1;
    fingerprint_free(resolving.fingerprint);
    arena_clear(&resolving.arena);
    free(resolving.verdicts);
    ledger_close(resolving.ledger);
    if (status < 0)
        return -1;
    buffer_init(&out, 1024);
    describe(&resolving, options, &out);
    status = options->quiet ? status : output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

static const char *find_misuse(const struct options *options)
{
    int said = !!options->user + !!options->absent + !!options->same_as;

    if (options->from || options->rekey)
        return options->key || said || (options->from && options->rekey)
                   ? "--from FILE and --rekey FILE cannot be combined with --key, with a verdict or with each other"
                   : NULL;
    if (!options->key)
        return "resolve needs --key ID with --user USER_ID, --absent or --same-as ID; or --from FILE; or --rekey FILE";
    if (said != 1)
        return "resolve needs --user USER_ID or --absent or --same-as ID, one of them";
    if (!is_id(slice_from(options->key)) || (options->same_as && !is_id(slice_from(options->same_as))))
        return "an external_id is 1 to 128 bytes of printable ASCII";
    if (options->user && !provider_is_user_id(slice_from(options->user)))
        return "a user id is 1 to 128 letters, digits, blanks and -_.:~+=@|";
    return NULL;
}

int command_resolve(const struct options *options)
{
    bool asks = !options->unchecked && (options->user || options->from || options->absent);
    const struct job_overrides overrides = {
        .sets = options->sets, .set_count = options->set_count, .secrets = asks};
    const char *misuse = find_misuse(options);
    struct error error = {0};

    if (misuse) {
        log_error("%s (see kyc-import help resolve)", misuse);
        return ERROR_USAGE;
    }
    struct job *job = job_load(options->argument, &overrides, &error);
    const struct provider *provider = job ? provider_of_job(job, asks, &error) : NULL;
    int status = provider ? resolve_job(options, job, provider, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
