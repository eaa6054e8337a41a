/* store_events: the end of the chain, runs and tasks. */
#include <string.h>

#include "core/digest.h"
#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"

/* The rows of a statement; what waits of these tables is sent first. */
static PGresult *ask_saved(struct store_postgres *store, enum store_postgres_sql which,
                           const struct store_parameters *parameters, struct error *error)
{
    const struct store_batch *batch = store->batch;
    if ((batch->events.count > 0 || batch->new_runs.count > 0 || batch->set_runs.count > 0 ||
         batch->copied.count > 0) &&
        store_postgres_flush_batch(store, error) != 0)
        return NULL;
    return store_postgres_ask(store, which, parameters, error);
}

/* 1 when a statement has a row, 0, -1. */
static int has_row(struct store_postgres *store, enum store_postgres_sql which,
                   const struct store_parameters *parameters, struct error *error)
{
    PGresult *rows = ask_saved(store, which, parameters, error);
    int found = rows ? PQntuples(rows) > 0 : -1;
    PQclear(rows);
    return found;
}

int store_postgres_last_event(struct store *base, struct ledger_chain *chain, uint64_t *at_ns,
                              struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    PGresult *rows = ask_saved(store, STORE_POSTGRES_LAST_EVENT, NULL, error);
    int result = rows ? 0 : -1;
    *chain = (struct ledger_chain){.last_event = 0};
    *at_ns = 0;
    if (rows && PQntuples(rows) > 0) {
        struct slice head = store_postgres_bytes(rows, 0, 1);
        chain->last_event = store_postgres_number(rows, 0, 0);
        *at_ns = (uint64_t)store_postgres_number(rows, 0, 2);
        if (head.len == DIGEST_SHA256_LEN)
            memcpy(chain->head, head.data, DIGEST_SHA256_LEN);
        else
            result = store_postgres_fail_damaged(store, error, "its last event has no chain");
    }
    PQclear(rows);
    return result;
}

/* An index of the chain would cost 40 bytes an event, and almost every head that is looked up is that of the
 * end of a run. */
int store_postgres_has_head(struct store *base, const uint8_t head[DIGEST_SHA256_LEN], struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters of_run = {.count = 0}, of_event = {.count = 0};
    char text[2 * DIGEST_SHA256_LEN + 1];
    store_postgres_add_bytes(&of_run, slice_from(digest_hex(head, DIGEST_SHA256_LEN, text)));
    store_postgres_add_bytes(&of_event, slice_make((const char *)head, DIGEST_SHA256_LEN));
    int found = has_row(store, STORE_POSTGRES_HEAD_OF_RUN, &of_run, error);
    return found != 0 ? found : has_row(store, STORE_POSTGRES_HEAD_OF_EVENT, &of_event, error);
}

/* Runs. */

static int find_run(struct store_postgres *store, enum store_postgres_sql which,
                    const struct store_parameters *parameters, struct arena *arena, struct ledger_run *run,
                    struct error *error)
{
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    PGresult *rows = ask_saved(store, which, parameters, error);
    int found = rows ? PQntuples(rows) > 0 : -1;
    if (found == 1) {
        store_postgres_read_row(rows, 0, 0, &ledger_run_table, values);
        if (store_postgres_run(store, values, arena, run, error) != 0)
            found = -1;
    }
    PQclear(rows);
    return found;
}

int store_postgres_last_run(struct store *base, struct arena *arena, struct ledger_run *run,
                            struct error *error)
{
    return find_run((struct store_postgres *)base, STORE_POSTGRES_LAST_RUN, NULL, arena, run, error);
}

int store_postgres_last_complete_run(struct store *base, const char *command, int64_t before,
                                     struct arena *arena, struct ledger_run *run, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_bytes(&parameters, slice_from(command));
    store_postgres_add_number(&parameters, before);
    return find_run((struct store_postgres *)base, STORE_POSTGRES_LAST_COMPLETE, &parameters, arena, run,
                    error);
}

int store_postgres_has_run(struct store *base, int64_t id, const char *started, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_number(&parameters, id);
    store_postgres_add_bytes(&parameters, slice_from(started));
    return has_row((struct store_postgres *)base, STORE_POSTGRES_HAS_RUN, &parameters, error);
}

/* Tasks. */

/* The task of an answer, which may have been changed by what waits. 1, 0, -1. */
static int find_task(struct store_postgres *store, enum store_postgres_sql which,
                     const struct store_parameters *parameters, struct arena *arena, struct ledger_task *task,
                     struct error *error)
{
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    PGresult *rows = store_postgres_ask(store, which, parameters, error);
    int found = rows ? PQntuples(rows) > 0 : -1;
    if (found == 1) {
        store_postgres_read_row(rows, 0, 0, &ledger_task_table, values);
        if (store->cache) {
            store_cache_make_room(store->cache);
            store_cache_add(store->cache, &ledger_task_table, values);
        }
        if (store_postgres_task(store, values, arena, task, error) != 0)
            found = -1;
    }
    PQclear(rows);
    return found;
}

static int read_cached(struct store_postgres *store, const struct store_cache_row *row, struct arena *arena,
                       struct ledger_task *task, struct error *error)
{
    return store_postgres_task(store, row->values, arena, task, error) == 0 ? 1 : -1;
}

int store_postgres_read_task(struct store *base, int64_t id, struct arena *arena, struct ledger_task *task,
                             struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    const struct store_cache_row *cached = store->cache ? store_cache_task(store->cache, id) : NULL;
    if (store_postgres_check_usable(store, error) != 0)
        return -1;
    if (cached)
        return read_cached(store, cached, arena, task, error);
    store_postgres_add_number(&parameters, id);
    return find_task(store, STORE_POSTGRES_TASK, &parameters, arena, task, error);
}

int store_postgres_find_task(struct store *base, int64_t customer, enum ledger_task_kind kind,
                             struct slice slot, struct arena *arena, struct ledger_task *task,
                             struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    struct slice word = slice_from(ledger_task_kind_word(kind));
    const struct store_cache_row *cached =
        store->cache ? store_cache_find_task(store->cache, customer, word, slot) : NULL;
    if (store_postgres_check_usable(store, error) != 0)
        return -1;
    if (cached)
        return read_cached(store, cached, arena, task, error);
    store_postgres_add_number(&parameters, customer);
    store_postgres_add_bytes(&parameters, word);
    store_postgres_add_bytes(&parameters, slot);
    int found = find_task(store, STORE_POSTGRES_FIND_TASK, &parameters, arena, task, error);
    /* One that waits, and has this slot, was found above: this one has given it up. */
    cached = found == 1 && store->cache ? store_cache_task(store->cache, task->id) : NULL;
    return cached && cached->is_dirty ? 0 : found;
}

int store_postgres_next_task_of(struct store *base, int64_t customer, int64_t after, struct arena *arena,
                                struct ledger_task *task, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct store_parameters parameters = {.count = 0};
    if (store->batch->tasks.count > 0 && store_postgres_flush_batch(store, error) != 0)
        return -1;
    store_postgres_add_number(&parameters, customer);
    store_postgres_add_number(&parameters, after);
    return find_task(store, STORE_POSTGRES_TASKS_OF, &parameters, arena, task, error);
}
