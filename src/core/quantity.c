#include "core/quantity.h"

#include <inttypes.h>

#include "core/clock.h"
#include "core/text.h"

const struct quantity quantity_number = {"whole number", {{"", 1}, {NULL, 0}}};
const struct quantity quantity_size = {
    "size\nhint: write bytes, or KiB, MiB, GiB, as in `1MiB`",
    {{"", 1}, {"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30}, {NULL, 0}}};
const struct quantity quantity_duration = {"duration\nhint: write ms, s, m or h, as in `30s`",
                                           {{"ms", CLOCK_NS_PER_MS},
                                            {"s", CLOCK_NS_PER_S},
                                            {"m", 60 * CLOCK_NS_PER_S},
                                            {"h", CLOCK_NS_PER_HOUR},
                                            {NULL, 0}}};
const struct quantity quantity_percent = {"share\nhint: write a percentage, as in `20%`",
                                          {{"%", 1}, {NULL, 0}}};
const struct quantity quantity_rate = {
    "rate\nhint: write /s, /min or /h, as in `20/s`",
    {{"/s", CLOCK_NS_PER_S}, {"/min", 60 * CLOCK_NS_PER_S}, {"/h", CLOCK_NS_PER_HOUR}, {NULL, 0}}};

bool quantity_split(struct slice text, const struct quantity *quantity, uint64_t *number,
                    const struct quantity_unit **unit)
{
    uint64_t sum = 0;
    size_t offset = 0;
    for (; offset < text.len && text.data[offset] >= '0' && text.data[offset] <= '9'; offset++)
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, text.data[offset] - '0', &sum))
            return false;
    if (offset == 0)
        return false;
    for (const struct quantity_unit *each = quantity->units; each->name; each++) {
        if (slice_is(slice_skip(text, offset), each->name)) {
            *number = sum;
            *unit = each;
            return true;
        }
    }
    return false;
}

bool quantity_read(struct slice text, const struct quantity *quantity, const char *name, uint64_t min,
                   uint64_t max, uint64_t *number, char fault[QUANTITY_FAULT_SIZE])
{
    const struct quantity_unit *unit;
    uint64_t written;
    if (!quantity_split(text, quantity, &written, &unit)) {
        text_format(fault, QUANTITY_FAULT_SIZE, "`%.*s` is not a %s", (int)text.len, text.data,
                    quantity->form);
        return false;
    }
    if (!__builtin_mul_overflow(written, unit->factor, number) && *number >= min && *number <= max)
        return true;
    text_format(fault, QUANTITY_FAULT_SIZE,
                "`%.*s` is out of range: `%s` may be from %" PRIu64 "%s to %" PRIu64 "%s", (int)text.len,
                text.data, name, (min + unit->factor - 1) / unit->factor, unit->name, max / unit->factor,
                unit->name);
    return false;
}
