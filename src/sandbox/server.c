#include "sandbox/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/file.h"
#include "core/memory.h"
#include "sandbox/api.h"
#include "sandbox/arrival.h"
#include "sandbox/delay_queue.h"
#include "sandbox/exchange.h"
#include "sandbox/request_steps.h"
#include "sandbox/server_state.h"

enum {
    BACKLOG = 1024,
    CONNECTIONS_MAX = 8192,
    CONNECTION_MEMORY = 16 * 1024, /* headers and the part of a body in hand; cleared for each request */
    PEM_MAX = 64 * 1024,
};

struct server {
    struct server_state *state;
    struct MHD_Daemon *daemon, *tls; /* tls: NULL without */
    struct buffer pem;
    struct delay_queue *delays;
    uint16_t port, tls_port;
};

static int socket_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* Connecting to AF_UNSPEC makes the kernel send RST at once (tcp_disconnect). Closing with a linger time of 0
 * would send it too, but libmicrohttpd shuts down first, and the client would see an orderly end. */
static void reset_connection(struct MHD_Connection *connection)
{
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    (void)connect(socket_of(connection), &nowhere, sizeof nowhere);
}

/* the first half of the answer, then an error that closes the connection */
static ssize_t read_truncated(void *context, uint64_t offset, char *out, size_t capacity)
{
    const struct exchange *exchange = context;
    uint64_t half = exchange->answer.len / 2;
    if (offset >= half)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t len = half - offset < capacity ? (size_t)(half - offset) : capacity;
    memcpy(out, exchange->answer.data + offset, len);
    return (ssize_t)len;
}

static void add_retry_after(struct MHD_Response *response, const struct options *options)
{
    char text[64];
    uint64_t seconds = options->retry_after_ns / CLOCK_NS_PER_S;
    if (seconds == 0)
        return;
    snprintf(text, sizeof text, "%" PRIu64, seconds);
    if (options->retry_after_is_date) {
        time_t then = (time_t)(clock_real_ns() / CLOCK_NS_PER_S + seconds);
        struct tm parts;
        gmtime_r(&then, &parts);
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, text);
}

static struct MHD_Response *make_response(struct exchange *exchange)
{
    struct buffer *answer = &exchange->answer;
    struct MHD_Response *response;
    if (exchange->fault == FAULT_TRUNCATE)
        response = MHD_create_response_from_callback(answer->len, 4096, read_truncated, exchange, NULL);
    else
        response = MHD_create_response_from_buffer(answer->len, answer->data, MHD_RESPMEM_PERSISTENT);
    char trace[2 * sizeof exchange->trace + 1];
    digest_hex((const uint8_t *)&exchange->trace, sizeof exchange->trace, trace);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, exchange->content_type);
    if (exchange->api)
        MHD_add_response_header(response, exchange->api->trace_header, trace);
    if (exchange->error_type)
        MHD_add_response_header(response, "x-amzn-errortype", exchange->error_type);
    if (exchange->retry_after)
        add_retry_after(response, exchange->state->options);
    return response;
}

/* Sends the answer as raw bytes, bypassing libmicrohttpd, with a header line before all others. A failure
 * does not matter: the client is gone then. */
static void send_raw(struct exchange *exchange, const char *first)
{
    struct buffer out;
    buffer_init(&out, exchange->answer.len + CONNECTION_MEMORY);
    buffer_printf(&out, "HTTP/1.1 %u Answer\r\n%sContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                  exchange->status, first, exchange->content_type, exchange->answer.len);
    buffer_append(&out, buffer_slice(&exchange->answer));
    (void)send(socket_of(exchange->connection), out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    buffer_clear(&out);
}

/* the answer lives as long as the exchange: until the response was sent */
static enum MHD_Result send_answer(struct exchange *exchange)
{
    if (exchange->fault == FAULT_RESET)
        reset_connection(exchange->connection);
    if (exchange->fault == FAULT_FOLDED_HEADER && exchange->status != 0) {
        send_raw(exchange, " X-First: a line that folds nothing\r\n");
        return MHD_NO;
    }
    if (exchange->status == 0)
        return MHD_NO;
    struct MHD_Response *response = make_response(exchange);
    enum MHD_Result result = MHD_queue_response(exchange->connection, exchange->status, response);
    MHD_destroy_response(response);
    return result;
}

static void finish_delayed(void *item, bool stopping)
{
    struct exchange *exchange = item;
    request_steps_finish(exchange, stopping);
    exchange->ready = true;
    MHD_resume_connection(exchange->connection);
}

static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct server *server = context;
    return exchange_new(server->state, connection, target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data, size_t *data_len,
                                  void **request)
{
    (void)url;
    (void)version;
    struct server *server = context;
    struct exchange *exchange = *request;
    if (!exchange->begun) {
        snprintf(exchange->method, sizeof exchange->method, "%s", method);
        request_steps_arrive(exchange, arrival_ns(socket_of(connection)));
        return MHD_YES;
    }
    if (*data_len > 0) {
        buffer_append(&exchange->body, slice_make(data, *data_len));
        *data_len = 0;
        return MHD_YES;
    }
    if (exchange->ready)
        return send_answer(exchange);

    uint64_t delay_ns = request_steps_begin(exchange);
    if (delay_ns == 0) {
        request_steps_finish(exchange, false);
        return send_answer(exchange);
    }
    /* from here on the delay queue's thread may finish and resume the exchange at any moment */
    MHD_suspend_connection(connection);
    if (!delay_queue_put(server->delays, clock_mono_ns() + delay_ns, exchange))
        finish_delayed(exchange, true);
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    struct exchange *exchange = *request;
    if (exchange && exchange->fault == FAULT_FOREIGN_BYTES && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        send_raw(exchange, "");
    if (exchange)
        exchange_free(exchange);
    *request = NULL;
}

/* returns the socket, or -1 with errno */
static int listen_on(struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    socklen_t size = sizeof *address;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    arrival_watch(fd);
    if (bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

/* Returns the daemon and its port, or NULL. pem: of HTTPS, NULL for HTTP; it outlives the daemon. */
static struct MHD_Daemon *start_daemon(struct server *server, struct sockaddr_in address, const char *pem,
                                       uint16_t *port, struct error *error)
{
    uint16_t wanted = ntohs(address.sin_port);
    int fd = listen_on(&address);
    if (fd < 0) {
        error_set(error, ERROR_USAGE, "cannot listen on port %u: %s\nhint: port 0 takes a free one", wanted,
                  strerror(errno));
        return NULL;
    }
    *port = ntohs(address.sin_port);
    unsigned threads = server->state->options->threads;
    struct MHD_OptionItem tls[] = {
        {pem ? MHD_OPTION_HTTPS_MEM_KEY : MHD_OPTION_END, 0, (void *)pem},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)pem},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (pem ? MHD_USE_TLS : 0u), *port, NULL,
        NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!daemon) {
        error_set(error, ERROR_USAGE, "the %s server does not start%s", pem ? "HTTPS" : "HTTP",
                  pem ? "\nhint: the file of --tls-pem holds a private key, then its certificate" : "");
        close(fd);
    }
    return daemon;
}

static int start_tls(struct server *server, struct error *error)
{
    const struct options *options = server->state->options;
    if (!options->tls_pem)
        return 0;
    if (file_read(options->tls_pem, &server->pem, error))
        return -1;
    buffer_append_char(&server->pem, '\0');
    server->tls = start_daemon(server, options->tls_listen, server->pem.data, &server->tls_port, error);
    return server->tls ? 0 : -1;
}

struct server *server_start(struct server_state *state, struct error *error)
{
    struct server *server = memory_new(1, sizeof *server);
    server->state = state;
    server->delays = delay_queue_new(finish_delayed);
    buffer_init(&server->pem, PEM_MAX);
    server->daemon = start_daemon(server, state->options->listen, NULL, &server->port, error);
    if (server->daemon && start_tls(server, error) == 0)
        return server;
    server_stop(server);
    return NULL;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

uint16_t server_tls_port(const struct server *server)
{
    return server->tls_port;
}

void server_stop(struct server *server)
{
    delay_queue_stop(server->delays);
    if (server->tls)
        MHD_stop_daemon(server->tls);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    delay_queue_free(server->delays);
    buffer_clear(&server->pem);
    free(server);
}
