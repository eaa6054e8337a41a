/* The time zone in which a column's instants were local midnights. */
#include "cmd/infer_dates.h"

enum { SAME_MAX = 3 };

/* Zones where many people live; of zones that fit equally well, the first is proposed. */
static const char *const candidates[] = {
    "Europe/Berlin",       "Europe/Paris",
    "Europe/Madrid",       "Europe/Rome",
    "Europe/Amsterdam",    "Europe/Warsaw",
    "Europe/Vienna",       "Europe/Zurich",
    "Europe/London",       "Europe/Lisbon",
    "Europe/Athens",       "Europe/Helsinki",
    "Europe/Bucharest",    "Europe/Istanbul",
    "Europe/Moscow",       "America/New_York",
    "America/Chicago",     "America/Denver",
    "America/Phoenix",     "America/Los_Angeles",
    "America/Toronto",     "America/Mexico_City",
    "America/Bogota",      "America/Lima",
    "America/Caracas",     "America/Santiago",
    "America/Sao_Paulo",   "Africa/Cairo",
    "Africa/Casablanca",   "Africa/Lagos",
    "Africa/Johannesburg", "Africa/Nairobi",
    "Asia/Dubai",          "Asia/Riyadh",
    "Asia/Jerusalem",      "Asia/Karachi",
    "Asia/Kolkata",        "Asia/Dhaka",
    "Asia/Bangkok",        "Asia/Jakarta",
    "Asia/Manila",         "Asia/Singapore",
    "Asia/Shanghai",       "Asia/Hong_Kong",
    "Asia/Tokyo",          "Asia/Seoul",
    "Australia/Sydney",    "Australia/Brisbane",
    "Pacific/Auckland",    "America/Argentina/Buenos_Aires",
};

static bool reads_as_day(const struct date_reading *reading, const struct time_zone *zone)
{
    struct date date;
    unsigned second_of_day;
    return date_resolve_time(reading, zone, &date, &second_of_day) == DATE_TIME_OK;
}

static size_t count_fits(const struct date_reading *instants, size_t count, const char *name)
{
    struct arena arena;
    size_t fits = 0;
    arena_init(&arena, 32768);
    const struct time_zone *zone = time_zone_new(name, &arena);
    for (size_t i = 0; i < count; i++)
        fits += reads_as_day(&instants[i], zone);
    arena_clear(&arena);
    return fits;
}

static void find_zone(const struct date_reading *instants, struct infer_dates *dates)
{
    size_t same = 0;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        size_t fits = count_fits(instants, dates->instants, candidates[i]);
        if (fits * 2 < dates->instants || fits < dates->zone_fits)
            continue;
        if (fits > dates->zone_fits) {
            dates->zone = candidates[i];
            dates->zone_fits = fits;
            same = 0;
        } else if (same < SAME_MAX) {
            dates->same_zone[same++] = candidates[i];
        }
        for (size_t rest = same; rest < SAME_MAX; rest++)
            dates->same_zone[rest] = NULL;
    }
}

void infer_dates_find_zone(const struct infer_sample *sample, size_t column, const struct date_forms *forms,
                           struct infer_dates *dates)
{
    struct arena arena;
    arena_init(&arena, 65536);
    struct date_reading *instants = arena_alloc(&arena, (sample->row_count + 1) * sizeof *instants);
    for (size_t row = 0; row < sample->row_count; row++) {
        struct date_reading reading;
        if (date_forms_read(forms, infer_sample_first(sample, row, column), &reading) != DATE_OK ||
            !reading.has_time)
            continue;
        dates->uncertain += !reads_as_day(&reading, NULL);
        if (reading.has_offset)
            instants[dates->instants++] = reading;
    }
    if (dates->uncertain && dates->instants)
        find_zone(instants, dates);
    arena_clear(&arena);
}
