/* key_slots: all credentials of a job, and which of them sends next.
 *
 * Thread: the sender's, except as key_slot.h states. Owner: init/clear; borrows job and provider.
 */
#ifndef KYC_DELIVERY_KEY_SLOTS_H
#define KYC_DELIVERY_KEY_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/key_slot.h"
#include "model/job.h"
#include "provider/provider.h"

struct key_slots {
    struct key_slot **items;
    size_t count, next;
    uint32_t in_flight_max; /* of all together */
};

/* Requests that all keys of a job together may have in flight; *each: one of them. */
uint32_t key_slots_in_flight(const struct job *job, const struct provider *provider, uint32_t *each);

/* One slot for each credential, in the job's order. 0, or -1 with ERROR_USAGE or ERROR_BUSY (key_slot_new);
 * call key_slots_clear also then. */
int key_slots_init(struct key_slots *key_slots, const struct job *job, const struct provider *provider,
                   struct error *error);
void key_slots_clear(struct key_slots *key_slots);

/* The slot with the fewest requests in flight, in turn; NULL when all are full, wait for their login, or are
 * not held at boot_ns (clock_boot_ns; key_slot_lease). */
struct key_slot *key_slots_choose(struct key_slots *key_slots, uint64_t boot_ns);

#endif
