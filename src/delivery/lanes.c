#include "delivery/lanes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static int check_repeated_keys(const struct job *job, struct error *error)
{
    const struct job_provider *provider = &job->provider;
    for (size_t i = 0; i < provider->credential_count; i++) {
        char mine[LANE_KEY_ID_SIZE], other[LANE_KEY_ID_SIZE];
        lane_identify(&provider->credentials[i], mine);
        for (size_t j = 0; j < i; j++) {
            lane_identify(&provider->credentials[j], other);
            if (strcmp(mine, other) == 0) {
                return job_fail(
                    job, provider->credentials[i].place, error,
                    "provider.credentials: number %zu is the same key as number %zu; each key may stand there once",
                    i + 1, j + 1);
            }
        }
    }
    return 0;
}

/* Two requests of one signed key could arrive in the wrong order, unless its nonces have a window. */
uint32_t lanes_in_flight(const struct job *job, const struct provider *provider, uint32_t *each)
{
    uint32_t keys = (uint32_t)job->provider.credential_count;
    uint32_t total = job->delivery.in_flight ? job->delivery.in_flight
                                             : provider->in_flight * (provider->is_signed ? keys : 1);
    bool one_each = provider->is_signed && job->provider.nonce_window == 0;
    assert(total > 0);
    *each = one_each ? 1 : total;
    return one_each && total > keys ? keys : total;
}

int lanes_init(struct lanes *lanes, const struct job *job, const struct provider *provider,
               const char *lock_folder, struct error *error)
{
    *lanes = (struct lanes){0};
    if (check_repeated_keys(job, error) != 0)
        return -1;
    uint32_t each;
    lanes->in_flight_max = lanes_in_flight(job, provider, &each);
    lanes->items = memory_new(job->provider.credential_count, sizeof(struct lane *));
    for (size_t i = 0; i < job->provider.credential_count; i++) {
        struct lane *lane = lane_new(provider, &job->provider.credentials[i], each, lock_folder, error);
        if (!lane)
            return -1;
        lanes->items[lanes->count++] = lane;
    }
    return 0;
}

void lanes_clear(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        lane_free(lanes->items[i]);
    free(lanes->items);
    *lanes = (struct lanes){0};
}

struct lane *lanes_choose(struct lanes *lanes)
{
    struct lane *best = NULL;
    size_t best_at = 0;
    for (size_t i = 0; i < lanes->count; i++) {
        size_t index = (lanes->next + i) % lanes->count;
        struct lane *lane = lanes->items[index];
        if (!lane->login.asking && lane->in_flight < lane->in_flight_max &&
            (!best || lane->in_flight < best->in_flight)) {
            best = lane;
            best_at = index;
        }
    }
    if (best)
        lanes->next = (best_at + 1) % lanes->count;
    return best;
}
