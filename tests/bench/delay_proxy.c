/* delay-proxy LISTEN TARGET MICROSECONDS: a network between this port and that one, both of 127.0.0.1, which
 * holds all bytes for so long in each direction. Ends with the end of standard input, and prints for each
 * connection how often its direction turned to the server: `trips N`. Perl is too slow for it: its own
 * jitter would be half a trip.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

enum { CONNECTIONS_MAX = 64, CHUNK_BYTES = 64 * 1024, NS_PER_S = 1000000000 };

struct chunk {
    struct chunk *next;
    uint64_t due_ns;
    size_t len, written;
    char bytes[];
};

/* From one socket to the other. */
struct direction {
    struct chunk *first, *last;
    bool is_ended; /* nothing more is read */
};

struct connection {
    int fds[2]; /* of the client, of the server; -1: none */
    struct direction directions[2];
    uint64_t trips;
    bool was_client; /* the last bytes came from there */
};

static struct connection connections[CONNECTIONS_MAX];
static uint64_t delay_ns;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
    fprintf(stderr, "delay-proxy: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int open_socket(unsigned port, bool is_listening)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (is_listening ? bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0
                     : connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail(is_listening ? "listen" : "connect");
    return fd;
}

static void accept_client(int listener, unsigned target)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), one = 1;
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (connections[i].fds[0] >= 0)
            continue;
        connections[i] = (struct connection){.fds = {fd, open_socket(target, false)}};
        return;
    }
    close(fd);
}

static void end_connection(struct connection *connection)
{
    printf("trips %llu\n", (unsigned long long)connection->trips);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        close(connection->fds[i]);
        for (struct chunk *chunk = connection->directions[i].first, *next; chunk; chunk = next) {
            next = chunk->next;
            free(chunk);
        }
    }
    connection->fds[0] = connection->fds[1] = -1;
}

/* from: 0: of the client. */
static void read_chunk(struct connection *connection, int from)
{
    struct direction *direction = &connection->directions[from];
    struct chunk *chunk = malloc(sizeof *chunk + CHUNK_BYTES);
    ssize_t len = chunk ? read(connection->fds[from], chunk->bytes, CHUNK_BYTES) : 0;
    if (len <= 0) {
        direction->is_ended = true;
        free(chunk);
        return;
    }
    connection->trips += from == 0 && !connection->was_client;
    connection->was_client = from == 0;
    chunk->next = NULL;
    chunk->due_ns = now_ns() + delay_ns;
    chunk->len = (size_t)len;
    chunk->written = 0;
    if (direction->last)
        direction->last->next = chunk;
    else
        direction->first = chunk;
    direction->last = chunk;
}

/* Writes what is due. False when the connection has ended. */
static bool write_due(struct connection *connection, int from, uint64_t now)
{
    struct direction *direction = &connection->directions[from];
    while (direction->first && direction->first->due_ns <= now) {
        struct chunk *chunk = direction->first;
        ssize_t len = send(connection->fds[1 - from], chunk->bytes + chunk->written,
                           chunk->len - chunk->written, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (len < 0)
            return errno == EAGAIN;
        chunk->written += (size_t)len;
        if (chunk->written < chunk->len)
            return true;
        direction->first = chunk->next;
        if (!direction->first)
            direction->last = NULL;
        free(chunk);
    }
    return direction->first || !direction->is_ended;
}

/* Until the first chunk is due; one that could not be written is tried again soon. */
static uint64_t wait_ns(uint64_t now)
{
    uint64_t least = NS_PER_S;
    for (size_t i = 0; i < 2 * CONNECTIONS_MAX; i++) {
        const struct chunk *chunk =
            connections[i / 2].fds[0] < 0 ? NULL : connections[i / 2].directions[i % 2].first;
        uint64_t wait = !chunk ? NS_PER_S : chunk->due_ns > now ? chunk->due_ns - now : delay_ns / 8 + 1000;
        least = wait < least ? wait : least;
    }
    return least;
}

/* False: standard input has ended. */
static bool serve(int listener, unsigned target)
{
    struct pollfd fds[2 + 2 * CONNECTIONS_MAX] = {{.fd = 0, .events = POLLIN},
                                                  {.fd = listener, .events = POLLIN}};
    struct timespec wait = {.tv_nsec = 0};
    uint64_t now = now_ns(), least = wait_ns(now);
    for (size_t i = 0; i < 2 * CONNECTIONS_MAX; i++) {
        const struct connection *connection = &connections[i / 2];
        bool is_open = connection->fds[0] >= 0 && !connection->directions[i % 2].is_ended;
        fds[2 + i] = (struct pollfd){.fd = is_open ? connection->fds[i % 2] : -1, .events = POLLIN};
    }
    wait.tv_sec = (time_t)(least / NS_PER_S);
    wait.tv_nsec = (long)(least % NS_PER_S);
    if (ppoll(fds, sizeof fds / sizeof *fds, &wait, NULL) < 0)
        fail("poll");
    if (fds[0].revents != 0 && read(0, (char[1]){0}, 1) <= 0)
        return false;
    for (size_t i = 0; i < 2 * CONNECTIONS_MAX; i++)
        if (fds[2 + i].revents != 0)
            read_chunk(&connections[i / 2], (int)(i % 2));
    now = now_ns();
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].fds[0] >= 0 &&
            (!write_due(&connections[i], 0, now) || !write_due(&connections[i], 1, now)))
            end_connection(&connections[i]);
    if (fds[1].revents != 0)
        accept_client(listener, target);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    unsigned listen_port = (unsigned)strtoul(argv[1], NULL, 10),
             target = (unsigned)strtoul(argv[2], NULL, 10);
    delay_ns = strtoull(argv[3], NULL, 10) * 1000;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        connections[i].fds[0] = connections[i].fds[1] = -1;
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    int listener = open_socket(listen_port, true);
    while (serve(listener, target))
        continue;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        if (connections[i].fds[0] >= 0)
            end_connection(&connections[i]);
    return 0;
}
