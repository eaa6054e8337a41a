/* ledger: moves the ledger of a job to another place. */
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/status_verify.h"
#include "core/file.h"
#include "core/json.h"
#include "job/job_ledger_setting.h"
#include "job/job_load.h"
#include "ledger/ledger_move.h"
#include "pipeline/job_ledger.h"

enum { OUT_MAX = 1 << 16 };

static void write_text(const struct options *options, const struct ledger_moved *moved, struct buffer *out)
{
    buffer_printf(out, "%s: a copy of %s, verified: ", options->to_ledger, options->from_ledger);
    status_verify_write_counts(&moved->verified, out);
    buffer_printf(
        out,
        "\nledger head %s\nledger head %s of the copy\n%s is not written any more: set `ledger: %s` in the job\n",
        moved->from_head, moved->to_head, options->from_ledger, options->to_ledger);
}

static void write_json(const struct options *options, const struct job *job, const struct ledger_moved *moved,
                       struct buffer *out)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_member(&json, "job", slice_from(job->name));
    json_write_member(&json, "from", slice_from(options->from_ledger));
    json_write_member(&json, "to", slice_from(options->to_ledger));
    json_write_member(&json, "from_head", slice_from(moved->from_head));
    json_write_member(&json, "to_head", slice_from(moved->to_head));
    json_write_member_unsigned(&json, "events", moved->verified.events);
    json_write_member_unsigned(&json, "customers", moved->verified.customers);
    json_write_member_unsigned(&json, "runs", moved->verified.runs);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

static int move_ledger(const struct job *job, const struct provider *provider, const char *from,
                       const char *to, struct ledger_moved *moved, struct error *error)
{
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    struct ledger_place source = job_ledger_place(job), target = source;

    source.location = from;
    target.location = to;
    return ledger_move(&source, &target, &identity, moved, error);
}

/* As the former ledger records it: a later command may be typed in another folder. Where the folder does not
 * exist the path stays, and the copy fails. */
static char *find_target(const struct job *job, const char *text, struct error *error)
{
    char *location = job_ledger_setting_location(job, text, error);
    char *absolute = location && !ledger_is_remote(location) ? file_absolute(location) : NULL;

    if (!absolute)
        return location;
    free(location);
    return absolute;
}

static int copy_ledger(const struct options *options, const struct job *job, const struct provider *provider,
                       struct error *error)
{
    struct ledger_moved moved;
    struct buffer out;
    int status = -1;
    char *from = job_ledger_setting_location(job, options->from_ledger, error);
    char *to = from ? find_target(job, options->to_ledger, error) : NULL;

    if (to && move_ledger(job, provider, from, to, &moved, error) == 0) {
        buffer_init(&out, OUT_MAX);
        if (options->json)
            write_json(options, job, &moved, &out);
        else if (!options->quiet)
            write_text(options, &moved, &out);
        status = output_result(buffer_slice(&out), 0);
        buffer_clear(&out);
    }
    free(from);
    free(to);
    return status;
}

int command_ledger(const struct options *options)
{
    const struct provider *provider;
    struct error error;

    if (strcmp(options->action, "copy") != 0) {
        error_set(&error, ERROR_USAGE, "unknown action `%s`\nhint: kyc-import ledger copy JOB FROM TO",
                  options->action);
        return output_error(&error);
    }
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? copy_ledger(options, job, provider, &error) : -1;
    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
