#include "pipeline/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
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

void signals_block(void)
{
    sigset_t set;

    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* As process 1, for which the kernel drops the default action. */
static void end_process(int number)
{
    _exit(128 + number);
}

void signals_unblock(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction end = {.sa_handler = end_process};
    sigset_t set;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && getpid() == 1; i++)
        if (!is_ignored(numbers[i]))
            sigaction(numbers[i], &end, NULL);
    stop_signals(&set);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void *signals_main(void *argument)
{
    struct signals *signals = argument;
    sigset_t set;
    int number;

    stop_signals(&set);
    for (;;) /* sigwait is where signals_stop cancels */
        if (sigwait(&set, &number) == 0 && !(number == SIGHUP && signals->number != 0)) {
            signals->number = number;
            /* In this order, so that an input cut off by stop_fd is not taken for a complete one. */
            coordinator_queue_interrupt(signals->queue);
            eventfd_write(signals->stop_fd, 1);
        }
    return NULL;
}

int signals_start(struct signals *signals, struct coordinator_queue *queue, struct error *error)
{
    *signals = (struct signals){.queue = queue};
    signal(SIGPIPE, SIG_IGN);
    signals_block();
    signals->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int failed =
        signals->stop_fd == -1 ? errno : pthread_create(&signals->thread, NULL, signals_main, signals);
    signals->started = failed == 0;
    if (signals->started)
        return 0;
    if (signals->stop_fd != -1)
        close(signals->stop_fd);
    return error_set(
        error, ERROR_USAGE,
        "cannot wait for signals: %s\nhint: raise the limits on processes (ulimit -u) and on open files (ulimit -n)",
        strerror(failed));
}

void signals_stop(struct signals *signals)
{
    if (!signals->started)
        return;
    pthread_cancel(signals->thread);
    pthread_join(signals->thread, NULL);
    if (signals->number != 0)
        kill(getpid(), signals->number);
    close(signals->stop_fd);
    signals->started = false;
}
