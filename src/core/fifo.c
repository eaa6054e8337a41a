#include "core/fifo.h"

void fifo_append(struct fifo *fifo, struct fifo_link *link)
{
    link->next = NULL;
    if (fifo->last)
        fifo->last->next = link;
    else
        fifo->first = link;
    fifo->last = link;
    fifo->count++;
}

void fifo_prepend(struct fifo *fifo, struct fifo_link *link)
{
    link->next = fifo->first;
    fifo->first = link;
    if (!fifo->last)
        fifo->last = link;
    fifo->count++;
}

void fifo_append_all(struct fifo *fifo, struct fifo *from)
{
    if (!from->first)
        return;
    if (fifo->last)
        fifo->last->next = from->first;
    else
        fifo->first = from->first;
    fifo->last = from->last;
    fifo->count += from->count;
    *from = (struct fifo){0};
}

void *fifo_pop(struct fifo *fifo, size_t link_offset)
{
    struct fifo_link *link = fifo->first;
    if (!link)
        return NULL;
    fifo->first = link->next;
    if (!fifo->first)
        fifo->last = NULL;
    fifo->count--;
    link->next = NULL;
    return (char *)link - link_offset;
}
