/* What rows do not show: each index against its table, and the structure of the file. */
#include "unit/ledger/store_fixture.h"

enum { CUSTOMERS = 5 };

/* Five customers with a key and a user, and one without either. */
static int set_up(void **state)
{
    fixture_setup(state);
    struct fixture *fixture = *state;
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    for (int64_t id = 1; id <= CUSTOMERS; id++) {
        struct ledger_customer customer = fixture_customer(fixture, id);
        fixture_insert(fixture, &customer);
    }
    struct ledger_customer without = {.id = CUSTOMERS + 1, .state = LEDGER_UNSENT, .updated_at = 1};
    fixture_insert(fixture, &without);
    fixture_ok(fixture, store_commit(fixture->store, &fixture->error));
    store_close(fixture->store);
    fixture->store = NULL;
    return 0;
}

struct findings {
    int count;
    char first[256];
};

static void note_finding(void *context, const char *text)
{
    struct findings *findings = context;
    if (findings->count++ == 0)
        snprintf(findings->first, sizeof findings->first, "%s", text);
}

static struct findings check(struct fixture *fixture)
{
    struct findings findings = {.count = 0};
    struct store *store = fixture_open(fixture, LEDGER_READ);
    fixture_ok(fixture, store_check(store, note_finding, NULL, &findings, &fixture->error));
    store_close(store);
    return findings;
}

static void assert_finds(struct fixture *fixture, const char *want)
{
    struct findings findings = check(fixture);
    if (findings.count == 0 || !strstr(findings.first, want))
        fail_msg("not found: `%s`, but %d: %s", want, findings.count, findings.first);
}

static void finds_nothing_in_a_whole_ledger(void **state)
{
    assert_int_equal(check(*state).count, 0);
}

static void flip(struct fixture *fixture, long offset, int bit)
{
    FILE *file = fopen(fixture->path, "r+");
    assert_non_null(file);
    fseek(file, offset, SEEK_SET);
    int byte = fgetc(file);
    fseek(file, offset, SEEK_SET);
    fputc(byte ^ (1 << bit), file);
    fclose(file);
}

/* The offset of this text in the root page of an index: so few entries are in one page. */
static long find_in_index(struct fixture *fixture, const char *index, const char *text)
{
    char query[128], page[4096];
    snprintf(query, sizeof query, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", index);
    long start = ((long)fixture_number(fixture, query) - 1) * (long)sizeof page;
    FILE *file = fopen(fixture->path, "r");
    assert_non_null(file);
    fseek(file, start, SEEK_SET);
    assert_int_equal(fread(page, 1, sizeof page, file), sizeof page);
    fclose(file);
    char *found = memmem(page, sizeof page, text, strlen(text));
    assert_non_null(found);
    return start + (found - page);
}

/* Behind the key an index has the row's id, here in one byte: but none for the id 1, whose value is in the
 * header. */
static void finds_each_flipped_bit(void **state, const char *index, struct slice key, bool has_id)
{
    struct fixture *fixture = *state;
    const char *text = key.data;
    long start = find_in_index(fixture, index, text);
    for (long i = 0; i < (long)strlen(text) + has_id; i++) {
        for (int bit = 0; bit < 8; bit++) {
            flip(fixture, start + i, bit);
            if (check(fixture).count == 0)
                fail_msg("bit %d of byte %ld of %s in %s: not found", bit, i, text, index);
            flip(fixture, start + i, bit);
        }
    }
    assert_int_equal(check(fixture).count, 0);
}

static void finds_a_flipped_bit_in_the_index_of_keys(void **state)
{
    for (int64_t id = 1; id <= CUSTOMERS; id++)
        finds_each_flipped_bit(state, "customer_external_id", fixture_customer(*state, id).external_id,
                               id > 1);
}

static void finds_a_flipped_bit_in_the_index_of_users(void **state)
{
    for (int64_t id = 1; id <= CUSTOMERS; id++)
        finds_each_flipped_bit(state, "customer_user_id", fixture_customer(*state, id).user_id, id > 1);
}

/* Gives an index the entries of another definition. */
static void rebuild(struct fixture *fixture, const char *index, const char *definition)
{
    char text[512];
    snprintf(text, sizeof text,
             "CREATE TABLE kept(sql); INSERT INTO kept SELECT sql FROM sqlite_schema WHERE name = '%s';"
             "DROP INDEX %s; %s",
             index, index, definition);
    fixture_sql(fixture, text);
    snprintf(
        text, sizeof text,
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = (SELECT sql FROM kept) WHERE name = "
        "'%s'; PRAGMA writable_schema = RESET",
        index);
    fixture_sql(fixture, text);
    fixture_sql(fixture, "DROP TABLE kept");
}

static void finds_a_missing_entry(void **state)
{
    rebuild(*state, "customer_external_id",
            "CREATE UNIQUE INDEX customer_external_id ON customer(external_id) WHERE id <> 3");
    assert_finds(*state, "row 3 missing from index customer_external_id");
}

/* While SQLite does not see the index, a customer is deleted. */
static void finds_an_entry_too_many(void **state)
{
    fixture_sql(*state,
                "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'customer_user_id';"
                "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'customer_user_id';"
                "PRAGMA writable_schema = RESET");
    fixture_sql(*state, "DELETE FROM customer WHERE id = 2; PRAGMA writable_schema = ON;"
                        "INSERT INTO sqlite_schema SELECT * FROM kept; PRAGMA writable_schema = RESET");
    fixture_sql(*state, "DROP TABLE kept");
    assert_finds(*state, "wrong # of entries in index customer_user_id");
}

static void finds_an_index_of_another_column(void **state)
{
    rebuild(*state, "customer_user_id",
            "CREATE UNIQUE INDEX customer_user_id ON customer(idempotency_key) WHERE user_id IS NOT NULL");
    assert_finds(*state, "missing from index customer_user_id");
}

static void finds_two_customers_with_one_user(void **state)
{
    rebuild(*state, "customer_user_id",
            "UPDATE customer SET user_id = 'USER-0007' WHERE id = 4;"
            "CREATE INDEX customer_user_id ON customer(user_id) WHERE user_id IS NOT NULL");
    assert_finds(*state, "non-unique entry in index customer_user_id");
}

static void finds_entries_in_another_order(void **state)
{
    rebuild(*state, "customer_external_id",
            "CREATE UNIQUE INDEX customer_external_id ON customer(external_id DESC)");
    assert_finds(*state, "customer_external_id");
}

static void finds_a_dropped_index(void **state)
{
    static const char *const names[] = {"customer_external_id", "customer_user_id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[64];
        snprintf(text, sizeof text, "DROP INDEX %s", names[i]);
        fixture_sql(*state, text);
        struct findings findings = check(*state);
        assert_int_equal(findings.count, i + 1);
        assert_non_null(strstr(findings.first, names[0]));
    }
}

static void finds_a_damaged_page_of_the_table(void **state)
{
    struct fixture *fixture = *state;
    long start =
        ((long)fixture_number(fixture, "SELECT rootpage FROM sqlite_schema WHERE name = 'customer'") - 1) *
        4096;
    flip(fixture, start + 3, 7); /* the number of its rows */
    assert_int_not_equal(check(fixture).count, 0);
}

static void finds_what_another_program_defined(void **state)
{
    static const char *const changes[][3] = {
        {"CREATE TRIGGER t BEFORE UPDATE ON customer BEGIN SELECT raise(ignore); END",
         "the trigger t was added", "DROP TRIGGER t"},
        {"CREATE TABLE kept(a); CREATE TRIGGER t AFTER INSERT ON kept BEGIN DELETE FROM event; END",
         "the trigger t was added", "DROP TABLE kept"},
        {"CREATE INDEX i ON event(at)", "the index i was added", "DROP INDEX i"},
        {"ALTER TABLE run ADD COLUMN more TEXT", "the table run is not defined as this program defines it",
         "ALTER TABLE run DROP COLUMN more"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE name = "
         "'nonce'; PRAGMA writable_schema = RESET",
         "the table nonce is not defined", "SELECT 1"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        fixture_sql(*state, changes[i][0]);
        assert_finds(*state, changes[i][1]);
        fixture_sql(*state, changes[i][2]);
    }
}

static void a_table_beside_the_ledgers_is_no_damage(void **state)
{
    fixture_sql(*state, "CREATE TABLE mine(a); CREATE VIEW v AS SELECT id FROM customer; ANALYZE");
    assert_int_equal(check(*state).count, 0);
}

static void finds_a_task_that_its_index_lacks(void **state)
{
    fixture_sql(*state, "INSERT INTO reading(customer, at) VALUES(1, 1);"
                        "INSERT INTO task(id, customer, kind, slot, state, attempts, created_at, updated_at) "
                        "VALUES(1, 1, 'link', '', 'done', 1, 1, 1), (2, 2, 'link', '', 'done', 1, 1, 1)");
    assert_int_equal(check(*state).count, 0);
    rebuild(*state, "task_slot", "CREATE UNIQUE INDEX task_slot ON task(customer, kind, slot) WHERE id <> 2");
    assert_finds(*state, "row 2 missing from index task_slot");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_nothing_in_a_whole_ledger),
        TEST(finds_a_flipped_bit_in_the_index_of_keys),
        TEST(finds_a_flipped_bit_in_the_index_of_users),
        TEST(finds_a_missing_entry),
        TEST(finds_an_entry_too_many),
        TEST(finds_an_index_of_another_column),
        TEST(finds_two_customers_with_one_user),
        TEST(finds_entries_in_another_order),
        TEST(finds_a_dropped_index),
        TEST(finds_a_damaged_page_of_the_table),
        TEST(finds_what_another_program_defined),
        TEST(a_table_beside_the_ledgers_is_no_damage),
        TEST(finds_a_task_that_its_index_lacks),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_check", tests, NULL, NULL);
}
