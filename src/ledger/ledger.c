#include "ledger/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/postgres_url.h"
#include "ledger/ledger_database.h"
#include "ledger/ledger_internal.h"

enum { ARENA_CHUNK = 16 * 1024, OWNER_CHUNK = 512, NUMBER_SIZE = 16 };

bool ledger_is_remote(const char *location)
{
    return postgres_url_is_one(location);
}

int ledger_exists(const struct ledger_place *place, struct error *error)
{
    return store_exists(place, error);
}

char *ledger_beside(const char *location, const char *suffix)
{
    return store_beside(location, suffix);
}

int ledger_check_place(const struct ledger_place *place, struct error *error)
{
    return store_check_place(place, error);
}

int ledger_database_ask(const struct ledger_place *place, struct ledger_database *database,
                        struct error *error)
{
    return store_describe_server(place, database, error);
}

/* Opening. */

int ledger_write_owner(struct ledger *ledger, struct error *error)
{
    const struct ledger_identity *identity = &ledger->owner;
    struct store *store = ledger->store;

    if (store_meta_set(store, "provider", slice_from(identity->provider), error) != 0 ||
        store_meta_set(store, "base_url", identity->base_url, error) != 0)
        return -1;
    return store_meta_set(store, "job", slice_from(identity->job), error);
}

static int set_identity(struct ledger *ledger, struct error *error)
{
    char check[LEDGER_KEY_CHECK_SIZE], digests[NUMBER_SIZE];
    struct store *store = ledger->store;

    snprintf(digests, sizeof digests, "%d", FINGERPRINT_VERSION);
    ledger_sealer_check(ledger->sealer, check);
    if (ledger_begin(ledger, error) != 0 || store_create_tables(store, error) != 0 ||
        store_meta_set(store, "digest_version", slice_from(digests), error) != 0 ||
        store_meta_set(store, "key_check", slice_from(check), error) != 0 ||
        ledger_write_owner(ledger, error) != 0)
        return -1;
    return ledger_commit(ledger, error);
}

/* 1: meta has this value; 0: it has another one, which is in *found; -1. */
static int meta_is(struct ledger *ledger, const char *key, struct slice want, struct slice *found,
                   struct error *error)
{
    int code = store_meta(ledger->store, key, &ledger->arena, found, error);

    if (code == 0)
        return store_fail_damaged(ledger->store, error, "meta has no %s", key);
    return code < 0 ? -1 : slice_equal(*found, want);
}

/* 1: no customer was ever journalled here, so none exists anywhere; 0; -1. */
static int is_unused(struct ledger *ledger, struct error *error)
{
    int64_t last, named;

    if (store_last_customer(ledger->store, &last, error) != 0 ||
        store_last_named_customer(ledger->store, &named, error) != 0)
        return -1;
    return last == 0 && named == 0;
}

static int fail_other(const struct ledger *ledger, const char *part, struct slice found, struct slice want,
                      struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "the ledger %s belongs to the %s `%.*s`, but the job says `%.*s`: its customers were sent there, so it cannot be used here\nhint: restore the %s of the job; or, if the customers are to be created here too, start over with another ledger: set ledger: sqlite:other.ledger in the job, and run it once with --new-ledger",
        store_location(ledger->store), part, (int)found.len, found.len > 0 ? found.data : "", (int)want.len,
        want.len > 0 ? want.data : "", part);
}

/* 0: the ledger is this job's, or nobody's yet (ledger->is_rebound). */
static int check_job(struct ledger *ledger, struct error *error)
{
    const struct ledger_identity *identity = &ledger->owner;
    const struct {
        const char *key, *name;
        struct slice want;
    } parts[] = {
        {"job", "job name", slice_from(identity->job)},
        {"provider", "provider", slice_from(identity->provider)},
        {"base_url", "base URL", identity->base_url},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct slice found;
        int same = meta_is(ledger, parts[i].key, parts[i].want, &found, error);
        int unused = same == 0 ? is_unused(ledger, error) : 0;
        if (same < 0 || unused < 0)
            return -1;
        if (same == 0 && !unused)
            return fail_other(ledger, parts[i].name, found, parts[i].want, error);
        if (same == 0)
            ledger->is_rebound = true;
    }
    return 0;
}

/* A key file (LEDGER.key) may be given as the job's ledger_key: then the secret is the key itself, in
 * hexadecimal digits, and not what the key is made from. */
static bool use_key_of_file(struct ledger *ledger, const struct secret *secret)
{
    uint8_t key[FINGERPRINT_KEY_LEN];
    bool is_one = secret && secret->data && digest_read_hex(secret_slice(secret), key, sizeof key);

    if (is_one) {
        memcpy(ledger->key, key, sizeof key);
        ledger_sealer_free(ledger->sealer);
        ledger->sealer = ledger_sealer_new(ledger->key);
    }
    secret_wipe(key, sizeof key);
    return is_one;
}

/* secret: the job's ledger_key; NULL: none. */
static int check_identity(struct ledger *ledger, const struct secret *secret, struct error *error)
{
    char check[LEDGER_KEY_CHECK_SIZE], digests[NUMBER_SIZE];
    struct slice found;

    if (check_job(ledger, error) != 0)
        return -1;
    int same =
        meta_is(ledger, "key_check", slice_from(ledger_sealer_check(ledger->sealer, check)), &found, error);
    if (same == 0 && use_key_of_file(ledger, secret))
        same = slice_is(found, ledger_sealer_check(ledger->sealer, check));
    if (same < 0)
        return -1;
    const char *file = store_key_location(ledger->store);
    if (same == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s: the digest key is not the one that this ledger was created with, so every customer would look changed\nhint: restore the right key (%s%sthe job's ledger_key)",
            store_location(ledger->store), file ? file : "", file ? ", or " : "");
    snprintf(digests, sizeof digests, "%d", FINGERPRINT_VERSION);
    same = meta_is(ledger, "digest_version", slice_from(digests), &found, error);
    if (same < 0)
        return -1;
    if (same == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s has digests of rule %.*s, but this program computes rule %s, so every customer would look changed\nhint: use the version of kyc-import that wrote it",
            store_location(ledger->store), (int)found.len, found.len > 0 ? found.data : "", digests);
    return 0;
}

/* The ids of deleted rows at the end would be given again: to the same customers, created again. */
static int load_last_customer(struct ledger *ledger, struct error *error)
{
    int64_t named;

    if (store_last_customer(ledger->store, &ledger->committed_customer, error) != 0 ||
        store_last_named_customer(ledger->store, &named, error) != 0)
        return -1;
    if (named > ledger->committed_customer)
        return store_fail_damaged(ledger->store, error, "the row of customer %lld is missing",
                                  (long long)named);
    return 0;
}

static int load_ends(struct ledger *ledger, enum ledger_mode mode, struct error *error)
{
    if (store_last_event(ledger->store, &ledger->committed, &ledger->newest_ns, error) != 0)
        return -1;
    if (mode != LEDGER_READ && load_last_customer(ledger, error) != 0)
        return -1;
    ledger->chain = ledger->committed;
    ledger->last_customer = ledger->committed_customer;
    return 0;
}

static void copy_owner(struct ledger *ledger, const struct ledger_identity *identity)
{
    struct arena *arena = &ledger->owner_arena;

    arena_init(arena, OWNER_CHUNK);
    ledger->owner = (struct ledger_identity){
        .job = arena_copy(arena, slice_from(identity->job)).data,
        .provider = arena_copy(arena, slice_from(identity->provider)).data,
        .base_url = arena_copy(arena, identity->base_url),
    };
}

static struct ledger *new_ledger(const struct ledger_identity *identity)
{
    struct ledger *ledger = memory_new(1, sizeof *ledger);

    arena_init(&ledger->arena, ARENA_CHUNK);
    arena_init(&ledger->run_arena, ARENA_CHUNK);
    copy_owner(ledger, identity);
    return ledger;
}

struct ledger *ledger_open_copy(const struct ledger *ledger, const char *path, struct error *error)
{
    struct ledger *copy = new_ledger(&ledger->owner);

    memcpy(copy->key, ledger->key, sizeof copy->key);
    copy->sealer = ledger_sealer_new(copy->key);
    copy->store = store_open_copy(path, error);
    if (copy->store && check_identity(copy, NULL, error) == 0 && load_ends(copy, LEDGER_READ, error) == 0)
        return copy;
    ledger_close(copy);
    return NULL;
}

struct ledger *ledger_open_store(struct store *store, const uint8_t key[FINGERPRINT_KEY_LEN],
                                 const struct secret *secret, const struct ledger_identity *identity,
                                 struct error *error)
{
    struct ledger *ledger = new_ledger(identity);

    memcpy(ledger->key, key, sizeof ledger->key);
    ledger->sealer = ledger_sealer_new(ledger->key);
    ledger->store = store;
    if (check_identity(ledger, secret, error) == 0 && load_ends(ledger, LEDGER_WRITE, error) == 0)
        return ledger;
    ledger_close(ledger);
    return NULL;
}

/* 0 unless it was moved to another place than this one; NULL: to any. */
static int check_not_moved(struct ledger *ledger, const char *to, struct error *error)
{
    struct slice time, location;
    int moved = ledger_moved_to(ledger, &ledger->arena, &time, &location, error);

    if (moved == 1 && !(to && slice_is(location, to)))
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s was copied to %.*s on %.*s, and is not written any more: two ledgers of one job would create every customer twice\nhint: continue there: set `ledger` in the job to that place",
            store_location(ledger->store), (int)location.len, location.data, (int)time.len, time.data);
    return moved < 0 ? -1 : 0;
}

static struct ledger *open_at(const struct ledger_place *place, enum ledger_mode mode, const char *moved_to,
                              const struct ledger_identity *identity, struct error *error)
{
    struct ledger *ledger = new_ledger(identity);
    bool is_new = false;

    ledger->store = store_open(place, mode, ledger->key, &is_new, error);
    if (ledger->store) {
        ledger->is_made = is_new;
        ledger->sealer = ledger_sealer_new(ledger->key);
        if ((is_new ? set_identity(ledger, error) : check_identity(ledger, place->key, error)) == 0 &&
            (mode == LEDGER_READ || check_not_moved(ledger, moved_to, error) == 0) &&
            load_ends(ledger, mode, error) == 0)
            return ledger;
    }
    ledger_close(ledger);
    return NULL;
}

struct ledger *ledger_open(const struct ledger_place *place, enum ledger_mode mode,
                           const struct ledger_identity *identity, struct error *error)
{
    return open_at(place, mode, NULL, identity, error);
}

struct ledger *ledger_open_to_move(const struct ledger_place *place, const char *to,
                                   const struct ledger_identity *identity, struct error *error)
{
    return open_at(place, LEDGER_WRITE, to, identity, error);
}

void ledger_close(struct ledger *ledger)
{
    if (!ledger)
        return;
    store_close(ledger->store);
    ledger_sealer_free(ledger->sealer);
    ledger_identities_free(ledger->identities);
    hash_table_free(ledger->erased);
    secret_wipe(ledger->key, sizeof ledger->key);
    arena_clear(&ledger->arena);
    arena_clear(&ledger->run_arena);
    arena_clear(&ledger->owner_arena);
    free(ledger);
}

bool ledger_has_failed(const struct ledger *ledger)
{
    return store_has_failed(ledger->store);
}

bool ledger_is_made(const struct ledger *ledger)
{
    return ledger->is_made;
}

bool ledger_is_rebound(const struct ledger *ledger)
{
    return ledger->is_rebound;
}

const uint8_t *ledger_fingerprint_key(const struct ledger *ledger)
{
    return ledger->key;
}

/* Transactions and the chain. */

int ledger_begin(struct ledger *ledger, struct error *error)
{
    ledger->chain = ledger->committed;
    ledger->last_customer = ledger->committed_customer;
    if (ledger->is_run_new) /* its row is rolled back */
        ledger->run = (struct ledger_run){.id = 0};
    ledger->is_run_new = false;
    return store_begin(ledger->store, error);
}

int ledger_prefetch(struct ledger *ledger, const struct ledger_wanted *wanted, struct error *error)
{
    bool is_empty = wanted->id_count == 0 && wanted->key_count == 0 && wanted->user_count == 0;

    return is_empty ? 0 : store_prefetch(ledger->store, wanted, error);
}

int ledger_commit(struct ledger *ledger, struct error *error)
{
    if (ledger->chain.last_event != ledger->committed.last_event &&
        store_set_chain(ledger->store, &ledger->chain, error) != 0)
        return -1;
    if (store_commit(ledger->store, error) != 0)
        return -1;
    ledger->committed = ledger->chain;
    ledger->committed_customer = ledger->last_customer;
    ledger->is_run_new = false;
    return 0;
}

void ledger_chain_head(const struct ledger *ledger, char head[LEDGER_HEAD_SIZE])
{
    digest_hex(ledger->committed.head, DIGEST_SHA256_LEN, head);
}

int ledger_has_head(struct ledger *ledger, const char *head, struct error *error)
{
    static const uint8_t beginning[DIGEST_SHA256_LEN];
    uint8_t bytes[DIGEST_SHA256_LEN];

    if (!digest_read_hex(slice_from(head), bytes, sizeof bytes))
        return 0;
    if (memcmp(bytes, beginning, sizeof bytes) == 0 ||
        memcmp(bytes, ledger->committed.head, sizeof bytes) == 0)
        return 1;
    return store_has_head(ledger->store, bytes, error);
}

uint64_t ledger_newest_ns(const struct ledger *ledger)
{
    return ledger->newest_ns;
}

/* Questions. */

int ledger_scan(struct ledger *ledger, void (*each)(void *context, const struct ledger_brief *brief),
                void *context, struct error *error)
{
    return store_scan(ledger->store, each, context, error);
}

int ledger_find(struct ledger *ledger, int64_t id, struct arena *arena, struct ledger_customer *customer,
                struct error *error)
{
    if (store_read_customers(ledger->store, &id, 1, arena, customer, error) != 0)
        return -1;
    return customer->id != 0;
}

int ledger_find_known(struct ledger *ledger, int64_t id, struct arena *arena,
                      struct ledger_customer *customer, struct error *error)
{
    int found = ledger_find(ledger, id, arena, customer, error);

    if (found == 0)
        error_set(
            error, ERROR_LEDGER,
            "the ledger %s was changed while it was in use: customer %lld is gone\nhint: make sure that no other program writes it, then run again",
            store_location(ledger->store), (long long)id);
    return found == 1 ? 0 : -1;
}

int ledger_find_by_key(struct ledger *ledger, struct slice external_id, struct arena *arena,
                       struct ledger_customer *customer, struct error *error)
{
    int64_t id;

    if (store_find_key(ledger->store, external_id, &id, error) != 0)
        return -1;
    return id == 0 ? 0 : ledger_find(ledger, id, arena, customer, error);
}

int ledger_owner(struct ledger *ledger, struct slice user_id, int64_t *id, struct error *error)
{
    return store_find_owners(ledger->store, &user_id, 1, id, error);
}

/* The first customer of a pass, copied. */
struct first {
    struct arena *arena;
    struct ledger_customer *customer;
    bool found;
};

static bool copy_first(void *context, const struct ledger_customer *customer)
{
    struct first *first = context;
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];

    ledger_row_to_values(&ledger_customer_table, customer, values);
    ledger_row_from_values(&ledger_customer_table, values, first->arena, first->customer);
    first->found = true;
    return false;
}

int ledger_next_user(struct ledger *ledger, int64_t after, struct arena *arena,
                     struct ledger_customer *customer, struct error *error)
{
    struct first first = {.arena = arena, .customer = customer};

    if (store_each_customer(ledger->store, STORE_CUSTOMERS_USERS, after, 1, copy_first, &first, error) != 0)
        return -1;
    return first.found;
}

int ledger_each_user(struct ledger *ledger,
                     void (*each)(void *context, struct slice user_id, bool is_deleted), void *context,
                     struct error *error)
{
    return store_each_user(ledger->store, each, context, error);
}

int ledger_check_complete(struct ledger *ledger, struct error *error)
{
    return store_check_complete(ledger->store, error);
}

int ledger_each_group(struct ledger *ledger, void (*each)(void *context, const struct ledger_group *group),
                      void *context, struct error *error)
{
    return store_each_group(ledger->store, each, context, error);
}

struct visitor {
    void (*each)(void *context, const struct ledger_customer *customer);
    void *context;
};

static bool visit(void *context, const struct ledger_customer *customer)
{
    const struct visitor *visitor = context;

    visitor->each(visitor->context, customer);
    return true;
}

int ledger_each_in_doubt(struct ledger *ledger, uint64_t max,
                         void (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error)
{
    struct visitor visitor = {each, context};

    return store_each_customer(ledger->store, STORE_CUSTOMERS_OPEN, 0, max, visit, &visitor, error);
}

int ledger_each_customer(struct ledger *ledger,
                         bool (*each)(void *context, const struct ledger_customer *customer), void *context,
                         struct error *error)
{
    struct error ignored;

    if (store_begin_read(ledger->store, error) != 0)
        return -1;
    int result = store_each_customer(ledger->store, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, each, context, error);
    int ended = store_end_read(ledger->store, result == 0 ? error : &ignored);
    return result == 0 ? ended : -1;
}

int ledger_each_result(struct ledger *ledger,
                       bool (*each)(void *context, const struct ledger_customer *customer, uint64_t row),
                       void *context, struct error *error)
{
    struct error ignored;

    if (store_begin_read(ledger->store, error) != 0)
        return -1;
    int result = store_each_result(ledger->store, each, context, error);
    int ended = store_end_read(ledger->store, result == 0 ? error : &ignored);
    return result == 0 ? ended : -1;
}

uint64_t ledger_customer_count(const struct ledger *ledger)
{
    return (uint64_t)ledger->last_customer;
}

bool ledger_is_empty(const struct ledger *ledger)
{
    return ledger->last_customer == 0;
}
