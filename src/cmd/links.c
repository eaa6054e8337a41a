/* links: makes verification links for the users that need one, and writes them to a file of their own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/notify.h"
#include "cmd/output.h"
#include "cmd/task_result.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "dispatch/links.h"
#include "job/job_load.h"
#include "pipeline/job_series.h"
#include "provider/provider_list.h"
#include "rules/uri.h"

enum { TEXT_MAX = 64 * 1024 };

static int fail_provider(const struct provider *provider, struct error *error)
{
    struct buffer names;

    buffer_init(&names, TEXT_MAX);
    for (const struct provider *const *other = provider_list; *other; other++)
        if ((*other)->makes_links)
            buffer_printf(&names, "%s%s", names.len ? ", " : "", (*other)->name);
    error_set(error, ERROR_USAGE,
              "%s has no request that makes a verification link\nhint: providers with links are %s%s",
              provider->name, names.data,
              provider->documents ? "; kyc-import documents JOB sends documents to this one" : "");
    buffer_clear(&names);
    return -1;
}

/* The constant fields.redirect_uri of the job; NULL: it has none. 0, or -1. */
static int find_redirect_uri(const struct job *job, const char **uri, struct error *error)
{
    *uri = NULL;
    for (size_t i = 0; i < job->mapping_count; i++) {
        const struct job_mapping *mapping = &job->mappings[i];
        if (mapping->field != FIELD_REDIRECT_URI)
            continue;
        if (mapping->column_count > 0) {
            log_info(
                "links lead back to no page: fields.redirect_uri is read from the export, which this command does not read\nhint: a constant applies to all users: redirect_uri: {value: URI}");
            return 0;
        }
        const char *fault = uri_fault(slice_from(mapping->constant));
        if (fault)
            return error_set(error, ERROR_USAGE, "%s:%u:%u: fields.redirect_uri %s", job->path,
                             mapping->place.line, mapping->place.column, fault);
        *uri = mapping->constant;
    }
    return 0;
}

/* Owner: the caller frees. */
static char *output_path(const struct options *options, const struct job *job)
{
    if (options->output)
        return memory_copy(slice_from(options->output));
    return file_join(job->report_folder,
                     options->format == RESULTS_NDJSON ? LINK_FILE_NDJSON_NAME : LINK_FILE_NAME);
}

static void write_members(const void *context, struct json_writer *json)
{
    const struct links_counts *counts = context;

    json_write_member_unsigned(json, "made", counts->links.done);
    json_write_member_unsigned(json, "refused", counts->links.refused);
    json_write_member_unsigned(json, "in_doubt", counts->links.in_doubt);
    json_write_member_unsigned(json, "unsent", counts->links.unsent);
    json_write_member_unsigned(json, "refused_before", counts->refused_before);
    json_write_member_unsigned(json, "requests", counts->requests);
}

static void describe(const struct task_result *result, struct buffer *out)
{
    const struct links_counts *counts = result->counts;
    const struct user_task_counts *links = &counts->links;

    buffer_printf(out,
                  "%" PRIu64 " link%s made, %" PRIu64 " refused, %" PRIu64 " in doubt, %" PRIu64 " unsent\n",
                  links->done, links->done == 1 ? "" : "s", links->refused, links->in_doubt, links->unsent);
    if (counts->refused_before)
        buffer_printf(out,
                      "  refused before, and nothing has changed: %" PRIu64 " (--retry-refused asks again)\n",
                      counts->refused_before);
    if (links->in_doubt)
        buffer_append_text(out, "  run it again: what is in doubt is repeated\n");
    if (links->done)
        buffer_printf(out, "  written to %s\n", result->file);
}

static int make_links(const struct options *options, struct job *job, const struct provider *provider,
                      const char *redirect_uri, struct buffer *summary, struct error *error)
{
    struct job_series series;
    struct links_counts counts;

    if (job_series_open(&series, "links", job, provider, error) != 0)
        return -1;
    char *path = output_path(options, job);
    const struct links_parts parts = {
        .job = job,
        .provider = provider,
        .ledger = series.ledger,
        .queue = series.queue,
        .file = link_file_new(path, options->format == RESULTS_NDJSON ? LINK_FILE_NDJSON : LINK_FILE_CSV),
        .redirect_uri = redirect_uri,
        .only = options->only,
        .limit = options->limit,
        .retry_refused = options->retry_refused,
    };
    int result = links_run(&parts, &counts, error);
    bool is_clean = counts.links.refused + counts.links.in_doubt + counts.links.unsent == 0;
    int status = is_clean ? 0 : 1;
    if (result != 0)
        status = error_worse_status(status, output_error(error));
    const struct task_result ended = {
        .options = options,
        .series = &series,
        .kind = LEDGER_TASK_LINK,
        .started_ns = counts.started_ns,
        .counts = &counts,
        .file = path,
        .write_members = write_members,
        .describe = describe,
    };
    status = task_result_finish(&ended, status, summary);
    link_file_free(parts.file);
    free(path);
    job_series_close(&series);
    return status;
}

/* The links of a job, and the notification. Returns the exit status. */
static int make_and_notify(const struct options *options, struct job *job, const struct provider *provider)
{
    struct notify_end end = {.command = "links", .started_ns = clock_real_ns()};
    const char *redirect_uri;
    struct buffer summary;
    struct error error;
    int status = -1;

    buffer_init(&summary, TEXT_MAX);
    if (!provider->makes_links)
        status = fail_provider(provider, &error);
    else if (find_redirect_uri(job, &redirect_uri, &error) == 0)
        status = make_links(options, job, provider, redirect_uri, &summary, &error);
    end.status = status < 0 ? output_error(&error) : status;
    end.summary = buffer_slice(&summary);
    notify_send(job, &end);
    buffer_clear(&summary);
    return end.status;
}

static int load_and_make(const struct options *options, struct error *error)
{
    const struct provider *provider;

    if (options->output && strcmp(options->output, "-") == 0)
        return error_set(
            error, ERROR_USAGE,
            "--output - is not possible: a link must be on disk before it counts as made\nhint: --output FILE");
    struct job *job = load_job(options, LOAD_JOB_SEND, &provider, error);
    int status = job ? make_and_notify(options, job, provider) : -1;
    job_free(job);
    return status;
}

int command_links(const struct options *options)
{
    struct error error;
    int status = load_and_make(options, &error);

    return status < 0 ? output_error(&error) : status;
}
