#include "delivery/lane.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"

static void identify(struct slice kind, const struct secret *secret, char id[LANE_KEY_ID_SIZE])
{
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_sha256(kind, secret_slice(secret), digest);
    digest_hex(digest, (LANE_KEY_ID_SIZE - 1) / 2, id);
}

void lane_identify(const struct job_credentials *credentials, char key_id[LANE_KEY_ID_SIZE])
{
    identify(SLICE_LITERAL("kyc-import api key "),
             credentials->api_key.data ? &credentials->api_key : &credentials->token, key_id);
}

/* In the same order in every process: of two that start at once and share a part, one gets it. */
static int take_locks(struct lane *lane, const struct job_credentials *credentials, const char *folder,
                      struct error *error)
{
    char client_id[LANE_KEY_ID_SIZE];
    const char *key_part = credentials->api_key.data ? "api_key" : "token";

    lane->locks[0] = key_lock_open(folder, lane->key_id, key_part, error);
    if (lane->locks[0] < 0)
        return -1;
    lane->lock_count = 1;
    if (!credentials->client_id.data)
        return 0;
    identify(SLICE_LITERAL("kyc-import client id "), &credentials->client_id, client_id);
    lane->locks[1] = key_lock_open(folder, client_id, "client_id", error);
    if (lane->locks[1] < 0)
        return -1;
    lane->lock_count = 2;
    return 0;
}

struct lane *lane_new(const struct provider *provider, const struct job_credentials *credentials,
                      uint32_t in_flight_max, const char *lock_folder, struct error *error)
{
    struct lane *lane = memory_new(1, sizeof *lane);
    lane->provider = provider;
    lane->in_flight_max = in_flight_max;
    lane->login.wanted = provider->has_login;
    lane->login_delivery.call.operation = OPERATION_LOGIN;
    lane_identify(credentials, lane->key_id);
    if (take_locks(lane, credentials, lock_folder, error) != 0) {
        lane_free(lane);
        return NULL;
    }
    lane->account = provider->account_new(credentials);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane)
        return;
    if (lane->account)
        lane->provider->account_free(lane->account);
    for (size_t i = 0; i < lane->lock_count; i++)
        key_lock_close(lane->locks[i]);
    free(lane);
}

void lane_start(struct lane *lane, uint64_t start)
{
    assert(atomic_load(&lane->last) == 0);
    lane->start = start;
}

void lane_raise(struct lane *lane, uint64_t floor)
{
    uint64_t old = atomic_load(&lane->floor);
    while (floor > old && !atomic_compare_exchange_weak(&lane->floor, &old, floor)) {
    }
}

uint64_t lane_last(const struct lane *lane)
{
    return atomic_load(&lane->last);
}

uint64_t lane_nonce(struct lane *lane, uint64_t real_ns)
{
    if (!lane->provider->is_signed)
        return 0;
    uint64_t last = atomic_load(&lane->last), floor = atomic_load(&lane->floor);
    uint64_t min = last + 1 > lane->start ? last + 1 : lane->start;
    uint64_t nonce = real_ns > min ? real_ns : min;
    if (nonce > floor)
        nonce = min;
    assert(nonce <= floor);
    atomic_store(&lane->last, nonce);
    return nonce;
}
