#include "sandbox/counts.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"

/* One may be told of late: the windows that end before the newest have to be looked at then. */
#define KEPT_NS (2 * CLOCK_NS_PER_S)

void counts_init(struct counts *counts)
{
    *counts = (struct counts){.capacity = 1024};
    counts->arrivals_ns = memory_new(counts->capacity, sizeof *counts->arrivals_ns);
}

void counts_clear(struct counts *counts)
{
    free(counts->arrivals_ns);
    *counts = (struct counts){0};
}

void counts_reset(struct counts *counts)
{
    struct counts old = *counts;
    *counts = (struct counts){
        .in_flight = old.in_flight,
        .max_in_flight = old.in_flight,
        .arrivals_ns = old.arrivals_ns,
        .first = old.first,
        .count = old.count,
        .capacity = old.capacity,
    };
}

static uint64_t *arrival_at(struct counts *counts, size_t index)
{
    assert(counts->capacity > 0);
    return &counts->arrivals_ns[(counts->first + index) % counts->capacity];
}

static void make_room(struct counts *counts)
{
    if (counts->count < counts->capacity)
        return;
    uint64_t *larger = memory_new(2 * counts->capacity, sizeof *larger);
    for (size_t i = 0; i < counts->count; i++)
        larger[i] = *arrival_at(counts, i);
    free(counts->arrivals_ns);
    counts->arrivals_ns = larger;
    counts->first = 0;
    counts->capacity *= 2;
}

/* How many came within the second that ends with the index-th, itself included. */
static size_t within_second(struct counts *counts, size_t index)
{
    uint64_t end_ns = *arrival_at(counts, index);
    size_t below = 0, above = index;
    while (below < above) {
        size_t middle = below + (above - below) / 2;
        if (end_ns - *arrival_at(counts, middle) >= CLOCK_NS_PER_S)
            below = middle + 1;
        else
            above = middle;
    }
    return index - below + 1;
}

bool counts_arrive(struct counts *counts, enum asked asked, uint64_t arrival_ns, uint32_t rate_per_s)
{
    counts->requests++;
    counts->by_operation[asked]++;
    /* two threads may tell of two arrivals in the wrong order */
    make_room(counts);
    size_t index = counts->count++;
    while (index > 0 && *arrival_at(counts, index - 1) > arrival_ns) {
        *arrival_at(counts, index) = *arrival_at(counts, index - 1);
        index--;
    }
    *arrival_at(counts, index) = arrival_ns;

    bool over = false;
    for (size_t end = index; end < counts->count; end++) { /* the windows that it may have filled */
        size_t came = within_second(counts, end);
        if (came > counts->max_per_second)
            counts->max_per_second = came;
        over = over || (rate_per_s > 0 && came > rate_per_s);
    }
    counts->over_limit += over;
    counts->early += arrival_ns >= counts->held_from_ns && arrival_ns < counts->held_until_ns;

    if (counts->first_arrival_ns == 0 || arrival_ns < counts->first_arrival_ns)
        counts->first_arrival_ns = arrival_ns;
    if (arrival_ns > counts->last_arrival_ns)
        counts->last_arrival_ns = arrival_ns;
    uint64_t newest = *arrival_at(counts, counts->count - 1);
    while (newest - *arrival_at(counts, 0) >= KEPT_NS) {
        counts->first = (counts->first + 1) % counts->capacity;
        counts->count--;
    }
    return over;
}

void counts_enter(struct counts *counts)
{
    if (++counts->in_flight > counts->max_in_flight)
        counts->max_in_flight = counts->in_flight;
}

void counts_leave(struct counts *counts)
{
    assert(counts->in_flight > 0);
    counts->in_flight--;
}

void counts_answer(struct counts *counts, unsigned status, enum fault_kind fault, bool excused)
{
    if (status > 0 && status < COUNTS_STATUS_MAX)
        counts->by_status[status]++;
    if (fault != FAULT_NONE)
        counts->faults[fault]++;
    if (status >= 400 && status < 500 && fault == FAULT_NONE && !excused)
        counts->complaints++;
}

void counts_hold(struct counts *counts, uint64_t now_ns, uint64_t retry_after_ns)
{
    if (counts->held_until_ns < now_ns) /* else one that holds already goes on */
        counts->held_from_ns = now_ns + COUNTS_ON_THE_WAY_NS;
    if (now_ns + retry_after_ns > counts->held_until_ns)
        counts->held_until_ns = now_ns + retry_after_ns;
}

static void write_number(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_unsigned(writer, number);
}

void counts_write(const struct counts *counts, struct json_writer *writer)
{
    write_number(writer, "requests", counts->requests);
    json_write_key(writer, "by_operation");
    json_write_object(writer);
    for (int asked = 0; asked < ASKED_KINDS; asked++)
        if (counts->by_operation[asked] > 0)
            write_number(writer, asked_word((enum asked)asked), counts->by_operation[asked]);
    json_write_object_end(writer);
    json_write_key(writer, "by_status");
    json_write_object(writer);
    for (unsigned status = 0; status < COUNTS_STATUS_MAX; status++) {
        if (counts->by_status[status] == 0)
            continue;
        char key[16];
        snprintf(key, sizeof key, "%u", status);
        write_number(writer, key, counts->by_status[status]);
    }
    json_write_object_end(writer);
    write_number(writer, "over_limit", counts->over_limit);
    write_number(writer, "early", counts->early);
    write_number(writer, "max_per_second", counts->max_per_second);
    write_number(writer, "arriving_ns", counts->last_arrival_ns - counts->first_arrival_ns);
    write_number(writer, "in_flight", counts->in_flight);
    write_number(writer, "max_in_flight", counts->max_in_flight);
    write_number(writer, "bad_keys", counts->bad_keys);
    write_number(writer, "bad_signatures", counts->bad_signatures);
    write_number(writer, "bad_nonces", counts->bad_nonces);
    write_number(writer, "bad_tokens", counts->bad_tokens);
    write_number(writer, "logins", counts->logins);
    write_number(writer, "replays", counts->replays);
    write_number(writer, "complaints", counts->complaints);
    json_write_key(writer, "faults");
    json_write_object(writer);
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++)
        if (counts->faults[kind] > 0)
            write_number(writer, fault_word((enum fault_kind)kind), counts->faults[kind]);
    json_write_object_end(writer);
}
