/* rejects_join: the reject files of several shards as one, in the order of the inputs.
 *
 * The gzip members are copied as they are; decompressed, the file is that of one process. Thread: one.
 */
#ifndef KYC_REPORT_REJECTS_JOIN_H
#define KYC_REPORT_REJECTS_JOIN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "model/job.h"
#include "report/rejects.h"

struct rejects_join_shard {
    const char *folder;
    const struct rejects_parts *rejected, *broken;
};

/* The name of a reject file of this shard that is missing or shorter than it was; NULL: there is none. */
const char *rejects_join_find_cut(const struct rejects_join_shard *shard, enum job_format format);

/* Replaces rejects.* and broken.* in folder, or removes them where no shard has one. may_replace is asked
 * once all that shards have was read. 0; 1: it said no, and nothing was replaced; or -1: ERROR_INPUT (a file
 * of a shard is missing or cut), or as report_file_fail. */
int rejects_join(const char *folder, enum job_format format, const struct rejects_join_shard *shards,
                 size_t count, bool (*may_replace)(void *context), void *context, struct error *error);

#endif
