/* webhook: sends a notification by POST, as JSON, in a bounded time.
 *
 * TLS as for the provider; plain http:// is for loopback alone (webhook_url.h). Redirects are not followed.
 * Where no answer comes, or a 429 or 5xx, it is sent again, at most three times in all and within the time: a
 * receiver may get the same notification twice. A signal to this process ends the waiting (interrupt.h). The
 * answer is not read beyond what libcurl needs. Messages name the host, never the path or the query, which
 * may be a secret. Thread: the main one, with no other handle.
 */
#ifndef KYC_DELIVERY_WEBHOOK_H
#define KYC_DELIVERY_WEBHOOK_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

struct webhook {
    const char *url;     /* accepted by webhook_url_parse */
    const char *token;   /* NULL: none; one line */
    const char *proxy;   /* NULL: none; never used to loopback */
    const char *ca_file; /* NULL: the system's certificates alone */
    uint64_t timeout_ns; /* of all attempts together */
};

/* 0: a 2xx was answered. -1 with ERROR_PROVIDER (ERROR_USAGE: a bad ca_file): why not, with the host. */
int webhook_post(const struct webhook *webhook, struct slice body, struct error *error);

#endif
