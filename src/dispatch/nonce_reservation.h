/* nonce_reservation: a durable high-water mark per key, so that no nonce is used twice even after a crash. (A
 * provider rejects a nonce that is not above the last one.)
 *
 * A nonce may be used only up to its key's committed floor. A floor is extended ahead: to 60 s above the last
 * nonce, as soon as less than half of that is left, and published to the sender once committed. Thread: the
 * ledger's. Owner: start/clear.
 */
#ifndef KYC_DISPATCH_NONCE_RESERVATION_H
#define KYC_DISPATCH_NONCE_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"

struct nonce_floor {
    uint64_t published; /* the sender may use nonces up to this */
    uint64_t reserved;  /* above published: not committed yet */
};

struct nonce_reservation {
    struct sender *sender; /* borrowed */
    struct ledger *ledger; /* borrowed; NULL: none */
    struct nonce_floor *key_slots;
    size_t count; /* of key slots; 0: the provider does not sign */
};

/* Every key starts above the clock, its stored floor and by_hand (provider.nonce_floor; 0: none), with a
 * first floor that is durable when this returns 0. -1 with ERROR_LEDGER. Without a ledger nothing is stored,
 * and the first floor is the last. is_shared: the keys are leased (rate_share.h), and their nonces reserved
 * there: nothing is here. */
int nonce_reservation_start(struct nonce_reservation *nonces, struct sender *sender, struct ledger *ledger,
                            uint64_t by_hand, bool is_shared, struct error *error);
void nonce_reservation_clear(struct nonce_reservation *nonces);

/* In a transaction of the ledger: reserves further nonces for the keys that are due. 0, or -1 with
 * ERROR_LEDGER. */
int nonce_reservation_extend(struct nonce_reservation *nonces, struct error *error);
/* After its commit: the sender may use them. */
void nonce_reservation_publish(struct nonce_reservation *nonces);
/* Between begin and commit, after sender_run has returned: the ledger's floor of each shared key becomes the
 * last nonce that this process used, in case that the key is not shared next time. 0, or -1 with
 * ERROR_LEDGER. */
int nonce_reservation_record_shared(const struct sender *sender, struct ledger *ledger, struct error *error);
/* The monotonic time by which nonce_reservation_extend is to be called again; UINT64_MAX: never. */
uint64_t nonce_reservation_next_ns(const struct nonce_reservation *nonces);

#endif
