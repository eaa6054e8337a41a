/* completions: what comes back of the sender's attempts, and to whom it is given.
 *
 * An answer is judged by the provider's table; what it says about more than its delivery (the limiter, the
 * breaker, the lane's login, that the run must stop) is heeded here, before the delivery is given back.
 * Thread: the sender's.
 */
#ifndef KYC_DELIVERY_COMPLETIONS_H
#define KYC_DELIVERY_COMPLETIONS_H

#include "delivery/sender.h"

/* Ends the attempts that libcurl has finished. */
void completions_receive(struct sender *sender);

/* Ends all that is in flight, now. */
void completions_drop(struct sender *sender);

/* Gives a delivery back that did not leave. */
void completions_unsent(struct sender *sender, struct delivery *delivery, enum outcome_kind kind,
                        const char *code, const char *message);

#endif
