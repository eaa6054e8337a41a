#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/response.h"

static void add_lines(struct response *response, const char *const *lines)
{
    for (; *lines; lines++)
        assert_true(response_add_header(response, slice_from(*lines)));
}

static void retry_after_is_read_in_seconds_and_as_a_date(void **state)
{
    (void)state;
    /* our clock: Sun, 06 Nov 1994 08:49:37 GMT */
    const uint64_t now = UINT64_C(784111777) * CLOCK_NS_PER_S;
    static const struct {
        const char *sentence;
        const char *lines[4];
        uint64_t want_s;
    } table[] = {
        {"absent", {"HTTP/1.1 429 Too Many Requests\r\n"}, 0},
        {"seconds", {"Retry-After: 120\r\n"}, 120},
        {"any case, no blank", {"RETRY-AFTER:7\r\n"}, 7},
        {"zero", {"Retry-After: 0\r\n"}, 0},
        {"too much is capped", {"Retry-After: 99999999999999999999\r\n"}, 31622400},
        {"negative", {"Retry-After: -5\r\n"}, 0},
        {"a word", {"Retry-After: soon\r\n"}, 0},
        {"empty", {"Retry-After:\r\n"}, 0},
        {"a date by our clock", {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n"}, 60},
        {"a date that is past", {"Retry-After: Sun, 06 Nov 1994 08:40:37 GMT\r\n"}, 0},
        {"a date by the answer's own clock",
         {"Date: Sun, 06 Nov 1994 10:00:00 GMT\r\n", "Retry-After: Sun, 06 Nov 1994 10:00:09 GMT\r\n"},
         9},
        {"not that of an interim answer",
         {"HTTP/1.1 103 Early Hints\r\n", "Retry-After: 50\r\n", "HTTP/1.1 200 OK\r\n"},
         0},
        {"the first of several", {"Retry-After: 6\r\n", "Retry-After: 3600\r\n"}, 6},
        {"the first that can be read", {"Retry-After: soon\r\n", "Retry-After: 6\r\n"}, 6},
        {"the first of a joined line", {"Retry-After: 6, 3600\r\n"}, 6},
        {"the first date of a joined line",
         {"Retry-After: Sun, 06 Nov 1994 08:50:37 GMT, Sun, 06 Nov 1994 09:50:37 GMT\r\n"},
         60},
        {"seconds before a date",
         {"Retry-After: 6\r\n", "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n"},
         6},
        {"not digits alone", {"Retry-After: 6h\r\n"}, 0},
        {"another header", {"X-Retry-After: 50\r\n", "Retry-After-Too: 4\r\n"}, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct response response;
        response_init(&response);
        add_lines(&response, table[i].lines);
        uint64_t ns = response_retry_after_ns(&response, now);
        if (ns != table[i].want_s * CLOCK_NS_PER_S)
            fail_msg("%s: %llu ns", table[i].sentence, (unsigned long long)ns);
        response_clear(&response);
    }
}

static void retry_after_may_have_a_fraction(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        uint64_t want_ns;
    } table[] = {
        {"Retry-After: 1.5\r\n", 1500 * CLOCK_NS_PER_MS},
        {"Retry-After: 0.25\r\n", 250 * CLOCK_NS_PER_MS},
        {"Retry-After: 2.\r\n", 2 * CLOCK_NS_PER_S},
        {"Retry-After: 0.0000000019\r\n", 1},
        {"Retry-After: 3.000, 9\r\n", 3 * CLOCK_NS_PER_S},
        {"Retry-After: .5\r\n", 0},
        {"Retry-After: 1.5.2\r\n", 0},
        {"Retry-After: 31622400.5\r\n", 31622400 * CLOCK_NS_PER_S},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct response response;
        response_init(&response);
        assert_true(response_add_header(&response, slice_from(table[i].line)));
        uint64_t ns = response_retry_after_ns(&response, 0);
        if (ns != table[i].want_ns)
            fail_msg("%s: %llu ns", table[i].line, (unsigned long long)ns);
        response_clear(&response);
    }
}

static void the_date_of_an_answer_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        const char *lines[4];
        uint64_t want_s;
    } table[] = {
        {"absent", {"HTTP/1.1 404 Not Found\r\n"}, 0},
        {"a date", {"HTTP/1.1 404 Not Found\r\n", "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"}, 784111777},
        {"that of the final answer",
         {"Date: Sun, 06 Nov 1994 08:00:00 GMT\r\n", "HTTP/1.1 200 OK\r\n",
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"},
         784111777},
        {"a word", {"Date: today\r\n"}, 0},
        {"beyond what a clock of ns can count", {"Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n"}, 0},
        {"the year after that clock's end", {"Date: Sat, 01 Jan 2263 00:00:00 GMT\r\n"}, 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct response response;
        response_init(&response);
        add_lines(&response, table[i].lines);
        uint64_t ns = response_date_ns(&response);
        if (ns != table[i].want_s * CLOCK_NS_PER_S)
            fail_msg("%s: %llu ns", table[i].sentence, (unsigned long long)ns);
        response_clear(&response);
    }
}

static void the_request_id_is_the_first_known_of_the_final_answer(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        const char *lines[5];
        const char *want;
    } table[] = {
        {"none", {"HTTP/1.1 200 OK\r\n"}, ""},
        {"a request id", {"X-Request-Id:  r-1 \r\n"}, "r-1"},
        {"a trace id goes first", {"X-Request-Id: r-1\r\n", "x-trace-id: t-1\r\n"}, "t-1"},
        {"in either order", {"x-trace-id: t-1\r\n", "X-Request-Id: r-1\r\n"}, "t-1"},
        {"the gateway's", {"x-amzn-RequestId: a-1\r\n"}, "a-1"},
        {"an empty one does not count", {"x-trace-id:\r\n", "x-request-id: r-1\r\n"}, "r-1"},
        {"what cannot be printed is replaced",
         {"x-trace-id: a\x01\xff"
          "b\r\n"},
         "a??b"},
        {"not of an interim answer",
         {"HTTP/1.1 100 Continue\r\n", "x-trace-id: t-0\r\n", "HTTP/1.1 200\r\n"},
         ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct response response;
        response_init(&response);
        add_lines(&response, table[i].lines);
        if (strcmp(response.request_id, table[i].want) != 0)
            fail_msg("%s: %s", table[i].sentence, response.request_id);
        response_clear(&response);
    }
}

static void a_long_request_id_is_cut(void **state)
{
    (void)state;
    struct response response;
    response_init(&response);
    char line[600] = "x-trace-id: ";
    memset(line + 12, 'a', 500);
    assert_true(response_add_header(&response, slice_from(line)));
    assert_int_equal(strlen(response.request_id), OUTCOME_REQUEST_ID_SIZE - 1);
    response_clear(&response);
}

static void a_body_is_kept_up_to_64_kib(void **state)
{
    (void)state;
    static char bytes[RESPONSE_BODY_MAX];
    memset(bytes, 'x', sizeof bytes);
    struct response response;
    response_init(&response);
    assert_true(response_add_body(&response, slice_make(bytes, 65535)));
    assert_true(response_add_body(&response, slice_make(bytes, 1)));
    assert_true(response_add_body(&response, slice_make(bytes, 0)));
    assert_false(response.body_cut);
    assert_false(response_add_body(&response, slice_make("y", 1)));
    assert_true(response.body_cut);
    assert_int_equal(response.body.len, RESPONSE_BODY_MAX);

    response_reset(&response);
    assert_true(response_add_body(&response, slice_make(bytes, 65000)));
    assert_false(response_add_body(&response, slice_make(bytes, 1000)));
    assert_int_equal(response.body.len, RESPONSE_BODY_MAX);
    response_clear(&response);
}

static void headers_are_read_up_to_100_kib(void **state)
{
    (void)state;
    static char line[1024];
    memset(line, 'a', sizeof line);
    struct response response;
    response_init(&response);
    for (unsigned i = 0; i < 100; i++)
        assert_true(response_add_header(&response, slice_make(line, sizeof line)));
    assert_false(response_add_header(&response, slice_make(line, 1)));
    response_reset(&response);
    assert_true(response_add_header(&response, slice_make(line, 1)));
    response_clear(&response);
}

static void headers_state_that_a_list_continues(void **state)
{
    (void)state;
    static const struct {
        const char *lines[4];
        struct response_list want;
    } table[] = {
        {{"HTTP/1.1 200 OK\r\n", "Content-Type: application/json\r\n"}, {false, 0, 0}},
        {{"Link: </users?page=1>; rel=\"first\", </users?page=2>; rel=\"next\"\r\n"}, {true, 0, 0}},
        {{"link: </users?page=2>;REL=next\r\n"}, {true, 0, 0}},
        {{"Link: </users?page=1>; rel=\"prev\"\r\n"}, {false, 0, 0}},
        {{"X-Next-Page: 2\r\n"}, {true, 0, 0}},
        {{"X-Next-Page: \r\n"}, {false, 0, 0}},
        {{"X-Total-Count: 31\r\n", "X-Total-Pages: 4\r\n"}, {false, 31, 4}},
        {{"X-Total: 31\r\n"}, {false, 31, 0}},
        {{"Content-Range: users 0-19/31\r\n"}, {false, 31, 0}},
        {{"Content-Range: users 0-19/*\r\n"}, {false, 0, 0}},
        {{"X-Total-Count: 31\r\n", "HTTP/1.1 200 OK\r\n"}, {false, 0, 0}},
    };
    struct response response;
    response_init(&response);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        response_reset(&response);
        add_lines(&response, table[i].lines);
        if (response.list.has_more != table[i].want.has_more || response.list.total != table[i].want.total ||
            response.list.pages != table[i].want.pages)
            fail_msg("%s", table[i].lines[0]);
    }
    response_clear(&response);
}

static void a_transfer_coding_that_was_not_asked_for_ends_the_answer(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool is_coded;
    } table[] = {
        {"Transfer-Encoding: chunked\r\n", false},      {"transfer-encoding:CHUNKED \r\n", false},
        {"Transfer-Encoding: identity\r\n", false},     {"Transfer-Encoding: gzip\r\n", true},
        {"Transfer-Encoding: gzip, chunked\r\n", true}, {"Transfer-Encoding: br\r\n", true},
        {"Transfer-Encoding: xchunked\r\n", true},      {"Content-Encoding: gzip\r\n", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct response response;
        response_init(&response);
        assert_int_equal(response_add_header(&response, slice_from(table[i].line)), !table[i].is_coded);
        assert_int_equal(response.is_coded, table[i].is_coded);
        response_reset(&response);
        assert_false(response.is_coded);
        response_clear(&response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_in_seconds_and_as_a_date),
        cmocka_unit_test(retry_after_may_have_a_fraction),
        cmocka_unit_test(the_date_of_an_answer_is_read),
        cmocka_unit_test(the_request_id_is_the_first_known_of_the_final_answer),
        cmocka_unit_test(a_long_request_id_is_cut),
        cmocka_unit_test(a_body_is_kept_up_to_64_kib),
        cmocka_unit_test(headers_are_read_up_to_100_kib),
        cmocka_unit_test(headers_state_that_a_list_continues),
        cmocka_unit_test(a_transfer_coding_that_was_not_asked_for_ends_the_answer),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("response", tests, NULL, NULL);
}
