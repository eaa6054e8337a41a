/* shard_file: shard.json, all that a shard's report was made of, so that merge can add shards up.
 *
 * Without a value of a record, as every report: shapes (mask.h). Thread: one. Mode 0600.
 */
#ifndef KYC_REPORT_SHARD_FILE_H
#define KYC_REPORT_SHARD_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "core/error.h"
#include "core/keyed_hash.h"
#include "model/shard_plan.h"
#include "report/rejects.h"
#include "report/run_stats.h"
#include "report/shard_stats.h"

#define SHARD_FILE_NAME "shard.json"

/* An input of this shard, as it was. */
struct shard_file_input {
    uint32_t index;
    uint64_t size, mtime_ns;
};

struct shard_file {
    char version[64]; /* of the program */
    uint32_t shard, of;
    uint8_t plan[DIGEST_SHA256_LEN], job[DIGEST_SHA256_LEN];
    uint64_t input_count; /* of all shards */
    struct shard_file_input *inputs;
    size_t own_count;
    int status;
    uint64_t started_ns, finished_ns;
    uint8_t check[KEYED_HASH_LEN];
    /* The repeats that it was made with; "": none. */
    char unique[2 * DIGEST_SHA256_LEN + 1], identities[2 * DIGEST_SHA256_LEN + 1];
    char chain_head[65];
    uint64_t sent, sent_seen, open, open_seen; /* customers of the ledger, and those in this shard */
    struct rejects_parts rejected, broken;
    struct stat about; /* of the file itself */
};

/* 0, or -1 as report_file_fail. */
int shard_file_save(const struct shard_file *file, const struct run_stats *stats,
                    const struct shard_stats *rules, const char *path, struct error *error);

/* Reads all but the counts. 0, or -1 with ERROR_INPUT: it is missing, or no such file of this version. Then
 * shard_file_clear. */
int shard_file_read(struct shard_file *file, const char *path, struct error *error);
/* Adds the counts to stats, whose inputs are those of all shards, and to rules. 0, or -1 as shard_file_read.
 */
int shard_file_add(const char *path, struct run_stats *stats, struct shard_stats *rules, struct error *error);
/* True while the file at path is the one that was read. */
bool shard_file_is_same(const struct shard_file *file, const char *path);
void shard_file_clear(struct shard_file *file);

#endif
