/* PostgreSQL against SQLite: the same random calls of both stores have the same answers, whatever waits for a
 * commit, is kept in memory, was flushed early or rolled back. Only with KYC_LEDGER=postgresql; KYC_SEED and
 * KYC_STEPS_MAX repeat a run. */
#include "unit/ledger/store_fixture.h"

enum {
    KEYS = 400, /* few, so that they go from one customer to another */
    USERS = 300,
    FIRST_CUSTOMERS = 20000, /* more than the cache keeps */
    STEPS = 6000,
    WANTED_MAX = 12,
    EVENTS = 9000, /* more than wait in memory */
};

struct pair {
    struct fixture *fixture;
    struct store *stores[2]; /* SQLite, PostgreSQL */
    struct arena arena;
    struct error errors[2];
    uint64_t random;
    int64_t last_customer, last_task, last_event, committed[3];
    int step;
};

static uint64_t draw(struct pair *pair, uint64_t below)
{
    pair->random ^= pair->random << 13;
    pair->random ^= pair->random >> 7;
    pair->random ^= pair->random << 17;
    return pair->random % below;
}

static void assert_same(struct pair *pair, const char *what, int64_t sqlite, int64_t postgres)
{
    if (sqlite != postgres)
        fail_msg("step %d: %s: %lld in SQLite, %lld in PostgreSQL: %s%s", pair->step, what, (long long)sqlite,
                 (long long)postgres, pair->errors[0].text, pair->errors[1].text);
}

/* Both must succeed. */
/* NOLINTBEGIN(bugprone-macro-parentheses): i is a name. */
#define BOTH(pair, i, call)                                                                                  \
    do {                                                                                                     \
        for (int i = 0; i < 2; i++)                                                                          \
            if ((call) < 0)                                                                                  \
                fail_msg("step %d, store %d: %s: %s", (pair)->step, i, #call, (pair)->errors[i].text);       \
    } while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

static struct slice key_of(struct pair *pair, uint64_t number)
{
    return arena_printf(&pair->arena, "KEY-%d", (int)number);
}

static struct slice user_of(struct pair *pair, uint64_t number)
{
    return arena_printf(&pair->arena, "USER-%d", (int)number);
}

/* A random customer: most are among the last ones, which are changed often. */
static int64_t some_customer(struct pair *pair)
{
    int64_t last = pair->last_customer;
    int64_t among = draw(pair, 3) > 0 && last > 50 ? 50 : last;
    return last - (int64_t)draw(pair, (uint64_t)among);
}

static void assert_same_row(struct pair *pair, const struct ledger_table *table, const void *rows[2])
{
    struct ledger_value values[2][LEDGER_COLUMNS_MAX];
    for (int i = 0; i < 2; i++)
        ledger_row_to_values(table, rows[i], values[i]);
    for (size_t i = 0; i < table->count; i++)
        if (values[0][i].is_null != values[1][i].is_null || values[0][i].number != values[1][i].number ||
            !slice_equal(values[0][i].bytes, values[1][i].bytes))
            fail_msg("step %d: %s.%s of %lld differs", pair->step, table->name, table->columns[i].name,
                     (long long)values[0][0].number);
}

/* The row that both have. False: none. */
static bool read_both(struct pair *pair, int64_t id, struct ledger_customer *customer)
{
    struct ledger_customer rows[2];
    BOTH(pair, i, store_read_customers(pair->stores[i], &id, 1, &pair->arena, &rows[i], &pair->errors[i]));
    assert_same(pair, "a customer", rows[0].id, rows[1].id);
    if (rows[0].id != 0)
        assert_same_row(pair, &ledger_customer_table, (const void *[]){&rows[0], &rows[1]});
    *customer = rows[0];
    return rows[0].id != 0;
}

static int64_t find_both(struct pair *pair, struct slice key, struct slice user)
{
    int64_t ids[2];
    if (key.len > 0)
        BOTH(pair, i, store_find_key(pair->stores[i], key, &ids[i], &pair->errors[i]));
    else
        BOTH(pair, i, store_find_owners(pair->stores[i], &user, 1, &ids[i], &pair->errors[i]));
    assert_same(pair, key.len > 0 ? "a key" : "a user", ids[0], ids[1]);
    return ids[0];
}

static void update_both(struct pair *pair, const struct ledger_customer *before, struct ledger_customer after)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    after.attempts++;
    ledger_row_to_values(&ledger_customer_table, &after, values);
    BOTH(pair, i, store_update_customer(pair->stores[i], before, values, &pair->errors[i]));
}

static void set_user(struct ledger_customer *customer, struct slice user)
{
    bool has_user = user.len > 0;
    customer->user_id = user;
    customer->state = has_user ? LEDGER_CREATED : LEDGER_UNSENT;
    customer->digest = has_user ? SLICE_LITERAL("digest") : slice_make(NULL, 0);
    customer->member_digests = has_user ? SLICE_LITERAL("members") : slice_make(NULL, 0);
}

/* Steps. */

static void insert_customer(struct pair *pair)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    struct ledger_customer customer = {.id = pair->last_customer + 1, .updated_at = 1};
    struct slice user = draw(pair, 2) == 0 ? user_of(pair, draw(pair, USERS)) : slice_make(NULL, 0);
    customer.external_id = key_of(pair, draw(pair, KEYS));
    if (find_both(pair, customer.external_id, user) != 0)
        customer.external_id = arena_printf(&pair->arena, "NEW-%d", (int)customer.id);
    if (user.len > 0 && find_both(pair, slice_make(NULL, 0), user) != 0)
        user = slice_make(NULL, 0);
    set_user(&customer, user);
    ledger_row_to_values(&ledger_customer_table, &customer, values);
    BOTH(pair, i, store_insert_customer(pair->stores[i], values, &pair->errors[i]));
    pair->last_customer++;
}

/* Its text is given up by the customer that has it. */
static void move_text(struct pair *pair)
{
    struct ledger_customer customer, owner;
    bool is_key = draw(pair, 2) == 0;
    struct slice text = is_key ? key_of(pair, draw(pair, KEYS)) : user_of(pair, draw(pair, USERS));
    int64_t id = find_both(pair, is_key ? text : slice_make(NULL, 0), text);
    if (!read_both(pair, some_customer(pair), &customer) || id == customer.id)
        return;
    if (id != 0) {
        read_both(pair, id, &owner);
        struct ledger_customer released = owner;
        if (is_key) {
            set_user(&released, slice_make(NULL, 0));
            released.external_id = slice_make(NULL, 0);
        } else {
            set_user(&released, slice_make(NULL, 0));
            if (released.external_id.len == 0)
                released.external_id = slice_make(NULL, 0);
        }
        update_both(pair, &owner, released);
    }
    struct ledger_customer after = customer;
    if (is_key)
        after.external_id = text;
    else if (customer.external_id.len > 0)
        set_user(&after, text);
    update_both(pair, &customer, after);
}

static void change_row(struct pair *pair)
{
    struct ledger_customer customer, after;
    if (!read_both(pair, some_customer(pair), &customer))
        return;
    after = customer;
    after.message = arena_printf(&pair->arena, "message %d", pair->step);
    after.verification_at = draw(pair, 5);
    update_both(pair, &customer, after);
}

static void look_up(struct pair *pair)
{
    struct ledger_customer customer;
    find_both(pair, key_of(pair, draw(pair, KEYS)), slice_make(NULL, 0));
    find_both(pair, slice_make(NULL, 0), user_of(pair, draw(pair, USERS)));
    read_both(pair, some_customer(pair), &customer);
    read_both(pair, pair->last_customer + 1, &customer);
    find_both(pair, SLICE_LITERAL("K\xff"), slice_make(NULL, 0));
}

static void ask_ahead(struct pair *pair)
{
    struct ledger_wanted wanted = {.id_count = 0};
    for (int i = 0; i < WANTED_MAX; i++) {
        ledger_wanted_id(&wanted, some_customer(pair));
        ledger_wanted_key(&wanted, key_of(pair, draw(pair, KEYS)));
        ledger_wanted_user(&wanted, user_of(pair, draw(pair, USERS)));
    }
    BOTH(pair, i, store_prefetch(pair->stores[i], &wanted, &pair->errors[i]));
    ledger_wanted_clear(&wanted);
}

static void write_task(struct pair *pair)
{
    struct ledger_task tasks[2];
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    int found[2];
    int64_t customer = 1 + (int64_t)draw(pair, 30);
    struct slice slot = arena_printf(&pair->arena, "%d", (int)draw(pair, 3));
    enum ledger_task_kind kind = draw(pair, 2) == 0 ? LEDGER_TASK_LINK : LEDGER_TASK_DOCUMENT;
    for (int i = 0; i < 2; i++)
        found[i] =
            store_find_task(pair->stores[i], customer, kind, slot, &pair->arena, &tasks[i], &pair->errors[i]);
    assert_same(pair, "a task", found[0], found[1]);
    if (found[0] == 1) {
        assert_same_row(pair, &ledger_task_table, (const void *[]){&tasks[0], &tasks[1]});
        bool sets_slot = draw(pair, 4) == 0;
        if (sets_slot)
            tasks[0].slot = arena_printf(&pair->arena, "erased %d", (int)tasks[0].id);
        tasks[0].attempts++;
        ledger_row_to_values(&ledger_task_table, &tasks[0], values);
        BOTH(pair, i, store_update_task(pair->stores[i], values, sets_slot, &pair->errors[i]));
        return;
    }
    const struct ledger_task task = {
        .id = ++pair->last_task, .customer = customer, .kind = kind, .slot = slot};
    ledger_row_to_values(&ledger_task_table, &task, values);
    BOTH(pair, i, store_insert_task(pair->stores[i], values, &pair->errors[i]));
}

static void read_tasks(struct pair *pair)
{
    struct ledger_task tasks[2];
    int64_t ids[2], customer = 1 + (int64_t)draw(pair, 30), task = 1 + (int64_t)draw(pair, 40);
    int found[2];
    BOTH(pair, i, store_last_task(pair->stores[i], &ids[i], &pair->errors[i]));
    assert_same(pair, "the last task", ids[0], ids[1]);
    for (int i = 0; i < 2; i++)
        found[i] = store_read_task(pair->stores[i], task, &pair->arena, &tasks[i], &pair->errors[i]);
    assert_same(pair, "a task by id", found[0], found[1]);
    if (found[0] == 1)
        assert_same_row(pair, &ledger_task_table, (const void *[]){&tasks[0], &tasks[1]});
    for (int i = 0; i < 2; i++)
        found[i] =
            store_next_task_of(pair->stores[i], customer, task, &pair->arena, &tasks[i], &pair->errors[i]);
    assert_same(pair, "the next task", found[0], found[1]);
    if (found[0] == 1)
        assert_same_row(pair, &ledger_task_table, (const void *[]){&tasks[0], &tasks[1]});
}

static void use_notes(struct pair *pair)
{
    struct slice key = key_of(pair, draw(pair, 5)), values[2] = {{.len = 0}, {.len = 0}};
    uint64_t floors[2], times[2], number = draw(pair, 1000);
    int64_t customer = 1 + (int64_t)draw(pair, 20);
    int found[2];
    if (draw(pair, 2) == 0) {
        BOTH(pair, i, store_meta_set(pair->stores[i], key.data, key_of(pair, number), &pair->errors[i]));
        BOTH(pair, i, store_nonce_set(pair->stores[i], key.data, number, &pair->errors[i]));
    }
    if (draw(pair, 2) == 0)
        BOTH(pair, i, store_reading_set(pair->stores[i], customer, number, &pair->errors[i]));
    else if (draw(pair, 3) == 0)
        BOTH(pair, i, store_reading_remove(pair->stores[i], customer, &pair->errors[i]));
    if (draw(pair, 20) == 0)
        BOTH(pair, i, store_reading_forget(pair->stores[i], number, &pair->errors[i]));
    for (int i = 0; i < 2; i++)
        found[i] = store_meta(pair->stores[i], key.data, &pair->arena, &values[i], &pair->errors[i]);
    assert_same(pair, "a setting", found[0], found[1]);
    assert_true(slice_equal(values[0], values[1]));
    BOTH(pair, i, store_nonce(pair->stores[i], key.data, &floors[i], &pair->errors[i]));
    assert_same(pair, "a floor", (int64_t)floors[0], (int64_t)floors[1]);
    customer = 1 + (int64_t)draw(pair, 20);
    BOTH(pair, i, store_reading(pair->stores[i], customer, &times[i], &pair->errors[i]));
    assert_same(pair, "a reading", (int64_t)times[0], (int64_t)times[1]);
}

static void append_event(struct pair *pair)
{
    struct ledger_value values[LEDGER_EVENT_COLUMNS];
    struct ledger_event event = {.id = ++pair->last_event,
                                 .customer = draw(pair, 20) == 0 ? 0 : some_customer(pair),
                                 .operation = SLICE_LITERAL("create"),
                                 .outcome = SLICE_LITERAL("created"),
                                 .at = 1 + draw(pair, 100),
                                 .seal = SLICE_LITERAL("0123456789abcdef")};
    event.row = event.customer == 0 ? pair->last_customer : 7;
    ledger_row_to_values(&ledger_event_table, &event, values);
    BOTH(pair, i, store_append_event(pair->stores[i], values, &pair->errors[i]));
}

/* So many that they are sent before the commit. */
static void append_many(struct pair *pair)
{
    for (int i = 0; i < EVENTS && draw(pair, 2 * EVENTS) > 0; i++)
        append_event(pair);
}

static bool count_customer(void *context, const struct ledger_customer *customer)
{
    uint64_t *sum = context;
    *sum = *sum * 31 + (uint64_t)customer->id + customer->attempts;
    return true;
}

/* A pass sees what waits. */
static void pass(struct pair *pair)
{
    uint64_t sums[2] = {0, 0};
    int64_t last[2], named[2];
    BOTH(pair, i,
         store_each_customer(pair->stores[i], STORE_CUSTOMERS_USERS, pair->last_customer - 60, UINT64_MAX,
                             count_customer, &sums[i], &pair->errors[i]));
    assert_same(pair, "a pass", (int64_t)sums[0], (int64_t)sums[1]);
    BOTH(pair, i, store_last_customer(pair->stores[i], &last[i], &pair->errors[i]));
    assert_same(pair, "the last customer", last[0], last[1]);
    BOTH(pair, i, store_last_named_customer(pair->stores[i], &named[i], &pair->errors[i]));
    assert_same(pair, "the last named customer", named[0], named[1]);
}

static void begin_both(struct pair *pair)
{
    BOTH(pair, i, store_begin(pair->stores[i], &pair->errors[i]));
    pair->last_customer = pair->committed[0];
    pair->last_task = pair->committed[1];
    pair->last_event = pair->committed[2];
}

static void commit_both(struct pair *pair)
{
    struct ledger_chain chain = {.last_event = pair->last_event}, found[2];
    uint64_t times[2];
    memset(chain.head, (int)draw(pair, 256), sizeof chain.head);
    if (pair->last_event > pair->committed[2])
        BOTH(pair, i, store_set_chain(pair->stores[i], &chain, &pair->errors[i]));
    BOTH(pair, i, store_commit(pair->stores[i], &pair->errors[i]));
    pair->committed[0] = pair->last_customer;
    pair->committed[1] = pair->last_task;
    pair->committed[2] = pair->last_event;
    BOTH(pair, i, store_last_event(pair->stores[i], &found[i], &times[i], &pair->errors[i]));
    assert_same(pair, "the last event", found[0].last_event, found[1].last_event);
    assert_same(pair, "its time", (int64_t)times[0], (int64_t)times[1]);
    assert_memory_equal(found[0].head, found[1].head, sizeof found[0].head);
}

static void fill(struct pair *pair)
{
    struct ledger_value values[LEDGER_CUSTOMER_COLUMNS];
    begin_both(pair);
    while (pair->last_customer < FIRST_CUSTOMERS) {
        struct ledger_customer customer = {.id = ++pair->last_customer, .updated_at = 1};
        customer.external_id = arena_printf(&pair->arena, "FIRST-%d", (int)customer.id);
        set_user(&customer, arena_printf(&pair->arena, "U-%d", (int)customer.id));
        ledger_row_to_values(&ledger_customer_table, &customer, values);
        BOTH(pair, i, store_put_row(pair->stores[i], &ledger_customer_table, values, &pair->errors[i]));
        arena_reset(&pair->arena);
    }
    commit_both(pair);
}

struct rows {
    struct ledger_sealer *sealer;
    uint8_t sum[DIGEST_SHA256_LEN];
    const struct ledger_table *table;
    uint64_t count;
};

static bool add_row(void *context, const struct ledger_value *values)
{
    struct rows *rows = context;
    uint8_t seal[LEDGER_SEAL_LEN];
    ledger_sealer_seal(rows->sealer, rows->table, values, seal);
    for (size_t i = 0; i < sizeof seal; i++)
        rows->sum[i] = (uint8_t)(rows->sum[i] * 3 + seal[i]);
    rows->count++;
    return true;
}

static void compare_tables(struct pair *pair)
{
    static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_task_table};
    struct ledger_sealer *sealer = ledger_sealer_new(pair->fixture->key);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        struct rows rows[2] = {{.sealer = sealer, .table = tables[t]},
                               {.sealer = sealer, .table = tables[t]}};
        BOTH(pair, i, store_each_row(pair->stores[i], tables[t], add_row, &rows[i], &pair->errors[i]));
        assert_same(pair, tables[t]->name, (int64_t)rows[0].count, (int64_t)rows[1].count);
        assert_memory_equal(rows[0].sum, rows[1].sum, sizeof rows[0].sum);
    }
    ledger_sealer_free(sealer);
}

static void remove_file(const char *folder)
{
    static const char *const suffixes[] = {"", ".lock", "-wal", "-shm"};
    char path[64];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(path, sizeof path, "%s/ledger%s", folder, suffixes[i]);
        unlink(path);
    }
}

static uint64_t number_of(const char *name, uint64_t other)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : other;
}

static void both_stores_give_the_same_answers(void **state)
{
    static void (*const steps[])(struct pair * pair) = {
        insert_customer, move_text,  move_text,  change_row, change_row, look_up,      look_up,      look_up,
        ask_ahead,       write_task, write_task, read_tasks, use_notes,  append_event, append_event, pass,
    };
    struct pair pair = {.fixture = *state, .random = number_of("KYC_SEED", 0x9e3779b97f4a7c15u)};
    char path[64];
    bool is_new;
    if (!ledger_file_server())
        skip();
    snprintf(path, sizeof path, "%s/ledger", pair.fixture->folder);
    const struct ledger_place place = {.location = path, .job = "demo", .key = ledger_file_key(NULL)};
    arena_init(&pair.arena, 4096);
    pair.stores[0] = store_open(&place, LEDGER_MAKE, pair.fixture->key, &is_new, &pair.errors[0]);
    pair.stores[1] = pair.fixture->store;
    assert_non_null(pair.stores[0]);
    assert_int_equal(store_begin(pair.stores[0], &pair.errors[0]), 0);
    assert_int_equal(store_create_tables(pair.stores[0], &pair.errors[0]), 0);
    assert_int_equal(store_commit(pair.stores[0], &pair.errors[0]), 0);
    fill(&pair);
    begin_both(&pair);
    int last = (int)number_of("KYC_STEPS_MAX", STEPS);
    for (pair.step = 0; pair.step < last; pair.step++) {
        uint64_t way = draw(&pair, 40);
        if (way < 2) {
            commit_both(&pair);
            begin_both(&pair);
        } else if (way == 3 && draw(&pair, 60) == 0) {
            append_many(&pair);
        } else if (way == 2) {
            begin_both(&pair); /* rolls back */
        } else {
            /* A pass is rare: most transactions wait whole in memory. */
            size_t which = draw(&pair, sizeof steps / sizeof *steps - (draw(&pair, 8) > 0));
            steps[which](&pair);
        }
        arena_reset(&pair.arena);
    }
    commit_both(&pair);
    compare_tables(&pair);
    store_close(pair.stores[0]);
    remove_file(pair.fixture->folder);
    arena_clear(&pair.arena);
}

/* Failures of the database. */

static int commit_customer(struct fixture *fixture, int64_t id)
{
    struct ledger_customer customer = fixture_customer(fixture, id);
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
    fixture_insert(fixture, &customer);
    return store_commit(fixture->store, &fixture->error);
}

static void assert_failed_for_good(struct fixture *fixture, enum error_scope scope, const char *want)
{
    char first[ERROR_TEXT_MAX];
    int64_t id;
    assert_int_equal(fixture->error.scope, scope);
    if (!strstr(fixture->error.text, want))
        fail_msg("%s", fixture->error.text);
    snprintf(first, sizeof first, "%s", fixture->error.text);
    assert_true(store_has_failed(fixture->store));
    for (int i = 0; i < 3; i++) {
        fixture->error = (struct error){.scope = ERROR_NONE};
        assert_int_equal(i == 0   ? store_begin(fixture->store, &fixture->error)
                         : i == 1 ? store_commit(fixture->store, &fixture->error)
                                  : store_find_key(fixture->store, SLICE_LITERAL("K"), &id, &fixture->error),
                         -1);
        assert_int_equal(fixture->error.scope, scope);
        assert_string_equal(fixture->error.text, first);
    }
}

#define TAKE_OVER                                                                                            \
    "UPDATE writer SET epoch = epoch + 1, holder = 'other.example 1f-2e 402653 77 9 2026-11-29T02:00:00Z'"
#define TAKEN "over: other.example, process 77, since 2026-11-29T02:00:00Z\nhint: "

static void a_ledger_that_was_taken_over_is_not_written(void **state)
{
    struct fixture *fixture = *state;
    if (!ledger_file_server())
        skip();
    assert_int_equal(commit_customer(fixture, 1), 0);
    ledger_file_sql(fixture->path, TAKE_OVER);
    assert_int_equal(commit_customer(fixture, 2), -1);
    assert_failed_for_good(fixture, ERROR_BUSY, TAKEN);
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 1);
}

/* The second time because another run ended it; the third time a standby that lags is found after it. */
static void a_lost_connection_fails_the_ledger(void **state)
{
    for (int i = 0; i < 3 && ledger_file_server(); i++) {
        struct fixture *fixture = *state;
        if (i > 0) {
            fixture_teardown(state);
            fixture_setup(state);
            fixture = *state;
        }
        assert_int_equal(commit_customer(fixture, 1), 0);
        if (i == 1)
            ledger_file_sql(fixture->path, TAKE_OVER);
        if (i == 2)
            ledger_file_sql(fixture->path, "UPDATE writer SET epoch = epoch - 1, holder = ''");
        assert_int_equal(fixture_number(fixture, "SELECT pg_terminate_backend(backend)::int FROM writer"), 1);
        assert_int_equal(commit_customer(fixture, 2), -1);
        assert_failed_for_good(fixture, i != 1 ? ERROR_LEDGER : ERROR_BUSY,
                               i != 1 ? "the connection to the database was lost\nhint: " : TAKEN);
        assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer"), 1);
    }
    if (!ledger_file_server())
        skip();
}

/* The server's own message and its detail have the value. */
static void no_message_quotes_a_value(void **state)
{
    struct fixture *fixture = *state;
    if (!ledger_file_server())
        skip();
    ledger_file_sql(fixture->path,
                    "INSERT INTO customer(id, external_id, state, operation, refusals, attempts, "
                    "updated_at) VALUES(9, 'KEY-0001', 'unsent', 'create', 0, 0, 1)");
    assert_int_equal(commit_customer(fixture, 1), -1);
    assert_int_equal(fixture->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(fixture->error.text, "customer.external_id"));
    assert_null(strstr(fixture->error.text, "KEY-0001"));
    /* The next transaction is written. */
    assert_false(store_has_failed(fixture->store));
    assert_int_equal(commit_customer(fixture, 2), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_stores_give_the_same_answers),
        TEST(a_ledger_that_was_taken_over_is_not_written),
        TEST(a_lost_connection_fails_the_ledger),
        TEST(no_message_quotes_a_value),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_postgres", tests, NULL, NULL);
}
