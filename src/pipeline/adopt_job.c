#include "pipeline/adopt_job.h"

#include "core/clock.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/json.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/signals.h"

#define COMMAND "adopt"

enum { COUNTS_MAX = 64 * 1024 };

struct adopt_job {
    const struct adopt_job_settings *settings;
    struct adopt_job_result *result;
    struct coordinator_queue *queue;
    struct signals signals;
    struct ledger *ledger;
    uint8_t key[FINGERPRINT_KEY_LEN]; /* without a ledger */
};

static int check_provider(const struct adopt_job_settings *settings, struct error *error)
{
    const char *name = settings->provider->name;

    if (adopt_is_possible(settings->provider))
        return 0;
    if (settings->provider->adopts_by_create)
        return error_set(
            error, ERROR_USAGE,
            "%s cannot list its users, and need not: a create with an external_id that it knows answers with the user that it has\nhint: kyc-import run %s adopts them by itself",
            name, settings->job->path);
    return error_set(
        error, ERROR_USAGE,
        "%s cannot list its users\nhint: make a CSV file with the columns external_id and user_id, then kyc-import resolve %s --from FILE",
        name, settings->job->path);
}

/* The ledger is complete, and is the one that the last run left. */
static bool is_sound(const struct adopt_job *adopt, bool is_adopting)
{
    const struct adopt_job_settings *settings = adopt->settings;
    struct error ignored;

    return !is_adopting && !ledger_is_empty(adopt->ledger) &&
           ledger_continuity_check(settings->job, settings->provider, adopt->ledger, &ignored) == 0;
}

static int start_run(struct adopt_job *adopt, struct error *error)
{
    struct ledger *ledger = adopt->ledger;
    uint8_t digest[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    bool is_adopting;

    if (ledger_adopting(ledger, &is_adopting, error) != 0)
        return -1;
    bool sound = is_sound(adopt, is_adopting);
    digest_sha256(adopt->settings->job->text, slice_make(NULL, 0), digest);
    if (ledger_begin(ledger, error) != 0 ||
        ledger_run_start(ledger, COMMAND, KYC_VERSION, digest_hex(digest, sizeof digest, hex),
                         adopt->result->started_ns, error) != 0 ||
        (!sound && ledger_adopting_set(ledger, true, error) != 0) || ledger_commit(ledger, error) != 0)
        return -1;
    failpoint("adopt started");
    return 0;
}

/* Opens the ledger. A dry run writes nothing, but its requests keep other runs away. */
static int open_ledger(struct adopt_job *adopt, struct error *error)
{
    const struct adopt_job_settings *settings = adopt->settings;
    struct ledger_place place = job_ledger_place(settings->job);
    place.stop_fd = &adopt->signals.stop_fd;
    int found = settings->is_dry ? ledger_exists(&place, error) : 1;

    if (found < 0)
        return -1;
    if (found == 0) {
        digest_random(adopt->key, sizeof adopt->key);
        return 0;
    }
    adopt->ledger = job_ledger_open(settings->job, settings->provider,
                                    settings->is_dry ? JOB_LEDGER_EXCLUSIVE : JOB_LEDGER_RECREATE,
                                    &adopt->signals.stop_fd, error);
    if (!adopt->ledger)
        return -1;
    return settings->is_dry ? 0 : start_run(adopt, error);
}

static int ask(struct adopt_job *adopt, struct error *error)
{
    const struct adopt_job_settings *settings = adopt->settings;
    const struct adopt_parts parts = {
        .job = settings->job,
        .provider = settings->provider,
        .ledger = adopt->ledger,
        .queue = adopt->queue,
        .plan = adopt->result->plan,
        .is_dry = settings->is_dry,
    };

    return adopt_run(&parts, &adopt->result->users, error);
}

static void count_adopted(struct adopt_job_result *result, const struct adopt_record *record)
{
    result->adopt++;
    result->update += record->differing != 0;
    result->not_shown += record->not_shown != 0;
    for (size_t i = 0; i < PROVIDER_MEMBERS_MAX; i++)
        result->by_member[i] += record->not_shown >> i & 1;
}

static void count_records(struct adopt_job_result *result)
{
    for (size_t i = 0; i < adopt_plan_record_count(result->plan); i++) {
        const struct adopt_record *record = adopt_plan_record(result->plan, i);
        if (record->result == ADOPT_USER)
            count_adopted(result, record);
        else if (record->is_in_doubt)
            result->in_doubt++;
        else if (record->result == ADOPT_UNCLEAR)
            result->unclear++;
        else if (record->result == ADOPT_CREATE)
            result->create++;
    }
    result->others = result->users.users > result->adopt ? result->users.users - result->adopt : 0;
}

static void write_counts(const struct adopt_job_result *result, struct buffer *out)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member_unsigned(&json, "read", result->records.read);
    json_write_member_unsigned(&json, "adopted", result->users.adopted);
    json_write_member_unsigned(&json, "held", result->users.held);
    json_write_object_end(&json);
}

/* is_complete: every user was compared. */
static int finish_run(struct adopt_job *adopt, int status, bool is_complete, struct error *error)
{
    const struct adopt_job_settings *settings = adopt->settings;
    struct ledger *ledger = adopt->ledger;
    struct buffer counts;

    buffer_init(&counts, COUNTS_MAX);
    write_counts(adopt->result, &counts);
    int result = ledger_begin(ledger, error);
    if (result == 0)
        result = ledger_run_finish(ledger, status, slice_make(NULL, 0), buffer_slice(&counts),
                                   adopt->result->finished_ns, error);
    if (result == 0 && is_complete)
        result = ledger_adopting_set(ledger, false, error);
    if (result == 0 && is_complete)
        result = ledger_restored_set(ledger, slice_make(NULL, 0), error);
    if (result == 0)
        result = ledger_commit(ledger, error);
    failpoint("adopt ended");
    if (result == 0 && is_complete)
        result = ledger_continuity_record(settings->job, settings->provider, ledger, error);
    buffer_clear(&counts);
    return result;
}

static int read_and_ask(struct adopt_job *adopt, struct error *error)
{
    const struct adopt_job_settings *settings = adopt->settings;
    const uint8_t *key = adopt->ledger ? ledger_fingerprint_key(adopt->ledger) : adopt->key;
    const struct adopt_export_parts parts = {.job = settings->job,
                                             .provider = settings->provider,
                                             .ledger = adopt->ledger,
                                             .key = key,
                                             .limit = settings->limit,
                                             .queue = adopt->queue,
                                             .stop_fd = adopt->signals.stop_fd};

    adopt->result->plan =
        adopt_plan_new(settings->job, settings->provider, key, adopt_fetches(settings->provider));
    if (adopt_export_read(&parts, adopt->result->plan, &adopt->result->records, error) != 0)
        return -1;
    int result = ask(adopt, error);
    count_records(adopt->result);
    return result;
}

int adopt_job_status(const struct adopt_job_result *result)
{
    return result->records.rejected || result->unclear || result->users.unreadable ? 1 : 0;
}

/* Of a run that has compared what it could: code 0, or -1 with an error. Returns it, or -1. */
static int end_run(struct adopt_job *adopt, int code, struct error *error)
{
    const struct adopt_job_settings *settings = adopt->settings;
    int status = code == 0 ? adopt_job_status(adopt->result) : (int)error->scope, recorded = status;
    bool is_complete = code == 0 && settings->limit == 0;
    struct error ignored;

    /* A failure that came first is the one that counts. */
    if (!settings->is_dry && finish_run(adopt, status, is_complete, code == 0 ? error : &ignored) != 0) {
        status = code == 0 ? error_worse_status(status, (int)error->scope) : status;
        code = -1;
    }
    if (settings->report)
        status = settings->report(settings->report_context, adopt->result, status);
    if (!settings->is_dry && status != recorded)
        (void)finish_run(adopt, status, false, &ignored);
    return code;
}

int adopt_job_run(const struct adopt_job_settings *settings, struct adopt_job_result *result,
                  struct error *error)
{
    struct adopt_job adopt = {.settings = settings, .result = result};

    *result = (struct adopt_job_result){.started_ns = clock_real_ns()};
    adopt.queue = adopt_export_queue();
    int code = check_provider(settings, error);
    if (code == 0)
        code = signals_start(&adopt.signals, adopt.queue, error);
    if (code == 0)
        code = open_ledger(&adopt, error);
    if (code == 0) {
        code = read_and_ask(&adopt, error);
        result->finished_ns = clock_real_ns();
        code = end_run(&adopt, code, error);
    }
    ledger_close(adopt.ledger);
    signals_stop(&adopt.signals);
    coordinator_queue_free(adopt.queue);
    return code;
}

void adopt_job_clear(struct adopt_job_result *result)
{
    adopt_plan_free(result->plan);
    result->plan = NULL;
}
