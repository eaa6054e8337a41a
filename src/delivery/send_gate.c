#include "delivery/send_gate.h"

#include "core/failpoint.h"

void send_gate_init(struct send_gate *gate, struct job_rate rate, uint32_t burst)
{
    limiter_init(&gate->limiter, rate, burst);
}

void send_gate_clear(struct send_gate *gate)
{
    limiter_clear(&gate->limiter);
    max_rate_clear(&gate->max_rate);
}

bool send_gate_may_close(const struct send_gate *gate)
{
    for (size_t i = 0; i < SEND_GATE_LEASES; i++)
        if (gate->until_boot_ns[i])
            return true;
    return false;
}

bool send_gate_is_leased(const struct send_gate *gate, uint64_t boot_ns)
{
    for (size_t i = 0; i < SEND_GATE_LEASES; i++)
        if (gate->until_boot_ns[i] && boot_ns >= atomic_load(gate->until_boot_ns[i]))
            return false;
    return boot_ns >= gate->from_boot_ns;
}

bool send_gate_pass(struct send_gate *gate, uint64_t now_ns, uint64_t boot_ns)
{
    if (gate->withdrawn || limiter_is_held(&gate->limiter, now_ns) || !send_gate_is_leased(gate, boot_ns))
        return false;
    gate->sending++;
    max_rate_add(&gate->max_rate, now_ns);
    atomic_fetch_add(&gate->requests, 1);
    failpoint("request leaves");
    return true;
}

void send_gate_count(struct send_gate *gate, uint64_t now_ns)
{
    if (gate->sending > 0)
        failpoint("request sent");
    for (; gate->sending > 0; gate->sending--)
        limiter_sent(&gate->limiter, now_ns);
}
