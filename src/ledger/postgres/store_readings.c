#include "ledger/postgres/store_readings.h"

#include <stdlib.h>

#include "core/memory.h"

void store_readings_set(struct store_readings **readings, const struct ledger_selection *selection,
                        PGresult *rows)
{
    struct store_readings *own = *readings ? *readings : memory_new(1, sizeof *own);

    *readings = own;
    store_readings_clear(own);
    own->selection = *selection;
    own->rows = rows;
    for (int i = 0; rows && i < PQntuples(rows); i++)
        own->read_at_ns[i] = (uint64_t)store_postgres_number(rows, i, LEDGER_CUSTOMER_COLUMNS);
}

static int64_t id_of(const struct store_readings *readings, int row)
{
    return store_postgres_number(readings->rows, row, 0);
}

int store_readings_next(struct store_readings *readings, const struct ledger_selection *selection)
{
    const struct ledger_selection *own = &readings->selection;

    if (!readings->rows || own->states != selection->states || own->with_deleted != selection->with_deleted ||
        own->read_before_ns != selection->read_before_ns || selection->after < own->after)
        return -1;
    /* Back to the rows that were given before, if that is what is asked for. */
    while (readings->next > 0 && id_of(readings, readings->next - 1) > selection->after)
        readings->next--;
    while (readings->next < PQntuples(readings->rows) && id_of(readings, readings->next) <= selection->after)
        readings->next++;
    return readings->next < PQntuples(readings->rows) ? readings->next : -1;
}

/* The row of a customer; -1: the window does not have it. */
static int find(const struct store_readings *readings, int64_t customer)
{
    int low = 0, high = PQntuples(readings->rows);

    while (low < high) {
        int middle = (low + high) / 2;
        if (id_of(readings, middle) < customer)
            low = middle + 1;
        else
            high = middle;
    }
    return low < PQntuples(readings->rows) && id_of(readings, low) == customer ? low : -1;
}

void store_readings_touch(struct store_readings *readings, int64_t customer)
{
    int count = readings && readings->rows ? PQntuples(readings->rows) : 0;

    if (count > 0 && customer > readings->selection.after && customer < id_of(readings, count - 1) &&
        find(readings, customer) < 0)
        store_readings_clear(readings);
}

void store_readings_note(struct store_readings *readings, int64_t customer, uint64_t at_ns)
{
    store_readings_touch(readings, customer);
    int row = readings && readings->rows ? find(readings, customer) : -1;
    if (row >= 0)
        readings->read_at_ns[row] = at_ns;
}

void store_readings_clear(struct store_readings *readings)
{
    if (!readings)
        return;
    PQclear(readings->rows);
    readings->rows = NULL;
    readings->next = 0;
}

void store_readings_free(struct store_readings *readings)
{
    store_readings_clear(readings);
    free(readings);
}
