/* adopt: builds or completes a ledger from the users that the provider already has. */
#include "cmd/adopt_report.h"
#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "job/job_load.h"
#include "pipeline/adopt_job.h"

enum { OUT_MAX = 1 << 26 };

static int print(const struct options *options, const struct adopt_report *report)
{
    struct buffer out;
    struct json_writer json;
    int status = report->status;

    buffer_init(&out, OUT_MAX);
    json_write_begin(&json, &out);
    if (options->json) {
        adopt_report_write_json(report, &json);
        buffer_append_char(&out, '\n');
    } else if (!options->quiet) {
        adopt_report_write_text(report, &out);
    } else if (status == 1) {
        adopt_report_log(report);
    }
    status = output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

static int save_report(void *context, const struct adopt_job_result *result, int status)
{
    struct adopt_report *report = context;
    struct error error;

    report->result = result;
    report->status = status;
    if (adopt_report_save(report, &error) != 0)
        report->status = error_worse_status(status, output_error(&error));
    return report->status;
}

static int adopt(const struct options *options, struct job *job, const struct provider *provider)
{
    struct adopt_report report = {.job = job, .provider = provider, .is_dry = options->dry_run};
    const struct adopt_job_settings settings = {.job = job,
                                                .provider = provider,
                                                .limit = options->limit,
                                                .is_dry = options->dry_run,
                                                .report = save_report,
                                                .report_context = &report};
    struct adopt_job_result result;
    struct error error;
    int status = 0;

    if (adopt_job_run(&settings, &result, &error) != 0)
        status = output_error(&error);
    if (report.result)
        status = print(options, &report);
    adopt_job_clear(&result);
    return status;
}

int command_adopt(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_SEND, &provider, &error);
    int status = job ? adopt(options, job, provider) : output_error(&error);

    job_free(job);
    return status;
}
