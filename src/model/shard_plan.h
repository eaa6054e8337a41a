/* shard_plan: which inputs each of N processes reads, so that together they read every one once.
 *
 * The inputs, largest first, each to the shard that has the fewest bytes so far: the same files give the same
 * plan on every host. Its digest covers all that the result depends on but the contents: the version, N, the
 * job's text with --set and --input, and each input's path, size and time of change. A shard and its merge
 * agree if their digests do. Thread: any. Owner: shard_plan_clear.
 */
#ifndef KYC_MODEL_SHARD_PLAN_H
#define KYC_MODEL_SHARD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/error.h"
#include "model/job.h"

enum {
    SHARD_PLAN_MAX = 4096,           /* shards */
    SHARD_PLAN_INPUTS_MAX = 1 << 24, /* a place has 24 bits for its input */
};

struct shard_plan_input {
    uint64_t size, mtime_ns;
    uint32_t shard;
};

struct shard_plan {
    uint32_t of;
    struct shard_plan_input *inputs; /* in the order of the job's */
    size_t input_count;
    uint8_t job_digest[DIGEST_SHA256_LEN]; /* of the job's text and its overrides */
    uint8_t digest[DIGEST_SHA256_LEN];
};

/* overrides: the texts of --set and --input, as given, each with a NUL. -1 with ERROR_USAGE (standard input,
 * a pipe, too many inputs) or ERROR_INPUT (a file that is missing). */
int shard_plan_make(struct shard_plan *plan, const struct job *job, struct slice overrides, uint32_t of,
                    struct error *error);
void shard_plan_clear(struct shard_plan *plan);

/* Reads `I/N`: 0 ≤ I < N ≤ SHARD_PLAN_MAX. 0, or -1 with ERROR_USAGE. */
int shard_plan_read(const char *text, uint32_t *shard, uint32_t *of, struct error *error);

#endif
