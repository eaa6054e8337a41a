/* request_steps: what happens to a complete request until its answer is ready, whatever the API.
 *
 * count → admit → draw fault and latency → (wait) → fault before the work | work → fault after it → count.
 * Thread: any; one at a time per exchange.
 */
#ifndef KYC_SANDBOX_REQUEST_STEPS_H
#define KYC_SANDBOX_REQUEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct exchange;

/* The headers are complete: finds the API and counts the arrival. */
void request_steps_arrive(struct exchange *exchange, uint64_t arrival_ns);

/* The body is complete: gives for how long the exchange is held before request_steps_finish (which
 * always follows); 0: not at all. */
uint64_t request_steps_begin(struct exchange *exchange);

/* Makes the answer. stopping: the sandbox ends; a slow request is then not worked on. */
void request_steps_finish(struct exchange *exchange, bool stopping);

#endif
