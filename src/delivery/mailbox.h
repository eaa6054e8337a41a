/* mailbox: what other threads ask of the sender, and lists of deliveries.
 *
 * A list links deliveries by their `next`; it never owns them. Thread: mailbox_* any; a list one at a time.
 * Owner: init/clear.
 */
#ifndef KYC_DELIVERY_MAILBOX_H
#define KYC_DELIVERY_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

#include "delivery/sender.h"

struct mailbox_list {
    struct delivery *first, *last;
};

void mailbox_list_add(struct mailbox_list *list, struct delivery *delivery);
void mailbox_list_add_first(struct mailbox_list *list, struct delivery *delivery);
/* NULL when it is empty. */
struct delivery *mailbox_list_take(struct mailbox_list *list);

/* Once asked for, they stay so. */
enum mailbox_wish {
    MAILBOX_WITHDRAW = 1,
    MAILBOX_ABORT = 2,
    MAILBOX_FINISH = 4,
};

struct mailbox {
    pthread_mutex_t mutex;
    struct mailbox_list mail;
    unsigned wishes;
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_clear(struct mailbox *mailbox);

/* True when it was empty: the sender has to be woken. */
bool mailbox_put(struct mailbox *mailbox, struct delivery *delivery);
void mailbox_ask(struct mailbox *mailbox, enum mailbox_wish wish);
/* Moves all deliveries to the end of list; gives the wishes so far. */
unsigned mailbox_take(struct mailbox *mailbox, struct mailbox_list *list);

#endif
