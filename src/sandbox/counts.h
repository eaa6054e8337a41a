/* counts: what one API of the sandbox saw, and its rate by the server's clock.
 *
 * Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_SANDBOX_COUNTS_H
#define KYC_SANDBOX_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/json.h"
#include "sandbox/asked.h"
#include "sandbox/fault.h"

enum { COUNTS_STATUS_MAX = 600 };

/* What left before its client could have read the answer. */
#define COUNTS_ON_THE_WAY_NS (300 * CLOCK_NS_PER_MS)

struct counts {
    uint64_t requests; /* all that came, whatever became of them */
    uint64_t by_operation[ASKED_KINDS];
    uint64_t by_status[COUNTS_STATUS_MAX];
    uint64_t faults[FAULT_KINDS];
    uint64_t over_limit, max_per_second;
    uint64_t early; /* came while a Retry-After held */
    uint64_t held_from_ns, held_until_ns;
    uint64_t first_arrival_ns, last_arrival_ns;
    uint64_t in_flight, max_in_flight;
    uint64_t bad_keys, bad_signatures, bad_nonces;
    uint64_t bad_tokens, logins, replays;
    uint64_t complaints; /* 4xx that no fault and no limit caused: the client's own mistakes */
    /* arrivals of the last two seconds in order, a ring */
    uint64_t *arrivals_ns;
    size_t first, count, capacity;
};

void counts_init(struct counts *counts);
void counts_clear(struct counts *counts);
/* All to zero but what is in flight and the arrivals of the last second. */
void counts_reset(struct counts *counts);

/* A request came at arrival_ns (monotonic). True when with it more than rate_per_s (0: no limit) came within
 * some second; refused ones count as well. */
bool counts_arrive(struct counts *counts, enum asked asked, uint64_t arrival_ns, uint32_t rate_per_s);
/* It is complete, its body too. */
void counts_enter(struct counts *counts);
/* Its answer is ready. */
void counts_leave(struct counts *counts);

/* The answer that goes out: a status (0: none) and the fault behind it. excused: a 4xx that is no mistake of
 * the client. */
void counts_answer(struct counts *counts, unsigned status, enum fault_kind fault, bool excused);

/* An answer with a Retry-After goes out at now_ns: what arrives COUNTS_ON_THE_WAY_NS later and before it is
 * over is early. */
void counts_hold(struct counts *counts, uint64_t now_ns, uint64_t retry_after_ns);

/* Writes the members of the counters into an open object. */
void counts_write(const struct counts *counts, struct json_writer *writer);

#endif
