#include <stdlib.h>
#include <string.h>

#include "core/buffer.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "ledger/ledger_store_rows.h"
#include "ledger/sqlite/store_sqlite.h"

enum { ARENA_CHUNK = 4096, GROUP_KEY_MAX = 64 * 1024 };

/* Checks the columns that the scan uses; the others are checked when the customer is read in full, which
 * would cost a fifth of the scan. 1: to be given, 0: not, -1: the statement is released. */
static int check_brief(struct store_sqlite *store, sqlite3_stmt *statement, const struct ledger_brief *brief,
                       struct error *error)
{
    const char *lacks = ledger_store_rows_brief_lacks(brief, sqlite3_column_bytes(statement, 2) > 0);

    if (!lacks)
        return brief->external_id.len > 0 && brief->state != LEDGER_ERASED;
    store_sqlite_fail_damaged(store, error, "customer %lld has no %s", (long long)brief->id, lacks);
    store_sqlite_release(statement);
    return -1;
}

int store_sqlite_scan(struct store *base, void (*each)(void *context, const struct ledger_brief *brief),
                      void *context, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_SCAN, error);
    if (!statement)
        return -1;
    int64_t last = 0;
    int row;
    while ((row = store_sqlite_next_row(store, statement, error)) == 1) {
        struct ledger_brief brief = {
            .id = sqlite3_column_int64(statement, 0),
            .external_id = store_sqlite_column(statement, 1),
            .state = ledger_state_from(store_sqlite_column(statement, 2)),
            .has_user_id = sqlite3_column_int(statement, 3),
            .pending = sqlite3_column_int(statement, 4),
            .digest = ledger_store_rows_digest_word(store_sqlite_column(statement, 5)),
        };
        /* Ids have no gaps: a run would create a customer whose row was deleted again. */
        if (brief.id != last + 1) {
            store_sqlite_fail_damaged(store, error, "the row of customer %lld is missing",
                                      (long long)last + 1);
            store_sqlite_release(statement);
            return -1;
        }
        last = brief.id;
        int is_given = check_brief(store, statement, &brief, error);
        if (is_given < 0)
            return -1;
        if (!is_given)
            continue;
        brief.open = brief.pending && sqlite3_column_int(statement, 6);
        struct slice identity = store_sqlite_column(statement, 7);
        brief.identified = identity.len > 0 && identity.data[0] == FINGERPRINT_IDENTITY_VERSION;
        each(context, &brief);
    }
    return row;
}

int store_sqlite_each_user(struct store *base,
                           void (*each)(void *context, struct slice user_id, bool is_deleted), void *context,
                           struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_USERS, error);
    if (!statement)
        return -1;
    int row;
    while ((row = store_sqlite_next_row(store, statement, error)) == 1)
        each(context, store_sqlite_column(statement, 0), sqlite3_column_int(statement, 1) != 0);
    return row;
}

int store_sqlite_each_identity(struct store *base,
                               void (*each)(void *context, int64_t id, struct slice identity), void *context,
                               struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_IDENTITIES, error);
    if (!statement)
        return -1;
    int row;
    while ((row = store_sqlite_next_row(store, statement, error)) == 1)
        each(context, sqlite3_column_int64(statement, 0), store_sqlite_column(statement, 1));
    return row;
}

static const char *read_text(sqlite3_stmt *statement, int index)
{
    const char *text = (const char *)sqlite3_column_text(statement, index);
    return text ? text : "";
}

/* Counted here: GROUP BY would sort all customers to find a few groups. */
struct groups {
    struct ledger_group *items;
    size_t count, capacity;
    struct hash_table *by_hash; /* value: index + 1 */
    struct arena arena;         /* their texts */
    struct buffer key;
};

static void count_customer(struct groups *groups, const struct ledger_group *group)
{
    buffer_reset(&groups->key);
    buffer_append(&groups->key, slice_make(group->state, strlen(group->state) + 1));
    buffer_append(&groups->key, slice_make(group->operation, strlen(group->operation) + 1));
    buffer_append(&groups->key, slice_make((const char *)&group->http_status, sizeof group->http_status));
    buffer_append_text(&groups->key, group->code);
    struct hash_table_entry *entry =
        hash_table_ensure(groups->by_hash, hash_table_hash(buffer_slice(&groups->key)));
    if (entry->value == 0) {
        if (groups->count == groups->capacity) {
            groups->capacity = groups->capacity ? 2 * groups->capacity : 16;
            groups->items = memory_resize(groups->items, groups->capacity, sizeof *groups->items);
        }
        groups->items[groups->count++] = (struct ledger_group){
            .state = arena_copy(&groups->arena, slice_from(group->state)).data,
            .operation = arena_copy(&groups->arena, slice_from(group->operation)).data,
            .code = arena_copy(&groups->arena, slice_from(group->code)).data,
            .http_status = group->http_status,
        };
        entry->value = (uint32_t)groups->count;
    }
    groups->items[entry->value - 1].count++;
    groups->items[entry->value - 1].open += group->open;
}

/* The largest first. */
static int compare_groups(const void *left, const void *right)
{
    const struct ledger_group *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    int order = strcmp(a->state, b->state);
    if (order == 0)
        order = strcmp(a->operation, b->operation);
    if (order == 0)
        order = (a->http_status > b->http_status) - (a->http_status < b->http_status);
    return order != 0 ? order : strcmp(a->code, b->code);
}

int store_sqlite_each_group(struct store *base, void (*each)(void *context, const struct ledger_group *group),
                            void *context, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, STORE_SQL_GROUPS, error);
    struct groups groups = {.by_hash = hash_table_new()};
    int row = -1;
    arena_init(&groups.arena, ARENA_CHUNK);
    buffer_init(&groups.key, GROUP_KEY_MAX);
    while (statement && (row = store_sqlite_next_row(store, statement, error)) == 1) {
        const struct ledger_group group = {
            .state = read_text(statement, 0),
            .operation = read_text(statement, 1),
            .http_status = sqlite3_column_int(statement, 2),
            .code = read_text(statement, 3),
            .open = sqlite3_column_int(statement, 4) != 0,
        };
        count_customer(&groups, &group);
    }
    if (groups.count > 0)
        qsort(groups.items, groups.count, sizeof *groups.items, compare_groups);
    for (size_t i = 0; i < groups.count && row == 0; i++)
        each(context, &groups.items[i]);
    free(groups.items);
    hash_table_free(groups.by_hash);
    arena_clear(&groups.arena);
    buffer_clear(&groups.key);
    return row;
}

int store_sqlite_each_customer(struct store *base, enum store_customers which, int64_t after, uint64_t max,
                               bool (*each)(void *context, const struct ledger_customer *customer),
                               void *context, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    static const enum store_sql statements[] = {
        [STORE_CUSTOMERS_ALL] = STORE_SQL_CUSTOMERS,
        [STORE_CUSTOMERS_OPEN] = STORE_SQL_CUSTOMERS_OPEN,
        [STORE_CUSTOMERS_USERS] = STORE_SQL_CUSTOMERS_USERS,
        [STORE_CUSTOMERS_TWINS] = STORE_SQL_CUSTOMERS_TWINS,
    };
    sqlite3_stmt *statement = store_sqlite_prepare(store, statements[which], error);
    if (!statement)
        return -1;
    sqlite3_bind_int64(statement, 1, after);
    sqlite3_bind_int64(statement, 2, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    int row;
    while ((row = store_sqlite_next_row(store, statement, error)) == 1) {
        struct ledger_customer customer;
        arena_reset(&arena);
        row = store_sqlite_read_customer(store, statement, &arena, &customer, error);
        if (row != 0)
            break;
        if (!each(context, &customer)) {
            store_sqlite_release(statement);
            break;
        }
    }
    arena_clear(&arena);
    return row;
}

/* Events are stored in the order of time. To find the last row of each customer they are sorted by customer
 * once, and read side by side with the customers. The sort spills to a file, so memory is bounded. */
struct result_rows {
    sqlite3_stmt *statement;
    int64_t customer; /* of the row that was read last; INT64_MIN: none yet; INT64_MAX: the end */
};

/* Advances rows to the customer: *row is its row, 0 when it has none. 0, or -1. */
static int find_row(struct store_sqlite *store, struct result_rows *rows, int64_t customer, uint64_t *row,
                    struct error *error)
{
    while (rows->customer < customer) {
        int more = store_sqlite_next_row(store, rows->statement, error);
        bool has_customer = more == 1 && sqlite3_column_type(rows->statement, 0) != SQLITE_NULL;
        bool has_row = more == 1 && sqlite3_column_type(rows->statement, 1) != SQLITE_NULL;
        rows->customer = has_customer ? sqlite3_column_int64(rows->statement, 0) : INT64_MAX;
        if (more < 0)
            return -1;
        if (more == 1 && !(has_customer && has_row)) {
            store_sqlite_release(rows->statement);
            rows->customer = INT64_MAX;
            return store_sqlite_fail_damaged(store, error, "an event has no %s",
                                             has_customer ? "row" : "customer");
        }
    }
    *row = rows->customer == customer ? (uint64_t)sqlite3_column_int64(rows->statement, 1) : 0;
    return 0;
}

struct each_result {
    struct store_sqlite *store;
    struct result_rows rows;
    bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row);
    void *context;
    struct error *error;
    bool failed;
};

static bool give_result(void *context, const struct ledger_customer *customer)
{
    struct each_result *pass = context;
    uint64_t row = 0;
    pass->failed = find_row(pass->store, &pass->rows, customer->id, &row, pass->error) != 0;
    return !pass->failed && pass->each(pass->context, customer, row);
}

int store_sqlite_each_result(struct store *base,
                             bool (*each)(void *context, const struct ledger_customer *customer,
                                          uint64_t row),
                             void *context, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct each_result pass = {
        .store = store,
        .rows = {store_sqlite_prepare(store, STORE_SQL_RESULT_ROWS, error), INT64_MIN},
        .each = each,
        .context = context,
        .error = error,
    };
    if (!pass.rows.statement)
        return -1;
    int result =
        store_sqlite_each_customer(base, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, give_result, &pass, error);
    if (pass.rows.customer != INT64_MAX)
        store_sqlite_release(pass.rows.statement);
    return result || pass.failed ? -1 : 0;
}

static enum store_sql rows_of(const struct ledger_table *table)
{
    return table == &ledger_customer_table ? STORE_SQL_CUSTOMER_ROWS
           : table == &ledger_event_table  ? STORE_SQL_EVENT_ROWS
           : table == &ledger_run_table    ? STORE_SQL_RUN_ROWS
                                           : STORE_SQL_TASK_ROWS;
}

int store_sqlite_each_row(struct store *base, const struct ledger_table *table,
                          bool (*each)(void *context, const struct ledger_value *values), void *context,
                          struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *statement = store_sqlite_prepare(store, rows_of(table), error);
    if (!statement)
        return -1;
    int row;
    while ((row = store_sqlite_next_row(store, statement, error)) == 1) {
        struct ledger_value values[LEDGER_COLUMNS_MAX];
        store_sqlite_read_row(statement, table, values);
        if (!each(context, values)) {
            store_sqlite_release(statement);
            return 0;
        }
    }
    return row;
}

int store_sqlite_check_complete(struct store *base, struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    sqlite3_stmt *customers = store_sqlite_prepare(store, STORE_SQL_INCOMPLETE_CUSTOMERS, error);
    int row = -1;
    while (customers && (row = store_sqlite_next_row(store, customers, error)) == 1) {
        struct ledger_customer customer;
        if (store_sqlite_read_customer(store, customers, NULL, &customer, error))
            return -1;
    }
    sqlite3_stmt *runs = row == 0 ? store_sqlite_prepare(store, STORE_SQL_RUN_ROWS, error) : NULL;
    while (runs && (row = store_sqlite_next_row(store, runs, error)) == 1) {
        struct ledger_run run;
        if (store_sqlite_read_run(store, runs, NULL, &run, error))
            return -1;
    }
    sqlite3_stmt *others = runs && row == 0 ? store_sqlite_prepare(store, STORE_SQL_INCOMPLETE, error) : NULL;
    row = others ? store_sqlite_next_row(store, others, error) : -1;
    if (row != 1)
        return row;
    store_sqlite_fail_damaged(store, error, "%s has no %s", read_text(others, 0), read_text(others, 1));
    store_sqlite_release(others);
    return -1;
}
