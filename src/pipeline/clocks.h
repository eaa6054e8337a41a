/* clocks: how old a create in doubt is, by several clocks of which each may be wrong. Pure.
 *
 * A provider remembers an idempotency key for some time; a repeat under a key that it has forgotten makes a
 * second user. This machine's clock may be hours off (local time taken for UTC) in the run that journalled,
 * or in this one. So the age is the largest that the clocks give: now is the latest of this machine's clock,
 * the ledger's newest time and the provider's own (the Date of its answers); the time of the journal is
 * taken back by the most that this machine's clock was ahead of the provider's in any run. As long as the
 * provider has not told its time, no age is believed. Thread: any.
 */
#ifndef KYC_PIPELINE_CLOCKS_H
#define KYC_PIPELINE_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* This machine's clock may be ahead by so much before that counts: the Date of an answer has whole seconds,
 * and took a while to come. */
#define CLOCKS_TOLERANCE_NS (60 * UINT64_C(1000000000))

struct clocks {
    uint64_t ledger_ns; /* the ledger's newest time; 0: none */
    uint64_t lead_ns;  /* the most that this machine's clock was ahead of the provider's, in any run so far */
    bool has_provider; /* the provider has told its time in this run: */
    int64_t provider_offset_ns; /* its clock less clock_boot_ns */
    bool has_machine;           /* something was journalled in this run: */
    int64_t machine_offset_ns;  /* the most that this machine's clock was less clock_boot_ns then */
};

/* Something is journalled at real_ns, by this machine's clock: it may step before the provider's is known. */
void clocks_journalled(struct clocks *clocks, uint64_t real_ns, uint64_t boot_ns);

/* By how much what this run journalled was ahead of the provider's clock, at most; 0: not, or by no more than
 * CLOCKS_TOLERANCE_NS, or not known. */
uint64_t clocks_lead_ns(const struct clocks *clocks);

/* The age of what an earlier run journalled at sent_ns, by this machine's clock at that time. UINT64_MAX: not
 * known. */
uint64_t clocks_age_ns(const struct clocks *clocks, uint64_t sent_ns, uint64_t real_ns, uint64_t boot_ns);

/* The age of what this run journalled, at the two times given: by the clock that cannot step, or by this
 * machine's where that has gone further. */
uint64_t clocks_age_here_ns(uint64_t sent_ns, uint64_t sent_boot_ns, uint64_t real_ns, uint64_t boot_ns);

#endif
