/* ledger_take_over: what a restored ledger gets of the one that it replaces. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "ledger/ledger_backup.h"
#include "ledger/ledger_erase.h"
#include "ledger/ledger_internal.h"

enum { ARENA_CHUNK = 64 * 1024 };

struct taking {
    struct ledger *to;
    struct arena arena;
    struct hash_table *erased; /* the keys that are erased in the other ledger, by the hash of their HMACs */
    struct slice *keys;        /* the same */
    size_t key_count, key_capacity;
    struct ledger_erasure *items; /* customers of `to` that have one of these keys */
    size_t item_count, item_capacity;
    struct error *error;
    int result;
};

/* Without the id that follows where a customer came again. */
static struct slice base_key(struct slice erased_key)
{
    size_t len = LEDGER_ERASED_KEY_SIZE - 1;

    return slice_make(erased_key.data, erased_key.len < len ? erased_key.len : len);
}

static void add_erased(void *context, struct slice erased_key)
{
    struct taking *taking = context;

    if (taking->key_count == taking->key_capacity) {
        taking->key_capacity = taking->key_capacity ? 2 * taking->key_capacity : 64;
        taking->keys = memory_resize(taking->keys, taking->key_capacity, sizeof *taking->keys);
    }
    struct slice key = arena_copy(&taking->arena, base_key(erased_key));
    taking->keys[taking->key_count++] = key;
    hash_table_ensure(taking->erased, hash_table_hash(key))->value = 1;
}

static void find_customer(void *context, const struct ledger_brief *brief)
{
    struct taking *taking = context;
    char key[LEDGER_ERASED_KEY_SIZE];

    ledger_erased_key(taking->to, brief->external_id, key);
    if (!hash_table_find(taking->erased, hash_table_hash(slice_from(key))))
        return;
    if (taking->item_count == taking->item_capacity) {
        taking->item_capacity = taking->item_capacity ? 2 * taking->item_capacity : 64;
        taking->items = memory_resize(taking->items, taking->item_capacity, sizeof *taking->items);
    }
    taking->items[taking->item_count++] =
        (struct ledger_erasure){.key = arena_copy(&taking->arena, brief->external_id)};
}

static void take_floor(void *context, const char *key_id, uint64_t floor)
{
    struct taking *taking = context;

    if (taking->result == 0)
        taking->result = ledger_nonce_reserve(taking->to, key_id, floor, taking->error);
}

static void take_backup(void *context, const struct ledger_backup *backup)
{
    struct taking *taking = context;

    if (taking->result == 0)
        taking->result = ledger_note_backup(taking->to, backup, taking->error);
}

/* Those that stay have their key in `to`, by which they are known. */
static int erase_again(struct taking *taking, struct ledger_taken *taken, struct error *error)
{
    uint64_t now_ns = clock_real_ns();
    char key[LEDGER_ERASED_KEY_SIZE];

    if (ledger_erase(taking->to, taking->items, taking->item_count, now_ns, error) != 0)
        return -1;
    for (size_t i = 0; i < taking->item_count; i++) {
        bool is_erased = taking->items[i].result == LEDGER_ERASURE_DONE;
        taken->erased += is_erased;
        taken->not_erased += !is_erased;
        if (!is_erased) {
            ledger_erased_key(taking->to, taking->items[i].key, key);
            hash_table_find(taking->erased, hash_table_hash(slice_from(key)))->value = 0;
        }
    }
    for (size_t i = 0; i < taking->key_count; i++)
        if (hash_table_find(taking->erased, hash_table_hash(taking->keys[i]))->value != 0 &&
            ledger_erase_key(taking->to, taking->keys[i], now_ns, error) != 0)
            return -1;
    return 0;
}

static int take(struct taking *taking, struct ledger *from, struct ledger_taken *taken, struct error *error)
{
    if (ledger_each_erased_key(from, add_erased, taking, error) != 0 ||
        (taking->key_count > 0 && ledger_scan(taking->to, find_customer, taking, error) != 0) ||
        ledger_find_erasures(taking->to, taking->items, taking->item_count, &taking->arena, error) != 0 ||
        ledger_begin(taking->to, error) != 0 || erase_again(taking, taken, error) != 0 ||
        store_each_nonce(from->store, take_floor, taking, error) != 0 || taking->result != 0 ||
        ledger_commit(taking->to, error) != 0)
        return -1;
    return store_each_backup(from->store, take_backup, taking, error) != 0 ? -1 : taking->result;
}

int ledger_take_over(struct ledger *to, struct ledger *from, struct ledger_taken *taken, struct error *error)
{
    struct taking taking = {.to = to, .erased = hash_table_new(), .error = error};

    *taken = (struct ledger_taken){.erased = 0};
    arena_init(&taking.arena, ARENA_CHUNK);
    int result = take(&taking, from, taken, error);
    arena_clear(&taking.arena);
    hash_table_free(taking.erased);
    free(taking.keys);
    free(taking.items);
    return result;
}
