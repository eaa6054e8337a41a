#include "ledger/ledger_verify_rows.h"

#include <stdlib.h>

#include "core/memory.h"

enum { CUSTOMER_ID = 0, CUSTOMER_STATE = 3 };

static void add_text(void *context, const char *text)
{
    struct ledger_verify_rows *rows = context;

    if (rows->text_count == LEDGER_VERIFY_TEXTS_MAX) {
        rows->texts_lost++;
        return;
    }
    rows->texts = memory_resize(rows->texts, rows->text_count + 1, sizeof *rows->texts);
    rows->texts[rows->text_count++] = memory_copy(slice_from(text));
}

static void begin_range(struct ledger_verify_rows *rows, int64_t id)
{
    if (rows->range_count == rows->range_capacity) {
        rows->range_capacity = rows->range_capacity ? 2 * rows->range_capacity : 16;
        rows->ranges = memory_resize(rows->ranges, rows->range_capacity, sizeof *rows->ranges);
    }
    rows->ranges[rows->range_count++] = (struct ledger_verify_range){.id = id, .begin = rows->count};
}

static void seal_row(void *context, const struct ledger_value *values)
{
    struct ledger_verify_rows *rows = context;
    int64_t id = values[CUSTOMER_ID].number;

    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 1024;
        rows->seals = memory_resize(rows->seals, rows->capacity, sizeof *rows->seals);
    }
    if (rows->count == 0 || id != rows->last + 1)
        begin_range(rows, id);
    ledger_sealer_seal(rows->sealer, &ledger_customer_table, values, rows->seals[rows->count++].bytes);
    rows->last = id;
    rows->erased += slice_is(values[CUSTOMER_STATE].bytes, "erased");
}

static void *run(void *context)
{
    struct ledger_verify_rows *rows = context;

    rows->result = store_check(rows->view, add_text, seal_row, rows, &rows->error);
    return NULL;
}

void ledger_verify_rows_start(struct ledger_verify_rows *rows, struct store *view,
                              const uint8_t key[FINGERPRINT_KEY_LEN])
{
    *rows = (struct ledger_verify_rows){.view = view, .sealer = ledger_sealer_new(key)};
    rows->is_started = pthread_create(&rows->thread, NULL, run, rows) == 0;
}

int ledger_verify_rows_finish(struct ledger_verify_rows *rows, struct error *error)
{
    if (rows->is_started)
        pthread_join(rows->thread, NULL);
    else
        run(rows);
    if (rows->result != 0)
        *error = rows->error;
    return rows->result;
}

void ledger_verify_rows_clear(struct ledger_verify_rows *rows)
{
    for (size_t i = 0; i < rows->text_count; i++)
        free(rows->texts[i]);
    free(rows->texts);
    free(rows->ranges);
    free(rows->seals);
    ledger_sealer_free(rows->sealer);
}
