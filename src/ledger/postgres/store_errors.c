/* store_errors: what the database or libpq reports, in words of our own. The server's message and its detail
 * may quote values of a row, so only the SQLSTATE and the names of tables and constraints are shown. */
#include <stdio.h>
#include <string.h>

#include "ledger/postgres/store_holder.h"
#include "ledger/postgres/store_postgres.h"

enum { FACT_MAX = 512 };

int store_postgres_set_error(const struct store_postgres *store, const char *verb, const char *fact,
                             const char *hint, struct error *error)
{
    return error_set(error, ERROR_LEDGER, "the ledger %s cannot be %s: %s\nhint: %s", store->url.shown, verb,
                     fact, hint);
}

struct reason {
    const char *state; /* a SQLSTATE, or its first characters */
    enum error_scope scope;
    bool is_final;
    const char *fact, *hint;
};

#define RUN_AGAIN "then run again: the run resumes"
static const struct reason reasons[] = {
    {"28", ERROR_LEDGER, true, "the server refuses this account",
     "check the user in the job's ledger, ledger_password, and the server's pg_hba.conf"},
    {"3D000", ERROR_LEDGER, true, "there is no such database",
     "check the job's ledger, or create the database (createdb)"},
    {"42501", ERROR_LEDGER, false, "this account may not do that",
     "for a new ledger, GRANT CREATE ON DATABASE to it; of one that exists, make it the owner of the schema and its tables"},
    {"25006", ERROR_LEDGER, true, "the server accepts no writes: it is a standby, or set to read-only",
     "name the primary in the job's ledger, or both: postgresql://USER@HOST1,HOST2/DATABASE"},
    {"53100", ERROR_LEDGER, true, "the server's disk is full", "free space on it, " RUN_AGAIN},
    {"53200", ERROR_LEDGER, true, "the server has not enough memory", "give it more, " RUN_AGAIN},
    {"53300", ERROR_LEDGER, true, "the server has too many connections",
     "end some, or raise max_connections, " RUN_AGAIN},
    {"53", ERROR_LEDGER, true, "the server has run out of a resource",
     "look at the server's log, " RUN_AGAIN},
    {"58", ERROR_LEDGER, true, "the server reports an error of its disk",
     "look at the server's log, and check the disk"},
    {"XX", ERROR_LEDGER, true, "the server reports that its data are damaged",
     "look at the server's log; restore the database, or the ledger (kyc-import restore)"},
    {"55P03", ERROR_BUSY, false, "another program holds it locked",
     "end that program (a psql, a backup, another run), then run again"},
    {"40", ERROR_LEDGER, false, "another program has changed the same rows at the same time",
     "make sure that no other program writes it, then run again"},
    {"KY002", ERROR_LEDGER, false, "a row that was written is missing, or a trigger prevents it",
     "restore it from a backup (kyc-import restore), or remove the trigger"},
    {"23505", ERROR_LEDGER, false, "two rows have the same value, which must be unique",
     "check the ledger (kyc-import status --verify); restore it from a backup if it is damaged"},
    {"42P01", ERROR_LEDGER, false, "a table is missing", "restore it from a backup (kyc-import restore)"},
    {"3F000", ERROR_LEDGER, false, "its schema is missing", "restore it from a backup (kyc-import restore)"},
    {"42", ERROR_LEDGER, false, "its schema was changed",
     "restore it from a backup (kyc-import restore); or use the version of kyc-import that made it"},
    {"22", ERROR_LEDGER, false, "the database does not accept a value",
     "check the ledger (kyc-import status --verify)"},
};

static const struct reason *find_reason(const char *state)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strncmp(state, reasons[i].state, strlen(reasons[i].state)) == 0)
            return &reasons[i];
    return NULL;
}

static const char *state_of(const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    return state ? state : "";
}

bool store_postgres_is_taken(const PGresult *result)
{
    return strcmp(state_of(result), "KY001") == 0;
}

bool store_postgres_is_final(const PGresult *result)
{
    const struct reason *reason = find_reason(state_of(result));
    return store_postgres_is_taken(result) || (reason && reason->is_final);
}

/* 57P01 to 57P05: the server or an administrator ends the session, or refuses a new one; 25P03: it was idle
 * in a transaction. */
bool store_postgres_is_lost(const struct store_connection *connection, const PGresult *result)
{
    const char *state = state_of(result);
    return !connection->pg || connection->is_broken || PQstatus(connection->pg) == CONNECTION_BAD ||
           strncmp(state, "57P0", 4) == 0 || strncmp(state, "08", 2) == 0 || strcmp(state, "25P03") == 0;
}

int store_postgres_set_taken(const struct store_postgres *store, struct slice holder, struct error *error)
{
    char text[FACT_MAX];
    store_holder_show(holder, text, sizeof text);
    return error_set(error, ERROR_BUSY,
                     "another run has taken the ledger %s over: %s\nhint: let that run end, then run again",
                     store->url.shown, text);
}

/* The detail of fence() is ours: `epoch N: HOLDER`. */
static int describe_taken(const struct store_postgres *store, const PGresult *result, struct error *error)
{
    struct slice holder = slice_from(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL)), epoch;
    if (!slice_next_item(&holder, SLICE_LITERAL(": "), &epoch) || !holder.data)
        holder = slice_from("another process");
    return store_postgres_set_taken(store, holder, error);
}

/* `FACT (SQLSTATE 23505, customer.external_id)`: an index on one column is named after it. */
static void add_names(char *text, size_t size, const char *fact, const PGresult *result)
{
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    size_t len = table ? strlen(table) : 0;
    int written = snprintf(text, size, "%s (SQLSTATE %s", fact, state_of(result));
    if (written < 0 || (size_t)written >= size)
        return;
    if (constraint && table && strncmp(constraint, table, len) == 0 && constraint[len] == '_')
        snprintf(text + written, size - (size_t)written, ", %s.%s)", table, constraint + len + 1);
    else
        snprintf(text + written, size - (size_t)written, "%s%s)", table ? ", " : "", table ? table : "");
}

int store_postgres_describe(const struct store_postgres *store, const struct store_connection *connection,
                            const PGresult *result, const char *verb, struct error *error)
{
    char text[FACT_MAX];
    if (store_postgres_is_taken(result))
        return describe_taken(store, result, error);
    if (store_postgres_is_lost(connection, result))
        return store_postgres_set_error(
            store, verb, "the connection to the database was lost",
            "check the server and the network, then run again: what was not acknowledged is resolved by that run",
            error);
    const struct reason *reason = find_reason(state_of(result));
    add_names(text, sizeof text, reason ? reason->fact : "the database reports an error", result);
    store_postgres_set_error(store, verb, text, reason ? reason->hint : "look at the server's log", error);
    if (reason)
        error->scope = reason->scope;
    return -1;
}
