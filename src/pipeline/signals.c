#include "pipeline/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(set, SIGHUP);
}

static void *signals_main(void *argument)
{
    struct signals *signals = argument;
    sigset_t set;
    int number;
    bool is_interrupted = false;

    stop_signals(&set);
    for (;;) /* sigwait is where signals_stop cancels */
        if (sigwait(&set, &number) == 0 && !(number == SIGHUP && is_interrupted)) {
            is_interrupted = true;
            /* In this order, so that an input cut off by stop_fd is not taken for a complete one. */
            coordinator_queue_interrupt(signals->queue);
            eventfd_write(signals->stop_fd, 1);
        }
    return NULL;
}

int signals_start(struct signals *signals, struct coordinator_queue *queue)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signals->queue = queue;
    signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signals->stop_fd == -1)
        return -1;
    int failed = pthread_create(&signals->thread, NULL, signals_main, signals);
    signals->started = failed == 0;
    if (failed)
        close(signals->stop_fd);
    errno = failed;
    return failed ? -1 : 0;
}

void signals_stop(struct signals *signals)
{
    if (!signals->started)
        return;
    pthread_cancel(signals->thread);
    pthread_join(signals->thread, NULL);
    close(signals->stop_fd);
    signals->started = false;
}
