#include "cmd/notify.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/child.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "core/webhook_url.h"
#include "delivery/webhook.h"
#include "report/notification.h"

enum { BODY_MAX = 1 << 26, VARIABLE_MAX = 4096, ERROR_MAX = 1024 };

static const char *url_of(const struct job_notify *notify)
{
    return notify->literal_url ? notify->literal_url : notify->url.data;
}

const char *notify_target(const struct job *job, char text[NOTIFY_TARGET_SIZE])
{
    const struct job_notify *notify = &job->notify;
    struct base_url url = {.is_http = false};

    text[0] = '\0';
    if (notify->command)
        text_format(text, NOTIFY_TARGET_SIZE, "%s", notify->command[0]);
    else if (url_of(notify) && !webhook_url_parse(slice_from(url_of(notify)), &url))
        text_format(text, NOTIFY_TARGET_SIZE, "%.*s", (int)url.origin.len, url.origin.data);
    return text;
}

/* The program of a job file may be run by root only if root wrote the file: the folder of the jobs belongs to
 * the account that usually runs them. */
static const char *find_command_fault(const struct job *job)
{
    if (geteuid() == 0 && job->owner != 0)
        return "the job file belongs to another account, which could run what it likes as root (runuser -u runs the job as that account)";
    return child_find_fault(job->notify.command[0]);
}

int notify_check(const struct job *job, struct error *error)
{
    const struct job_notify *notify = &job->notify;

    if (notify->fault)
        return error_set(error, ERROR_USAGE, "%s", notify->fault);
    const char *fault = notify->command ? find_command_fault(job) : NULL;
    if (fault)
        return error_set(error, ERROR_USAGE, "%s: %s\nhint: correct notify.command in %s", notify->command[0],
                         fault, job->path);
    if (!notify->command && !url_of(notify))
        return error_set(error, ERROR_USAGE, "notify.url was not loaded");
    return 0;
}

/* How the program ended: 0, or -1. */
static int check_result(const struct job_notify *notify, const struct child_result *result,
                        struct error *error)
{
    char wrote[CHILD_OUTPUT_SIZE + 32] = "";

    if (result->output[0])
        text_format(wrote, sizeof wrote, "; it wrote: %s", result->output);
    if (result->interrupted)
        return error_set(error, ERROR_USAGE, "%s was killed, because this command was interrupted%s",
                         notify->command[0], wrote);
    if (result->timed_out)
        return error_set(error, ERROR_USAGE, "%s did not end within notify.timeout, and was killed%s",
                         notify->command[0], wrote);
    if (result->status < 0)
        return error_set(error, ERROR_USAGE, "%s was ended by signal %d%s", notify->command[0],
                         result->signal, wrote);
    if (result->status > 0)
        return error_set(error, ERROR_USAGE, "%s ended with status %d%s", notify->command[0], result->status,
                         wrote);
    if (wrote[0])
        log_debug("%s has run%s", notify->command[0], wrote);
    return 0;
}

/* The notification as variables, too, for a program that reads no JSON. */
static int run_program(const struct job *job, const struct notification *notification, struct slice body,
                       struct error *error)
{
    char name[VARIABLE_MAX], command[VARIABLE_MAX], status[VARIABLE_MAX], report[VARIABLE_MAX];
    const char *variables[] = {name, command, status, report, NULL};
    const struct child child = {.words = job->notify.command,
                                .variables = variables,
                                .input = body,
                                .timeout_ns = job->notify.timeout_ns};
    struct child_result result;

    text_format(name, sizeof name, "KYC_JOB=%s", notification->job);
    text_format(command, sizeof command, "KYC_COMMAND=%s", notification->command);
    text_format(status, sizeof status, "KYC_STATUS=%d", notification->status);
    text_format(report, sizeof report, "KYC_REPORT=%s", notification->report_folder);
    const char *fault = find_command_fault(job);
    if (fault)
        return error_set(error, ERROR_USAGE, "%s: %s", job->notify.command[0], fault);
    if (child_run(&child, &result, error) != 0)
        return error_set(error, ERROR_USAGE, "%s: %s", job->notify.command[0], error->text);
    return check_result(&job->notify, &result, error);
}

static int deliver(const struct job *job, const struct notification *notification, struct error *error)
{
    const struct job_notify *notify = &job->notify;
    struct buffer body;

    if (notify->fault)
        return error_set(error, ERROR_USAGE, "%s", notify->fault);
    buffer_init(&body, BODY_MAX);
    notification_write(notification, &body);
    int result;
    if (notify->command) {
        result = run_program(job, notification, buffer_slice(&body), error);
    } else {
        const struct webhook webhook = {.url = url_of(notify),
                                        .token = notify->token.data,
                                        .proxy = job->provider.proxy,
                                        .ca_file = job->provider.ca_file,
                                        .timeout_ns = notify->timeout_ns};
        result = webhook_post(&webhook, buffer_slice(&body), error);
    }
    buffer_clear(&body);
    return result;
}

void notify_send(const struct job *job, const struct notify_end *end)
{
    char last_error[ERROR_MAX], target[NOTIFY_TARGET_SIZE];
    struct error error;

    if (!job->notify.is_set || !(job->notify.on & 1u << end->status))
        return;
    log_last_error(last_error, sizeof last_error);
    const struct notification notification = {.job = job->name,
                                              .command = end->command,
                                              .report_folder = job->report_folder,
                                              .status = end->status,
                                              .text = end->text ? end->text : "",
                                              .error = end->status == 0 ? "" : last_error,
                                              .started_ns = end->started_ns,
                                              .finished_ns = clock_real_ns(),
                                              .summary = end->summary};
    if (deliver(job, &notification, &error) == 0)
        log_info("notified %s of status %d", notify_target(job, target), end->status);
    else
        log_warning("nobody was notified of status %d: %s", end->status, error.text);
}

int notify_test(const struct job *job, struct error *error)
{
    uint64_t now_ns = clock_real_ns();
    const struct notification notification = {.job = job->name,
                                              .command = "probe",
                                              .report_folder = job->report_folder,
                                              .text = "a test of notify, nothing has happened",
                                              .error = "",
                                              .started_ns = now_ns,
                                              .finished_ns = now_ns};
    return deliver(job, &notification, error);
}
