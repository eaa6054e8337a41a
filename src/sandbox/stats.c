#include "sandbox/stats.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"

/* An arrival may be recorded late: it then changes windows that end after it. */
#define HISTORY_NS (2 * CLOCK_NS_PER_S)

void stats_init(struct stats *stats)
{
    *stats = (struct stats){.capacity = 1024};
    stats->arrivals_ns = memory_new(stats->capacity, sizeof *stats->arrivals_ns);
}

void stats_clear(struct stats *stats)
{
    free(stats->arrivals_ns);
    *stats = (struct stats){0};
}

void stats_reset(struct stats *stats)
{
    struct stats old = *stats;
    *stats = (struct stats){
        .in_flight = old.in_flight,
        .max_in_flight = old.in_flight,
        .arrivals_ns = old.arrivals_ns,
        .first = old.first,
        .count = old.count,
        .capacity = old.capacity,
    };
}

static uint64_t *arrival_at(struct stats *stats, size_t index)
{
    assert(stats->capacity > 0);
    return &stats->arrivals_ns[(stats->first + index) % stats->capacity];
}

static void ensure_capacity(struct stats *stats)
{
    if (stats->count < stats->capacity)
        return;
    uint64_t *larger = memory_new(2 * stats->capacity, sizeof *larger);
    for (size_t i = 0; i < stats->count; i++)
        larger[i] = *arrival_at(stats, i);
    free(stats->arrivals_ns);
    stats->arrivals_ns = larger;
    stats->first = 0;
    stats->capacity *= 2;
}

/* Arrivals within the second that ends with the index-th, itself included. */
static size_t count_in_second_before(struct stats *stats, size_t index)
{
    uint64_t end_ns = *arrival_at(stats, index);
    size_t below = 0, above = index;
    while (below < above) {
        size_t middle = below + (above - below) / 2;
        if (end_ns - *arrival_at(stats, middle) >= CLOCK_NS_PER_S)
            below = middle + 1;
        else
            above = middle;
    }
    return index - below + 1;
}

bool stats_arrive(struct stats *stats, enum operation operation, uint64_t arrival_ns, uint32_t rate_per_s)
{
    stats->requests++;
    stats->by_operation[operation]++;
    /* two threads may record two arrivals in the wrong order */
    ensure_capacity(stats);
    size_t index = stats->count++;
    while (index > 0 && *arrival_at(stats, index - 1) > arrival_ns) {
        *arrival_at(stats, index) = *arrival_at(stats, index - 1);
        index--;
    }
    *arrival_at(stats, index) = arrival_ns;

    bool over = false;
    for (size_t end = index; end < stats->count; end++) { /* the windows that contain it */
        size_t arrived = count_in_second_before(stats, end);
        if (arrived > stats->max_per_second)
            stats->max_per_second = arrived;
        over = over || (rate_per_s > 0 && arrived > rate_per_s);
    }
    stats->over_limit += over;
    stats->early += arrival_ns >= stats->retry_after_from_ns && arrival_ns < stats->retry_after_until_ns;

    if (stats->first_arrival_ns == 0 || arrival_ns < stats->first_arrival_ns)
        stats->first_arrival_ns = arrival_ns;
    if (arrival_ns > stats->last_arrival_ns)
        stats->last_arrival_ns = arrival_ns;
    uint64_t newest = *arrival_at(stats, stats->count - 1);
    while (newest - *arrival_at(stats, 0) >= HISTORY_NS) {
        stats->first = (stats->first + 1) % stats->capacity;
        stats->count--;
    }
    return over;
}

void stats_enter(struct stats *stats)
{
    if (++stats->in_flight > stats->max_in_flight)
        stats->max_in_flight = stats->in_flight;
}

void stats_leave(struct stats *stats)
{
    assert(stats->in_flight > 0);
    stats->in_flight--;
}

void stats_answer(struct stats *stats, unsigned status, enum fault_kind fault, bool caused_by_fault)
{
    if (status > 0 && status < STATS_STATUS_MAX)
        stats->by_status[status]++;
    if (fault != FAULT_NONE)
        stats->faults[fault]++;
    if (status >= 400 && status < 500 && fault == FAULT_NONE && !caused_by_fault)
        stats->complaints++;
}

void stats_note_retry_after(struct stats *stats, uint64_t now_ns, uint64_t retry_after_ns)
{
    if (stats->retry_after_until_ns < now_ns) /* else one that is in force is extended */
        stats->retry_after_from_ns = now_ns + STATS_IN_TRANSIT_NS;
    if (now_ns + retry_after_ns > stats->retry_after_until_ns)
        stats->retry_after_until_ns = now_ns + retry_after_ns;
}

void stats_write(const struct stats *stats, struct json_writer *writer)
{
    json_write_member_unsigned(writer, "requests", stats->requests);
    json_write_key(writer, "by_operation");
    json_write_object(writer);
    for (int i = 0; i < OPERATION_SLOTS; i++) {
        const char *word = i < OPERATION_COUNT ? operation_word((enum operation)i) : "other";
        if (stats->by_operation[i] > 0)
            json_write_member_unsigned(writer, word, stats->by_operation[i]);
    }
    json_write_object_end(writer);
    json_write_key(writer, "by_status");
    json_write_object(writer);
    for (unsigned status = 0; status < STATS_STATUS_MAX; status++) {
        if (stats->by_status[status] == 0)
            continue;
        char key[16];
        snprintf(key, sizeof key, "%u", status);
        json_write_member_unsigned(writer, key, stats->by_status[status]);
    }
    json_write_object_end(writer);
    json_write_member_unsigned(writer, "over_limit", stats->over_limit);
    json_write_member_unsigned(writer, "early", stats->early);
    json_write_member_unsigned(writer, "max_per_second", stats->max_per_second);
    json_write_member_unsigned(writer, "arriving_ns", stats->last_arrival_ns - stats->first_arrival_ns);
    json_write_member_unsigned(writer, "in_flight", stats->in_flight);
    json_write_member_unsigned(writer, "max_in_flight", stats->max_in_flight);
    json_write_member_unsigned(writer, "bad_keys", stats->bad_keys);
    json_write_member_unsigned(writer, "bad_signatures", stats->bad_signatures);
    json_write_member_unsigned(writer, "bad_nonces", stats->bad_nonces);
    json_write_member_unsigned(writer, "bad_tokens", stats->bad_tokens);
    json_write_member_unsigned(writer, "logins", stats->logins);
    json_write_member_unsigned(writer, "replays", stats->replays);
    json_write_member_unsigned(writer, "complaints", stats->complaints);
    json_write_key(writer, "faults");
    json_write_object(writer);
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++)
        if (stats->faults[kind] > 0)
            json_write_member_unsigned(writer, fault_word((enum fault_kind)kind), stats->faults[kind]);
    json_write_object_end(writer);
}
