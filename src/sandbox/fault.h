/* fault: the faults that the sandbox injects on request, and how often.
 *
 * At most one fault is applied to a request. A plan gives each kind a share of all requests or of those of
 * one operation, drawn from a seeded generator, or a number of next requests to which it is applied for
 * certain. Thread: one at a time per plan.
 */
#ifndef KYC_SANDBOX_FAULT_H
#define KYC_SANDBOX_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/outcome.h"

/* A request that is none of the operations. */
#define OPERATION_OTHER ((enum operation)OPERATION_COUNT)
enum { OPERATION_SLOTS = OPERATION_COUNT + 1 };

/* Before: the request is not handled. After: it is handled, and the answer is affected. */
enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS_401,    /* before: unknown credentials, this once */
    FAULT_STATUS_500,    /* before */
    FAULT_STATUS_503,    /* before */
    FAULT_RETRY_AFTER,   /* before: 503 with Retry-After */
    FAULT_STATUS_429,    /* before, with Retry-After */
    FAULT_RESET,         /* before: the connection is reset */
    FAULT_DROP,          /* after: the connection is closed without an answer */
    FAULT_SLOW,          /* the request is handled when the client has given up */
    FAULT_NOT_FOUND,     /* before: 404 with the HTML of a gateway */
    FAULT_GARBAGE,       /* after: 200 with a body that is not JSON */
    FAULT_TRUNCATE,      /* after: closed in the middle of the body */
    FAULT_LEFT_OUT,      /* after: an answer without the user's birth date */
    FAULT_NOT_TAKEN,     /* kira: an update is applied without its first member; updated_fields omits it */
    FAULT_WARNING,       /* kira: the answer to a create or an update has `warnings` */
    FAULT_FOLDED_HEADER, /* after: the first header line of the answer begins with a blank; then closed */
    FAULT_FOREIGN_BYTES, /* after: the same answer a second time, unasked, on a connection that stays open */
    FAULT_LINK_ERROR,    /* kira: a user is created without its link; verification_link_error says why */
    FAULT_REJECTED,      /* a create makes a user that is rejected at once */
    FAULT_NOT_TRIGGERED, /* kira: a user is created, and its verification is not begun */
    FAULT_STATUS_422, /* before. The last kind: with `drop:x1` and `status-422:x1` the answer to the handled
                         request is lost first, then its repeat is refused */
    FAULT_KINDS
};

struct fault_plan {
    /* By operation; the last row is for any request. share: 0–1, the sum for a request at most 1. next: so
     * many of the next requests, before any share is drawn. */
    double share[OPERATION_SLOTS][FAULT_KINDS];
    uint32_t next[OPERATION_SLOTS][FAULT_KINDS];
    uint64_t random;
};

/* `drop`, `status-500`, …; `none`. */
const char *fault_word(enum fault_kind kind);

/* `5%` or `0.05`; -1 when it is neither or not within 0–1. */
double fault_read_share(const char *text);

/* Adds `KIND:5%`, `KIND:0.05` or `KIND:x3` (the next three requests) to the plan; with `@OPERATION` behind
 * it, for requests of that operation only. 0, or -1 with scope ERROR_USAGE (the plan is unchanged). */
int fault_plan_add(struct fault_plan *plan, struct slice text, struct error *error);
/* Removes all shares and counts; the generator keeps its state. */
void fault_plan_clear(struct fault_plan *plan);

/* The fault of the next request. operation: or OPERATION_OTHER. */
enum fault_kind fault_plan_draw(struct fault_plan *plan, enum operation operation);

/* True for the kinds whose request is not handled. */
bool fault_is_before_handling(enum fault_kind kind);

#endif
