#include "report/format_number.h"

#include <inttypes.h>
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
