/* probe_provider: one harmless request per key, by the sender that a run has: a GET of a user that is not
 * there.
 *
 * It holds the keys' locks and their nonce floors as a run does. Thread: the main one.
 */
#ifndef KYC_CMD_PROBE_PROVIDER_H
#define KYC_CMD_PROBE_PROVIDER_H

#include "cmd/probe_lines.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Locks, endpoint, TLS, clock, request and pace. ledger: keeps the nonce floors; NULL: there is none yet, the
 * nonces go by the clock. Credentials are loaded. */
void probe_provider_ask(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                        struct ledger *ledger);

/* Why nothing is asked, and what binds all the same. */
void probe_provider_skip(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                         const char *why);

#endif
