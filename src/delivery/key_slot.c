#include "delivery/key_slot.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"

static void identify(struct slice kind, const struct secret *secret, char id[KEY_SLOT_KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_sha256(kind, secret_slice(secret), digest);
    digest_hex(digest, (KEY_SLOT_KEY_ID_SIZE - 1) / 2, id);
}

void key_slot_identify(const struct job_credentials *credentials, char key_id[KEY_SLOT_KEY_ID_SIZE])
{
    identify(SLICE_LITERAL("kyc-import api key "),
             credentials->api_key.data ? &credentials->api_key : &credentials->token, key_id);
}

/* In the same order in every process: of two that start together and share a part, one acquires it. */
static int acquire_locks(struct key_slot *key_slot, const struct job_credentials *credentials,
                         const char *folder, struct error *error)
{
    char client_id[KEY_SLOT_KEY_ID_SIZE];
    const char *key_part = credentials->api_key.data ? "api_key" : "token";

    key_slot->locks[0] = key_lock_open(folder, key_slot->key_id, key_part, error);
    if (key_slot->locks[0] < 0)
        return -1;
    key_slot->lock_count = 1;
    if (!credentials->client_id.data)
        return 0;
    identify(SLICE_LITERAL("kyc-import client id "), &credentials->client_id, client_id);
    key_slot->locks[1] = key_lock_open(folder, client_id, "client_id", error);
    if (key_slot->locks[1] < 0)
        return -1;
    key_slot->lock_count = 2;
    return 0;
}

struct key_slot *key_slot_new(const struct provider *provider, const struct job_credentials *credentials,
                              uint32_t in_flight_max, const char *lock_folder, struct error *error)
{
    struct key_slot *key_slot = memory_new(1, sizeof *key_slot);
    key_slot->provider = provider;
    key_slot->in_flight_max = in_flight_max;
    key_slot->login.required = provider->has_login;
    key_slot->login_delivery.call.operation = OPERATION_LOGIN;
    key_slot_identify(credentials, key_slot->key_id);
    if (acquire_locks(key_slot, credentials, lock_folder, error) != 0) {
        key_slot_free(key_slot);
        return NULL;
    }
    key_slot->account = provider->account_new(credentials);
    return key_slot;
}

void key_slot_free(struct key_slot *key_slot)
{
    if (!key_slot)
        return;
    if (key_slot->account)
        key_slot->provider->account_free(key_slot->account);
    for (size_t i = 0; i < key_slot->lock_count; i++)
        key_lock_close(key_slot->locks[i]);
    free(key_slot);
}

void key_slot_start_nonces(struct key_slot *key_slot, uint64_t start)
{
    assert(atomic_load(&key_slot->last_nonce) == 0);
    key_slot->first_nonce = start;
}

void key_slot_extend(struct key_slot *key_slot, uint64_t floor)
{
    uint64_t old = atomic_load(&key_slot->published);
    while (floor > old && !atomic_compare_exchange_weak(&key_slot->published, &old, floor)) {
    }
}

uint64_t key_slot_last_nonce(const struct key_slot *key_slot)
{
    return atomic_load(&key_slot->last_nonce);
}

uint64_t key_slot_next_nonce(struct key_slot *key_slot, uint64_t real_ns)
{
    if (!key_slot->provider->is_signed)
        return 0;
    uint64_t last = atomic_load(&key_slot->last_nonce), floor = atomic_load(&key_slot->published);
    uint64_t min = last + 1 > key_slot->first_nonce ? last + 1 : key_slot->first_nonce;
    uint64_t nonce = real_ns > min ? real_ns : min;
    if (nonce > floor)
        nonce = min;
    assert(nonce <= floor);
    atomic_store(&key_slot->last_nonce, nonce);
    return nonce;
}
