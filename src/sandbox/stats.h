/* stats: the request counters of one API of the sandbox, and its request rate by the arrival times.
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
#include "sandbox/fault.h"

enum { STATS_STATUS_MAX = 600 };

/* A request sent less than this after an answer may have left before its client could read that answer. */
#define STATS_IN_TRANSIT_NS (300 * CLOCK_NS_PER_MS)

struct stats {
    uint64_t requests; /* all that arrived, whatever their answer */
    uint64_t by_operation[OPERATION_SLOTS];
    uint64_t by_status[STATS_STATUS_MAX];
    uint64_t faults[FAULT_KINDS];
    uint64_t over_limit, max_per_second;
    uint64_t early; /* arrived while a Retry-After was in force */
    uint64_t retry_after_from_ns, retry_after_until_ns;
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
/* All to zero but the requests in flight and the recent arrivals. */
void stats_reset(struct stats *stats);

/* A request arrived at arrival_ns (monotonic). True when it makes more than rate_per_s (0: no limit) arrive
 * within some second; refused ones count as well. operation: or OPERATION_OTHER. */
bool stats_arrive(struct stats *stats, enum operation operation, uint64_t arrival_ns, uint32_t rate_per_s);
/* The request is complete, its body too. */
void stats_enter(struct stats *stats);
/* Its answer is ready. */
void stats_leave(struct stats *stats);

/* An answer is sent: its status (0: none) and the fault behind it. caused_by_fault: a 4xx is not the client's
 * mistake. */
void stats_answer(struct stats *stats, unsigned status, enum fault_kind fault, bool caused_by_fault);

/* An answer with a Retry-After is sent at now_ns: a request that arrives later than STATS_IN_TRANSIT_NS after
 * it and before retry_after_ns is over counts as early. */
void stats_note_retry_after(struct stats *stats, uint64_t now_ns, uint64_t retry_after_ns);

/* Writes the counters as members of an open object. */
void stats_write(const struct stats *stats, struct json_writer *writer);

#endif
