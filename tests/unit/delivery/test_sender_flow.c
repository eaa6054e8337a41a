#include "unit/delivery/sender_fixture.h"

static void after_a_stop_all_the_rest_is_withdrawn(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        enum outcome_kind kind;
    } rows[] = {
        {JSON_REPLY("401 No", "2", "{}"), OUTCOME_STOP},
        {JSON_REPLY("303 See Other", "2", "{}"), OUTCOME_IN_DOUBT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step steps[] = {{.reply = CREATED}, {.reply = rows[i].reply}};
        struct fixture *fixture = fixture_new(steps, 2, 1);
        fixture_start(fixture);
        fixture_submit_many(fixture, 20);
        fixture_wait(fixture, 20);
        assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_WITHDRAWN);
        fixture_stop(fixture);
        assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 1);
        assert_int_equal(fixture_count(fixture, rows[i].kind), 1);
        assert_int_equal(fixture_count(fixture, OUTCOME_WITHDRAWN), 19);
        assert_int_equal(fixture->server->request_count, 2);
        assert_false(fixture->deliveries[20].sent);
        fixture_free(fixture);
    }
}

static void what_is_in_flight_ends_by_itself_when_the_rest_is_withdrawn(void **state)
{
    (void)state;
    const struct script_step step = {.is_held = true, .reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture_start(fixture);
    fixture_submit_many(fixture, 5);
    fixture_await_requests(fixture, 1);
    sender_withdraw(fixture->sender);
    fixture_wait(fixture, 4);
    assert_int_equal(fixture_count(fixture, OUTCOME_WITHDRAWN), 4);
    script_server_release(fixture->server);
    fixture_stop(fixture);
    assert_int_equal(fixture->deliveries[0].outcome.kind, OUTCOME_DONE);
    assert_int_equal(fixture->server->request_count, 1);
    fixture_free(fixture);
}

static void an_abort_drops_what_is_in_flight_as_in_doubt(void **state)
{
    (void)state;
    const struct script_step step = {.is_held = true, .reply = CREATED}; /* it is never answered */
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->job.delivery.timeout_ns = 600 * S;
    fixture_start(fixture);
    fixture_submit_many(fixture, 3);
    fixture_await_requests(fixture, 1);
    sender_abort(fixture->sender);
    fixture_wait(fixture, 3);
    fixture_stop(fixture);
    assert_int_equal(fixture->deliveries[0].outcome.kind, OUTCOME_IN_DOUBT);
    assert_true(fixture->deliveries[0].sent);
    assert_string_equal(fixture->deliveries[0].outcome.code, "aborted");
    assert_int_equal(fixture_count(fixture, OUTCOME_WITHDRAWN), 2);
    fixture_free(fixture);
}

static void what_still_connects_does_not_leave_once_it_is_withdrawn(void **state)
{
    (void)state;
    /* A listener whose queue is full: the sender's SYN is dropped and repeated a second later. */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[2];
    assert_int_equal(bind(listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    for (size_t i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, len);
    }
    script_sleep_ms(50);

    struct fixture *fixture = fixture_new(NULL, 0, 1);
    snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    fixture_start(fixture);
    struct delivery *delivery = fixture_submit(fixture);
    fixture_await_in_flight(fixture, 1);
    assert_int_equal(fixture_done_count(fixture), 0);
    sender_withdraw(fixture->sender);
    int accepted[3];
    for (size_t i = 0; i < 3; i++)
        accepted[i] = accept(listener, NULL, NULL);
    fixture_wait(fixture, 1);
    fixture_stop(fixture);
    assert_int_equal(delivery->outcome.kind, OUTCOME_WITHDRAWN);
    assert_false(delivery->sent);
    assert_int_equal(sender_requests(fixture->sender), 0);
    for (size_t i = 0; i < 3; i++) {
        char byte;
        assert_true(recv(accepted[i], &byte, 1, MSG_DONTWAIT) <= 0);
        close(accepted[i]);
    }
    close(fillers[0]);
    close(fillers[1]);
    close(listener);
    fixture_free(fixture);
}

/* The most of a key's requests that the server had at one time, and whether its nonces rose. */
static size_t most_at_once(const struct fixture *fixture, const char *key)
{
    const struct script_server *server = fixture->server;
    size_t max = 0;
    unsigned long long last_nonce = 0;
    for (size_t i = 0; i < server->request_count; i++) {
        char text[64];
        if (key && strcmp(script_header(&server->requests[i], "API-Key", text, sizeof text), key) != 0)
            continue;
        unsigned long long nonce =
            strtoull(script_header(&server->requests[i], "API-Nonce", text, sizeof text), NULL, 10);
        assert_true(!key || nonce > last_nonce);
        last_nonce = nonce;
        size_t at_once = 1;
        for (size_t j = 0; j < server->request_count; j++) {
            script_header(&server->requests[j], "API-Key", text, sizeof text);
            at_once += j != i && (!key || strcmp(text, key) == 0) &&
                       server->requests[j].arrived_ns <= server->requests[i].arrived_ns &&
                       server->requests[j].answered_ns > server->requests[i].arrived_ns;
        }
        max = at_once > max ? at_once : max;
    }
    return max;
}

static void keys_send_side_by_side_and_each_one_by_one(void **state)
{
    (void)state;
    const struct script_step step = {.sleep_ms = 15, .reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 3);
    uint64_t begun_ns = clock_mono_ns();
    fixture_start(fixture);
    fixture_submit_many(fixture, 60);
    fixture_wait(fixture, 60);
    fixture_stop(fixture);
    double seconds = (double)(clock_mono_ns() - begun_ns) / (double)S;
    assert_int_equal(fixture_count(fixture, OUTCOME_DONE), 60);
    assert_int_equal(fixture->server->request_count, 60);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(most_at_once(fixture, fixture->keys[i]), 1);
    assert_int_equal(most_at_once(fixture, NULL), 3);
    struct sender_figures figures;
    sender_figures(fixture->sender, &figures);
    assert_int_equal(figures.max_in_flight, 3);
    assert_int_equal(figures.requests, 60);
    assert_true(figures.p50_ms >= 15 && figures.p50_ms <= figures.p95_ms &&
                figures.p95_ms <= figures.p99_ms && figures.p99_ms <= figures.max_ms &&
                figures.max_ms <= 1000 * seconds);
    assert_true(figures.rate_per_s >= 60 / seconds && figures.rate_per_s <= 200); /* 20 times 15 ms */
    fixture_free(fixture);
}

static void fewer_in_flight_than_keys_is_obeyed(void **state)
{
    (void)state;
    const struct script_step step = {.sleep_ms = 10, .reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 3);
    fixture->job.delivery.in_flight = 2;
    fixture_start(fixture);
    fixture_submit_many(fixture, 20);
    fixture_wait(fixture, 20);
    fixture_stop(fixture);
    assert_int_equal(most_at_once(fixture, NULL), 2);
    fixture_free(fixture);
}

static void a_nonce_window_lets_one_key_have_several_in_flight(void **state)
{
    (void)state;
    const struct script_step step = {.sleep_ms = 20, .reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    job_parts_set(&fixture->job.provider, fixture->settings,
                  (struct job_setting_value)JOB_NUMBER(SETTING_NONCE_WINDOW, 5 * S));
    fixture->job.delivery.in_flight = 4;
    fixture_start(fixture);
    fixture_submit_many(fixture, 40);
    fixture_wait(fixture, 40);
    fixture_stop(fixture);
    assert_int_equal(most_at_once(fixture, NULL), 4);
    fixture_free(fixture);
}

static void an_unsigned_provider_has_no_key_slots_to_reserve_for(void **state)
{
    (void)state;
    const struct script_step step = {.sleep_ms = 20, .reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->provider.is_signed = false;
    fixture->provider.in_flight = 2;
    fixture_start(fixture);
    assert_int_equal(sender_key_slot_count(fixture->sender), 0);
    fixture_submit_many(fixture, 20);
    fixture_wait(fixture, 20);
    fixture_stop(fixture);
    assert_int_equal(most_at_once(fixture, NULL), 2);
    fixture_free(fixture);
}

static int compare_arrivals(const void *a, const void *b)
{
    uint64_t first = ((const struct script_request *)a)->arrived_ns;
    uint64_t second = ((const struct script_request *)b)->arrived_ns;
    return (first > second) - (first < second);
}

/* Requests a second, sorted. Without pauses that no limiter makes, at most ten and two seconds in all: a
 * machine that lets the process wait does not say how fast it sends. */
static double rate_but_for_pauses(const struct script_request *requests, size_t count)
{
    enum { PAUSES_MAX = 10 };
    uint64_t sum_ns = 0, paused_ns = 0;
    size_t gaps = 0, pauses = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        uint64_t gap_ns = requests[i + 1].arrived_ns - requests[i].arrived_ns;
        if (gap_ns > 100 * MS && pauses < PAUSES_MAX && paused_ns + gap_ns <= 2 * S) {
            pauses++;
            paused_ns += gap_ns;
            continue;
        }
        sum_ns += gap_ns;
        gaps++;
    }
    return (double)gaps / ((double)sum_ns / (double)S);
}

static void no_second_at_the_server_holds_more_than_the_rate(void **state)
{
    (void)state;
    enum { RATE = 100, REQUESTS = 300 };
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 4);
    fixture->job.delivery.rate = (struct job_rate){RATE, S};
    fixture->job.delivery.burst = 5;
    fixture_start(fixture);
    fixture_submit_many(fixture, REQUESTS);
    fixture_wait(fixture, REQUESTS);
    fixture_stop(fixture);
    /* The threads of the server may have recorded them in another order than they came. */
    struct script_request *requests = fixture->server->requests;
    qsort(requests, REQUESTS, sizeof *requests, compare_arrivals);
    for (size_t i = RATE; i < REQUESTS; i++)
        assert_true(requests[i].arrived_ns - requests[i - RATE].arrived_ns >= S);
    double used = rate_but_for_pauses(requests, REQUESTS);
    print_message("# %.1f/s of %d/s used\n", used, RATE);
    assert_true(used > 0.95 * RATE);
    fixture_free(fixture);
}

static void deliveries_leave_in_the_order_in_which_they_were_submitted(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture_start(fixture);
    fixture_submit_many(fixture, 200);
    fixture_wait(fixture, 200);
    fixture_stop(fixture);
    for (size_t i = 0; i < 200; i++)
        assert_ptr_equal(fixture->done[i], &fixture->deliveries[i]);
    fixture_free(fixture);
}

static void a_403_after_a_success_is_a_refusal(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = CREATED}, {.reply = JSON_REPLY("403 No", "2", "{}")}};
    struct fixture *fixture = fixture_new(steps, 2, 1);
    fixture_start(fixture);
    fixture_deliver(fixture);
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_REFUSED);
    fixture_stop(fixture);
    fixture_free(fixture);
}

static const char *build_too_large(const struct provider_call *call, struct provider_request *request)
{
    (void)call;
    static char bytes[1024 * 1024];
    buffer_reset(&request->body);
    for (unsigned i = 0; i < 11; i++)
        buffer_append(&request->body, slice_make(bytes, sizeof bytes));
    return NULL;
}

static void a_request_over_10_mib_is_refused_and_not_sent(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->provider.build = build_too_large;
    fixture_start(fixture);
    const struct delivery *delivery = fixture_deliver(fixture);
    fixture_deliver(fixture);
    fixture_stop(fixture);
    assert_int_equal(delivery->outcome.kind, OUTCOME_REFUSED);
    assert_string_equal(delivery->outcome.code, "not_built");
    assert_false(delivery->sent);
    assert_int_equal(fixture->server->request_count, 0);
    fixture_free(fixture);
}

static void a_key_in_use_and_a_bad_ca_file_are_errors(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 2);
    fixture_start(fixture);
    struct error error = {0};
    assert_null(sender_new(&fixture->job, &fixture->provider, fixture_done, fixture, &error));
    assert_int_equal(error.scope, ERROR_BUSY);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld", (long)getpid());
    assert_non_null(strstr(error.text, pid));
    assert_null(strstr(error.text, fixture->keys[0]));

    fixture->job.provider.ca_file = "/dev/null";
    assert_null(sender_new(&fixture->job, &fixture->provider, fixture_done, fixture, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/dev/null"));
    fixture->job.provider.ca_file = NULL;
    fixture_stop(fixture);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_stop_all_the_rest_is_withdrawn),
        cmocka_unit_test(what_is_in_flight_ends_by_itself_when_the_rest_is_withdrawn),
        cmocka_unit_test(an_abort_drops_what_is_in_flight_as_in_doubt),
        cmocka_unit_test(what_still_connects_does_not_leave_once_it_is_withdrawn),
        cmocka_unit_test(keys_send_side_by_side_and_each_one_by_one),
        cmocka_unit_test(fewer_in_flight_than_keys_is_obeyed),
        cmocka_unit_test(a_nonce_window_lets_one_key_have_several_in_flight),
        cmocka_unit_test(an_unsigned_provider_has_no_key_slots_to_reserve_for),
        cmocka_unit_test(no_second_at_the_server_holds_more_than_the_rate),
        cmocka_unit_test(deliveries_leave_in_the_order_in_which_they_were_submitted),
        cmocka_unit_test(a_403_after_a_success_is_a_refusal),
        cmocka_unit_test(a_request_over_10_mib_is_refused_and_not_sent),
        cmocka_unit_test(a_key_in_use_and_a_bad_ca_file_are_errors),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender_flow", tests, NULL, NULL);
}
