/* lanes: all credentials of a job as lanes, and which of them sends next.
 *
 * Thread: the sender's, but for what lane.h says. Owner: init/clear; borrows job and provider.
 */
#ifndef KYC_DELIVERY_LANES_H
#define KYC_DELIVERY_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/lane.h"
#include "model/job.h"
#include "provider/provider.h"

struct lanes {
    struct lane **items;
    size_t count, next;
    uint32_t in_flight_max; /* of all together */
};

/* What all lanes of a job together may have in flight; *each: one of them. */
uint32_t lanes_in_flight(const struct job *job, const struct provider *provider, uint32_t *each);

/* One lane a credential, in the job's order. 0, or -1 with ERROR_USAGE (the same key twice) or ERROR_BUSY;
 * also then lanes_clear. */
int lanes_init(struct lanes *lanes, const struct job *job, const struct provider *provider,
               const char *lock_folder, struct error *error);
void lanes_clear(struct lanes *lanes);

/* The one with the fewest in flight, in turn; NULL when all are full or wait for their login. */
struct lane *lanes_choose(struct lanes *lanes);

#endif
