#include "delivery/key_slot.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"

enum { KIND_SIZE = 64 }; /* a credential's name */

static void identify(struct slice kind, const struct secret *secret, char id[KEY_SLOT_KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_sha256(kind, secret_slice(secret), digest);
    digest_hex(digest, (KEY_SLOT_KEY_ID_SIZE - 1) / 2, id);
}

/* The next of the credentials that has a lock, at or behind row; NULL: none. */
static const struct provider_credential *find_locking(const struct provider_credential *row,
                                                      const struct job_credentials *credentials)
{
    for (; row && row->name; row++)
        if (row->locks && job_credential(credentials, row->name)->data)
            return row;
    return NULL;
}

void key_slot_identify(const struct provider *provider, const struct job_credentials *credentials,
                       char key_id[KEY_SLOT_KEY_ID_SIZE])
{
    const struct provider_credential *row = find_locking(provider->credentials, credentials);
    assert(row && "a credential that identifies the others");
    identify(SLICE_LITERAL("kyc-import api key "), job_credential(credentials, row->name), key_id);
}

/* `kyc-import client id `: the kind of client_id. */
static struct slice kind_of(const struct provider_credential *row, char text[KIND_SIZE])
{
    int len = snprintf(text, KIND_SIZE, "kyc-import %s ", row->name);
    for (char *mark = text; (mark = strchr(mark, '_'));)
        *mark = ' ';
    return slice_make(text, (size_t)len);
}

/* In the same order in every process: of two that start together and share a part, one acquires it. */
static int acquire_locks(struct key_slot *key_slot, const struct job_credentials *credentials,
                         const char *folder, const char *account, struct error *error)
{
    const struct provider_credential *row = find_locking(key_slot->provider->credentials, credentials);
    char id[KEY_SLOT_KEY_ID_SIZE], kind[KIND_SIZE];

    memcpy(id, key_slot->key_id, sizeof id);
    for (; row; row = find_locking(row + 1, credentials)) {
        assert(key_slot->lock_count < KEY_SLOT_LOCKS_MAX);
        if (key_slot->lock_count > 0)
            identify(kind_of(row, kind), job_credential(credentials, row->name), id);
        int fd = key_lock_open(folder, id, row->name, account, error);
        if (fd < 0)
            return -1;
        key_slot->locks[key_slot->lock_count++] = fd;
    }
    return 0;
}

struct key_slot *key_slot_new(const struct provider *provider, const struct job_credentials *credentials,
                              uint32_t in_flight_max, const char *lock_folder, const char *account,
                              struct error *error)
{
    struct key_slot *key_slot = memory_new(1, sizeof *key_slot);
    key_slot->provider = provider;
    key_slot->in_flight_max = in_flight_max;
    key_slot->is_leased = account && provider->is_signed;
    key_slot->login.required = provider->has_login;
    key_slot->login_delivery.call.operation = OPERATION_LOGIN;
    key_slot_identify(provider, credentials, key_slot->key_id);
    if (acquire_locks(key_slot, credentials, lock_folder, account, error) != 0) {
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

void key_slot_lease(struct key_slot *key_slot, uint64_t start, uint64_t floor, bool keep,
                    uint64_t until_boot_ns)
{
    if (start > key_slot->first_nonce)
        key_slot->first_nonce = start;
    key_slot_extend(key_slot, floor);
    key_slot->is_draining = !keep;
    key_slot->until_boot_ns = until_boot_ns;
}

bool key_slot_may_send(const struct key_slot *key_slot, uint64_t boot_ns)
{
    return !key_slot->is_leased || boot_ns < key_slot->until_boot_ns;
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
