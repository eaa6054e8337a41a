/* probe: checks whether a job can run. Each line is ok, or names the fault and what to do. */
#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/notify.h"
#include "cmd/output.h"
#include "cmd/probe_lines.h"
#include "cmd/probe_machine.h"
#include "cmd/probe_provider.h"

#include "delivery/sender.h"
#include "job/job_load.h"

enum { RESULT_MAX = 1 << 20 };

static void probe_all(struct probe_lines *lines, struct job *job, const struct provider *provider,
                      bool with_secrets)
{
    bool usable;

    probe_machine_input(lines, job, provider);
    struct ledger *ledger = probe_machine_ledger(lines, job, provider, &usable);
    probe_machine_space(lines, job);
    if (!with_secrets)
        probe_provider_skip(lines, job, provider, "the credentials are not ok");
    else if (!usable && provider->is_signed)
        probe_provider_skip(lines, job, provider,
                            "the nonces of the keys are in the ledger, which cannot be used");
    else
        probe_provider_ask(lines, job, provider, ledger);
    ledger_close(ledger);
}

/* With --notify a test is sent. */
static void probe_notify(struct probe_lines *lines, const struct options *options, const struct job *job,
                         bool with_secrets)
{
    char target[NOTIFY_TARGET_SIZE];
    struct error error;

    if (!job->notify.is_set && options->notify)
        probe_lines_add(lines, "notify", PROBE_NOT_OK,
                        "the job notifies nobody\nhint: write `notify` into the job file");
    if (!job->notify.is_set || !with_secrets)
        return;
    bool is_ok = notify_check(job, &error) == 0;
    if (is_ok && options->notify)
        is_ok = notify_test(job, &error) == 0;
    notify_target(job, target);
    if (!is_ok)
        probe_lines_add(lines, "notify", PROBE_NOT_OK, "%s", error.text);
    else if (options->notify)
        probe_lines_add(lines, "notify", PROBE_OK, "a test was sent to %s", target);
    else
        probe_lines_add(lines, "notify", PROBE_OK, "%s (not tried: --notify sends a test)", target);
}

/* No request of ours shows whether somebody has signed. */
static void remind_of_agreement(struct probe_lines *lines, const struct provider *provider, struct slice url)
{
    if (provider->agreement)
        probe_lines_add(
            lines, "agreement", PROBE_SKIPPED,
            "not checked: each customer must have signed %.*s%s… before the create, with the same e-mail address",
            (int)url.len, url.data, provider->agreement);
}

static int show(const struct options *options, const struct job *job, const struct probe_lines *lines)
{
    int status = probe_lines_all_ok(lines) ? 0 : 1;
    struct buffer out;

    buffer_init(&out, RESULT_MAX);
    if (options->json)
        probe_lines_write_json(lines, job->name, status, &out);
    else
        probe_lines_write_table(lines, options->quiet, &out);
    status = output_result(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}

int command_probe(const struct options *options)
{
    struct probe_lines lines = {.count = 0};
    const struct provider *provider;
    struct error fault = {0}, error;
    struct job *job = load_job(options, LOAD_JOB_SEND, &provider, &fault);
    bool has_secrets = job != NULL;

    if (!job)
        job = load_job(options, LOAD_JOB_READ, &provider, &error);
    if (!job)
        return output_error(&error);
    struct slice url = provider_base_url(provider, job);
    probe_lines_add(&lines, "job", PROBE_OK, "%s: %s at %.*s", job->path, provider->name, (int)url.len,
                    url.data);
    probe_lines_add(&lines, "libcurl", PROBE_OK, "%s", sender_library());
    if (has_secrets)
        probe_lines_add(&lines, "credentials", PROBE_OK, "%zu, well-formed", job->provider.credential_count);
    else
        probe_lines_add(&lines, "credentials", PROBE_NOT_OK, "%s", fault.text);
    probe_all(&lines, job, provider, has_secrets);
    probe_notify(&lines, options, job, has_secrets);
    remind_of_agreement(&lines, provider, url);
    int status = show(options, job, &lines);
    probe_lines_clear(&lines);
    job_free(job);
    return status;
}
