#include "delivery/mailbox.h"

void mailbox_list_add(struct mailbox_list *list, struct delivery *delivery)
{
    delivery->next = NULL;
    if (list->last)
        list->last->next = delivery;
    else
        list->first = delivery;
    list->last = delivery;
}

void mailbox_list_add_first(struct mailbox_list *list, struct delivery *delivery)
{
    delivery->next = list->first;
    list->first = delivery;
    if (!list->last)
        list->last = delivery;
}

struct delivery *mailbox_list_take(struct mailbox_list *list)
{
    struct delivery *delivery = list->first;
    if (delivery) {
        list->first = delivery->next;
        if (!list->first)
            list->last = NULL;
        delivery->next = NULL;
    }
    return delivery;
}

void mailbox_init(struct mailbox *mailbox)
{
    *mailbox = (struct mailbox){0};
    pthread_mutex_init(&mailbox->mutex, NULL);
}

void mailbox_clear(struct mailbox *mailbox)
{
    pthread_mutex_destroy(&mailbox->mutex);
}

bool mailbox_put(struct mailbox *mailbox, struct delivery *delivery)
{
    pthread_mutex_lock(&mailbox->mutex);
    bool was_empty = !mailbox->mail.first;
    mailbox_list_add(&mailbox->mail, delivery);
    pthread_mutex_unlock(&mailbox->mutex);
    return was_empty;
}

void mailbox_ask(struct mailbox *mailbox, enum mailbox_wish wish)
{
    pthread_mutex_lock(&mailbox->mutex);
    mailbox->wishes |= wish;
    pthread_mutex_unlock(&mailbox->mutex);
}

unsigned mailbox_take(struct mailbox *mailbox, struct mailbox_list *list)
{
    pthread_mutex_lock(&mailbox->mutex);
    struct mailbox_list mail = mailbox->mail;
    mailbox->mail = (struct mailbox_list){0};
    unsigned wishes = mailbox->wishes;
    pthread_mutex_unlock(&mailbox->mutex);

    if (mail.first && list->last) {
        list->last->next = mail.first;
        list->last = mail.last;
    } else if (mail.first) {
        *list = mail;
    }
    return wishes;
}
