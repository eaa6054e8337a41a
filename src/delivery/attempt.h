/* attempt: one libcurl handle with all that one request and its answer need; recycled.
 *
 * What is signed is what goes on the request line: the target is handed to libcurl as it is. Whether an
 * attempt was sent is decided by a fact: `left` becomes true when libcurl, connected, is about to write the
 * first byte (CURLOPT_PREREQFUNCTION), once the gate let it. libcurl repeats a POST by itself when a kept
 * connection dies before an answer; the second call of the same attempt refuses that, so nothing is ever
 * posted twice (3-providers.md, Outcomes).
 *
 * Thread: the sender's. Owner: new/free; borrows its route.
 */
#ifndef KYC_DELIVERY_ATTEMPT_H
#define KYC_DELIVERY_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "delivery/lane.h"
#include "delivery/receipt.h"
#include "delivery/route.h"
#include "delivery/sender.h"
#include "provider/provider.h"

enum { ATTEMPT_BODY_MAX = 10 * 1024 * 1024, ATTEMPT_OWN_HEADERS = 2 };

struct attempt {
    CURL *easy;
    const struct route *route;
    struct attempt *next;      /* the sender's list of idle ones */
    struct delivery *delivery; /* NULL: idle */
    struct lane *lane;
    struct provider_request request;
    struct provider_headers headers;
    struct curl_slist nodes[PROVIDER_HEADERS_MAX + ATTEMPT_OWN_HEADERS];
    struct receipt receipt;
    bool left, turned_back; /* turned_back: the gate said no, nothing was sent */
    bool is_probe;          /* of the breaker */
    bool repeated;          /* libcurl was about to send it again, and was stopped */
    uint64_t left_ns;       /* monotonic */
    uint32_t token;         /* the number of the login's token that it carries; 0: none */
    size_t sunk;            /* bytes that the delivery's sink took */
    bool unusable;          /* its sink said no */
    char error_text[CURL_ERROR_SIZE];
};

struct attempt *attempt_new(const struct route *route);
void attempt_free(struct attempt *attempt);

/* Builds the request of a delivery. NULL; or why it cannot be built (it is larger than ATTEMPT_BODY_MAX, or
 * as the provider says), and the attempt stays idle. */
const char *attempt_build(struct attempt *attempt, struct delivery *delivery);
/* Signs it with the next nonce of lane; then it is ready for the multi handle. */
void attempt_sign(struct attempt *attempt, struct lane *lane);
/* Its end: has the provider judge what came back, fills in its delivery but for done_real_ns. */
void attempt_judge(struct attempt *attempt, CURLcode result);
/* Wipes what went and came: a login's password and token. */
void attempt_forget(struct attempt *attempt);
/* True when a whole answer was read. */
bool attempt_is_complete(const struct attempt *attempt, CURLcode result);

#endif
