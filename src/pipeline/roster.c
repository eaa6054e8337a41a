#include "pipeline/roster.h"

#include <assert.h>
#include <stdlib.h>

#include "core/hashset.h"
#include "core/keyset.h"
#include "core/memory.h"
#include "model/record.h"

struct roster {
    struct keyset *seen[RECORD_UNIQUE_MAX];
    size_t unique_count;
    struct hashset *identities;        /* NULL: none yet */
    struct roster_customer *customers; /* entry.extra is an index from 1 */
    size_t customer_count, customer_capacity;
    uint64_t customers_seen;
    uint64_t open_count, open_seen; /* of the customers, those whose last operation is open */
    uint64_t count;                 /* records so far */
    uint64_t *before;               /* by input: the records of those before it */
    size_t input_count;
};

struct roster *roster_new(size_t unique_count)
{
    struct roster *roster = memory_new(1, sizeof *roster);

    assert(unique_count >= 1 && unique_count <= RECORD_UNIQUE_MAX);
    roster->unique_count = unique_count;
    for (size_t i = 0; i < unique_count; i++)
        roster->seen[i] = keyset_new();
    return roster;
}

void roster_free(struct roster *roster)
{
    if (!roster)
        return;
    for (size_t i = 0; i < roster->unique_count; i++)
        keyset_free(roster->seen[i]);
    hashset_free(roster->identities);
    free(roster->customers);
    free(roster->before);
    free(roster);
}

static void add_customer(void *context, const struct ledger_brief *brief)
{
    struct roster *roster = context;
    struct keyset_entry *entry = keyset_at(roster->seen[0], keyset_hash(brief->external_id));

    if (roster->customer_count == roster->customer_capacity) {
        roster->customer_capacity = roster->customer_capacity ? roster->customer_capacity * 2 : 4096;
        roster->customers =
            memory_resize(roster->customers, roster->customer_capacity, sizeof *roster->customers);
    }
    roster->customers[roster->customer_count++] = (struct roster_customer){
        .digest = brief->digest,
        .id = (uint64_t)brief->id & ((UINT64_C(1) << 58) - 1),
        .identified = brief->identified,
        .state = (uint64_t)brief->state & 3,
        .has_user_id = brief->has_user_id,
        .pending = brief->pending,
        .open = brief->open,
    };
    roster->open_count += brief->open;
    entry->extra = (uint32_t)roster->customer_count;
}

int roster_load(struct roster *roster, struct ledger *ledger, struct error *error)
{
    return ledger_scan(ledger, add_customer, roster, error);
}

uint64_t roster_count(struct roster *roster, uint32_t input, uint64_t row)
{
    roster->count++;
    if (input >= roster->input_count) { /* those between had no record */
        roster->before = memory_resize(roster->before, (size_t)input + 1, sizeof *roster->before);
        while (roster->input_count <= input)
            roster->before[roster->input_count++] = roster->count - row;
    }
    return roster->count;
}

void roster_place(const struct roster *roster, uint64_t place, uint32_t *input, uint64_t *row)
{
    size_t index = roster->input_count - 1;
    while (index > 0 && roster->before[index] >= place)
        index--;
    *input = (uint32_t)index;
    *row = place - roster->before[index];
}

bool roster_mark_identity(struct roster *roster, uint64_t hash)
{
    if (!roster->identities)
        roster->identities = hashset_new();
    return hashset_add(roster->identities, hash);
}

void roster_prefetch_identity(const struct roster *roster, uint64_t hash)
{
    if (roster->identities)
        hashset_prefetch(roster->identities, hash);
}

uint64_t roster_mark(struct roster *roster, size_t unique_index, uint64_t hash, uint64_t place)
{
    struct keyset_entry *entry = keyset_at(roster->seen[unique_index], hash);

    if (entry->row)
        return entry->row;
    entry->row = place < UINT32_MAX ? (uint32_t)place : UINT32_MAX;
    if (unique_index == 0 && entry->extra) {
        roster->customers_seen++;
        roster->open_seen += roster->customers[entry->extra - 1].open;
    }
    return 0;
}

void roster_prefetch(const struct roster *roster, size_t unique_index, uint64_t hash)
{
    keyset_prefetch(roster->seen[unique_index], hash);
}

const struct roster_customer *roster_find(struct roster *roster, uint64_t hash)
{
    const struct keyset_entry *entry = keyset_at(roster->seen[0], hash);

    return entry->extra ? &roster->customers[entry->extra - 1] : NULL;
}

uint64_t roster_absent(const struct roster *roster)
{
    return roster->customer_count - roster->customers_seen;
}

uint64_t roster_absent_in_doubt(const struct roster *roster)
{
    return roster->open_count - roster->open_seen;
}
