/* store_fixture: a store in a folder of its own, and rows for it.
 *
 * Thread: one test at a time.
 */
#ifndef KYC_TESTS_STORE_FIXTURE_H
#define KYC_TESTS_STORE_FIXTURE_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "ledger/ledger_store.h"
#include "unit/ledger/ledger_file.h"

struct fixture {
    char folder[32], path[LEDGER_FILE_PATH_SIZE];
    uint8_t key[FINGERPRINT_KEY_LEN];
    struct store *store;
    struct arena arena;
    struct error error;
};

#define fixture_ok(fixture, call)                                                                            \
    do {                                                                                                     \
        if ((call) < 0)                                                                                      \
            fail_msg("%s: %s", #call, (fixture)->error.text);                                                \
    } while (0)

static inline struct store *fixture_open(struct fixture *fixture, enum ledger_mode mode)
{
    bool is_new;
    fixture->error = (struct error){.scope = ERROR_NONE};
    const struct ledger_place place = {
        .location = fixture->path, .job = "demo", .key = ledger_file_key(NULL)};
    struct store *store = store_open(&place, mode, fixture->key, &is_new, &fixture->error);
    if (!store)
        fail_msg("the store does not open: %s", fixture->error.text);
    return store;
}

/* A store with its tables and no rows, open to be written. */
static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/kyc-store-XXXXXX");
    ledger_file_make(fixture->folder, fixture->path);
    arena_init(&fixture->arena, 4096);
    fixture->store = fixture_open(fixture, LEDGER_MAKE);
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    fixture_ok(fixture, store_create_tables(fixture->store, &fixture->error));
    /* A ledger without it was not made to its end. */
    fixture_ok(fixture, store_meta_set(fixture->store, "key_check", SLICE_LITERAL("none"), &fixture->error));
    fixture_ok(fixture, store_commit(fixture->store, &fixture->error));
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    store_close(fixture->store);
    int left = ledger_file_remove(fixture->folder, fixture->path);
    arena_clear(&fixture->arena);
    free(fixture);
    return left;
}

/* What another program does to the ledger, outside of a transaction of the store: of a database it forgets
 * the rows that it keeps in memory, because nothing else writes one that it has the lease of. */
static inline void fixture_sql(struct fixture *fixture, const char *text)
{
    ledger_file_sql(fixture->path, text);
    if (!ledger_file_server())
        return;
    store_fail_damaged(fixture->store, &fixture->error, "changed by the test");
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
}

/* The first number that a query gives. */
static inline int64_t fixture_number(struct fixture *fixture, const char *query)
{
    return ledger_file_number(fixture->path, query);
}

/* A customer with a user: the texts are made from the id. */
static inline struct ledger_customer fixture_customer(struct fixture *fixture, int64_t id)
{
    return (struct ledger_customer){
        .id = id,
        .external_id = arena_printf(&fixture->arena, "KEY-%04d", (int)id),
        .state = LEDGER_CREATED,
        .user_id = arena_printf(&fixture->arena, "USER-%04d", (int)(id * 7 % 100)),
        .digest = SLICE_LITERAL("digest"),
        .member_digests = SLICE_LITERAL("members"),
        .identity = arena_printf(&fixture->arena, "IDENTITY-%04d", (int)(id / 2)),
        .updated_at = 1,
    };
}

static inline void fixture_insert(struct fixture *fixture, const struct ledger_customer *customer)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    ledger_row_to_values(&ledger_customer_table, customer, values);
    fixture_ok(fixture, store_insert_customer(fixture->store, values, &fixture->error));
}

static inline void fixture_update(struct fixture *fixture, const struct ledger_customer *before,
                                  const struct ledger_customer *after)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    ledger_row_to_values(&ledger_customer_table, after, values);
    fixture_ok(fixture, store_update_customer(fixture->store, before, values, &fixture->error));
}

static inline void fixture_append(struct fixture *fixture, const struct ledger_event *event)
{
    struct ledger_value values[LEDGER_EVENT_COLUMNS];
    ledger_row_to_values(&ledger_event_table, event, values);
    fixture_ok(fixture, store_append_event(fixture->store, values, &fixture->error));
}

#endif
