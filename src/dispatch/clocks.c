#include "dispatch/clocks.h"

static uint64_t provider_ns(const struct clocks *clocks, uint64_t boot_ns)
{
    int64_t now_ns = clocks->provider_offset_ns + (int64_t)boot_ns;

    return now_ns > 0 ? (uint64_t)now_ns : 0;
}

void clocks_journalled(struct clocks *clocks, uint64_t real_ns, uint64_t boot_ns)
{
    int64_t offset_ns = (int64_t)real_ns - (int64_t)boot_ns;

    if (!clocks->has_machine || offset_ns > clocks->machine_offset_ns)
        clocks->machine_offset_ns = offset_ns;
    clocks->has_machine = true;
}

uint64_t clocks_lead_ns(const struct clocks *clocks)
{
    if (!clocks->has_machine || !clocks->has_provider)
        return 0;
    int64_t lead_ns = clocks->machine_offset_ns - clocks->provider_offset_ns;
    return lead_ns > (int64_t)CLOCKS_TOLERANCE_NS ? (uint64_t)lead_ns : 0;
}

uint64_t clocks_age_ns(const struct clocks *clocks, uint64_t sent_ns, uint64_t real_ns, uint64_t boot_ns)
{
    uint64_t theirs_ns = provider_ns(clocks, boot_ns), now_ns = real_ns;

    if (!clocks->has_provider)
        return UINT64_MAX;
    now_ns = theirs_ns > now_ns ? theirs_ns : now_ns;
    now_ns = clocks->ledger_ns > now_ns ? clocks->ledger_ns : now_ns;
    sent_ns = sent_ns > clocks->lead_ns ? sent_ns - clocks->lead_ns : 0;
    /* In the future of the provider's clock: not a time. */
    if (sent_ns > theirs_ns + CLOCKS_TOLERANCE_NS)
        return UINT64_MAX;
    return now_ns > sent_ns ? now_ns - sent_ns : 0;
}

uint64_t clocks_age_here_ns(uint64_t sent_ns, uint64_t sent_boot_ns, uint64_t real_ns, uint64_t boot_ns)
{
    uint64_t age_ns = boot_ns > sent_boot_ns ? boot_ns - sent_boot_ns : 0;
    uint64_t by_real_ns = real_ns > sent_ns ? real_ns - sent_ns : 0;

    return by_real_ns > age_ns ? by_real_ns : age_ns;
}
