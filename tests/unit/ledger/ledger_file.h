/* ledger_file: where the ledger of a test is, what another program does to it on a connection of its own, and
 * its removal. For the fixtures of this folder.
 *
 * It is a file in a folder of its own; with KYC_LEDGER=postgresql the schema kyc_demo of a database of this
 * process, on the server KYC_POSTGRES_URL names (`postgresql://postgres@127.0.0.1:PORT`).
 */
#ifndef KYC_TESTS_LEDGER_FILE_H
#define KYC_TESTS_LEDGER_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sqlite3.h>

#include "core/secret.h"

enum { LEDGER_FILE_PATH_SIZE = 96 };

/* The server's URL; NULL: ledgers are files. */
static inline const char *ledger_file_server(void)
{
    const char *kind = getenv("KYC_LEDGER");
    return kind && strcmp(kind, "postgresql") == 0 ? getenv("KYC_POSTGRES_URL") : NULL;
}

/* Ends a test that is about files; tests/postgres/one_backend.txt has the reasons. */
#define ledger_file_only()                                                                                   \
    do {                                                                                                     \
        if (ledger_file_server())                                                                            \
            skip();                                                                                          \
    } while (0)

/* What a ledger in a database needs: a job's ledger_key. */
static inline const struct secret *ledger_file_key(const struct secret *key)
{
    static char text[] = "the key of a unit test";
    static const struct secret given = {.data = text, .len = sizeof text - 1};
    return key || !ledger_file_server() ? key : &given;
}

static inline PGconn *ledger_file_connect(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK)
        fail_msg("%s: %s", url, PQerrorMessage(connection));
    PQsetNoticeProcessor(connection, NULL, NULL);
    PQclear(PQexec(connection, "SET search_path = kyc_demo, public; SET client_min_messages = error"));
    return connection;
}

/* On one connection of this process, which is kept while the database is the same: an edit of each column
 * would connect a thousand times. */
static inline PGresult *ledger_file_query(const char *url, const char *text)
{
    static PGconn *connection;
    static pid_t owner; /* a child does not use its parent's */
    static char connected[LEDGER_FILE_PATH_SIZE];

    if (connection && owner == getpid() && strcmp(connected, url) != 0)
        PQfinish(connection);
    if (!connection || owner != getpid() || strcmp(connected, url) != 0) {
        connection = ledger_file_connect(url);
        owner = getpid();
        snprintf(connected, sizeof connected, "%s", url);
    }
    PGresult *result = PQexec(connection, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(connection));
    return result;
}

static inline void ledger_file_sql(const char *path, const char *text)
{
    if (ledger_file_server()) {
        PQclear(ledger_file_query(path, text));
        return;
    }
    sqlite3 *db;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first column of the first row, as a number. */
static inline int64_t ledger_file_number(const char *path, const char *query)
{
    if (ledger_file_server()) {
        PGresult *result = ledger_file_query(path, query);
        const char *text = PQgetvalue(result, 0, 0);
        int64_t found = strcmp(text, "t") == 0 ? 1 : strtoll(text, NULL, 10);
        PQclear(result);
        return found;
    }
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

/* SQLite's, so that most statements of the tests are the same for both. */
static const char ledger_file_functions[] =
    "CREATE FUNCTION public.zeroblob(integer) RETURNS bytea LANGUAGE sql AS "
    "$$ SELECT decode(repeat('00', $1), 'hex') $$;"
    "CREATE FUNCTION public.ifnull(bigint, bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT coalesce($1, $2) $$;"
    "CREATE FUNCTION public.ifnull(integer, integer) RETURNS integer LANGUAGE sql AS "
    "$$ SELECT coalesce($1, $2) $$;"
    "CREATE FUNCTION public.ifnull(text, text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce($1, $2) $$";

/* The database of this process, made at first use: its children use it too. */
static inline void ledger_file_drop_database(void);
static inline const char *ledger_file_database(void)
{
    static char url[LEDGER_FILE_PATH_SIZE], text[64];
    if (url[0] != '\0')
        return url;
    snprintf(url, sizeof url, "%s/postgres", ledger_file_server());
    snprintf(text, sizeof text, "CREATE DATABASE kyc_unit_%d", (int)getpid());
    PQclear(ledger_file_query(url, text));
    snprintf(url, sizeof url, "%s/kyc_unit_%d", ledger_file_server(), (int)getpid());
    PQclear(ledger_file_query(url, ledger_file_functions));
    atexit(ledger_file_drop_database);
    return url;
}

static inline void ledger_file_drop_database(void)
{
    char url[LEDGER_FILE_PATH_SIZE], text[64];
    const char *name = strrchr(ledger_file_database(), '/') + 1;
    if (strtol(name + strlen("kyc_unit_"), NULL, 10) != (long)getpid())
        return;
    snprintf(url, sizeof url, "%s/postgres", ledger_file_server());
    snprintf(text, sizeof text, "DROP DATABASE %s WITH (FORCE)", name);
    PQclear(ledger_file_query(url, text));
}

/* A statement in the words of either. */
static inline const char *ledger_file_dialect(const char *sqlite, const char *postgres)
{
    return ledger_file_server() ? postgres : sqlite;
}

/* The first column of all rows, a line each. */
static inline void ledger_file_lines(const char *path, const char *query, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    if (ledger_file_server()) {
        PGresult *result = ledger_file_query(path, query);
        for (int i = 0; i < PQntuples(result) && len < size; i++)
            len += (size_t)snprintf(out + len, size - len, "%s\n", PQgetvalue(result, i, 0));
        PQclear(result);
        return;
    }
    sqlite3 *db;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
    while (sqlite3_step(statement) == SQLITE_ROW && len < size)
        len +=
            (size_t)snprintf(out + len, size - len, "%s\n", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* Makes the folder of a test from a pattern for mkdtemp; path receives the place of a ledger that does not
 * exist yet. */
static inline void ledger_file_make(char *folder, char path[LEDGER_FILE_PATH_SIZE])
{
    assert_non_null(mkdtemp(folder));
    snprintf(path, LEDGER_FILE_PATH_SIZE, "%s/ledger", folder);
    if (!ledger_file_server())
        return;
    snprintf(path, LEDGER_FILE_PATH_SIZE, "%s", ledger_file_database());
    ledger_file_sql(path, "DROP SCHEMA IF EXISTS kyc_demo CASCADE");
}

/* Removes the ledger with the files beside it, and its folder. 0, or -1: the folder has more. */
static inline int ledger_file_remove(const char *folder, const char *path)
{
    static const char *const suffixes[] = {"", ".lock", ".key", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes && !ledger_file_server(); i++) {
        char beside[LEDGER_FILE_PATH_SIZE + 16];
        snprintf(beside, sizeof beside, "%s%s", path, suffixes[i]);
        unlink(beside);
    }
    return rmdir(folder);
}

#endif
