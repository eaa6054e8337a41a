#include "core/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void process_prepare(void)
{
    /* open(2) takes the lowest free number: in this order it is the one that was looked at. */
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
        "%zu files may be open at once, and this job needs up to %zu: raise the limit on open files "
        "(ulimit -n), or lower delivery.in_flight",
        (size_t)before, count);
}
