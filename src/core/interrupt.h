/* interrupt: notices SIGINT, SIGTERM and SIGHUP while the main thread waits at a command's end, without a
 * handler.
 *
 * Between begin and end these signals are blocked, and one that arrives is pending. Afterwards the mask is as
 * it was: where it did not block them, the signal takes its effect then. A SIGHUP that is ignored (nohup)
 * does not count. Thread: the main one, when no other one waits for signals.
 */
#ifndef KYC_CORE_INTERRUPT_H
#define KYC_CORE_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

struct interrupt {
    sigset_t mask; /* as it was before */
    sigset_t watched;
};

/* A signal that was pending before, as the second one of a terminal that hangs up, is discarded. */
void interrupt_begin(struct interrupt *interrupt);
/* True when one has arrived since. */
bool interrupt_has_arrived(const struct interrupt *interrupt);
void interrupt_end(struct interrupt *interrupt);

#endif
