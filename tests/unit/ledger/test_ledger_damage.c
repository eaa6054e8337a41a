/* A NULL in place of the values of a column, in every table: the ledger is damaged, and reported as such; the
 * process is never ended. */
#include "unit/ledger/ledger_fixture.h"

/* C-1 created, C-2 in doubt, C-3 refused, C-4 created and its update refused; a run, a nonce. */
static int set_up(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    struct outcome no = fixture_outcome(OUTCOME_REFUSED, 422, "no", "");
    struct outcome doubt = fixture_outcome(OUTCOME_IN_DOUBT, 500, "oops", "");
    fixture_create(fixture, "C-1", "abc", "U-1");
    int64_t id = fixture_journal(fixture, 0, "C-2", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_IN_DOUBT, &doubt, 1);
    id = fixture_journal(fixture, 0, "C-3", OPERATION_CREATE, "abc");
    fixture_result(fixture, id, OPERATION_CREATE, LEDGER_RESULT_REFUSED, &no, 1);
    id = fixture_create(fixture, "C-4", "abc", "U-4");
    fixture_journal(fixture, id, "C-4", OPERATION_UPDATE, "abd");
    fixture_result(fixture, id, OPERATION_UPDATE, LEDGER_RESULT_REFUSED, &no, 1);
    fixture_begin(fixture);
    assert_int_equal(ledger_nonce_reserve(fixture->ledger, "key", 5, &fixture->error), 0);
    fixture_commit(fixture);
    fixture_close(fixture);
    /* As tables that were copied without their constraints. */
    fixture_sql(fixture, "PRAGMA writable_schema = ON;"
                         "UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table';"
                         "PRAGMA writable_schema = RESET");
    return 0;
}

static void ignore_brief(void *context, const struct ledger_brief *brief)
{
    (void)context, (void)brief;
}

static void ignore_customer(void *context, const struct ledger_customer *customer)
{
    (void)context, (void)customer;
}

static bool ignore_result(void *context, const struct ledger_customer *customer, uint64_t row)
{
    (void)context, (void)customer, (void)row;
    return true;
}

/* Each table without its constraints is a finding too. */
static void count_finding(void *context, const struct ledger_finding *finding)
{
    static const char definition[] = "is not defined as";
    int *count = context;
    *count += !memmem(finding->text.data, finding->text.len, definition, strlen(definition));
}

/* All that a command may ask of a ledger. True when something reported that it is damaged. */
static bool reads_report_it(struct fixture *fixture)
{
    struct ledger *ledger = fixture_try(fixture, LEDGER_WRITE);
    struct error error = {.scope = ERROR_NONE};
    struct ledger_customer customer;
    struct ledger_run run;
    struct ledger_verified verified = {.findings = 0};
    uint64_t floor;
    uint32_t left;
    int findings = 0;
    bool reported = !ledger && fixture->error.scope == ERROR_LEDGER;
    if (!ledger)
        return reported;
    int results[] = {
        ledger_check_complete(ledger, &error),
        ledger_scan(ledger, ignore_brief, NULL, &error),
        ledger_find(ledger, 1, &fixture->arena, &customer, &error),
        ledger_find(ledger, 2, &fixture->arena, &customer, &error),
        ledger_find(ledger, 3, &fixture->arena, &customer, &error),
        ledger_find(ledger, 4, &fixture->arena, &customer, &error),
        ledger_next_user(ledger, 0, &fixture->arena, &customer, &error),
        ledger_each_in_doubt(ledger, 9, ignore_customer, NULL, &error),
        ledger_each_result(ledger, ignore_result, NULL, &error),
        ledger_last_run(ledger, &fixture->arena, &run, &error),
        ledger_nonce_floor(ledger, "key", &floor, &error),
        ledger_canary_left(ledger, "x", &left, &error),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        reported = reported || results[i] < 0;
    reported = ledger_verify(ledger, "", count_finding, &findings, &verified, &error) < 0 || findings > 0 ||
               reported;
    ledger_close(ledger);
    return reported;
}

/* What a run does of a customer: what the row decides, then the journal and an outcome. */
static void write_all(struct fixture *fixture)
{
    struct ledger *ledger = fixture_try(fixture, LEDGER_WRITE);
    struct fixture_digests digests = fixture_digests("xyz");
    struct outcome done = fixture_outcome(OUTCOME_DONE, 201, "", "U-9");
    for (int64_t id = 1; ledger && id <= 4; id++) {
        char key[8];
        struct error error;
        struct ledger_customer customer;
        enum ledger_settlement settlement;
        bool taken;
        snprintf(key, sizeof key, "C-%d", (int)id);
        if (ledger_begin(ledger, &error) != 0)
            break;
        if (ledger_find(ledger, id, &fixture->arena, &customer, &error) != 1)
            continue;
        bool open = customer.first_sent_at != 0, create = customer.state != LEDGER_CREATED;
        struct ledger_intent intent = {
            .id = id,
            .external_id = slice_from(key),
            .operation = create ? OPERATION_CREATE : OPERATION_UPDATE,
            .digest = create && open ? (const uint8_t *)customer.pending_digest.data : digests.digest,
            .member_digests = slice_make(digests.members, sizeof digests.members),
            .at_ns = 9,
        };
        struct ledger_result result = {.id = id,
                                       .operation = intent.operation,
                                       .conclusion = LEDGER_RESULT_ACKNOWLEDGED,
                                       .event = true,
                                       .outcome = &done,
                                       .attempt = 1,
                                       .at_ns = 9};
        snprintf(done.user_id, sizeof done.user_id, "U-1%d", (int)id);
        if (ledger_journal(ledger, &intent, &id, &error) == 0 &&
            ledger_result(ledger, &result, &taken, &error) == 0)
            ledger_settle(ledger,
                          &(struct ledger_verdict){
                              .external_id = slice_from(key), .user_id = SLICE_LITERAL("U-7"), .at_ns = 9},
                          &settlement, &error);
    }
    ledger_close(ledger);
    _exit(0);
}

static void a_null_in_place_of_values_is_reported(void **state)
{
    struct fixture *fixture = *state;
    sqlite3 *db;
    sqlite3_stmt *columns;
    char copy[LEDGER_FILE_PATH_SIZE + 16], text[512];
    unsigned columns_done = 0;
    snprintf(copy, sizeof copy, "%s.copy", fixture->path);
    snprintf(text, sizeof text, "VACUUM INTO '%s'", copy);
    fixture_sql(fixture, text);
    assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT m.name, c.name FROM sqlite_schema AS m, "
                                        "pragma_table_info(m.name) AS c WHERE m.type = 'table' AND c.pk = 0",
                                        -1, &columns, NULL),
                     SQLITE_OK);
    while (sqlite3_step(columns) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(columns, 0);
        const char *column = (const char *)sqlite3_column_text(columns, 1);
        snprintf(text, sizeof text, "SELECT count(%s) FROM %s", column, table);
        if (fixture_number(fixture, text) == 0)
            continue;
        snprintf(text, sizeof text, "UPDATE %s SET %s = NULL", table, column);
        fixture_sql(fixture, text);
        bool reported = reads_report_it(fixture);
        if (!reported)
            fail_msg("%s: nothing reported that the ledger is damaged", text);
        if (fixture_aborts(write_all, fixture))
            fail_msg("%s: the process was ended", text);
        columns_done++;
        snprintf(text, sizeof text,
                 "ATTACH '%s' AS copy; DELETE FROM main.%s; INSERT INTO main.%s SELECT * FROM copy.%s", copy,
                 table, table, table);
        fixture_sql(fixture, text);
    }
    sqlite3_finalize(columns);
    sqlite3_close(db);
    unlink(copy);
    assert_true(columns_done >= 40);
    assert_false(reads_report_it(fixture));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_null_in_place_of_values_is_reported, set_up, fixture_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("ledger_damage", tests, NULL, NULL);
}
