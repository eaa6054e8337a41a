/* check_shard: one of N shards of a check (check --shard I/N), into a folder of its own for kyc-import merge.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_CHECK_SHARD_H
#define KYC_CMD_CHECK_SHARD_H

#include "cmd/options.h"
#include "core/buffer.h"
#include "core/secret.h"

/* Options that change what is read or how, each with a NUL: part of the plan (model/shard_plan.h). */
void check_shard_append_overrides(const struct options *options, struct buffer *out);
/* Loads --shard-key; without it, an empty one. 0, or -1 with ERROR_USAGE. */
int check_shard_load_key(const struct options *options, struct secret *key, struct error *error);
/* Which shard, and where. */
struct check_shard {
    uint32_t shard, of;
    const char *folder;  /* NULL: shard-I-of-N in the report folder of a check */
    const char *repeats; /* of --repeats; NULL: none */
};

/* The command that makes a shard, as typed. */
void check_shard_append_command(const struct options *options, const struct check_shard *which,
                                struct buffer *out);

/* The command that makes the shards in question and merges all, as typed. */
void check_shard_append_merge(const struct options *options, struct buffer *out);

/* Makes the shard, and prints its result unless is_quiet. Returns the exit status. */
int check_shard_run(const struct options *options, const struct check_shard *which, bool is_quiet);

#endif
