/* clocks: the age of a create in doubt, by several clocks each of which may be wrong. Pure.
 *
 * A provider remembers an idempotency key for some time; a repeat under a key that it has forgotten makes a
 * second user. This machine's clock may be hours off (local time taken for UTC) in the run that journalled,
 * or in this one. So the age is the largest that the clocks give: now is the latest of this machine's clock,
 * the ledger's newest time and the provider's own (the Date of its answers); the time of the journal is
 * reduced by the largest lead that this machine's clock ever had over the provider's. Until an answer of the
 * provider has had a Date, no age is known. Thread: any.
 */
#ifndef KYC_DISPATCH_CLOCKS_H
#define KYC_DISPATCH_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* A lead of this machine's clock up to this is ignored: the Date of an answer has whole seconds, and is as
 * old as its way here. */
#define CLOCKS_TOLERANCE_NS (60 * UINT64_C(1000000000))

struct clocks {
    uint64_t ledger_ns; /* the ledger's newest time; 0: none */
    uint64_t lead_ns;   /* the largest lead of this machine's clock over the provider's, in any run so far */
    bool has_provider;  /* an answer of this run had a Date: */
    int64_t provider_offset_ns; /* its clock less clock_boot_ns */
    bool has_machine;           /* this run has journalled: */
    int64_t machine_offset_ns;  /* the largest this machine's clock less clock_boot_ns */
};

/* Notes a journal entry at real_ns, by this machine's clock, which may step before the provider's is known.
 */
void clocks_journalled(struct clocks *clocks, uint64_t real_ns, uint64_t boot_ns);

/* The largest lead of this run's journal entries over the provider's clock; 0: none above
 * CLOCKS_TOLERANCE_NS, or not known. */
uint64_t clocks_lead_ns(const struct clocks *clocks);

/* The age of an entry that an earlier run journalled at sent_ns, by this machine's clock at that time.
 * UINT64_MAX: not known. */
uint64_t clocks_age_ns(const struct clocks *clocks, uint64_t sent_ns, uint64_t real_ns, uint64_t boot_ns);

/* The age of an entry of this run, journalled at the two times given: the larger one of the clock that cannot
 * step and this machine's. */
uint64_t clocks_age_here_ns(uint64_t sent_ns, uint64_t sent_boot_ns, uint64_t real_ns, uint64_t boot_ns);

#endif
