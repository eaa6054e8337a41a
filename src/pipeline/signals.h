/* signals: delivers SIGINT, SIGTERM and SIGHUP to the coordinator.
 *
 * A thread of its own waits for them, so that no handler interrupts anything. SIGPIPE is ignored. A SIGHUP
 * that was ignored at the start (nohup) stays ignored: sigwait would get it all the same. A hangup is often
 * signalled twice, by the kernel and by the shell, so a further SIGHUP is not a second request to stop.
 * Commands that do not start this keep the system's defaults, without the orderly end.
 *
 * Of process 1, as a program in a container is, the kernel drops a signal whose action is the default one,
 * but keeps a blocked one pending. So the signals are blocked first of all: one that comes before the thread
 * waits is its first one, and not lost. Of a command that starts this more than once, one that came too late
 * for a part stops the next one.
 * Thread: the main one, start and stop before any other thread is made and after all have ended.
 */
#ifndef KYC_PIPELINE_SIGNALS_H
#define KYC_PIPELINE_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"

struct signals {
    pthread_t thread;
    bool started;
    int number; /* of the last signal; 0: none came */
    struct coordinator_queue *queue;
    int stop_fd; /* readable after the first signal: for threads that wait elsewhere than in the queue */
};

/* Before anything else: from now on the signals are pending until signals_start or signals_unblock. */
void signals_block(void);
/* For a command that never starts the thread: they end the process again, process 1 too (exit status 128 and
 * the signal's number, as shells show it). */
void signals_unblock(void);

/* 0, or -1 with ERROR_USAGE when there is no thread or descriptor left. */
int signals_start(struct signals *signals, struct coordinator_queue *queue, struct error *error);
/* A signal that came is pending again, for the next start or signals_unblock. Without effect if it did not
 * start. */
void signals_stop(struct signals *signals);

#endif
