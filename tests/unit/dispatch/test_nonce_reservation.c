#include "unit/dispatch/session_job.h"
#include "unit/ledger/ledger_fixture.h"

#include "core/clock.h"
#include "dispatch/nonce_reservation.h"
#include "provider/provider_table.h"

#define S CLOCK_NS_PER_S

/* The keys of a sender that sends nothing. */
struct keys {
    struct fixture *fixture;
    struct job *job;
    struct sender *sender;
    struct nonce_reservation nonces;
};

static void ignore(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void open_keys(struct keys *keys, void **state)
{
    *keys = (struct keys){.fixture = *state, .job = session_job_load(9, SESSION_JOB_KEYS, "")};
    keys->sender = sender_new(keys->job, provider_find("payward"), ignore, NULL, &keys->fixture->error);
    if (!keys->sender)
        fail_msg("%s", keys->fixture->error.text);
}

static void close_keys(struct keys *keys)
{
    nonce_reservation_clear(&keys->nonces);
    session_job_drop_locks(keys->sender);
    sender_free(keys->sender);
    job_free(keys->job);
}

static int start(struct keys *keys, struct ledger *ledger, uint64_t by_hand)
{
    return nonce_reservation_start(&keys->nonces, keys->sender, ledger, by_hand, false,
                                   &keys->fixture->error);
}

static uint64_t stored_floor(struct keys *keys, size_t key_slot)
{
    uint64_t floor = 1;

    assert_int_equal(ledger_nonce_floor(keys->fixture->ledger, sender_key_slot_id(keys->sender, key_slot),
                                        &floor, &keys->fixture->error),
                     0);
    return floor;
}

static void store_floor(struct keys *keys, size_t key_slot, uint64_t floor)
{
    fixture_begin(keys->fixture);
    assert_int_equal(ledger_nonce_reserve(keys->fixture->ledger, sender_key_slot_id(keys->sender, key_slot),
                                          floor, &keys->fixture->error),
                     0);
    fixture_commit(keys->fixture);
}

/* The first floor is 60 s above the first nonce. */
static void assert_begins_above(uint64_t floor, uint64_t bound)
{
    if (floor <= bound + 60 * S || floor > bound + 70 * S)
        fail_msg("floor %llu, bound %llu", (unsigned long long)floor, (unsigned long long)bound);
}

static void each_key_begins_above_its_own_floor_and_the_clock(void **state)
{
    struct keys keys;
    uint64_t now = clock_real_ns(), ahead = now + 1000 * S;

    open_keys(&keys, state);
    store_floor(&keys, 1, ahead);
    assert_int_equal(start(&keys, keys.fixture->ledger, 0), 0);
    assert_int_equal(keys.nonces.count, SESSION_JOB_KEYS);
    assert_begins_above(stored_floor(&keys, 0), now);
    assert_begins_above(stored_floor(&keys, 1), ahead);
    for (size_t i = 0; i < SESSION_JOB_KEYS; i++)
        assert_true(keys.nonces.key_slots[i].published == stored_floor(&keys, i));
    close_keys(&keys);
}

static void a_floor_of_the_job_holds_for_every_key(void **state)
{
    struct keys keys;
    uint64_t by_hand = clock_real_ns() + 5000 * S;

    open_keys(&keys, state);
    store_floor(&keys, 1, by_hand + 100 * S);
    assert_int_equal(start(&keys, keys.fixture->ledger, by_hand), 0);
    assert_begins_above(stored_floor(&keys, 0), by_hand);
    assert_begins_above(stored_floor(&keys, 1), by_hand + 100 * S);
    close_keys(&keys);
}

static void without_a_ledger_nonces_begin_at_the_clock_or_the_jobs_floor(void **state)
{
    struct keys keys;
    uint64_t now = clock_real_ns();

    open_keys(&keys, state);
    assert_int_equal(start(&keys, NULL, 0), 0);
    assert_begins_above(keys.nonces.key_slots[0].published, now);
    nonce_reservation_clear(&keys.nonces);
    assert_int_equal(start(&keys, NULL, now + 5000 * S), 0);
    assert_begins_above(keys.nonces.key_slots[1].published, now + 5000 * S);
    assert_int_equal(stored_floor(&keys, 0), 0); /* of the ledger that it was not given */
    close_keys(&keys);
}

static void a_reservation_is_extended_when_half_of_it_is_used(void **state)
{
    struct keys keys;

    open_keys(&keys, state);
    assert_int_equal(start(&keys, keys.fixture->ledger, 0), 0);
    uint64_t first = stored_floor(&keys, 0), second = stored_floor(&keys, 1);

    fixture_begin(keys.fixture); /* nothing is due */
    assert_int_equal(nonce_reservation_extend(&keys.nonces, &keys.fixture->error), 0);
    fixture_commit(keys.fixture);
    nonce_reservation_publish(&keys.nonces);
    assert_true(stored_floor(&keys, 0) == first);
    assert_true(keys.nonces.key_slots[0].published == first);

    keys.nonces.key_slots[0].published = clock_real_ns() + 29 * S; /* as if half of it were used */
    fixture_begin(keys.fixture);
    assert_int_equal(nonce_reservation_extend(&keys.nonces, &keys.fixture->error), 0);
    assert_true(keys.nonces.key_slots[0].published < clock_real_ns() + 30 * S); /* not before the commit */
    fixture_commit(keys.fixture);
    nonce_reservation_publish(&keys.nonces);
    assert_true(stored_floor(&keys, 0) > first);
    assert_true(stored_floor(&keys, 0) == keys.nonces.key_slots[0].published);
    assert_true(stored_floor(&keys, 1) == second); /* of this key nothing was due */
    close_keys(&keys);
}

static void a_key_without_nonces_left_is_not_used(void **state)
{
    struct keys keys;

    open_keys(&keys, state);
    store_floor(&keys, 1, UINT64_MAX / 2 + UINT64_MAX / 4 + 2);
    assert_int_equal(start(&keys, keys.fixture->ledger, 0), -1);
    assert_int_equal(keys.fixture->error.scope, ERROR_LEDGER);
    assert_non_null(strstr(keys.fixture->error.text, "hardly one is left above it"));
    close_keys(&keys);
}

static void it_is_looked_at_before_half_of_it_is_used(void **state)
{
    struct keys keys;

    open_keys(&keys, state);
    assert_true(nonce_reservation_next_ns(&keys.nonces) == UINT64_MAX); /* there are no keys */
    assert_int_equal(start(&keys, keys.fixture->ledger, 0), 0);
    assert_true(nonce_reservation_next_ns(&keys.nonces) <= clock_mono_ns() + 30 * S);
    close_keys(&keys);
}

static int setup_keys(void **state)
{
    session_job_make_keys();
    return fixture_setup(state);
}

#define WITH_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup_keys, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LEDGER(each_key_begins_above_its_own_floor_and_the_clock),
        WITH_LEDGER(a_floor_of_the_job_holds_for_every_key),
        WITH_LEDGER(without_a_ledger_nonces_begin_at_the_clock_or_the_jobs_floor),
        WITH_LEDGER(a_reservation_is_extended_when_half_of_it_is_used),
        WITH_LEDGER(a_key_without_nonces_left_is_not_used),
        WITH_LEDGER(it_is_looked_at_before_half_of_it_is_used),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("nonce_reservation", tests, job_text_setup, job_text_teardown);
}
