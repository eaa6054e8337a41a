/* refresh_list: the states of a listing of all users, page by page.
 *
 * Memory and threads: as user_stream; the states of a page, or of the whole list. Owner: new/free.
 */
#ifndef KYC_DISPATCH_REFRESH_LIST_H
#define KYC_DISPATCH_REFRESH_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"
#include "report/refresh_report.h"

struct refresh_list;

/* Reads every user of the ledger. A user that was read since since_ns is not written again. NULL with
 * ERROR_LEDGER. Borrows all. */
struct refresh_list *refresh_list_new(const struct job *job, const struct provider *provider,
                                      struct ledger *ledger, uint64_t since_ns, struct error *error);
/* NULL is allowed. */
void refresh_list_free(struct refresh_list *list);

/* Sets operation and sink of the delivery of the next page. */
void refresh_list_attach(struct refresh_list *list, struct delivery *delivery);
/* After OUTCOME_DONE: the page was read. */
bool refresh_list_is_whole(struct refresh_list *list);

/* Once it is whole: writes its states and turns to the next page: 1; 0: the listing has ended, or has no
 * states; -1 with ERROR_LEDGER. Between ledger_begin and ledger_commit. */
int refresh_list_write(struct refresh_list *list, const struct delivery *delivery,
                       struct refresh_reading *reading, struct error *error);

/* The next customer whose reason the listing did not have, by id; 0: none is left. */
int64_t refresh_list_next_unexplained(struct refresh_list *list);

#endif
