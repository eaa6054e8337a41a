#include "dispatch/nonce_reservation.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/memory.h"

#define AHEAD_NS (60 * CLOCK_NS_PER_S)
#define CHECK_NS (10 * CLOCK_NS_PER_S)
#define SPARE    (UINT64_C(1) << 62) /* more nanoseconds than any run takes */

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

int nonce_reservation_start(struct nonce_reservation *nonces, struct sender *sender, struct ledger *ledger,
                            uint64_t by_hand, bool is_shared, struct error *error)
{
    size_t count = sender_key_slot_count(sender);

    nonces->sender = sender;
    nonces->ledger = ledger;
    nonces->count = is_shared ? 0 : count;
    nonces->key_slots = memory_new(count + 1, sizeof *nonces->key_slots);
    if (ledger && ledger_begin(ledger, error) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const char *key_id = sender_key_slot_id(sender, i);
        uint64_t stored = 0;
        if (ledger && ledger_nonce_floor(ledger, key_id, &stored, error) != 0)
            return -1;
        if (stored > UINT64_MAX - SPARE)
            return error_set(
                error, ERROR_LEDGER,
                "the ledger's nonce of an API key is %" PRIu64
                ", and hardly one is left above it\nhint: restore the ledger with its key file from a backup, or use another API key",
                stored);
        uint64_t start = later(clock_real_ns(), later(stored, by_hand)) + 1;
        sender_key_slot_start(sender, i, start);
        if (is_shared)
            continue;
        nonces->key_slots[i].reserved = start + AHEAD_NS;
        if (ledger && ledger_nonce_reserve(ledger, key_id, nonces->key_slots[i].reserved, error) != 0)
            return -1;
    }
    if (ledger && ledger_commit(ledger, error) != 0)
        return -1;
    nonce_reservation_publish(nonces);
    return 0;
}

void nonce_reservation_clear(struct nonce_reservation *nonces)
{
    free(nonces->key_slots);
    *nonces = (struct nonce_reservation){0};
}

int nonce_reservation_extend(struct nonce_reservation *nonces, struct error *error)
{
    for (size_t i = 0; i < nonces->count; i++) {
        struct nonce_floor *key_slot = &nonces->key_slots[i];
        uint64_t used = later(clock_real_ns(), sender_key_slot_last_nonce(nonces->sender, i));
        if (used + AHEAD_NS / 2 < key_slot->published)
            continue;
        key_slot->reserved = used + AHEAD_NS;
        if (ledger_nonce_reserve(nonces->ledger, sender_key_slot_id(nonces->sender, i), key_slot->reserved,
                                 error) != 0)
            return -1;
    }
    return 0;
}

void nonce_reservation_publish(struct nonce_reservation *nonces)
{
    for (size_t i = 0; i < nonces->count; i++) {
        struct nonce_floor *key_slot = &nonces->key_slots[i];
        if (key_slot->reserved > key_slot->published) {
            key_slot->published = key_slot->reserved;
            sender_key_slot_extend(nonces->sender, i, key_slot->published);
            failpoint("nonce floor raised");
        }
    }
}

int nonce_reservation_record_shared(const struct sender *sender, struct ledger *ledger, struct error *error)
{
    for (size_t i = 0; i < sender_key_slot_count(sender); i++) {
        const char *key_id = sender_key_slot_id(sender, i);
        uint64_t stored = 0, last = sender_key_slot_last_nonce(sender, i);
        if (last == 0)
            continue;
        if (ledger_nonce_floor(ledger, key_id, &stored, error) != 0 ||
            (last > stored && ledger_nonce_reserve(ledger, key_id, last, error) != 0))
            return -1;
    }
    return 0;
}

uint64_t nonce_reservation_next_ns(const struct nonce_reservation *nonces)
{
    return nonces->count ? clock_mono_ns() + CHECK_NS : UINT64_MAX;
}
