#include "pipeline/customer_index.h"

#include <assert.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/hashset.h"
#include "core/memory.h"
#include "model/record.h"

struct customer_index {
    struct hash_table *seen[RECORD_UNIQUE_MAX];
    size_t unique_count;
    struct hashset *identities;             /* NULL: none yet */
    struct customer_index_entry *customers; /* entry.extra is an index from 1 */
    size_t customer_count, customer_capacity;
    uint64_t customers_seen;
    uint64_t open_count, open_seen; /* of the customers, those whose last operation is open */
    uint64_t count;                 /* records so far */
    uint64_t *before;               /* by input: the records of those before it */
    size_t input_count;
};

struct customer_index *customer_index_new(size_t unique_count)
{
    struct customer_index *customer_index = memory_new(1, sizeof *customer_index);

    assert(unique_count >= 1 && unique_count <= RECORD_UNIQUE_MAX);
    customer_index->unique_count = unique_count;
    for (size_t i = 0; i < unique_count; i++)
        customer_index->seen[i] = hash_table_new();
    return customer_index;
}

void customer_index_free(struct customer_index *customer_index)
{
    if (!customer_index)
        return;
    for (size_t i = 0; i < customer_index->unique_count; i++)
        hash_table_free(customer_index->seen[i]);
    hashset_free(customer_index->identities);
    free(customer_index->customers);
    free(customer_index->before);
    free(customer_index);
}

static void add_customer(void *context, const struct ledger_brief *brief)
{
    struct customer_index *customer_index = context;
    struct hash_table_entry *entry =
        hash_table_ensure(customer_index->seen[0], hash_table_hash(brief->external_id));

    if (customer_index->customer_count == customer_index->customer_capacity) {
        customer_index->customer_capacity =
            customer_index->customer_capacity ? customer_index->customer_capacity * 2 : 4096;
        customer_index->customers = memory_resize(
            customer_index->customers, customer_index->customer_capacity, sizeof *customer_index->customers);
    }
    customer_index->customers[customer_index->customer_count++] = (struct customer_index_entry){
        .digest = brief->digest,
        .id = (uint64_t)brief->id & ((UINT64_C(1) << 58) - 1),
        .identified = brief->identified,
        .state = (uint64_t)brief->state & 3,
        .has_user_id = brief->has_user_id,
        .pending = brief->pending,
        .open = brief->open,
    };
    customer_index->open_count += brief->open;
    entry->value = (uint32_t)customer_index->customer_count;
}

int customer_index_load(struct customer_index *customer_index, struct ledger *ledger, struct error *error)
{
    return ledger_scan(ledger, add_customer, customer_index, error);
}

uint64_t customer_index_next_ordinal(struct customer_index *customer_index, uint32_t input, uint64_t row)
{
    customer_index->count++;
    if (input >= customer_index->input_count) { /* those between had no record */
        customer_index->before =
            memory_resize(customer_index->before, (size_t)input + 1, sizeof *customer_index->before);
        while (customer_index->input_count <= input)
            customer_index->before[customer_index->input_count++] = customer_index->count - row;
    }
    return customer_index->count;
}

void customer_index_locate(const struct customer_index *customer_index, uint64_t place, uint32_t *input,
                           uint64_t *row)
{
    size_t index = customer_index->input_count - 1;
    while (index > 0 && customer_index->before[index] >= place)
        index--;
    *input = (uint32_t)index;
    *row = place - customer_index->before[index];
}

bool customer_index_mark_identity(struct customer_index *customer_index, uint64_t hash)
{
    if (!customer_index->identities)
        customer_index->identities = hashset_new();
    return hashset_add(customer_index->identities, hash);
}

void customer_index_prefetch_identity(const struct customer_index *customer_index, uint64_t hash)
{
    if (customer_index->identities)
        hashset_prefetch(customer_index->identities, hash);
}

uint64_t customer_index_mark_seen(struct customer_index *customer_index, size_t unique_index, uint64_t hash,
                                  uint64_t place)
{
    struct hash_table_entry *entry = hash_table_ensure(customer_index->seen[unique_index], hash);

    if (entry->mark)
        return entry->mark;
    entry->mark = place < UINT32_MAX ? (uint32_t)place : UINT32_MAX;
    if (unique_index == 0 && entry->value) {
        customer_index->customers_seen++;
        customer_index->open_seen += customer_index->customers[entry->value - 1].open;
    }
    return 0;
}

void customer_index_prefetch(const struct customer_index *customer_index, size_t unique_index, uint64_t hash)
{
    hash_table_prefetch(customer_index->seen[unique_index], hash);
}

const struct customer_index_entry *customer_index_find(struct customer_index *customer_index, uint64_t hash)
{
    const struct hash_table_entry *entry = hash_table_ensure(customer_index->seen[0], hash);

    return entry->value ? &customer_index->customers[entry->value - 1] : NULL;
}

uint64_t customer_index_missing_count(const struct customer_index *customer_index)
{
    return customer_index->customer_count - customer_index->customers_seen;
}

uint64_t customer_index_missing_in_doubt(const struct customer_index *customer_index)
{
    return customer_index->open_count - customer_index->open_seen;
}
