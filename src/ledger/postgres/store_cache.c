#include "ledger/postgres/store_cache.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash_table.h"
#include "core/memory.h"

enum {
    ROWS_MAX = 16384,
    BYTES_MAX = 32 * 1024 * 1024,
    PLACES_MIN = 1024,
    COLUMN_KEY = 1, /* of customer, as COLUMN_USER; of task the three that are unique together */
    COLUMN_USER = 4,
    COLUMN_TASK_CUSTOMER = 1,
    COLUMN_TASK_KIND = 2,
    COLUMN_TASK_SLOT = 3,
};

enum index { BY_CUSTOMER, BY_TASK, BY_KEY, BY_USER, INDEXES };

/* Open addressing with linear probing; a power of two of places, at most half of them full. */
struct place {
    uint64_t hash;
    struct store_cache_row *row; /* NULL: free */
};
struct places {
    struct place *items;
    size_t capacity, count;
};

struct list {
    struct store_cache_row *newest, *oldest;
};

struct store_cache {
    struct places indexes[INDEXES];
    struct list clean, dirty, absent;
    size_t row_count, byte_count;
};

struct store_cache *store_cache_new(void)
{
    assert(strcmp(ledger_customer_table.columns[COLUMN_KEY].name, "external_id") == 0 &&
           strcmp(ledger_customer_table.columns[COLUMN_USER].name, "user_id") == 0 &&
           strcmp(ledger_task_table.columns[COLUMN_TASK_SLOT].name, "slot") == 0);
    return memory_new(1, sizeof(struct store_cache));
}

/* Lists. */

static void link_row(struct list *list, struct store_cache_row *row)
{
    row->newer = NULL;
    row->older = list->newest;
    if (list->newest)
        list->newest->newer = row;
    else
        list->oldest = row;
    list->newest = row;
}

static void unlink_row(struct list *list, struct store_cache_row *row)
{
    if (row->newer)
        row->newer->older = row->older;
    else
        list->newest = row->older;
    if (row->older)
        row->older->newer = row->newer;
    else
        list->oldest = row->newer;
}

static struct list *list_of(struct store_cache *cache, const struct store_cache_row *row)
{
    if (!row->table)
        return &cache->absent;
    return row->is_dirty ? &cache->dirty : &cache->clean;
}

/* Indexes. */

static struct slice text_of(const struct store_cache_row *row, enum index index)
{
    if (!row->table)
        return row->values[0].bytes;
    return row->values[index == BY_KEY ? COLUMN_KEY : COLUMN_USER].bytes;
}

/* What a row is found by in one index. */
struct sought {
    enum index index;
    int64_t id;
    struct slice text;
};

static uint64_t hash_of(const struct sought *sought)
{
    return sought->index == BY_KEY || sought->index == BY_USER
               ? hash_table_hash(sought->text)
               : hash_table_hash(slice_make((const char *)&sought->id, sizeof sought->id));
}

static bool is_sought(const struct store_cache_row *row, const struct sought *sought)
{
    return sought->index == BY_KEY || sought->index == BY_USER
               ? slice_equal(text_of(row, sought->index), sought->text)
               : row->id == sought->id;
}

/* Its place, or the free one where it belongs. */
static size_t find_place(const struct places *places, const struct sought *sought, uint64_t hash)
{
    size_t i = hash & (places->capacity - 1);
    while (places->items[i].row &&
           (places->items[i].hash != hash || !is_sought(places->items[i].row, sought)))
        i = (i + 1) & (places->capacity - 1);
    return i;
}

static void grow(struct places *places)
{
    struct places old = *places;
    places->capacity = old.capacity == 0 ? PLACES_MIN : 2 * old.capacity;
    places->items = memory_new(places->capacity, sizeof *places->items);
    for (size_t i = 0; i < old.capacity; i++) {
        size_t j = old.items[i].hash & (places->capacity - 1);
        if (!old.items[i].row)
            continue;
        while (places->items[j].row)
            j = (j + 1) & (places->capacity - 1);
        places->items[j] = old.items[i];
    }
    free(old.items);
}

static struct store_cache_row *find(struct store_cache *cache, const struct sought *sought)
{
    struct places *places = &cache->indexes[sought->index];
    return places->count > 0 ? places->items[find_place(places, sought, hash_of(sought))].row : NULL;
}

static void index_row(struct store_cache *cache, const struct sought *sought, struct store_cache_row *row)
{
    struct places *places = &cache->indexes[sought->index];
    uint64_t hash = hash_of(sought);
    if (2 * (places->count + 1) > places->capacity)
        grow(places);
    size_t i = find_place(places, sought, hash);
    assert(!places->items[i].row && "a row is found by one text in one way");
    places->items[i] = (struct place){hash, row};
    places->count++;
}

/* The rows behind it move up, so that no gap ends a search too early. */
static void unindex_row(struct store_cache *cache, const struct sought *sought)
{
    struct places *places = &cache->indexes[sought->index];
    size_t mask = places->capacity - 1, gap = find_place(places, sought, hash_of(sought));
    assert(places->items[gap].row);
    for (size_t i = (gap + 1) & mask; places->items[i].row; i = (i + 1) & mask) {
        size_t home = places->items[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        places->items[gap] = places->items[i];
        gap = i;
    }
    places->items[gap].row = NULL;
    places->count--;
}

/* The ways in which a row is found; at most three. */
static size_t ways_of(const struct store_cache_row *row, struct sought *ways)
{
    size_t count = 0;
    if (!row->table) {
        ways[count++] = (struct sought){(enum index)row->index, 0, text_of(row, (enum index)row->index)};
        return count;
    }
    if (row->table == &ledger_task_table) {
        ways[count++] = (struct sought){.index = BY_TASK, .id = row->id};
        return count;
    }
    ways[count++] = (struct sought){.index = BY_CUSTOMER, .id = row->id};
    for (enum index index = BY_KEY; index <= BY_USER; index++)
        if (text_of(row, index).len > 0)
            ways[count++] = (struct sought){.index = index, .text = text_of(row, index)};
    return count;
}

static void add_row(struct store_cache *cache, struct store_cache_row *row)
{
    struct sought ways[3];
    size_t count = ways_of(row, ways);
    for (size_t i = 0; i < count; i++)
        index_row(cache, &ways[i], row);
    link_row(list_of(cache, row), row);
    cache->row_count++;
    cache->byte_count += row->size;
}

static void remove_row(struct store_cache *cache, struct store_cache_row *row)
{
    struct sought ways[3];
    size_t count = ways_of(row, ways);
    for (size_t i = 0; i < count; i++)
        unindex_row(cache, &ways[i]);
    unlink_row(list_of(cache, row), row);
    cache->row_count--;
    cache->byte_count -= row->size;
    free(row);
}

void store_cache_make_room(struct store_cache *cache)
{
    while ((cache->row_count > ROWS_MAX || cache->byte_count > BYTES_MAX) && cache->clean.oldest)
        remove_row(cache, cache->clean.oldest);
}

void store_cache_clear(struct store_cache *cache)
{
    struct list *lists[] = {&cache->clean, &cache->dirty, &cache->absent};
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (struct store_cache_row *row = lists[i]->oldest, *newer; row; row = newer) {
            newer = row->newer;
            free(row);
        }
    for (size_t i = 0; i < INDEXES; i++)
        free(cache->indexes[i].items);
    *cache = (struct store_cache){.row_count = 0};
}

void store_cache_free(struct store_cache *cache)
{
    if (cache)
        store_cache_clear(cache);
    free(cache);
}

void store_cache_begin(struct store_cache *cache)
{
    while (cache->absent.oldest)
        remove_row(cache, cache->absent.oldest);
}

void store_cache_saved(struct store_cache *cache)
{
    for (struct store_cache_row *row; (row = cache->dirty.oldest);) {
        unlink_row(&cache->dirty, row);
        row->is_dirty = row->is_released = false;
        row->pending = STORE_CACHE_SAVED;
        link_row(&cache->clean, row);
    }
    store_cache_make_room(cache);
}

/* A clean row that is used becomes the newest. */
static struct store_cache_row *use(struct store_cache *cache, struct store_cache_row *row)
{
    if (row && row->table && !row->is_dirty && cache->clean.newest != row) {
        unlink_row(&cache->clean, row);
        link_row(&cache->clean, row);
    }
    return row;
}

struct store_cache_row *store_cache_customer(struct store_cache *cache, int64_t id)
{
    return use(cache, find(cache, &(struct sought){.index = BY_CUSTOMER, .id = id}));
}

struct store_cache_row *store_cache_task(struct store_cache *cache, int64_t id)
{
    return use(cache, find(cache, &(struct sought){.index = BY_TASK, .id = id}));
}

static bool find_text(struct store_cache *cache, enum index index, struct slice text, int64_t *id)
{
    struct store_cache_row *row = use(cache, find(cache, &(struct sought){.index = index, .text = text}));
    *id = row && row->table ? row->id : 0;
    return row != NULL;
}

bool store_cache_find_key(struct store_cache *cache, struct slice external_id, int64_t *id)
{
    return find_text(cache, BY_KEY, external_id, id);
}

bool store_cache_find_user(struct store_cache *cache, struct slice user_id, int64_t *id)
{
    return find_text(cache, BY_USER, user_id, id);
}

struct store_cache_row *store_cache_find_task(struct store_cache *cache, int64_t customer, struct slice kind,
                                              struct slice slot)
{
    for (struct store_cache_row *row = cache->dirty.newest; row; row = row->older)
        if (row->table == &ledger_task_table && row->values[COLUMN_TASK_CUSTOMER].number == customer &&
            slice_equal(row->values[COLUMN_TASK_KIND].bytes, kind) &&
            slice_equal(row->values[COLUMN_TASK_SLOT].bytes, slot))
            return row;
    return NULL;
}

static struct store_cache_row *make_row(const struct ledger_table *table, size_t count,
                                        const struct ledger_value *values)
{
    size_t head = sizeof(struct store_cache_row) + count * sizeof *values, size = head;
    for (size_t i = 0; i < count; i++)
        size += values[i].is_null ? 0 : values[i].bytes.len;
    struct store_cache_row *row = memory_new(1, size);
    char *bytes = (char *)row + head;
    row->table = table;
    row->size = size;
    row->id = table ? values[0].number : 0;
    for (size_t i = 0; i < count; i++) {
        row->values[i] = values[i];
        size_t len = values[i].is_null ? 0 : values[i].bytes.len;
        row->values[i].bytes = slice_make(bytes, len);
        if (len > 0)
            memcpy(bytes, values[i].bytes.data, len);
        bytes += len;
    }
    return row;
}

static struct store_cache_row *find_row(struct store_cache *cache, const struct ledger_table *table,
                                        int64_t id)
{
    enum index index = table == &ledger_task_table ? BY_TASK : BY_CUSTOMER;
    return find(cache, &(struct sought){.index = index, .id = id});
}

/* The other row that is found by a text of this one. */
static struct store_cache_row *find_other(struct store_cache *cache, const struct ledger_table *table,
                                          const struct ledger_value *values, enum index index)
{
    struct slice text = values[index == BY_KEY ? COLUMN_KEY : COLUMN_USER].bytes;
    if (table != &ledger_customer_table || text.len == 0)
        return NULL;
    struct store_cache_row *row = find(cache, &(struct sought){.index = index, .text = text});
    return row && (!row->table || row->id != values[0].number) ? row : NULL;
}

void store_cache_add(struct store_cache *cache, const struct ledger_table *table,
                     const struct ledger_value *values)
{
    if (find_row(cache, table, values[0].number))
        return;
    for (enum index index = BY_KEY; index <= BY_USER; index++) {
        struct store_cache_row *other = find_other(cache, table, values, index);
        /* The database has this row from before what waits, which has given its text to another. */
        if (other && other->is_dirty)
            return;
        if (other)
            remove_row(cache, other);
    }
    add_row(cache, make_row(table, table->count, values));
}

struct store_cache_row *store_cache_put(struct store_cache *cache, const struct ledger_table *table,
                                        const struct ledger_value *values, const char **column)
{
    static const char *const columns[] = {[BY_KEY] = "external_id", [BY_USER] = "user_id"};
    struct store_cache_row *before = find_row(cache, table, values[0].number);
    for (enum index index = BY_KEY; index <= BY_USER; index++) {
        struct store_cache_row *other = find_other(cache, table, values, index);
        if (other && other->table) {
            *column = columns[index];
            return NULL;
        }
        if (other)
            remove_row(cache, other);
    }
    struct store_cache_row *row = make_row(table, table->count, values);
    row->is_dirty = true;
    if (before) {
        row->pending = before->pending;
        row->is_released = before->is_released;
        remove_row(cache, before);
    }
    add_row(cache, row);
    return row;
}

static void add_absent(struct store_cache *cache, enum index index, struct slice text)
{
    struct ledger_value value = {.bytes = text};
    if (text.len == 0 || find(cache, &(struct sought){.index = index, .text = text}))
        return;
    struct store_cache_row *row = make_row(NULL, 1, &value);
    row->index = (unsigned char)index;
    add_row(cache, row);
}

void store_cache_add_absent_key(struct store_cache *cache, struct slice external_id)
{
    add_absent(cache, BY_KEY, external_id);
}

void store_cache_add_absent_user(struct store_cache *cache, struct slice user_id)
{
    add_absent(cache, BY_USER, user_id);
}
