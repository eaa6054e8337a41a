/* fault: what goes wrong on request, and how often.
 *
 * At most one fault strikes a request. A plan gives each kind a share of all requests or of those of one
 * operation, drawn from a seeded generator, or a number of next requests that it strikes for certain.
 * Thread: one at a time per plan.
 */
#ifndef KYC_SANDBOX_FAULT_H
#define KYC_SANDBOX_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "sandbox/asked.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS_401,    /* before the work: the credentials are not known, this once */
    FAULT_STATUS_500,    /* before the work */
    FAULT_STATUS_503,    /* before the work */
    FAULT_RETRY_AFTER,   /* before the work: 503 with Retry-After */
    FAULT_STATUS_429,    /* before the work, with Retry-After */
    FAULT_RESET,         /* before the work: the connection is reset */
    FAULT_DROP,          /* after the work: the connection is closed without an answer */
    FAULT_SLOW,          /* the work is done when the client has given up */
    FAULT_NOT_FOUND,     /* before the work: 404 with the HTML of a gateway */
    FAULT_GARBAGE,       /* after the work: 200 with a body that is not JSON */
    FAULT_TRUNCATE,      /* after the work: closed in the middle of the body */
    FAULT_LEFT_OUT,      /* after the work: an answer without the birth date of a user */
    FAULT_NOT_TAKEN,     /* kira: an update without its first member, which its updated_fields leave out */
    FAULT_WARNING,       /* kira: a create or an update whose answer has `warnings` */
    FAULT_FOLDED_HEADER, /* after the work: the first header line of the answer begins with a blank; then
                            closed */
    FAULT_FOREIGN_BYTES, /* after the work and its answer: the same answer once more, on a connection that is
                            kept */
    FAULT_STATUS_422, /* before the work; the last, so that of `drop:x1` and `status-422:x1` the request that
                         is done is lost first and its repeat refused */
    FAULT_KINDS
};

struct fault_plan {
    /* Of the requests of an operation, or of all: share, 0–1, together at most 1 for any request; and so many
     * of the next ones, before any share is drawn. */
    double share[ASKED_KINDS][FAULT_KINDS];
    uint32_t next[ASKED_KINDS][FAULT_KINDS];
    uint64_t random;
};

/* `drop`, `status-500`, …; `none`. */
const char *fault_word(enum fault_kind kind);

/* Adds `KIND:5%`, `KIND:0.05` or `KIND:x3` (the next three requests) to the plan; with `@OPERATION` behind it
 * only requests of that operation are meant. 0, or -1 with scope ERROR_USAGE (the plan is unchanged). */
int fault_plan_add(struct fault_plan *plan, struct slice text, struct error *error);
/* Forgets all shares and counts; the generator goes on. */
void fault_plan_clear(struct fault_plan *plan);

/* What happens to the next request, which is of this operation. */
enum fault_kind fault_plan_draw(struct fault_plan *plan, enum asked asked);

/* True for the kinds whose request was not worked on. */
bool fault_is_before_work(enum fault_kind kind);

#endif
