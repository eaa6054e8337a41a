#include "unit/delivery/sender_fixture.h"

#include <fcntl.h>

#include "delivery/sockets.h"

#define OTHER_CREATED JSON_REPLY("201 Created", "39", "{\"data\":{\"id\":\"someone-else-00000001\"}}")
#define FOLDED                                                                                               \
    "HTTP/1.1 201 Created\r\n X-First: 0123456789abcdef0123456789abcdef\r\n\tand more\r\n"                   \
    "Content-Length: 38\r\n\r\n{\"data\":{\"id\":\"fake-user-0000000001\"}}"

enum { SILENCE_MS = 20, REQUESTS = 12 };

/* What lies in a kept connection before a request is written. */
static void unsolicited_bytes_are_never_the_next_answer(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *unasked;
    } table[] = {
        {"somebody else's user", OTHER_CREATED},
        {"a refusal", JSON_REPLY("400 Bad Request", "2", "{}")},
        {"a timeout of a gateway", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"},
        {"an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n"},
        {"a line end", "\r\n"},
        {"two users in one segment", OTHER_CREATED OTHER_CREATED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct script_step steps[] = {{.reply = CREATED, .unasked_ms = 1, .unasked = table[i].unasked},
                                            {.reply = CREATED, .unasked_ms = 1, .unasked = table[i].unasked},
                                            {.reply = CREATED}};
        struct fixture *fixture = fixture_new(steps, 3, 1);
        fixture_start(fixture);
        for (size_t r = 0; r < 4; r++) {
            const struct delivery *delivery = fixture_deliver(fixture);
            if (delivery->outcome.kind != OUTCOME_DONE ||
                strcmp(delivery->outcome.user_id, "fake-user-0000000001") != 0)
                fail_msg("%s, request %zu: %s %s", table[i].sentence, r, outcome_word(delivery->outcome.kind),
                         delivery->outcome.user_id);
            assert_true(script_server_await_idle(fixture->server)); /* it has said all of it */
            script_sleep_ms(SILENCE_MS);
        }
        fixture_stop(fixture);
        assert_int_equal(fixture->server->request_count, 4);
        assert_int_equal(fixture->server->requests[1].connection, 1);
        assert_int_equal(fixture->server->requests[2].connection, 2);
        assert_int_equal(fixture->server->requests[3].connection, 2); /* kept: nothing was said on it */
        fixture_free(fixture);
    }
}

static void a_kept_connection_that_was_closed_meanwhile_leaves_nothing_in_doubt(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct script_step step = {.reply = CREATED, .close = i == 0, .reset = i == 1};
        struct fixture *fixture = fixture_new(&step, 1, 1);
        fixture_start(fixture);
        for (size_t r = 0; r < 4; r++) {
            assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_DONE);
            assert_true(script_server_await_idle(fixture->server)); /* it has closed the connection */
            script_sleep_ms(SILENCE_MS);
        }
        fixture_stop(fixture);
        assert_int_equal(fixture->server->request_count, 4);
        fixture_free(fixture);
    }
}

static void a_connection_that_is_silent_is_kept(void **state)
{
    (void)state;
    const struct script_step step = {.reply = CREATED};
    struct fixture *fixture = fixture_new(&step, 1, 1);
    fixture_start(fixture);
    for (size_t r = 0; r < REQUESTS; r++)
        assert_int_equal(fixture_deliver(fixture)->outcome.kind, OUTCOME_DONE);
    fixture_stop(fixture);
    for (size_t r = 0; r < REQUESTS; r++)
        assert_int_equal(fixture->server->requests[r].connection, 0);
    fixture_free(fixture);
}

/* It is invalid (RFC 9112, 2.2), so what it says of a create is not known. libcurl 7.84 to 8.0.1 unfolds such
 * a line into what it kept of the answer before, long freed, when both came to one handle: a sanitizer sees
 * it here. */
static void a_head_that_begins_with_a_blank_does_not_change_other_answers(void **state)
{
    (void)state;
    const struct script_step steps[] = {{.reply = CREATED}, {.reply = FOLDED}, {.reply = CREATED},
                                        {.reply = FOLDED},  {.reply = FOLDED}, {.reply = CREATED}};
    enum { STEPS = sizeof steps / sizeof *steps };
    struct fixture *fixture = fixture_new(steps, STEPS, 1);
    fixture_start(fixture);
    for (size_t r = 0; r < STEPS; r++)
        assert_int_equal(fixture_deliver(fixture)->outcome.kind,
                         strcmp(steps[r].reply, FOLDED) == 0 ? OUTCOME_IN_DOUBT : OUTCOME_DONE);
    assert_string_equal(fixture->deliveries[1].outcome.message,
                        "transport: the head of the answer is not HTTP");
    fixture_stop(fixture);
    assert_int_equal(fixture->server->request_count, STEPS);
    fixture_free(fixture);
}

static int listen_on_loopback(int family, struct sockaddr_storage *address, socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM, 0);
    *len = family == AF_INET ? sizeof in : sizeof in6;
    memcpy(address, family == AF_INET ? (void *)&in : (void *)&in6, *len);
    if (bind(fd, (struct sockaddr *)address, *len) != 0 || listen(fd, 4) != 0 ||
        getsockname(fd, (struct sockaddr *)address, len) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* One connection of libcurl's, made and left alone. */
static CURL *connect_only(struct sockets *sockets, const char *url)
{
    CURL *easy = curl_easy_init();
    sockets_track(sockets, easy);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    assert_int_equal(curl_easy_perform(easy), CURLE_OK);
    return easy;
}

static void a_connection_is_found_by_its_addresses_and_forgotten_when_it_closes(void **state)
{
    (void)state;
    static const struct {
        int family;
        const char *ip, *host;
    } table[] = {{AF_INET, "127.0.0.1", "127.0.0.1"}, {AF_INET6, "::1", "[::1]"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sockaddr_storage address;
        socklen_t len;
        struct sockets sockets;
        struct socket_entry *entry, *other;
        char url[64];
        long ports[2];
        int listener = listen_on_loopback(table[i].family, &address, &len);
        if (listener < 0)
            continue; /* a machine without IPv6 */
        int port = ntohs(table[i].family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                                    : ((struct sockaddr_in6 *)&address)->sin6_port);
        snprintf(url, sizeof url, "http://%s:%d", table[i].host, port);
        sockets_init(&sockets);
        CURL *easy[2] = {connect_only(&sockets, url), connect_only(&sockets, url)};
        assert_int_equal(sockets.count, 2);
        assert_int_equal(sockets.opened, 2);
        for (size_t c = 0; c < 2; c++)
            curl_easy_getinfo(easy[c], CURLINFO_LOCAL_PORT, &ports[c]);
        const struct socket_address first = {table[i].ip, table[i].ip, port, (int)ports[0]};
        const struct socket_address second = {table[i].ip, table[i].ip, port, (int)ports[1]};
        const struct socket_address nobody = {table[i].ip, table[i].ip, port, port};
        assert_int_equal(sockets_check(&sockets, &first, &entry), SOCKET_USABLE);
        assert_int_equal(sockets_check(&sockets, &second, &other), SOCKET_USABLE);
        assert_ptr_not_equal(entry, other);
        assert_true(fcntl(entry->fd, F_GETFD) & FD_CLOEXEC);
        assert_int_equal(sockets_check(&sockets, &nobody, &other), SOCKET_UNKNOWN);
        assert_null(other);

        int peer = accept(listener, NULL, NULL);
        assert_int_equal(send(peer, "x", 1, 0), 1);
        assert_int_equal(sockets_check(&sockets, &first, &entry), SOCKET_USABLE);
        entry->used = true;
        assert_int_equal(sockets_check(&sockets, &first, &entry), SOCKET_READABLE);
        assert_int_equal(sockets_check(&sockets, &second, &entry), SOCKET_USABLE);
        curl_easy_cleanup(easy[0]);
        assert_int_equal(sockets.count, 1);
        assert_int_equal(sockets_check(&sockets, &first, &entry), SOCKET_UNKNOWN);
        close(listener);
        curl_easy_cleanup(easy[1]);
        assert_int_equal(sockets.count, 0);
        close(peer);
        sockets_clear(&sockets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsolicited_bytes_are_never_the_next_answer),
        cmocka_unit_test(a_kept_connection_that_was_closed_meanwhile_leaves_nothing_in_doubt),
        cmocka_unit_test(a_connection_that_is_silent_is_kept),
        cmocka_unit_test(a_head_that_begins_with_a_blank_does_not_change_other_answers),
        cmocka_unit_test(a_connection_is_found_by_its_addresses_and_forgotten_when_it_closes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sockets", tests, NULL, NULL);
}
