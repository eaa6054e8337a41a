#include "delivery/key_slots.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"

static int check_repeated_keys(const struct job *job, struct error *error)
{
    const struct job_provider *provider = &job->provider;
    for (size_t i = 0; i < provider->credential_count; i++) {
        char mine[KEY_SLOT_KEY_ID_SIZE], other[KEY_SLOT_KEY_ID_SIZE];
        key_slot_identify(&provider->credentials[i], mine);
        for (size_t j = 0; j < i; j++) {
            key_slot_identify(&provider->credentials[j], other);
            if (strcmp(mine, other) == 0) {
                return job_fail(job, provider->credentials[i].place, error,
                                "provider.credentials: %zu and %zu are the same API key; list each key once",
                                j + 1, i + 1);
            }
        }
    }
    return 0;
}

/* Two requests of one signed key could arrive in the wrong order, unless its nonces have a window. */
uint32_t key_slots_in_flight(const struct job *job, const struct provider *provider, uint32_t *each)
{
    uint32_t keys = (uint32_t)job->provider.credential_count;
    uint32_t total = job->delivery.in_flight ? job->delivery.in_flight
                                             : provider->in_flight * (provider->is_signed ? keys : 1);
    bool one_each = provider->is_signed && job->provider.nonce_window == 0;
    assert(total > 0);
    *each = one_each ? 1 : total;
    return one_each && total > keys ? keys : total;
}

int key_slots_init(struct key_slots *key_slots, const struct job *job, const struct provider *provider,
                   const char *lock_folder, struct error *error)
{
    *key_slots = (struct key_slots){0};
    if (check_repeated_keys(job, error) != 0)
        return -1;
    uint32_t each;
    key_slots->in_flight_max = key_slots_in_flight(job, provider, &each);
    key_slots->items = memory_new(job->provider.credential_count, sizeof(struct key_slot *));
    for (size_t i = 0; i < job->provider.credential_count; i++) {
        struct key_slot *key_slot =
            key_slot_new(provider, &job->provider.credentials[i], each, lock_folder, error);
        if (!key_slot)
            return -1;
        key_slots->items[key_slots->count++] = key_slot;
    }
    return 0;
}

void key_slots_clear(struct key_slots *key_slots)
{
    for (size_t i = 0; i < key_slots->count; i++)
        key_slot_free(key_slots->items[i]);
    free(key_slots->items);
    *key_slots = (struct key_slots){0};
}

struct key_slot *key_slots_choose(struct key_slots *key_slots)
{
    struct key_slot *best = NULL;
    size_t best_index = 0;
    for (size_t i = 0; i < key_slots->count; i++) {
        size_t index = (key_slots->next + i) % key_slots->count;
        struct key_slot *key_slot = key_slots->items[index];
        if (!key_slot->login.in_progress && key_slot->in_flight < key_slot->in_flight_max &&
            (!best || key_slot->in_flight < best->in_flight)) {
            best = key_slot;
            best_index = index;
        }
    }
    if (best)
        key_slots->next = (best_index + 1) % key_slots->count;
    return best;
}
