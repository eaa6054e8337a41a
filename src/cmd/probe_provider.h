/* probe_provider: one harmless request per key, sent as a run sends: a GET of a user that does not exist.
 *
 * It takes the locks of the keys and reserves their nonces as a run does (session.h). Thread: the main one,
 * and the sender's.
 */
#ifndef KYC_CMD_PROBE_PROVIDER_H
#define KYC_CMD_PROBE_PROVIDER_H

#include "cmd/probe_lines.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

/* Adds the lines of locks, endpoint, TLS, clock, request and pace. ledger: stores the nonce reservations;
 * NULL: there is none yet, and nonces begin at the clock. job: with credentials. */
void probe_provider_ask(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                        struct ledger *ledger);

/* Adds the same lines without a request. why: the reason. */
void probe_provider_skip(struct probe_lines *lines, const struct job *job, const struct provider *provider,
                         const char *why);

#endif
