#include "unit/delivery/sender_fixture.h"

#include <dirent.h>
#include <limits.h>
#include <poll.h>

#include "delivery/sender_share.h"

/* A sender whose job shares its account, before and after it is told its share. */

static char folder[] = "/tmp/kyc-test-shared-XXXXXX";

static struct fixture *shared_new(const struct script_step *steps, size_t count, size_t keys)
{
    struct fixture *fixture = fixture_new(steps, count, keys);
    fixture->job.delivery.shared = "main";
    fixture->job.delivery.lock_folder = folder;
    fixture->job.ledger_path = "test.ledger";
    return fixture;
}

static void give_rate(struct fixture *fixture, uint32_t count, uint64_t lease_ns)
{
    sender_share_rate(fixture->sender, &(struct rate_share_answer){.count = count},
                      clock_boot_ns() + lease_ns);
}

static void give_key(struct fixture *fixture, size_t key, bool keep, uint64_t lease_ns)
{
    sender_share_key(
        fixture->sender, key,
        &(struct sender_key_lease){
            .start = 1, .floor = UINT64_MAX, .keep = keep, .until_boot_ns = clock_boot_ns() + lease_ns});
}

static uint32_t using_count(struct fixture *fixture)
{
    struct rate_share_report report;
    sender_share_report(fixture->sender, &report);
    return report.using_count;
}

/* Once the sender has heard of it; fails after 20 s. */
static void await_using_count(struct fixture *fixture, uint32_t want)
{
    for (int i = 0; i < 4000 && using_count(fixture) != want; i++)
        script_sleep_ms(5);
    assert_int_equal(using_count(fixture), want);
}

static size_t arrived(const struct fixture *fixture)
{
    return sender_requests(fixture->sender);
}

static void nothing_leaves_without_a_share_and_a_key(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    uint64_t until_ns;
    fixture_start(fixture);
    fixture_submit_many(fixture, 3);
    fixture_await_hold(fixture, SENDER_LEASE);
    assert_int_equal(using_count(fixture), 0);
    give_rate(fixture, 10, 20 * S);
    script_sleep_ms(100);
    assert_int_equal(arrived(fixture), 0);
    assert_int_equal(sender_held_by(fixture->sender, clock_mono_ns(), &until_ns), SENDER_LEASE);
    give_key(fixture, 0, true, 20 * S);
    fixture_wait(fixture, 3);
    assert_int_equal(sender_held_by(fixture->sender, clock_mono_ns(), &until_ns), SENDER_FREE);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 3);
    fixture_free(fixture);
}

static void no_more_leaves_in_a_window_than_the_share(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    fixture_start(fixture);
    give_key(fixture, 0, true, 20 * S);
    give_rate(fixture, 10, 20 * S);
    fixture_submit_many(fixture, 25);
    fixture_wait(fixture, 25);
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, 25);
    for (size_t i = 10; i < fixture->server->request_count; i++)
        assert_true(fixture->server->requests[i].arrived_ns - fixture->server->requests[i - 10].arrived_ns >=
                    S);
    fixture_free(fixture);
}

/* Whether the sender has heard of it yet or not. */
static void a_share_is_reported_as_used_from_when_it_was_told(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    fixture_start(fixture);
    for (uint32_t count = 0; count < 200; count++) {
        uint32_t told = count % 2 ? 1000 - count : count;
        give_rate(fixture, told, 20 * S);
        assert_true(using_count(fixture) >= told);
    }
    give_rate(fixture, 3, 20 * S);
    await_using_count(fixture, 3);
    fixture_stop(fixture);
    fixture_free(fixture);
}

static void after_the_lease_nothing_leaves_and_nothing_is_used(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    fixture_start(fixture);
    give_key(fixture, 0, true, 20 * S);
    fixture_submit(fixture);
    for (int i = 0; i < 200 && fixture_done_count(fixture) == 0; i++) {
        give_rate(fixture, 100,
                  300 * MS); /* again, if the machine was too busy to send within the last one */
        script_sleep_ms(100);
    }
    script_sleep_ms(300);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 1);
    fixture_submit_many(fixture, 3);
    script_sleep_ms(100);
    assert_int_equal(arrived(fixture), 1);
    assert_int_equal(using_count(fixture), 100); /* it may, if the same lease were renewed */
    sender_share_lapse(fixture->sender);
    await_using_count(fixture, 0);
    give_rate(fixture, 100, 20 * S);
    fixture_wait(fixture, 4);
    fixture_stop(fixture);
    fixture_free(fixture);
}

static void a_key_that_is_not_kept_gets_no_new_request_and_is_idle_after_the_last(void **state)
{
    (void)state;
    const struct script_step step = {.is_held = true, .sleep_ms = 10, .reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 2);
    fixture_start(fixture);
    give_key(fixture, 0, true, 20 * S);
    give_key(fixture, 1, true, 20 * S);
    give_rate(fixture, 100, 20 * S);
    fixture_submit_many(fixture, 6);
    fixture_await_requests(fixture, 2); /* one of each key, without an answer */
    give_key(fixture, 0, false, 20 * S);
    script_sleep_ms(50);
    assert_false(sender_share_key_is_idle(fixture->sender, 0));
    script_server_release(fixture->server);
    for (int i = 0; i < 4000 && !sender_share_key_is_idle(fixture->sender, 0); i++)
        script_sleep_ms(5);
    assert_true(sender_share_key_is_idle(fixture->sender, 0));
    fixture_wait(fixture, 6);
    fixture_stop(fixture);
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 6);
    /* Two together, then one after the other: of one key. */
    for (size_t i = 2; i < 5; i++)
        assert_true(fixture->server->requests[i + 1].arrived_ns >= fixture->server->requests[i].answered_ns);
    fixture_free(fixture);
}

static void a_key_is_not_used_after_its_lease(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    fixture_start(fixture);
    give_rate(fixture, 100, 20 * S);
    fixture_submit(fixture);
    for (int i = 0; i < 200 && fixture_done_count(fixture) == 0; i++) {
        give_key(fixture, 0, true, 200 * MS);
        script_sleep_ms(100);
    }
    script_sleep_ms(200);
    fixture_submit(fixture);
    script_sleep_ms(150);
    assert_int_equal(arrived(fixture), 1);
    give_key(fixture, 0, true, 20 * S);
    fixture_wait(fixture, 2);
    fixture_stop(fixture);
    fixture_free(fixture);
}

static bool has_event(const struct fixture *fixture)
{
    struct pollfd event = {.fd = sender_share_event(fixture->sender), .events = POLLIN};
    return poll(&event, 1, 0) == 1;
}

static void a_429_and_its_retry_after_are_reported_once_and_at_once(void **state)
{
    (void)state;
    const struct script_step steps[] = {
        {.reply = "HTTP/1.1 429 Slow\r\nRetry-After: 20\r\nContent-Length: 2\r\n\r\n{}"}, {.reply = CREATED}};
    struct fixture *fixture = shared_new(steps, 2, 1);
    struct rate_share_report report;
    fixture_start(fixture);
    give_key(fixture, 0, true, 20 * S);
    give_rate(fixture, 100, 20 * S);
    assert_false(has_event(fixture));
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_THROTTLED);
    assert_true(has_event(fixture));
    uint64_t before_ns = clock_mono_ns();
    sender_share_report(fixture->sender, &report);
    uint64_t after_ns = clock_mono_ns(), hold_ns = report.hold_ns;
    assert_true(report.is_throttled);
    sender_share_report(fixture->sender, &report);
    assert_false(report.is_throttled);
    assert_int_equal(report.hold_ns, 0);
    fixture_stop(fixture);
    assert_true(after_ns + hold_ns >= fixture->server->requests[0].answered_ns + 20 * S);
    assert_true(before_ns + hold_ns <= fixture->done_ns[0] + 20 * S);
    fixture_free(fixture);
}

static void what_another_job_received_holds_and_slows_this_one(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    uint64_t until_ns, now;
    fixture_start(fixture);
    give_key(fixture, 0, true, 20 * S);
    struct rate_share_answer answer = {.count = 100, .throttles = 7}; /* from before it came */
    sender_share_rate(fixture->sender, &answer, clock_boot_ns() + 20 * S);
    fixture_deliver(fixture);
    assert_int_equal(sender_held_by(fixture->sender, clock_mono_ns(), &until_ns), SENDER_FREE);
    answer.throttles = 8;
    answer.hold_ns = 400 * MS;
    now = clock_mono_ns();
    sender_share_rate(fixture->sender, &answer, clock_boot_ns() + 20 * S);
    fixture_deliver(fixture);
    assert_true(clock_mono_ns() - now >= 390 * MS);
    assert_int_equal(sender_held_by(fixture->sender, clock_mono_ns(), &until_ns), SENDER_SLOWED);
    struct rate_share_report report;
    sender_share_report(fixture->sender, &report);
    assert_int_equal(report.hold_ns, 0); /* it is not passed on again */
    fixture_stop(fixture);
    fixture_free(fixture);
}

static void a_share_that_cannot_be_renewed_stops_the_run(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = shared_new(&step, 1, 1);
    fixture_start(fixture);
    fixture_submit_many(fixture, 2);
    sender_share_fail(fixture->sender, "the file is gone");
    fixture_wait(fixture, 2);
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_STOP);
    fixture_stop(fixture);
    assert_string_equal(fixture->done[0]->outcome.code, "shared");
    assert_string_equal(fixture->done[0]->outcome.message, "the file is gone");
    fixture_free(fixture);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *files = opendir(folder);
    char path[PATH_MAX];
    for (struct dirent *entry; (entry = readdir(files));) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(files);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_leaves_without_a_share_and_a_key),
        cmocka_unit_test(no_more_leaves_in_a_window_than_the_share),
        cmocka_unit_test(a_share_is_reported_as_used_from_when_it_was_told),
        cmocka_unit_test(after_the_lease_nothing_leaves_and_nothing_is_used),
        cmocka_unit_test(a_key_that_is_not_kept_gets_no_new_request_and_is_idle_after_the_last),
        cmocka_unit_test(a_key_is_not_used_after_its_lease),
        cmocka_unit_test(a_429_and_its_retry_after_are_reported_once_and_at_once),
        cmocka_unit_test(what_another_job_received_holds_and_slows_this_one),
        cmocka_unit_test(a_share_that_cannot_be_renewed_stops_the_run),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_share", tests, make_folder, remove_folder);
}
