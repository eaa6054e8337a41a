#include "unit/dispatch/session_job.h"
#include "unit/ledger/ledger_fixture.h"

#include <semaphore.h>
#include <time.h>

#include "core/clock.h"
#include "core/log.h"
#include "dispatch/session.h"
#include "provider/provider_table.h"
#include "unit/delivery/script_server.h"

#define S CLOCK_NS_PER_S
/* A request each 100 ms; a window is a second. */
#define RATE "rate: 10/s, burst: 1, retry_for: 1s"

/* A session, and one request at a time. */
struct peer {
    struct fixture *fixture;
    struct script_server *server;
    struct job *job;
    struct session *session;
    struct delivery delivery;
    sem_t returned;
};

static void note_return(void *context, struct delivery *delivery)
{
    (void)delivery;
    sem_post(context);
}

static struct session *open_session(struct peer *peer, struct ledger *ledger, bool is_probe)
{
    const struct session_parts parts = {.job = peer->job,
                                        .provider = provider_find("payward"),
                                        .ledger = ledger,
                                        .is_probe = is_probe,
                                        .done = note_return,
                                        .context = &peer->returned};

    peer->fixture->error = (struct error){.scope = ERROR_NONE};
    peer->session = session_open(&parts, &peer->fixture->error);
    return peer->session;
}

static void must_open(struct peer *peer, struct ledger *ledger, bool is_probe)
{
    if (!open_session(peer, ledger, is_probe))
        fail_msg("%s", peer->fixture->error.text);
}

/* Every request gets the same reply. step NULL: there is no server, and port is another one's. */
static void start_peer(struct peer *peer, void **state, const struct script_step *step, unsigned port)
{
    *peer = (struct peer){.fixture = *state};
    sem_init(&peer->returned, 0, 0);
    if (step)
        peer->server = script_server_new(step, 1);
    peer->job = session_job_load(peer->server ? peer->server->port : port, 1, RATE);
}

static void end_peer(struct peer *peer)
{
    if (peer->session)
        session_job_drop_locks(session_sender(peer->session));
    session_close(peer->session);
    if (peer->server) {
        script_server_stop(peer->server);
        script_server_free(peer->server);
    }
    job_free(peer->job);
    sem_destroy(&peer->returned);
}

static const struct outcome *ask(struct peer *peer)
{
    struct timespec until;

    peer->delivery = (struct delivery){
        .call = {.operation = OPERATION_FETCH, .user_id = "00000000-0000-0000-0000-000000000000"}};
    sender_submit(session_sender(peer->session), &peer->delivery);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    assert_int_equal(sem_timedwait(&peer->returned, &until), 0);
    return &peer->delivery.outcome;
}

/* As a run ends; records_end: it can still write its ledger. */
static void end_session(struct peer *peer, bool records_end)
{
    struct fixture *fixture = peer->fixture;

    session_finish(peer->session);
    if (records_end) {
        fixture_begin(fixture);
        assert_int_equal(session_record_end(peer->session, &fixture->error), 0);
        fixture_commit(fixture);
    }
    session_close(peer->session);
    peer->session = NULL;
}

static uint64_t nonce_of(const struct script_server *server, size_t request)
{
    char text[32];

    assert_true(request < server->request_count);
    return strtoull(script_header(&server->requests[request], "API-Nonce", text, sizeof text), NULL, 10);
}

static uint64_t stored_floor(struct peer *peer)
{
    uint64_t floor = 0;

    assert_int_equal(ledger_nonce_floor(peer->fixture->ledger,
                                        sender_key_slot_id(session_sender(peer->session), 0), &floor,
                                        &peer->fixture->error),
                     0);
    return floor;
}

static struct ledger_sending last_sending(struct fixture *fixture)
{
    struct ledger_sending sending = {.real_ns = 0};

    assert_int_not_equal(ledger_sending(fixture->ledger, &sending, &fixture->error), -1);
    return sending;
}

static const struct script_step not_found = {.reply = "HTTP/1.1 404 Not Found\r\n"
                                                      "Content-Type: application/json\r\n"
                                                      "Content-Length: 21\r\n\r\n{\"error\":[\"no user\"]}"};

/* A process that opens a session, sends one request if there is a server, and then waits to be killed. */
struct other {
    pid_t pid;
    int to, from; /* pipes */
};

/* Before this process has a thread or a ledger. */
static struct other start_other(void **state, bool with_ledger)
{
    struct other other;
    int to[2], from[2];
    char byte = 0;

    assert_int_equal(pipe(to) | pipe(from), 0);
    other = (struct other){.pid = fork(), .to = to[1], .from = from[0]};
    assert_true(other.pid >= 0);
    if (other.pid > 0) {
        close(to[0]);
        close(from[1]);
        return other;
    }
    struct peer peer;
    uint16_t port;
    alarm(60);
    if (read(to[0], &port, sizeof port) != sizeof port)
        _exit(1);
    start_peer(&peer, state, NULL, port);
    if (with_ledger)
        fixture_open(peer.fixture, LEDGER_MAKE);
    must_open(&peer, peer.fixture->ledger, !with_ledger);
    if (with_ledger)
        ask(&peer);
    if (write(from[1], &byte, 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* It has its session. */
static void await_other(const struct other *other, uint16_t port)
{
    char byte;

    assert_int_equal(write(other->to, &port, sizeof port), sizeof port);
    assert_int_equal(read(other->from, &byte, 1), 1);
}

static void kill_other(const struct other *other)
{
    int status;

    kill(other->pid, SIGKILL);
    assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
    assert_true(WIFSIGNALED(status));
    close(other->to);
    close(other->from);
}

static void a_key_that_another_process_holds_is_busy(void **state)
{
    struct other other = start_other(state, false);
    struct fixture *fixture = *state;
    struct peer peer;
    char pid[32];

    await_other(&other, 9);
    start_peer(&peer, state, NULL, 9);
    fixture_open(fixture, LEDGER_MAKE);
    assert_null(open_session(&peer, fixture->ledger, false));
    assert_int_equal(fixture->error.scope, ERROR_BUSY);
    snprintf(pid, sizeof pid, "%d", (int)other.pid);
    assert_non_null(strstr(fixture->error.text, pid));
    assert_true(last_sending(fixture).real_ns == 0); /* nothing was sent, and nothing is recorded */
    kill_other(&other);
    must_open(&peer, fixture->ledger, false);
    assert_null(open_session(&(struct peer){.fixture = fixture, .job = peer.job}, fixture->ledger, false));
    assert_int_equal(fixture->error.scope, ERROR_BUSY); /* this process holds it now */
    end_peer(&peer);
}

static void nonces_begin_above_the_reservation_of_a_session_that_was_killed(void **state)
{
    struct other other = start_other(state, true);
    struct peer peer;

    start_peer(&peer, state, &not_found, 0);
    await_other(&other, peer.server->port);
    kill_other(&other);
    fixture_open(peer.fixture, LEDGER_MAKE);
    assert_true(last_sending(peer.fixture).under_way);
    uint64_t first_nonce = nonce_of(peer.server, 0), opened_ns = clock_mono_ns(), floor;
    must_open(&peer, NULL, true); /* which names the key */
    floor = stored_floor(&peer);
    end_session(&peer, false);
    assert_true(floor >= first_nonce);
    assert_true(floor > clock_real_ns()); /* ahead of the nonces that were used */

    must_open(&peer, peer.fixture->ledger, false);
    assert_int_equal(ask(&peer)->http_status, 404);
    assert_true(nonce_of(peer.server, 1) > floor);
    /* Its end is not known, so its requests may be younger than a window: burst + 2 of them are awaited. */
    assert_true(peer.server->requests[1].arrived_ns >= opened_ns + 3 * S / 10);
    end_peer(&peer);
}

static void the_rate_is_carried_over_to_the_next_session(void **state)
{
    struct peer peer;

    start_peer(&peer, state, &not_found, 0);
    must_open(&peer, peer.fixture->ledger, false);
    assert_true(last_sending(peer.fixture).under_way);
    assert_int_equal(ask(&peer)->http_status, 404);
    end_session(&peer, true);
    struct ledger_sending last = last_sending(peer.fixture);
    assert_false(last.under_way);
    assert_true(last.hold_ns == 0);
    assert_true(last.real_ns >= peer.delivery.done_real_ns);

    uint64_t opened_ns = clock_mono_ns();
    must_open(&peer, peer.fixture->ledger, false);
    ask(&peer);
    assert_true(peer.server->requests[1].arrived_ns >= opened_ns + 3 * S / 10);
    end_peer(&peer);
}

static void a_retry_after_holds_the_next_session_too(void **state)
{
    static const struct script_step slow_down = {.reply = "HTTP/1.1 429 Too Many Requests\r\n"
                                                          "Content-Type: application/json\r\n"
                                                          "Retry-After: 600\r\n"
                                                          "Content-Length: 2\r\n\r\n{}"};
    struct peer peer;

    start_peer(&peer, state, &slow_down, 0);
    must_open(&peer, peer.fixture->ledger, false);
    assert_int_equal(ask(&peer)->http_status, 429);
    end_session(&peer, true);
    uint64_t hold_ns = last_sending(peer.fixture).hold_ns;
    assert_true(hold_ns > 500 * S && hold_ns <= 600 * S);

    must_open(&peer, peer.fixture->ledger, false);
    assert_int_equal(ask(&peer)->kind, OUTCOME_STOP); /* longer than delivery.retry_for */
    assert_int_equal(peer.server->request_count, 1);
    end_peer(&peer);
}

static void a_probe_stores_nothing_but_nonces(void **state)
{
    struct peer peer;

    start_peer(&peer, state, &not_found, 0);
    must_open(&peer, peer.fixture->ledger, true);
    assert_int_equal(ask(&peer)->http_status, 404);
    session_finish(peer.session);
    session_finish(peer.session); /* idempotent */
    assert_true(last_sending(peer.fixture).real_ns == 0);
    assert_true(stored_floor(&peer) > nonce_of(peer.server, 0));
    end_peer(&peer);
}

static void without_a_ledger_a_probe_has_nonces_all_the_same(void **state)
{
    struct peer peer;
    uint64_t now = clock_real_ns();

    start_peer(&peer, state, &not_found, 0);
    must_open(&peer, NULL, true);
    assert_int_equal(ask(&peer)->http_status, 404);
    assert_true(nonce_of(peer.server, 0) > now);
    assert_int_equal(session_clock_run(peer.session), 0);
    end_peer(&peer);
}

/* The reply's Date is two hours behind this machine's clock. */
static void the_largest_lead_of_this_machines_clock_is_stored(void **state)
{
    char reply[256], date[64];
    time_t then = time(NULL) - 7200;
    struct tm tm;
    struct peer peer;

    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&then, &tm));
    snprintf(reply, sizeof reply,
             "HTTP/1.1 404 Not Found\r\nDate: %s\r\nContent-Length: 21\r\n\r\n{\"error\":[\"no user\"]}",
             date);
    const struct script_step step = {.reply = reply};
    start_peer(&peer, state, &step, 0);
    struct fixture *fixture = peer.fixture;
    must_open(&peer, fixture->ledger, false);
    assert_int_equal(session_clock_run(peer.session), 0);
    session_note_journalled(peer.session, clock_real_ns(), clock_boot_ns());
    ask(&peer);
    assert_false(session_clocks(peer.session)->has_provider); /* constant until it is written */

    for (int with_clock = 0; with_clock < 2; with_clock++) {
        int64_t run = -1;
        uint64_t lead_ns = 0;
        fixture_begin(fixture);
        assert_int_equal(session_write(peer.session, with_clock, &fixture->error), 0);
        fixture_commit(fixture);
        session_publish(peer.session);
        assert_int_equal(ledger_clock(fixture->ledger, &run, &lead_ns, &fixture->error), 0);
        assert_int_equal(run, with_clock); /* the first run of the ledger */
        assert_true(lead_ns >= (uint64_t)with_clock * 7195 * S && lead_ns < 7400 * S);
        assert_int_equal(session_clocks(peer.session)->has_provider, with_clock);
    }
    end_session(&peer, true);
    must_open(&peer, fixture->ledger, false);
    assert_int_equal(session_clock_run(peer.session), 1);
    assert_true(session_clocks(peer.session)->lead_ns >= 7195 * S);
    end_peer(&peer);
}

static int setup_without_ledger(void **state)
{
    session_job_make_keys();
    return fixture_setup_empty(state);
}

static int setup_with_ledger(void **state)
{
    session_job_make_keys();
    return fixture_setup(state);
}

#define WITHOUT_LEDGER(test) cmocka_unit_test_setup_teardown(test, setup_without_ledger, fixture_teardown)
#define WITH_LEDGER(test)    cmocka_unit_test_setup_teardown(test, setup_with_ledger, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT_LEDGER(a_key_that_another_process_holds_is_busy),
        WITHOUT_LEDGER(nonces_begin_above_the_reservation_of_a_session_that_was_killed),
        WITH_LEDGER(the_rate_is_carried_over_to_the_next_session),
        WITH_LEDGER(a_retry_after_holds_the_next_session_too),
        WITH_LEDGER(a_probe_stores_nothing_but_nonces),
        WITH_LEDGER(without_a_ledger_a_probe_has_nonces_all_the_same),
        WITH_LEDGER(the_largest_lead_of_this_machines_clock_is_stored),
    };

    log_setup("test", LOG_ERROR, false);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("session", tests, job_text_setup, job_text_teardown);
}
