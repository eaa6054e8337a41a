#include "pipeline/customer_index.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/hashset.h"
#include "core/memory.h"
#include "ledger/ledger_erase.h"

enum {
    CUSTOMERS_MIN = 4096,
    CUSTOMERS_EXPECTED_MAX = 1 << 24, /* a damaged ledger may announce any number */
    PLACED_LATER = 16,                /* customers whose place in the table is on its way from memory */
};

/* A job may have a rule of the same name, at another address. */
static const char erased_rule[] = RULE_ERASED;

struct customer_index {
    struct hash_table *seen[RECORD_UNIQUE_MAX]; /* mark: the ordinal at which a value was first seen; value:
                                                   of external_id, a customer by its index from 1 */
    size_t unique_count;
    struct ledger *ledger;      /* borrowed; NULL: none */
    struct hashset *identities; /* NULL: none yet */
    struct shard_check *shard;  /* borrowed; NULL: the whole input is read */
    struct customer_index_entry *customers;
    size_t customer_count, customer_capacity;
    uint64_t sent_count, sent_seen; /* of the customers, those that are not unsent */
    uint64_t open_count, open_seen; /* of the customers, those whose last operation is open */
    uint64_t record_count;          /* so far */
    uint64_t *before;               /* by input: the records of the inputs before it */
    size_t input_count;
};

struct customer_index *customer_index_new(size_t unique_count)
{
    struct customer_index *index = memory_new(1, sizeof *index);

    assert(unique_count >= 1 && unique_count <= RECORD_UNIQUE_MAX);
    index->unique_count = unique_count;
    for (size_t i = 0; i < unique_count; i++)
        index->seen[i] = hash_table_new();
    return index;
}

void customer_index_free(struct customer_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < index->unique_count; i++)
        hash_table_free(index->seen[i]);
    hashset_free(index->identities);
    free(index->customers);
    free(index->before);
    free(index);
}

struct loading {
    struct customer_index *index;
    uint64_t hashes[PLACED_LATER]; /* by a customer's position % PLACED_LATER */
};

static void place_customer(const struct loading *loading, size_t position)
{
    uint64_t hash = loading->hashes[position % PLACED_LATER];
    hash_table_ensure(loading->index->seen[0], hash)->value = (uint32_t)position + 1;
}

static void add_customer(void *context, const struct ledger_brief *brief)
{
    struct loading *loading = context;
    struct customer_index *index = loading->index;
    size_t position = index->customer_count++;

    if (position >= PLACED_LATER)
        place_customer(loading, position - PLACED_LATER);
    uint64_t hash = loading->hashes[position % PLACED_LATER] = hash_table_hash(brief->external_id);
    hash_table_prefetch(index->seen[0], hash);
    if (position == index->customer_capacity) {
        index->customer_capacity = index->customer_capacity ? index->customer_capacity * 2 : CUSTOMERS_MIN;
        index->customers =
            memory_resize(index->customers, index->customer_capacity, sizeof *index->customers);
    }
    index->customers[position] = (struct customer_index_entry){
        .digest = brief->digest,
        .id = (uint64_t)brief->id & ((UINT64_C(1) << 59) - 1),
        .identified = brief->identified,
        .is_unsent = brief->state == LEDGER_UNSENT,
        .has_user_id = brief->has_user_id,
        .pending = brief->pending,
        .open = brief->open,
    };
    index->sent_count += brief->state != LEDGER_UNSENT;
    index->open_count += brief->open;
}

int customer_index_load(struct customer_index *index, struct ledger *ledger, struct error *error)
{
    struct loading loading = {.index = index};
    uint64_t count = ledger_customer_count(ledger);

    index->ledger = ledger;
    index->customer_capacity = count < CUSTOMERS_EXPECTED_MAX ? (size_t)count : CUSTOMERS_EXPECTED_MAX;
    index->customers = memory_resize(index->customers, index->customer_capacity, sizeof *index->customers);
    hash_table_reserve(index->seen[0], index->customer_capacity);
    if (ledger_scan(ledger, add_customer, &loading, error) != 0)
        return -1;
    size_t placed = index->customer_count > PLACED_LATER ? index->customer_count - PLACED_LATER : 0;
    while (placed < index->customer_count)
        place_customer(&loading, placed++);
    return 0;
}

/* The ordinal of the next record among those of all inputs, from 1. row: within its input. */
static uint64_t next_ordinal(struct customer_index *index, uint32_t input, uint64_t row)
{
    index->record_count++;
    if (input >= index->input_count) { /* those in between had no record */
        index->before = memory_resize(index->before, (size_t)input + 1, sizeof *index->before);
        while (index->input_count <= input)
            index->before[index->input_count++] = index->record_count - row;
    }
    return index->record_count;
}

/* The ordinal that a value was marked with before; 0: none, and it is marked with this one. */
static uint64_t mark_value(struct hash_table_entry *entry, uint64_t ordinal)
{
    if (entry->mark)
        return entry->mark;
    entry->mark = ordinal < UINT32_MAX ? (uint32_t)ordinal : UINT32_MAX;
    return 0;
}

/* The input of a record that next_ordinal numbered. */
static size_t find_input(const struct customer_index *index, uint64_t ordinal)
{
    size_t input = index->input_count - 1;

    while (input > 0 && index->before[input] >= ordinal)
        input--;
    return input;
}

static struct slice describe_place(const struct job_input *inputs, size_t input, uint64_t row,
                                   struct arena *arena)
{
    return inputs->path_count > 1
               ? arena_printf(arena, "the same value as in row %" PRIu64 " of %s", row, inputs->paths[input])
               : arena_printf(arena, "the same value as in row %" PRIu64, row);
}

static struct slice describe_duplicate(const struct customer_index *index, const struct job_input *inputs,
                                       uint64_t ordinal, struct arena *arena)
{
    size_t input = find_input(index, ordinal);

    return describe_place(inputs, input, ordinal - index->before[input], arena);
}

/* Marks a value in the check of a shard. True, and a message, when an earlier place has it, here or in
 * another shard. Its customer, if the ledger has it, is counted by the shard with the first place. Not
 * inlined, as the next one: a check of the whole input would pay for it. */
static __attribute__((noinline)) bool find_shared(struct customer_index *index, const struct job *job,
                                                  const struct record *record, size_t unique_index,
                                                  struct slice *message, struct arena *arena)
{
    uint64_t hash = record->unique_hash[unique_index], place, earlier;
    bool is_shared = shard_check_find(index->shard, record, (unsigned)unique_index, &place);

    if (is_shared)
        earlier = mark_value(hash_table_ensure(index->seen[unique_index], hash), index->record_count);
    else
        earlier = customer_index_mark_seen(index, unique_index, hash, index->record_count);
    if (!earlier)
        shard_check_add(index->shard, record, (unsigned)unique_index);
    if (is_shared)
        *message =
            describe_place(&job->input, shard_keys_place_input(place), shard_keys_place_row(place), arena);
    else if (earlier)
        *message = describe_duplicate(index, &job->input, earlier, arena);
    return is_shared || earlier;
}

void customer_index_check_unique(struct customer_index *index, const struct job *job, struct record *record,
                                 struct arena *arena)
{
    uint64_t ordinal = next_ordinal(index, record->input, record->row);

    for (size_t i = 0; i < job->unique_count; i++) {
        uint64_t earlier = 0;
        struct slice message;
        if (!(record->unique_known & 1u << i))
            continue;
        if (index->shard ? !find_shared(index, job, record, i, &message, arena)
                         : !(earlier = customer_index_mark_seen(index, i, record->unique_hash[i], ordinal)))
            continue;
        if (earlier)
            message = describe_duplicate(index, &job->input, earlier, arena);
        struct verdict verdict = {
            .field = FIELD_EXTERNAL_ID, .level = VERDICT_REJECT, .rule = RULE_UNIQUE, .message = message};
        for (size_t rule = 0; i > 0 && rule < job->rule_count; rule++) {
            if (job->rules[rule].kind != JOB_RULE_UNIQUE || job->rules[rule].unique_index != i)
                continue;
            verdict.field = job->rules[rule].field;
            verdict.level = job->rules[rule].level;
        }
        record_add_verdict(record, arena, verdict);
    }
}

/* Only a key that the ledger does not have can be an erased one. */
int customer_index_check_erased(struct customer_index *index, struct record *record, struct arena *arena,
                                struct error *error)
{
    bool is_erased;

    if (!index->ledger || !(record->unique_known & 1) || record->skipped ||
        customer_index_find(index, record->unique_hash[0]))
        return 0;
    if (ledger_is_erased(index->ledger, record->values[FIELD_EXTERNAL_ID].text, &is_erased, error) != 0)
        return -1;
    if (is_erased)
        record_add_verdict(
            record, arena,
            (struct verdict){
                .field = FIELD_EXTERNAL_ID,
                .level = VERDICT_REJECT,
                .rule = erased_rule,
                .message = SLICE_LITERAL(
                    "the customer with this key was erased (kyc-import forget): it is never sent again")});
    return 0;
}

bool customer_index_is_erased(const struct record *record)
{
    for (size_t i = 0; i < record->verdict_count; i++)
        if (record->verdicts[i].rule == erased_rule)
            return true;
    return false;
}

static __attribute__((noinline)) bool mark_shared_identity(struct customer_index *index,
                                                           const struct record *record)
{
    bool is_repeated = hashset_add(index->identities, record->identity_hash);
    uint64_t place;

    if (!is_repeated)
        shard_check_add(index->shard, record, SHARD_KEYS_IDENTITIES);
    return is_repeated || shard_check_find(index->shard, record, SHARD_KEYS_IDENTITIES, &place);
}

bool customer_index_mark_identity(struct customer_index *index, const struct record *record)
{
    if (!index->identities)
        index->identities = hashset_new();
    return index->shard ? mark_shared_identity(index, record)
                        : hashset_add(index->identities, record->identity_hash);
}

void customer_index_divide(struct customer_index *index, struct shard_check *shard)
{
    index->shard = shard;
}

void customer_index_count(const struct customer_index *index, struct shard_check *shard)
{
    shard->sent = index->sent_count;
    shard->sent_seen = index->sent_seen;
    shard->open = index->open_count;
    shard->open_seen = index->open_seen;
}

uint64_t customer_index_mark_seen(struct customer_index *index, size_t unique_index, uint64_t hash,
                                  uint64_t ordinal)
{
    struct hash_table_entry *entry = hash_table_ensure(index->seen[unique_index], hash);
    uint64_t earlier = mark_value(entry, ordinal);

    if (!earlier && unique_index == 0 && entry->value) {
        index->sent_seen += !index->customers[entry->value - 1].is_unsent;
        index->open_seen += index->customers[entry->value - 1].open;
    }
    return earlier;
}

void customer_index_prefetch(const struct customer_index *index, const struct record *record)
{
    if (record->unique_known & 1)
        hash_table_prefetch(index->seen[0], record->unique_hash[0]);
    if (record->unique_digests) { /* a worker has written them, on another core; perhaps on two lines */
        __builtin_prefetch(record->unique_digests);
        __builtin_prefetch(record->unique_digests + (index->unique_count + 1) * KEYED_HASH_LEN - 1);
    }
    if (record->identity_hash && index->identities)
        hashset_prefetch(index->identities, record->identity_hash);
}

const struct customer_index_entry *customer_index_find(struct customer_index *index, uint64_t hash)
{
    const struct hash_table_entry *entry = hash_table_ensure(index->seen[0], hash);

    return entry->value ? &index->customers[entry->value - 1] : NULL;
}

uint64_t customer_index_open_count(const struct customer_index *index)
{
    return index->open_count;
}

uint64_t customer_index_missing_count(const struct customer_index *index)
{
    return index->sent_count - index->sent_seen;
}

uint64_t customer_index_missing_in_doubt(const struct customer_index *index)
{
    return index->open_count - index->open_seen;
}
