/* api: the providers that the sandbox stands in for; one file and one row of a table each.
 *
 * Thread: constant.
 */
#ifndef KYC_SANDBOX_API_H
#define KYC_SANDBOX_API_H

#include <stdbool.h>
#include <stddef.h>

#include "core/slice.h"

struct exchange;
struct workspace;

struct api {
    const char *name; /* also its prefix: `payward` is served under /payward */
    size_t body_max;  /* bytes of a request; more is 413 */

    /* Checks who asks. True, or false with the answer (401, 403) in the exchange. Runs when the request is
     * complete, before any fault and latency; without the world's lock. */
    bool (*admit)(struct exchange *exchange, struct workspace *workspace);

    /* Does the work and answers, whatever was asked. Without the world's lock. */
    void (*work)(struct exchange *exchange, struct workspace *workspace);

    /* Answers that too many requests came: 429 in this provider's shape. */
    void (*throttle)(struct exchange *exchange);
};

extern const struct api *const api_table[];
extern const size_t api_count;

/* Index of the API under whose prefix the request target lies, -1 when there is none; *path: what follows
 * the prefix, without the query. */
int api_find(const char *target, struct slice *path);

/* The rows. */
extern const struct api api_payward;

#endif
