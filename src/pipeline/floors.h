/* floors: nonces reserved ahead, so that no nonce is ever used twice, whatever dies (3-providers.md,
 * Signing).
 *
 * Before a nonce above a key's stored floor is used, that nonce + 60 s is committed as the floor. Here that
 * is done ahead: a new floor is written when less than half of the old one is left, and told to the sender
 * once committed. Thread: the coordinator's. Owner: start/clear.
 */
#ifndef KYC_PIPELINE_FLOORS_H
#define KYC_PIPELINE_FLOORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"

struct floor {
    uint64_t published; /* the sender may use nonces up to it */
    uint64_t reserved;  /* above told: waits for its commit */
};

struct floors {
    struct sender *sender; /* borrowed */
    struct ledger *ledger; /* borrowed */
    struct floor *key_slots;
    size_t count;
};

/* Every lane starts above the clock, its stored floor and by_hand (provider.nonce_floor; 0: none), with a
 * first floor that is durable when this returns 0. -1 with ERROR_LEDGER. */
int floors_start(struct floors *floors, struct sender *sender, struct ledger *ledger, uint64_t by_hand,
                 struct error *error);
void floors_clear(struct floors *floors);

/* Within a round's transaction: writes the floors that are due. 0, or -1. */
int floors_reserve(struct floors *floors, struct error *error);
/* After its commit: tells the sender. */
void floors_publish(struct floors *floors);
/* The monotonic time by which floors_reserve is to be called again. */
uint64_t floors_next_ns(const struct floors *floors);

#endif
