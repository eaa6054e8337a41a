/* resolve: records what only a person can decide: whose user it is, or that there is none; users that existed
 * before; and the new key of a known customer. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/resolve_check.h"
#include "cmd/resolve_file.h"
#include "core/clock.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "job/job_load.h"
#include "ledger/ledger.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "provider/provider.h"
#include "provider/user_id.h"

enum { ID_MAX = 128 };

/* In the column user_id of --from, in any case: no such user. A user of this id needs --key and --user. */
#define ABSENT_WORD "absent"
/* run.command in the ledger keeps the earlier name. */
#define STORED_COMMAND "settle"

struct resolving {
    struct ledger *ledger;
    const struct provider *provider;
    struct fingerprint *fingerprint;
    struct value *values; /* [field_count()]: of a record that has only a key */
    struct arena arena;
    struct resolution *resolutions;
    size_t resolution_count, resolution_capacity;
    uint64_t resolved, adopted, accepted, corrected, rekeyed, not_written;
    uint64_t skipped;    /* lines of --from without an answer */
    uint64_t unanswered; /* of those not written: the provider gave no answer */
};

static bool is_id(struct slice id)
{
    for (size_t i = 0; i < id.len; i++)
        if (id.data[i] < ' ' || id.data[i] > '~')
            return false;
    return id.len > 0 && id.len <= ID_MAX;
}

/* Why a resolution was not written. */
static const char *describe_unwritten(enum ledger_settlement settlement)
{
    switch (settlement) {
    case LEDGER_SETTLE_TAKEN:
        return "another customer of this ledger already has this user";
    case LEDGER_SETTLE_OTHER_USER:
        return "this customer already has another user, which the provider's answer named";
    case LEDGER_SETTLE_NO_DOUBT:
        return "no create of this customer is in doubt, and it was not refused as a twin";
    case LEDGER_SETTLE_UNKNOWN:
        return "no customer with a user has the old key";
    case LEDGER_SETTLE_IN_DOUBT:
        return "a create is in doubt under the old key";
    case LEDGER_SETTLE_KEY_TAKEN:
        return "the new key belongs to a customer with a history of its own";
    case LEDGER_SETTLE_ERASED:
        return "a customer with this key was erased (kyc-import forget)";
    case LEDGER_SETTLED:
    case LEDGER_SETTLE_ADOPTED:
    case LEDGER_SETTLE_ACCEPTED:
    case LEDGER_SETTLE_CORRECTED:
    case LEDGER_SETTLE_ALLOWED:
        break;
    }
    return "";
}

/* resolved: counts LEDGER_SETTLED and LEDGER_SETTLE_ALLOWED. */
static void count_settlement(struct resolving *resolving, enum ledger_settlement settlement,
                             uint64_t *resolved, const char *where)
{
    failpoint("verdict written");
    switch (settlement) {
    case LEDGER_SETTLED:
    case LEDGER_SETTLE_ALLOWED:
        ++*resolved;
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
    case LEDGER_SETTLE_ERASED:
        break;
    }
    log_warning(
        "%s: %s: nothing was written%s", where, describe_unwritten(settlement),
        settlement == LEDGER_SETTLE_IN_DOUBT
            ? "\nhint: resolve that create first: kyc-import resolve JOB --key OLD --user USER_ID, or --absent"
            : "");
    resolving->not_written++;
}

/* user: empty: none. is_absent: user, where the ledger has one, is not the customer's. */
static void add_resolution(struct resolving *resolving, struct slice key, struct slice user, bool is_absent,
                           const char *where)
{
    if (user.len > 0 && !provider_accepts_user_id(resolving->provider, user)) {
        log_warning("%s: a user id of %s has %u to %u characters: nothing was written", where,
                    resolving->provider->name, resolving->provider->user_id_min,
                    resolving->provider->user_id_max);
        resolving->not_written++;
        return;
    }
    if (resolving->resolution_count == resolving->resolution_capacity) {
        resolving->resolution_capacity =
            resolving->resolution_capacity ? 2 * resolving->resolution_capacity : 64;
        resolving->resolutions = memory_resize(resolving->resolutions, resolving->resolution_capacity,
                                               sizeof *resolving->resolutions);
    }
    resolving->resolutions[resolving->resolution_count++] =
        (struct resolution){.key = arena_copy(&resolving->arena, key),
                            .user = arena_copy(&resolving->arena, user),
                            .where = arena_copy(&resolving->arena, slice_from(where)).data,
                            .is_absent = is_absent,
                            .holds = true};
}

/* If an earlier resolution named a user, that user is requested. */
static int add_absent(struct resolving *resolving, struct slice key, const char *where, struct error *error)
{
    struct ledger_customer customer;
    int found = ledger_find_by_key(resolving->ledger, key, &resolving->arena, &customer, error);

    if (found < 0)
        return -1;
    bool has_user = found == 1 && customer.verdict != 0 && customer.user_id.len > 0;
    add_resolution(resolving, key, has_user ? customer.user_id : slice_make("", 0), true, where);
    return 0;
}

static bool is_absent_word(struct slice text)
{
    return text.len == strlen(ABSENT_WORD) && strncasecmp(text.data, ABSENT_WORD, text.len) == 0;
}

/* A line of --from: a user, the word `absent`, or no answer yet. */
static int add_pair(void *context, struct slice key, struct slice user, const char *where,
                    struct error *error)
{
    struct resolving *resolving = context;

    if (is_id(key) && text_trim(user).len == 0) {
        resolving->skipped++;
        return 0;
    }
    if (is_id(key) && is_absent_word(text_trim(user)))
        return add_absent(resolving, key, where, error);
    if (is_id(key) && user_id_is_valid(user)) {
        add_resolution(resolving, key, user, false, where);
        return 0;
    }
    log_warning("%s: not a valid external_id and user_id: nothing was written", where);
    resolving->not_written++;
    return 0;
}

/* Reads the resolutions, and checks them with the provider. 0, or -1: nothing is written. */
static int gather_resolutions(struct resolving *resolving, const struct options *options, struct job *job,
                              struct error *error)
{
    struct slice key = slice_from(options->key);
    size_t user_count = 0;
    int result = 0;

    if (options->from)
        result = resolve_file_read(options->from, "external_id", "user_id", add_pair, resolving, error);
    else if (options->user)
        add_resolution(resolving, key, slice_from(options->user), false, options->key);
    else if (options->absent)
        result = add_absent(resolving, key, options->key, error);
    for (size_t i = 0; i < resolving->resolution_count; i++)
        user_count += resolving->resolutions[i].user.len > 0;
    if (result != 0 || user_count == 0 || options->unchecked)
        return result;
    if (resolve_check(resolving->resolutions, resolving->resolution_count, job, resolving->provider,
                      resolving->ledger, &resolving->arena, error) == 0)
        return 0;
    if (error->scope == ERROR_PROVIDER) {
        struct slice text = slice_from(error->text);
        if (text_find_hint(text) < text.len)
            error_set(error, ERROR_PROVIDER, "nothing was written: %s", error->text);
        else
            error_set(
                error, ERROR_PROVIDER,
                "nothing was written: %s\nhint: repeat this command once that is mended; or write without requesting the user, by --unchecked",
                error->text);
    }
    return -1;
}

/* 0, or -1. */
static int write_resolution(struct resolving *resolving, const struct resolution *resolution, bool unchecked,
                            struct error *error)
{
    /* Without updates, the journalled digests at least show later changes. */
    bool may_update = resolving->provider->can_update;
    const struct ledger_verdict verdict = {.external_id = resolution->key,
                                           .user_id =
                                               resolution->is_absent ? slice_make("", 0) : resolution->user,
                                           .proven = resolution->proven,
                                           .differs = may_update && (resolution->differs || unchecked),
                                           .at_ns = clock_real_ns()};
    enum ledger_settlement settlement;

    if (resolution->no_answer || !resolution->holds) {
        log_warning("%s: %s: nothing was written", resolution->where, resolution->why);
        resolving->not_written++;
        resolving->unanswered += resolution->no_answer;
        return 0;
    }
    if (ledger_settle(resolving->ledger, &verdict, &settlement, error) != 0)
        return -1;
    count_settlement(resolving, settlement, &resolving->resolved, resolution->where);
    return 0;
}

/* Gives a known customer its new key. */
static int rekey_one(struct resolving *resolving, struct slice from, struct slice to, const char *where,
                     struct error *error)
{
    uint8_t members[PROVIDER_MEMBERS_MAX * FINGERPRINT_MEMBER_LEN] = {0};
    size_t len = resolving->provider->fields->slot_count * FINGERPRINT_MEMBER_LEN;
    const struct record record = {.values = resolving->values};
    enum ledger_settlement settlement;

    resolving->values[FIELD_EXTERNAL_ID] = (struct value){to, VALUE_PRESENT};
    fingerprint_members(resolving->fingerprint, &record, members);
    const struct ledger_rekey rekey = {
        .from = from,
        .to = to,
        .key_members = slice_make((const char *)members, len),
        .is_digested =
            provider_fields_find(resolving->provider->fields, FIELD_EXTERNAL_ID)->slot != PROVIDER_NO_SLOT,
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
    log_warning("%s: not a valid old and new external_id: nothing was written", where);
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
    for (size_t i = 0; i < resolving->resolution_count && result == 0; i++)
        result = write_resolution(resolving, &resolving->resolutions[i], options->unchecked, error);
    return result;
}

/* In a transaction. 0, or -1. */
static int write_end(struct resolving *resolving, int status, struct error *error)
{
    const struct slice none = slice_make(NULL, 0);

    if (ledger_run_finish(resolving->ledger, status, none, none, clock_real_ns(), error) != 0)
        return -1;
    return ledger_commit(resolving->ledger, error);
}

/* The resolutions are written, whether or not their run can be recorded outside of the ledger. Returns the
 * exit status, which the ledger has too. */
static int record_head(struct resolving *resolving, const struct job *job, int status)
{
    struct error error;

    if (ledger_continuity_record(job, resolving->provider, resolving->ledger, &error) == 0)
        return status;
    status = error_worse_status(status, output_error(&error));
    if (ledger_begin(resolving->ledger, &error) == 0)
        (void)write_end(resolving, status, &error);
    return status;
}

/* Checks all, then writes all in one transaction. Returns the exit status, or -1. */
static int resolve_all(struct resolving *resolving, const struct options *options, struct job *job,
                       struct error *error)
{
    if (gather_resolutions(resolving, options, job, error) != 0 ||
        ledger_begin(resolving->ledger, error) != 0 ||
        ledger_run_start(resolving->ledger, STORED_COMMAND, KYC_VERSION, "", clock_real_ns(), error) != 0 ||
        resolve_each(resolving, options, error) != 0)
        return -1;
    int status = resolving->unanswered ? (int)ERROR_PROVIDER : resolving->not_written ? 1 : 0;
    return write_end(resolving, status, error) == 0 ? status : -1;
}

static void describe(const struct resolving *resolving, const struct options *options, struct buffer *out)
{
    if (options->rekey || options->same_as) {
        buffer_printf(out, "%" PRIu64 " given a new key, ", resolving->rekeyed);
    } else {
        buffer_printf(out, "%" PRIu64 " resolved, %" PRIu64 " adopted, %" PRIu64 " accepted as they are, ",
                      resolving->resolved, resolving->adopted, resolving->accepted);
        if (resolving->corrected)
            buffer_printf(out, "%" PRIu64 " corrected, ", resolving->corrected);
    }
    buffer_printf(out, "%" PRIu64 " not written", resolving->not_written);
    if (resolving->skipped)
        buffer_printf(out, ", %" PRIu64 " left as they are (no user_id)", resolving->skipped);
    buffer_append_char(out, '\n');
}

static int resolve_job(const struct options *options, struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct resolving resolving = {.provider = provider};
    struct buffer out;

    resolving.ledger = job_ledger_open(
        job, provider, options->new_ledger ? JOB_LEDGER_RECREATE : JOB_LEDGER_CREATE, NULL, error);
    if (!resolving.ledger)
        return -1;
    arena_init(&resolving.arena, 4096);
    resolving.values = arena_alloc(&resolving.arena, field_count() * sizeof *resolving.values);
    memset(resolving.values, 0, field_count() * sizeof *resolving.values);
    resolving.fingerprint = fingerprint_new(ledger_fingerprint_key(resolving.ledger), provider->fields);
    int status = resolve_all(&resolving, options, job, error);
    if (status >= 0)
        status = record_head(&resolving, job, status);
    fingerprint_free(resolving.fingerprint);
    arena_clear(&resolving.arena);
    free(resolving.resolutions);
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
    int choices = !!options->user + !!options->absent + !!options->same_as;

    if (options->from || options->rekey)
        return options->key || choices || (options->from && options->rekey)
                   ? "--from FILE and --rekey FILE cannot be combined with each other, nor with --key, --user, --absent or --same-as"
                   : NULL;
    if (!options->key)
        return "no customer and no file given";
    if (choices != 1)
        return "--key ID needs one of --user USER_ID, --absent and --same-as ID";
    if (!is_id(slice_from(options->key)) || (options->same_as && !is_id(slice_from(options->same_as))))
        return "an external_id has 1 to 128 bytes of printable ASCII";
    if (options->user && !user_id_is_valid(slice_from(options->user)))
        return "a user id has 1 to 128 letters, digits, blanks and -_.:~+=@|";
    return NULL;
}

int command_resolve(const struct options *options)
{
    bool has_requests = !options->unchecked && (options->user || options->from || options->absent);
    const char *misuse = find_misuse(options);
    const struct provider *provider;
    struct error error;

    if (misuse) {
        log_error(
            "%s\nhint: kyc-import resolve JOB --key ID with --user USER_ID, --absent or --same-as ID; or --from FILE; or --rekey FILE",
            misuse);
        return ERROR_USAGE;
    }
    struct job *job = load_job(options, has_requests ? LOAD_JOB_SEND : LOAD_JOB_READ, &provider, &error);
    int status = job ? resolve_job(options, job, provider, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
