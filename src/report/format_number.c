#include "report/format_number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

char *format_number_count(uint64_t count, char text[FORMAT_NUMBER_SIZE])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *cursor = text;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *cursor++ = ',';
        *cursor++ = digits[i];
    }
    *cursor = '\0';
    return text;
}

char *format_number_seconds(double seconds, char text[FORMAT_NUMBER_SIZE])
{
    uint64_t whole = seconds > 0 && seconds < 1e12 ? (uint64_t)seconds : 0;
    if (seconds < 10)
        snprintf(text, FORMAT_NUMBER_SIZE, "%.1f s", seconds < 0 ? 0 : seconds);
    else if (whole < 60)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u s", (unsigned)whole);
    else if (whole < 3600)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u m %02u s", (unsigned)(whole / 60), (unsigned)(whole % 60));
    else
        snprintf(text, FORMAT_NUMBER_SIZE, "%" PRIu64 " h %02u m", whole / 3600, (unsigned)(whole / 60 % 60));
    return text;
}

char *format_number_about(double seconds, char text[FORMAT_NUMBER_SIZE])
{
    static const struct {
        uint64_t seconds, smaller;
        const char *unit, *smaller_unit;
    } units[] = {{86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}};
    uint64_t whole = seconds > 1 && seconds < 1e12 ? (uint64_t)ceil(seconds) : 1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (whole < units[i].seconds)
            continue;
        uint64_t rest = whole % units[i].seconds / units[i].smaller;
        int len =
            snprintf(text, FORMAT_NUMBER_SIZE, "%" PRIu64 " %s", whole / units[i].seconds, units[i].unit);
        if (rest > 0)
            snprintf(text + len, FORMAT_NUMBER_SIZE - (size_t)len, " %" PRIu64 " %s", rest,
                     units[i].smaller_unit);
        return text;
    }
    snprintf(text, FORMAT_NUMBER_SIZE, "%" PRIu64 " s", whole);
    return text;
}
