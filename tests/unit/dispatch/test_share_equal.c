/* The shares of an account in a database: the functions of its schema give the same answers as share_table,
 * which keeps them on one machine, over a random history; and what ledger_share makes of a real server. */
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

#include "core/clock.h"
#include "delivery/retry.h"
#include "delivery/share_table.h"
#include "ledger/ledger_share.h"
#include "model/rate_share.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

enum { STEPS = 4000, JOBS = 6, KEYS = 5, SQL_SIZE = 2048, URL_SIZE = 256 };

static const struct rate_share_limit limit = {20, S, 100 * MS, 3 * S};
static const char *const key_ids[KEYS] = {"k0", "k1", "k2", "k3", "k4"};

/* A database of this process. */
struct database {
    PGconn *server, *pg;
    char name[64], url[URL_SIZE];
    struct ledger_place place;
};

static PGresult *query(PGconn *pg, const char *sql)
{
    PGresult *rows = PQexec(pg, sql);
    if (PQresultStatus(rows) != PGRES_TUPLES_OK && PQresultStatus(rows) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    return rows;
}

/* before, a name, after. */
static void run(PGconn *pg, const char *before, const char *name, const char *after)
{
    char sql[SQL_SIZE];
    snprintf(sql, sizeof sql, "%s%s%s", before, name, after);
    PQclear(query(pg, sql));
}

/* False without a server: the test is skipped. */
static bool database_open(struct database *database)
{
    const char *server = getenv("KYC_POSTGRES_URL");
    char url[URL_SIZE];
    if (!server)
        return false;
    snprintf(url, sizeof url, "%s/postgres", server);
    database->server = PQconnectdb(url);
    assert_int_equal(PQstatus(database->server), CONNECTION_OK);
    snprintf(database->name, sizeof database->name, "kyc_share_%ld", (long)getpid());
    run(database->server, "SET client_min_messages = ", "error", "");
    run(database->server, "DROP DATABASE IF EXISTS ", database->name, " WITH (FORCE)");
    run(database->server, "CREATE DATABASE ", database->name, " ENCODING 'UTF8' TEMPLATE template0");
    snprintf(database->url, sizeof database->url, "%s/%s", server, database->name);
    database->place = (struct ledger_place){.location = database->url, .job = "demo"};
    database->pg = PQconnectdb(database->url);
    run(database->pg, "SET search_path = ", "kyc_shared", "; SET client_min_messages = error");
    return true;
}

static void database_close(struct database *database)
{
    PQfinish(database->pg);
    run(database->server, "DROP DATABASE ", database->name, " WITH (FORCE)");
    PQfinish(database->server);
}

static struct ledger_share *open_share(const struct database *database, const char *name, const char *holder)
{
    struct error error = {0};
    struct ledger_share *share = ledger_share_open(&database->place, name, holder, &limit, &error);
    if (!share)
        fail_msg("%s", error.text);
    return share;
}

/* The random history. */

struct history {
    struct database database;
    struct share_table table;
    struct retry_random random;
    uint64_t ms;
    uint32_t using_count[JOBS];
    unsigned answers, held;
};

static uint64_t any(struct history *history, uint64_t below)
{
    return retry_random_next(&history->random) % below;
}

static int64_t number(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

static void renew_both(struct history *history, unsigned job, const char *name)
{
    struct rate_share_limit mine = limit;
    struct rate_share_answer answer;
    uint64_t window_ns = 0;
    char sql[SQL_SIZE];
    struct rate_share_report report = {.using_count = history->using_count[job]};
    if (any(history, 20) == 0)
        report.using_count = (uint32_t)any(history, 30); /* as if its row had been lost */
    if (any(history, 30) == 0)
        report.hold_ns = any(history, 9000) * MS;
    report.is_throttled = any(history, 10) == 0;
    if (any(history, 40) == 0)
        mine.count = 10 + (uint32_t)any(history, 20);
    if (any(history, 40) == 0)
        mine.window_ns = 2 * S;
    bool is_same =
        share_table_renew(&history->table, history->ms * MS, name, &mine, &report, &answer, &window_ns);
    snprintf(
        sql, sizeof sql,
        "SELECT other, granted, hold_ms, throttles FROM share_renew(timestamptz 'epoch' + %llu * interval '1 "
        "ms', 'main', '%s', %u, %llu, 100, 3000, %u, %llu, %s)",
        (unsigned long long)history->ms, name, mine.count, (unsigned long long)(mine.window_ns / MS),
        report.using_count, (unsigned long long)(report.hold_ns / MS),
        report.is_throttled ? "true" : "false");
    PGresult *rows = query(history->database.pg, sql);
    if (number(rows, 0, 0) != (is_same ? 0 : (int64_t)(window_ns / MS)) ||
        number(rows, 0, 1) != answer.count ||
        (is_same && (number(rows, 0, 2) != (int64_t)(answer.hold_ns / MS) ||
                     number(rows, 0, 3) != (int64_t)answer.throttles)))
        fail_msg("%s: %s %s %s %s; in the table %u %llu ms %llu", sql, PQgetvalue(rows, 0, 0),
                 PQgetvalue(rows, 0, 1), PQgetvalue(rows, 0, 2), PQgetvalue(rows, 0, 3), answer.count,
                 (unsigned long long)(answer.hold_ns / MS), (unsigned long long)answer.throttles);
    PQclear(rows);
    if (is_same)
        history->using_count[job] = answer.count;
    history->answers++;
}

/* A random part of the keys, as arrays of SQL. */
static size_t choose_held(struct history *history, size_t wanted, struct key_share_report held[KEYS],
                          char ids[128], char floors[256])
{
    size_t count = 0;
    ids[0] = floors[0] = '\0';
    for (size_t i = 0; i < wanted; i++) {
        if (any(history, 2) == 0)
            continue;
        held[count] = (struct key_share_report){key_ids[i], UINT64_MAX - any(history, 1000000)};
        size_t at = strlen(ids), end = strlen(floors);
        snprintf(ids + at, 128 - at, "%s%s", count ? "," : "", key_ids[i]);
        snprintf(floors + end, 256 - end, "%s%llu", count ? "," : "", (unsigned long long)held[count].floor);
        count++;
    }
    return count;
}

static void keys_both(struct history *history, const char *name)
{
    struct key_share_report held[KEYS];
    struct key_share_answer answers[KEYS];
    char ids[128], floors[256], sql[SQL_SIZE];
    size_t wanted = 1 + any(history, KEYS);
    size_t held_count = choose_held(history, wanted, held, ids, floors);
    size_t count = share_table_keys(&history->table, history->ms * MS, name, &limit, key_ids, wanted, held,
                                    held_count, answers);
    char wish[64] = "";
    for (size_t i = 0; i < wanted; i++)
        snprintf(wish + strlen(wish), sizeof wish - strlen(wish), "%s%s", i ? "," : "", key_ids[i]);
    snprintf(
        sql, sizeof sql,
        "SELECT key_id, floor, keep::int FROM share_keys(timestamptz 'epoch' + %llu * interval '1 ms', '%s', "
        "'{%s}', '{%s}', '{%s}', 3000, 1000)",
        (unsigned long long)history->ms, name, wish, ids, floors);
    PGresult *rows = query(history->database.pg, sql);
    if (PQntuples(rows) != (int)count)
        fail_msg("%s: %d keys; in the table %zu", sql, PQntuples(rows), count);
    for (int i = 0; i < (int)count; i++)
        if (strcmp(PQgetvalue(rows, i, 0), answers[i].key_id) != 0 ||
            strtoull(PQgetvalue(rows, i, 1), NULL, 10) != answers[i].floor ||
            number(rows, i, 2) != answers[i].keep)
            fail_msg("%s: %s %s %s; in the table %s %llu %d", sql, PQgetvalue(rows, i, 0),
                     PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2), answers[i].key_id,
                     (unsigned long long)answers[i].floor, answers[i].keep);
    PQclear(rows);
    history->held += (unsigned)count;
}

static void leave_both(struct history *history, unsigned job, const char *name)
{
    struct key_share_report held[KEYS];
    char ids[128], floors[256], sql[SQL_SIZE];
    size_t held_count = choose_held(history, KEYS, held, ids, floors);
    share_table_leave(&history->table, history->ms * MS, name, &limit, held, held_count);
    snprintf(
        sql, sizeof sql,
        "SELECT share_leave(timestamptz 'epoch' + %llu * interval '1 ms', 'main', '%s', 1000, 100, '{%s}', '{%s}')",
        (unsigned long long)history->ms, name, ids, floors);
    PQclear(query(history->database.pg, sql));
    history->using_count[job] = 0;
}

static void a_random_history_has_the_same_answers_in_both(void **state)
{
    (void)state;
    struct history history = {.random = retry_random_from(11), .ms = 1000};
    if (!database_open(&history.database))
        skip();
    ledger_share_close(open_share(&history.database, "main", "a"));
    share_table_init(&history.table);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned job = (unsigned)any(&history, JOBS);
        char name[16];
        snprintf(name, sizeof name, "job-%u", job);
        history.ms += any(&history, 4) ? any(&history, 300) : any(&history, 5000);
        uint64_t what = step == 0 ? 0 : any(&history, 20);
        if (what < 12)
            renew_both(&history, job, name);
        else if (what < 19)
            keys_both(&history, name);
        else
            leave_both(&history, job, name);
    }
    assert_true(history.answers > STEPS / 2 && history.held > STEPS / 20);
    database_close(&history.database);
}

/* On a real server, by its clock. */

static void sleep_ms(unsigned ms)
{
    usleep(ms * 1000);
}

static uint32_t renew(struct ledger_share *share, uint32_t using_count)
{
    struct rate_share_report report = {.using_count = using_count};
    struct rate_share_answer answer;
    struct error error = {0};
    uint64_t window_ns;
    if (ledger_share_renew(share, &report, &answer, &window_ns, &error) != 0)
        fail_msg("%s", error.text);
    return answer.count;
}

static void two_processes_share_by_the_clock_of_the_server(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    struct error error = {0};
    struct key_share_answer keys[KEYS];
    size_t count;
    if (!database_open(&database))
        skip();
    struct ledger_share *a = open_share(&database, "main", "a"), *b = open_share(&database, "main", "b");
    assert_int_equal(renew(a, 0), 0); /* a new limit may lack leases */
    assert_int_equal(ledger_share_keys(a, key_ids, 2, NULL, 0, keys, &count, &error), 0);
    assert_int_equal(count, 0);
    sleep_ms(4150);
    assert_int_equal(renew(a, 0), 20);
    assert_int_equal(renew(b, 0), 0);
    assert_int_equal(renew(a, 20), 10);
    assert_int_equal(renew(a, 10), 10);
    assert_int_equal(ledger_share_keys(a, key_ids, 2, NULL, 0, keys, &count, &error), 0);
    assert_int_equal(count, 2);
    const struct key_share_report held[] = {{"k0", UINT64_MAX - 5}, {"k1", 77}};
    assert_int_equal(ledger_share_leave(a, held, 2, &error), 0);
    assert_int_equal(ledger_share_keys(b, key_ids, 2, NULL, 0, keys, &count, &error), 0);
    assert_int_equal(count, 2);
    assert_true(keys[0].floor == UINT64_MAX - 5 && keys[1].floor == 77 && keys[1].keep);
    sleep_ms(1150);
    assert_int_equal(renew(b, 0), 20);
    ledger_share_close(a);
    ledger_share_close(b);
    database_close(&database);
}

static void another_window_is_reported_not_an_error(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    struct error error = {0};
    struct rate_share_answer answer;
    struct rate_share_limit minute = {300, 60 * S, 100 * MS, 3 * S};
    uint64_t window_ns = 0;
    if (!database_open(&database))
        skip();
    struct ledger_share *a = open_share(&database, "main", "a");
    struct ledger_share *b = ledger_share_open(&database.place, "main", "b", &minute, &error);
    renew(a, 0);
    assert_int_equal(ledger_share_renew(b, &(struct rate_share_report){0}, &answer, &window_ns, &error), 1);
    assert_int_equal(window_ns, S);
    assert_int_equal(renew(a, 0), 0); /* and nothing is left of it */
    ledger_share_close(a);
    ledger_share_close(b);
    database_close(&database);
}

static void the_lowest_rate_of_the_jobs_that_run_is_told(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    struct error error = {0};
    struct rate_share_answer answer;
    struct rate_share_limit higher = {50, S, 100 * MS, 3 * S};
    uint64_t window_ns = 0;
    if (!database_open(&database))
        skip();
    struct ledger_share *a = open_share(&database, "main", "a");
    struct ledger_share *b = ledger_share_open(&database.place, "main", "b", &higher, &error);
    assert_int_equal(ledger_share_renew(b, &(struct rate_share_report){0}, &answer, &window_ns, &error), 0);
    assert_int_equal(answer.total, 50);
    assert_int_equal(ledger_share_renew(a, &(struct rate_share_report){0}, &answer, &window_ns, &error), 0);
    assert_int_equal(answer.total, 20);
    assert_int_equal(ledger_share_renew(b, &(struct rate_share_report){0}, &answer, &window_ns, &error), 0);
    assert_int_equal(answer.total, 20);
    sleep_ms(3100); /* the lease of a is over */
    assert_int_equal(ledger_share_renew(b, &(struct rate_share_report){0}, &answer, &window_ns, &error), 0);
    assert_int_equal(answer.total, 50);
    ledger_share_close(a);
    ledger_share_close(b);
    database_close(&database);
}

static void a_lost_connection_is_made_again_by_the_next_call(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    struct error error = {0};
    struct rate_share_answer answer;
    uint64_t window_ns;
    if (!database_open(&database))
        skip();
    struct ledger_share *share = open_share(&database, "main", "a");
    PQclear(query(database.pg, /* waits until it has ended */
                  "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE application_name = "
                  "'kyc-import demo' AND datname = current_database()"));
    assert_int_equal(ledger_share_renew(share, &(struct rate_share_report){0}, &answer, &window_ns, &error),
                     -1);
    assert_int_equal(error.scope, ERROR_LEDGER);
    assert_non_null(strstr(error.text, "the connection to the database was lost"));
    assert_int_equal(renew(share, 0), 0);
    ledger_share_close(share);
    database_close(&database);
}

/* Where the schema can be used when it is opened, and one of its calls fails. */
static void must_not_renew(const struct ledger_place *place, const char *why)
{
    struct rate_share_answer answer;
    struct error error = {0};
    uint64_t window_ns;
    struct ledger_share *share = ledger_share_open(place, "main", "a", &limit, &error);
    if (!share)
        fail_msg("%s", error.text);
    assert_int_equal(ledger_share_renew(share, &(struct rate_share_report){0}, &answer, &window_ns, &error),
                     -1);
    assert_int_equal(error.scope, ERROR_LEDGER);
    if (!strstr(error.text, why))
        fail_msg("%s", error.text);
    ledger_share_close(share);
}

static void a_user_without_rights_and_another_version_are_refused_with_what_to_do(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    struct error error = {0};
    char url[URL_SIZE], user[80];
    if (!database_open(&database))
        skip();
    snprintf(user, sizeof user, "%s_user", database.name);
    run(database.server, "CREATE ROLE ", user, " LOGIN");
    const char *rest = strchr(database.url, '@');
    snprintf(url, sizeof url, "postgresql://%s%s", user, rest);
    struct ledger_place place = {.location = url, .job = "demo"};
    for (int exists = 0; exists < 2; exists++) {
        assert_null(ledger_share_open(&place, "main", "a", &limit, &error));
        assert_int_equal(error.scope, ERROR_LEDGER);
        assert_non_null(strstr(error.text, "are in the schema kyc_shared of the database of postgresql://"));
        assert_non_null(strstr(error.text, "which this job's user may not create or use\nhint: "));
        ledger_share_close(open_share(&database, "main", "b"));
    }
    run(database.pg, "GRANT USAGE ON SCHEMA kyc_shared TO ", user, "");
    run(database.pg, "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA kyc_shared TO ", user, "");
    must_not_renew(&place, "which this job's user may not create or use\nhint: ");
    run(database.pg, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kyc_shared TO ", user, "");
    struct ledger_share *share = ledger_share_open(&place, "main", "a", &limit, &error);
    assert_non_null(share);
    assert_int_equal(renew(share, 0), 0);
    ledger_share_close(share);
    run(database.pg, "UPDATE protocol SET version = ", "2", "");
    assert_null(ledger_share_open(&place, "main", "a", &limit, &error));
    assert_non_null(strstr(error.text, "are of version 2, and this program knows version 1\nhint: "));
    run(database.pg, "DROP OWNED BY ", user, "");
    run(database.server, "DROP ROLE ", user, "");
    database_close(&database);
}

static void a_schema_that_was_changed_is_an_error_with_what_to_do(void **state)
{
    (void)state;
    struct database database = {.pg = NULL};
    if (!database_open(&database))
        skip();
    ledger_share_close(open_share(&database, "main", "a"));
    run(database.pg, "DROP TABLE ", "rate_ghost", "");
    must_not_renew(
        &database.place,
        "is not as this program makes it (SQLSTATE 42P01)\nhint: while no job of its accounts runs, "
        "DROP SCHEMA kyc_shared CASCADE");
    database_close(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_history_has_the_same_answers_in_both),
        cmocka_unit_test(two_processes_share_by_the_clock_of_the_server),
        cmocka_unit_test(another_window_is_reported_not_an_error),
        cmocka_unit_test(the_lowest_rate_of_the_jobs_that_run_is_told),
        cmocka_unit_test(a_lost_connection_is_made_again_by_the_next_call),
        cmocka_unit_test(a_user_without_rights_and_another_version_are_refused_with_what_to_do),
        cmocka_unit_test(a_schema_that_was_changed_is_an_error_with_what_to_do),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("share_equal", tests, NULL, NULL);
}
