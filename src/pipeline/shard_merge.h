/* shard_merge: the shards of a check as one: whether they fit together, and their report.
 *
 * Read, then compare the values that must be unique, then join. Each of the first two lists problems: shards
 * that have to be made (again), and folders that cannot be used. Thread: one. Owner: shard_merge_clear.
 */
#ifndef KYC_PIPELINE_SHARD_MERGE_H
#define KYC_PIPELINE_SHARD_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "model/job.h"
#include "model/shard_plan.h"
#include "provider/provider.h"
#include "report/run_stats.h"
#include "report/shard_file.h"

/* What keeps the shards from being joined. */
struct shard_merge_problem {
    uint32_t shard;     /* to be made again; SHARD_PLAN_MAX: that does not help */
    bool needs_repeats; /* with the file of repeats */
    bool has_failed;    /* it ended with status 3, of these inputs: waiting does not mend it */
    char *text;         /* the fact; owned */
};

struct shard_merge_shard {
    const char *folder; /* NULL: missing */
    struct shard_file file;
};

struct shard_merge {
    struct job *job; /* changed only by `fields: auto` */
    const struct provider *provider;
    struct slice overrides;     /* as of shard_plan_make */
    const char *const *folders; /* those given */
    size_t folder_count;
    uint32_t of; /* how many shards; 0: as most folders say */
    /* Results. */
    struct shard_plan plan;
    struct shard_merge_shard *shards; /* [of] */
    struct shard_merge_problem *problems;
    size_t problem_count;
    uint64_t keys; /* compared */
};

/* Reads what each folder has, and compares it with the job, its inputs, the others and, where it is on this
 * machine, the ledger. 0, with problems or not, or -1: the plan cannot be made, the ledger cannot be read or,
 * with of 0 still, no folder is one of a shard. */
int shard_merge_read(struct shard_merge *merge, struct error *error);

/* What every shard does first, so that none comes where it fails: opens the inputs, and applies the job to
 * their header. After shard_merge_read. 0, or -1. */
int shard_merge_check_header(struct shard_merge *merge, struct error *error);
/* Drops all problems but those of shards that have failed, if there is one. */
void shard_merge_keep_failed(struct shard_merge *merge);

/* Without problems so far: compares the values of all shards. Where one must be made again, writes the file
 * of repeats. 0, with problems or not, or -1. */
int shard_merge_compare(struct shard_merge *merge, const char *repeats_path, struct error *error);

/* Without problems: the counts of all into stats, and the reject files into the report folder. 0, or -1. A
 * shard that another process has made again meanwhile is a problem: stats are then of no use, nothing was
 * replaced, and it is to be read once more. The exit status so far is *status: 3, with its message in the
 * log, where records are missing. */
int shard_merge_join(struct shard_merge *merge, struct run_stats *stats, int *status, struct error *error);

/* All but what the caller set. */
void shard_merge_clear(struct shard_merge *merge);

#endif
