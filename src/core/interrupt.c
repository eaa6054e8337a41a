#include "core/interrupt.h"

#include <stddef.h>
#include <time.h>

static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

void interrupt_begin(struct interrupt *interrupt)
{
    const struct timespec at_once = {0, 0};

    sigemptyset(&interrupt->watched);
    for (size_t i = 0; i < NUMBERS; i++) {
        struct sigaction action;
        /* The kernel keeps a blocked signal pending even if it is ignored. */
        if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&interrupt->watched, numbers[i]);
    }
    pthread_sigmask(SIG_BLOCK, &interrupt->watched, &interrupt->mask);
    while (sigtimedwait(&interrupt->watched, NULL, &at_once) > 0)
        ;
}

bool interrupt_has_arrived(const struct interrupt *interrupt)
{
    sigset_t pending;

    if (sigpending(&pending) != 0)
        return false;
    for (size_t i = 0; i < NUMBERS; i++)
        if (sigismember(&interrupt->watched, numbers[i]) == 1 && sigismember(&pending, numbers[i]) == 1)
            return true;
    return false;
}

void interrupt_end(struct interrupt *interrupt)
{
    pthread_sigmask(SIG_SETMASK, &interrupt->mask, NULL);
}
