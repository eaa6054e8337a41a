/* open_tasks: the links or documents of this command that the provider refused, or that are in doubt, for
 * its result.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_OPEN_TASKS_H
#define KYC_CMD_OPEN_TASKS_H

#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "ledger/ledger_task.h"

/* Appends a line each, at most 50, or with json the member `open`, an array of all up to 20,000. since_ns: of
 * the command's start; real ns. 0, or -1. */
int open_tasks_write(struct ledger *ledger, enum ledger_task_kind kind, uint64_t since_ns, struct buffer *out,
                     struct json_writer *json, struct error *error);

#endif
