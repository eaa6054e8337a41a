/* store_draft: a ledger that is built in a schema beside the present one, and takes its name.
 *
 * Names of jobs have no `$`, so the schema of no other job has such a name. The epoch of the draft is above
 * that of the present ledger: what an older writer has prepared names the new tables once they have their
 * place, and only the epoch refuses it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/log.h"
#include "core/memory.h"
#include "ledger/postgres/store_keeper.h"
#include "ledger/postgres/store_postgres.h"
#include "ledger/postgres/store_postgres_ops.h"

enum { SQL_SIZE = 512, STAMP_SIZE = 24, SUFFIX_SIZE = 40, DIGITS_BYTES = 4 };

struct store_postgres_draft {
    struct store_draft draft; /* first */
    struct store_postgres *lease;
    char schema[STORE_POSTGRES_SCHEMA_SIZE];
    char aside[STORE_POSTGRES_SCHEMA_SIZE]; /* of the present ledger, once it was moved; "": there is none */
    char *moved_to;
    bool is_placed;
};

static struct store_postgres_draft *draft_of(struct store_draft *base)
{
    return (struct store_postgres_draft *)base;
}

/* SCHEMA$SUFFIX. PostgreSQL cuts long names: of those the end is replaced by digits of their digest. */
static void make_name(const struct store_postgres *lease, const char *suffix,
                      char name[STORE_POSTGRES_SCHEMA_SIZE])
{
    size_t len = strlen(lease->schema), room = STORE_POSTGRES_SCHEMA_SIZE - 2 - strlen(suffix);
    uint8_t digest[DIGEST_SHA256_LEN];
    char digits[2 * DIGITS_BYTES + 1] = "";

    if (len > room) {
        digest_sha256(slice_from(lease->schema), slice_make(NULL, 0), digest);
        digest_hex(digest, DIGITS_BYTES, digits);
        len = room - 2 * DIGITS_BYTES;
    }
    snprintf(name, STORE_POSTGRES_SCHEMA_SIZE, "%.*s%s$%s", (int)len, lease->schema, digits, suffix);
}

char *store_postgres_draft_present(struct store *base, struct error *error)
{
    struct store_postgres *lease = (struct store_postgres *)base;

    return store_postgres_has_ledger(lease, error) == 1 ? memory_copy(slice_from(lease->url_text)) : NULL;
}

/* 1: there is a schema of this name; 0; -1. */
static int is_taken(struct store_postgres *lease, const char *name, struct error *error)
{
    struct store_parameters parameters = {.count = 0};

    store_postgres_add_bytes(&parameters, slice_from(name));
    PGresult *rows = store_postgres_ask_text(
        lease, "SELECT EXISTS(SELECT FROM pg_namespace WHERE nspname = $1::text)", &parameters, error);
    int taken = rows ? store_postgres_number(rows, 0, 0) != 0 : -1;
    PQclear(rows);
    return taken;
}

/* A name that sorts by time, and that nothing has yet. */
static int choose_aside(struct store_postgres_draft *draft, struct error *error)
{
    char at[CLOCK_RFC3339_SIZE], stamp[STAMP_SIZE], suffix[SUFFIX_SIZE];
    size_t len = 0;
    int taken = 1;

    clock_rfc3339(clock_real_ns(), at);
    for (const char *c = at; *c && *c != '.' && len + 1 < sizeof stamp; c++)
        if (*c != '-' && *c != ':' && *c != 'Z')
            stamp[len++] = *c == 'T' ? '_' : *c; /* capital letters would need quotes */
    stamp[len] = '\0';
    for (unsigned other = 1; taken == 1; other++) {
        if (other == 1)
            snprintf(suffix, sizeof suffix, "before_%s", stamp);
        else
            snprintf(suffix, sizeof suffix, "before_%s_%02u", stamp, other);
        make_name(draft->lease, suffix, draft->aside);
        taken = is_taken(draft->lease, draft->aside, error);
    }
    if (taken < 0)
        return -1;
    size_t size = strlen(draft->lease->url.shown) + sizeof draft->aside + 16;
    draft->moved_to = memory_new(size, 1);
    snprintf(draft->moved_to, size, "%s, schema %s", draft->lease->url.shown, draft->aside);
    draft->draft.moved_to = draft->moved_to;
    return 0;
}

static int drop_schema(struct store_postgres *lease, const char *schema, struct error *error)
{
    char sql[SQL_SIZE];

    snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS %s CASCADE", schema);
    return store_postgres_do_text(lease, sql, NULL, error);
}

int store_postgres_drop_draft(struct store_postgres *store, struct error *error)
{
    char schema[STORE_POSTGRES_SCHEMA_SIZE];

    make_name(store, "draft", schema);
    return drop_schema(store, schema, error);
}

struct store_draft *store_postgres_draft_new(struct store *base, struct error *error)
{
    struct store_postgres_draft *draft = memory_new(1, sizeof *draft);

    draft->lease = (struct store_postgres *)base;
    make_name(draft->lease, "draft", draft->schema);
    int present = store_postgres_has_ledger(draft->lease, error);
    if (present >= 0 && (present == 0 || choose_aside(draft, error) == 0) &&
        store_postgres_drop_draft(draft->lease, error) == 0)
        return &draft->draft;
    draft->is_placed = true; /* nothing to remove */
    store_postgres_draft_free(&draft->draft);
    return NULL;
}

static int set_epoch(struct store_postgres *store, int64_t epoch, struct error *error)
{
    struct store_parameters parameters = {.count = 0};

    store_postgres_add_number(&parameters, epoch);
    if (store_postgres_do_text(store, "UPDATE writer SET epoch = $1::bigint WHERE one = 1", &parameters,
                               error) != 0)
        return -1;
    store->epoch = epoch;
    return 0;
}

/* Its writer needs no keeper: nobody else knows the schema, and the lease is that of the present ledger. */
struct store *store_postgres_draft_open(struct store_draft *base, const struct ledger_place *place,
                                        uint8_t key[FINGERPRINT_KEY_LEN], struct error *error)
{
    struct store_postgres_draft *draft = draft_of(base);
    struct store_postgres *store = store_postgres_new(place, LEDGER_WRITE, error);

    if (!store)
        return NULL;
    snprintf(store->schema, sizeof store->schema, "%s", draft->schema);
    if (store_postgres_read_key(place, key, error) == 0 &&
        store_postgres_connect(store, &store->main, LEDGER_WRITE, 0, error) == 0 &&
        store_postgres_make_schema(store, false, error) == 0 &&
        set_epoch(store, draft->lease->epoch + 1, error) == 0)
        return &store->store;
    store_postgres_close(&store->store);
    return NULL;
}

/* One transaction: whoever reads sees the former ledger or the new one. */
static int swap(struct store_postgres_draft *draft, struct error *error)
{
    struct store_postgres *lease = draft->lease;
    struct store_parameters parameters = {.count = 0};
    char move[SQL_SIZE], place[SQL_SIZE];

    store_postgres_add_number(&parameters, lease->epoch);
    if (draft->moved_to)
        snprintf(move, sizeof move, "ALTER SCHEMA %s RENAME TO %s", lease->schema, draft->aside);
    else /* tables that hold nothing but the lease */
        snprintf(move, sizeof move, "DROP SCHEMA %s CASCADE", lease->schema);
    snprintf(place, sizeof place, "ALTER SCHEMA %s RENAME TO %s", draft->schema, lease->schema);
    if (store_postgres_do_text(lease, "BEGIN", NULL, error) != 0 ||
        store_postgres_do(lease, STORE_POSTGRES_FENCE, &parameters, error) != 0 ||
        store_postgres_do_text(lease, move, NULL, error) != 0 ||
        store_postgres_do_text(lease, place, NULL, error) != 0)
        return -1;
    failpoint("schemas renamed");
    return store_postgres_do_text(lease, "COMMIT", NULL, error);
}

int store_postgres_draft_place(struct store_draft *base, struct error *error)
{
    struct store_postgres_draft *draft = draft_of(base);

    store_postgres_stop_keeping(draft->lease);
    if (swap(draft, error) != 0)
        return -1;
    if (draft->lease->main.is_unconfirmed)
        log_warning(
            "the ledger %s: somebody has canceled the wait for the synchronous standby: if it takes over before it has caught up, this ledger is not there\nhint: let the standby catch up before a run",
            draft->lease->url.shown);
    draft->is_placed = true;
    draft->lease->epoch = 0; /* there is nothing to give back: the new ledger has no writer yet */
    return 0;
}

void store_postgres_draft_free(struct store_draft *base)
{
    struct store_postgres_draft *draft = draft_of(base);
    struct error ignored;

    if (!draft->is_placed && !draft->lease->failed)
        (void)drop_schema(draft->lease, draft->schema, &ignored);
    free(draft->moved_to);
    free(draft);
}
