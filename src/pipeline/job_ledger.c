#include "pipeline/job_ledger.h"

#include "core/log.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/restored_mark.h"

static struct ledger *fail_missing(const struct job *job, const struct provider *provider,
                                   struct error *error)
{
    if (ledger_continuity_check(job, provider, NULL, error) != 0)
        return NULL;
    if (ledger_is_remote(job->ledger_path))
        error_set(
            error, ERROR_LEDGER,
            "%s: there is no ledger yet\nhint: if this job has never run: kyc-import run %s --new-ledger; else name the right database, or restore it (kyc-import restore)",
            job->ledger_path, job->path);
    else
        error_set(error, ERROR_LEDGER,
                  "%s: there is no ledger yet\nhint: the first kyc-import run creates it", job->ledger_path);
    return NULL;
}

struct ledger_place job_ledger_place(const struct job *job)
{
    return (struct ledger_place){.location = job->ledger_path,
                                 .job = job->name,
                                 .key = &job->ledger_key,
                                 .password = &job->ledger_password};
}

static enum ledger_mode mode_of(enum job_ledger_mode mode)
{
    switch (mode) {
    case JOB_LEDGER_READ:
    case JOB_LEDGER_READ_ANY:
        return LEDGER_READ;
    case JOB_LEDGER_RECREATE:
        return LEDGER_MAKE;
    case JOB_LEDGER_CREATE:
    case JOB_LEDGER_EXCLUSIVE:
        break;
    }
    return LEDGER_WRITE;
}

struct ledger *job_ledger_open(const struct job *job, const struct provider *provider,
                               enum job_ledger_mode mode, const int *stop_fd, struct error *error)
{
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    struct ledger_place place = job_ledger_place(job);
    bool is_read = mode_of(mode) == LEDGER_READ;
    place.stop_fd = stop_fd;
    int found = ledger_exists(&place, error);
    bool is_missing = found == 0;

    if (found < 0)
        return NULL;
    if (is_missing && mode == JOB_LEDGER_CREATE && ledger_continuity_check(job, provider, NULL, error) != 0)
        return NULL;
    if (is_missing && mode == JOB_LEDGER_EXCLUSIVE)
        return fail_missing(job, provider, error);
    struct ledger *ledger = ledger_open(&place, mode_of(mode), &identity, error);
    if (!ledger && error->scope == ERROR_NONE && mode == JOB_LEDGER_READ)
        return fail_missing(job, provider, error);
    if (ledger && mode == JOB_LEDGER_CREATE &&
        (ledger_continuity_check(job, provider, ledger, error) != 0 ||
         restored_mark_check(job, provider, ledger, error) != 0)) {
        ledger_close(ledger);
        return NULL;
    }
    if (ledger && !is_read && ledger_is_rebound(ledger))
        log_info(
            "the ledger %s was made for another job, provider or base URL, and has no customer: it is used as the ledger of this job",
            job->ledger_path);
    return ledger;
}
