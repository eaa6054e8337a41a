#include "ledger/ledger_transfer.h"

#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "ledger/ledger_internal.h"

enum { ARENA_CHUNK = 4096 };

struct transfer {
    struct store *from, *to;
    const struct ledger_table *table;
    struct arena arena; /* of backups */
    struct ledger_backup *backups;
    size_t backup_count;
    struct error *error;
    int result;
};

/* PostgreSQL holds no NUL and no other text than UTF-8; SQLite holds any bytes. */
static const char *find_unstorable(const struct ledger_table *table, const struct ledger_value *values)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct ledger_value *value = &values[i];
        if (table->columns[i].type == LEDGER_TEXT && !value->is_null && value->bytes.len > 0 &&
            (memchr(value->bytes.data, '\0', value->bytes.len) || !utf8_is_valid(value->bytes)))
            return table->columns[i].name;
    }
    return NULL;
}

static bool put_row(void *context, const struct ledger_value *values)
{
    struct transfer *transfer = context;
    const char *unstorable = store_is_file(transfer->to) ? NULL : find_unstorable(transfer->table, values);

    if (unstorable)
        transfer->result = error_set(
            transfer->error, ERROR_LEDGER,
            "the ledger %s cannot be copied: %s %lld has in %s bytes that PostgreSQL does not store as text\nhint: keep this ledger where it is",
            store_location(transfer->from), transfer->table->name, (long long)values[0].number, unstorable);
    else
        transfer->result = store_put_row(transfer->to, transfer->table, values, transfer->error);
    return transfer->result == 0;
}

static void put_meta(void *context, struct slice key, struct slice value)
{
    struct transfer *transfer = context;

    /* The first is of the database; the second of the ledger that is copied (ledger_move.h). */
    if (transfer->result == 0 && !slice_is(key, "schema_version") && !slice_is(key, LEDGER_MOVED_TO))
        transfer->result = store_meta_set(transfer->to, key.data, value, transfer->error);
}

static void put_nonce(void *context, const char *key_id, uint64_t floor)
{
    struct transfer *transfer = context;

    if (transfer->result == 0)
        transfer->result = store_nonce_set(transfer->to, key_id, floor, transfer->error);
}

static void put_reading(void *context, int64_t customer, uint64_t at_ns)
{
    struct transfer *transfer = context;

    if (transfer->result == 0)
        transfer->result = store_reading_set(transfer->to, customer, at_ns, transfer->error);
}

static void keep_backup(void *context, const struct ledger_backup *backup)
{
    struct transfer *transfer = context;

    transfer->backups =
        memory_resize(transfer->backups, transfer->backup_count + 1, sizeof *transfer->backups);
    struct ledger_backup *kept = &transfer->backups[transfer->backup_count++];
    *kept = *backup;
    kept->path = arena_copy(&transfer->arena, slice_from(backup->path)).data;
}

static int put_all(struct transfer *transfer, struct error *error)
{
    static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_task_table,
                                                        &ledger_run_table, &ledger_event_table};

    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        transfer->table = tables[i];
        if (store_each_row(transfer->from, tables[i], put_row, transfer, error) != 0 || transfer->result != 0)
            return -1;
    }
    if (store_each_meta(transfer->from, put_meta, transfer, error) != 0 ||
        store_each_nonce(transfer->from, put_nonce, transfer, error) != 0 ||
        store_each_reading(transfer->from, put_reading, transfer, error) != 0 ||
        store_each_backup(transfer->from, keep_backup, transfer, error) != 0)
        return -1;
    return transfer->result;
}

/* A backup is noted in a transaction of its own. */
static int note_backups(struct transfer *transfer, struct error *error)
{
    for (size_t i = 0; i < transfer->backup_count; i++)
        if (store_note_backup(transfer->to, &transfer->backups[i], error) != 0)
            return -1;
    return 0;
}

int ledger_transfer(struct store *from, struct store *to, struct error *error)
{
    struct transfer transfer = {.from = from, .to = to, .error = error};

    arena_init(&transfer.arena, ARENA_CHUNK);
    int result = store_begin(to, error) != 0 || put_all(&transfer, error) != 0 ||
                         store_commit(to, error) != 0 || note_backups(&transfer, error) != 0
                     ? -1
                     : 0;
    arena_clear(&transfer.arena);
    free(transfer.backups);
    return result;
}
