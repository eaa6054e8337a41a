#include "core/time_zone.h"

#include <stdlib.h>
#include <strings.h>

#include <unicode/putil.h>
#include <unicode/ucal.h>

#include "core/memory.h"
#include "core/text.h"

#define MS_PER_S INT64_C(1000)
/* 1600-01-01, before any change of a clock; 2500-01-01, when the rules in force have repeated for centuries.
 */
#define TABLE_FROM  INT64_C(-11676096000)
#define TABLE_UNTIL INT64_C(16725225600)

enum { DAY_S = 86400, CYCLE_DAYS = 146097, NAME_SIZE = 64, CHANGES_FIRST = 64 };

/* starts[i]: from this instant on, offsets[i + 1] holds; offsets[0] before all of them. */
struct time_zone {
    int64_t *starts;
    int32_t *offsets;
    size_t count;
};

/* ICU fails here only for want of memory: names are known ones, instants are in range. */
static void check(UErrorCode status)
{
    if (U_FAILURE(status))
        memory_out();
}

static bool is_usual(const char *name)
{
    return strcmp(name, "UTC") == 0 || (strchr(name, '/') && strcmp(name, "Etc/Unknown") != 0);
}

typedef bool visit_name(const char *name, void *context);

/* Until visit gives false. */
static void each_name(visit_name *visit, void *context)
{
    UErrorCode status = U_ZERO_ERROR;
    UEnumeration *names = ucal_openTimeZones(&status);
    check(status);
    const char *name;
    while ((name = uenum_next(names, NULL, &status)) && U_SUCCESS(status))
        if (is_usual(name) && !visit(name, context))
            break;
    uenum_close(names);
    check(status);
}

struct wanted {
    const char *name;
    bool found;
};

static bool compare_name(const char *name, void *context)
{
    struct wanted *wanted = context;
    wanted->found = strcmp(name, wanted->name) == 0;
    return !wanted->found;
}

bool time_zone_is_known(const char *name)
{
    struct wanted wanted = {name, false};
    each_name(compare_name, &wanted);
    return wanted.found;
}

struct names {
    struct arena *arena;
    struct slice wanted;
    const char **all;
    size_t count, capacity;
    const char *city; /* the zone whose last part is wanted */
};

static bool add_name(const char *name, void *context)
{
    struct names *names = context;
    const char *last = strrchr(name, '/');
    if (names->count + 1 >= names->capacity) {
        names->capacity = names->capacity ? names->capacity * 2 : 1024;
        names->all = memory_resize(names->all, names->capacity, sizeof *names->all);
    }
    const char *copy = arena_copy(names->arena, slice_from(name)).data;
    names->all[names->count++] = copy;
    if (last && strlen(last + 1) == names->wanted.len &&
        strncasecmp(last + 1, names->wanted.data, names->wanted.len) == 0)
        names->city = copy;
    return true;
}

const char *time_zone_nearest(struct slice name, struct arena *arena)
{
    struct names names = {.arena = arena, .wanted = name};
    each_name(add_name, &names);
    const char *nearest = names.city;
    if (!nearest && names.count) {
        names.all[names.count] = NULL;
        nearest = text_nearest(name, names.all);
    }
    free(names.all);
    return nearest;
}

static int32_t offset_now(UCalendar *calendar)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t offset = ucal_get(calendar, UCAL_ZONE_OFFSET, &status);
    offset += ucal_get(calendar, UCAL_DST_OFFSET, &status);
    check(status);
    return (int32_t)(offset / MS_PER_S);
}

static UCalendar *open_calendar(const char *name)
{
    UChar wide[NAME_SIZE];
    UErrorCode status = U_ZERO_ERROR;
    size_t len = strlen(name);
    if (len >= NAME_SIZE)
        len = NAME_SIZE - 1;
    u_charsToUChars(name, wide, (int32_t)len);
    UCalendar *calendar = ucal_open(wide, (int32_t)len, "en", UCAL_GREGORIAN, &status);
    check(status);
    return calendar;
}

/* Moves the calendar to the next change of the clock; false when there is none in the table's time. */
static bool next_change(UCalendar *calendar, int64_t *instant)
{
    UErrorCode status = U_ZERO_ERROR;
    UDate found;
    bool is_found = ucal_getTimeZoneTransitionDate(calendar, UCAL_TZ_TRANSITION_NEXT, &found, &status);
    check(status); /* a table that ends too early would give wrong days */
    if (!is_found)
        return false;
    ucal_setMillis(calendar, found, &status);
    check(status);
    int64_t next = (int64_t)(found / (double)MS_PER_S);
    bool goes_on = next > *instant && next < TABLE_UNTIL;
    *instant = next;
    return goes_on;
}

const struct time_zone *time_zone_new(const char *name, struct arena *arena)
{
    UErrorCode status = U_ZERO_ERROR;
    UCalendar *calendar = open_calendar(name);
    int64_t instant = TABLE_FROM, *starts = NULL;
    int32_t *offsets = NULL, first;
    size_t count = 0, capacity = 0;

    ucal_setMillis(calendar, (double)(instant * MS_PER_S), &status);
    check(status);
    first = offset_now(calendar);
    while (next_change(calendar, &instant)) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : CHANGES_FIRST;
            starts = memory_resize(starts, capacity, sizeof *starts);
            offsets = memory_resize(offsets, capacity, sizeof *offsets);
        }
        starts[count] = instant;
        offsets[count++] = offset_now(calendar);
    }
    ucal_close(calendar);

    struct time_zone *zone = arena_alloc(arena, sizeof *zone);
    zone->count = count;
    zone->starts = arena_alloc(arena, (count + 1) * sizeof *zone->starts);
    zone->offsets = arena_alloc(arena, (count + 1) * sizeof *zone->offsets);
    zone->offsets[0] = first;
    for (size_t i = 0; i < count; i++) {
        zone->starts[i] = starts[i];
        zone->offsets[i + 1] = offsets[i];
    }
    free(starts);
    free(offsets);
    return zone;
}

/* How many changes there were until an instant, that instant's included. */
static size_t count_changes(const struct time_zone *zone, int64_t instant)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->starts[middle] <= instant)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int64_t day_of(int64_t seconds)
{
    return seconds / DAY_S - (seconds % DAY_S < 0);
}

/* The same moment of the 400 years before the table's end. *days: what it was moved by. */
static int64_t move_into_table(int64_t instant, int64_t *days)
{
    static const int64_t cycle_s = (int64_t)CYCLE_DAYS * DAY_S;
    int64_t cycles = instant < TABLE_UNTIL ? 0 : (instant - TABLE_UNTIL) / cycle_s + 1;
    *days = cycles * CYCLE_DAYS;
    return instant - cycles * cycle_s;
}

int32_t time_zone_offset(const struct time_zone *zone, int64_t instant)
{
    int64_t days;
    return zone->offsets[count_changes(zone, move_into_table(instant, &days))];
}

int64_t time_zone_day(const struct time_zone *zone, int64_t instant, bool *starts)
{
    int64_t moved;
    instant = move_into_table(instant, &moved);
    size_t changes = count_changes(zone, instant);
    int64_t local = instant + zone->offsets[changes], day = day_of(local);
    int64_t change = changes ? zone->starts[changes - 1] : INT64_MIN;

    *starts = local == day * DAY_S || change == instant;
    /* Where a clock is set back over midnight, the day has already begun before the change. */
    if (*starts && changes)
        *starts = day_of(change - 1 + zone->offsets[changes - 1]) < day;
    return day + moved;
}
