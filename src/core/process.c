#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "core/memory.h"

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
