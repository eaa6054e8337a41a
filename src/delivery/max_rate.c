#include "delivery/max_rate.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"

enum { CAPACITY_FIRST = 256 };

static void grow(struct max_rate *max_rate)
{
    size_t capacity = max_rate->capacity ? 2 * max_rate->capacity : CAPACITY_FIRST;
    uint64_t *times = memory_new(capacity, sizeof *times);
    for (size_t i = 0; i < max_rate->count; i++)
        times[i] = max_rate->times[(max_rate->first + i) % max_rate->capacity];
    free(max_rate->times);
    max_rate->times = times;
    max_rate->first = 0;
    max_rate->capacity = capacity;
}

void max_rate_add(struct max_rate *max_rate, uint64_t now_ns)
{
    while (max_rate->count > 0 && now_ns - max_rate->times[max_rate->first] >= CLOCK_NS_PER_S) {
        max_rate->first = (max_rate->first + 1) % max_rate->capacity;
        max_rate->count--;
    }
    if (max_rate->count == max_rate->capacity)
        grow(max_rate);
    max_rate->times[(max_rate->first + max_rate->count++) % max_rate->capacity] = now_ns;
    if (max_rate->count > max_rate->max)
        max_rate->max = max_rate->count;
}

void max_rate_clear(struct max_rate *max_rate)
{
    free(max_rate->times);
    *max_rate = (struct max_rate){0};
}
