#include "rules/date.h"

#include "rules/date_scan.h"

bool date_is_day(struct date date)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year == 0 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    unsigned last = lengths[date.month - 1] + (date.month == 2 && leap ? 1U : 0U);
    return date.day <= last;
}

/* hh:mm, hh:mm:ss, hh:mm:ss.fff…, hhmm, hhmmss; then an offset if any. */
static bool read_iso_time(struct slice text, size_t offset, struct date_reading *reading)
{
    reading->has_time = true;
    if (!date_scan_two_digits(text, &offset, 24, &reading->hour))
        return false;
    bool colons = date_scan_char(text, &offset, ':');
    if (!date_scan_two_digits(text, &offset, 59, &reading->minute))
        return false;
    bool seconds =
        colons ? date_scan_char(text, &offset, ':') : offset < text.len && ascii_is_digit(text.data[offset]);
    if (seconds && !date_scan_two_digits(text, &offset, 60, &reading->second))
        return false;
    if (seconds && (date_scan_char(text, &offset, '.') || date_scan_char(text, &offset, ',')) &&
        !date_scan_fraction(text, &offset, reading))
        return false;
    date_scan_char(text, &offset, ' ');
    return (offset == text.len || date_scan_offset(text, &offset, reading)) && offset == text.len &&
           date_scan_is_time(reading);
}

enum date_result date_read_iso(struct slice text, bool compact, struct date_reading *reading)
{
    size_t index = 0;
    struct date *date = &reading->date;
    if (text.len < 8 || !ascii_is_digit(text.data[2])) /* most dates of another form */
        return DATE_UNREADABLE;
    *reading = (struct date_reading){.has_time = false};
    if (date_scan_digits(text, &index, 4, &date->year) != 4)
        return DATE_UNREADABLE;
    bool hyphens = date_scan_char(text, &index, '-');
    if (!hyphens && !compact)
        return DATE_UNREADABLE;
    if (date_scan_digits(text, &index, 2, &date->month) != 2 ||
        (hyphens && !date_scan_char(text, &index, '-')) || date_scan_digits(text, &index, 2, &date->day) != 2)
        return DATE_UNREADABLE;
    if (index < text.len) {
        if (!date_scan_char(text, &index, 'T') && !date_scan_char(text, &index, 't') &&
            !date_scan_char(text, &index, ' '))
            return DATE_UNREADABLE;
        if (!read_iso_time(text, index, reading))
            return DATE_UNREADABLE;
    }
    return date_is_day(*date) ? DATE_OK : DATE_IMPOSSIBLE;
}

int64_t date_to_days(struct date date)
{
    enum { DAYS_TO_1970 = 719468, ERA_DAYS = 146097 };
    int64_t year = (int64_t)date.year - (date.month <= 2);
    int64_t era = year / 400, of_era = year % 400;
    int64_t of_year = (153 * ((int64_t)date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

static bool is_midnight(const struct date_reading *reading)
{
    return reading->hour == 0 && reading->minute == 0 && reading->second == 0 && !reading->has_fraction;
}

/* A local time without an offset begins its day where the clock skipped midnight: some instant of that local
 * time is the first of the day. */
static bool starts_local_day(const struct time_zone *zone, int64_t local_s)
{
    for (int hours = -24; hours <= 24; hours += 48) {
        int32_t offset = time_zone_offset(zone, local_s + (int64_t)hours * 3600);
        bool starts;
        time_zone_day(zone, local_s - offset, &starts);
        if (starts && time_zone_offset(zone, local_s - offset) == offset)
            return true;
    }
    return false;
}

enum date_time_result date_resolve_time(const struct date_reading *reading, const struct time_zone *zone,
                                        struct date *date, unsigned *second_of_day)
{
    enum { DAY_S = 86400 };
    *date = reading->date;
    *second_of_day = reading->hour * 3600 + reading->minute * 60 + reading->second;
    if (!zone || !reading->has_offset) {
        if (is_midnight(reading))
            return DATE_TIME_OK;
        int64_t local_s = date_to_days(*date) * DAY_S + *second_of_day;
        bool starts = zone && !reading->has_fraction && reading->second < 60 && reading->hour < 24 &&
                      starts_local_day(zone, local_s);
        return starts ? DATE_TIME_OK : DATE_TIME_ODD;
    }
    int64_t instant = date_to_days(*date) * DAY_S + *second_of_day - reading->offset_s;
    bool starts;
    int64_t day = time_zone_day(zone, instant, &starts);
    if (day < date_to_days((struct date){1, 1, 1}) || day > date_to_days((struct date){9999, 12, 31}))
        return DATE_TIME_OUT_OF_RANGE;
    *date = date_of_days((int32_t)day);
    *second_of_day = (unsigned)(instant + time_zone_offset(zone, instant) - day * DAY_S);
    return starts && !reading->has_fraction && reading->second < 60 ? DATE_TIME_OK : DATE_TIME_ODD;
}

static void write_number(char *out, unsigned number, size_t width)
{
    while (width-- > 0) {
        out[width] = (char)('0' + number % 10);
        number /= 10;
    }
}

void date_write(struct date date, char out[DATE_TEXT_LEN])
{
    write_number(out, date.year, 4);
    out[4] = '-';
    write_number(out + 5, date.month, 2);
    out[7] = '-';
    write_number(out + 8, date.day, 2);
}

/* Days to a date in the proleptic Gregorian calendar, by eras of 400 years that begin in March. */
struct date date_of_days(int32_t days)
{
    enum { DAYS_TO_1970 = 719468, ERA_DAYS = 146097 };
    unsigned day = (unsigned)(days + DAYS_TO_1970);
    unsigned era = day / ERA_DAYS, of_era = day % ERA_DAYS;
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153;
    struct date date = {era * 400 + year, month < 10 ? month + 3 : month - 9,
                        of_year - (153 * month + 2) / 5 + 1};
    date.year += date.month <= 2;
    return date;
}
