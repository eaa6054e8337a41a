/* Passes over many rows: each row once, in its order, while whoever is called asks and writes. */
#include "core/clock.h"
#include "unit/ledger/store_fixture.h"

enum { MANY = 4100 }; /* more than any database gives at once */

static void begin(struct fixture *fixture)
{
    fixture_ok(fixture, store_begin(fixture->store, &fixture->error));
}

static void commit(struct fixture *fixture)
{
    fixture_ok(fixture, store_commit(fixture->store, &fixture->error));
}

static void insert_task(struct fixture *fixture, int64_t id, enum ledger_task_kind kind)
{
    const struct ledger_task task = {
        .id = id,
        .customer = (id + 1) / 2,
        .kind = kind,
        .slot = arena_printf(&fixture->arena, "slot %lld", (long long)id),
        .state = LEDGER_TASK_DONE,
        .digest = SLICE_LITERAL("digest"),
        .created_at = 1,
        .updated_at = 1,
    };
    struct ledger_value values[LEDGER_TASK_COLUMNS];
    ledger_row_to_values(&ledger_task_table, &task, values);
    fixture_ok(fixture, store_insert_task(fixture->store, values, &fixture->error));
}

static void append_event(struct fixture *fixture, int64_t id, int64_t customer, int64_t row)
{
    const struct ledger_event event = {
        .id = id,
        .run = 1,
        .customer = customer,
        .row = row,
        .operation = SLICE_LITERAL("create"),
        .outcome = SLICE_LITERAL("done"),
        .at = 1,
        .seal = SLICE_LITERAL("0123456789abcdef"),
    };
    fixture_append(fixture, &event);
}

/* Customers, a link and a document for each, and an event for each. */
static void fill(struct fixture *fixture, int64_t count)
{
    begin(fixture);
    for (int64_t id = 1; id <= count; id++) {
        struct ledger_customer customer = fixture_customer(fixture, id);
        customer.user_id = arena_printf(&fixture->arena, "USER-%lld", (long long)id);
        customer.external_id = arena_printf(&fixture->arena, "KEY-%lld", (long long)id);
        fixture_insert(fixture, &customer);
        append_event(fixture, id, id, id + 7);
        insert_task(fixture, 2 * id - 1, LEDGER_TASK_LINK);
        insert_task(fixture, 2 * id, LEDGER_TASK_DOCUMENT);
    }
    commit(fixture);
}

struct pass {
    struct fixture *fixture;
    int64_t last, count, sum, end_after; /* end_after: rows; 0: all */
    bool writes;
};

static bool goes_on(struct pass *pass, int64_t id)
{
    if (id <= pass->last)
        fail_msg("%lld follows %lld", (long long)id, (long long)pass->last);
    pass->last = id;
    pass->sum += id;
    return ++pass->count != pass->end_after;
}

static bool note_values(void *context, const struct ledger_value *values)
{
    return goes_on(context, values[0].number);
}

static bool note_customer(void *context, const struct ledger_customer *customer)
{
    struct pass *pass = context;
    char want[32];
    snprintf(want, sizeof want, "KEY-%lld", (long long)customer->id);
    assert_string_equal(customer->external_id.data, want);
    return goes_on(pass, customer->id);
}

static bool note_result(void *context, const struct ledger_customer *customer, uint64_t row)
{
    assert_int_equal(row, customer->id + 7);
    return note_customer(context, customer);
}

static bool note_task(void *context, const struct ledger_task *task)
{
    assert_int_equal(task->customer, (task->id + 1) / 2);
    return goes_on(context, task->id);
}

static void note_brief(void *context, const struct ledger_brief *brief)
{
    struct pass *pass = context;
    pass->count++;
    pass->sum += brief->id;
    assert_true(brief->has_user_id);
    assert_false(brief->pending || brief->open || brief->identified);
    assert_true(brief->digest == UINT64_C(0x0000747365676964)); /* `digest`, the first byte lowest */
}

static void note_user(void *context, struct slice user_id, bool is_deleted)
{
    struct pass *pass = context;
    pass->count++;
    pass->sum += strtoll(user_id.data + strlen("USER-"), NULL, 10);
    assert_false(is_deleted);
}

static void note_identity(void *context, int64_t id, struct slice identity)
{
    struct pass *pass = context;
    char want[32];
    snprintf(want, sizeof want, "IDENTITY-%04d", (int)(id / 2));
    assert_int_equal(identity.len, strlen(want));
    assert_memory_equal(identity.data, want, identity.len);
    pass->count++;
    pass->sum += id;
}

#define ASSERT_PASS(pass, want_count, want_sum)                                                              \
    do {                                                                                                     \
        assert_int_equal((pass).count, want_count);                                                          \
        assert_int_equal((pass).sum, want_sum);                                                              \
        (pass) = (struct pass){.fixture = fixture};                                                          \
    } while (0)

static void many_rows_are_given_once_each(void **state)
{
    static const struct ledger_table *const tables[] = {&ledger_customer_table, &ledger_event_table,
                                                        &ledger_task_table};
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct error *error = &fixture->error;
    struct pass pass = {.fixture = fixture};
    const int64_t all = (int64_t)MANY * (MANY + 1) / 2, tasks = (int64_t)MANY * (2 * MANY + 1);
    fill(fixture, MANY);

    for (int i = 0; i < 3; i++) {
        fixture_ok(fixture, store_begin_read(store, error));
        fixture_ok(fixture, store_each_row(store, tables[i], note_values, &pass, error));
        ASSERT_PASS(pass, i == 2 ? 2 * MANY : MANY, i == 2 ? tasks : all);
        fixture_ok(fixture, store_end_read(store, error));
    }
    fixture_ok(fixture, store_scan(store, note_brief, &pass, error));
    ASSERT_PASS(pass, MANY, all);
    fixture_ok(fixture, store_each_user(store, note_user, &pass, error));
    ASSERT_PASS(pass, MANY, all);
    fixture_ok(fixture, store_each_identity(store, note_identity, &pass, error));
    ASSERT_PASS(pass, MANY, all);
    fixture_ok(fixture,
               store_each_customer(store, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, note_customer, &pass, error));
    ASSERT_PASS(pass, MANY, all);
    fixture_ok(fixture,
               store_each_customer(store, STORE_CUSTOMERS_USERS, 4000, 5, note_customer, &pass, error));
    ASSERT_PASS(pass, 5, 4001 + 4002 + 4003 + 4004 + 4005);
    fixture_ok(fixture,
               store_each_customer(store, STORE_CUSTOMERS_USERS, 1, 4001, note_customer, &pass, error));
    ASSERT_PASS(pass, 4001, (int64_t)4002 * 4003 / 2 - 1);
    fixture_ok(fixture, store_each_task(store, LEDGER_TASK_DOCUMENT, note_task, &pass, error));
    ASSERT_PASS(pass, MANY, 2 * all);
    fixture_ok(fixture, store_begin_read(store, error));
    fixture_ok(fixture, store_each_result(store, note_result, &pass, error));
    ASSERT_PASS(pass, MANY, all);
    fixture_ok(fixture, store_end_read(store, error));
    fixture_ok(fixture, store_check_complete(store, error));
}

/* The store is as before: it is asked, and written. */
static void a_pass_ends_when_it_is_told(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct error *error = &fixture->error;
    struct pass pass = {.fixture = fixture};
    int64_t last;
    fill(fixture, MANY);

    for (int round = 0; round < 4; round++) {
        bool is_writing = round == 1, is_reading = round >= 2;
        if (is_writing)
            begin(fixture);
        if (is_reading)
            fixture_ok(fixture, store_begin_read(store, error));
        pass.end_after = 3;
        fixture_ok(fixture, store_each_customer(store, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, note_customer,
                                                &pass, error));
        ASSERT_PASS(pass, 3, 6);
        pass.end_after = 2;
        fixture_ok(fixture, store_each_task(store, LEDGER_TASK_LINK, note_task, &pass, error));
        ASSERT_PASS(pass, 2, 4);
        if (is_reading) {
            pass.end_after = 1;
            fixture_ok(fixture, store_each_result(store, note_result, &pass, error));
            ASSERT_PASS(pass, 1, 1);
            pass.end_after = 2;
            fixture_ok(fixture, store_each_row(store, &ledger_event_table, note_values, &pass, error));
            ASSERT_PASS(pass, 2, 3);
            fixture_ok(fixture, store_end_read(store, error));
        }
        fixture_ok(fixture, store_last_customer(store, &last, error));
        assert_int_equal(last, MANY);
        if (!is_writing)
            begin(fixture);
        append_event(fixture, MANY + 1 + round, 1, 8);
        commit(fixture);
    }
}

/* Asks by id and by another pass, and gives each second customer another user. */
static bool ask_and_write(void *context, const struct ledger_customer *customer)
{
    struct pass *pass = context;
    struct fixture *fixture = pass->fixture;
    struct ledger_customer after = *customer, again;
    struct pass inner = {.fixture = fixture, .end_after = 1};
    char user[32];

    fixture_ok(fixture, store_read_customers(fixture->store, &customer->id, 1, &fixture->arena, &again,
                                             &fixture->error));
    assert_int_equal(again.id, customer->id);
    if (customer->id % 500 == 0) {
        fixture_ok(fixture,
                   store_each_task(fixture->store, LEDGER_TASK_LINK, note_task, &inner, &fixture->error));
        assert_int_equal(inner.count, 1);
    }
    if (pass->writes && customer->id % 2 == 0) {
        snprintf(user, sizeof user, "NEW-%lld", (long long)customer->id);
        after.user_id = slice_from(user);
        fixture_update(fixture, customer, &after);
    }
    return note_customer(context, customer);
}

static void whoever_is_called_may_ask_and_write(void **state)
{
    enum { FEW = 2500 };
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    fill(fixture, FEW);

    for (int writes = 0; writes < 2; writes++) {
        struct pass pass = {.fixture = fixture, .writes = writes};
        if (writes)
            begin(fixture);
        fixture_ok(fixture, store_each_customer(store, STORE_CUSTOMERS_ALL, 0, UINT64_MAX, ask_and_write,
                                                &pass, &fixture->error));
        assert_int_equal(pass.count, FEW);
        if (writes)
            commit(fixture);
    }
    assert_int_equal(fixture_number(fixture, "SELECT count(*) FROM customer WHERE user_id LIKE 'NEW-%'"),
                     FEW / 2);
}

/* A pass sees what its transaction has written, and nothing of it once that is rolled back. */
static void what_waits_is_in_a_pass(void **state)
{
    struct fixture *fixture = *state;
    struct store *store = fixture->store;
    struct error *error = &fixture->error;
    struct pass pass = {.fixture = fixture};
    fill(fixture, 3);
    begin(fixture);
    struct ledger_customer customer = fixture_customer(fixture, 4), after = customer;
    customer.external_id = SLICE_LITERAL("KEY-4");
    customer.user_id = SLICE_LITERAL("USER-4");
    fixture_insert(fixture, &customer);
    insert_task(fixture, 7, LEDGER_TASK_LINK);
    fixture_ok(fixture, store_scan(store, note_brief, &pass, error));
    ASSERT_PASS(pass, 4, 10);
    fixture_ok(fixture, store_each_user(store, note_user, &pass, error));
    ASSERT_PASS(pass, 4, 10);
    fixture_ok(fixture, store_each_task(store, LEDGER_TASK_LINK, note_task, &pass, error));
    ASSERT_PASS(pass, 4, 1 + 3 + 5 + 7);
    after = customer;
    after.user_id = SLICE_LITERAL("USER-9");
    fixture_update(fixture, &customer, &after);
    fixture_ok(fixture, store_each_user(store, note_user, &pass, error));
    ASSERT_PASS(pass, 4, 15);
    begin(fixture);
    fixture_ok(fixture, store_scan(store, note_brief, &pass, error));
    ASSERT_PASS(pass, 3, 6);
    fixture_ok(fixture, store_each_task(store, LEDGER_TASK_LINK, note_task, &pass, error));
    ASSERT_PASS(pass, 3, 9);
    commit(fixture);
}

/* Readings, against a model. */

enum { USERS = 700, STEPS = 3000 };

struct model {
    struct fixture *fixture;
    struct ledger_customer customers[USERS + 1], saved_customers[USERS + 1];
    uint64_t read_at[USERS + 1], saved_read_at[USERS + 1];
    bool is_begun;
    uint64_t random, now;
};

/* splitmix64: public domain, Sebastiano Vigna. */
static uint64_t any(struct model *model, uint64_t count)
{
    uint64_t z = model->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % count;
}

static void begin_model(struct model *model)
{
    begin(model->fixture);
    if (model->is_begun) { /* rolled back */
        memcpy(model->customers, model->saved_customers, sizeof model->customers);
        memcpy(model->read_at, model->saved_read_at, sizeof model->read_at);
    }
    memcpy(model->saved_customers, model->customers, sizeof model->customers);
    memcpy(model->saved_read_at, model->read_at, sizeof model->read_at);
    model->is_begun = true;
}

static void change_customer(struct model *model, int64_t id)
{
    static const struct slice words[] = {{NULL, 0}, {"deleted", 7}, {"word", 4}};
    struct ledger_customer after = model->customers[id];
    after.verification_word = words[any(model, 3)];
    after.verification = slice_is(after.verification_word, "deleted")
                             ? VERIFICATION_UNKNOWN
                             : (enum verification)any(model, VERIFICATION_COUNT);
    after.verification_at = 1;
    fixture_update(model->fixture, &model->customers[id], &after);
    model->customers[id] = after;
}

static void write_something(struct model *model, int64_t near)
{
    struct fixture *fixture = model->fixture;
    int64_t id = any(model, 3) == 0 ? 1 + (int64_t)any(model, USERS) : near + (int64_t)any(model, 20);
    if (id > USERS)
        id = USERS;
    switch (any(model, 8)) {
    case 0:
        fixture_ok(fixture, store_reading_remove(fixture->store, id, &fixture->error));
        model->read_at[id] = 0;
        return;
    case 1:
    case 2:
        change_customer(model, id);
        return;
    case 3:
        if (any(model, 40) != 0)
            return;
        fixture_ok(fixture, store_reading_forget(fixture->store, model->now / 2, &fixture->error));
        for (int i = 1; i <= USERS; i++)
            if (model->read_at[i] > model->now / 2)
                model->read_at[i] = 0;
        return;
    default:
        model->read_at[id] = ++model->now;
        fixture_ok(fixture, store_reading_set(fixture->store, id, model->read_at[id], &fixture->error));
    }
}

static int64_t next_of_model(const struct model *model, const struct ledger_selection *selection)
{
    for (int64_t id = selection->after + 1; id <= USERS; id++) {
        const struct ledger_customer *customer = &model->customers[id];
        if (selection->states >> customer->verification & 1 &&
            model->read_at[id] < selection->read_before_ns &&
            (selection->with_deleted || !ledger_customer_is_deleted(customer)))
            return id;
    }
    return 0;
}

static void choose_selection(struct model *model, struct ledger_selection *selection)
{
    *selection = (struct ledger_selection){
        .after = (int64_t)any(model, USERS),
        .states = 1 + (unsigned)any(model, (1 << VERIFICATION_COUNT) - 1),
        .with_deleted = any(model, 2) != 0,
        .read_before_ns = any(model, 2) ? UINT64_MAX : 1 + any(model, model->now + 2),
    };
}

static void the_next_reading_is_that_of_all_users(void **state)
{
    static struct model model;
    struct fixture *fixture = *state;
    struct ledger_selection selection = {.after = 0};
    uint64_t seed = clock_real_ns(), found_count = 0;
    model = (struct model){.fixture = fixture, .random = seed, .now = 1};
    fill(fixture, USERS);
    for (int64_t id = 1; id <= USERS; id++)
        fixture_ok(fixture, store_read_customers(fixture->store, &id, 1, &fixture->arena,
                                                 &model.customers[id], &fixture->error));
    print_message("# seed %llu\n", (unsigned long long)seed);
    begin_model(&model);
    for (int step = 0; step < STEPS; step++) {
        struct ledger_customer customer = {.id = 0};
        uint64_t read_at_ns = 0;
        if (any(&model, 100) == 0)
            choose_selection(&model, &selection);
        if (any(&model, 3) == 0)
            write_something(&model, selection.after);
        if (any(&model, 30) == 0) {
            commit(fixture);
            model.is_begun = false;
        }
        if (!model.is_begun || any(&model, 200) == 0)
            begin_model(&model);
        int found = store_next_reading(fixture->store, &selection, &fixture->arena, &customer, &read_at_ns,
                                       &fixture->error);
        int64_t want = next_of_model(&model, &selection);
        if (found < 0 || found != (want != 0) || (found == 1 && customer.id != want))
            fail_msg("step %d: %lld, not %lld: %s", step, (long long)customer.id, (long long)want,
                     found < 0 ? fixture->error.text : "");
        if (found == 0) {
            choose_selection(&model, &selection);
            continue;
        }
        assert_true(read_at_ns == model.read_at[want]);
        assert_int_equal(customer.verification, model.customers[want].verification);
        selection.after = any(&model, 50) == 0 ? (int64_t)any(&model, USERS) : customer.id;
        found_count++;
    }
    assert_true(found_count > STEPS / 4);
    commit(fixture);
}

static void the_verification_of_users_is_counted(void **state)
{
    struct fixture *fixture = *state;
    struct ledger_verification_counts counts;
    bool is_known = true;
    fill(fixture, 4);
    fixture_ok(fixture, store_verification_is_known(fixture->store, &is_known, &fixture->error));
    assert_false(is_known);
    begin(fixture);
    for (int64_t id = 1; id <= 3; id++) {
        struct ledger_customer before, after;
        fixture_ok(fixture,
                   store_read_customers(fixture->store, &id, 1, &fixture->arena, &before, &fixture->error));
        after = before;
        after.verification = id == 3 ? VERIFICATION_UNKNOWN : VERIFICATION_VERIFIED;
        after.verification_word = id == 3 ? SLICE_LITERAL(LEDGER_DELETED) : SLICE_LITERAL("ok");
        after.verification_at = (uint64_t)id * 10;
        after.link_at = id == 2;
        fixture_update(fixture, &before, &after);
    }
    fixture_ok(fixture, store_reading_set(fixture->store, 2, 5, &fixture->error));
    fixture_ok(fixture, store_verification_is_known(fixture->store, &is_known, &fixture->error));
    assert_true(is_known);
    fixture_ok(fixture, store_count_verification(fixture->store, 20, &counts, &fixture->error));
    commit(fixture);
    assert_int_equal(counts.users, 4);
    assert_int_equal(counts.states[VERIFICATION_VERIFIED], 2);
    assert_int_equal(counts.states[VERIFICATION_UNKNOWN], 1);
    assert_int_equal(counts.deleted, 1);
    assert_int_equal(counts.changed[VERIFICATION_VERIFIED], 1);
    assert_int_equal(counts.changed_to_deleted, 1);
    assert_int_equal(counts.linked, 1);
    assert_int_equal(counts.never_read, 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(many_rows_are_given_once_each),         TEST(a_pass_ends_when_it_is_told),
        TEST(whoever_is_called_may_ask_and_write),   TEST(what_waits_is_in_a_pass),
        TEST(the_next_reading_is_that_of_all_users), TEST(the_verification_of_users_is_counted),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("store_passes", tests, NULL, NULL);
}
