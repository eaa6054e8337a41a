/* stats: what one API of the sandbox saw, and its rate by the server's clock.
 *
 * Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_SANDBOX_STATS_H
#define KYC_SANDBOX_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/json.h"
#include "sandbox/asked.h"
#include "sandbox/fault.h"

enum { STATS_STATUS_MAX = 600 };

/* What left before its client could have read the answer. */
#define STATS_ON_THE_WAY_NS (300 * CLOCK_NS_PER_MS)

struct stats {
    uint64_t requests; /* all that came, whatever became of them */
    uint64_t by_operation[ASKED_KINDS];
    uint64_t by_status[STATS_STATUS_MAX];
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

void stats_init(struct stats *stats);
void stats_clear(struct stats *stats);
/* All to zero but what is in flight and the arrivals of the last second. */
void stats_reset(struct stats *stats);

/* A request came at arrival_ns (monotonic). True when with it more than rate_per_s (0: no limit) came within
 * some second; refused ones count as well. */
bool stats_arrive(struct stats *stats, enum asked asked, uint64_t arrival_ns, uint32_t rate_per_s);
/* It is complete, its body too. */
void stats_enter(struct stats *stats);
/* Its answer is ready. */
void stats_leave(struct stats *stats);

/* The answer that goes out: a status (0: none) and the fault behind it. excused: a 4xx that is no mistake of
 * the client. */
void stats_answer(struct stats *stats, unsigned status, enum fault_kind fault, bool caused_by_fault);

/* An answer with a Retry-After goes out at now_ns: what arrives STATS_ON_THE_WAY_NS later and before it is
 * over is early. */
void stats_hold(struct stats *stats, uint64_t now_ns, uint64_t retry_after_ns);

/* Writes the members of the counters into an open object. */
void stats_write(const struct stats *stats, struct json_writer *writer);

#endif
