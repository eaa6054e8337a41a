#include "delivery/peak.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/memory.h"

enum { ROOM_FIRST = 256 };

static void make_room(struct peak *peak)
{
    size_t capacity = peak->capacity ? 2 * peak->capacity : ROOM_FIRST;
    uint64_t *times = memory_new(capacity, sizeof *times);
    for (size_t i = 0; i < peak->count; i++)
        times[i] = peak->times[(peak->first + i) % peak->capacity];
    free(peak->times);
    peak->times = times;
    peak->first = 0;
    peak->capacity = capacity;
}

void peak_add(struct peak *peak, uint64_t now_ns)
{
    while (peak->count > 0 && now_ns - peak->times[peak->first] >= CLOCK_NS_PER_S) {
        peak->first = (peak->first + 1) % peak->capacity;
        peak->count--;
    }
    if (peak->count == peak->capacity)
        make_room(peak);
    peak->times[(peak->first + peak->count++) % peak->capacity] = now_ns;
    if (peak->count > peak->max)
        peak->max = peak->count;
}

void peak_clear(struct peak *peak)
{
    free(peak->times);
    *peak = (struct peak){0};
}
