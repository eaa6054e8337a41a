/* child: runs a program to its end, within a time, without giving it anything of this process.
 *
 * No shell is involved. The program gets: bytes on its standard input; an environment of its own (PATH, HOME,
 * USER, LOGNAME, SHELL, LANG, LC_ALL, TZ and TMPDIR of ours, and what the caller adds), so none of our
 * credentials; no other open file of ours; the default actions of all signals; and a process group of its
 * own, which is killed as a whole when the time is over, or when this process is told to end (interrupt.h).
 * Its input is a memory file: it may read all, some or nothing of it, and writing it never blocks. Core files
 * stay off (RLIMIT_CORE, see process.h), also for it.
 *
 * Thread: one at a time, and no other that waits for children. A SIGCHLD that was ignored is not any more.
 */
#ifndef KYC_CORE_CHILD_H
#define KYC_CORE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

enum { CHILD_OUTPUT_SIZE = 1024, CHILD_ENVIRONMENT_MAX = 32 };

struct child {
    const char *const *words; /* the program's path and its arguments, NULL-terminated */
    /* `NAME=VALUE` each, at most CHILD_ENVIRONMENT_MAX - 16, NULL-terminated; added to the environment. */
    const char *const *variables;
    struct slice input;
    uint64_t timeout_ns;
};

struct child_result {
    bool timed_out;   /* it was killed */
    bool interrupted; /* likewise, because of a signal to this process (interrupt.h) */
    int status;       /* its exit status; -1: a signal ended it */
    int signal;
    char output[CHILD_OUTPUT_SIZE]; /* the beginning of what it wrote to standard output and error, without
                                       the blanks at its end; "": nothing */
};

/* Why this file cannot be run (`there is no such file`), with errno; NULL: it can. */
const char *child_find_fault(const char *path);

/* 0 if it ran, however it ended; -1 with ERROR_USAGE: it could not be started. */
int child_run(const struct child *child, struct child_result *result, struct error *error);

#endif
