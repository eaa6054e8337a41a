/* state_filter: customers by their state, and by the verification of their user, for the commands that list
 * them.
 *
 * Thread: any; pure.
 */
#ifndef KYC_CMD_STATE_FILTER_H
#define KYC_CMD_STATE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "ledger/ledger_row.h"

/* The state of a customer as the command line has it: `deleted` is one of its own. "": it has no user. */
const char *state_filter_word(const struct ledger_customer *customer);

/* Whether it is one of states (bits 1 << enum verification, OPTIONS_DELETED). */
bool state_filter_has(unsigned states, const struct ledger_customer *customer);

/* Whether the customer's own state is one of states (bits 1 << enum ledger_state). A create that a run left
 * without a result is in doubt: `in_doubt` includes `journalled`. */
bool state_filter_is(unsigned states, const struct ledger_customer *customer);

/* Reads a time, as of clock_read_rfc3339. 0, or -1 with ERROR_USAGE. */
int state_filter_read_time(const char *option, const char *text, uint64_t *real_ns, struct error *error);

#endif
