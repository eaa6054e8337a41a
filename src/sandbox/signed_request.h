/* signed_request: what the APIs that sign have in common: who asks, and how they say no to it.
 *
 * Thread: as struct api's members.
 */
#ifndef KYC_SANDBOX_SIGNED_REQUEST_H
#define KYC_SANDBOX_SIGNED_REQUEST_H

#include <stdbool.h>

struct exchange;
struct workspace;

/* Checks API-Key, API-Sign and API-Nonce, in this order; a nonce is used up only by a request that is signed
 * right. False: answered 401 {"error":["EAPI:Invalid …"]} and counted. */
bool signed_request_admit(struct exchange *exchange, struct workspace *workspace);

/* 429 {"error":["EAPI:Rate limit exceeded"]} with Retry-After: 1. */
void signed_request_throttle(struct exchange *exchange);

#endif
