#include "delivery/key_slots.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/memory.h"
#include "core/postgres_url.h"
#include "delivery/key_lock.h"
#include "model/job_setting.h"

enum { ACCOUNT_TEXT_SIZE = 400 };

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

/* The account as processes compare it, by its name and where its shares are kept. NULL: not shared. */
static const char *account_text(const struct job *job, char text[ACCOUNT_TEXT_SIZE])
{
    struct postgres_url url;
    const char *fault;
    if (!job->delivery.shared)
        return NULL;
    if (postgres_url_is_one(job->ledger_path) && postgres_url_read(&url, job->ledger_path, &fault) == 0) {
        snprintf(text, ACCOUNT_TEXT_SIZE, "%s in the database %s at %s:%s", job->delivery.shared,
                 url.database, url.hosts, url.ports);
        postgres_url_clear(&url);
    } else {
        snprintf(text, ACCOUNT_TEXT_SIZE, "%s on this machine", job->delivery.shared);
    }
    return text;
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
    char text[ACCOUNT_TEXT_SIZE];
    const char *account = account_text(job, text);
    for (size_t i = 0; i < job->provider.credential_count; i++) {
        struct key_slot *key_slot =
            key_slot_new(provider, &job->provider.credentials[i], each, lock_folder, account, error);
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

static bool may_start(const struct key_slot *key_slot, uint64_t boot_ns)
{
    return !key_slot->login.in_progress && key_slot->in_flight < key_slot->in_flight_max &&
           !key_slot->is_draining && key_slot_may_send(key_slot, boot_ns);
}

struct key_slot *key_slots_choose(struct key_slots *key_slots, uint64_t boot_ns)
{
    struct key_slot *best = NULL;
    size_t best_index = 0;
    for (size_t i = 0; i < key_slots->count; i++) {
        size_t index = (key_slots->next + i) % key_slots->count;
        struct key_slot *key_slot = key_slots->items[index];
        if (may_start(key_slot, boot_ns) && (!best || key_slot->in_flight < best->in_flight)) {
            best = key_slot;
            best_index = index;
        }
    }
    if (best)
        key_slots->next = (best_index + 1) % key_slots->count;
    return best;
}
