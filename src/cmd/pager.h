/* pager: shows a long text through the user's pager when standard output is a terminal.
 *
 * The pager is $PAGER, run by the shell as other programs do; without it `less -R` where less is installed.
 * An empty $PAGER, or another standard output than a terminal, means none: the text is written straight.
 * Thread: the main one, and no other may run. Owner: open/close.
 */
#ifndef KYC_CMD_PAGER_H
#define KYC_CMD_PAGER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/error.h"
#include "core/slice.h"

struct pager {
    int fd;    /* where the text is written */
    pid_t pid; /* 0: there is no pager */
    bool quit; /* the reader has closed it */
};

/* Starts the pager if there is one. 0, or -1 with ERROR_USAGE. */
int pager_open(struct pager *pager, struct error *error);
/* 0, also when the reader has closed the pager (pager->quit); -1 with ERROR_USAGE. */
int pager_write(struct pager *pager, struct slice text, struct error *error);
/* Waits until the reader closes the pager. 0, or -1 with ERROR_USAGE: the pager could not be run. */
int pager_close(struct pager *pager, struct error *error);

#endif
