#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "ledger/ledger_sqlite.h"

int ledger_run_start(struct ledger *ledger, const char *command, const char *version, const char *job_digest,
                     uint64_t at_ns, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_RUN_START, error);
    if (!statement)
        return -1;
    char started[CLOCK_RFC3339_SIZE];
    ledger_sqlite_bind_text(statement, 1, slice_from(command));
    ledger_sqlite_bind_text(statement, 2, slice_from(clock_rfc3339(at_ns, started)));
    ledger_sqlite_bind_text(statement, 3, slice_from(version));
    ledger_sqlite_bind_text(statement, 4, slice_from(job_digest));
    if (ledger_sqlite_write(ledger, statement, error))
        return -1;
    ledger->run = sqlite3_last_insert_rowid(ledger->db);
    snprintf(ledger->run_started, sizeof ledger->run_started, "%s", started);
    return 0;
}

void ledger_mark(const struct ledger *ledger, struct ledger_mark *mark)
{
    *mark = (struct ledger_mark){.run = ledger->run};
    ledger_chain_head(ledger, mark->head);
    if (ledger->run > 0)
        memcpy(mark->started, ledger->run_started, sizeof mark->started);
}

int ledger_holds(struct ledger *ledger, const struct ledger_mark *mark, struct error *error)
{
    int held = mark->head[0] == '\0' ? 1 : ledger_has_head(ledger, mark->head, error);
    if (held != 1 || mark->run == 0)
        return held;
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_HAS_RUN, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_number(statement, 1, mark->run);
    ledger_sqlite_bind_text(statement, 2, slice_from(mark->started));
    held = ledger_sqlite_row(ledger, statement, error);
    if (held == 1)
        ledger_sqlite_release(statement);
    return held;
}

int ledger_run_finish(struct ledger *ledger, int status, struct slice inputs, struct slice stats,
                      uint64_t at_ns, struct error *error)
{
    assert(ledger->run > 0 && "a run that was not started does not finish");
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_RUN_FINISH, error);
    if (!statement)
        return -1;
    char finished[CLOCK_RFC3339_SIZE], head[LEDGER_HEAD_SIZE];
    ledger_sqlite_bind_number(statement, 1, ledger->run);
    ledger_sqlite_bind_text(statement, 2, slice_from(clock_rfc3339(at_ns, finished)));
    ledger_sqlite_bind_number(statement, 3, status);
    ledger_sqlite_bind_text(statement, 4, inputs);
    ledger_sqlite_bind_text(statement, 5, stats);
    ledger_sqlite_bind_text(statement, 6,
                            slice_from(digest_hex(ledger->chain.head, DIGEST_SHA256_LEN, head)));
    return ledger_sqlite_write(ledger, statement, error);
}

int ledger_last_run(struct ledger *ledger, struct arena *arena, struct ledger_run *run, struct error *error)
{
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_LAST_RUN, error);
    if (!statement)
        return -1;
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row != 1)
        return row;
    if (ledger_sqlite_check_lacks(ledger, statement, "run", sqlite3_column_int64(statement, 0), error))
        return -1;
    *run = (struct ledger_run){
        .id = sqlite3_column_int64(statement, 0),
        .started = arena_copy(arena, ledger_sqlite_column(statement, 1)),
        .finished = arena_copy(arena, ledger_sqlite_column(statement, 2)),
        .status = sqlite3_column_int(statement, 3),
        .runs = (uint64_t)sqlite3_column_int64(statement, 4),
    };
    ledger_sqlite_release(statement);
    return 1;
}

int ledger_nonce_floor(struct ledger *ledger, const char *key_id, uint64_t *floor, struct error *error)
{
    *floor = 0;
    sqlite3_stmt *statement = ledger_sqlite_prepare(ledger, LEDGER_SQL_NONCE, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, slice_from(key_id));
    int row = ledger_sqlite_row(ledger, statement, error);
    if (row < 0)
        return -1;
    if (row == 1 && sqlite3_column_type(statement, 0) == SQLITE_NULL) {
        ledger_sqlite_release(statement);
        return ledger_sqlite_fail_lacks(ledger, "a nonce", 0, SLICE_LITERAL("floor"), error);
    }
    if (row == 1) {
        /* SQLite has no unsigned numbers: a floor above 2^63 is stored as a negative one. */
        *floor = (uint64_t)sqlite3_column_int64(statement, 0);
        ledger_sqlite_release(statement);
    }
    return 0;
}

int ledger_nonce_reserve(struct ledger *ledger, const char *key_id, uint64_t floor, struct error *error)
{
    uint64_t now;
    if (ledger_nonce_floor(ledger, key_id, &now, error))
        return -1;
    if (floor <= now)
        return 0;
    sqlite3_stmt *statement = ledger_sqlite_prepare_write(ledger, LEDGER_SQL_NONCE_SET, error);
    if (!statement)
        return -1;
    ledger_sqlite_bind_text(statement, 1, slice_from(key_id));
    ledger_sqlite_bind_number(statement, 2, (int64_t)floor);
    return ledger_sqlite_write(ledger, statement, error);
}
