/* reconcile_list: the creates that wait for a listing of all users, and what it shows of each.
 *
 * A create waits until its last request has been executed or never will be, and then some time for others, so
 * that one listing serves many. One listing at a time; one that failed is repeated after a backoff. Thread:
 * the coordinator's; between listings_start and the delivery's return the stream and the candidates are the
 * sender's. Owner: new/free.
 */
#ifndef KYC_DISPATCH_RECONCILE_LIST_H
#define KYC_DISPATCH_RECONCILE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "delivery/sender.h"
#include "dispatch/reconcile.h"

struct listings;

/* Borrows what the parts have. */
struct listings *listings_new(const struct reconcile_parts *parts);
/* NULL is allowed. */
void listings_free(struct listings *listings);

/* The task waits for a listing. earlier: as of reconcile_ask. */
void listings_wait(struct listings *listings, struct task *task, bool earlier);

/* The rest is as reconcile.h has it, under the same names. */
uint64_t listings_next_ns(const struct listings *listings, bool hurry);
size_t listings_count(const struct listings *listings, bool *is_in_flight);
int listings_start(struct listings *listings, bool hurry, struct delivery **listing, struct error *error);
bool listings_has(const struct listings *listings, const struct delivery *delivery);
void listings_receive(struct listings *listings, uint64_t random_bits, bool stopping,
                      struct reconcile_list_result *result);
struct task *listings_pop(struct listings *listings);
int listings_find(struct listings *listings, struct reconcile_finding *finding, struct error *error);
struct task *listings_pop_waiting(struct listings *listings);

#endif
