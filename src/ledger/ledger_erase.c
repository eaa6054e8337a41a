#include "ledger/ledger_erase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_internal.h"

enum { ERASED_KEY_SIZE = LEDGER_ERASED_KEY_SIZE + 24 };

/* A row of one of the customers names another one of them: if the first stays, so must the second. */
struct mention {
    size_t by, of;
};

struct erasing {
    struct ledger *ledger;
    struct ledger_erasure *items; /* constant while erasing */
    size_t count;
    uint64_t at_ns;
    struct arena *arena;
    struct mention *mentions;
    size_t mention_count, mention_capacity;
};

static bool is_to_be_erased(const struct ledger_erasure *item)
{
    return item->result == LEDGER_ERASURE_DONE;
}

char *ledger_erased_key(struct ledger *ledger, struct slice external_id, char out[LEDGER_ERASED_KEY_SIZE])
{
    return ledger_sealer_erased_key(ledger->sealer, external_id, out);
}

/* Also of an erasure that is rolled back: what is found in the set is looked up. */
static void note_erased(void *context, struct slice erased_key)
{
    struct ledger *ledger = context;

    if (!ledger->erased)
        return;
    hash_table_ensure(ledger->erased, hash_table_hash(erased_key));
    ledger->erased_count++;
}

static int read_erased(struct ledger *ledger, struct error *error)
{
    ledger->erased = hash_table_new();
    ledger->erased_count = 0;
    if (store_each_erased(ledger->store, note_erased, ledger, error) == 0)
        return 0;
    hash_table_free(ledger->erased);
    ledger->erased = NULL;
    return -1;
}

int ledger_is_erased(struct ledger *ledger, struct slice external_id, bool *is_erased, struct error *error)
{
    char key[LEDGER_ERASED_KEY_SIZE];
    int64_t id = 0;

    *is_erased = false;
    if (!ledger->erased && read_erased(ledger, error) != 0)
        return -1;
    if (ledger->erased_count == 0)
        return 0;
    ledger_erased_key(ledger, external_id, key);
    if (!hash_table_find(ledger->erased, hash_table_hash(slice_from(key))))
        return 0;
    if (store_find_key(ledger->store, slice_from(key), &id, error) != 0)
        return -1;
    *is_erased = id != 0;
    return 0;
}

int ledger_each_erased_key(struct ledger *ledger, void (*each)(void *context, struct slice erased_key),
                           void *context, struct error *error)
{
    return store_each_erased(ledger->store, each, context, error);
}

int ledger_compact(struct ledger *ledger, struct error *error)
{
    return store_compact(ledger->store, error);
}

int ledger_erase_key(struct ledger *ledger, struct slice erased_key, uint64_t at_ns, struct error *error)
{
    const struct ledger_change change = {
        .kind = LEDGER_CHANGE_ERASE, .run = ledger->run.id, .at_ns = at_ns, .key = erased_key};
    struct ledger_customer customer;
    int found = ledger_write_begin_by_key(ledger, erased_key, &customer, error);

    if (found != 0)
        return found < 0 ? -1 : 0;
    note_erased(ledger, erased_key);
    return ledger_write_change(ledger, &customer, true, &change, 0, 0, error);
}

/* What there is to erase. */

static int find_item(struct erasing *erasing, struct ledger_erasure *item, struct error *error)
{
    struct ledger_customer customer;
    bool is_erased = false;
    int found = ledger_find_by_key(erasing->ledger, item->key, erasing->arena, &customer, error);

    if (found == 0 && ledger_is_erased(erasing->ledger, item->key, &is_erased, error) != 0)
        found = -1;
    if (found < 0)
        return -1;
    *item = (struct ledger_erasure){.key = item->key, .result = LEDGER_ERASURE_UNKNOWN};
    if (found == 0 || customer.state == LEDGER_ERASED) {
        if (found == 1 || is_erased)
            item->result = LEDGER_ERASURE_BEFORE;
        return 0;
    }
    item->result = ledger_customer_is_open(&customer) ? LEDGER_ERASURE_OPEN : LEDGER_ERASURE_DONE;
    item->id = customer.id;
    item->former_key = customer.former_key;
    item->user_id = customer.user_id;
    return 0;
}

static bool names(const struct ledger_customer *row, struct slice word)
{
    return word.len > 0 && (slice_equal(row->former_key, word) || text_has_word(row->message, word) ||
                            text_has_word(row->code, word) || text_has_word(row->request_id, word) ||
                            text_has_word(row->kept, word));
}

static size_t find_by_id(const struct erasing *erasing, int64_t id)
{
    size_t i = 0;

    while (i < erasing->count && erasing->items[i].id != id)
        i++;
    return i;
}

static void add_mention(struct erasing *erasing, size_t by, size_t of)
{
    if (erasing->mention_count == erasing->mention_capacity) {
        erasing->mention_capacity = erasing->mention_capacity ? 2 * erasing->mention_capacity : 16;
        erasing->mentions =
            memory_resize(erasing->mentions, erasing->mention_capacity, sizeof *erasing->mentions);
    }
    erasing->mentions[erasing->mention_count++] = (struct mention){by, of};
}

static void set_named(const struct erasing *erasing, struct ledger_erasure *item, struct slice by,
                      bool is_twin)
{
    item->result = LEDGER_ERASURE_NAMED;
    item->named_by = arena_copy(erasing->arena, by);
    item->is_twin = is_twin;
}

static bool look_for_mentions(void *context, const struct ledger_customer *row)
{
    struct erasing *erasing = context;
    size_t by = erasing->count;

    if (row->message.len == 0 && row->former_key.len == 0 && row->kept.len == 0 && row->code.len == 0)
        return true;
    for (size_t i = 0; i < erasing->count; i++) {
        struct ledger_erasure *item = &erasing->items[i];
        bool is_named = names(row, item->key) || names(row, item->former_key) || names(row, item->user_id);
        if (!is_named || row->id == item->id ||
            (item->result != LEDGER_ERASURE_DONE && item->result != LEDGER_ERASURE_UNKNOWN))
            continue;
        if (by == erasing->count)
            by = find_by_id(erasing, row->id);
        if (by < erasing->count && erasing->items[by].result != LEDGER_ERASURE_OPEN)
            add_mention(erasing, by, i);
        else
            set_named(erasing, item, row->external_id, ledger_customer_is_refused_twin(row));
    }
    return true;
}

/* One that is named by a customer of the same list can be erased only with it. */
static void spread_named(const struct erasing *erasing)
{
    bool is_changed = true;

    while (is_changed) {
        is_changed = false;
        for (size_t i = 0; i < erasing->mention_count; i++) {
            const struct ledger_erasure *by = &erasing->items[erasing->mentions[i].by];
            struct ledger_erasure *of = &erasing->items[erasing->mentions[i].of];
            if (is_to_be_erased(by) || of->result == LEDGER_ERASURE_NAMED)
                continue;
            set_named(erasing, of, by->key, true);
            is_changed = true;
        }
    }
}

/* Erasing. */

/* A customer that came again under the key of an erased one (by a version that allowed it) is another one:
 * its id follows the digest. 0, or -1. */
static int make_erased_key(struct ledger *ledger, const struct ledger_erasure *item,
                           char key[ERASED_KEY_SIZE], struct error *error)
{
    int64_t earlier;

    ledger_erased_key(ledger, item->key, key);
    if (store_find_key(ledger->store, slice_from(key), &earlier, error) != 0)
        return -1;
    if (earlier != 0)
        snprintf(key + strlen(key), ERASED_KEY_SIZE - strlen(key), ".%lld", (long long)item->id);
    return 0;
}

static int erase_one(const struct erasing *erasing, const struct ledger_erasure *item, struct error *error)
{
    struct ledger *ledger = erasing->ledger;
    struct ledger_change change = {
        .kind = LEDGER_CHANGE_ERASE, .run = ledger->run.id, .at_ns = erasing->at_ns};
    struct ledger_customer customer;
    char key[ERASED_KEY_SIZE], former[LEDGER_ERASED_KEY_SIZE];

    if (make_erased_key(ledger, item, key, error) != 0 ||
        ledger_write_begin(ledger, item->id, &customer, error) != 0)
        return -1;
    change.key = slice_from(key);
    note_erased(ledger, change.key);
    if (ledger_write_change(ledger, &customer, false, &change, 0, 0, error) != 0 ||
        ledger_erase_tasks(ledger, customer.id, erasing->at_ns, error) != 0)
        return -1;
    if (item->former_key.len == 0)
        return 0;
    /* The provider has it under that key, which an export may have again. */
    return ledger_erase_key(ledger, slice_from(ledger_erased_key(ledger, item->former_key, former)),
                            erasing->at_ns, error);
}

static int erase_bodies(const struct erasing *erasing, struct error *error)
{
    int64_t *ids = memory_new(erasing->count + 1, sizeof *ids);
    struct slice *users = memory_new(erasing->count + 1, sizeof *users);
    size_t count = 0;

    for (size_t i = 0; i < erasing->count; i++) {
        if (!is_to_be_erased(&erasing->items[i]))
            continue;
        ids[count] = erasing->items[i].id;
        users[count++] = erasing->items[i].user_id;
    }
    int result = count > 0 ? store_remove_bodies(erasing->ledger->store, ids, users, count,
                                                 erasing->ledger->sealer, error)
                           : 0;
    free(ids);
    free(users);
    return result;
}

static int find_all(struct erasing *erasing, struct error *error)
{
    for (size_t i = 0; i < erasing->count; i++)
        if (find_item(erasing, &erasing->items[i], error) != 0)
            return -1;
    if (store_each_customer(erasing->ledger->store, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, look_for_mentions,
                            erasing, error) != 0)
        return -1;
    spread_named(erasing);
    return 0;
}

int ledger_find_erasures(struct ledger *ledger, struct ledger_erasure *items, size_t count,
                         struct arena *arena, struct error *error)
{
    struct erasing erasing = {.ledger = ledger, .items = items, .count = count, .arena = arena};
    int result = find_all(&erasing, error);

    free(erasing.mentions);
    return result;
}

static int erase_all(const struct erasing *erasing, struct error *error)
{
    for (size_t i = 0; i < erasing->count; i++)
        if (is_to_be_erased(&erasing->items[i]) && erase_one(erasing, &erasing->items[i], error) != 0)
            return -1;
    return erase_bodies(erasing, error);
}

int ledger_erase(struct ledger *ledger, struct ledger_erasure *items, size_t count, uint64_t at_ns,
                 struct error *error)
{
    const struct erasing erasing = {.ledger = ledger, .items = items, .count = count, .at_ns = at_ns};

    return erase_all(&erasing, error);
}
