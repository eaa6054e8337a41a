/* erase_reports: removes from the report files of a job what names erased customers.
 *
 * The files that this program writes, by their names, in the report folder, in its folder `check`, in
 * those of shards (shard_folder.h) and in those below `history`; other files there are left alone. links.csv
 * and links.ndjson are written anew without the lines of these customers, because their other links exist
 * nowhere else. Every other file that has one of the words is removed: the next run writes them again. A
 * reject file is removed whole, and where the job computes external_id from its columns, so that the words
 * are not in its rows, each reject file is. Drafts of these files that a killed process left (file.h) are all
 * removed; one that a living process is writing stays. summary.json, metrics and *.head files never name a
 * customer, and stay: the guards read them.
 *
 * Needs the ledger's lock, without which a run could write these files. Thread: any.
 */
#ifndef KYC_PIPELINE_ERASE_REPORTS_H
#define KYC_PIPELINE_ERASE_REPORTS_H

#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"

struct erase_reports_settings {
    const struct job *job;
    const struct slice *words; /* keys and user ids; an empty one is none */
    size_t count;
    /* A file that was removed, or written anew (is_removed false); valid during the call. */
    void (*each)(void *context, const char *path, bool is_removed);
    void *context;
};

/* 0, or -1 with ERROR_USAGE: a file cannot be removed or written, and those after it were not looked at. */
int erase_reports(const struct erase_reports_settings *settings, struct error *error);

#endif
