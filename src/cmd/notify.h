/* notify: sends the notification of a command's end to the job's program or webhook.
 *
 * After the report is written and the ledger closed, so that the program may call kyc-import itself. A
 * notification that fails is a warning, and never changes the status. Thread: the main one, after all others
 * have ended.
 */
#ifndef KYC_CMD_NOTIFY_H
#define KYC_CMD_NOTIFY_H

#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"
#include "model/job.h"

struct notify_end {
    const char *command;
    int status;
    uint64_t started_ns;  /* real */
    struct slice summary; /* as struct notification */
    const char *text;     /* likewise; NULL: nothing */
};

/* Without effect unless the job's `notify` asks for this status. */
void notify_send(const struct job *job, const struct notify_end *end);

/* A notification that says that it is a test, whatever `on` has. 0, or -1 with the reason. */
int notify_test(const struct job *job, struct error *error);

/* Whether a notification could be sent, without sending one: 0, or -1 with the reason. */
int notify_check(const struct job *job, struct error *error);

/* Where a notification goes, for people: the program, or the webhook's host. Returns text. */
enum { NOTIFY_TARGET_SIZE = 512 };
const char *notify_target(const struct job *job, char text[NOTIFY_TARGET_SIZE]);

#endif
