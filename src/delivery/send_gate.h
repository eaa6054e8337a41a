/* send_gate: the last check before the first byte of a request, and the counts of the requests that passed
 * it.
 *
 * The sender admits an attempt to the limiter, then libcurl connects; meanwhile the run may have been stopped
 * or a Retry-After have come. So each attempt passes here once more when it is connected. The time from the
 * gate to the write is not known, since the thread may be preempted: the limiter counts the requests of a
 * round by send_gate_count, after libcurl has written them.
 *
 * The right to send is leased where other hosts may take it over (ledger_lease.h): a time by clock_boot_ns,
 * which other threads move on. What has not passed by then waits, and has certainly not left. A process that
 * is suspended between the gate and the write for longer than the lease is the one case that no gate can
 * catch. Thread: the sender's, but for requests and what until_boot_ns points to. Owner: init/clear.
 */
#ifndef KYC_DELIVERY_SEND_GATE_H
#define KYC_DELIVERY_SEND_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "delivery/limiter.h"
#include "delivery/max_rate.h"
#include "model/job.h"

/* What the right to send comes from: the lease of the ledger, the share of a rate that hosts share. */
enum { SEND_GATE_LEDGER, SEND_GATE_SHARE, SEND_GATE_LEASES };

struct send_gate {
    struct limiter limiter;
    struct max_rate max_rate;
    bool withdrawn;                                          /* nothing is sent any more */
    uint64_t from_boot_ns;                                   /* nothing leaves before; 0: at once */
    const _Atomic uint64_t *until_boot_ns[SEND_GATE_LEASES]; /* nothing leaves from then on; NULL: for ever */
    uint32_t sending;          /* passed in this round of libcurl, and not yet counted by the limiter */
    _Atomic uint64_t requests; /* that passed, in all; any thread */
};

/* gate: zeroed. rate and burst as of limiter_init. */
void send_gate_init(struct send_gate *gate, struct job_rate rate, uint32_t burst);
void send_gate_clear(struct send_gate *gate);

/* True when a request may leave: it is then counted as sent. now_ns: monotonic. boot_ns: clock_boot_ns, read
 * after every other check of the request. */
bool send_gate_pass(struct send_gate *gate, uint64_t now_ns, uint64_t boot_ns);
/* True when the right to send may end. */
bool send_gate_may_close(const struct send_gate *gate);
/* True when this process has the right to send at boot_ns. */
bool send_gate_is_leased(const struct send_gate *gate, uint64_t boot_ns);
/* After a round of libcurl: reports the requests that passed to the limiter, as sent at now_ns. */
void send_gate_count(struct send_gate *gate, uint64_t now_ns);

#endif
