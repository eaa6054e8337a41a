#include "delivery/lane.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/digest.h"
#include "core/memory.h"
#include "delivery/key_lock.h"

void lane_identify(const struct job_credentials *credentials, char key_id[LANE_KEY_ID_SIZE])
{
    const struct secret *key = credentials->api_key.at ? &credentials->api_key : &credentials->token;
    uint8_t digest[DIGEST_SHA256_LEN];
    digest_sha256(SLICE_LITERAL("kyc-import api key "), secret_slice(key), digest);
    digest_hex(digest, (LANE_KEY_ID_SIZE - 1) / 2, key_id);
}

struct lane *lane_new(const struct provider *provider, const struct job_credentials *credentials,
                      uint32_t in_flight_max, const char *lock_folder, struct error *error)
{
    struct lane *lane = memory_new(1, sizeof(*lane));
    lane->provider = provider;
    lane->in_flight_max = in_flight_max;
    lane->lock = -1;
    lane->login.wanted = provider->has_login;
    lane->login_delivery.call.operation = OPERATION_LOGIN;
    lane_identify(credentials, lane->key_id);
    if (provider->is_signed) {
        lane->lock = key_lock_open(lock_folder, lane->key_id, error);
        if (lane->lock < 0) {
            lane_free(lane);
            return NULL;
        }
    }
    lane->account = provider->account_new(credentials);
    return lane;
}

void lane_free(struct lane *lane)
{
    if (!lane) {
        return;
    }
    if (lane->account) {
        lane->provider->account_free(lane->account);
    }
    key_lock_close(lane->lock);
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
    if (!lane->provider->is_signed) {
        return 0;
    }
    uint64_t last = atomic_load(&lane->last), floor = atomic_load(&lane->floor);
    uint64_t least = last + 1 > lane->start ? last + 1 : lane->start;
    uint64_t nonce = real_ns > least ? real_ns : least;
    if (nonce > floor) {
        nonce = least;
    }
    assert(nonce <= floor);
    atomic_store(&lane->last, nonce);
    return nonce;
}
