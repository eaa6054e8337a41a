#include <stdio.h>
#include <string.h>

#include "core/buffer.h"
#include "core/hash_table.h"
#include "core/text.h"
#include "ledger/sqlite/store_sqlite.h"

/* SQLite's integrity_check looks each row up in each index, in the order of the table: more than half of the
 * time of a verification. Here each index is read once, in its own order, and compared with its
 * table by a sum of keyed hashes that does not depend on the order; only where they differ does SQLite find
 * the places. */

enum { ENTRY_MAX = 64 * 1024, SCHEMA_MAX = 16 * 1024 };
/* At most 20 findings. The tasks are few beside the customers, so SQLite compares their index. */
#define CHECK_ALL   "PRAGMA integrity_check(20)"
#define CHECK_PAGES "PRAGMA quick_check(20)"
#define CHECK_TASKS "PRAGMA integrity_check(task)"

struct index {
    const char *name, *column;
    const char *entries; /* a pass that reads the index alone, in its order */
};

static const struct index indexes[] = {
    {"customer_external_id", "external_id",
     "SELECT id, external_id FROM customer INDEXED BY customer_external_id ORDER BY external_id, id"},
    {"customer_user_id", "user_id",
     "SELECT id, user_id FROM customer INDEXED BY customer_user_id WHERE user_id IS NOT NULL "
     "ORDER BY user_id, id"},
};
enum { INDEX_COUNT = sizeof indexes / sizeof *indexes };

struct check {
    struct store_sqlite *store;
    void (*each)(void *context, const char *text);
    void (*row)(void *context, const struct ledger_value *values);
    void *context;
    struct buffer entry;
};

struct sum {
    uint64_t count, hashes;
};

struct entry {
    int type;
    int64_t id;
    struct slice key;
};

static struct entry read_entry(sqlite3_stmt *statement, int column)
{
    struct entry entry = {.type = sqlite3_column_type(statement, column),
                          .id = sqlite3_column_int64(statement, 0)};
    entry.key = store_sqlite_column(statement, column);
    return entry;
}

static void add_entry(struct check *check, struct sum *sum, const struct entry *entry)
{
    buffer_reset(&check->entry);
    buffer_append(&check->entry, slice_make((const char *)&entry->id, sizeof entry->id));
    buffer_append_char(&check->entry, (char)entry->type);
    buffer_append(&check->entry, entry->key);
    sum->count++;
    sum->hashes += hash_table_hash(buffer_slice(&check->entry));
}

static int compare_keys(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* True if b may come after a in the index. */
static bool ascends(const struct entry *a, const struct entry *b)
{
    if (a->type != b->type)
        return a->type == SQLITE_NULL;
    int order = compare_keys(a->key, b->key);
    return order < 0 || (order == 0 && a->type == SQLITE_NULL && a->id < b->id);
}

/* 0; 1: the statement met damage; -1. */
static int end_pass(struct check *check, sqlite3_stmt *statement, int code, struct error *error)
{
    int result = code == SQLITE_DONE ? 0 : (code & 0xff) == SQLITE_CORRUPT ? 1 : -1;
    if (result < 0)
        store_sqlite_fail(check->store, "read", error);
    sqlite3_finalize(statement);
    return result;
}

static int prepare(struct check *check, const char *text, sqlite3_stmt **statement, struct error *error)
{
    if (sqlite3_prepare_v2(check->store->db, text, -1, statement, NULL) == SQLITE_OK)
        return 0;
    return store_sqlite_fail(check->store, "read", error);
}

/* As end_pass; error also with 1. */
static int sum_table(struct check *check, struct sum sums[INDEX_COUNT], struct error *error)
{
    static const int types[] = {[LEDGER_TEXT] = SQLITE_TEXT, [LEDGER_BLOB] = SQLITE_BLOB};
    sqlite3_stmt *statement = store_sqlite_prepare(check->store, STORE_SQL_CUSTOMER_ROWS, error);
    size_t columns[INDEX_COUNT];
    int code;
    if (!statement)
        return -1;
    for (int i = 0; i < INDEX_COUNT; i++)
        columns[i] = store_sqlite_customer_column(indexes[i].column);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
        store_sqlite_read_row(statement, &ledger_customer_table, values);
        for (int i = 0; i < INDEX_COUNT; i++) {
            const struct ledger_value *value = &values[columns[i]];
            struct entry entry = {.type = types[ledger_customer_table.columns[columns[i]].type],
                                  .id = values[0].number,
                                  .key = value->bytes};
            if (value->is_null)
                entry.type = SQLITE_NULL;
            /* The index of keys has an entry for each row, the partial ones only for rows that have a value.
             */
            if (i == 0 || !value->is_null)
                add_entry(check, &sums[i], &entry);
        }
        if (check->row)
            check->row(check->context, values);
    }
    if (code != SQLITE_DONE)
        store_sqlite_fail(check->store, "read", error);
    store_sqlite_release(statement);
    return code == SQLITE_DONE ? 0 : (code & 0xff) == SQLITE_CORRUPT ? 1 : -1;
}

/* 0: the index is that of its table; 1: it is not; -1. */
static int check_index(struct check *check, const struct index *index, const struct sum *table,
                       struct error *error)
{
    struct sum sum = {0};
    struct entry before = {0};
    struct buffer kept; /* the key before: SQLite reuses its bytes */
    bool is_ordered = true;
    sqlite3_stmt *statement;
    int code;
    /* Without the index this is an error of SQL. */
    if (sqlite3_prepare_v2(check->store->db, index->entries, -1, &statement, NULL) != SQLITE_OK)
        return 1;
    buffer_init(&kept, ENTRY_MAX);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct entry entry = read_entry(statement, 1);
        add_entry(check, &sum, &entry);
        is_ordered = is_ordered && (sum.count == 1 || ascends(&before, &entry));
        before = entry;
        buffer_reset(&kept);
        buffer_append(&kept, entry.key);
        before.key = buffer_slice(&kept);
    }
    buffer_clear(&kept);
    int result = end_pass(check, statement, code, error);
    if (result != 0)
        return result;
    return is_ordered && sum.count == table->count && sum.hashes == table->hashes ? 0 : 1;
}

/* SQLite gives what it found in the file's pages in one row, below a title. */
static void give_lines(const struct check *check, const char *found)
{
    struct slice rest = slice_from(found), line;
    while (slice_next_line(&rest, &line)) {
        char text[256];
        text_format(text, sizeof text, "%.*s", (int)line.len, line.len > 0 ? line.data : "");
        if (line.len > 0 && !slice_begins_with(line, "***"))
            check->each(check->context, text);
    }
}

/* 1: SQLite found nothing; 0; -1. */
static int check_file(struct check *check, const char *pragma, struct error *error)
{
    sqlite3_stmt *statement;
    int code, is_whole = 0;
    if (prepare(check, pragma, &statement, error))
        return -1;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        if (found && strcmp(found, "ok") == 0)
            is_whole = 1;
        else
            give_lines(check, found ? found : "the file is damaged");
    }
    int result = end_pass(check, statement, code, error);
    if (result == 1)
        check->each(check->context, "the file is damaged in more places than SQLite can list");
    return result < 0 ? -1 : result == 0 && is_whole;
}

static const char *text_of(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? text : "";
}

/* All that can change what a statement of ours reads or writes: our tables and indexes, all that belongs to
 * them, and every trigger. A table of another name cannot. */
static int check_schema(struct check *check, sqlite3 *ours, struct error *error)
{
    static const char objects[] = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
                                  "(type = 'trigger' OR tbl_name IN ('customer', 'event', 'run', 'nonce', "
                                  "'meta', 'reading', 'task', 'backup'))";
    sqlite3_stmt *found, *known = NULL;
    int code = SQLITE_NOMEM; /* of known */
    if (prepare(check, objects, &found, error))
        return -1;
    sqlite3_prepare_v2(ours, "SELECT sql FROM sqlite_schema WHERE name = ?1", -1, &known, NULL);
    while (known && (code = sqlite3_step(found)) == SQLITE_ROW) {
        char text[256];
        sqlite3_bind_text(known, 1, text_of(found, 1), -1, SQLITE_STATIC);
        bool is_ours = sqlite3_step(known) == SQLITE_ROW;
        if (!is_ours || strcmp(text_of(known, 0), text_of(found, 2)) != 0) {
            text_format(text, sizeof text,
                        is_ours ? "the %s %s is not defined as this program defines it"
                                : "the %s %s was added by another program",
                        text_of(found, 0), text_of(found, 1));
            check->each(check->context, text);
        }
        sqlite3_reset(known);
    }
    sqlite3_finalize(known);
    return end_pass(check, found, code, error) < 0 ? -1 : 0;
}

/* The definitions are compared as SQLite keeps them, so our own are made in memory. */
static int check_definitions(struct check *check, struct error *error)
{
    sqlite3 *ours = NULL;
    struct buffer text;
    int result = -1;
    buffer_init(&text, SCHEMA_MAX);
    store_sqlite_append_schema(&text);
    if (sqlite3_open(":memory:", &ours) == SQLITE_OK &&
        sqlite3_exec(ours, text.data, NULL, NULL, NULL) == SQLITE_OK)
        result = check_schema(check, ours, error);
    else
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s cannot be checked: there is not enough memory\nhint: raise the limit (ulimit -v, or the container's)",
            check->store->path);
    sqlite3_close(ours);
    buffer_clear(&text);
    return result;
}

/* The index of tasks, which is there or not; its entries are SQLite's to compare. 1: whole; 0; -1. */
static int check_tasks(struct check *check, struct error *error)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(check->store->db, "SELECT 1 FROM task INDEXED BY task_slot WHERE customer = 0", -1,
                           &statement, NULL) != SQLITE_OK) {
        check->each(check->context, "the index task_slot of the table task is missing");
        return 0;
    }
    sqlite3_finalize(statement);
    return check_file(check, CHECK_TASKS, error);
}

static int check_all(struct check *check, struct error *error)
{
    struct sum sums[INDEX_COUNT] = {{0}};
    bool is_damaged[INDEX_COUNT], is_any = false;
    struct error why = {.scope = ERROR_NONE}; /* of the pass over the table: its findings come first */
    int result = sum_table(check, sums, &why);
    if (result < 0) {
        *error = why;
        return -1;
    }
    for (int i = 0; i < INDEX_COUNT; i++) {
        int differs = check_index(check, &indexes[i], &sums[i], error);
        if (differs < 0)
            return -1;
        is_damaged[i] = differs == 1;
        is_any = is_any || is_damaged[i];
    }
    bool is_suspect = is_any || result == 1;
    int is_whole = check_file(check, is_suspect ? CHECK_ALL : CHECK_PAGES, error);
    if (is_whole == 1 && !is_suspect)
        is_whole = check_tasks(check, error);
    if (is_whole < 0)
        return -1;
    for (int i = 0; i < INDEX_COUNT && is_whole == 1; i++) {
        char text[128];
        if (!is_damaged[i])
            continue;
        snprintf(text, sizeof text, "the index %s does not have each %s of the table customer once, in order",
                 indexes[i].name, indexes[i].column);
        check->each(check->context, text);
    }
    if (check_definitions(check, error) < 0)
        return -1;
    if (result != 1 || !check->row)
        return 0;
    *error = why;
    return -1;
}

int store_sqlite_check(struct store *base, void (*each)(void *context, const char *text),
                       void (*row)(void *context, const struct ledger_value *values), void *context,
                       struct error *error)
{
    struct store_sqlite *store = store_sqlite_of(base);
    struct check check = {.store = store, .each = each, .row = row, .context = context};
    buffer_init(&check.entry, ENTRY_MAX);
    int result = check_all(&check, error);
    buffer_clear(&check.entry);
    return result;
}
