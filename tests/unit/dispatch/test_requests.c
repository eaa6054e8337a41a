#include "unit/dispatch/session_job.h"
#include "unit/ledger/ledger_fixture.h"

#include "core/log.h"
#include "dispatch/requests.h"
#include "provider/provider_table.h"
#include "unit/delivery/script_server.h"

/* A series against a scripted server: what is called is traced, one letter each:
 *
 *   n next  j journal  C committed  + answered  r repeats  - gave_up  ! gave_up while it stops  x release
 */

enum { TRACE_SIZE = 256 };

#define REPLY(status, body, length)                                                                          \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nContent-Length: " length "\r\n\r\n" body
#define FOUND   REPLY("200 OK", "{\"id\":\"u1\"}", "11")
#define MISSING REPLY("404 Not Found", "{\"error\":[\"no user\"]}", "21")
#define BROKEN  REPLY("500 Internal Server Error", "", "0")
#define CLOSED  REPLY("403 Forbidden", "{\"error\":[\"EGeneral:Permission denied\"]}", "40")

struct series {
    struct fixture *fixture;
    struct script_server *server;
    char trace[TRACE_SIZE];
    size_t left;            /* requests that next still has */
    bool may_repeat, fails; /* fails: journal breaks the ledger */
    size_t sent_at_commit;  /* requests that had arrived some time after the first commit */
    size_t owned;           /* extras in use */
};

static void trace(struct series *series, char letter)
{
    size_t len = strlen(series->trace);

    assert_true(len + 1 < TRACE_SIZE);
    series->trace[len] = letter;
    series->trace[len + 1] = '\0';
}

static int next(void *context, struct request *request, struct error *error)
{
    struct series *series = context;

    (void)error;
    if (series->left == 0)
        return 0;
    series->left--;
    trace(series, 'n');
    assert_int_equal(*(int *)request->extra, 0);
    *(int *)request->extra = 7;
    series->owned++;
    request_set_user(request, OPERATION_FETCH, SLICE_LITERAL("00000000-0000-0000-0000-000000000000"));
    return 1;
}

static int journal(void *context, struct request *request, struct error *error)
{
    struct series *series = context;

    (void)request;
    trace(series, 'j');
    if (series->fails)
        return error_set(error, ERROR_LEDGER, "the disk is full");
    return 0;
}

static int answered(void *context, struct request *request, struct error *error)
{
    (void)error;
    assert_int_equal(*(int *)request->extra, 7);
    trace(context, '+');
    return 0;
}

static int repeats(void *context, struct request *request, struct error *error)
{
    struct series *series = context;

    (void)request, (void)error;
    trace(series, 'r');
    return series->may_repeat;
}

static int gave_up(void *context, struct request *request, bool is_stopping, struct error *error)
{
    (void)request, (void)error;
    trace(context, is_stopping ? '!' : '-');
    return 0;
}

static void committed(void *context)
{
    struct series *series = context;
    size_t len = strlen(series->trace);

    if (!strchr(series->trace, 'C')) {
        script_sleep_ms(100);
        series->sent_at_commit = series->server->request_count;
    }
    if (len > 0 && series->trace[len - 1] != 'C') /* rounds in which nothing happened */
        trace(series, 'C');
}

static void release(void *context, struct request *request)
{
    struct series *series = context;

    (void)request;
    series->owned--;
    trace(series, 'x');
}

static const struct requests_handler handler = {.next = next,
                                                .journal = journal,
                                                .answered = answered,
                                                .repeats = repeats,
                                                .gave_up = gave_up,
                                                .committed = committed,
                                                .release = release};

static void ignore(void *context, struct delivery *delivery)
{
    (void)context, (void)delivery;
}

static void drop_locks(uint16_t port)
{
    struct error error;
    struct job *job = session_job_load(port, 1, "rate: 100/s");
    struct sender *sender = sender_new(job, provider_find("payward"), ignore, NULL, &error);

    assert_non_null(sender);
    session_job_drop_locks(sender);
    sender_free(sender);
    job_free(job);
}

/* One request after the other. */
static int run(struct series *series, void **state, const struct script_step *steps, size_t count,
               struct error *error)
{
    struct coordinator_queue *queue = coordinator_queue_new(1);
    uint64_t sent;

    series->fixture = *state;
    series->server = script_server_new(steps, count);
    struct job *job = session_job_load(series->server->port, 1, "rate: 100/s, attempts: 3, in_flight: 1");
    const struct requests_parts parts = {.job = job,
                                         .provider = provider_find("payward"),
                                         .ledger = series->fixture->ledger,
                                         .queue = queue,
                                         .handler = &handler,
                                         .context = series,
                                         .extra_size = sizeof(int),
                                         .interrupted = "interrupted"};
    int result = requests_run(&parts, &sent, error);
    assert_int_equal(series->owned, 0);
    script_server_stop(series->server);
    assert_int_equal(sent, series->server->request_count);
    drop_locks(series->server->port);
    script_server_free(series->server);
    coordinator_queue_free(queue);
    job_free(job);
    return result;
}

static void a_request_is_journalled_and_committed_before_it_is_sent(void **state)
{
    static const struct script_step steps[] = {{.reply = FOUND}};
    struct series series = {.left = 1};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), 0);
    assert_string_equal(series.trace, "njC+xC");
    assert_int_equal(series.sent_at_commit, 0);
}

static void a_refusal_is_an_answer(void **state)
{
    static const struct script_step steps[] = {{.reply = MISSING}};
    struct series series = {.left = 1};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), 0);
    assert_string_equal(series.trace, "njC+xC");
}

static void a_request_without_an_answer_is_repeated_without_a_new_journal_entry(void **state)
{
    static const struct script_step steps[] = {{.reply = BROKEN}, {.reset = true}, {.reply = FOUND}};
    struct series series = {.left = 1, .may_repeat = true};
    struct error error;

    assert_int_equal(run(&series, state, steps, 3, &error), 0);
    assert_string_equal(series.trace, "njCrCrC+xC");
}

static void the_handler_may_give_a_request_up(void **state)
{
    static const struct script_step steps[] = {{.reply = BROKEN}};
    struct series series = {.left = 1};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), 0);
    assert_string_equal(series.trace, "njCr-xC");
}

/* delivery.attempts: 3. */
static void attempts_are_bounded(void **state)
{
    static const struct script_step steps[] = {{.reply = BROKEN}};
    struct series series = {.left = 1, .may_repeat = true};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), 0);
    assert_string_equal(series.trace, "njCrCrC-xC");
}

/* Two requests are in the window, of which one is in flight. */
static void an_answer_that_stops_a_run_stops_the_series(void **state)
{
    static const struct script_step steps[] = {{.reply = CLOSED}};
    struct series series = {.left = 9};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), -1);
    assert_int_equal(error.scope, ERROR_PROVIDER);
    assert_int_equal(strncmp(series.trace, "njnjC!x", 7), 0);
    assert_int_equal(series.left, 7);
}

static void nothing_is_sent_that_was_not_committed(void **state)
{
    static const struct script_step steps[] = {{.reply = FOUND}};
    struct series series = {.left = 2, .fails = true};
    struct error error;

    assert_int_equal(run(&series, state, steps, 1, &error), -1);
    assert_int_equal(error.scope, ERROR_LEDGER);
    assert_string_equal(error.text, "the disk is full");
    assert_string_equal(series.trace, "njx");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_request_is_journalled_and_committed_before_it_is_sent,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_an_answer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_request_without_an_answer_is_repeated_without_a_new_journal_entry,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_handler_may_give_a_request_up, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(attempts_are_bounded, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_answer_that_stops_a_run_stops_the_series, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_sent_that_was_not_committed, fixture_setup,
                                        fixture_teardown),
    };
    log_setup("test", LOG_ERROR, false);
    session_job_make_keys();
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("requests", tests, job_text_setup, job_text_teardown);
}
