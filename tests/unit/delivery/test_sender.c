#include "unit/delivery/sender_fixture.h"

/* One delivery, one answer. */
struct row {
    const char *sentence;
    struct script_step step;
    uint64_t timeout_ns;
    enum outcome_kind kind;
    bool left;
    int http_status;
    enum retry_cause cause;
    const char *code;
};

#define HUGE_BODY 3000000

static const struct row rows[] = {
    {"a 201 with an id is done", {.reply = CREATED}, 0, OUTCOME_DONE, true, 201, 0, NULL},
    {"a 200 with an id is done",
     {.reply = JSON_REPLY("200 OK", "38", "{\"data\":{\"id\":\"fake-user-0000000001\"}}")},
     0,
     OUTCOME_DONE,
     true,
     200,
     0,
     NULL},
    {"a 201 without one is in doubt",
     {.reply = JSON_REPLY("201 Created", "2", "{}")},
     0,
     OUTCOME_IN_DOUBT,
     true,
     201,
     RETRY_5XX,
     NULL},
    {"an answer in chunks is done",
     {.reply = "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
               "10\r\n{\"data\":{\"id\":\"f\r\n14\r\nake-user-0000000001\"\r\n2\r\n}}\r\n0\r\n\r\n"},
     0,
     OUTCOME_DONE,
     true,
     201,
     0,
     NULL},
    {"an interim 100 is no answer, the 201 behind it is",
     {.reply = "HTTP/1.1 100 Continue\r\n\r\n" CREATED},
     0,
     OUTCOME_DONE,
     true,
     201,
     0,
     NULL},
    {"a 100 and no more is in doubt",
     {.reply = "HTTP/1.1 100 Continue\r\n\r\n", .close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     "reset"},
    {"junk instead of an answer is in doubt",
     {.reply = "\x16\x03\x01 not http\r\n\r\n", .close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     "transport"},
    {"no answer in time is in doubt",
     {.is_held = true, .reply = CREATED},
     S,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_TIMEOUT,
     "timeout"},
    {"half an answer in time is in doubt",
     {.reply = "HTTP/1.1 201 Created\r\nContent-Length: 38\r\n\r\n{\"data\":"},
     S,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_TIMEOUT,
     "timeout"},
    {"closed without an answer is in doubt",
     {.close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     "reset"},
    {"reset is in doubt", {.reset = true}, 0, OUTCOME_IN_DOUBT, true, 0, RETRY_CONNECT, "reset"},
    {"a body that is cut is in doubt",
     {.reply = "HTTP/1.1 201 Created\r\nContent-Length: 60\r\n\r\n"
               "{\"data\":{\"id\":\"fake-user-0000000001\"}}",
      .close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     "cut"},
    {"a 500 is in doubt",
     {.reply = JSON_REPLY("500 Oh", "2", "{}")},
     0,
     OUTCOME_IN_DOUBT,
     true,
     500,
     RETRY_5XX,
     NULL},
    {"a 400 is refused",
     {.reply = JSON_REPLY("400 Bad Request", "2", "{}")},
     0,
     OUTCOME_REFUSED,
     true,
     400,
     0,
     NULL},
    {"a 409 exists", {.reply = JSON_REPLY("409 Conflict", "2", "{}")}, 0, OUTCOME_EXISTS, true, 409, 0, NULL},
    {"an invalid nonce is told apart",
     {.reply = JSON_REPLY("401 Unauthorized", "37", "{\"error\":[\"EAPI:Invalid nonce:abcd\"]}")},
     0,
     OUTCOME_BAD_NONCE,
     true,
     401,
     RETRY_NONCE,
     NULL},
    {"a 401 stops", {.reply = JSON_REPLY("401 No", "2", "{}")}, 0, OUTCOME_STOP, true, 401, RETRY_AUTH, NULL},
    {"a 403 before any success stops",
     {.reply = JSON_REPLY("403 Forbidden", "2", "{}")},
     0,
     OUTCOME_STOP,
     true,
     403,
     RETRY_AUTH,
     NULL},
    {"a redirect stops and is not followed",
     {.reply = "HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"},
     0,
     OUTCOME_IN_DOUBT,
     true,
     307,
     RETRY_5XX,
     NULL},
    {"a success whose body is too large to read is in doubt",
     {.reply = "HTTP/1.1 201 Created\r\nContent-Length: 3000000\r\n\r\n", .filler = HUGE_BODY, .close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     "too_large"},
    {"a 401 with a huge page still stops",
     {.reply = "HTTP/1.1 401 No\r\nContent-Length: 3000000\r\n\r\n", .filler = HUGE_BODY, .close = true},
     0,
     OUTCOME_STOP,
     true,
     401,
     RETRY_AUTH,
     NULL},
    {"headers without end are not read on",
     {.reply = "HTTP/1.1 201 Created\r\nX-Long: ", .filler = HUGE_BODY, .close = true},
     0,
     OUTCOME_IN_DOUBT,
     true,
     0,
     RETRY_CONNECT,
     NULL},
};

static void assert_outcome(const struct row *row, const struct delivery *delivery)
{
    const struct outcome *outcome = &delivery->outcome;
    bool same = outcome->kind == row->kind && delivery->sent == row->left &&
                outcome->http_status == row->http_status && (!row->cause || outcome->cause == row->cause) &&
                (!row->code || strcmp(outcome->code, row->code) == 0);
    if (!same) {
        fail_msg("%s: %s, left %d, HTTP %d, cause %d, code %s, %s", row->sentence,
                 outcome_word(outcome->kind), delivery->sent, outcome->http_status, (int)outcome->cause,
                 outcome->code, outcome->message);
    }
}

static void an_answer_becomes_an_outcome(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *fixture = fixture_new(&rows[i].step, 1, 1);
        if (rows[i].timeout_ns > 0)
            fixture->job.delivery.timeout_ns = rows[i].timeout_ns;
        fixture_start(fixture);
        const struct delivery *delivery = fixture_deliver(fixture);
        fixture_await_requests(fixture, 1); /* a timeout may come before the server's thread runs */
        fixture_stop(fixture);
        assert_outcome(&rows[i], delivery);
        assert_int_equal(fixture->server->request_count, 1);
        assert_int_equal(sender_requests(fixture->sender), 1);
        fixture_free(fixture);
    }
}

static void the_id_and_the_request_id_come_back(void **state)
{
    (void)state;
    const struct script_step step = {
        .reply = "HTTP/1.1 201 Created\r\nX-Trace-Id: trace-7\r\nContent-Length: 38\r\n\r\n"
                 "{\"data\":{\"id\":\"fake-user-0000000001\"}}"};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture_start(fixture);
    uint64_t begun_ns = clock_mono_ns(), begun_real_ns = clock_real_ns();
    const struct delivery *delivery = fixture_deliver(fixture);
    assert_in_range(delivery->latency_ns, 1, clock_mono_ns() - begun_ns);
    assert_in_range(delivery->done_real_ns, begun_real_ns, clock_real_ns());
    fixture_stop(fixture);
    assert_string_equal(delivery->outcome.user_id, "fake-user-0000000001");
    assert_string_equal(delivery->outcome.request_id, "trace-7");
    fixture_free(fixture);
}

static void what_finds_no_one_listening_was_not_sent(void **state)
{
    (void)state;
    /* Bound, so that nobody else listens on it. */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int closed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(closed, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(closed, (struct sockaddr *)&address, &len), 0);
    struct fixture *fixture = fixture_new(NULL, 0, 1);
    snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    fixture_start(fixture);
    const struct delivery *delivery = fixture_deliver(fixture);
    fixture_stop(fixture);
    close(closed);
    assert_int_equal(delivery->outcome.kind, OUTCOME_NOT_SENT);
    assert_int_equal(delivery->outcome.cause, RETRY_CONNECT);
    assert_string_equal(delivery->outcome.code, "connect");
    assert_false(delivery->sent);
    assert_int_equal(sender_requests(fixture->sender), 0);
    fixture_free(fixture);
}

static void a_kept_connection_that_dies_does_not_make_a_second_post(void **state)
{
    (void)state;
    static const struct script_step scripts[][3] = {
        {{.reply = CREATED}, {.close = true}, {.reply = CREATED}},
        {{.reply = CREATED}, {.reset = true}, {.reply = CREATED}},
    };
    for (size_t i = 0; i < 2; i++) {
        struct fixture *fixture = fixture_new(scripts[i], 3, 1);
        fixture_start(fixture);
        const struct delivery *first = fixture_deliver(fixture);
        const struct delivery *second = fixture_deliver(fixture);
        script_sleep_ms(100);
        assert_int_equal(script_server_count(fixture->server), 2);
        const struct delivery *third = fixture_deliver(fixture);
        fixture_stop(fixture);

        assert_int_equal(first->outcome.kind, OUTCOME_DONE);
        assert_int_equal(second->outcome.kind, OUTCOME_IN_DOUBT);
        assert_string_equal(second->outcome.code, "reset");
        assert_true(second->sent);
        assert_int_equal(third->outcome.kind, OUTCOME_DONE);
        assert_int_equal(fixture->server->request_count, 3);
        assert_int_equal(fixture->server->requests[1].connection, fixture->server->requests[0].connection);
        assert_int_equal(sender_requests(fixture->sender), 3);
        fixture_free(fixture);
    }
}

/* payward's signature, computed anew from what arrived. */
static void assert_signature(const struct script_request *request, const char *want_target)
{
    char target[256], nonce[32], sign[128], want[128];
    assert_int_equal(sscanf(request->raw, "POST %255s HTTP/1.1", target), 1);
    assert_string_equal(target, want_target);
    script_header(request, "API-Nonce", nonce, sizeof nonce);
    script_header(request, "API-Sign", sign, sizeof sign);
    uint8_t inner[DIGEST_SHA256_LEN], outer[DIGEST_SHA512_LEN], key[32];
    memset(key, 1, sizeof key);
    struct slice body = slice_make(request->raw + request->head_len, request->len - request->head_len);
    assert_true(body.len > 100);
    digest_sha256(slice_from(nonce), body, inner);
    struct digest_hmac *hmac = digest_hmac_new(DIGEST_SHA512, slice_make((const char *)key, sizeof key));
    digest_hmac_begin(hmac);
    digest_hmac_add(hmac, slice_from(target));
    digest_hmac_add(hmac, slice_make((const char *)inner, sizeof inner));
    digest_hmac_end(hmac, outer);
    digest_hmac_free(hmac);
    digest_base64_encode(outer, sizeof outer, want);
    assert_string_equal(sign, want);
}

static void the_signed_target_is_the_one_on_the_request_line(void **state)
{
    (void)state;
    static const struct {
        const char *base_path, *want;
    } table[] = {
        {"", "/v1/users"},
        {"/", "/v1/users"},
        {"/sandbox", "/sandbox/v1/users"},
        {"/sandbox/pay%20ward/", "/sandbox/pay%20ward/v1/users"},
    };
    const struct script_step step = {.reply = CREATED};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct fixture *fixture = fixture_new(&step, 1, 1);
        snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u%s", fixture->server->port,
                 table[i].base_path);
        fixture_start(fixture);
        fixture_deliver(fixture);
        fixture_deliver(fixture);
        fixture_stop(fixture);
        assert_int_equal(fixture->server->request_count, 2);
        for (size_t r = 0; r < 2; r++)
            assert_signature(&fixture->server->requests[r], table[i].want);
        fixture_free(fixture);
    }
}

/* No user id is `..` (user_id_is_valid), so only this test shows that libcurl resolves nothing. */
static void dot_segments_of_a_target_are_sent_as_they_were_signed(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture_start(fixture);
    struct delivery *delivery = &fixture->deliveries[fixture->submitted++];
    delivery->call.operation = OPERATION_FETCH;
    delivery->call.record = &fixture->record;
    delivery->call.user_id = "..";
    sender_submit(fixture->sender, delivery);
    fixture_wait(fixture, 1);
    fixture_stop(fixture);
    static const char want[] = "GET /sandbox/payward/v1/users/.. HTTP/1.1\r\n";
    assert_int_equal(fixture->server->request_count, 1);
    assert_memory_equal(fixture->server->requests[0].raw, want, sizeof want - 1);
    fixture_free(fixture);
}

static void the_headers_are_those_that_were_agreed(void **state)
{
    (void)state;
    static const struct {
        const char *name, *want;
    } table[] = {
        {"Accept", "application/json"},
        {"Content-Type", "application/json"},
        {"User-Agent", "kyc-import/" KYC_VERSION},
        {"Expect", ""},
        {"Cookie", ""},
        {"Accept-Encoding", ""},
    };
    const struct script_step steps[] = {
        {.reply = "HTTP/1.1 201 Created\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}"},
        {.reply = CREATED}};
    struct fixture *fixture = fixture_new(steps, 2, 1);
    fixture_start(fixture);
    fixture_deliver(fixture);
    fixture_deliver(fixture);
    fixture_stop(fixture);
    for (size_t r = 0; r < 2; r++) {
        char text[256];
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            script_header(&fixture->server->requests[r], table[i].name, text, sizeof text);
            assert_string_equal(text, table[i].want);
        }
        script_header(&fixture->server->requests[r], "API-Key", text, sizeof text);
        assert_string_equal(text, fixture->keys[0]);
    }
    fixture_free(fixture);
}

enum { LARGE = 2 * 1024 * 1024 };

static const char *build_large(const struct provider_call *call, struct provider_request *request)
{
    request->method = "POST";
    snprintf(request->target, sizeof request->target, "%s/v1/users", call->base_path);
    buffer_reset(&request->body);
    while (request->body.len < LARGE)
        buffer_append_text(&request->body, "0123456789abcdef");
    return NULL;
}

static void a_large_body_is_sent_whole_and_does_not_wait_for_a_100(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->provider.build = build_large;
    fixture_start(fixture);
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_DONE);
    fixture_stop(fixture);
    const struct script_request *request = &fixture->server->requests[0];
    char text[64];
    assert_string_equal(script_header(request, "Expect", text, sizeof text), "");
    assert_int_equal(request->len - request->head_len, LARGE);
    assert_signature(request, "/sandbox/payward/v1/users");
    fixture_free(fixture);
}

/* Published: Kraken's REST guide, and Kraken's Rust SDK. Their targets have a path
 * before the operation: the base URL's. */
static const struct vector {
    const char *secret, *base_path, *path, *body, *sign;
    uint64_t nonce;
} vectors[] = {
    {"kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg==", "/0",
     "/private/AddOrder", "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25",
     "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ==",
     UINT64_C(1616492376594)},
    {"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=", "/0", "/private/Balance", "nonce=1700000000000000000",
     "6i7+cpXVLDDnDOekgsRcgFQhkYFyPDSSxhSVA8OrA6vjziXcy2K1DP3n7f9B/Kgni71WjBSQusZKxduRsdF20Q==",
     UINT64_C(1700000000000000000)},
};

static const struct vector *vector_in_hand;

static const char *build_vector(const struct provider_call *call, struct provider_request *request)
{
    request->method = "POST";
    snprintf(request->target, sizeof request->target, "%s%s", call->base_path, vector_in_hand->path);
    buffer_reset(&request->body);
    buffer_append_text(&request->body, vector_in_hand->body);
    return NULL;
}

static void the_published_vectors_leave_as_published(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        vector_in_hand = &vectors[i];
        struct fixture *fixture = fixture_new(&step, 1, 1);
        fixture->credentials[0] = job_parts_credentials(fixture->items[0], "api_key", fixture->keys[0],
                                                        "api_secret", vector_in_hand->secret, (char *)NULL);
        fixture->provider.build = build_vector;
        fixture->nonce = vector_in_hand->nonce;
        snprintf(fixture->base_url, sizeof fixture->base_url, "http://127.0.0.1:%u%s", fixture->server->port,
                 vector_in_hand->base_path);
        fixture_start(fixture);
        fixture_deliver(fixture);
        fixture_stop(fixture);
        const struct script_request *request = &fixture->server->requests[0];
        char line[256], want[256], text[128];
        assert_int_equal(sscanf(request->raw, "POST %255s HTTP/1.1", line), 1);
        snprintf(want, sizeof want, "%s%s", vector_in_hand->base_path, vector_in_hand->path);
        assert_string_equal(line, want);
        assert_string_equal(script_header(request, "API-Sign", text, sizeof text), vector_in_hand->sign);
        fixture_free(fixture);
    }
}

static const char *build_query(const struct provider_call *call, struct provider_request *request)
{
    request->method = "POST";
    snprintf(request->target, sizeof request->target,
             "%s/v1/users?email=a%%2Bb%%40example.com&limit=1&x=%%20", call->base_path);
    buffer_reset(&request->body);
    while (request->body.len < 200)
        buffer_append_text(&request->body, "0123456789abcdef");
    return NULL;
}

static void a_target_with_a_query_is_signed_and_sent_as_it_is(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->provider.build = build_query;
    fixture_start(fixture);
    fixture_deliver(fixture);
    fixture_stop(fixture);
    assert_signature(&fixture->server->requests[0],
                     "/sandbox/payward/v1/users?email=a%2Bb%40example.com&limit=1&x=%20");
    fixture_free(fixture);
}

static void the_proxies_of_the_environment_are_ignored(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    setenv("SSLKEYLOGFILE", "/nonexistent/keys", 1);
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture->job.provider.proxy = "http://127.0.0.1:1"; /* loopback never goes through one */
    fixture_start(fixture);
    assert_null(getenv("SSLKEYLOGFILE"));
    assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_DONE);
    fixture_stop(fixture);
    fixture_free(fixture);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void a_body_is_collected_anew_by_each_attempt_and_up_to_its_bound(void **state)
{
    (void)state;
    struct buffer body;

    buffer_init(&body, 8);
    assert_true(delivery_collect(&body, slice_make("", 0)));
    assert_true(delivery_collect(&body, slice_from("first")));
    assert_true(delivery_collect(&body, slice_make("", 0)));
    assert_true(delivery_collect(&body, slice_from("sec")));
    assert_true(delivery_collect(&body, slice_from("ond")));
    assert_true(slice_is(buffer_slice(&body), "second"));
    assert_false(delivery_collect(&body, slice_from("too long")));
    assert_true(delivery_collect(&body, slice_make("", 0)));
    assert_int_equal(body.len, 0);
    buffer_clear(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_collected_anew_by_each_attempt_and_up_to_its_bound),
        cmocka_unit_test(an_answer_becomes_an_outcome),
        cmocka_unit_test(the_id_and_the_request_id_come_back),
        cmocka_unit_test(what_finds_no_one_listening_was_not_sent),
        cmocka_unit_test(a_kept_connection_that_dies_does_not_make_a_second_post),
        cmocka_unit_test(the_signed_target_is_the_one_on_the_request_line),
        cmocka_unit_test(dot_segments_of_a_target_are_sent_as_they_were_signed),
        cmocka_unit_test(the_published_vectors_leave_as_published),
        cmocka_unit_test(a_target_with_a_query_is_signed_and_sent_as_it_is),
        cmocka_unit_test(the_headers_are_those_that_were_agreed),
        cmocka_unit_test(a_large_body_is_sent_whole_and_does_not_wait_for_a_100),
        cmocka_unit_test(the_proxies_of_the_environment_are_ignored),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
