/* store_cache: rows of customer and task in memory: what this process, the only writer, has read or written.
 *
 * A look-up is answered from here whenever possible, so that a batch needs no question of its own before its
 * commit. A row that waits for it (is_dirty) stays; of the others the oldest go, above 16,384 rows or 32 MiB,
 * before a question (make_room) and once what waited is saved: never between a question and the use of its
 * answer, which would be taken for one without rows. That a key or a user belongs to nobody is known until
 * store_cache_begin. Whoever cannot tell what the database has (a rollback, a failed statement) empties it.
 * Thread: one. Owner: new/free.
 */
#ifndef KYC_LEDGER_POSTGRES_STORE_CACHE_H
#define KYC_LEDGER_POSTGRES_STORE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"
#include "ledger/ledger_row.h"

struct store_cache;

/* What waits of a row: whether the database has it. */
enum store_cache_pending { STORE_CACHE_SAVED, STORE_CACHE_NEW, STORE_CACHE_SET };

/* Valid until the next call that puts something in. */
struct store_cache_row {
    struct store_cache_row *newer, *older;
    const struct ledger_table *table; /* customer or task; NULL: a text that nobody has */
    int64_t id;
    bool is_dirty;
    bool is_released; /* its user or key is given up first (STORE_POSTGRES_CUSTOMER_RELEASE) */
    enum store_cache_pending pending;
    size_t size;
    unsigned char index; /* of such a text (store_cache.c) */
    struct ledger_value values[];
};

struct store_cache *store_cache_new(void);
void store_cache_free(struct store_cache *cache); /* NULL is allowed */
void store_cache_clear(struct store_cache *cache);

/* Texts that nobody has are asked for again. */
void store_cache_begin(struct store_cache *cache);
/* Removes the oldest rows above the limits. */
void store_cache_make_room(struct store_cache *cache);
/* The database has all rows, in its open transaction or committed. */
void store_cache_saved(struct store_cache *cache);

struct store_cache_row *store_cache_customer(struct store_cache *cache, int64_t id);
struct store_cache_row *store_cache_task(struct store_cache *cache, int64_t id);
/* True with the customer, 0: nobody; false: not known. */
bool store_cache_find_key(struct store_cache *cache, struct slice external_id, int64_t *id);
bool store_cache_find_user(struct store_cache *cache, struct slice user_id, int64_t *id);
/* A task that waits for the commit. */
struct store_cache_row *store_cache_find_task(struct store_cache *cache, int64_t customer, struct slice kind,
                                              struct slice slot);

/* A row as the database has it; nothing happens when it is known already. */
void store_cache_add(struct store_cache *cache, const struct ledger_table *table,
                     const struct ledger_value *values);
/* A row that is to be written, in place of the one with its id, whose pending and is_released it keeps.
 * NULL: another customer has its key or user; *column says which. */
struct store_cache_row *store_cache_put(struct store_cache *cache, const struct ledger_table *table,
                                        const struct ledger_value *values, const char **column);
void store_cache_add_absent_key(struct store_cache *cache, struct slice external_id);
void store_cache_add_absent_user(struct store_cache *cache, struct slice user_id);

#endif
