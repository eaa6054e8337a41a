/* backup: copies the ledger and its key, also while a run writes them. */
#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/status_verify.h"
#include "core/clock.h"
#include "core/json.h"
#include "job/job_load.h"
#include "ledger/ledger_backup.h"
#include "pipeline/job_ledger.h"

enum { OUT_MAX = 1 << 16 };

static void write_text(const struct job *job, const struct ledger_backup *backup,
                       const struct ledger_verified *verified, struct buffer *out)
{
    char at[CLOCK_RFC3339_SIZE];

    buffer_printf(out, "%s: the ledger as of %s, verified: ", backup->path, clock_rfc3339(backup->at_ns, at));
    status_verify_write_counts(verified, out);
    buffer_append_char(out, '\n');
    if (job->ledger_key.data)
        buffer_append_text(out, "the key is the job's ledger_key: keep it apart from this file\n");
    else
        buffer_printf(out, "%s.key: its digest key, without which it cannot be used\n", backup->path);
    buffer_printf(out, "ledger head %s\n", backup->head);
}

static void write_json(const struct job *job, const struct ledger_backup *backup,
                       const struct ledger_verified *verified, struct buffer *out)
{
    char at[CLOCK_RFC3339_SIZE];
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member(&json, "job", slice_from(job->name));
    json_write_member(&json, "backup", slice_from(backup->path));
    json_write_key(&json, "has_key");
    json_write_bool(&json, !job->ledger_key.data);
    json_write_member(&json, "at", slice_from(clock_rfc3339(backup->at_ns, at)));
    json_write_member(&json, "chain_head", slice_from(backup->head));
    json_write_member_unsigned(&json, "events", verified->events);
    json_write_member_unsigned(&json, "customers", verified->customers);
    json_write_member_unsigned(&json, "runs", verified->runs);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

static int backup_job(const struct options *options, const struct job *job, const struct provider *provider,
                      struct error *error)
{
    struct ledger_verified verified = {.events = 0};
    struct ledger_backup backup;
    struct ledger *ledger = job_ledger_open(job, provider, JOB_LEDGER_READ, NULL, error);
    struct buffer out;
    int status = 0;

    if (!ledger)
        return -1;
    int result = ledger_backup_make(ledger, options->file, !job->ledger_key.data, &backup, &verified, error);
    ledger_close(ledger);
    if (result != 0)
        return -1;
    buffer_init(&out, OUT_MAX);
    if (options->json)
        write_json(job, &backup, &verified, &out);
    else if (!options->quiet)
        write_text(job, &backup, &verified, &out);
    status = output_result(buffer_slice(&out), 0);
    buffer_clear(&out);
    return status;
}

int command_backup(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? backup_job(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
