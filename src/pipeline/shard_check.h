/* shard_check: what the check of one shard does beside that of the whole input: it keeps the values that must
 * be unique for the other shards, and rejects those that another shard has before.
 *
 * Everything else of a check is as it would be if one process read all inputs. Thread: shard_check_hash any;
 * the rest the coordinator's. Owner: the caller; shard_check_clear.
 */
#ifndef KYC_PIPELINE_SHARD_CHECK_H
#define KYC_PIPELINE_SHARD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/secret.h"
#include "model/job.h"
#include "model/record.h"
#include "model/shard_plan.h"
#include "pipeline/shard_keys.h"
#include "pipeline/shard_repeats.h"
#include "report/rejects.h"
#include "report/shard_stats.h"

struct shard_check {
    const struct shard_plan *plan;
    uint32_t shard;
    const struct secret *key; /* --shard-key; empty: the ledger's */
    const char *repeats_path; /* NULL: none */
    /* From shard_check_open on. */
    struct keyed_hash *hash;
    struct shard_keys *keys;
    struct shard_repeats *repeats;           /* NULL: none */
    uint8_t check[KEYED_HASH_LEN];           /* shows that two shards have the same key */
    enum field_id fields[RECORD_UNIQUE_MAX]; /* by unique index */
    size_t unique_count;
    struct shard_stats *stats;
    /* At the end of the check. */
    struct rejects_parts rejected, broken;
    uint64_t sent, sent_seen, open, open_seen; /* customers of the ledger, and those in this shard */
};

/* ledger_key: of a ledger that is open, FINGERPRINT_KEY_LEN bytes; NULL: none. -1 with ERROR_USAGE: there is
 * no key, or the file of repeats cannot be used. */
int shard_check_open(struct shard_check *shard, const struct job *job, const uint8_t *ledger_key,
                     struct error *error);
void shard_check_clear(struct shard_check *shard);

/* Sets record->unique_digests, in arena. identity: the text of fingerprint_identity_hash; NULL: none. */
void shard_check_hash(const struct shard_check *shard, struct record *record, const struct slice *identity,
                      struct arena *arena);

/* True for a value that another shard has at an earlier place. section: as in shard_keys. */
bool shard_check_find(const struct shard_check *shard, const struct record *record, unsigned section,
                      uint64_t *place);
/* The first record of this shard with its value. */
void shard_check_add(struct shard_check *shard, const struct record *record, unsigned section);

#endif
