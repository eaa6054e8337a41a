#include "core/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

enum { OFFSET_READS = 100, OFFSET_CLOSE_NS = 1000 };

static uint64_t clock_read(clockid_t which)
{
    struct timespec now;
    int failed = clock_gettime(which, &now);
    assert(!failed);
    (void)failed;
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t clock_mono_ns(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

uint64_t clock_real_ns(void)
{
    return clock_read(CLOCK_REALTIME);
}

uint64_t clock_boot_ns(void)
{
    return clock_read(CLOCK_BOOTTIME);
}

uint64_t clock_mono_of_boot_ns(uint64_t boot_ns)
{
    uint64_t now_ns = clock_boot_ns();
    return clock_mono_ns() + (boot_ns > now_ns ? boot_ns - now_ns : 0);
}

/* A thread that is not scheduled between its reads of two clocks would take that time for a part of their
 * offset: the closest of several reads counts. */
uint64_t clock_mono_of_real_ns(uint64_t real_ns)
{
    uint64_t closest_ns = UINT64_MAX, mono_ns = 0, now_ns = 0;
    for (int i = 0; i < OFFSET_READS && closest_ns > OFFSET_CLOSE_NS; i++) {
        uint64_t before_ns = clock_mono_ns(), real_now_ns = clock_real_ns();
        uint64_t apart_ns = clock_mono_ns() - before_ns;
        if (apart_ns >= closest_ns)
            continue;
        closest_ns = apart_ns;
        mono_ns = before_ns + apart_ns / 2;
        now_ns = real_now_ns;
    }
    return mono_ns + (real_ns - now_ns); /* wraps for a time that is past */
}

char *clock_boot_id(char id[CLOCK_BOOT_ID_SIZE])
{
    int fd = open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, id, CLOCK_BOOT_ID_SIZE - 1) : 0;
    if (fd >= 0)
        close(fd);
    id[len == CLOCK_BOOT_ID_SIZE - 1 ? len : 0] = '\0';
    if (strspn(id, "0123456789abcdef-") != strlen(id))
        id[0] = '\0';
    return id;
}

/* Digits of exactly this many; false: there are others. */
static bool read_digits(const char **text, int digits, int *number)
{
    for (*number = 0; digits > 0; digits--, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

static bool read_byte(const char **text, char byte)
{
    bool is_it = **text == byte;
    *text += is_it;
    return is_it;
}

/* `.123`, of which more than nine digits are read and dropped. */
static bool read_fraction(const char **text, uint64_t *ns)
{
    const char *begin = *text;
    uint64_t unit = CLOCK_NS_PER_S;
    for (*ns = 0; **text >= '0' && **text <= '9'; ++*text) {
        unit /= 10;
        *ns += (uint64_t)(**text - '0') * unit;
    }
    return *text > begin;
}

/* Z, or hours and minutes that the time is ahead of UTC. */
static bool read_zone(const char **text, int *seconds)
{
    int hours, minutes, sign = **text == '-' ? -1 : 1;
    *seconds = 0;
    if (read_byte(text, 'Z'))
        return true;
    if (!read_byte(text, '+') && !read_byte(text, '-'))
        return false;
    if (!read_digits(text, 2, &hours) || !read_byte(text, ':') || !read_digits(text, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 60 + minutes) * 60;
    return true;
}

bool clock_read_rfc3339(const char *text, uint64_t *real_ns)
{
    struct tm utc = {.tm_isdst = 0};
    uint64_t ns = 0;
    int year, month, zone = 0;
    if (!read_digits(&text, 4, &year) || !read_byte(&text, '-') || !read_digits(&text, 2, &month) ||
        !read_byte(&text, '-') || !read_digits(&text, 2, &utc.tm_mday))
        return false;
    if (*text && (!read_byte(&text, 'T') || !read_digits(&text, 2, &utc.tm_hour) || !read_byte(&text, ':') ||
                  !read_digits(&text, 2, &utc.tm_min) ||
                  (read_byte(&text, ':') && (!read_digits(&text, 2, &utc.tm_sec) ||
                                             (read_byte(&text, '.') && !read_fraction(&text, &ns)))) ||
                  !read_zone(&text, &zone) || *text))
        return false;
    utc.tm_year = year - 1900;
    utc.tm_mon = month - 1;
    struct tm given = utc;
    time_t seconds = timegm(&utc); /* puts 30 February into March */
    if (utc.tm_mday != given.tm_mday || utc.tm_mon != given.tm_mon || utc.tm_hour != given.tm_hour ||
        utc.tm_min != given.tm_min || given.tm_sec > 59 || year > 2261 || seconds < zone)
        return false;
    *real_ns = (uint64_t)(seconds - zone) * CLOCK_NS_PER_S + ns;
    return true;
}

char *clock_rfc3339(uint64_t real_ns, char text[CLOCK_RFC3339_SIZE])
{
    time_t seconds = (time_t)(real_ns / CLOCK_NS_PER_S);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc))
        utc = (struct tm){.tm_year = 70, .tm_mday = 1};
    size_t len = strftime(text, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
    unsigned milliseconds = (unsigned)(real_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_MS);
    snprintf(text + len, CLOCK_RFC3339_SIZE - len, ".%03uZ", milliseconds);
    return text;
}
