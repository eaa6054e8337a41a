#include "core/failpoint.h"

#ifdef KYC_STEPS

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

enum { FAILPOINT_NAMES_MAX = 64, FAILPOINT_WAIT_MS = 50 };

static pthread_mutex_t failpoint_mutex = PTHREAD_MUTEX_INITIALIZER;

/* How often this name came by, this time included. Names are literals: few, and never gone. */
static unsigned failpoint_count(const char *name)
{
    static struct {
        const char *name;
        unsigned count;
    } steps[FAILPOINT_NAMES_MAX];
    size_t i = 0;

    while (steps[i].name && strcmp(steps[i].name, name) != 0)
        if (++i == FAILPOINT_NAMES_MAX)
            abort();
    steps[i].name = name;
    return ++steps[i].count;
}

static void failpoint_log(const char *step)
{
    const char *path = getenv("KYC_STEP_LOG");
    FILE *log = path ? fopen(path, "ae") : NULL;

    if (log) {
        if (getenv("KYC_STEP_TIMES"))
            fprintf(log, "%s %" PRIu64 "\n", step, clock_boot_ns());
        else
            fprintf(log, "%s\n", step);
        fclose(log);
    }
}

/* Until the thread that waits for signals has it: the run is to hear of it here, not three steps on. */
static void failpoint_signal(int number)
{
    sigset_t pending;

    kill(getpid(), number);
    for (int i = 0; i < FAILPOINT_WAIT_MS; i++) {
        if (sigpending(&pending) != 0 || !sigismember(&pending, number))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

static void failpoint_stop(void)
{
    const char *by = getenv("KYC_STOP_BY");

    if (!by || strcmp(by, "kill") == 0)
        raise(SIGKILL);
    else if (strcmp(by, "stop") == 0)
        raise(SIGSTOP);
    else if (strcmp(by, "term") == 0)
        failpoint_signal(SIGTERM);
    else
        failpoint_signal(SIGINT);
    if (by && strcmp(by, "twice") == 0)
        failpoint_signal(SIGINT);
}

void failpoint(const char *name)
{
    const char *stop_step = getenv("KYC_STOP_AT");
    char step[128];

    pthread_mutex_lock(&failpoint_mutex);
    snprintf(step, sizeof step, "%s#%u", name, failpoint_count(name));
    failpoint_log(step);
    if (stop_step && strcmp(stop_step, step) == 0)
        failpoint_stop();
    pthread_mutex_unlock(&failpoint_mutex);
}

const char *failpoint_setting(const char *name)
{
    return getenv(name);
}

#endif
