/* store_rows: rows of the proven tables, checked as they are read. */
#include "ledger/postgres/store_postgres.h"

int store_postgres_customer(struct store_postgres *store, const struct ledger_value *values,
                            struct arena *arena, struct ledger_customer *customer, struct error *error)
{
    const char *lacks = ledger_row_from_values(&ledger_customer_table, values, arena, customer);
    if (!lacks)
        lacks = ledger_customer_lacks(customer);
    return lacks ? store_postgres_fail_damaged(store, error, "customer %lld has no %s",
                                               (long long)values[0].number, lacks)
                 : 0;
}

int store_postgres_task(struct store_postgres *store, const struct ledger_value *values, struct arena *arena,
                        struct ledger_task *task, struct error *error)
{
    const char *lacks = ledger_row_from_values(&ledger_task_table, values, arena, task);
    return lacks ? store_postgres_fail_damaged(store, error, "task %lld has no %s",
                                               (long long)values[0].number, lacks)
                 : 0;
}

int store_postgres_run(struct store_postgres *store, const struct ledger_value *values, struct arena *arena,
                       struct ledger_run *run, struct error *error)
{
    const char *lacks = ledger_row_from_values(&ledger_run_table, values, arena, run);
    return lacks ? store_postgres_fail_damaged(store, error, "run %lld has no %s",
                                               (long long)values[0].number, lacks)
                 : 0;
}
