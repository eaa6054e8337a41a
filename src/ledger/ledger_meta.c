/* ledger_meta: what one process passes to the next, outside the proof: nonce floors, the rest of the canary,
 * the clock, the last sending. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_internal.h"

#define CANARY    "canary"   /* `SETTINGS LEFT` */
#define CLOCK     "clock"    /* `RUN LEAD_NS` */
#define SENDING   "sending"  /* `STATE BOOT BOOT_NS REAL_NS HOLD_NS`, `-` for a boot that is not known */
#define ADOPTING  "adopting" /* `under_way` or `ended` */
#define RESTORED  "restored" /* the time of the backup; empty: no decision is pending */
#define COPIED    "copied"   /* the time of a backup, in the backup; empty: in a ledger that was restored */
#define EVERY_KEY "*"        /* a nonce floor of all API keys */
#define UNDER_WAY "under_way"
#define ENDED     "ended"

enum { VALUE_SIZE = 128 };

/* The value of key: 1, in the ledger's arena; 0: none; -1. */
static int find(struct ledger *ledger, const char *key, struct slice *value, struct error *error)
{
    arena_reset(&ledger->arena);
    return store_meta(ledger->store, key, &ledger->arena, value, error);
}

int ledger_canary_left(struct ledger *ledger, const char *settings, uint32_t *left, struct error *error)
{
    struct slice value;
    int found = find(ledger, CANARY, &value, error);
    size_t len = strlen(settings);

    *left = UINT32_MAX;
    if (found <= 0)
        return found;
    if (strncmp(value.data, settings, len) == 0 && value.data[len] == ' ')
        *left = (uint32_t)strtoul(value.data + len, NULL, 10);
    return 0;
}

int ledger_canary_set(struct ledger *ledger, const char *settings, uint32_t left, struct error *error)
{
    char text[VALUE_SIZE];
    int len = snprintf(text, sizeof text, "%s %" PRIu32, settings, left);

    assert((size_t)len < sizeof text);
    return store_meta_set(ledger->store, CANARY, slice_make(text, (size_t)len), error);
}

int ledger_clock(struct ledger *ledger, int64_t *run, uint64_t *lead_ns, struct error *error)
{
    struct slice value;
    char *end;
    int found = find(ledger, CLOCK, &value, error);

    *run = 0;
    *lead_ns = 0;
    if (found <= 0)
        return found;
    *run = strtoll(value.data, &end, 10);
    *lead_ns = strtoull(end, NULL, 10);
    return 0;
}

int ledger_clock_set(struct ledger *ledger, uint64_t lead_ns, struct error *error)
{
    char text[VALUE_SIZE];

    snprintf(text, sizeof text, "%" PRId64 " %" PRIu64, ledger->run.id, lead_ns);
    return store_meta_set(ledger->store, CLOCK, slice_from(text), error);
}

int ledger_sending_set(struct ledger *ledger, const struct ledger_sending *sending, struct error *error)
{
    char text[VALUE_SIZE];
    int len = snprintf(text, sizeof text, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32,
                       sending->under_way ? UNDER_WAY : ENDED, sending->boot[0] ? sending->boot : "-",
                       sending->boot_ns, sending->real_ns, sending->hold_ns, sending->burst);

    assert((size_t)len < sizeof text);
    return store_meta_set(ledger->store, SENDING, slice_make(text, (size_t)len), error);
}

int ledger_sending(struct ledger *ledger, struct ledger_sending *sending, struct error *error)
{
    struct slice value;
    char state[16];
    int found = find(ledger, SENDING, &value, error);

    *sending = (struct ledger_sending){.under_way = found == 1};
    if (found <= 0)
        return found;
    struct ledger_sending read = {.under_way = true};
    /* NOLINTNEXTLINE(cert-err34-c): the numbers are those of ledger_sending_set. */
    if (sscanf(value.data, "%15s %36s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu32, state, read.boot,
               &read.boot_ns, &read.real_ns, &read.hold_ns, &read.burst) < 5)
        return 1;
    read.under_way = strcmp(state, ENDED) != 0;
    if (strcmp(read.boot, "-") == 0)
        read.boot[0] = '\0';
    *sending = read;
    return 1;
}

int ledger_nonce_floor(struct ledger *ledger, const char *key_id, uint64_t *floor, struct error *error)
{
    uint64_t of_all;

    if (store_nonce(ledger->store, key_id, floor, error) != 0 ||
        store_nonce(ledger->store, EVERY_KEY, &of_all, error) != 0)
        return -1;
    if (of_all > *floor)
        *floor = of_all;
    return 0;
}

int ledger_nonce_reserve_all(struct ledger *ledger, uint64_t floor, struct error *error)
{
    return ledger_nonce_reserve(ledger, EVERY_KEY, floor, error);
}

/* 1 with the value, 0 where it is empty or not there, or -1. */
static int find_time(struct ledger *ledger, const char *key, struct arena *arena, struct slice *time,
                     struct error *error)
{
    int found = store_meta(ledger->store, key, arena, time, error);

    return found == 1 ? time->len > 0 : found;
}

/* Writes nothing where nothing changes. */
static int set_time(struct ledger *ledger, const char *key, struct slice time, struct error *error)
{
    struct slice now;

    arena_reset(&ledger->arena);
    int found = find_time(ledger, key, &ledger->arena, &now, error);
    if (found < 0 || (found == 0 && time.len == 0))
        return found < 0 ? -1 : 0;
    return store_meta_set(ledger->store, key, time, error);
}

int ledger_restored(struct ledger *ledger, struct arena *arena, struct slice *backup_time,
                    struct error *error)
{
    return find_time(ledger, RESTORED, arena, backup_time, error);
}

int ledger_restored_set(struct ledger *ledger, struct slice backup_time, struct error *error)
{
    return set_time(ledger, RESTORED, backup_time, error) == 0 ? ledger_copied_clear(ledger, error) : -1;
}

int ledger_copied(struct ledger *ledger, struct arena *arena, struct slice *time, struct error *error)
{
    return find_time(ledger, COPIED, arena, time, error);
}

int ledger_copied_mark(const char *path, struct slice time, struct error *error)
{
    return store_mark_copy(path, COPIED, time, error);
}

int ledger_copied_clear(struct ledger *ledger, struct error *error)
{
    return set_time(ledger, COPIED, slice_make(NULL, 0), error);
}

int ledger_moved_to(struct ledger *ledger, struct arena *arena, struct slice *time, struct slice *location,
                    struct error *error)
{
    struct slice value;
    int found = store_meta(ledger->store, LEDGER_MOVED_TO, arena, &value, error);

    *location = slice_make("", 0);
    if (found != 1 || value.len == 0)
        return found < 0 ? -1 : 0;
    *location = value;
    return slice_next_item(location, SLICE_LITERAL(" "), time);
}

int ledger_moved_clear(struct ledger *ledger, struct error *error)
{
    return set_time(ledger, LEDGER_MOVED_TO, slice_make(NULL, 0), error);
}

int ledger_nonce_reserve(struct ledger *ledger, const char *key_id, uint64_t floor, struct error *error)
{
    uint64_t now;

    if (store_nonce(ledger->store, key_id, &now, error) != 0)
        return -1;
    return floor <= now ? 0 : store_nonce_set(ledger->store, key_id, floor, error);
}

int ledger_adopting(struct ledger *ledger, bool *adopting, struct error *error)
{
    struct slice value;
    int found = find(ledger, ADOPTING, &value, error);

    *adopting = found == 1 && !slice_is(value, ENDED);
    return found < 0 ? -1 : 0;
}

int ledger_adopting_set(struct ledger *ledger, bool adopting, struct error *error)
{
    return store_meta_set(ledger->store, ADOPTING, slice_from(adopting ? UNDER_WAY : ENDED), error);
}
