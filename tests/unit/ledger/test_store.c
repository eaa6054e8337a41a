/* The store: whole rows as they were given, questions, what an update touches, one state for two views. */
#include <sys/stat.h>

#include "unit/ledger/store_fixture.h"

static void begin(struct fixture *fixture)
{
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
}

static void commit(struct fixture *fixture)
{
    fixture_ok(fixture, store_commit(fixture->store, &fixture->error));
}

/* A value of its own for each column; round: another one each time. */
static void fill_values(struct fixture *fixture, const struct ledger_table *table, int64_t id, int round,
                        struct ledger_value *values)
{
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        values[i] = (struct ledger_value){.is_null = false};
        if (table->columns[i].type == LEDGER_NUMBER)
            values[i].number = INT64_MAX - (int64_t)i - 100 * round;
        else if (table->columns[i].type == LEDGER_TEXT)
            values[i].bytes = arena_printf(&fixture->arena, "%s %d", name, round);
        else
            values[i].bytes = arena_printf(&fixture->arena, "%s %d%c", name, round, 0);
    }
    values[0].number = id;
}

struct wanted {
    const struct ledger_table *table;
    const struct ledger_value *values;
    int seen;
};

static bool compare_row(void *context, const struct ledger_value *values)
{
    struct wanted *wanted = context;
    wanted->seen++;
    for (size_t i = 0; i < wanted->table->count; i++) {
        const struct ledger_value *want = &wanted->values[i];
        if (values[i].is_null != want->is_null || values[i].number != want->number ||
            !slice_equal(values[i].bytes, want->bytes))
            fail_msg("%s.%s is not what was written", wanted->table->name, wanted->table->columns[i].name);
    }
    return true;
}

static void assert_row(struct fixture *fixture, const struct ledger_table *table,
                       const struct ledger_value *values)
{
    struct wanted wanted = {table, values, 0};
    fixture_ok(fixture, store_each_row(fixture->store, table, compare_row, &wanted, &fixture->error));
    assert_int_equal(wanted.seen, 1);
}

static void every_column_is_stored_as_given(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_value customer[LEDGER_CUSTOMER_COLUMNS], event[LEDGER_EVENT_COLUMNS];
    struct ledger_value run[LEDGER_RUN_COLUMNS];
    fill_values(fixture, &ledger_customer_table, 1, 0, customer);
    fill_values(fixture, &ledger_event_table, 1, 0, event);
    fill_values(fixture, &ledger_run_table, 1, 0, run);
    begin(fixture);
    fixture_ok(fixture, store_insert_customer(fixture->store, customer, &fixture->error));
    fixture_ok(fixture, store_append_event(fixture->store, event, &fixture->error));
    fixture_ok(fixture, store_insert_run(fixture->store, run, &fixture->error));
    commit(fixture);
    assert_row(fixture, &ledger_customer_table, customer);
    assert_row(fixture, &ledger_event_table, event);
    assert_row(fixture, &ledger_run_table, run);
}

/* Each column alone is changed, and becomes NULL where it may. */
static void every_column_is_updated(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_value before[LEDGER_CUSTOMER_COLUMNS], after[LEDGER_CUSTOMER_COLUMNS];
    struct ledger_value other[LEDGER_CUSTOMER_COLUMNS], run[LEDGER_RUN_COLUMNS];
    fill_values(fixture, &ledger_customer_table, 1, 0, before);
    fill_values(fixture, &ledger_customer_table, 1, 1, other);
    begin(fixture);
    fixture_ok(fixture, store_insert_customer(fixture->store, before, &fixture->error));
    for (size_t i = 1; i < LEDGER_CUSTOMER_COLUMNS; i++) {
        int ways = ledger_customer_table.columns[i].is_required ? 1 : 2;
        for (int is_null = 0; is_null < ways; is_null++) {
            memcpy(after, before, sizeof after);
            after[i] = other[i];
            if (is_null)
                after[i] = (struct ledger_value){.is_null = true};
            struct ledger_customer row;
            ledger_row_from_values(&ledger_customer_table, before, NULL, &row);
            fixture_ok(fixture, store_update_customer(fixture->store, &row, after, &fixture->error));
            assert_row(fixture, &ledger_customer_table, after);
            memcpy(before, after, sizeof before);
        }
    }
    fill_values(fixture, &ledger_run_table, 1, 0, run);
    fixture_ok(fixture, store_insert_run(fixture->store, run, &fixture->error));
    fill_values(fixture, &ledger_run_table, 1, 1, run);
    fixture_ok(fixture, store_update_run(fixture->store, run, &fixture->error));
    assert_row(fixture, &ledger_run_table, run);
    commit(fixture);
}

/* A trigger fires for each column in a SET list, whether its value changes or not. */
static void an_update_touches_an_index_only_where_its_column_changes(void **state)
{
    struct fixture *fixture = *state;
    ledger_file_only();
    fixture_sql(
        fixture,
        "CREATE TABLE touched(name TEXT);"
        "CREATE TRIGGER t1 AFTER UPDATE OF external_id ON customer BEGIN INSERT INTO touched VALUES('key'); END;"
        "CREATE TRIGGER t2 AFTER UPDATE OF user_id ON customer BEGIN INSERT INTO touched VALUES('user'); END");
    struct ledger_customer rows[4];
    rows[0] = fixture_customer(fixture, 1);
    for (int i = 1; i < 4; i++) {
        rows[i] = rows[i - 1];
        rows[i].attempts++;
    }
    begin(fixture);
    fixture_insert(fixture, &rows[0]);
    static const char *const counts[] = {"SELECT count(*) FROM touched",
                                         "SELECT count(*) FROM touched WHERE name = 'user'",
                                         "SELECT count(*) FROM touched WHERE name = 'key'"};
    rows[2].user_id = rows[3].user_id = SLICE_LITERAL("another");
    rows[3].external_id = SLICE_LITERAL("another");
    for (int i = 1; i < 4; i++) {
        fixture_update(fixture, &rows[i - 1], &rows[i]);
        commit(fixture);
        assert_int_equal(fixture_number(fixture, counts[0]), i - 1);
        assert_int_equal(fixture_number(fixture, counts[i - 1]), i == 1 ? 0 : 1);
        begin(fixture);
    }
    commit(fixture);
}

static void a_key_may_go_to_another_customer(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer twin = {
        .id = 1, .external_id = SLICE_LITERAL("A"), .state = LEDGER_UNSENT, .updated_at = 1};
    struct ledger_customer released = twin, other = fixture_customer(fixture, 2), rekeyed = other;
    int64_t id = 0;
    released.external_id = slice_make(NULL, 0);
    rekeyed.external_id = SLICE_LITERAL("A");
    begin(fixture);
    fixture_insert(fixture, &twin);
    fixture_insert(fixture, &other);
    fixture_update(fixture, &twin, &released);
    fixture_update(fixture, &other, &rekeyed);
    commit(fixture);
    fixture_ok(fixture, store_find_key(fixture->store, SLICE_LITERAL("A"), &id, &fixture->error));
    assert_int_equal(id, 2);
    fixture_ok(fixture, store_find_key(fixture->store, other.external_id, &id, &fixture->error));
    assert_int_equal(id, 0);
}

static void two_customers_never_share_a_key_or_a_user(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    for (int i = 0; i < 2; i++) {
        struct ledger_customer first = fixture_customer(fixture, 1), second = fixture_customer(fixture, 2);
        begin(fixture);
        fixture_insert(fixture, &first);
        second.external_id = i == 0 ? first.external_id : second.external_id;
        second.user_id = i == 1 ? first.user_id : second.user_id;
        ledger_row_to_values(&ledger_customer_table, &second, values);
        assert_int_equal(store_insert_customer(fixture->store, values, &fixture->error), -1);
        assert_int_equal(fixture->error.scope, ERROR_LEDGER);
        assert_non_null(strstr(fixture->error.text, i == 0 ? "customer.external_id" : "customer.user_id"));
        assert_int_equal(store_commit(fixture->store, &fixture->error), -1);
    }
}

static void note_identity(void *context, int64_t id, struct slice identity)
{
    char *seen = context;
    assert_int_equal(identity.len, strlen("IDENTITY-0001"));
    seen[strlen(seen)] = (char)('0' + id);
    seen[strlen(seen)] = identity.data[identity.len - 1];
}

static void questions_are_answered_for_each_item(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer rows[3];
    begin(fixture);
    for (int64_t id = 1; id <= 3; id++) {
        struct ledger_customer customer = fixture_customer(fixture, id);
        fixture_insert(fixture, &customer);
    }
    commit(fixture);
    fixture_ok(fixture, store_read_customers(fixture->store, (int64_t[]){3, 9, 1}, 3, &fixture->arena, rows,
                                             &fixture->error));
    assert_int_equal(rows[0].id, 3);
    assert_string_equal(rows[0].external_id.data, "KEY-0003");
    assert_int_equal(rows[1].id, 0);
    assert_int_equal(rows[2].id, 1);
    assert_string_equal(rows[2].user_id.data, "USER-0007");

    const struct slice users[] = {SLICE_LITERAL("USER-0021"), SLICE_LITERAL("nobody"),
                                  SLICE_LITERAL("USER-0007")};
    int64_t owners[3], last;
    fixture_ok(fixture, store_find_owners(fixture->store, users, 3, owners, &fixture->error));
    assert_int_equal(owners[0], 3);
    assert_int_equal(owners[1], 0);
    assert_int_equal(owners[2], 1);
    fixture_ok(fixture, store_last_customer(fixture->store, &last, &fixture->error));
    assert_int_equal(last, 3);

    char seen[8] = "";
    fixture_ok(fixture, store_each_identity(fixture->store, note_identity, seen, &fixture->error));
    assert_string_equal(seen, "102131"); /* each id, and the last digit of its identity */
}

/* Rows that wait for the commit and fill the memory push no row out between its question and its answer: a
 * customer that seems to be missing would be created again. */
static void what_is_asked_for_ahead_is_found_beside_rows_that_wait(void **state)
{
    enum { LARGE = 20, LARGE_LEN = 2 << 20, ALL = LARGE + 2 };
    struct fixture *fixture = *state;
    struct ledger_wanted wanted = {.id_count = 0};
    struct ledger_customer before;
    char *message = calloc(1, LARGE_LEN);
    int64_t id;

    memset(message, 'x', LARGE_LEN);
    begin(fixture);
    for (int64_t i = 1; i <= ALL; i++) {
        struct ledger_customer customer = fixture_customer(fixture, i);
        fixture_insert(fixture, &customer);
    }
    commit(fixture);
    store_close(fixture->store);
    fixture->store = fixture_open(fixture, LEDGER_WRITE);
    begin(fixture);
    for (int64_t i = 1; i <= LARGE; i++) {
        fixture_ok(fixture,
                   store_read_customers(fixture->store, &i, 1, &fixture->arena, &before, &fixture->error));
        struct ledger_customer after = before;
        after.message = slice_make(message, LARGE_LEN);
        fixture_update(fixture, &before, &after);
    }
    ledger_wanted_key(&wanted, SLICE_LITERAL("KEY-0021"));
    ledger_wanted_user(&wanted, fixture_customer(fixture, ALL).user_id);
    for (int i = 0; i < 2; i++) {
        fixture_ok(fixture, store_prefetch(fixture->store, &wanted, &fixture->error));
        fixture_ok(fixture, store_find_key(fixture->store, SLICE_LITERAL("KEY-0021"), &id, &fixture->error));
        assert_int_equal(id, 21);
        fixture_ok(fixture, store_find_owners(fixture->store, wanted.users, 1, &id, &fixture->error));
        assert_int_equal(id, ALL);
    }
    ledger_wanted_clear(&wanted);
    free(message);
}

static void count_brief(void *context, const struct ledger_brief *brief)
{
    char *seen = context;
    assert_int_equal(brief->external_id.len, strlen("KEY-0001"));
    seen[strlen(seen)] = (char)('0' + brief->id % 10);
}

static bool note_customer(void *context, const struct ledger_customer *customer)
{
    char *seen = context;
    seen[strlen(seen)] = (char)('0' + customer->id);
    return true;
}

static bool note_result(void *context, const struct ledger_customer *customer, uint64_t row)
{
    char *seen = context;
    snprintf(seen + strlen(seen), 32, "%d:%d ", (int)customer->id, (int)row);
    return true;
}

static void count_group(void *context, const struct ledger_group *group)
{
    *(uint64_t *)context += group->count;
}

/* 1 created, 2 without a key, 3 erased, 4 open, 5 a twin that run 7 refused. */
static void passes_leave_out_who_has_no_key(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer rows[5];
    for (int i = 0; i < 5; i++) {
        rows[i] = (struct ledger_customer){.id = i + 1, .state = LEDGER_UNSENT, .updated_at = 1};
        rows[i].external_id = fixture_customer(fixture, i + 1).external_id;
    }
    rows[0] = fixture_customer(fixture, 1);
    rows[1].external_id = slice_make(NULL, 0);
    rows[2].state = LEDGER_ERASED;
    rows[3].state = LEDGER_JOURNALLED;
    rows[3].first_sent_at = 5;
    rows[3].pending_digest = rows[3].pending_member_digests = SLICE_LITERAL("x");
    rows[4].state = LEDGER_REFUSED;
    rows[4].twin = LEDGER_TWIN_REFUSED;
    rows[4].updated_run = 7;
    begin(fixture);
    for (int i = 0; i < 5; i++)
        fixture_insert(fixture, &rows[i]);
    commit(fixture);

    char seen[8] = "";
    fixture_ok(fixture, store_scan(fixture->store, count_brief, seen, &fixture->error));
    assert_string_equal(seen, "145");
    static const struct {
        enum store_customers which;
        int64_t after;
        uint64_t max;
        const char *want;
    } passes[] = {
        {STORE_CUSTOMERS_ALL, 0, UINT64_MAX, "1345"},
        {STORE_CUSTOMERS_ALL, 1, 2, "34"},
        {STORE_CUSTOMERS_OPEN, 0, 9, "4"},
        {STORE_CUSTOMERS_USERS, 0, 9, "1"},
        {STORE_CUSTOMERS_USERS, 1, 9, ""},
        {STORE_CUSTOMERS_TWINS, 7, 9, "5"},
        {STORE_CUSTOMERS_TWINS, 8, 9, ""},
    };
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        memset(seen, 0, sizeof seen);
        fixture_ok(fixture, store_each_customer(fixture->store, passes[i].which, passes[i].after,
                                                passes[i].max, note_customer, seen, &fixture->error));
        assert_string_equal(seen, passes[i].want);
    }
    uint64_t count = 0;
    fixture_ok(fixture, store_each_group(fixture->store, count_group, &count, &fixture->error));
    assert_int_equal(count, 4);
}

static struct ledger_event event_of(int64_t id, int64_t customer, int64_t row)
{
    return (struct ledger_event){.id = id,
                                 .customer = customer,
                                 .row = row,
                                 .operation = SLICE_LITERAL("create"),
                                 .outcome = SLICE_LITERAL("created"),
                                 .at = 1,
                                 .seal = SLICE_LITERAL("0123456789abcdef")};
}

static void results_have_the_row_of_the_last_event_that_has_one(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t events[][2] = {{0, 0}, {3, 30}, {1, 12}, {3, 20}, {1, 0}, {0, 0}};
    char seen[64] = "";
    begin(fixture);
    for (int64_t id = 1; id <= 3; id++) {
        struct ledger_customer customer = fixture_customer(fixture, id);
        fixture_insert(fixture, &customer);
    }
    for (int i = 0; i < 6; i++) {
        struct ledger_event event = event_of(i + 1, events[i][0], events[i][1]);
        fixture_append(fixture, &event);
    }
    commit(fixture);
    fixture_ok(fixture, store_begin_read(fixture->store, &fixture->error));
    fixture_ok(fixture, store_each_result(fixture->store, note_result, seen, &fixture->error));
    fixture_ok(fixture, store_end_read(fixture->store, &fixture->error));
    assert_string_equal(seen, "1:12 2:0 3:20 ");
}

struct walk {
    struct ledger_sealer *sealer;
    struct ledger_chain chain;
};

static bool walk_event(void *context, const struct ledger_value *values)
{
    struct walk *walk = context;
    ledger_sealer_add(walk->sealer, values, &walk->chain);
    return true;
}

static void a_removed_body_leaves_the_chain_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    struct walk before = {.sealer = ledger_sealer_new(fixture->key)}, after = {.sealer = before.sealer};
    begin(fixture);
    for (int64_t id = 1; id <= 4; id++) {
        struct ledger_event event = event_of(id, id % 2, 1);
        event.code = id == 3 ? slice_make(NULL, 0) : SLICE_LITERAL("code");
        event.user_id = id == 1 ? SLICE_LITERAL("U") : slice_make(NULL, 0);
        fixture_append(fixture, &event);
    }
    fixture_ok(fixture,
               store_each_row(fixture->store, &ledger_event_table, walk_event, &before, &fixture->error));
    int64_t first = 1;
    struct slice no_user = slice_make(NULL, 0);
    fixture_ok(fixture,
               store_remove_bodies(fixture->store, &first, &no_user, 1, before.sealer, &fixture->error));
    commit(fixture);
    assert_int_equal(fixture_number(fixture,
                                    "SELECT count(*) FROM event WHERE customer = 1 AND "
                                    "(user_id IS NOT NULL OR digest IS NOT NULL OR code IS NOT NULL OR "
                                    "request_id IS NOT NULL)"),
                     0);
    assert_int_equal(
        fixture_number(fixture, "SELECT count(*) FROM event WHERE customer = 0 AND code = 'code'"), 2);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM event WHERE body_digest IS NOT NULL"), 1);
    fixture_ok(fixture,
               store_each_row(fixture->store, &ledger_event_table, walk_event, &after, &fixture->error));
    assert_memory_equal(before.chain.head, after.chain.head, DIGEST_SHA256_LEN);
    ledger_sealer_free(before.sealer);
}

static void the_end_of_the_chain_is_that_of_the_last_commit(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_chain chain = {.last_event = 2}, found;
    struct ledger_run run = {
        .id = 1, .epoch = 1, .command = SLICE_LITERAL("run"), .started = SLICE_LITERAL("now"), .status = -1};
    uint64_t at_ns;
    uint8_t other[DIGEST_SHA256_LEN];
    char hex[2 * DIGEST_SHA256_LEN + 1];
    fixture_ok(fixture, store_last_event(fixture->store, &found, &at_ns, &fixture->error));
    assert_int_equal(found.last_event, 0);
    memset(chain.head, 0xab, sizeof chain.head);
    memset(other, 0xcd, sizeof other);
    begin(fixture);
    for (int64_t id = 1; id <= 2; id++) {
        struct ledger_event event = event_of(id, 1, 1);
        event.at = (uint64_t)id * 10;
        fixture_append(fixture, &event);
    }
    fixture_ok(fixture, store_set_chain(fixture->store, &chain, &fixture->error));
    struct ledger_value values[LEDGER_RUN_COLUMNS];
    run.chain_head = slice_from(digest_hex(other, sizeof other, hex));
    ledger_row_to_values(&ledger_run_table, &run, values);
    fixture_ok(fixture, store_insert_run(fixture->store, values, &fixture->error));
    commit(fixture);
    fixture_ok(fixture, store_last_event(fixture->store, &found, &at_ns, &fixture->error));
    assert_int_equal(found.last_event, 2);
    assert_int_equal(at_ns, 20);
    assert_memory_equal(found.head, chain.head, sizeof chain.head);
    assert_int_equal(store_has_head(fixture->store, chain.head, &fixture->error), 1);
    assert_int_equal(store_has_head(fixture->store, other, &fixture->error), 1);
    other[0] = 0;
    assert_int_equal(store_has_head(fixture->store, other, &fixture->error), 0);
    assert_int_equal(store_has_run(fixture->store, 1, "now", &fixture->error), 1);
    assert_int_equal(store_has_run(fixture->store, 1, "then", &fixture->error), 0);
    assert_int_equal(store_last_run(fixture->store, &fixture->arena, &run, &fixture->error), 1);
    assert_int_equal(run.status, -1);
    assert_string_equal(run.chain_head.data, hex);
    fixture_sql(fixture, "UPDATE event SET chain = NULL");
    assert_int_equal(store_last_event(fixture->store, &found, &at_ns, &fixture->error), -1);
    assert_non_null(strstr(fixture->error.text, "is damaged: its last event has no chain\nhint: restore it"));
}

static void settings_and_nonces_are_kept(void **state)
{
    struct fixture *fixture = *state;
    struct slice value;
    uint64_t floor;
    assert_int_equal(store_meta(fixture->store, "a", &fixture->arena, &value, &fixture->error), 0);
    for (int i = 0; i < 2; i++) {
        begin(fixture);
        fixture_ok(fixture,
                   store_meta_set(fixture->store, "a", slice_from(i ? "" : "text"), &fixture->error));
        fixture_ok(fixture, store_nonce_set(fixture->store, "k", UINT64_MAX - (uint64_t)i, &fixture->error));
        commit(fixture);
        assert_int_equal(store_meta(fixture->store, "a", &fixture->arena, &value, &fixture->error), 1);
        assert_string_equal(value.data, i ? "" : "text");
        fixture_ok(fixture, store_nonce(fixture->store, "k", &floor, &fixture->error));
        assert_true(floor == UINT64_MAX - (uint64_t)i);
    }
    fixture_ok(fixture, store_nonce(fixture->store, "other", &floor, &fixture->error));
    assert_true(floor == 0);
}

static void a_row_that_lacks_a_value_is_damage(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer = fixture_customer(fixture, 1);
    begin(fixture);
    fixture_insert(fixture, &customer);
    commit(fixture);
    fixture_sql(fixture, "UPDATE customer SET user_id = NULL");
    assert_int_equal(
        store_read_customers(fixture->store, (int64_t[]){1}, 1, &fixture->arena, &customer, &fixture->error),
        -1);
    assert_non_null(strstr(fixture->error.text, "is damaged: customer 1 has no user_id\nhint: restore it "));
    char seen[8] = "";
    assert_int_equal(store_scan(fixture->store, count_brief, seen, &fixture->error), -1);
    assert_non_null(strstr(fixture->error.text, "customer 1 has no user_id"));
    assert_int_equal(store_check_complete(fixture->store, &fixture->error), -1);
    assert_non_null(strstr(fixture->error.text, "customer 1 has no user_id"));
    /* What follows from a failed read is not committed. */
    begin(fixture);
    assert_int_equal(
        store_read_customers(fixture->store, (int64_t[]){1}, 1, &fixture->arena, &customer, &fixture->error),
        -1);
    assert_int_equal(store_commit(fixture->store, &fixture->error), -1);
    begin(fixture);
    commit(fixture);
}

/* Grows with each transaction that is written: the log; of a database the time at which one was fenced. */
static int64_t trace_of_writes(struct fixture *fixture)
{
    char path[LEDGER_FILE_PATH_SIZE + 16];
    struct stat info;
    if (ledger_file_server())
        return fixture_number(fixture,
                              "SELECT (extract(epoch FROM renewed_at) * 1000000)::bigint FROM writer");
    snprintf(path, sizeof path, "%s-wal", fixture->path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

static void an_empty_transaction_writes_nothing(void **state)
{
    struct fixture *fixture = *state;
    int64_t before = trace_of_writes(fixture);
    begin(fixture);
    commit(fixture);
    assert_int_equal(trace_of_writes(fixture), before);
    begin(fixture);
    fixture_ok(fixture, store_meta_set(fixture->store, "a", SLICE_LITERAL("b"), &fixture->error));
    commit(fixture);
    assert_true(trace_of_writes(fixture) > before);
}

static bool count_row(void *context, const struct ledger_value *values)
{
    (void)values;
    ++*(int *)context;
    return true;
}

static int count_rows(struct fixture *fixture, struct store *store, const struct ledger_table *table)
{
    int count = 0;
    fixture_ok(fixture, store_each_row(store, table, count_row, &count, &fixture->error));
    return count;
}

static void two_views_see_one_state(void **state)
{
    struct fixture *fixture = *state;
    struct store *reader = fixture_open(fixture, LEDGER_READ);
    for (int64_t id = 1; id <= 3; id++) {
        struct store *view = store_open_view(reader, &fixture->error);
        assert_non_null(view);
        begin(fixture);
        struct ledger_customer customer = fixture_customer(fixture, id);
        struct ledger_event event = event_of(id, id, 1);
        struct ledger_chain chain = {.last_event = id};
        fixture_insert(fixture, &customer);
        fixture_append(fixture, &event);
        fixture_ok(fixture, store_set_chain(fixture->store, &chain, &fixture->error));
        commit(fixture);
        assert_int_equal(count_rows(fixture, reader, &ledger_event_table), id - 1);
        assert_int_equal(count_rows(fixture, view, &ledger_customer_table), id - 1);
        assert_int_equal(count_rows(fixture, fixture->store, &ledger_event_table), id);
        store_close(view);
        fixture_ok(fixture, store_end_read(reader, &fixture->error));
    }
    store_close(reader);
}

/* Else a run would create it again, and give its id to another one. */
static void a_scan_finds_a_missing_row(void **state)
{
    static const struct {
        const char *change, *want;
    } changes[] = {
        {"DELETE FROM customer WHERE id = 1", "customer 1 is missing"},
        {"DELETE FROM customer WHERE id = 3", "customer 3 is missing"},
        {"UPDATE customer SET id = -7 WHERE id = 4", "customer 1 is missing"},
        {"UPDATE customer SET id = 9223372036854775807 WHERE id = 4", "customer 4 is missing"},
    };
    struct fixture *fixture = *state;
    begin(fixture);
    for (int64_t id = 1; id <= 5; id++) {
        struct ledger_customer customer = fixture_customer(fixture, id);
        fixture_insert(fixture, &customer);
    }
    commit(fixture);
    fixture_sql(fixture, "CREATE TABLE kept AS SELECT * FROM customer");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char seen[8] = "";
        fixture_ok(fixture, store_scan(fixture->store, count_brief, seen, &fixture->error));
        assert_string_equal(seen, "12345");
        memset(seen, 0, sizeof seen);
        fixture_sql(fixture, changes[i].change);
        assert_int_equal(store_scan(fixture->store, count_brief, seen, &fixture->error), -1);
        assert_non_null(strstr(fixture->error.text, changes[i].want));
        fixture_sql(fixture, "DELETE FROM customer; INSERT INTO customer SELECT * FROM kept");
    }
}

/* A database finds out at the commit. */
static void assert_not_written(struct fixture *fixture, int code, const char *want)
{
    if (ledger_file_server()) {
        assert_int_equal(code, 0);
        code = store_commit(fixture->store, &fixture->error);
    }
    assert_int_equal(code, -1);
    assert_non_null(strstr(fixture->error.text, want));
    assert_int_equal(store_commit(fixture->store, &fixture->error), -1);
    assert_non_null(strstr(fixture->error.text, want));
}

/* As a trigger of another program, or a row that it deleted, would have it. */
static void a_row_that_is_not_written_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_customer customer = fixture_customer(fixture, 1);
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    ledger_row_to_values(&ledger_customer_table, &customer, values);
    if (ledger_file_server())
        fixture_sql(fixture,
                    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
                    "CREATE TRIGGER t BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION f()");
    else
        fixture_sql(fixture, "CREATE TRIGGER t BEFORE INSERT ON customer BEGIN SELECT raise(ignore); END");
    begin(fixture);
    assert_not_written(fixture, store_insert_customer(fixture->store, values, &fixture->error),
                       "or a trigger prevents it");
    begin(fixture);
    assert_not_written(fixture, store_update_customer(fixture->store, &customer, values, &fixture->error),
                       "a row that was written is missing");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_column_is_stored_as_given),
        TEST(every_column_is_updated),
        TEST(an_update_touches_an_index_only_where_its_column_changes),
        TEST(a_key_may_go_to_another_customer),
        TEST(two_customers_never_share_a_key_or_a_user),
        TEST(questions_are_answered_for_each_item),
        TEST(what_is_asked_for_ahead_is_found_beside_rows_that_wait),
        TEST(passes_leave_out_who_has_no_key),
        TEST(results_have_the_row_of_the_last_event_that_has_one),
        TEST(a_removed_body_leaves_the_chain_as_it_was),
        TEST(the_end_of_the_chain_is_that_of_the_last_commit),
        TEST(settings_and_nonces_are_kept),
        TEST(a_row_that_lacks_a_value_is_damage),
        TEST(an_empty_transaction_writes_nothing),
        TEST(two_views_see_one_state),
        TEST(a_scan_finds_a_missing_row),
        TEST(a_row_that_is_not_written_is_an_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
