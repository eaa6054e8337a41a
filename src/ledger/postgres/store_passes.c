/* store_passes: passes over the rows of the ledger. */
#include <assert.h>
#include <string.h>

#include "ledger/ledger_store_rows.h"
#include "ledger/postgres/store_pass.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { ARENA_CHUNK = 4096 };

/* The scan of all customers. */

struct scan {
    void (*each)(void *context, const struct ledger_brief *brief);
    void *context;
    int64_t count, last; /* rows with an id that a customer can have, and the largest id */
    const char *lacks;   /* of the customer `damaged` */
    int64_t damaged;
};

/* The columns: id, external_id, state, the beginning of digest, and these bits. A tree of conditions takes a
 * third of the time of a sum of booleans, each of which calls functions. */
enum { HAS_USER = 1, HAS_PENDING = 2, IS_OPEN = 4, IS_IDENTIFIED = 8 };
#define BIT(condition, yes, no) "CASE WHEN " condition " THEN " yes " ELSE " no " END"
#define IDENTIFIED_BIT(bits)    BIT("identity >= '\\x01' AND identity < '\\x02'", bits " + 8", bits)
#define OPEN_BIT(bits)          BIT("first_sent_at IS NOT NULL", IDENTIFIED_BIT(bits " + 4"), IDENTIFIED_BIT(bits))
#define PENDING_BIT(bits)       BIT("pending_digest IS NOT NULL", OPEN_BIT(bits " + 2"), OPEN_BIT(bits))
#define USER_BIT(bits)          BIT("user_id IS NOT NULL", PENDING_BIT(bits " + 1"), PENDING_BIT(bits))
static const char scan_sql[] =
    /* cppcheck-suppress unknownMacro ; a macro within a text */
    "SELECT id, external_id, state, substring(digest FROM 1 FOR 8), " USER_BIT("0") " FROM customer";
_Static_assert(FINGERPRINT_IDENTITY_VERSION == 1, "the first byte of an identity in IDENTIFIED_BIT");

static bool give_brief(void *context, const struct slice *columns)
{
    struct scan *scan = context;
    int64_t bits = store_postgres_read_number(columns[4]);
    struct ledger_brief brief = {
        .id = store_postgres_read_number(columns[0]),
        .external_id = columns[1],
        .state = ledger_state_from(columns[2]),
        .has_user_id = (bits & HAS_USER) != 0,
        .pending = (bits & HAS_PENDING) != 0,
        .open = (bits & HAS_PENDING) != 0 && (bits & IS_OPEN) != 0,
        .identified = (bits & IS_IDENTIFIED) != 0,
        .digest = ledger_store_rows_digest_word(columns[3]),
    };

    scan->count += brief.id > 0;
    if (brief.id > scan->last)
        scan->last = brief.id;
    scan->lacks = ledger_store_rows_brief_lacks(&brief, columns[2].len > 0);
    scan->damaged = brief.id;
    if (!scan->lacks && brief.external_id.len > 0 && brief.state != LEDGER_ERASED)
        scan->each(scan->context, &brief);
    return !scan->lacks;
}

/* Ids have no gaps: a run would create a customer whose row was deleted again. Which one is missing is asked
 * for only then. -1. */
static int fail_missing(struct store_postgres *store, int64_t last, struct error *error)
{
    static const char gap_sql[] =
        "SELECT min(place) FROM (SELECT id, row_number() OVER (ORDER BY id) AS place "
        "FROM customer) AS c WHERE id <> place";
    PGresult *rows = store_postgres_ask_text(store, gap_sql, NULL, error);

    if (!rows)
        return -1;
    int64_t place = store_postgres_number(rows, 0, 0);
    PQclear(rows);
    return store_postgres_fail_damaged(store, error, "the row of customer %lld is missing",
                                       (long long)(place != 0 ? place : last + 1));
}

int store_postgres_scan(struct store *base, void (*each)(void *context, const struct ledger_brief *brief),
                        void *context, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct scan scan = {.each = each, .context = context};

    if (store_pass_copy(store, scan_sql, give_brief, &scan, error) != 0)
        return -1;
    if (scan.lacks)
        return store_postgres_fail_damaged(store, error, "customer %lld has no %s", (long long)scan.damaged,
                                           scan.lacks);
    bool is_whole =
        scan.count == scan.last && (store->last_customer < 0 || store->last_customer == scan.last);
    return is_whole ? 0 : fail_missing(store, scan.last, error);
}

/* Single columns of all customers. */

struct users {
    void (*each)(void *context, struct slice user_id, bool is_deleted);
    void *context;
};

static bool give_user(void *context, const struct slice *columns)
{
    const struct users *users = context;

    users->each(users->context, columns[0], store_postgres_read_number(columns[1]) != 0);
    return true;
}

int store_postgres_each_user(struct store *base,
                             void (*each)(void *context, struct slice user_id, bool is_deleted),
                             void *context, struct error *error)
{
    struct users users = {each, context};

    return store_pass_copy((struct store_postgres *)base,
                           "SELECT user_id, verification_word IS NOT DISTINCT FROM 'deleted' FROM customer "
                           "WHERE user_id IS NOT NULL",
                           give_user, &users, error);
}

struct identities {
    void (*each)(void *context, int64_t id, struct slice identity);
    void *context;
};

static bool give_identity(void *context, const struct slice *columns)
{
    const struct identities *identities = context;

    identities->each(identities->context, store_postgres_read_number(columns[0]), columns[1]);
    return true;
}

int store_postgres_each_identity(struct store *base,
                                 void (*each)(void *context, int64_t id, struct slice identity),
                                 void *context, struct error *error)
{
    struct identities identities = {each, context};

    return store_pass_copy((struct store_postgres *)base,
                           "SELECT id, identity FROM customer WHERE identity IS NOT NULL", give_identity,
                           &identities, error);
}

struct erased {
    void (*each)(void *context, struct slice erased_key);
    void *context;
};

static bool give_erased(void *context, const struct slice *columns)
{
    const struct erased *erased = context;

    erased->each(erased->context, columns[0]);
    return true;
}

/* By the index of keys: what is between `erased:` and `erased;`. */
int store_postgres_each_erased(struct store *base, void (*each)(void *context, struct slice erased_key),
                               void *context, struct error *error)
{
    struct erased erased = {each, context};

    return store_pass_copy((struct store_postgres *)base,
                           "SELECT external_id FROM customer WHERE external_id >= 'erased:' "
                           "AND external_id < 'erased;' AND state = 'erased' ORDER BY external_id",
                           give_erased, &erased, error);
}

/* Whole rows. */

struct rows {
    const struct ledger_table *table;
    bool (*each)(void *context, const struct ledger_value *values);
    void *context;
};

static bool give_values(void *context, const struct slice *columns)
{
    const struct rows *rows = context;
    struct ledger_value values[LEDGER_COLUMNS_MAX];

    store_postgres_read_values(columns, rows->table, values);
    return rows->each(rows->context, values);
}

int store_postgres_each_row(struct store *base, const struct ledger_table *table,
                            bool (*each)(void *context, const struct ledger_value *values), void *context,
                            struct error *error)
{
    struct rows rows = {table, each, context};
    const char *query = table == &ledger_customer_table ? "SELECT {customer} FROM customer ORDER BY id"
                        : table == &ledger_event_table  ? "SELECT {event} FROM event ORDER BY id"
                        : table == &ledger_run_table    ? "SELECT {run} FROM run ORDER BY id"
                                                        : "SELECT {task} FROM task ORDER BY id";

    return store_pass_copy((struct store_postgres *)base, query, give_values, &rows, error);
}

/* Customers, in order. */

struct customers {
    struct store_postgres *store;
    struct arena arena; /* of one customer */
    bool (*each)(void *context, const struct ledger_customer *customer);
    bool (*each_result)(void *context, const struct ledger_customer *customer, uint64_t row);
    void *context;
};

static int give_customer(void *context, const PGresult *rows, int row, struct error *error)
{
    struct customers *customers = context;
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    struct ledger_customer customer;

    arena_reset(&customers->arena);
    store_postgres_read_row(rows, row, 0, &ledger_customer_table, values);
    if (store_postgres_customer(customers->store, values, &customers->arena, &customer, error) != 0)
        return -1;
    if (customers->each)
        return customers->each(customers->context, &customer);
    return customers->each_result(customers->context, &customer,
                                  (uint64_t)store_postgres_number(rows, row, LEDGER_CUSTOMER_COLUMNS));
}

/* Few rows: by one question. */
static int give_few(struct customers *customers, const char *query, const struct store_parameters *parameters,
                    struct error *error)
{
    struct store_postgres *store = customers->store;
    int more = 1;

    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask_text(store, query, parameters, error);
    for (int i = 0; rows && i < PQntuples(rows) && more == 1; i++)
        more = give_customer(customers, rows, i, error);
    PQclear(rows);
    return rows && more >= 0 ? 0 : -1;
}

int store_postgres_each_customer(struct store *base, enum store_customers which, int64_t after, uint64_t max,
                                 bool (*each)(void *context, const struct ledger_customer *customer),
                                 void *context, struct error *error)
{
    static const char *const queries[] = {
        [STORE_CUSTOMERS_ALL] = "SELECT {customer} FROM customer WHERE id > $1::bigint "
                                "AND external_id IS NOT NULL ORDER BY id LIMIT $2::bigint",
        [STORE_CUSTOMERS_OPEN] =
            "SELECT {customer} FROM customer WHERE id > $1::bigint AND (first_sent_at IS NOT NULL "
            "OR state IN ('journalled', 'in_doubt')) ORDER BY id LIMIT $2::bigint",
        [STORE_CUSTOMERS_USERS] = "SELECT {customer} FROM customer WHERE id > $1::bigint "
                                  "AND user_id IS NOT NULL ORDER BY id LIMIT $2::bigint",
        [STORE_CUSTOMERS_TWINS] =
            "SELECT {customer} FROM customer WHERE updated_run = $1::bigint AND twin = 'refused' "
            "AND external_id IS NOT NULL ORDER BY id LIMIT $2::bigint",
    };
    struct customers customers = {.store = (struct store_postgres *)base, .each = each, .context = context};
    struct store_parameters parameters = {.count = 0};

    store_postgres_add_number(&parameters, after);
    store_postgres_add_number(&parameters, max > INT64_MAX ? INT64_MAX : (int64_t)max);
    arena_init(&customers.arena, ARENA_CHUNK);
    int result = max <= STORE_POSTGRES_FETCH_ROWS
                     ? give_few(&customers, queries[which], &parameters, error)
                     : store_pass_cursor(customers.store, queries[which], &parameters, give_customer,
                                         &customers, error);
    arena_clear(&customers.arena);
    return result;
}

/* The row of a task's event is the task. Before the first customer the server sorts all events: of tens of
 * millions that takes minutes. */
int store_postgres_each_result(struct store *base,
                               bool (*each)(void *context, const struct ledger_customer *customer,
                                            uint64_t row),
                               void *context, struct error *error)
{
    struct customers customers = {
        .store = (struct store_postgres *)base, .each_result = each, .context = context};

    customers.store->main.is_slow = true;
    arena_init(&customers.arena, ARENA_CHUNK);
    int result = store_pass_cursor(
        customers.store,
        "SELECT {c.customer}, coalesce(e.row, 0) FROM customer c LEFT JOIN (SELECT DISTINCT ON (customer)"
        " customer, row FROM event WHERE row > 0 AND operation NOT IN ('link', 'document') "
        "ORDER BY customer, id DESC) e ON e.customer = c.id WHERE c.external_id IS NOT NULL ORDER BY c.id",
        NULL, give_customer, &customers, error);
    arena_clear(&customers.arena);
    customers.store->main.is_slow = false;
    return result;
}

/* The largest first. */
int store_postgres_each_group(struct store *base,
                              void (*each)(void *context, const struct ledger_group *group), void *context,
                              struct error *error)
{
    static const char groups_sql[] =
        "SELECT coalesce(state, ''), coalesce(operation, ''), coalesce(http_status, 0), coalesce(code, ''),"
        " count(*), count(*) FILTER (WHERE first_sent_at IS NOT NULL OR state IN ('journalled', 'in_doubt')) "
        "FROM customer WHERE external_id IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4";
    struct store_postgres *store = (struct store_postgres *)base;

    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask_text(store, groups_sql, NULL, error);
    for (int i = 0; rows && i < PQntuples(rows); i++) {
        const struct ledger_group group = {
            .state = PQgetvalue(rows, i, 0),
            .operation = PQgetvalue(rows, i, 1),
            .http_status = (int)store_postgres_number(rows, i, 2),
            .code = PQgetvalue(rows, i, 3),
            .count = (uint64_t)store_postgres_number(rows, i, 4),
            .open = (uint64_t)store_postgres_number(rows, i, 5),
        };
        each(context, &group);
    }
    PQclear(rows);
    return rows ? 0 : -1;
}

/* Tasks. */

struct tasks {
    struct store_postgres *store;
    struct arena arena; /* of one task */
    bool (*each)(void *context, const struct ledger_task *task);
    void *context;
};

static int give_task(void *context, const PGresult *rows, int row, struct error *error)
{
    struct tasks *tasks = context;
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    struct ledger_task task;

    arena_reset(&tasks->arena);
    store_postgres_read_row(rows, row, 0, &ledger_task_table, values);
    if (store_postgres_task(tasks->store, values, &tasks->arena, &task, error) != 0)
        return -1;
    return tasks->each(tasks->context, &task);
}

int store_postgres_each_task(struct store *base, enum ledger_task_kind kind,
                             bool (*each)(void *context, const struct ledger_task *task), void *context,
                             struct error *error)
{
    struct tasks tasks = {.store = (struct store_postgres *)base, .each = each, .context = context};
    struct store_parameters parameters = {.count = 0};

    store_postgres_add_bytes(&parameters, slice_from(ledger_task_kind_word(kind)));
    arena_init(&tasks.arena, ARENA_CHUNK);
    int result = store_pass_cursor(tasks.store, "SELECT {task} FROM task WHERE kind = $1::text ORDER BY id",
                                   &parameters, give_task, &tasks, error);
    arena_clear(&tasks.arena);
    return result;
}

/* Completeness. */

/* A customer that may lack a value is read in full, and checked then. */
static bool ignore_customer(void *context, const struct ledger_customer *customer)
{
    (void)context, (void)customer;
    return true;
}

static int check_run(void *context, const PGresult *rows, int row, struct error *error)
{
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    struct ledger_run run;

    store_postgres_read_row(rows, row, 0, &ledger_run_table, values);
    return store_postgres_run(context, values, NULL, &run, error) == 0 ? 1 : -1;
}

/* All that may lack a value, and few others. */
static void append_incomplete_sql(struct buffer *text)
{
    uint64_t optional = 0;

    for (size_t i = 0; i < ledger_customer_table.count; i++)
        if (!ledger_customer_table.columns[i].is_required)
            optional |= UINT64_C(1) << i;
    buffer_append_text(text, "SELECT {customer} FROM customer WHERE num_nulls(");
    ledger_store_rows_columns(text, &ledger_customer_table, "%", optional);
    buffer_append_text(text, ") > 0 OR NOT (state = 'created' AND coalesce(external_id, '') <> '' "
                             "AND coalesce(user_id, '') <> '' AND first_sent_at IS NULL "
                             "AND (digest IS NULL OR coalesce(member_digests, '') <> '') "
                             "AND (pending_digest IS NULL OR coalesce(pending_member_digests, '') <> ''))");
}

static int check_customers(struct store_postgres *store, struct error *error)
{
    struct customers customers = {.store = store, .each = ignore_customer};
    struct buffer text;

    buffer_init(&text, 4096);
    append_incomplete_sql(&text);
    arena_init(&customers.arena, ARENA_CHUNK);
    int result = store_pass_cursor(store, text.data, NULL, give_customer, &customers, error);
    arena_clear(&customers.arena);
    buffer_clear(&text);
    return result;
}

int store_postgres_check_complete(struct store *base, struct error *error)
{
    static const char others_sql[] = "SELECT 'a nonce', 'floor' FROM nonce WHERE floor IS NULL "
                                     "UNION ALL SELECT 'meta', 'value' FROM meta WHERE value IS NULL LIMIT 1";
    struct store_postgres *store = (struct store_postgres *)base;

    if (check_customers(store, error) != 0 ||
        store_pass_cursor(store, "SELECT {run} FROM run ORDER BY id", NULL, check_run, store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask_text(store, others_sql, NULL, error);
    int result = !rows ? -1
                 : PQntuples(rows) > 0
                     ? store_postgres_fail_damaged(store, error, "%s has no %s", PQgetvalue(rows, 0, 0),
                                                   PQgetvalue(rows, 0, 1))
                     : 0;
    PQclear(rows);
    return result;
}
