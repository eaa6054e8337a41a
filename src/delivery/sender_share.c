#include "delivery/sender_share.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "delivery/sender_internal.h"

/* So that a share, which is a part of this count, is one of the limiter's window, too. */
_Static_assert((int)RATE_SHARE_COUNT_MAX <= (int)LIMITER_WINDOW_MAX, "a shared rate fits a limiter");

int sender_share_init(struct sender *sender)
{
    struct sender_share *share = &sender->share;

    pthread_mutex_init(&share->mutex, NULL);
    share->event = -1;
    share->is_used = sender->job->delivery.shared;
    if (!share->is_used)
        return 0;
    share->keys = memory_new(sender->key_slots.count, sizeof *share->keys);
    for (size_t i = 0; i < sender->key_slots.count; i++)
        share->keys[i].is_idle = true;
    sender->gate.until_boot_ns[SEND_GATE_SHARE] = &share->until_boot_ns;
    limiter_set_count(&sender->gate.limiter, clock_mono_ns(), 0);
    share->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return share->event >= 0 ? 0 : -1;
}

void sender_share_clear(struct sender *sender)
{
    struct sender_share *share = &sender->share;

    if (share->is_used && share->event >= 0)
        close(share->event);
    free(share->keys);
    pthread_mutex_destroy(&share->mutex);
}

/* The thread that renews. */

void sender_share_rate(struct sender *sender, const struct rate_share_answer *answer, uint64_t until_boot_ns)
{
    struct sender_share *share = &sender->share;

    pthread_mutex_lock(&share->mutex);
    share->count = answer->count;
    share->has_count = true;
    if (answer->hold_ns > 0)
        share->hold_until_ns = clock_mono_ns() + answer->hold_ns;
    /* It has slowed down by itself for the 429 that it has reported. */
    if (share->has_throttles && answer->throttles > share->throttles && !share->reported_throttled)
        share->slows = true;
    pthread_mutex_unlock(&share->mutex);
    share->has_throttles = true;
    share->throttles = answer->throttles;
    share->reported_throttled = false;
    if (until_boot_ns > atomic_load(&share->until_boot_ns))
        atomic_store(&share->until_boot_ns, until_boot_ns);
    curl_multi_wakeup(sender->multi);
}

void sender_share_lapse(struct sender *sender)
{
    pthread_mutex_lock(&sender->share.mutex);
    sender->share.count = 0;
    sender->share.has_count = true;
    pthread_mutex_unlock(&sender->share.mutex);
    curl_multi_wakeup(sender->multi);
}

void sender_share_report(struct sender *sender, struct rate_share_report *report)
{
    struct sender_share *share = &sender->share;
    uint64_t now = clock_mono_ns();

    pthread_mutex_lock(&share->mutex);
    *report = (struct rate_share_report){
        .using_count = share->using_count,
        .hold_ns = share->received_hold_until_ns > now ? share->received_hold_until_ns - now : 0,
        .is_throttled = share->was_throttled,
    };
    if (share->has_count && share->count > share->using_count)
        report->using_count = share->count;
    share->received_hold_until_ns = 0;
    share->was_throttled = false;
    pthread_mutex_unlock(&share->mutex);
    share->reported_throttled = share->reported_throttled || report->is_throttled;
}

bool sender_share_is_busy(struct sender *sender)
{
    pthread_mutex_lock(&sender->share.mutex);
    bool is_busy = sender->share.is_busy;
    pthread_mutex_unlock(&sender->share.mutex);
    return is_busy;
}

int sender_share_event(const struct sender *sender)
{
    return sender->share.event;
}

void sender_share_fail(struct sender *sender, const char *text)
{
    struct sender_share *share = &sender->share;

    pthread_mutex_lock(&share->mutex);
    if (!share->has_failed)
        text_format(share->failure, sizeof share->failure, "%s", text);
    share->has_failed = true;
    pthread_mutex_unlock(&share->mutex);
    curl_multi_wakeup(sender->multi);
}

void sender_share_key(struct sender *sender, size_t key_slot, const struct sender_key_lease *lease)
{
    struct sender_share_key *key = &sender->share.keys[key_slot];

    pthread_mutex_lock(&sender->share.mutex);
    key->lease = *lease;
    key->is_new = true;
    pthread_mutex_unlock(&sender->share.mutex);
    curl_multi_wakeup(sender->multi);
}

bool sender_share_key_is_idle(struct sender *sender, size_t key_slot)
{
    const struct sender_share_key *key = &sender->share.keys[key_slot];

    pthread_mutex_lock(&sender->share.mutex);
    bool is_idle = !key->is_new && key->is_idle;
    pthread_mutex_unlock(&sender->share.mutex);
    return is_idle;
}

/* The sender's thread. */

static void raise_event(struct sender_share *share)
{
    const uint64_t one = 1;

    (void)!write(share->event, &one, sizeof one);
}

static void apply_rate(struct sender *sender, uint64_t now_ns)
{
    struct sender_share *share = &sender->share;
    struct limiter *limiter = &sender->gate.limiter;

    if (share->has_count)
        limiter_set_count(limiter, now_ns, share->count);
    if (share->hold_until_ns > now_ns) {
        limiter_hold(limiter, now_ns, share->hold_until_ns - now_ns);
        sender->inherited_hold_ns = limiter->held_until_ns;
    }
    if (share->slows)
        limiter_slow(limiter, now_ns);
    share->has_count = share->slows = false;
    share->hold_until_ns = 0;
    share->using_count = limiter_using(limiter);
}

static void apply_key(struct sender_share_key *key, struct key_slot *key_slot)
{
    if (key->is_new)
        key_slot_lease(key_slot, key->lease.start, key->lease.floor, key->lease.keep,
                       key->lease.until_boot_ns);
    key->is_new = false;
    key->is_idle = key_slot->in_flight == 0;
}

void sender_share_exchange(struct sender *sender)
{
    struct sender_share *share = &sender->share;

    if (!share->is_used)
        return;
    bool is_busy = sender->waiting.first || sender->in_flight > 0;
    pthread_mutex_lock(&share->mutex);
    bool becomes_busy = is_busy && !share->is_busy;
    share->is_busy = is_busy;
    apply_rate(sender, clock_mono_ns());
    for (size_t i = 0; i < sender->key_slots.count; i++)
        apply_key(&share->keys[i], sender->key_slots.items[i]);
    pthread_mutex_unlock(&share->mutex);
    if (becomes_busy)
        raise_event(share);
}

void sender_share_note(struct sender *sender, bool is_throttled, uint64_t wait_ns)
{
    struct sender_share *share = &sender->share;

    if (!share->is_used || (!is_throttled && wait_ns == 0))
        return;
    pthread_mutex_lock(&share->mutex);
    uint64_t until_ns = wait_ns ? sender->gate.limiter.held_until_ns : 0;
    if (until_ns > share->received_hold_until_ns)
        share->received_hold_until_ns = until_ns;
    share->was_throttled = share->was_throttled || is_throttled;
    pthread_mutex_unlock(&share->mutex);
    raise_event(share);
}

bool sender_share_waits(const struct sender *sender)
{
    uint64_t boot_ns = clock_boot_ns();

    if (!sender->share.is_used)
        return false;
    if (sender->gate.limiter.allowed == 0)
        return true;
    for (size_t i = 0; i < sender->key_slots.count; i++)
        if (key_slot_may_send(sender->key_slots.items[i], boot_ns))
            return false;
    return true;
}
