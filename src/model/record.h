/* record: one row of the input on its way, and the batch that carries it.
 *
 * A record is filled in stages, each by one thread: the reader (source), a rule worker (validated), the
 * coordinator (decided). Batches leave the workers in the order in which the reader made them (sequence).
 * Thread: one at a time, handed over by the queues. Owner: all that a record points to is in its batch's
 * arena, or constant for the run.
 */
#ifndef KYC_MODEL_RECORD_H
#define KYC_MODEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/field.h"
#include "model/verdict.h"

enum {
    BATCH_RECORDS_MAX = 256,
    BATCH_BYTES_MAX = 256 * 1024, /* of source text; a larger record travels alone */
    BATCH_ARENA_CHUNK = 1024 * 1024,
    RECORD_UNIQUE_MAX =
        8, /* `unique` rules of a job, external_id's own included: one bit and one hash each */
    RECORD_DIGEST_LEN = 16,
    RECORD_DOCUMENT_DIGEST_LEN = 32,
};

enum value_state {
    VALUE_ABSENT = 0, /* not mapped, empty, or a null value */
    VALUE_PRESENT,    /* text is the normal form */
    VALUE_FAILED,     /* it has a verdict; not validated further */
};

/* Between the items of a list value (nationalities, tax_id, tax_country): no text holds control characters.
 */
#define VALUE_SEPARATOR '\x1f'

/* Takes the next item off a list value (slice_next_item). */
static inline bool record_next_item(struct slice *rest, struct slice *item)
{
    return slice_next_item(rest, slice_make((const char[]){VALUE_SEPARATOR}, 1), item);
}

static inline struct slice record_first_item(struct slice list)
{
    struct slice item = list;
    record_next_item(&list, &item);
    return item;
}

struct value {
    struct slice text;
    enum value_state state;
};

struct record {
    /* the reader's */
    uint32_t input;    /* index of the input file */
    uint64_t row;      /* from 1, within its input */
    uint64_t line;     /* the physical line on which it begins, from 1 */
    const char *fault; /* RULE_MALFORMED, RULE_COLUMNS, RULE_HEADER, RULE_TOO_LONG, RULE_CUT; or NULL */
    struct slice fault_message;
    struct slice raw;    /* only with a fault: the bytes for broken.*, without the final line end */
    struct slice *cells; /* source bytes, undecoded, one per column of the header; NULL with a fault */
    size_t cell_count;
    bool is_footer; /* among the records at the end that input.csv.skip_footer leaves out */
    /* a rule worker's */
    struct value *values; /* [field_count()] by field id; NULL with a fault */
    struct verdict *verdicts;
    size_t verdict_count, verdict_capacity;
    bool rejected; /* a verdict of level reject, or a fault */
    bool skipped;  /* not a record of this job (not rejected): counted as read, and nothing else is done with
                      it */
    uint16_t skipped_by; /* the condition of input.where that does not hold, from 1; 0: none */
    uint64_t conditions; /* bit i: there was a value for the condition i of input.where, from 0 */
    uint64_t unique_hash[RECORD_UNIQUE_MAX]; /* of the normalized value, by the job's unique index; 0 is
                                                external_id */
    uint32_t unique_known;                   /* bit i: unique_hash[i] is set */
    uint64_t identity_hash;        /* fingerprint_identity_hash, in a dry run; 0: none, or not made */
    const uint8_t *unique_digests; /* of a shard: a hash by unique index and, last, that of the identity
                                      (pipeline/shard_check.h); else NULL */
    char country[2];               /* of the normalized `country`; NUL when it is not known */
    uint64_t
        present[(FIELD_MAX + 63) / 64]; /* bit i: the mapped field i had a value in the source, good or bad */
    uint64_t sources;                   /* bit i: the i-th source of rule_set_first_source had a text */
    const uint8_t **document_digest;    /* [field_document_count()], by field_document(): SHA-256 of what the
                                           file holds; NULL: no file. NULL: not read, as when no ledger is at
                                           hand, or there is no file */
    uint8_t digest[RECORD_DIGEST_LEN];  /* of fingerprint_record, when a ledger is at hand and the record is
                                           not rejected */
};

struct batch {
    uint64_t sequence; /* 0, 1, 2 … as the reader closed them */
    struct arena arena;
    struct record *records; /* [BATCH_RECORDS_MAX] */
    size_t count;
    size_t bytes; /* source bytes so far */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch);
/* Empties it for its next round. */
void batch_reset(struct batch *batch);

/* Adds a verdict; a reject marks the record as rejected. Verdicts keep the order in which they were added. */
void record_add_verdict(struct record *record, struct arena *arena, struct verdict verdict);

/* Moves *field, at first FIELD_COUNT, to the next of the job's own fields of a group that has a value, itself
 * included. False: there is none. */
bool record_find_own(const struct record *record, enum field_group group, enum field_id *field);

/* A deep copy in another arena: source and values, all that outlives the batch. */
struct record *record_copy(const struct record *record, struct arena *arena);

#endif
