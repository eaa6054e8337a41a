/* resolve_check: requests the users that a person names, before their resolutions are written.
 *
 * The requests are those of status --against-provider (audit.h): under the job's rate, with its locks and
 * nonces, each user by its id. Where the provider writes ids in groups (provider.user_id_group), an id
 * without blanks that it does not know is requested again in groups. Thread: the main one, and those of
 * audit.h.
 */
#ifndef KYC_CMD_RESOLVE_CHECK_H
#define KYC_CMD_RESOLVE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

enum { RESOLVE_WHY_SIZE = 256 };

/* A person's statement about one customer, and the provider's answer. */
struct resolution {
    struct slice key, user; /* user: empty: none; after the check as the provider writes it */
    const char *where;      /* `FILE:LINE` or the key, for messages */
    bool is_absent;         /* user, which the ledger has, is not the customer's */
    bool answered;
    bool holds;                 /* the provider does not contradict it */
    bool proven;                /* the provider names the user as this customer's */
    bool differs;               /* compared fields of the user are not those that were journalled */
    bool no_answer;             /* none came, however often the user was requested */
    char why[RESOLVE_WHY_SIZE]; /* without holds: the contradiction, for people; no value but ids */
};

/* Requests the user of each resolution; texts made here are in the arena. job: with secrets, which are
 * forgotten at the end. ledger: LEDGER_WRITE, no transaction is open. 0: all were requested; -1: not all,
 * with run_audit's error; resolutions without `answered` are not known. */
int resolve_check(struct resolution *resolutions, size_t count, struct job *job,
                  const struct provider *provider, struct ledger *ledger, struct arena *arena,
                  struct error *error);

#endif
