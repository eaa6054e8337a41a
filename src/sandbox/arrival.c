#include "sandbox/arrival.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "core/clock.h"

static _Thread_local struct {
    int fd;
    uint64_t ns; /* 0: not known */
} last;

void arrival_watch(int listener)
{
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

static uint64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
        uint64_t stamp_ns = (uint64_t)stamp.tv_sec * CLOCK_NS_PER_S + (uint64_t)stamp.tv_nsec;
        uint64_t arrival_ns = clock_mono_of_real_ns(stamp_ns), now_ns = clock_mono_ns();
        return arrival_ns < now_ns ? arrival_ns : now_ns;
    }
    return 0;
}

ssize_t arrival_recv(int fd, void *out, size_t size, int flags)
{
    union {
        struct cmsghdr align;
        char bytes[256];
    } control;
    struct iovec part = {out, size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    ssize_t len = recvmsg(fd, &message, flags);
    if (len > 0) {
        last.fd = fd;
        last.ns = stamp_of(&message);
    }
    return len;
}

uint64_t arrival_ns(int fd)
{
    return last.ns > 0 && last.fd == fd ? last.ns : clock_mono_ns();
}
