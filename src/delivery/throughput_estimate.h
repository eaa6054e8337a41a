/* throughput_estimate: what limits a job: its rate, or the number of requests in flight.
 *
 * One sentence for check, run and probe: a signed key has one request in flight, so a job is often slower
 * than its rate allows, and nothing else would explain it. Thread: any; pure.
 */
#ifndef KYC_DELIVERY_THROUGHPUT_ESTIMATE_H
#define KYC_DELIVERY_THROUGHPUT_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/job.h"
#include "provider/provider.h"

enum {
    THROUGHPUT_ESTIMATE_TEXT_SIZE = 256,
    THROUGHPUT_ESTIMATE_LATENCY_MS = 200, /* of a reply, where none was measured */
    THROUGHPUT_ESTIMATE_RATE_SIZE = 32,
};

/* `one key, so one request in flight: about 5/s at 200 ms`, with the hint to add keys or to set
 * provider.nonce_window; or what else limits the job. latency_ms: above 0. True when the rate is the limit,
 * as it should be. */
bool throughput_estimate_describe(const struct job *job, const struct provider *provider, double latency_ms,
                                  char text[THROUGHPUT_ESTIMATE_TEXT_SIZE]);

/* How long so many requests take. */
struct throughput_estimate {
    double rate_s;                            /* at the job's rate */
    double in_flight_s;                       /* as fast as replies of that latency allow */
    uint32_t in_flight;                       /* requests in flight at once */
    char rate[THROUGHPUT_ESTIMATE_RATE_SIZE]; /* `10/s`, as the job file writes it */
};

/* latency_ms: above 0. */
struct throughput_estimate throughput_estimate_time(const struct job *job, const struct provider *provider,
                                                    uint64_t requests, double latency_ms);

#endif
