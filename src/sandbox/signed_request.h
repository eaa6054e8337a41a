/* signed_request: authentication and rate-limit answers of the APIs that sign (payward, kraken-embed).
 *
 * Thread: as struct api's members.
 */
#ifndef KYC_SANDBOX_SIGNED_REQUEST_H
#define KYC_SANDBOX_SIGNED_REQUEST_H

#include <stdbool.h>

struct exchange;
struct json_writer;
struct standing;
struct workspace;

/* Checks API-Key, API-Sign and API-Nonce, in this order; only a request with a valid signature uses up its
 * nonce. False: answered 401 {"error":["EAPI:Invalid …"]} and counted. */
bool signed_request_authenticate(struct exchange *exchange, struct workspace *workspace);

/* Writes `status` into an open object: {"state","required_actions"}. */
void signed_request_write_status(struct json_writer *writer, struct standing *standing);

/* 429 {"error":["EAPI:Rate limit exceeded"]} with Retry-After: 1. */
void signed_request_throttle(struct exchange *exchange);

#endif
