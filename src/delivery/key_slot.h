/* key_slot: one set of credentials: its account, its locks, its nonces and its requests in flight.
 *
 * A signed key has one request in flight unless the job sets nonce_window, since two could arrive in the
 * wrong order. Nonces are strictly increasing over threads, retries and runs, also after the clock stepped
 * back: nanoseconds since the epoch, never below the last + 1, never above the bound that the coordinator has
 * made durable ahead. An unsigned provider's key has no nonces.
 *
 * Thread: key_slot_extend and key_slot_last_nonce any; the rest the sender's. Owner: new/free; borrows job
 * and provider.
 */
#ifndef KYC_DELIVERY_KEY_SLOT_H
#define KYC_DELIVERY_KEY_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/login.h"
#include "delivery/sender.h"
#include "model/job.h"
#include "provider/provider.h"

enum {
    KEY_SLOT_KEY_ID_SIZE = 33,
    KEY_SLOT_LOCKS_MAX = 2, /* of credentials with a lock (provider_credential.locks) */
};

struct key_slot {
    const struct provider *provider;
    struct provider_account *account;
    char key_id[KEY_SLOT_KEY_ID_SIZE];
    int locks[KEY_SLOT_LOCKS_MAX];
    size_t lock_count;
    bool proven; /* a request with these credentials has succeeded in this run */
    uint32_t in_flight, in_flight_max;
    struct login login;
    struct delivery login_delivery; /* of a login in flight; never completed */
    uint64_t first_nonce;           /* no nonce is below */
    _Atomic uint64_t last_nonce;    /* the highest nonce used; 0: none */
    _Atomic uint64_t published;
    bool is_leased;         /* the key is shared, one job at a time: it may be used … */
    bool is_draining;       /* … not for new requests, … */
    uint64_t until_boot_ns; /* … and only before this time; 0: it is not held */
};

/* Identifies credentials without revealing them: hex of 16 bytes of a SHA-256 over the first of the
 * provider's credentials that has a lock (the API key or the token). It is a name in the ledger: it never
 * changes. */
void key_slot_identify(const struct provider *provider, const struct job_credentials *credentials,
                       char key_id[KEY_SLOT_KEY_ID_SIZE]);

/* Takes the credentials' locks in lock_folder, of every provider: two jobs with one credential share the
 * provider's limit. Each has a lock of its own (provider_credential.locks), since two jobs may share one and
 * not the other. account: as of key_lock_open; with it, a signed provider's key is not held yet. NULL with
 * ERROR_BUSY or ERROR_USAGE, as key_lock_open. */
struct key_slot *key_slot_new(const struct provider *provider, const struct job_credentials *credentials,
                              uint32_t in_flight_max, const char *lock_folder, const char *account,
                              struct error *error);
void key_slot_free(struct key_slot *key_slot);

/* The lease of a shared key (rate_share.h): nonces from start on, up to floor, which is reserved; requests
 * before until_boot_ns (0: it is not held), none new unless keep. */
void key_slot_lease(struct key_slot *key_slot, uint64_t start, uint64_t floor, bool keep,
                    uint64_t until_boot_ns);
/* True when a request with this key may leave at boot_ns (clock_boot_ns). */
bool key_slot_may_send(const struct key_slot *key_slot, uint64_t boot_ns);

/* No nonce will be below start. Before the first one. */
void key_slot_start_nonces(struct key_slot *key_slot, uint64_t start);
/* No nonce will be above floor, which is durable. Never lowers it. */
void key_slot_extend(struct key_slot *key_slot, uint64_t floor);
uint64_t key_slot_last_nonce(const struct key_slot *key_slot);

/* The next nonce: real_ns, but above the last one and not below start; and not above the published bound,
 * where the clock is ahead of the reservation. A bound that is used up is a bug of the coordinator (assert).
 * 0 when the provider does not sign. */
uint64_t key_slot_next_nonce(struct key_slot *key_slot, uint64_t real_ns);

#endif
