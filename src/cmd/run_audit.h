/* run_audit: an audit that a signal interrupts.
 *
 * Thread: the main one, and those of audit.h and signals.h.
 */
#ifndef KYC_CMD_RUN_AUDIT_H
#define KYC_CMD_RUN_AUDIT_H

#include "core/error.h"
#include "dispatch/audit.h"

/* As audit_run, with a queue and signals of its own: parts->queue is set here. */
int run_audit(struct audit_parts *parts, struct audit_counts *stats, struct error *error);

#endif
