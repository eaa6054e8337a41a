/* in_doubt_list: the customers in doubt, for status: each piece of advice once, and under it the customers
 * that it is for, with the command that a person runs for each.
 *
 * A customer that the next run resolves by itself has the command of run; one that only a person can resolve
 * has the command of resolve, with its key. Thread: the main one. Owner: new/free; borrows job and provider.
 */
#ifndef KYC_CMD_IN_DOUBT_LIST_H
#define KYC_CMD_IN_DOUBT_LIST_H

#include "core/buffer.h"
#include "core/json.h"
#include "ledger/ledger_row.h"
#include "model/job.h"
#include "provider/provider.h"

struct in_doubt_list;

struct in_doubt_list *in_doubt_list_new(const struct job *job, const struct provider *provider);
void in_doubt_list_free(struct in_doubt_list *list);

/* Adds a customer of ledger_each_in_doubt. */
void in_doubt_list_add(struct in_doubt_list *list, const struct ledger_customer *customer);
/* Appends all that were added, as text: at most 20 customers for each piece of advice, then their number and
 * the command that lists them. Nothing if none was added. */
void in_doubt_list_write(const struct in_doubt_list *list, struct buffer *out);

/* The same of one customer as members of an open object: `what_to_do` and `command`. */
void in_doubt_list_write_json(const struct in_doubt_list *list, const struct ledger_customer *customer,
                              struct json_writer *json);

#endif
