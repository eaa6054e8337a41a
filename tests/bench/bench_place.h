/* bench_place: where the tools of `make bench` have their ledger: a file, or a database by its URL. */
#ifndef KYC_TESTS_BENCH_PLACE_H
#define KYC_TESTS_BENCH_PLACE_H

#include "ledger/ledger.h"
#include "model/job.h"
#include "pipeline/job_ledger.h"

/* A database has no file for a key: it gets one that is no secret, unless the job has its own. */
static inline struct ledger_place bench_place(const struct job *job, const char *location)
{
    static char text[] = "the key of a measurement";
    static const struct secret key = {.data = text, .len = sizeof text - 1};
    struct ledger_place place = job_ledger_place(job);

    place.location = location;
    if (ledger_is_remote(location) && !job->ledger_key.data)
        place.key = &key;
    return place;
}

#endif
