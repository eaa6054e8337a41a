/* endpoint: what all attempts of a job share: origin, proxy, certificates, timeouts, TLS sessions, sockets,
 * and the gate that each one passes before its first byte.
 *
 * Thread: the sender's; constant while attempts use it, but for what they share. Owner: init/clear; cleared
 * after the attempts and libcurl's multi handle are gone.
 */
#ifndef KYC_DELIVERY_ENDPOINT_H
#define KYC_DELIVERY_ENDPOINT_H

#include <stdbool.h>

#include <curl/curl.h>

#include "core/error.h"
#include "delivery/ca_bundle.h"
#include "delivery/send_gate.h"
#include "delivery/sockets.h"
#include "model/job.h"
#include "provider/provider.h"

struct endpoint {
    const struct job *job;
    const struct provider *provider;
    char *origin;      /* `https://host:port` */
    char *base_path;   /* `/sandbox`, or "" */
    struct slice host; /* as libcurl names it in its messages */
    const char *proxy; /* "": none. Never the environment's, never to loopback */
    struct ca_bundle ca_bundle;
    long timeout_ms, connect_ms; /* of the whole attempt; of its connection */
    CURLSH *share; /* TLS sessions: each attempt has a handle of its own, and resumes them all the same */
    struct sockets sockets;
    struct send_gate *gate; /* borrowed; set by the caller */
};

/* The caller sets gate. Borrows job and provider. 0, or -1 with ERROR_USAGE (a base URL that
 * libcurl cannot read, a bad CA file); then it is cleared. */
int endpoint_init(struct endpoint *endpoint, const struct job *job, const struct provider *provider,
                  struct error *error);
/* Twice is allowed. */
void endpoint_clear(struct endpoint *endpoint);

#endif
