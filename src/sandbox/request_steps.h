/* request_steps: the steps from a complete request to its answer, the same for every API.
 *
 * count → authenticate → draw fault and latency → (delay) → fault before handling | handle → fault after it →
 * count. Thread: any; one at a time per exchange.
 */
#ifndef KYC_SANDBOX_REQUEST_STEPS_H
#define KYC_SANDBOX_REQUEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;

/* The headers are complete: finds the API and counts the arrival. */
void request_steps_arrive(struct exchange *exchange, uint64_t arrival_ns);

/* The body is complete: returns for how long to delay the exchange before request_steps_finish (which
 * always follows); 0: not at all. */
uint64_t request_steps_begin(struct exchange *exchange);

/* Makes the answer. stopping: the sandbox ends; a slow request is then not handled. */
void request_steps_finish(struct exchange *exchange, bool stopping);

#endif
