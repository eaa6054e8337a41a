/* script_server: a peer for tests of the sender: a real server on loopback that follows a script.
 *
 * Each request, in the order in which they arrive over all connections, takes the next step of the script;
 * the last step serves all that follow. What arrived is recorded, with the kernel's time stamp: on a busy
 * machine the server's threads may run late. One thread accepts, one serves each connection. Header-only, so
 * that a test is one source.
 */
#ifndef KYC_TESTS_SCRIPT_SERVER_H
#define KYC_TESTS_SCRIPT_SERVER_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/memory.h"

enum {
    SCRIPT_REQUESTS_MAX = 4096,
    SCRIPT_CONNECTIONS_MAX = 256,
    SCRIPT_REQUEST_BYTES = 12 * 1024 * 1024,
};

/* What the server does once it has read a whole request. */
struct script_step {
    bool is_held;        /* until script_server_release; first */
    unsigned sleep_ms;   /* then */
    const char *reply;   /* then this, as it is; NULL: nothing */
    size_t filler;       /* then so many x */
    bool close, reset;   /* then the connection ends: FIN, or RST */
    unsigned unasked_ms; /* then, so much later, bytes that answer nothing: */
    const char *unasked; /* NULL: none */
};

struct script_request {
    char *raw; /* head and body, NUL-terminated */
    size_t head_len, len;
    unsigned connection;
    uint64_t arrived_ns,
        answered_ns; /* monotonic: its last bytes came in; the answer is about to leave, 0: never */
};

struct script_server {
    int listener;
    uint16_t port;
    pthread_t acceptor;
    pthread_t servants[SCRIPT_CONNECTIONS_MAX];
    int sockets[SCRIPT_CONNECTIONS_MAX];
    unsigned connection_count;
    pthread_mutex_t mutex;
    pthread_cond_t release;
    const struct script_step *steps;
    size_t step_count;
    struct script_request *requests; /* [SCRIPT_REQUESTS_MAX] */
    size_t request_count;
    size_t busy; /* requests whose step is not yet over, with the end of its connection */
    bool released, stopping;
};

struct script_servant {
    struct script_server *server;
    int socket;
    unsigned connection;
};

static inline void script_sleep_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    while (nanosleep(&time, &time) != 0) {
    }
}

/* The value of a header of a request's head in out; "" when it is absent. */
static inline const char *script_header(const struct script_request *request, const char *name, char *out,
                                        size_t size)
{
    out[0] = '\0';
    for (const char *line = strstr(request->raw, "\r\n"); line && line < request->raw + request->head_len;
         line = strstr(line + 2, "\r\n")) {
        const char *cursor = line + 2;
        if (strncasecmp(cursor, name, strlen(name)) == 0 && cursor[strlen(name)] == ':') {
            cursor += strlen(name) + 1;
            cursor += strspn(cursor, " ");
            snprintf(out, size, "%.*s", (int)strcspn(cursor, "\r"), cursor);
            return out;
        }
    }
    return out;
}

/* As recv; the time at which the bytes came in by the kernel's stamp, or now without one. */
static inline ssize_t script_receive(int fd, void *bytes, size_t size, uint64_t *arrived_ns)
{
    union {
        struct cmsghdr align;
        char bytes[256];
    } control;
    struct iovec part = {bytes, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t len = recvmsg(fd, &message, 0);
    *arrived_ns = clock_mono_ns();
    for (struct cmsghdr *it = len > 0 ? CMSG_FIRSTHDR(&message) : NULL; it; it = CMSG_NXTHDR(&message, it)) {
        if (it->cmsg_level != SOL_SOCKET || it->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(it), sizeof stamp);
        *arrived_ns =
            clock_mono_of_real_ns((uint64_t)stamp.tv_sec * CLOCK_NS_PER_S + (uint64_t)stamp.tv_nsec);
    }
    return len;
}

/* Turns the stamps on for a listener's connections. The kernel begins with them a little later. */
static inline void script_stamp(int listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    int on = 1, probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t sent_ns, arrived_ns;
    if (bind(probe, (struct sockaddr *)&address, len) != 0 ||
        getsockname(probe, (struct sockaddr *)&address, &len) != 0 ||
        setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        setsockopt(probe, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
        abort();
    do { /* without a stamp of its arrival a datagram has that of its reading */
        char byte = 0;
        if (sendto(probe, &byte, 1, 0, (struct sockaddr *)&address, len) != 1)
            abort();
        sent_ns = clock_mono_ns();
        script_sleep_ms(2);
        if (script_receive(probe, &byte, 1, &arrived_ns) != 1)
            abort();
    } while (arrived_ns > sent_ns + CLOCK_NS_PER_MS);
    close(probe);
}

/* Reads on until a whole request is there. False: the connection ended first. */
static inline bool script_read_request(int fd, struct buffer *in, struct script_request *request)
{
    request->len = 0; /* until its head is there */
    for (;;) {
        const char *end = request->len == 0 && in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
        if (end) {
            char text[32];
            request->raw = in->data;
            request->head_len = (size_t)(end + 4 - in->data);
            request->len =
                request->head_len + strtoul(script_header(request, "Content-Length", text, 32), NULL, 10);
        }
        if (request->len > 0 && in->len >= request->len) {
            request->raw = in->data; /* the buffer grew since */
            return true;
        }
        char bytes[16384];
        ssize_t got = script_receive(fd, bytes, sizeof bytes, &request->arrived_ns);
        if (got <= 0)
            return false;
        buffer_append(in, slice_make(bytes, (size_t)got));
    }
}

/* Records it; gives its step and, in *index, its number. */
static inline struct script_step script_record(struct script_server *server, struct script_request request,
                                               size_t *index)
{
    request.raw = memory_copy(slice_make(request.raw, request.len));
    pthread_mutex_lock(&server->mutex);
    server->busy++;
    *index = server->request_count++;
    server->requests[*index] = request;
    size_t step = *index < server->step_count ? *index : server->step_count - 1;
    pthread_mutex_unlock(&server->mutex);
    return server->steps[step];
}

static inline void script_send(int fd, const char *cursor, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, cursor, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        cursor += sent;
        len -= (size_t)sent;
    }
}

static inline void script_send_filler(int fd, size_t len)
{
    char bytes[4096];
    memset(bytes, 'x', sizeof bytes);
    for (; len > 0; len -= len < sizeof bytes ? len : sizeof bytes)
        script_send(fd, bytes, len < sizeof bytes ? len : sizeof bytes);
}

static inline void script_await_release(struct script_server *server)
{
    pthread_mutex_lock(&server->mutex);
    while (!server->released)
        pthread_cond_wait(&server->release, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

/* True when the connection lives on. */
static inline bool script_play(struct script_server *server, int fd, struct script_step step, size_t index)
{
    if (step.is_held)
        script_await_release(server);
    script_sleep_ms(step.sleep_ms);
    if (step.reply) {
        pthread_mutex_lock(&server->mutex);
        server->requests[index].answered_ns = clock_mono_ns(); /* before it can be seen */
        pthread_mutex_unlock(&server->mutex);
        script_send(fd, step.reply, strlen(step.reply));
        script_send_filler(fd, step.filler);
    }
    if (step.reset) {
        struct linger at_once = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    if (step.unasked) {
        script_sleep_ms(step.unasked_ms);
        script_send(fd, step.unasked, strlen(step.unasked));
    }
    return !step.close && !step.reset;
}

static inline void script_step_over(struct script_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->busy--;
    pthread_mutex_unlock(&server->mutex);
}

static inline void *script_serve(void *context)
{
    struct script_servant servant = *(struct script_servant *)context;
    free(context);
    struct buffer in;
    buffer_init(&in, SCRIPT_REQUEST_BYTES);
    struct script_request request = {.connection = servant.connection};
    bool open = true;
    while (open && script_read_request(servant.socket, &in, &request)) {
        size_t index;
        struct script_step step = script_record(servant.server, request, &index);
        struct buffer rest;
        buffer_init(&rest, SCRIPT_REQUEST_BYTES);
        buffer_append(&rest, slice_make(in.data + request.len, in.len - request.len));
        buffer_clear(&in);
        in = rest;
        open = script_play(servant.server, servant.socket, step, index);
        if (open)
            script_step_over(servant.server);
    }
    buffer_clear(&in);
    pthread_mutex_lock(&servant.server->mutex);
    close(servant.socket);
    servant.server->sockets[servant.connection] = -1;
    servant.server->busy -= !open;
    pthread_mutex_unlock(&servant.server->mutex);
    return NULL;
}

static inline void *script_accept(void *context)
{
    struct script_server *server = context;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        pthread_mutex_lock(&server->mutex);
        bool stopping = server->stopping || fd < 0 || server->connection_count == SCRIPT_CONNECTIONS_MAX;
        if (!stopping) {
            struct script_servant *servant = memory_new(1, sizeof *servant);
            *servant = (struct script_servant){server, fd, server->connection_count};
            server->sockets[server->connection_count] = fd;
            pthread_create(&server->servants[server->connection_count++], NULL, script_serve, servant);
        } else if (fd >= 0) {
            close(fd);
        }
        pthread_mutex_unlock(&server->mutex);
        if (stopping)
            return NULL;
    }
}

/* Listens on a free port of 127.0.0.1. Borrows steps. */
static inline struct script_server *script_server_new(const struct script_step *steps, size_t step_count)
{
    struct script_server *server = memory_new(1, sizeof *server);
    server->steps = steps;
    server->step_count = step_count;
    server->requests = memory_new(SCRIPT_REQUESTS_MAX, sizeof *server->requests);
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->release, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server->listener, (struct sockaddr *)&address, len) != 0 || listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &len) != 0)
        abort();
    script_stamp(server->listener);
    server->port = ntohs(address.sin_port);
    pthread_create(&server->acceptor, NULL, script_accept, server);
    return server;
}

/* Steps that are held go on, and those that come are not held. */
static inline void script_server_release(struct script_server *server)
{
    pthread_mutex_lock(&server->mutex);
    server->released = true;
    pthread_cond_broadcast(&server->release);
    pthread_mutex_unlock(&server->mutex);
}

/* Ends all connections; requests can still be looked at. */
static inline void script_server_stop(struct script_server *server)
{
    script_server_release(server);
    pthread_mutex_lock(&server->mutex);
    server->stopping = true;
    shutdown(server->listener, SHUT_RDWR);
    for (unsigned i = 0; i < server->connection_count; i++)
        if (server->sockets[i] >= 0)
            shutdown(server->sockets[i], SHUT_RDWR);
    pthread_mutex_unlock(&server->mutex);
    pthread_join(server->acceptor, NULL);
    for (unsigned i = 0; i < server->connection_count; i++)
        pthread_join(server->servants[i], NULL);
    close(server->listener);
}

/* After script_server_stop. */
static inline void script_server_free(struct script_server *server)
{
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i].raw);
    pthread_cond_destroy(&server->release);
    pthread_mutex_destroy(&server->mutex);
    free(server->requests);
    free(server);
}

static inline size_t script_server_count(struct script_server *server)
{
    pthread_mutex_lock(&server->mutex);
    size_t count = server->request_count;
    pthread_mutex_unlock(&server->mutex);
    return count;
}

/* Waits until so many requests have come in whole. False: not within 20 s. */
static inline bool script_server_await(struct script_server *server, size_t count)
{
    for (int i = 0; i < 4000 && script_server_count(server) < count; i++)
        script_sleep_ms(5);
    return script_server_count(server) >= count;
}

/* Waits until the steps of all requests are over: all is sent, and what ends is closed. False: not within 20
 * s.
 */
static inline bool script_server_await_idle(struct script_server *server)
{
    for (int i = 0; i < 4000; i++) {
        pthread_mutex_lock(&server->mutex);
        bool is_idle = server->busy == 0;
        pthread_mutex_unlock(&server->mutex);
        if (is_idle)
            return true;
        script_sleep_ms(5);
    }
    return false;
}

#endif
