/* A process that has the lock of a file for a time, as one that waits for the processor has it. */
#ifndef KYC_TESTS_HELD_LOCK_H
#define KYC_TESTS_HELD_LOCK_H

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Returns when the process has the lock. */
static inline pid_t held_lock_start(const char *path, long ms)
{
    int has[2];
    char byte;
    assert_int_equal(pipe(has), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = open(path, O_RDWR);
        if (flock(fd, LOCK_EX) != 0 || write(has[1], "", 1) != 1)
            _exit(1);
        nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
        _exit(0);
    }
    assert_int_equal(read(has[0], &byte, 1), 1);
    close(has[0]);
    close(has[1]);
    return child;
}

/* Returns when it has ended. */
static inline void held_lock_end(pid_t child)
{
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

#endif
