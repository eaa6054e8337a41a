/* sender_share: what the sender of a shared account (delivery.shared; model/rate_share.h) is told, and what
 * it reports.
 *
 * Nothing leaves before its first share, nor after the end of its lease; a key of a provider that signs is
 * used within a lease of its own. The caller asks for both again and again (dispatch/rate_share.h):
 *
 *   sender_share_report ──► the place where shares are kept ──► sender_share_rate
 *
 * Only the sender's thread uses what it is told, in its own time; so what it reports is what it may use at
 * most, whether it has heard of the last answer yet or not. Thread: any, one at a time, but for sender_run.
 */
#ifndef KYC_DELIVERY_SENDER_SHARE_H
#define KYC_DELIVERY_SENDER_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delivery/sender.h"
#include "model/rate_share.h"

/* Its share from now on; requests may leave before until_boot_ns (clock_boot_ns), which never moves back. */
void sender_share_rate(struct sender *sender, const struct rate_share_answer *answer, uint64_t until_boot_ns);
/* The lease is over: the sender gives up its share. Once sender_share_report gives a using_count of 0 it uses
 * nothing, and nothing is on its way; only then may a new lease begin. */
void sender_share_lapse(struct sender *sender);
/* hold_ns and is_throttled: what was received since the last call. */
void sender_share_report(struct sender *sender, struct rate_share_report *report);
/* True while there is anything to send, or in flight. */
bool sender_share_is_busy(struct sender *sender);
/* A descriptor (eventfd) that becomes readable when there is something to report at once, or the sender
 * becomes busy. */
int sender_share_event(const struct sender *sender);
/* The share cannot be renewed: all deliveries complete as OUTCOME_STOP with this text, now and from now on.
 */
void sender_share_fail(struct sender *sender, const char *text);

/* The keys that are leased are the key slots of sender.h (none when the provider does not sign). */
struct sender_key_lease {
    uint64_t start;         /* no nonce below … */
    uint64_t floor;         /* … nor above, which is reserved: at least start */
    bool keep;              /* else no new request */
    uint64_t until_boot_ns; /* 0: the key is not held any more */
};

void sender_share_key(struct sender *sender, size_t key_slot, const struct sender_key_lease *lease);
/* True once no request with this key is in flight, and none will be before it is leased with `keep` again. */
bool sender_share_key_is_idle(struct sender *sender, size_t key_slot);

#endif
