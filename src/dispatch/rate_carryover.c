#include "dispatch/rate_carryover.h"

#include <inttypes.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"

#define SPARE_NS (5 * CLOCK_NS_PER_MS) /* network jitter of a request, as in limiter.h */

static uint64_t since(uint64_t then_ns, uint64_t now_ns)
{
    return now_ns > then_ns ? now_ns - then_ns : 0;
}

bool rate_carryover_evaluate(const struct ledger_sending *last, const struct rate_carryover_now *now,
                             uint64_t window_ns, uint64_t *hold_ns)
{
    uint64_t elapsed_ns = since(last->real_ns, now->real_ns);
    if (now->boot[0] != '\0' && strcmp(now->boot, last->boot) == 0)
        elapsed_ns = since(last->boot_ns, now->boot_ns);
    else if (now->boot[0] != '\0' && now->boot_ns < elapsed_ns)
        elapsed_ns = now->boot_ns;
    *hold_ns = since(elapsed_ns, last->hold_ns);
    bool is_elsewhere = now->is_remote && (now->boot[0] == '\0' || strcmp(now->boot, last->boot) != 0);
    return last->under_way || is_elsewhere || elapsed_ns < window_ns;
}

static int record(struct ledger *ledger, bool under_way, uint64_t hold_ns, uint32_t burst,
                  struct error *error)
{
    struct ledger_sending sending = {.under_way = under_way,
                                     .boot_ns = clock_boot_ns(),
                                     .real_ns = clock_real_ns(),
                                     .hold_ns = hold_ns,
                                     .burst = burst};

    clock_boot_id(sending.boot);
    return ledger_sending_set(ledger, &sending, error);
}

int rate_carryover_begin(struct sender *sender, struct ledger *ledger, const struct job *job,
                         const struct provider *provider, struct error *error)
{
    char boot[CLOCK_BOOT_ID_SIZE];
    const struct rate_carryover_now now = {
        .boot = clock_boot_id(boot),
        .boot_ns = clock_boot_ns(),
        .real_ns = clock_real_ns(),
        .is_remote = ledger_is_remote(job->ledger_path),
    };
    struct ledger_sending last;
    uint64_t hold_ns = 0, wait_ns = 0;
    uint32_t burst = job->delivery.burst;
    int found = ledger_sending(ledger, &last, error);

    if (found < 0)
        return -1;
    if (found &&
        rate_carryover_evaluate(&last, &now, provider_rate(provider, job).per_ns + SPARE_NS, &hold_ns) &&
        !job->delivery.shared) {
        wait_ns = sender_carry_over_rate(sender, last.burst);
        burst = last.burst > burst ? last.burst : burst; /* this run may be killed before it was waited for */
    }
    if (hold_ns > 0)
        sender_hold(sender, hold_ns);
    if (hold_ns >= wait_ns && hold_ns >= CLOCK_NS_PER_S)
        log_info("the provider asked the previous run to wait (Retry-After): %" PRIu64 " s of that remain",
                 hold_ns / CLOCK_NS_PER_S);
    else if (wait_ns >= CLOCK_NS_PER_S)
        log_info(
            "waiting %" PRIu64
            " s, so that delivery.rate holds across commands: the command before ended moments ago, or did not end in order",
            wait_ns / CLOCK_NS_PER_S);
    if (ledger_begin(ledger, error) != 0 || record(ledger, true, hold_ns, burst, error) != 0)
        return -1;
    return ledger_commit(ledger, error);
}

int rate_carryover_end(const struct sender *sender, struct ledger *ledger, struct error *error)
{
    uint64_t hold_ns = sender_held_ns(sender);
    struct ledger_sending begun;

    if (ledger_sending(ledger, &begun, error) < 0)
        return -1;
    return record(ledger, false, hold_ns < RATE_CARRYOVER_HOLD_MAX_NS ? hold_ns : RATE_CARRYOVER_HOLD_MAX_NS,
                  begun.burst, error);
}
