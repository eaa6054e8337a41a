/* audit_list: compares one listing of all users with the users of the ledger.
 *
 * Thread: take the sender's, while the listing is under way; the rest the ledger's. Owner: new/free.
 */
#ifndef KYC_DISPATCH_AUDIT_LIST_H
#define KYC_DISPATCH_AUDIT_LIST_H

#include "delivery/response.h"
#include "dispatch/audit.h"

struct audit_list;

/* Reads every user of the ledger. NULL with ERROR_LEDGER. Borrows parts. */
struct audit_list *audit_list_new(const struct audit_parts *parts, struct error *error);
void audit_list_free(struct audit_list *list);

/* The sink of the listing's delivery; context: the list. */
bool audit_list_add_bytes(void *list, struct slice bytes);
bool audit_list_is_whole(const struct audit_list *list);

/* Once it is whole: reports and counts users that are missing at the provider, and unknown ones. 0, or -1. */
int audit_list_report(struct audit_list *list, const struct audit_parts *parts, struct audit_counts *stats,
                      const struct response_list *headers, struct error *error);

#endif
