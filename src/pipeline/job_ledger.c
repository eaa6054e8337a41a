#include "pipeline/job_ledger.h"

#include "core/log.h"
#include "pipeline/ledger_continuity.h"
#include "pipeline/restored_mark.h"

static struct ledger *fail_missing(const struct job *job, const struct provider *provider,
                                   struct error *error)
{
    if (ledger_continuity_check(job, provider, NULL, error) == 0)
        error_set(error, ERROR_LEDGER,
                  "%s: there is no ledger yet\nhint: the first kyc-import run creates it", job->ledger_path);
    return NULL;
}

struct ledger *job_ledger_open(const struct job *job, const struct provider *provider,
                               enum job_ledger_mode mode, struct error *error)
{
    const struct ledger_identity identity = {
        .job = job->name, .provider = provider->name, .base_url = provider_base_url(provider, job)};
    bool is_read = mode == JOB_LEDGER_READ || mode == JOB_LEDGER_READ_ANY;
    bool is_missing = !ledger_exists(job->ledger_path);

    if (is_missing && mode == JOB_LEDGER_CREATE && ledger_continuity_check(job, provider, NULL, error) != 0)
        return NULL;
    if (is_missing && mode == JOB_LEDGER_EXCLUSIVE)
        return fail_missing(job, provider, error);
    struct ledger *ledger = ledger_open(job->ledger_path, is_read ? LEDGER_READ : LEDGER_WRITE, &identity,
                                        &job->ledger_key, error);
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
