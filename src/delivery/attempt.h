/* attempt: one request and its reply. It is recycled, except for its libcurl handle, which serves one
 * request.
 *
 * The signed target is the one on the request line: libcurl is handed it as it is (CURLOPT_PATH_AS_IS).
 * Whether an attempt was sent is decided by a fact: `sent` becomes true when libcurl, connected, is about to
 * write the first byte (CURLOPT_PREREQFUNCTION), once send_gate_pass allowed it. libcurl repeats a POST by
 * itself when a kept connection dies before a reply; the second call of the same attempt refuses that, so
 * nothing is ever posted twice.
 *
 * Each request has a libcurl handle of its own: connections belong to the multi handle and TLS sessions to
 * the endpoint, so none is lost, and libcurl never mixes the headers of two replies (libcurl 7.84 to 8.0.1
 * writes into freed memory when a reply on a used handle begins with a header line that begins with a
 * blank).
 *
 * No request leaves on a kept connection that is readable before it is written: the bytes there answer no
 * request. The connection is dropped, and the request is sent on another (`deferred`).
 *
 * Thread: the sender's. Owner: new/free; borrows its endpoint.
 */
#ifndef KYC_DELIVERY_ATTEMPT_H
#define KYC_DELIVERY_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "delivery/endpoint.h"
#include "delivery/key_slot.h"
#include "delivery/response.h"
#include "delivery/sender.h"
#include "provider/provider.h"

enum { ATTEMPT_BODY_MAX = 10 * 1024 * 1024, ATTEMPT_OWN_HEADERS = 2 };

struct attempt {
    CURL *easy; /* from attempt_sign to attempt_end; else NULL */
    struct endpoint *endpoint;
    struct attempt *next;      /* the sender's list of idle ones */
    struct delivery *delivery; /* NULL: idle */
    struct key_slot *key_slot;
    struct provider_request request;
    struct provider_headers headers;
    struct curl_slist nodes[PROVIDER_HEADERS_MAX + ATTEMPT_OWN_HEADERS];
    struct response response;
    bool sent;
    bool deferred; /* the gate refused it, or its kept connection was readable: nothing was sent, it is queued
                    * again
                    */
    bool socket_unknown; /* its connection was not found: nothing was sent */
    bool is_probe;       /* of the breaker */
    bool repeated;       /* libcurl was about to send it again, and was stopped */
    uint64_t sent_ns;    /* monotonic */
    uint32_t token;      /* the number of the login's token that it carries; 0: none */
    size_t sink_bytes;   /* bytes passed to the delivery's sink */
    bool unusable;       /* its sink refused the bytes */
    char error_text[CURL_ERROR_SIZE];
};

struct attempt *attempt_new(struct endpoint *endpoint);
void attempt_free(struct attempt *attempt);

/* Builds the request of a delivery. NULL; or why it cannot be built (it is larger than ATTEMPT_BODY_MAX, or
 * by the provider's own reason), and the attempt stays idle. */
const char *attempt_build(struct attempt *attempt, struct delivery *delivery);
/* Signs it with the next nonce of the key, and makes its handle, ready for the multi handle. */
void attempt_sign(struct attempt *attempt, struct key_slot *key_slot);
/* Frees its handle, which is in no multi handle any more; the attempt is idle. */
void attempt_end(struct attempt *attempt);
/* Before attempt_end: classifies the reply and fills in its delivery, except for done_real_ns. */
void attempt_classify(struct attempt *attempt, CURLcode result);
/* Wipes the bodies of request and reply: a login's password and token. */
void attempt_forget(struct attempt *attempt);
/* Before attempt_end: true when a whole reply was read. */
bool attempt_is_complete(const struct attempt *attempt, CURLcode result);

#endif
