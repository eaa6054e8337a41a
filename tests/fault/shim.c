/* shim: a machine that fails on demand, for the tests. LD_PRELOAD puts it between a program and the C
 * library.
 *
 * - FAULT_CALL: the call that fails: write, sync, open, rename, truncate, unlink, read, map, thread, event,
 *   memory
 * - FAULT_PATH: only for files whose path fits this pattern (fnmatch, * takes slashes too); without it any
 * - FAULT_FROM: the first of these calls that fails, from 1
 * - FAULT_COUNT: how many fail; 1 by default; 0: this one and all later ones
 * - FAULT_HOW: a number of errno; `short`: only half is written or read; `turns`: every second call fails
 * with EINTR
 * - FAULT_MARK: a file that is created when a call failed
 * - FAULT_CLOCK: CALL:SECONDS,…: from that reading of the wall clock on it is so many seconds off
 *
 * Thread: any. A call that fails does nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum how { HOW_NOT, HOW_ERRNO, HOW_SHORT };

static struct {
    bool ready;
    const char *call, *path, *mark, *clock;
    unsigned long from, count;
    int number;
    bool is_short, in_turns;
    _Atomic unsigned long seen, clock_seen;
} fault;

/* Before main, and before any thread: an earlier constructor of another library meets no fault. */
__attribute__((constructor)) static void fault_setup(void)
{
    const char *from = getenv("FAULT_FROM"), *count = getenv("FAULT_COUNT"), *how = getenv("FAULT_HOW");
    fault.call = getenv("FAULT_CALL");
    fault.path = getenv("FAULT_PATH");
    fault.mark = getenv("FAULT_MARK");
    fault.clock = getenv("FAULT_CLOCK");
    fault.from = from ? strtoul(from, NULL, 10) : 1;
    fault.count = count ? strtoul(count, NULL, 10) : 1;
    fault.is_short = how && strcmp(how, "short") == 0;
    fault.in_turns = how && strcmp(how, "turns") == 0;
    fault.number = fault.in_turns ? EINTR : how ? (int)strtol(how, NULL, 10) : EIO;
    fault.ready = fault.call != NULL;
}

static void write_file(const char *name, const char *text)
{
    long fd = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0) {
        syscall(SYS_write, fd, text, strlen(text));
        syscall(SYS_close, fd);
    }
}

/* The file behind a descriptor. */
static const char *path_of(int fd, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long len = syscall(SYS_readlink, link, path, size - 1);
    path[len > 0 ? len : 0] = '\0';
    return path;
}

/* Whether this call fails, and how; errno is set. */
static enum how meet(const char *call, int fd, const char *path)
{
    if (!fault.ready || strcmp(call, fault.call) != 0)
        return HOW_NOT;
    int before = errno;
    char capacity[4096];
    if (!path)
        path = path_of(fd, capacity, sizeof capacity);
    errno = before;
    if (fault.path && fnmatch(fault.path, path, 0) != 0)
        return HOW_NOT;
    unsigned long number = atomic_fetch_add(&fault.seen, 1) + 1;
    if (fault.from == 0 || number < fault.from || (fault.count && number >= fault.from + fault.count) ||
        (fault.in_turns && (number - fault.from) % 2))
        return HOW_NOT;
    if (fault.mark)
        write_file(fault.mark, path);
    errno = fault.is_short ? before : fault.number;
    return fault.is_short ? HOW_SHORT : HOW_ERRNO;
}

/* Without a fault the mark contains the number of calls. */
__attribute__((destructor)) static void fault_end(void)
{
    char text[32];
    snprintf(text, sizeof text, "%lu", atomic_load(&fault.seen));
    if (fault.ready && fault.mark && fault.from == 0)
        write_file(fault.mark, text);
}

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

#define MEET(call, fd, path)                                                                                 \
    do {                                                                                                     \
        if (meet(call, fd, path) != HOW_NOT)                                                                 \
            return -1;                                                                                       \
    } while (0)

static size_t part(size_t len)
{
    return len > 1 ? len / 2 : len;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    enum how how = meet("write", fd, NULL);
    return how == HOW_ERRNO ? -1 : syscall(SYS_write, fd, bytes, how == HOW_SHORT ? part(len) : len);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t index)
{
    enum how how = meet("write", fd, NULL);
    return how == HOW_ERRNO ? -1
                            : syscall(SYS_pwrite64, fd, bytes, how == HOW_SHORT ? part(len) : len, index);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t index)
{
    return pwrite(fd, bytes, len, index);
}

ssize_t read(int fd, void *bytes, size_t len)
{
    enum how how = meet("read", fd, NULL);
    return how == HOW_ERRNO ? -1 : syscall(SYS_read, fd, bytes, how == HOW_SHORT ? part(len) : len);
}

ssize_t pread(int fd, void *bytes, size_t len, off_t index)
{
    enum how how = meet("read", fd, NULL);
    return how == HOW_ERRNO ? -1 : syscall(SYS_pread64, fd, bytes, how == HOW_SHORT ? part(len) : len, index);
}

ssize_t pread64(int fd, void *bytes, size_t len, off64_t index)
{
    return pread(fd, bytes, len, index);
}

int fsync(int fd)
{
    MEET("sync", fd, NULL);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    MEET("sync", fd, NULL);
    return (int)syscall(SYS_fdatasync, fd);
}

int ftruncate(int fd, off_t len)
{
    MEET("truncate", fd, NULL);
    return (int)syscall(SYS_ftruncate, fd, len);
}

int ftruncate64(int fd, off64_t len)
{
    return ftruncate(fd, len);
}

int rename(const char *from, const char *to)
{
    MEET("rename", -1, to);
    return (int)syscall(SYS_rename, from, to);
}

int unlink(const char *path)
{
    MEET("unlink", -1, path);
    return (int)syscall(SYS_unlink, path);
}

static int open_at(int folder, const char *path, int flags, unsigned mode)
{
    MEET("open", -1, path);
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode is there only when the flags say so. */
#define OPEN(folder)                                                                                         \
    va_list more;                                                                                            \
    va_start(more, flags);                                                                                   \
    unsigned mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, unsigned) : 0;                            \
    va_end(more);                                                                                            \
    return open_at(folder, path, flags, mode)

int open(const char *path, int flags, ...)
{
    OPEN(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
    OPEN(AT_FDCWD);
}

int openat(int folder, const char *path, int flags, ...)
{
    OPEN(folder);
}

int mkostemp(char *path, int flags)
{
    MEET("open", -1, path);
    return REAL(mkostemp)(path, flags);
}

static void *map(void *item, size_t len, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && meet("map", fd, NULL) != HOW_NOT)
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, item, len, protection, flags, fd, offset); // NOLINT
}

void *mmap(void *item, size_t len, int protection, int flags, int fd, off_t offset)
{
    return map(item, len, protection, flags, fd, offset);
}

void *mmap64(void *item, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return map(item, len, protection, flags, fd, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *context)
{
    return meet("thread", -1, "") == HOW_NOT ? REAL(pthread_create)(thread, attributes, function, context)
                                             : EAGAIN;
}

int eventfd(unsigned count, int flags)
{
    MEET("event", -1, "");
    return (int)syscall(SYS_eventfd2, count, flags);
}

int timerfd_create(clockid_t clock, int flags)
{
    MEET("event", -1, "");
    return (int)syscall(SYS_timerfd_create, clock, flags);
}

/* glibc's own names of these: looking them up would allocate. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return meet("memory", -1, "") == HOW_NOT ? __libc_malloc(size) : NULL;
}

void *calloc(size_t count, size_t size)
{
    return meet("memory", -1, "") == HOW_NOT ? __libc_calloc(count, size) : NULL;
}

void *realloc(void *old, size_t size)
{
    return meet("memory", -1, "") == HOW_NOT ? __libc_realloc(old, size) : NULL;
}

/* The last step of FAULT_CLOCK that has been reached; every reading counts. */
static long clock_off(void)
{
    if (!fault.clock)
        return 0;
    unsigned long now = atomic_fetch_add(&fault.clock_seen, 1) + 1;
    long off = 0;
    for (const char *cursor = fault.clock; *cursor;) {
        char *end;
        unsigned long from = strtoul(cursor, &end, 10);
        long seconds = *end == ':' ? strtol(end + 1, &end, 10) : 0;
        if (from <= now)
            off = seconds;
        cursor = *end ? end + 1 : end;
    }
    return off;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME && result == 0)
        now->tv_sec += clock_off();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int result = (int)syscall(SYS_gettimeofday, now, zone);
    if (result == 0)
        now->tv_sec += clock_off();
    return result;
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
