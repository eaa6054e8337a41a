/* key_slots: all credentials of a job as lanes, and which of them sends next.
 *
 * Thread: the sender's, but for what key_slot.h says. Owner: init/clear; borrows job and provider.
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

/* What all lanes of a job together may have in flight; *each: one of them. */
uint32_t key_slots_in_flight(const struct job *job, const struct provider *provider, uint32_t *each);

/* One lane a credential, in the job's order. 0, or -1 with ERROR_USAGE (the same key twice) or ERROR_BUSY;
 * also then key_slots_clear. */
int key_slots_init(struct key_slots *key_slots, const struct job *job, const struct provider *provider,
                   const char *lock_folder, struct error *error);
void key_slots_clear(struct key_slots *key_slots);

/* The one with the fewest in flight, in turn; NULL when all are full or wait for their login. */
struct key_slot *key_slots_choose(struct key_slots *key_slots);

#endif
