/* twins: what a run writes of customers by their identity, without sending anything.
 *
 * A twin is a record that would be created, and whose person is there under another key (decide.h). After a
 * failure of the ledger nothing is written. Between sending_begin and sending_commit. Thread: the
 * coordinator's.
 */
#ifndef KYC_PIPELINE_TWINS_H
#define KYC_PIPELINE_TWINS_H

#include "core/error.h"
#include "model/record.h"
#include "pipeline/decide.h"
#include "pipeline/sending.h"

/* A record that is refused because of its twin (decision.is_twin): the ledger keeps that, so that a later run
 * knows it. 0, or -1. */
int twins_add_refusal(struct sending *sending, const struct record *record, const struct decision *decision,
                      struct error *error);
/* The run stops because of these: they count again in the next one. 0, or -1. */
int twins_mark_stopped(struct sending *sending, struct error *error);
/* A customer with a user whose row adds to what the ledger holds of it (decision.lacks_identity, .agrees):
 * nothing is sent. 0, or -1. */
int twins_add_identity(struct sending *sending, const struct record *record, const struct decision *decision,
                       struct error *error);

#endif
