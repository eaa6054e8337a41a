/* reconcile_list: when a listing is due, which tasks it serves, and what it shows of each. */
#include "unit/dispatch/customers.h"

#include "core/clock.h"
#include "dispatch/reconcile_list.h"
#include "ledger/ledger_internal.h"
#include "ledger/ledger_store_ops.h"
#include "unit/job_parts.h"

enum { TASKS_MAX = 2 };

#define HOUR_NS (3600 * CLOCK_NS_PER_S)

#define USER_OF(id, person, first)                                                                           \
    "{\"id\":\"" id "\",\"email\":\"person-" person "@example.com\",\"first_name\":\"" first                 \
    "\",\"last_name\":\"Morgan\",\"date_of_birth\":\"15/04/1990\"}"
#define LIST(users) "{\"users\":[" users "]}"

struct waiting {
    struct customers customers;
    struct job_setting_value settings[JOB_PARTS_MAX];
    struct listings *listings;
    struct task tasks[TASKS_MAX];
};

static void open_waiting(struct waiting *waiting, uint64_t timeout_ns)
{
    struct customers *customers = &waiting->customers;

    *waiting = (struct waiting){.listings = NULL};
    customers_open(customers, "payso");
    job_parts_set(&customers->job.provider, waiting->settings,
                  (struct job_setting_value)JOB_NUMBER(SETTING_LIST_MAX, 1 << 20));
    customers->job.delivery.timeout_ns = timeout_ns;
    customers->job.delivery.retry_for_ns = HOUR_NS;
    customers->job.delivery.attempts = 3;
    const struct reconcile_parts parts = {.job = &customers->job,
                                          .provider = customers->provider,
                                          .ledger = customers->fixture->ledger,
                                          .fingerprint = customers->fingerprint};
    waiting->listings = listings_new(&parts);
}

static void close_waiting(struct waiting *waiting)
{
    listings_free(waiting->listings);
    for (size_t i = 0; i < TASKS_MAX; i++)
        if (waiting->tasks[i].customer)
            arena_clear(&waiting->tasks[i].arena);
    fixture_commit(waiting->customers.fixture);
    customers_close(&waiting->customers);
}

/* Another host may send until then, as after a take-over of a database. */
static uint64_t former_until_ns;

static uint64_t begins_after_the_former(const struct store *store)
{
    (void)store;
    return former_until_ns;
}

/* The create of person i + 1 is in doubt, and waits. */
static struct task *add_task(struct waiting *waiting, size_t i, enum task_state state, bool earlier)
{
    static const char *const keys[TASKS_MAX] = {"C-1", "C-2"};
    const struct customer customer = customers_add(&waiting->customers, IN_DOUBT, keys[i], (unsigned)i + 1);
    struct task *task = &waiting->tasks[i];

    arena_init(&task->arena, 4096);
    task->customer = customer.id;
    task->state = state;
    listings_wait(waiting->listings, task, earlier);
    assert_int_equal(task->place, TASK_LISTING);
    return task;
}

static struct delivery *start(struct waiting *waiting, bool hurry)
{
    struct delivery *listing;

    if (listings_start(waiting->listings, hurry, &listing, &waiting->customers.fixture->error) != 0)
        fail_msg("%s", waiting->customers.fixture->error.text);
    return listing;
}

/* The listing returns: body with DONE, or without a body as kind. */
static struct reconcile_list_result receive(struct waiting *waiting, struct delivery *listing,
                                            const char *body, enum outcome_kind kind, uint64_t random_bits,
                                            bool stopping)
{
    struct reconcile_list_result result;

    assert_non_null(listing);
    assert_true(listings_has(waiting->listings, listing));
    listing->outcome = (struct outcome){.kind = kind, .http_status = 200};
    if (body) {
        (void)listing->sink(listing->sink_context, slice_make(NULL, 0));
        (void)listing->sink(listing->sink_context, slice_from(body));
    }
    listings_receive(waiting->listings, random_bits, stopping, &result);
    return result;
}

static void one_listing_serves_all_tasks_that_are_due(void **state)
{
    (void)state;
    struct waiting waiting;
    struct reconcile_finding finding;

    open_waiting(&waiting, 1);
    struct task *ours = add_task(&waiting, 0, TASK_FIND, true);
    struct task *nobodys = add_task(&waiting, 1, TASK_FIND, true);
    struct delivery *listing = start(&waiting, false);
    assert_non_null(listing);
    assert_int_equal(listing->call.operation, OPERATION_LIST);
    assert_true(listings_next_ns(waiting.listings, true) == UINT64_MAX); /* one at a time */
    assert_null(start(&waiting, true));
    const struct reconcile_list_result result =
        receive(&waiting, listing, LIST(USER_OF("u-ours", "01", "Alex")), OUTCOME_DONE, 0, false);
    assert_true(result.is_whole);
    assert_false(result.again);
    for (size_t i = 0; i < TASKS_MAX; i++) {
        struct task *task = listings_pop(waiting.listings);
        assert_true(task == ours || task == nobodys);
        assert_int_equal(task->place, TASK_NOWHERE);
        assert_int_equal(listings_find(waiting.listings, &finding, &waiting.customers.fixture->error), 0);
        assert_int_equal(finding.finding, task == ours ? TASK_FOUND_OURS : TASK_FOUND_NOBODY);
        assert_string_equal(finding.user_id ? finding.user_id : "", task == ours ? "u-ours" : "");
        assert_string_equal(finding.code, "");
    }
    assert_null(listings_pop(waiting.listings));
    assert_true(listings_next_ns(waiting.listings, true) == UINT64_MAX);
    close_waiting(&waiting);
}

/* other: a customer C-9 with the user fake-user-C-9, whose row is this person's; 0: there is none. */
static const struct shown {
    const char *sentence;
    enum task_state state;
    const char *body;
    unsigned other;
    enum task_finding want;
    const char *user_or_code;
} rows[] = {
    {"ours", TASK_FIND, LIST(USER_OF("u-ours", "01", "Alex")), 0, TASK_FOUND_OURS, "u-ours"},
    {"ours beside a relative's", TASK_FIND,
     LIST(USER_OF("u-sister", "01", "Eve") "," USER_OF("u-ours", "01", "Alex")), 0, TASK_FOUND_OURS,
     "u-ours"},
    {"two", TASK_FIND, LIST(USER_OF("u-one", "01", "Alex") "," USER_OF("u-two", "01", "Alex")), 0,
     TASK_FOUND_UNCLEAR, "several_users"},
    {"a relative's alone", TASK_FIND, LIST(USER_OF("u-sister", "01", "Eve")), 0, TASK_FOUND_UNCLEAR,
     "email_alone"},
    {"none, in a list with everybody", TASK_FIND, LIST(""), 0, TASK_FOUND_NOBODY, ""},
    {"none, in a list that goes on", TASK_FIND, "{\"has_more\":true,\"users\":[]}", 0, TASK_FOUND_UNCLEAR,
     "listing_incomplete"},
    {"none, in a list without a user of the ledger", TASK_FIND, LIST(""), 2, TASK_FOUND_UNCLEAR,
     "listing_incomplete"},
    {"another customer has it, with the same data", TASK_FIND, LIST(USER_OF("fake-user-C-9", "01", "Alex")),
     1, TASK_FOUND_NOBODY, ""},
    {"another customer has it, with other data", TASK_FIND, LIST(USER_OF("fake-user-C-9", "01", "Alex")), 2,
     TASK_FOUND_UNCLEAR, "user_id_taken"},
    {"without doubt: ours", TASK_FIND_OWNER, LIST(USER_OF("u-ours", "01", "Alex")), 0, TASK_FOUND_OURS,
     "u-ours"},
    {"without doubt: a relative's", TASK_FIND_OWNER, LIST(USER_OF("u-sister", "01", "Eve")), 0,
     TASK_FOUND_OTHER, ""},
    {"without doubt: none", TASK_FIND_OWNER, LIST(""), 0, TASK_FOUND_OTHER, ""},
};

static void a_listing_shows_whose_a_user_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct waiting waiting;
        struct reconcile_finding finding;

        open_waiting(&waiting, 1);
        if (rows[i].other)
            customers_add(&waiting.customers, CREATED, "C-9", rows[i].other);
        add_task(&waiting, 0, rows[i].state, true);
        receive(&waiting, start(&waiting, false), rows[i].body, OUTCOME_DONE, 0, false);
        assert_non_null(listings_pop(waiting.listings));
        assert_int_equal(listings_find(waiting.listings, &finding, &waiting.customers.fixture->error), 0);
        const char *got = finding.finding == TASK_FOUND_OURS ? finding.user_id : finding.code;
        if (finding.finding != rows[i].want || strcmp(got, rows[i].user_or_code) != 0)
            fail_msg("%s: found %d, `%s`", rows[i].sentence, (int)finding.finding, got);
        close_waiting(&waiting);
    }
}

/* Twice the time limit of an attempt, or settle_after if that is longer; without doubt at once. */
static void a_create_in_doubt_waits_until_its_request_has_ended(void **state)
{
    (void)state;
    static const uint64_t settle_after_ns[] = {0, 3 * HOUR_NS};

    for (size_t i = 0; i < 2; i++) {
        struct waiting waiting;
        open_waiting(&waiting, HOUR_NS);
        job_parts_set(&waiting.customers.job.provider, waiting.settings,
                      (struct job_setting_value)JOB_NUMBER(SETTING_SETTLE_AFTER, settle_after_ns[i]));
        uint64_t wait_ns = i ? 3 * HOUR_NS : 2 * HOUR_NS, before_ns = clock_mono_ns();
        struct task *task = add_task(&waiting, 0, TASK_FIND, false);
        assert_true(task->due_ns >= before_ns + wait_ns && task->due_ns <= clock_mono_ns() + wait_ns);
        assert_true(listings_next_ns(waiting.listings, true) == task->due_ns);
        assert_null(start(&waiting, true));

        struct task *owner = add_task(&waiting, 1, TASK_FIND_OWNER, false);
        assert_true(owner->due_ns <= clock_mono_ns());
        assert_true(listings_next_ns(waiting.listings, false) == task->due_ns); /* one listing for both */
        assert_true(listings_next_ns(waiting.listings, true) == owner->due_ns);
        assert_null(start(&waiting, false));
        struct delivery *listing = start(&waiting, true);
        receive(&waiting, listing, LIST(""), OUTCOME_DONE, 0, false);
        assert_ptr_equal(listings_pop(waiting.listings), owner);
        assert_null(listings_pop(waiting.listings));
        assert_true(listings_next_ns(waiting.listings, false) == task->due_ns);
        assert_ptr_equal(listings_pop_waiting(waiting.listings), task);
        assert_int_equal(task->place, TASK_NOWHERE);
        assert_null(listings_pop_waiting(waiting.listings));
        close_waiting(&waiting);
    }
}

static void a_create_of_another_host_waits_from_the_end_of_its_right_to_send(void **state)
{
    (void)state;
    struct waiting waiting;
    struct customers *customers = &waiting.customers;
    open_waiting(&waiting, HOUR_NS);
    struct store *store = customers->fixture->ledger->store;
    const struct store_ops *ops = store->ops;
    struct store_ops later = *ops;
    later.lease_from_ns = begins_after_the_former;
    const uint64_t wait_ns = 15 * CLOCK_NS_PER_S + 2 * HOUR_NS;
    uint64_t before_ns = clock_mono_ns();
    former_until_ns = clock_boot_ns() + 15 * CLOCK_NS_PER_S;
    store->ops = &later;
    const struct reconcile_parts parts = {.job = &customers->job,
                                          .provider = customers->provider,
                                          .ledger = customers->fixture->ledger,
                                          .fingerprint = customers->fingerprint};
    listings_free(waiting.listings);
    waiting.listings = listings_new(&parts);
    store->ops = ops;
    add_task(&waiting, 0, TASK_FIND, true);
    uint64_t due_ns = listings_next_ns(waiting.listings, true);
    assert_in_range(due_ns, before_ns + wait_ns, clock_mono_ns() + wait_ns);
    close_waiting(&waiting);
}

/* Others that come later put a listing off, but not for ever: at most 10 times as long. */
static void a_task_waits_for_others_within_a_bound(void **state)
{
    (void)state;
    struct waiting waiting;

    open_waiting(&waiting, 1);
    uint64_t first_ns = add_task(&waiting, 0, TASK_FIND, true)->due_ns;
    uint64_t last_ns = add_task(&waiting, 1, TASK_FIND, false)->due_ns;
    assert_true(last_ns > first_ns + 20); /* the ledger was written between them */
    assert_true(listings_next_ns(waiting.listings, false) == first_ns + 20);
    assert_true(listings_next_ns(waiting.listings, true) == first_ns);
    assert_ptr_equal(listings_pop_waiting(waiting.listings), &waiting.tasks[0]);
    assert_ptr_equal(listings_pop_waiting(waiting.listings), &waiting.tasks[1]);
    close_waiting(&waiting);
}

/* Of 3 attempts. */
static void a_listing_without_an_answer_is_repeated(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *body;
        enum outcome_kind kind;
        bool stopping, again;
    } first[] = {
        {"no answer", NULL, OUTCOME_NOT_SENT, false, true},
        {"throttled", NULL, OUTCOME_THROTTLED, false, true},
        {"cut", "{\"users\":[", OUTCOME_DONE, false, true},
        {"no list", "{\"message\":\"ok\"}", OUTCOME_DONE, false, true},
        {"refused", NULL, OUTCOME_REFUSED, false, false},
        {"no answer, and the run stops", NULL, OUTCOME_NOT_SENT, true, false},
    };

    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        struct waiting waiting;
        open_waiting(&waiting, 1);
        struct task *task = add_task(&waiting, 0, TASK_FIND, true);
        struct delivery *listing = start(&waiting, false);
        const struct reconcile_list_result result =
            receive(&waiting, listing, first[i].body, first[i].kind, 0, first[i].stopping);
        assert_false(result.is_whole);
        if (result.again != first[i].again)
            fail_msg("%s", first[i].sentence);
        struct task *popped = listings_pop(waiting.listings);
        assert_true(popped == (result.again ? NULL : task));
        if (result.again) {
            assert_int_equal(task->place, TASK_LISTING);
            receive(&waiting, start(&waiting, false), LIST(""), OUTCOME_DONE, 0, false);
            assert_ptr_equal(listings_pop(waiting.listings), task);
        }
        close_waiting(&waiting);
    }
}

static void the_attempts_of_a_listing_end(void **state)
{
    (void)state;
    struct waiting waiting;
    uint64_t wait_ns = 40 * CLOCK_NS_PER_MS; /* of at most 100 ms after the first attempt */

    open_waiting(&waiting, 1);
    struct task *task = add_task(&waiting, 0, TASK_FIND, true);
    uint64_t before_ns = clock_mono_ns();
    assert_true(receive(&waiting, start(&waiting, false), NULL, OUTCOME_NOT_SENT, wait_ns, false).again);
    uint64_t next_ns = listings_next_ns(waiting.listings, true);
    assert_true(next_ns >= before_ns + wait_ns && next_ns <= clock_mono_ns() + wait_ns);
    struct delivery *listing;
    while (!(listing = start(&waiting, true)))
        ;
    assert_true(clock_mono_ns() >= next_ns);
    listing->was_probe = true; /* of the breaker: not an attempt of this listing */
    assert_true(receive(&waiting, listing, NULL, OUTCOME_NOT_SENT, 0, false).again);
    assert_true(receive(&waiting, start(&waiting, true), NULL, OUTCOME_NOT_SENT, 0, false).again);
    assert_false(receive(&waiting, start(&waiting, true), NULL, OUTCOME_NOT_SENT, 0, false).again);
    assert_ptr_equal(listings_pop(waiting.listings), task);
    assert_null(listings_pop(waiting.listings));
    close_waiting(&waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_listing_serves_all_tasks_that_are_due),
        cmocka_unit_test(a_listing_shows_whose_a_user_is),
        cmocka_unit_test(a_create_in_doubt_waits_until_its_request_has_ended),
        cmocka_unit_test(a_create_of_another_host_waits_from_the_end_of_its_right_to_send),
        cmocka_unit_test(a_task_waits_for_others_within_a_bound),
        cmocka_unit_test(a_listing_without_an_answer_is_repeated),
        cmocka_unit_test(the_attempts_of_a_listing_end),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reconcile_list", tests, NULL, NULL);
}
