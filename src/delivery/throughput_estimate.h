/* throughput_estimate: what binds a job: its rate, or how much may be in flight.
 *
 * One sentence for check, run and probe (3-providers.md, Signing): a signed key has one request in flight, so
 * that a job is often slower than its rate lets it, and nothing else would say why. Thread: any; pure.
 */
#ifndef KYC_DELIVERY_THROUGHPUT_ESTIMATE_H
#define KYC_DELIVERY_THROUGHPUT_ESTIMATE_H

#include <stdbool.h>

#include "model/job.h"
#include "provider/provider.h"

enum {
    THROUGHPUT_ESTIMATE_TEXT_SIZE = 256,
    THROUGHPUT_ESTIMATE_LATENCY_MS = 200, /* of an answer, where none was measured */
};

/* `one key, so one request in flight: about 5/s at 200 ms; add keys or set provider.nonce_window`, or what
 * else binds. latency_ms: above 0. True when it is the rate that binds, as it should. */
bool throughput_estimate_describe(const struct job *job, const struct provider *provider, double latency_ms,
                                  char text[THROUGHPUT_ESTIMATE_TEXT_SIZE]);

#endif
