/* signals: SIGINT, SIGTERM and SIGHUP as news for the coordinator.
 *
 * A thread of its own waits for them, so that no handler interrupts anything. SIGPIPE is ignored. A SIGHUP
 * that was ignored at the start (nohup) stays ignored: sigwait would get it all the same. A hangup is often
 * told twice, by the kernel and by the shell, so a further SIGHUP is no second request to stop. Commands that
 * do not start this keep the system's defaults, which are the same but for the orderly end.
 * Thread: start and stop the main one's, before any other thread is made and after all have ended.
 */
#ifndef KYC_PIPELINE_SIGNALS_H
#define KYC_PIPELINE_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>

#include "pipeline/inbox.h"

struct signals {
    pthread_t thread;
    bool started;
    struct inbox *inbox;
    int stop_fd; /* readable from the first signal on: for who waits elsewhere than in the inbox */
};

/* 0, or -1 when the system gives no thread or descriptor. */
int signals_start(struct signals *signals, struct inbox *inbox);
void signals_stop(struct signals *signals);

#endif
