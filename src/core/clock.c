#include "core/clock.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

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
