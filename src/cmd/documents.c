/* documents: sends the documents of users that exist. */
#include <inttypes.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/notify.h"
#include "cmd/output.h"
#include "cmd/task_result.h"
#include "core/clock.h"
#include "core/json.h"
#include "job/job_load.h"
#include "model/job_setting.h"
#include "pipeline/job_series.h"
#include "pipeline/send_documents.h"
#include "provider/provider_list.h"

enum { TEXT_MAX = 64 * 1024 };

static bool maps_documents(const struct job *job)
{
    for (size_t i = 0; i < job->mapping_count; i++)
        if (field_entry(job->mappings[i].field))
            return true;
    return false;
}

static int fail_provider(const struct provider *provider, struct error *error)
{
    struct buffer names;

    buffer_init(&names, TEXT_MAX);
    for (const struct provider *const *other = provider_list; *other; other++)
        if ((*other)->documents)
            buffer_printf(&names, "%s%s", names.len ? ", " : "", (*other)->name);
    error_set(error, ERROR_USAGE,
              "%s does not take documents of users that exist\nhint: providers that do are %s%s",
              provider->name, names.data,
              provider->makes_links ? "; kyc-import links JOB makes verification links here" : "");
    buffer_clear(&names);
    return -1;
}

/* What must hold before anything is sent. 0, or -1. */
static int check_job(const struct job *job, const struct provider *provider, struct error *error)
{
    const char *verifier = job_setting_text(&job->provider, SETTING_VERIFIER);

    if (!provider->documents)
        return fail_provider(provider, error);
    if (!maps_documents(job))
        return error_set(
            error, ERROR_USAGE,
            "%s: no documents are mapped\nhint: list them: fields.documents: [{type: {value: passport}, number: COLUMN, country: COLUMN, files: {front: COLUMN}}]",
            job->path);
    if (!verifier || !verifier[0])
        return error_set(
            error, ERROR_USAGE,
            "%s: `provider.verifier` is missing: the provider requires the name of who checked the documents\nhint: provider.verifier: NAME",
            job->path);
    return 0;
}

static uint64_t count_faults(const struct send_documents_counts *counts)
{
    uint64_t count = 0;

    for (size_t i = 0; i < SEND_DOCUMENTS_FAULTS_MAX; i++)
        count += counts->faults[i].count;
    return count;
}

static void write_members(const void *context, struct json_writer *json)
{
    const struct send_documents_counts *counts = context;

    json_write_member_unsigned(json, "read", counts->read);
    json_write_member_unsigned(json, "rejected", counts->rejected);
    json_write_member_unsigned(json, "without_user", counts->without_user);
    json_write_member_unsigned(json, "sent", counts->documents.done);
    json_write_member_unsigned(json, "unchanged", counts->unchanged);
    json_write_member_unsigned(json, "refused", counts->documents.refused);
    json_write_member_unsigned(json, "refused_before", counts->refused_before);
    json_write_member_unsigned(json, "in_doubt", counts->documents.in_doubt);
    json_write_member_unsigned(json, "unsent", counts->documents.unsent);
    json_write_member_unsigned(json, "not_sendable", count_faults(counts));
    json_write_member_unsigned(json, "requests", counts->requests);
}

static void describe(const struct task_result *result, struct buffer *out)
{
    const struct send_documents_counts *counts = result->counts;
    const struct user_task_counts *documents = &counts->documents;

    buffer_printf(out,
                  "%" PRIu64 " document%s sent, %" PRIu64 " unchanged, %" PRIu64 " refused, %" PRIu64
                  " in doubt, %" PRIu64 " unsent\n",
                  documents->done, documents->done == 1 ? "" : "s", counts->unchanged, documents->refused,
                  documents->in_doubt, documents->unsent);
    if (counts->refused_before)
        buffer_printf(out,
                      "  refused before, and not changed: %" PRIu64 " (--retry-refused sends them again)\n",
                      counts->refused_before);
    for (size_t i = 0; i < SEND_DOCUMENTS_FAULTS_MAX && counts->faults[i].text; i++)
        buffer_printf(out, "  not sent: %" PRIu64 ", each of which %s; the first is in row %" PRIu64 "\n",
                      counts->faults[i].count, counts->faults[i].text, counts->faults[i].row);
    if (counts->without_user)
        buffer_printf(
            out, "  records with documents, but without a user: %" PRIu64 " (kyc-import run creates it)\n",
            counts->without_user);
    if (counts->rejected)
        buffer_printf(out, "  rejected records: %" PRIu64 " (kyc-import check says why)\n", counts->rejected);
    if (documents->in_doubt)
        buffer_append_text(out, "  run it again: what is in doubt is repeated\n");
}

static int send_all(const struct options *options, struct job *job, const struct provider *provider,
                    struct buffer *summary, struct error *error)
{
    struct job_series series;
    struct send_documents_counts counts;

    if (job_series_open(&series, "documents", job, provider, error) != 0)
        return -1;
    const struct send_documents_settings settings = {
        .series = &series, .limit = options->limit, .retry_refused = options->retry_refused};
    int result = send_documents(&settings, &counts, error);
    const struct user_task_counts *documents = &counts.documents;
    bool is_clean = documents->refused + documents->in_doubt + documents->unsent + counts.rejected +
                        count_faults(&counts) ==
                    0;
    int status = is_clean ? 0 : 1;
    if (result != 0)
        status = error_worse_status(status, output_error(error));
    const struct task_result ended = {
        .options = options,
        .series = &series,
        .kind = LEDGER_TASK_DOCUMENT,
        .started_ns = counts.started_ns,
        .counts = &counts,
        .write_members = write_members,
        .describe = describe,
    };
    status = task_result_finish(&ended, status, summary);
    job_series_close(&series);
    return status;
}

int command_documents(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_SEND, &provider, &error);
    struct notify_end end = {.command = "documents", .started_ns = clock_real_ns()};
    struct buffer summary;

    buffer_init(&summary, TEXT_MAX);
    int status = job && check_job(job, provider, &error) == 0
                     ? send_all(options, job, provider, &summary, &error)
                     : -1;
    if (status < 0)
        status = output_error(&error);
    end.status = status;
    end.summary = buffer_slice(&summary);
    if (job)
        notify_send(job, &end);
    buffer_clear(&summary);
    job_free(job);
    return status;
}
