/* open_work: what is open beside the customers in doubt, for status: links and documents in doubt, twins,
 * records that are held, refusals; each with its number and the command that continues it.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_OPEN_WORK_H
#define KYC_CMD_OPEN_WORK_H

#include "core/buffer.h"
#include "core/error.h"
#include "ledger/ledger.h"

/* Customers whose create is refused, by the reason. */
struct open_work {
    uint64_t twins, held, refused; /* refused: by the provider, or for another reason of ours */
};

/* Adds a group of ledger_each_group. */
void open_work_add(struct open_work *work, const struct ledger_group *group);

/* Appends a line or two for each that there is; nothing if nothing is open. job_path: as the user named it.
 * 0, or -1. */
int open_work_write(const struct open_work *work, struct ledger *ledger, const char *job_path,
                    struct buffer *out, struct error *error);

#endif
