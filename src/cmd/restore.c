/* restore: puts a backup in the ledger's place, and says what may be missing in it. */
#include <inttypes.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/status_verify.h"
#include "core/json.h"
#include "core/plural.h"
#include "job/job_load.h"
#include "pipeline/restored_ledger.h"
#include "pipeline/restored_mark.h"

enum { OUT_MAX = 1 << 16, ADVICE_SIZE = 512 };

static void write_lost(const struct restored_ledger *restored, const struct job *job,
                       const struct provider *provider, struct buffer *out)
{
    char advice[ADVICE_SIZE];

    if (restored->is_newest) {
        buffer_append_text(out, "nothing is missing in it: the next run continues\n");
        return;
    }
    restored_mark_advice(job, provider, advice, sizeof advice);
    if (restored->lost_runs == 1)
        buffer_printf(out, "1 run or other command came after it: run %" PRId64 "\n", restored->last_run + 1);
    else if (restored->lost_runs > 0)
        buffer_printf(out,
                      "%" PRId64 " runs or other commands came after it: runs %" PRId64 " to %" PRId64 "\n",
                      restored->lost_runs, restored->last_run + 1, restored->last_run + restored->lost_runs);
    else
        buffer_append_text(out, "whether something came after it is not known for sure\n");
    buffer_printf(
        out,
        "A run stops (status 5) until you decide, because it would create customers again that were created since:\n  %s\n",
        advice);
}

static void write_text(const struct restored_ledger *restored, const struct job *job,
                       const struct provider *provider, struct buffer *out)
{
    buffer_printf(out, "%s: restored, as of %s: ", job->ledger_path, restored->at);
    status_verify_write_counts(&restored->verified, out);
    buffer_append_char(out, '\n');
    if (restored->moved_to)
        buffer_printf(out, "the ledger that was there is now %s\n", restored->moved_to);
    if (restored->took_over && restored->taken.erased)
        buffer_printf(out, "forgotten since, and erased again: %" PRIu64 " customer%s\n",
                      restored->taken.erased, plural_s(restored->taken.erased));
    if (restored->taken.not_erased)
        buffer_printf(out,
                      "forgotten since, but back and in doubt: %" PRIu64
                      " customer%s (resolve and forget again)\n",
                      restored->taken.not_erased, plural_s(restored->taken.not_erased));
    if (!restored->took_over)
        buffer_append_text(
            out,
            "if customers were forgotten since the backup, they are back: forget them again, by your receipts\n");
    else if (!restored->took_over_newest && !restored->is_newest)
        buffer_append_text(
            out,
            "customers that were forgotten since may be back, because the newest ledger is not there: forget them again, by your receipts\n");
    if (restored->moved_to && !restored->took_over)
        buffer_printf(out, "nothing could be taken over from it: %s\n", restored->why_not.text);
    write_lost(restored, job, provider, out);
}

static void write_json(const struct restored_ledger *restored, const struct job *job, struct buffer *out)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member(&json, "job", slice_from(job->name));
    json_write_member(&json, "at", slice_from(restored->at));
    json_write_member_unsigned(&json, "customers", restored->verified.customers);
    json_write_key(&json, "last_run");
    json_write_signed(&json, restored->last_run);
    json_write_key(&json, "lost_runs");
    if (restored->lost_runs < 0)
        json_write_null(&json);
    else
        json_write_signed(&json, restored->lost_runs);
    json_write_key(&json, "is_newest");
    json_write_bool(&json, restored->is_newest);
    json_write_key(&json, "moved_to");
    if (restored->moved_to)
        json_write_any(&json, slice_from(restored->moved_to));
    else
        json_write_null(&json);
    json_write_key(&json, "took_over");
    json_write_bool(&json, restored->took_over);
    json_write_member_unsigned(&json, "erased_again", restored->taken.erased);
    json_write_member_unsigned(&json, "not_erased", restored->taken.not_erased);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

static int restore_job(const struct options *options, const struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct restored_ledger restored;
    struct buffer out;
    int status = -1;

    if (restored_ledger_make(job, provider, options->file, &restored, error) == 0) {
        buffer_init(&out, OUT_MAX);
        if (options->json)
            write_json(&restored, job, &out);
        else if (!options->quiet || !restored.is_newest)
            write_text(&restored, job, provider, &out);
        status = output_result(buffer_slice(&out), 0);
        buffer_clear(&out);
    }
    restored_ledger_clear(&restored);
    return status;
}

int command_restore(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? restore_job(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
