/* audit_list: compares one listing of all users with the users of the ledger.
 *
 * Memory: as user_stream, and 16 to 32 bytes for each user of the ledger and each unknown one. Thread: as
 * user_stream. Owner: new/free.
 */
#ifndef KYC_DISPATCH_AUDIT_LIST_H
#define KYC_DISPATCH_AUDIT_LIST_H

#include "delivery/sender.h"
#include "dispatch/audit.h"

struct audit_list;

/* Reads every user of the ledger. NULL with ERROR_LEDGER. Borrows parts. */
struct audit_list *audit_list_new(const struct audit_parts *parts, struct error *error);
/* NULL is allowed. */
void audit_list_free(struct audit_list *list);

/* Sets operation and sink of the listing's delivery. */
void audit_list_attach(struct audit_list *list, struct delivery *delivery);
bool audit_list_is_whole(const struct audit_list *list);

/* Once it is whole: reports and counts users that are missing at the provider, and unknown ones. 0, or -1. */
int audit_list_report(struct audit_list *list, const struct delivery *delivery, struct audit_counts *stats,
                      struct error *error);

#endif
