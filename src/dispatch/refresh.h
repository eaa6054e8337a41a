/* refresh: asks the provider how far the verification of the ledger's users has come, and writes it to the
 * ledger.
 *
 * Where the provider lists its users, and the listing needs fewer requests than the users that are due, it
 * is listed: that gives the state of every user. What no listing has shown is requested by id: users that it
 * lacks, users of a listing without states, and those that have to do something, where only a request by id
 * gives the reason. Requests are sent as those of a run (requests.h); answers are durable round by round, so
 * an interrupted refresh keeps what it has read. Nothing is changed at the provider. Memory: a window of
 * answers; of a listing about 100 bytes for each user of the ledger on a page, or in the whole list. Threads:
 * as requests.h; the calling thread is the ledger's.
 */
#ifndef KYC_DISPATCH_REFRESH_H
#define KYC_DISPATCH_REFRESH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "ledger/ledger_verification.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/refresh_report.h"

/* run.command in the ledger. */
#define REFRESH_COMMAND "refresh"

struct refresh_parts {
    struct job *job; /* with secrets: forgotten at the end */
    const struct provider *provider;
    struct ledger *ledger;           /* LEDGER_WRITE, with a run */
    struct coordinator_queue *queue; /* for this refresh alone; an interrupt in it ends the refresh */
    struct ledger_selection due;     /* whose state is asked for; after 0 */
    uint64_t limit;                  /* of the users that are requested by id; 0: none */
};

/* *since_ns: the end of the last complete refresh in this ledger: what changed from then on was not reported
 * yet; real ns, 0: there is none. 0, or -1 with ERROR_LEDGER. */
int refresh_since(struct ledger *ledger, uint64_t *since_ns, struct error *error);

/* *reading: what is durable; *requests: that left. 0, or -1 when the refresh ended early, as of requests_run.
 */
int refresh_run(const struct refresh_parts *parts, struct refresh_reading *reading, uint64_t *requests,
                struct error *error);

#endif
