/* store_verification: questions about the verification of users. */
#include <string.h>

#include "ledger/ledger_store_rows.h"
#include "ledger/postgres/store_cache.h"
#include "ledger/postgres/store_pass.h"
#include "ledger/postgres/store_postgres_ops.h"
#include "ledger/postgres/store_readings.h"

static const char next_sql[] =
    "SELECT {c.customer}, coalesce(r.at, 0) FROM customer c LEFT JOIN reading r ON r.customer = c.id "
    "WHERE c.id > $1::bigint AND c.user_id IS NOT NULL "
    "AND coalesce(c.verification, 'unknown') = ANY($2::text[]) AND coalesce(r.at, 0) < $3::bigint "
    "AND ($4::bigint <> 0 OR c.verification_word IS DISTINCT FROM 'deleted') ORDER BY c.id LIMIT 256";
_Static_assert(STORE_READINGS_MAX == 256, "the limit of the question");

/* Reads the next window. 0, or -1. */
static int read_ahead(struct store_postgres *store, const struct ledger_selection *selection,
                      struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    struct store_array words = {.count = 0};
    uint64_t before_ns = selection->read_before_ns;

    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    store_postgres_array_begin(&words, LEDGER_TEXT);
    for (int i = 0; i < VERIFICATION_COUNT; i++)
        if (selection->states >> i & 1)
            store_postgres_array_bytes(&words, slice_from(verification_word((enum verification)i)));
    store_postgres_add_number(&parameters, selection->after);
    store_postgres_add_array(&parameters, &words);
    store_postgres_add_number(&parameters, before_ns > INT64_MAX ? INT64_MAX : (int64_t)before_ns);
    store_postgres_add_number(&parameters, selection->with_deleted);
    PGresult *rows = store_postgres_ask_text(store, next_sql, &parameters, error);
    store_postgres_array_clear(&words);
    store_readings_set(&store->readings, selection, rows);
    return rows ? 0 : -1;
}

static bool is_selected(const struct ledger_customer *customer, uint64_t read_at_ns,
                        const struct ledger_selection *selection)
{
    return customer->user_id.len > 0 && (selection->states >> customer->verification & 1) != 0 &&
           read_at_ns < selection->read_before_ns &&
           (selection->with_deleted || !ledger_customer_is_deleted(customer));
}

/* A row of the window as it is now. 1; 0: it is not selected any more; -1. */
static int read_row(struct store_postgres *store, int row, const struct ledger_selection *selection,
                    struct arena *arena, struct ledger_customer *customer, struct error *error)
{
    const struct store_readings *readings = store->readings;
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];

    store_postgres_read_row(readings->rows, row, 0, &ledger_customer_table, values);
    const struct store_cache_row *cached =
        store->cache ? store_cache_customer(store->cache, values[0].number) : NULL;
    if (store_postgres_customer(store, cached ? cached->values : values, arena, customer, error) != 0)
        return -1;
    return is_selected(customer, readings->read_at_ns[row], selection);
}

int store_postgres_next_reading(struct store *base, const struct ledger_selection *selection,
                                struct arena *arena, struct ledger_customer *customer, uint64_t *read_at_ns,
                                struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct ledger_selection rest = *selection;

    for (;;) {
        int row = store->readings ? store_readings_next(store->readings, &rest) : -1, found;
        if (row < 0) {
            if (read_ahead(store, &rest, error) != 0)
                return -1;
            row = store_readings_next(store->readings, &rest);
        }
        if (row < 0)
            return 0;
        found = read_row(store, row, selection, arena, customer, error);
        *read_at_ns = store->readings->read_at_ns[row];
        if (found != 0)
            return found;
        rest.after = customer->id;
    }
}

int store_postgres_verification_is_known(struct store *base, bool *is_known, struct error *error)
{
    static const char known_sql[] =
        "SELECT EXISTS(SELECT FROM reading) OR EXISTS(SELECT FROM (SELECT verification FROM customer "
        "ORDER BY id DESC LIMIT 1000) AS c WHERE verification IS NOT NULL)";
    struct store_postgres *store = (struct store_postgres *)base;

    *is_known = false;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    PGresult *rows = store_postgres_ask_text(store, known_sql, NULL, error);
    *is_known = rows && PQntuples(rows) == 1 && store_postgres_number(rows, 0, 0) != 0;
    PQclear(rows);
    return rows ? 0 : -1;
}

struct counting {
    struct ledger_verification_counts *counts;
    uint64_t since_ns;
};

static bool count_user(void *context, const struct slice *columns)
{
    const struct counting *counting = context;
    const struct ledger_store_rows_user user = {
        .verification = columns[0],
        .word = columns[1],
        .at_ns = (uint64_t)store_postgres_read_number(columns[2]),
        .is_linked = store_postgres_read_number(columns[3]) != 0,
        .is_read = store_postgres_read_number(columns[4]) != 0,
    };

    ledger_store_rows_count_verification(counting->counts, &user, counting->since_ns);
    return true;
}

int store_postgres_count_verification(struct store *base, uint64_t since_ns,
                                      struct ledger_verification_counts *counts, struct error *error)
{
    struct counting counting = {counts, since_ns};

    *counts = (struct ledger_verification_counts){.users = 0};
    return store_pass_copy((struct store_postgres *)base,
                           "SELECT c.verification, c.verification_word, c.verification_at,"
                           " c.link_at IS NOT NULL, r.customer IS NOT NULL FROM customer c "
                           "LEFT JOIN reading r ON r.customer = c.id WHERE c.user_id IS NOT NULL",
                           count_user, &counting, error);
}
