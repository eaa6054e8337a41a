/* sockets: the descriptors of libcurl's connections, so that a connection can be checked just before a
 * request is written to it.
 *
 * Bytes in a socket before the request was written do not answer it: a gateway's
 * late error, a reply to another request. HTTP/1.1 has no name for what a reply belongs to, so
 * they would be read as the reply to the next request. libcurl 7.88 treats such a connection as alive, and
 * gives no descriptor in a CURLOPT_PREREQFUNCTION (CURLINFO_ACTIVESOCKET is -1 there); but it has each socket
 * opened and closed by these callbacks, and it reports the addresses of the connection.
 *
 * States of a connection: new (opened, nothing sent yet) -> kept (a request has left on it) -> closed.
 * Thread: the one that drives libcurl. Owner: init/clear; clear after libcurl has closed its connections.
 */
#ifndef KYC_DELIVERY_SOCKETS_H
#define KYC_DELIVERY_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

struct socket_entry {
    curl_socket_t fd;
    int local_port; /* 0: not connected yet */
    bool used;      /* a request has left on it; set by the caller */
};

struct sockets {
    struct socket_entry *entries;
    size_t count, capacity;
    uint64_t opened, dropped; /* in all; dropped: kept connections on which a request did not leave */
};

enum socket_state {
    SOCKET_USABLE,   /* a request may leave: the connection is new, or nothing can be read from it */
    SOCKET_READABLE, /* a kept connection that can be read: the peer has closed it, or sent unexpected bytes;
                        over TLS it may be a session ticket, which cannot be distinguished from them */
    SOCKET_UNKNOWN,  /* there is no such connection */
};

void sockets_init(struct sockets *sockets);
void sockets_clear(struct sockets *sockets);

/* Sets CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION; sockets must outlive every connection. */
void sockets_track(struct sockets *sockets, CURL *easy);

/* What libcurl reports of a connection in a CURLOPT_PREREQFUNCTION. */
struct socket_address {
    const char *remote, *local; /* IP addresses as text */
    int remote_port, local_port;
};

/* Looks at a connection, now. A new one is not read from: over TLS its session tickets may be there already.
 * *entry: of the connection, NULL when it is unknown; valid until libcurl runs again. */
enum socket_state sockets_check(struct sockets *sockets, const struct socket_address *address,
                                struct socket_entry **entry);

#endif
