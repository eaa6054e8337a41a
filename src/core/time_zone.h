/* time_zone: the offsets of one zone of the tz database, and where its days begin.
 *
 * The only user of ICU's calendar, which brings the database (Debian's libicu, in the process through
 * libphonenumber anyway). A zone is a table of its changes, made once with ICU: after that it is constant, so
 * threads share it and a question costs a binary search. Instants are seconds since 1970-01-01 00:00 UTC in
 * the proleptic Gregorian calendar, without leap seconds. The calendar repeats every 400 years, and no zone
 * has rules that do not: an instant after the table is asked for some 400 years earlier.
 * Thread: any; pure. Owner: a zone is in the arena of time_zone_new.
 */
#ifndef KYC_CORE_TIME_ZONE_H
#define KYC_CORE_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

struct time_zone;

/* Whether name is an AREA/CITY of the tz database, or UTC. Abbreviations are not: ICU reads BST as Dhaka and
 * IST as Kolkata, and others mean other zones by them. */
bool time_zone_is_known(const char *name);
/* The known name nearest to a misspelt one; of a city alone, the zone of that city. NULL: none is near. In
 * the arena. */
const char *time_zone_nearest(struct slice name, struct arena *arena);

/* name: a known one. Takes a few milliseconds. */
const struct time_zone *time_zone_new(const char *name, struct arena *arena);

/* What is added to UTC at an instant, in seconds. */
int32_t time_zone_offset(const struct time_zone *zone, int64_t instant);

/* The local day at an instant, in days since 1970-01-01. *starts: the instant is the first of that day, which
 * is not always 00:00 (a clock that is set forward at midnight skips it), and is the earlier 00:00 where a
 * clock that is set back shows it twice. */
int64_t time_zone_day(const struct time_zone *zone, int64_t instant, bool *starts);

#endif
