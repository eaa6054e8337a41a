#include "ledger/ledger_identities.h"

#include <assert.h>
#include <stdlib.h>

#include "core/hash_table.h"
#include "core/memory.h"

/* The table's value is the customer that was added last, its mark the earlier ones: a place in the list, from
 * 1. Few identities have any. */
struct earlier {
    uint32_t id, next;
};

struct ledger_identities {
    struct hash_table *last;
    struct earlier *earlier;
    uint32_t count, capacity;
};

struct ledger_identities *ledger_identities_new(void)
{
    struct ledger_identities *identities = memory_new(1, sizeof *identities);

    identities->last = hash_table_new();
    return identities;
}

void ledger_identities_free(struct ledger_identities *identities)
{
    if (!identities)
        return;
    hash_table_free(identities->last);
    free(identities->earlier);
    free(identities);
}

void ledger_identities_add(struct ledger_identities *identities, struct slice identity, int64_t id)
{
    struct hash_table_entry *entry = hash_table_ensure(identities->last, hash_table_hash(identity));

    assert(id > 0 && id <= UINT32_MAX);
    if (entry->value == (uint32_t)id)
        return;
    if (entry->value != 0) {
        if (identities->count == identities->capacity) {
            identities->capacity = identities->capacity ? 2 * identities->capacity : 64;
            identities->earlier =
                memory_resize(identities->earlier, identities->capacity, sizeof *identities->earlier);
        }
        identities->earlier[identities->count++] = (struct earlier){.id = entry->value, .next = entry->mark};
        entry->mark = identities->count;
    }
    entry->value = (uint32_t)id;
}

void ledger_identities_find(struct ledger_identities *identities, struct slice identity,
                            bool (*each)(void *context, int64_t id), void *context)
{
    const struct hash_table_entry *entry = hash_table_find(identities->last, hash_table_hash(identity));

    if (!entry || !each(context, entry->value))
        return;
    for (uint32_t place = entry->mark; place != 0; place = identities->earlier[place - 1].next)
        if (!each(context, identities->earlier[place - 1].id))
            return;
}
