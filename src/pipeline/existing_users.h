/* existing_users: whether a provider that can list its users already has some of this export.
 *
 * A first run on an account that has users would create each of them again. So before it sends anything with
 * a ledger that has no customer, it lists the provider's users and, if there are any, reads the export once
 * and compares the e-mail addresses (ASCII case aside). That is one request at a provider that lists all in
 * one, or one for each hundred users; a ledger with customers is never looked at. It is exact for unchanged
 * addresses, and decides nothing about a customer: that is for adopt, after which nothing is listed any more.
 * Memory: 16 to 32 bytes for each user. Threads: the calling one is the ledger's; those of requests.h and
 * scan_input.h.
 */
#ifndef KYC_PIPELINE_EXISTING_USERS_H
#define KYC_PIPELINE_EXISTING_USERS_H

#include <stdint.h>

#include "core/error.h"
#include "dispatch/coordinator_queue.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

struct existing_users_parts {
    struct job *job; /* with secrets, which it keeps */
    const struct provider *provider;
    struct ledger *ledger;           /* LEDGER_WRITE */
    struct coordinator_queue *queue; /* an interrupt in it ends the listing */
    uint64_t limit;                  /* records of input; 0: all */
};

/* 0: there are none, or the ledger has customers, or adopt has compared them, or the provider cannot list. -1
 * with ERROR_PROVIDER: there are some, or whether there are cannot be seen, or the input is a pipe, which
 * cannot be read twice, and the provider has users; or the error of the listing or of the input. */
int existing_users_check(const struct existing_users_parts *parts, struct error *error);

#endif
