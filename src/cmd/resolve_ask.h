/* resolve_ask: what the provider says of the users that a person names, before a verdict is believed.
 *
 * It asks as status --against-provider does (audit.h): under the job's rate, with its locks and nonces. Each
 * user by its id; at kraken-embed, where ids are written in groups of four, one that was typed without its
 * blanks is asked for in groups when the provider does not know it as it was typed. Thread: the main one, and
 * those of audit.h.
 */
#ifndef KYC_CMD_RESOLVE_ASK_H
#define KYC_CMD_RESOLVE_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

enum { RESOLVE_WHY_SIZE = 256 };

/* A verdict that names a user, and what the provider says of it. */
struct resolve_verdict {
    struct slice key, user; /* user: as the provider writes it, once it was asked */
    const char *where;      /* `FILE:LINE` or the key, for messages */
    bool is_absent;         /* the verdict is that the user which the ledger has is not the customer's */
    bool answered;
    bool holds;                 /* the provider does not contradict it */
    bool proven;                /* the provider names the user as this customer's */
    bool differs;               /* compared fields of the user are not what was journalled */
    bool no_answer;             /* none came, however often it was asked */
    char why[RESOLVE_WHY_SIZE]; /* without holds: what contradicts it, for people; no value but ids */
};

/* Asks for the user of each verdict; the texts made here are in the arena. job: with secrets, which are
 * forgotten at the end. ledger: LEDGER_WRITE, no transaction is open. 0: all were asked; -1: not all, and
 * error says why (audit_run's); those without `answered` are not known. */
int resolve_ask(struct resolve_verdict *verdicts, size_t count, struct job *job,
                const struct provider *provider, struct ledger *ledger, struct arena *arena,
                struct error *error);

#endif
