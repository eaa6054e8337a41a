#include "delivery/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/memory.h"

enum { CAPACITY_FIRST = 16 };

void sockets_init(struct sockets *sockets)
{
    *sockets = (struct sockets){0};
}

void sockets_clear(struct sockets *sockets)
{
    free(sockets->entries);
    *sockets = (struct sockets){0};
}

static void forget(struct sockets *sockets, curl_socket_t fd)
{
    for (size_t i = 0; i < sockets->count; i++)
        if (sockets->entries[i].fd == fd) {
            sockets->entries[i] = sockets->entries[--sockets->count];
            return;
        }
}

static curl_socket_t on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct sockets *sockets = context;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    forget(sockets, fd);
    if (sockets->count == sockets->capacity) {
        sockets->capacity = sockets->capacity > 0 ? sockets->capacity * 2 : CAPACITY_FIRST;
        sockets->entries = memory_resize(sockets->entries, sockets->capacity, sizeof *sockets->entries);
    }
    sockets->entries[sockets->count++] = (struct socket_entry){.fd = fd};
    sockets->opened++;
    return fd;
}

static int on_close(void *context, curl_socket_t fd)
{
    forget(context, fd);
    return close(fd);
}

void sockets_track(struct sockets *sockets, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
}

/* The port of an address, and its IP address as text. 0: neither IPv4 nor IPv6. */
static int read_address(const struct sockaddr_storage *address, char ip[INET6_ADDRSTRLEN])
{
    ip[0] = '\0';
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, ip, INET6_ADDRSTRLEN);
        return ntohs(in->sin_port);
    }
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in6->sin6_addr, ip, INET6_ADDRSTRLEN);
        return ntohs(in6->sin6_port);
    }
    return 0;
}

/* The port on this side; 0 as long as it has none. A socket keeps it. */
static int local_port_of(struct socket_entry *entry)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    char ip[INET6_ADDRSTRLEN];
    if (entry->local_port == 0 && getsockname(entry->fd, (struct sockaddr *)&address, &len) == 0)
        entry->local_port = read_address(&address, ip);
    return entry->local_port;
}

/* One port may serve connections to several addresses at once. */
static bool is_connected(const struct socket_entry *entry, const struct socket_address *wanted)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    char ip[INET6_ADDRSTRLEN];
    if (getsockname(entry->fd, (struct sockaddr *)&address, &len) != 0 ||
        read_address(&address, ip) != wanted->local_port || strcmp(ip, wanted->local) != 0)
        return false;
    len = sizeof address;
    return getpeername(entry->fd, (struct sockaddr *)&address, &len) == 0 &&
           read_address(&address, ip) == wanted->remote_port && strcmp(ip, wanted->remote) == 0;
}

static struct socket_entry *find(struct sockets *sockets, const struct socket_address *wanted)
{
    struct socket_entry *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sockets->count; i++)
        if (local_port_of(&sockets->entries[i]) == wanted->local_port) {
            found = &sockets->entries[i];
            count++;
        }
    if (wanted->local_port == 0 || count <= 1)
        return wanted->local_port == 0 ? NULL : found;
    for (size_t i = 0; i < sockets->count; i++)
        if (is_connected(&sockets->entries[i], wanted))
            return &sockets->entries[i];
    return NULL;
}

enum socket_state sockets_check(struct sockets *sockets, const struct socket_address *address,
                                struct socket_entry **entry)
{
    *entry = find(sockets, address);
    if (!*entry)
        return SOCKET_UNKNOWN;
    struct pollfd poll_fd = {.fd = (*entry)->fd, .events = POLLIN};
    return (*entry)->used && poll(&poll_fd, 1, 0) != 0 ? SOCKET_READABLE : SOCKET_USABLE;
}
