#include "ledger/ledger_sqlite.h"

/* Events are stored in the order of time. To find the last row of each customer they are sorted by customer
 * once, and read side by side with the customers. The sort spills to a file, so memory is bounded. */

/* Advances rows to the customer: *row is its row, 0 when it has none. 0, or -1. *index: the customer of the
 * row that was read last, INT64_MAX at the end. */
static int find_row(struct ledger *ledger, sqlite3_stmt *rows, int64_t customer, int64_t *index,
                    uint64_t *row, struct error *error)
{
    while (*index < customer) {
        int more = ledger_sqlite_row(ledger, rows, error);
        if (more < 0)
            return -1;
        *index = more ? sqlite3_column_int64(rows, 0) : INT64_MAX;
        bool has_customer = more && sqlite3_column_type(rows, 0) != SQLITE_NULL;
        if (more && (!has_customer || sqlite3_column_type(rows, 1) == SQLITE_NULL)) {
            ledger_sqlite_release(rows);
            *index = INT64_MAX;
            return ledger_sqlite_fail_lacks(ledger, "an event", 0,
                                            has_customer ? SLICE_LITERAL("row") : SLICE_LITERAL("customer"),
                                            error);
        }
    }
    *row = *index == customer ? (uint64_t)sqlite3_column_int64(rows, 1) : 0;
    return 0;
}

static int each_customer(struct ledger *ledger,
                         bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                         void *context, struct arena *arena, struct error *error)
{
    sqlite3_stmt *customers = ledger_sqlite_prepare(ledger, LEDGER_SQL_CUSTOMERS, error);
    sqlite3_stmt *rows = customers ? ledger_sqlite_prepare(ledger, LEDGER_SQL_ROWS, error) : NULL;
    int64_t at_ns = INT64_MIN;
    int more = -1;

    if (!rows)
        return -1;
    while ((more = ledger_sqlite_row(ledger, customers, error)) == 1) {
        struct ledger_customer customer;
        uint64_t row = 0;
        arena_reset(arena);
        more = ledger_customer_read(ledger, customers, arena, &customer, error);
        if (more != 0)
            break;
        if (find_row(ledger, rows, customer.id, &at_ns, &row, error) != 0) {
            ledger_sqlite_release(customers);
            return -1;
        }
        if (!each(context, &customer, row)) {
            ledger_sqlite_release(customers);
            more = 0;
            break;
        }
    }
    if (at_ns != INT64_MAX)
        ledger_sqlite_release(rows);
    return more;
}

int ledger_each_result(struct ledger *ledger,
                       bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                       void *context, struct error *error)
{
    struct arena arena;

    if (ledger_sqlite_exec(ledger, "PRAGMA temp_store = FILE", error) != 0 ||
        ledger_sqlite_exec(ledger, "BEGIN", error) != 0)
        return -1;
    arena_init(&arena, 4096);
    int result = each_customer(ledger, each, context, &arena, error);
    arena_clear(&arena);
    struct error ignored;
    int ended = ledger_sqlite_exec(ledger, "COMMIT", result == 0 ? error : &ignored);
    return result == 0 ? ended : -1;
}
