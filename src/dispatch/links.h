/* links: makes verification links for the users that need one.
 *
 * A user that is not verified needs a link when its create could not make one (link_error), when it became
 * action_needed or rejected after its last link, and when its last link is older than provider.link_valid; of
 * the states that the caller names, also when no link was made for it before. What an earlier series left in
 * doubt is repeated, under its idempotency key where the provider has such: the same link then. Elsewhere
 * each answer that was lost can make one more link. A link that the provider refused is not asked for again
 * until the user's verification changes, or redirect_uri.
 *
 * A link is durable in the file before the ledger counts it as made, so that none is lost by a crash; it is
 * nowhere else. Threads: the sender's; the calling one is the ledger's.
 */
#ifndef KYC_DISPATCH_LINKS_H
#define KYC_DISPATCH_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"
#include "dispatch/user_task.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/link_file.h"

struct links_parts {
    struct job *job;                 /* with secrets: forgotten at the end */
    const struct provider *provider; /* makes_links */
    struct ledger *ledger;           /* LEDGER_WRITE, with a run that has started */
    struct coordinator_queue *queue; /* for this series alone */
    struct link_file *file;
    const char *redirect_uri; /* NULL: none */
    unsigned only;            /* bits 1 << enum verification; 0: every state */
    uint64_t limit;           /* links to ask for; 0: all */
    bool retry_refused;
};

struct links_counts {
    struct user_task_counts links; /* done: made */
    uint64_t refused_before;       /* not sent: the provider refused it, and nothing has changed */
    uint64_t requests;
    uint64_t started_ns; /* real ns */
};

/* 0, or -1 as of requests_run; then too the counts cover what was done. */
int links_run(const struct links_parts *parts, struct links_counts *counts, struct error *error);

#endif
