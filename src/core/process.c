#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "core/clock.h"
#include "core/memory.h"

enum { STAT_SIZE = 1024, STAT_STATE = 3, STAT_START = 22 }; /* of proc(5): fields, from 1 */

#ifdef __has_feature
#define PROCESS_HAS(feature) __has_feature(feature)
#else
#define PROCESS_HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || PROCESS_HAS(address_sanitizer) || PROCESS_HAS(leak_sanitizer)
static const bool is_watched = true;
#else
static const bool is_watched = false;
#endif

static void *openssl_new(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_wiped_new(size);
}

static void *openssl_resize(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return memory_wiped_resize(old, size);
}

static void openssl_free(void *old, const char *file, int line)
{
    (void)file, (void)line;
    memory_wiped_free(old);
}

void process_harden(void)
{
    /* It refuses once something was allocated, harmlessly: then nothing is overwritten. */
    (void)CRYPTO_set_mem_functions(openssl_new, openssl_resize, openssl_free);
    if (is_watched)
        return;
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void process_open_std_fds(void)
{
    /* open(2) returns the lowest free number: in this order it is the one that was checked. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY);
    signal(SIGXFSZ, SIG_IGN);
}

int process_need_files(size_t count, struct error *error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count)
        return 0;
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = count;
    if (limit.rlim_max >= count && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "%zu files may be open at once, and this job needs up to %zu\nhint: raise the limit on open files (ulimit -n), or lower delivery.in_flight",
        (size_t)before, count);
}

int process_read(const char *pid, char *state, uint64_t *start)
{
    char path[64], text[STAT_SIZE];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return kill((pid_t)strtol(pid, NULL, 10), 0) != 0 && errno == ESRCH ? 0 : -1;
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    char *field = strrchr(text, ')'); /* a program's name may hold anything */
    if (!field || sscanf(field + 1, " %c", state) != 1)
        return -1;
    for (int i = STAT_STATE - 1; field && i < STAT_START; i++)
        field = strchr(field + 1, ' ');
    *start = field ? strtoull(field, NULL, 10) : 0;
    return field ? 1 : -1;
}

uint64_t process_start_ns(void)
{
    char state;
    uint64_t ticks, now_ns = clock_real_ns(), boot_ns = clock_boot_ns();
    long per_second = sysconf(_SC_CLK_TCK);
    if (per_second <= 0 || process_read("self", &state, &ticks) != 1)
        return now_ns;
    uint64_t start_ns = ticks * (CLOCK_NS_PER_S / (uint64_t)per_second);
    uint64_t age_ns = boot_ns > start_ns ? boot_ns - start_ns : 0;
    return now_ns > age_ns ? now_ns - age_ns : 0;
}
