#include "cmd/run_report.h"

#include <inttypes.h>
#include <string.h>

#include "cmd/output.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "delivery/throughput_estimate.h"
#include "report/html_report.h"
#include "report/summary_json.h"
#include "report/summary_table.h"

enum { RESULT_MAX = 1 << 24 };

struct run_stats *run_report_new(const struct job *job, bool is_check, bool is_dry)
{
    struct run_stats *stats = run_stats_new(job->input.path_count);

    stats->job = job->name;
    stats->command = is_check ? "check" : "run";
    stats->is_dry = is_dry;
    stats->format = job->input.format;
    stats->encoding = job->input.encoding;
    stats->started_ns = clock_real_ns();
    for (size_t i = 0; i < job->input.path_count; i++)
        stats->inputs[i].path = job->input.paths[i];
    return stats;
}

void run_report_estimate(const struct job *job, const struct provider *provider, struct run_stats *stats)
{
    uint64_t resolved = job->delivery.settle ? stats->plan.settle : 0;
    uint64_t requests = stats->plan.create + stats->plan.update + resolved;
    struct throughput_estimate estimate =
        throughput_estimate_time(job, provider, requests, THROUGHPUT_ESTIMATE_LATENCY_MS);

    stats->estimate.requests = requests;
    stats->estimate.seconds = estimate.rate_s;
    stats->estimate.reply_seconds = estimate.in_flight_s > estimate.rate_s ? estimate.in_flight_s : 0;
    stats->estimate.reply_ms = THROUGHPUT_ESTIMATE_LATENCY_MS;
    stats->estimate.in_flight = estimate.in_flight;
    text_format(stats->estimate.rate, sizeof stats->estimate.rate, "%s", estimate.rate);
}

int run_report_merge_status(int result, const struct error *error, int status)
{
    if (result == 0)
        return status;
    return error_worse_status(status, output_error(error));
}

/* A file that cannot be written changes the status: in the files after it, and in those before it, which are
 * written again. summary.json comes first, because the next run needs its head. */
int run_report_save(const struct job *job, struct run_stats *stats, struct metrics *metrics,
                    const struct report_history *history, int status)
{
    struct error error;

    status = stats->status =
        run_report_merge_status(summary_json_save(stats, job->report_folder, &error), &error, status);
    int summary_status = status, page = html_report_save(stats, job, history, &error);
    status = stats->status = run_report_merge_status(page, &error, status);
    int page_status = status;
    status = stats->status = run_report_merge_status(metrics_save(metrics, stats, &error), &error, status);
    if (page == 0 && status != page_status)
        status = run_report_merge_status(html_report_save(stats, job, history, &error), &error, status);
    if (status != summary_status)
        status =
            run_report_merge_status(summary_json_save(stats, job->report_folder, &error), &error, status);
    return status;
}

/* The summary as JSON, with what the provider has as one more member. */
static void write_json(const struct run_stats *stats, const struct adopt_report *plan, struct buffer *out)
{
    struct json_writer json;

    summary_json_write(stats, out);
    if (!plan)
        return;
    out->len -= strlen("}\n");
    buffer_append_text(out, ",\"against_provider\":");
    json_write_begin(&json, out);
    adopt_report_write_json(plan, &json);
    buffer_append_text(out, "}\n");
}

int run_report_print(const struct options *options, const struct job *job, const struct run_stats *stats,
                     const struct adopt_report *plan, int status)
{
    struct buffer out;

    buffer_init(&out, RESULT_MAX);
    if (options->json)
        write_json(stats, plan, &out);
    else if (!options->quiet)
        summary_table_write(stats, job, &out);
    else if (status == 1)
        log_warning("%" PRIu64 " rejected, %" PRIu64 " refused, %" PRIu64 " in doubt, %" PRIu64
                    " unsent, %" PRIu64 " in doubt and not in this input, %" PRIu64
                    " with a provider warning\nhint: the report in %s names the records",
                    stats->rejected, stats->refused, stats->in_doubt, stats->unsent, stats->in_doubt_absent,
                    stats->provider_warned, job->report_folder);
    if (plan && !options->json && !options->quiet) {
        buffer_append_text(&out, "\nAgainst the provider: ");
        adopt_report_write_text(plan, &out);
    } else if (plan && !options->json) {
        adopt_report_log(plan);
    }
    status = output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}
