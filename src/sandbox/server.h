/* server: HTTP, and HTTPS when asked for, on loopback sockets (libmicrohttpd), and the faults that are made
 * on the wire.
 *
 * Thread: start and stop from one thread. Owner: start/stop.
 */
#ifndef KYC_SANDBOX_SERVER_H
#define KYC_SANDBOX_SERVER_H

#include <stdint.h>

#include "core/error.h"

struct server;
struct server_state;

/* Listens and serves on threads of its own, as the world's options say. NULL with scope ERROR_USAGE. */
struct server *server_start(struct server_state *server_, struct error *error);
uint16_t server_port(const struct server *server);
/* Of HTTPS; 0: none. */
uint16_t server_tls_port(const struct server *server);
/* Ends all connections; what is held is answered at once. */
void server_stop(struct server *server);

#endif
