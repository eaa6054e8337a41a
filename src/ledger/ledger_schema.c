#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "ledger/ledger_sqlite.h"

#define CANARY "canary" /* `SETTINGS LEFT` */

#define SENDING   "sending"
#define UNDER_WAY "under_way"
#define ENDED     "ended"
#define CLOCK     "clock" /* `RUN LEAD_NS` */

/* The unique index of external_id is the busy one: keys come in any order. user_id has a partial index, which
 * costs nothing while a create is only journalled. The index of identities is read once for each create; a
 * run in which nothing changed never touches it. */
static const char tables[] =
    "CREATE TABLE customer(  id INTEGER PRIMARY KEY,"
    "  external_id TEXT NOT NULL UNIQUE,"
    "  state TEXT NOT NULL CHECK(state IN ('journalled', 'in_doubt', 'created', 'refused')),"
    "  user_id TEXT,"
    "  digest BLOB,"
    "  member_digests BLOB,"
    "  operation TEXT NOT NULL CHECK(operation IN ('create', 'update')),"
    "  pending_digest BLOB,"
    "  pending_member_digests BLOB,"
    "  pending_email_digest BLOB,"
    "  idempotency_key TEXT,"
    "  refusals INTEGER NOT NULL DEFAULT 0,"
    "  first_sent_at INTEGER,"
    "  http_status INTEGER,"
    "  code TEXT,"
    "  message TEXT,"
    "  request_id TEXT,"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  kept TEXT,"
    "  first_run INTEGER,"
    "  updated_run INTEGER,"
    "  updated_at INTEGER NOT NULL,"
    "  identity BLOB,"
    "  twin TEXT CHECK(twin IN ('refused', 'stopped', 'allowed')),"
    "  former_key TEXT,"
    "  verdict INTEGER,"
    "  left_out BLOB) STRICT;"
    "CREATE UNIQUE INDEX customer_user_id ON customer(user_id) WHERE user_id IS NOT NULL;"
    "CREATE INDEX customer_identity ON customer(identity) WHERE identity IS NOT NULL;"
    "CREATE TABLE event(  id INTEGER PRIMARY KEY,"
    "  run INTEGER,"
    "  customer INTEGER NOT NULL,"
    "  row INTEGER NOT NULL,"
    "  operation TEXT NOT NULL,"
    "  outcome TEXT NOT NULL,"
    "  user_id TEXT,"
    "  digest BLOB,"
    "  http_status INTEGER,"
    "  code TEXT,"
    "  request_id TEXT,"
    "  attempt INTEGER NOT NULL,"
    "  latency_ms INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  chain BLOB NOT NULL) STRICT;"
    "CREATE INDEX event_rekey ON event(customer, id) WHERE operation = 'rekey';"
    "CREATE TABLE run("
    "  id INTEGER PRIMARY KEY,"
    "  command TEXT NOT NULL,"
    "  started TEXT NOT NULL,"
    "  finished TEXT,"
    "  status INTEGER,"
    "  version TEXT,"
    "  job_digest TEXT,"
    "  inputs TEXT,"
    "  counts TEXT,"
    "  chain_head TEXT"
    ") STRICT;"
    "CREATE TABLE nonce(key_id TEXT PRIMARY KEY, floor INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;";

enum {
    KEY_CHECK_LEN = 8,
    KEY_CHECK_SIZE = 2 * KEY_CHECK_LEN + 1,
    NUMBER_SIZE = 16,
    CANARY_SIZE = 96,
    SENDING_SIZE = 128
};

/* Distinguishes keys without revealing anything about them. */
static char *key_check(struct ledger *ledger, char text[KEY_CHECK_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_hmac_begin(ledger->hmac);
    digest_hmac_add(ledger->hmac, SLICE_LITERAL("kyc-import ledger key check"));
    digest_hmac_end(ledger->hmac, digest);
    return digest_hex(digest, KEY_CHECK_LEN, text);
}

static int meta_set(struct ledger *ledger, const char *key, struct slice value, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_META_SET, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, slice_from(key));
    /* An empty value is stored as text: the column is NOT NULL. */
    sqlite3_bind_text64(statement, 2, value.len > 0 ? value.data : "", value.len, SQLITE_STATIC, SQLITE_UTF8);
    return ledger_sqlite_write(ledger, statement, error);
}

static int make_tables(struct ledger *ledger, struct error *error)
{
    char pragmas[80];
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             LEDGER_APPLICATION_ID, LEDGER_SCHEMA_VERSION);
    if (sqlite3_exec(ledger->db, tables, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(ledger->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return ledger_sqlite_fail(ledger, "made", error);
    return 0;
}

int ledger_schema_make(struct ledger *ledger, const struct ledger_identity *identity, struct error *error)
{
    char check[KEY_CHECK_SIZE], schema[NUMBER_SIZE], digests[NUMBER_SIZE];
    snprintf(schema, sizeof schema, "%d", LEDGER_SCHEMA_VERSION);
    snprintf(digests, sizeof digests, "%d", FINGERPRINT_VERSION);
    if (ledger_begin(ledger, error) || make_tables(ledger, error) ||
        meta_set(ledger, "schema_version", slice_from(schema), error) ||
        meta_set(ledger, "digest_version", slice_from(digests), error) ||
        meta_set(ledger, "key_check", slice_from(key_check(ledger, check)), error) ||
        meta_set(ledger, "provider", slice_from(identity->provider), error) ||
        meta_set(ledger, "base_url", identity->base_url, error) ||
        meta_set(ledger, "job", slice_from(identity->job), error))
        return -1;
    return ledger_commit(ledger, error);
}

/* The value of key in meta: 1, and *statement holds it until ledger_sqlite_release; 0: none; -1. */
static int meta_find(struct ledger *ledger, const char *key, sqlite3_stmt **statement, struct error *error)
{
    *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_META, error);
    if (!*statement)
        return -1;
    ledger_sqlite_bind_text(*statement, 1, slice_from(key));
    int row = ledger_sqlite_row(ledger, *statement, error);
    if (row != 1 || sqlite3_column_type(*statement, 0) != SQLITE_NULL)
        return row;
    ledger_sqlite_release(*statement);
    return ledger_sqlite_fail_lacks(ledger, key, 0, SLICE_LITERAL("value in meta"), error);
}

/* 1: meta has this value; 0: it has another one, copied into found (cut to its size); -1. */
static int meta_is(struct ledger *ledger, const char *key, struct slice want, char *found, size_t found_size,
                   struct error *error)
{
    sqlite3_stmt *statement;
    int row = meta_find(ledger, key, &statement, error);
    if (row == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s is damaged: meta has no %s\nhint: restore it with its key file from a backup",
            ledger->path, key);
    if (row < 0)
        return -1;
    struct slice value = ledger_sqlite_column(statement, 0);
    int same = slice_equal(value, want);
    snprintf(found, found_size, "%.*s", (int)value.len, value.len > 0 ? value.data : "");
    ledger_sqlite_release(statement);
    return same;
}

int ledger_canary_left(struct ledger *ledger, const char *settings, uint32_t *left, struct error *error)
{
    sqlite3_stmt *statement;
    int row = meta_find(ledger, CANARY, &statement, error);
    *left = UINT32_MAX;
    if (row <= 0)
        return row;
    char found[CANARY_SIZE];
    struct slice value = ledger_sqlite_column(statement, 0);
    snprintf(found, sizeof found, "%.*s", (int)value.len, value.len > 0 ? value.data : "");
    ledger_sqlite_release(statement);
    size_t len = strlen(settings);
    if (strncmp(found, settings, len) == 0 && found[len] == ' ')
        *left = (uint32_t)strtoul(found + len, NULL, 10);
    return 0;
}

int ledger_canary_set(struct ledger *ledger, const char *settings, uint32_t left, struct error *error)
{
    char text[CANARY_SIZE];
    int len = snprintf(text, sizeof text, "%s %" PRIu32, settings, left);
    assert((size_t)len < sizeof text);
    return meta_set(ledger, CANARY, slice_make(text, (size_t)len), error);
}

uint64_t ledger_newest_ns(const struct ledger *ledger)
{
    return ledger->newest_ns;
}

int ledger_clock(struct ledger *ledger, int64_t *run, uint64_t *lead_ns, struct error *error)
{
    sqlite3_stmt *statement;
    char found[CANARY_SIZE], *end;
    int row = meta_find(ledger, CLOCK, &statement, error);
    *run = 0;
    *lead_ns = 0;
    if (row <= 0)
        return row;
    struct slice value = ledger_sqlite_column(statement, 0);
    snprintf(found, sizeof found, "%.*s", (int)value.len, value.len > 0 ? value.data : "");
    ledger_sqlite_release(statement);
    *run = strtoll(found, &end, 10);
    *lead_ns = strtoull(end, NULL, 10);
    return 0;
}

int ledger_clock_set(struct ledger *ledger, uint64_t lead_ns, struct error *error)
{
    char text[CANARY_SIZE];
    snprintf(text, sizeof text, "%" PRId64 " %" PRIu64, ledger->run, lead_ns);
    return meta_set(ledger, CLOCK, slice_from(text), error);
}

/* `STATE BOOT BOOT_NS REAL_NS HOLD_NS`, `-` for a boot that is not known. */
int ledger_sending_set(struct ledger *ledger, const struct ledger_sending *sending, struct error *error)
{
    char text[SENDING_SIZE];
    int len = snprintf(text, sizeof text, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64,
                       sending->under_way ? UNDER_WAY : ENDED, sending->boot[0] ? sending->boot : "-",
                       sending->boot_ns, sending->real_ns, sending->hold_ns);
    assert((size_t)len < sizeof text);
    return meta_set(ledger, SENDING, slice_make(text, (size_t)len), error);
}

int ledger_sending(struct ledger *ledger, struct ledger_sending *sending, struct error *error)
{
    sqlite3_stmt *statement;
    int row = meta_find(ledger, SENDING, &statement, error);
    *sending = (struct ledger_sending){.under_way = row == 1};
    if (row <= 0)
        return row;
    char found[SENDING_SIZE], state[16];
    struct slice value = ledger_sqlite_column(statement, 0);
    snprintf(found, sizeof found, "%.*s", (int)value.len, value.len > 0 ? value.data : "");
    ledger_sqlite_release(statement);
    struct ledger_sending read = {.under_way = true};
    if (sscanf(found, "%15s %36s %" SCNu64 " %" SCNu64 " %" SCNu64, state, read.boot, &read.boot_ns,
               &read.real_ns, &read.hold_ns) != 5)
        return 1;
    read.under_way = strcmp(state, ENDED) != 0;
    if (strcmp(read.boot, "-") == 0)
        read.boot[0] = '\0';
    *sending = read;
    return 1;
}

static int check_identity(struct ledger *ledger, const struct ledger_identity *identity, struct error *error)
{
    const struct {
        const char *key, *name;
        struct slice want;
    } parts[] = {
        {"job", "job", slice_from(identity->job)},
        {"provider", "provider", slice_from(identity->provider)},
        {"base_url", "base URL", identity->base_url},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char found[512];
        int same = meta_is(ledger, parts[i].key, parts[i].want, found, sizeof found, error);
        if (same < 0)
            return -1;
        if (same == 0)
            return error_set(
                error, ERROR_LEDGER,
                "the ledger %s belongs to the %s `%s`, but the job says `%.*s`: its customers exist there, so it cannot be used here\nhint: restore the %s of the job, or name another path in its ledger",
                ledger->path, parts[i].name, found, (int)parts[i].want.len,
                parts[i].want.len > 0 ? parts[i].want.data : "", parts[i].name);
    }
    return 0;
}

int ledger_schema_check(struct ledger *ledger, const struct ledger_identity *identity, struct error *error)
{
    char check[KEY_CHECK_SIZE], digests[NUMBER_SIZE], found[64];
    if (check_identity(ledger, identity, error))
        return -1;
    int same = meta_is(ledger, "key_check", slice_from(key_check(ledger, check)), found, sizeof found, error);
    if (same < 0)
        return -1;
    if (same == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s: the digest key is not the one that this ledger was created with, so every customer would look changed\nhint: restore the right key (%s, or the job's ledger_key)",
            ledger->path, ledger->key_path);
    snprintf(digests, sizeof digests, "%d", FINGERPRINT_VERSION);
    same = meta_is(ledger, "digest_version", slice_from(digests), found, sizeof found, error);
    if (same < 0)
        return -1;
    if (same == 0)
        return error_set(
            error, ERROR_LEDGER,
            "the ledger %s has digests of rule %s, but this program computes rule %s, so every customer would look changed\nhint: use the version of kyc-import that wrote it",
            ledger->path, found, digests);
    return 0;
}
