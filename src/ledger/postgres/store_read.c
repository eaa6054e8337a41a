/* store_read: single customers, from the cache or by one question. */
#include <string.h>

#include "core/utf8.h"
#include "ledger/postgres/store_batch.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { COLUMN_KEY = 1, COLUMN_USER = 4, EVENTS_AT_A_TIME = 1000 };

/* What is asked for together. */
struct question {
    enum store_postgres_sql which;
    struct store_array array;
    size_t count;
};

static void begin_question(struct question *question, enum store_postgres_sql which)
{
    *question = (struct question){.which = which};
    store_postgres_array_begin(&question->array,
                               which == STORE_POSTGRES_CUSTOMERS ? LEDGER_NUMBER : LEDGER_TEXT);
}

static void add_id(struct question *question, int64_t id)
{
    store_postgres_array_number(&question->array, id);
    question->count++;
}

static void add_text(struct question *question, struct slice text)
{
    store_postgres_array_bytes(&question->array, text);
    question->count++;
}

static PGresult *ask(struct store_postgres *store, struct question *question, struct error *error)
{
    struct store_parameters parameters = {.count = 0};
    store_postgres_add_array(&parameters, &question->array);
    return store_postgres_ask(store, question->which, &parameters, error);
}

/* Keeps rows that were read; rows that wait are newer. */
static void keep(struct store_postgres *store, const PGresult *rows)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    for (int i = 0; store->cache && i < PQntuples(rows); i++) {
        store_postgres_read_row(rows, i, 0, &ledger_customer_table, values);
        store_cache_add(store->cache, &ledger_customer_table, values);
    }
}

static void make_room(struct store_postgres *store)
{
    if (store->cache)
        store_cache_make_room(store->cache);
}

/* Customers by id. */

static int read_cached(struct store_postgres *store, int64_t id, struct arena *arena,
                       struct ledger_customer *row, struct error *error)
{
    const struct store_cache_row *cached = store->cache ? store_cache_customer(store->cache, id) : NULL;
    if (!cached)
        return 0;
    return store_postgres_customer(store, cached->values, arena, row, error) == 0 ? 1 : -1;
}

/* Fills in those of the ids that were not cached: rows[i].id is 0 so far. */
static int fill_in(struct store_postgres *store, const PGresult *found, const int64_t *ids, size_t count,
                   struct arena *arena, struct ledger_customer *rows, struct error *error)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    for (int i = 0; i < PQntuples(found); i++) {
        store_postgres_read_row(found, i, 0, &ledger_customer_table, values);
        for (size_t j = 0; j < count; j++)
            if (ids[j] == values[0].number && rows[j].id == 0 &&
                store_postgres_customer(store, values, arena, &rows[j], error) != 0)
                return -1;
    }
    return 0;
}

int store_postgres_read_customers(struct store *base, const int64_t *ids, size_t count, struct arena *arena,
                                  struct ledger_customer *rows, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    struct question question;
    int result = store_postgres_check_usable(store, error);
    make_room(store);
    begin_question(&question, STORE_POSTGRES_CUSTOMERS);
    for (size_t i = 0; i < count && result == 0; i++) {
        rows[i] = (struct ledger_customer){.id = 0};
        int found = read_cached(store, ids[i], arena, &rows[i], error);
        if (found == 0)
            add_id(&question, ids[i]);
        result = found < 0 ? -1 : 0;
    }
    if (result == 0 && question.count > 0) {
        PGresult *found = ask(store, &question, error);
        result = found ? fill_in(store, found, ids, count, arena, rows, error) : -1;
        if (result == 0)
            keep(store, found);
        PQclear(found);
    }
    store_postgres_array_clear(&question.array);
    return result;
}

/* Customers by key or user. */

/* Others are asked for nowhere: the database has none of them, and would take it for an error. */
static bool is_text(struct slice text)
{
    return text.len > 0 && !memchr(text.data, '\0', text.len) && utf8_is_valid(text);
}

static bool find_cached(struct store_postgres *store, enum store_postgres_sql which, struct slice text,
                        int64_t *id)
{
    *id = 0;
    if (!store->cache)
        return false;
    return which == STORE_POSTGRES_CUSTOMERS_BY_KEY ? store_cache_find_key(store->cache, text, id)
                                                    : store_cache_find_user(store->cache, text, id);
}

static void note_absent(struct store_postgres *store, enum store_postgres_sql which, struct slice text)
{
    if (!store->cache)
        return;
    if (which == STORE_POSTGRES_CUSTOMERS_BY_KEY)
        store_cache_add_absent_key(store->cache, text);
    else
        store_cache_add_absent_user(store->cache, text);
}

/* Of rows that were found by a text. A row that waits, and that the database still has with this text,
 * has given it up: it was looked for in the cache before. */
static int64_t find_in(struct store_postgres *store, const PGresult *found, int column, struct slice text)
{
    for (int i = 0; i < PQntuples(found); i++) {
        int64_t id = store_postgres_number(found, i, 0);
        const struct store_cache_row *cached = store->cache ? store_cache_customer(store->cache, id) : NULL;
        if (slice_equal(store_postgres_bytes(found, i, column), text) && !(cached && cached->is_dirty))
            return id;
    }
    return 0;
}

/* ids[i]: of texts[i]; 0: none. */
static int find_texts(struct store_postgres *store, enum store_postgres_sql which, const struct slice *texts,
                      size_t count, int64_t *ids, struct error *error)
{
    int column = which == STORE_POSTGRES_CUSTOMERS_BY_KEY ? COLUMN_KEY : COLUMN_USER;
    struct question question;
    int result = store_postgres_check_usable(store, error);
    make_room(store);
    begin_question(&question, which);
    for (size_t i = 0; i < count; i++)
        if (!find_cached(store, which, texts[i], &ids[i]) && is_text(texts[i]))
            add_text(&question, texts[i]);
    if (result == 0 && question.count > 0) {
        PGresult *found = ask(store, &question, error);
        result = found ? 0 : -1;
        if (found)
            keep(store, found);
        for (size_t i = 0; i < count && found; i++)
            if (ids[i] == 0 && is_text(texts[i]) && !find_cached(store, which, texts[i], &ids[i])) {
                ids[i] = find_in(store, found, column, texts[i]);
                if (ids[i] == 0)
                    note_absent(store, which, texts[i]);
            }
        PQclear(found);
    }
    store_postgres_array_clear(&question.array);
    return result;
}

int store_postgres_find_key(struct store *base, struct slice external_id, int64_t *id, struct error *error)
{
    return find_texts((struct store_postgres *)base, STORE_POSTGRES_CUSTOMERS_BY_KEY, &external_id, 1, id,
                      error);
}

int store_postgres_find_owners(struct store *base, const struct slice *user_ids, size_t count,
                               int64_t *owners, struct error *error)
{
    return find_texts((struct store_postgres *)base, STORE_POSTGRES_CUSTOMERS_BY_USER, user_ids, count,
                      owners, error);
}

/* All that the writes of a round will read, in one pipeline. */

static void want_texts(struct store_postgres *store, struct question *question, const struct slice *texts,
                       size_t count)
{
    int64_t id;
    for (size_t i = 0; i < count; i++)
        if (!find_cached(store, question->which, texts[i], &id) && is_text(texts[i]))
            add_text(question, texts[i]);
}

/* The database does not have the others. */
static void note_absents(struct store_postgres *store, enum store_postgres_sql which,
                         const struct slice *texts, size_t count)
{
    int64_t id;
    for (size_t i = 0; i < count; i++)
        if (!find_cached(store, which, texts[i], &id))
            note_absent(store, which, texts[i]);
}

static int send_questions(struct store_postgres *store, struct question *questions, size_t count,
                          size_t *sent, struct error *error)
{
    *sent = 0;
    for (size_t i = 0; i < count; i++) {
        struct store_parameters parameters = {.count = 0};
        if (questions[i].count == 0)
            continue;
        store_postgres_add_array(&parameters, &questions[i].array);
        if (store_postgres_send(store, &store->main, questions[i].which, &parameters, error) != 0)
            return store_postgres_fail(store, &store->main, NULL, "read", error);
        ++*sent;
    }
    return 0;
}

enum { QUESTIONS = 3 };

static int ask_all(struct store_postgres *store, struct question questions[QUESTIONS], struct error *error)
{
    PGresult *found[QUESTIONS], *bad = NULL;
    size_t sent;
    if (send_questions(store, questions, QUESTIONS, &sent, error) != 0)
        return -1;
    if (sent == 0)
        return 0;
    if (store_postgres_sync(store, &store->main, found, sent, &bad, error) != 0) {
        store_postgres_fail(store, &store->main, bad, "read", error);
        PQclear(bad);
        return -1;
    }
    for (size_t i = 0; i < sent; i++) {
        keep(store, found[i]);
        PQclear(found[i]);
    }
    return 0;
}

/* A reader knows what it asked for last: another process may write. */
static void forget_former(struct store_postgres *store)
{
    if (store->mode != LEDGER_READ)
        return;
    if (!store->cache)
        store->cache = store_cache_new();
    store_cache_clear(store->cache);
}

int store_postgres_prefetch(struct store *base, const struct ledger_wanted *wanted, struct error *error)
{
    static const enum store_postgres_sql which[QUESTIONS] = {
        STORE_POSTGRES_CUSTOMERS, STORE_POSTGRES_CUSTOMERS_BY_KEY, STORE_POSTGRES_CUSTOMERS_BY_USER};
    struct store_postgres *store = (struct store_postgres *)base;
    struct question questions[QUESTIONS];
    forget_former(store);
    if (store_postgres_check_usable(store, error) != 0)
        return -1;
    make_room(store);
    for (size_t i = 0; i < QUESTIONS; i++)
        begin_question(&questions[i], which[i]);
    for (size_t i = 0; i < wanted->id_count; i++)
        if (!store_cache_customer(store->cache, wanted->ids[i]))
            add_id(&questions[0], wanted->ids[i]);
    want_texts(store, &questions[1], wanted->keys, wanted->key_count);
    want_texts(store, &questions[2], wanted->users, wanted->user_count);
    int result = ask_all(store, questions, error);
    if (result == 0) {
        note_absents(store, STORE_POSTGRES_CUSTOMERS_BY_KEY, wanted->keys, wanted->key_count);
        note_absents(store, STORE_POSTGRES_CUSTOMERS_BY_USER, wanted->users, wanted->user_count);
    }
    for (size_t i = 0; i < QUESTIONS; i++)
        store_postgres_array_clear(&questions[i].array);
    return result;
}

/* The last ones. */

/* *id: the number of a statement's only row (NULL: 0), which a writer keeps in *known. */
static int ask_last(struct store_postgres *store, enum store_postgres_sql which, int64_t *known, int64_t *id,
                    struct error *error)
{
    if (*known < 0 || store->mode == LEDGER_READ) {
        if (store_postgres_flush_batch(store, error) != 0)
            return -1;
        PGresult *rows = store_postgres_ask(store, which, NULL, error);
        if (!rows)
            return -1;
        *known = store_postgres_number(rows, 0, 0);
        PQclear(rows);
    }
    *id = *known;
    return 0;
}

int store_postgres_last_customer(struct store *base, int64_t *id, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    return ask_last(store, STORE_POSTGRES_LAST_CUSTOMER, &store->last_customer, id, error);
}

int store_postgres_last_task(struct store *base, int64_t *id, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    return ask_last(store, STORE_POSTGRES_LAST_TASK, &store->last_task, id, error);
}

/* The events of one answer, from the newest on. *oldest: its last id. 1: the event of a run is among them. */
static int find_named(const PGresult *events, int64_t *id, int64_t *oldest)
{
    for (int i = 0; i < PQntuples(events); i++) {
        int64_t customer = store_postgres_number(events, i, 1);
        int64_t named = customer == 0 ? store_postgres_number(events, i, 2) : customer;
        *oldest = store_postgres_number(events, i, 0);
        if (named > *id)
            *id = named;
        if (customer == 0)
            return 1;
    }
    return 0;
}

int store_postgres_last_named_customer(struct store *base, int64_t *id, struct error *error)
{
    struct store_postgres *store = (struct store_postgres *)base;
    int64_t oldest = INT64_MAX;
    int count = 1, found = 0;
    *id = 0;
    if (store_postgres_flush_batch(store, error) != 0)
        return -1;
    while (!found && count > 0) {
        struct store_parameters parameters = {.count = 0};
        store_postgres_add_number(&parameters, oldest);
        store_postgres_add_number(&parameters, EVENTS_AT_A_TIME);
        PGresult *events = store_postgres_ask(store, STORE_POSTGRES_LAST_EVENTS, &parameters, error);
        if (!events)
            return -1;
        count = PQntuples(events);
        found = find_named(events, id, &oldest);
        PQclear(events);
    }
    return 0;
}
