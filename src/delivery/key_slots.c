#include "delivery/key_slots.h"

#include <assert.h>
#include <stdlib.h>

#include "core/memory.h"
#include "delivery/key_lock.h"
#include "model/job_setting.h"

/* Two requests of one signed key could arrive in the wrong order, unless its nonces have a window. */
uint32_t key_slots_in_flight(const struct job *job, const struct provider *provider, uint32_t *each)
{
    uint32_t keys = (uint32_t)job->provider.credential_count;
    uint32_t total = job->delivery.in_flight ? job->delivery.in_flight
                                             : provider->in_flight * (provider->is_signed ? keys : 1);
    bool one_each = provider->is_signed && job_setting_number(&job->provider, SETTING_NONCE_WINDOW) == 0;
    assert(total > 0);
    *each = one_each ? 1 : total;
    return one_each && total > keys ? keys : total;
}

int key_slots_init(struct key_slots *key_slots, const struct job *job, const struct provider *provider,
                   struct error *error)
{
    *key_slots = (struct key_slots){0};
    const char *lock_folder = key_lock_folder(job, error);
    if (!lock_folder)
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
