#include "pipeline/follow.h"

#include <inttypes.h>

#include "core/clock.h"
#include "core/log.h"

#define FINISHED_RESOLUTION_NS CLOCK_NS_PER_MS /* of the times in the ledger */

int follow_last(struct sender *sender, struct ledger *ledger, const struct job *job,
                const struct provider *provider, struct error *error)
{
    uint64_t now_ns = clock_real_ns();
    uint64_t window_ns = provider_rate(provider, job).per_ns + FINISHED_RESOLUTION_NS;
    bool may_have_sent;

    if (ledger_may_have_sent(ledger, now_ns > window_ns ? now_ns - window_ns : 0, &may_have_sent, error) != 0)
        return -1;
    uint64_t wait_ns = may_have_sent ? sender_follow(sender) : 0;
    if (wait_ns >= CLOCK_NS_PER_S)
        log_info("the last run, or status --against-provider, ended a moment ago or was killed: %" PRIu64
                 " s of distance, so that delivery.rate holds over both",
                 wait_ns / CLOCK_NS_PER_S);
    return 0;
}
