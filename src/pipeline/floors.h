/* floors: nonce reservation: a durable high-water mark per key, so that no nonce is used twice even after a
 * crash. (A provider rejects a nonce that is not above the last one.)
 *
 * A nonce may be used only below its key's committed floor. Floors are extended ahead: 60 s above the last
 * nonce, as soon as less than half of that is left, and published to the sender once committed. Thread: the
 * coordinator's. Owner: start/clear.
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
    uint64_t published; /* the sender may use nonces up to this */
    uint64_t reserved;  /* above published: not committed yet */
};

struct floors {
    struct sender *sender; /* borrowed */
    struct ledger *ledger; /* borrowed */
    struct floor *key_slots;
    size_t count;
};

/* Every key starts above the clock, its stored floor and by_hand (provider.nonce_floor; 0: none), with a
 * first floor that is durable when this returns 0. -1 with ERROR_LEDGER. */
int floors_start(struct floors *floors, struct sender *sender, struct ledger *ledger, uint64_t by_hand,
                 struct error *error);
void floors_clear(struct floors *floors);

/* Within a round's transaction: extends the floors that are due. 0, or -1. */
int floors_reserve(struct floors *floors, struct error *error);
/* After its commit: publishes them to the sender. */
void floors_publish(struct floors *floors);
/* The monotonic time of the next call of floors_reserve. */
uint64_t floors_next_ns(const struct floors *floors);

#endif
