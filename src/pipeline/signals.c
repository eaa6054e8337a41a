#include "pipeline/signals.h"

#include <signal.h>

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

static void *signals_main(void *argument)
{
    struct signals *signals = argument;
    sigset_t set;
    int number;

    stop_signals(&set);
    for (;;) /* sigwait is where signals_stop cancels */
        if (sigwait(&set, &number) == 0)
            inbox_interrupt(signals->inbox);
    return NULL;
}

int signals_start(struct signals *signals, struct inbox *inbox)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signals->inbox = inbox;
    signals->started = pthread_create(&signals->thread, NULL, signals_main, signals) == 0;
    return signals->started ? 0 : -1;
}

void signals_stop(struct signals *signals)
{
    if (!signals->started)
        return;
    pthread_cancel(signals->thread);
    pthread_join(signals->thread, NULL);
    signals->started = false;
}
