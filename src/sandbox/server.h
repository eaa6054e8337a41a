/* server: HTTP, and optionally HTTPS, on loopback sockets (libmicrohttpd), and the faults of the connection
 * itself.
 *
 * Thread: start and stop from one thread. Owner: start/stop.
 */
#ifndef KYC_SANDBOX_SERVER_H
#define KYC_SANDBOX_SERVER_H

#include <stdint.h>

#include "core/error.h"

struct server;
struct server_state;

/* Listens and serves on threads of its own, by the options of the state, which is borrowed. NULL with scope
 * ERROR_USAGE. */
struct server *server_start(struct server_state *state, struct error *error);
uint16_t server_port(const struct server *server);
/* Of HTTPS; 0: none. */
uint16_t server_tls_port(const struct server *server);
/* Ends all connections; delayed requests are answered at once. */
void server_stop(struct server *server);

#endif
