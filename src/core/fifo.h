/* fifo: an intrusive list, first in, first out. A zeroed one is empty.
 *
 * The link is a member of what is listed, so nothing is allocated and appending cannot fail. An item is in at
 * most one list at a time for each link that it has. Thread: one at a time. Owner: never owns its items.
 */
#ifndef KYC_CORE_FIFO_H
#define KYC_CORE_FIFO_H

#include <stddef.h>

struct fifo_link {
    struct fifo_link *next; /* NULL: the last, or in no list */
};

struct fifo {
    struct fifo_link *first, *last; /* NULL when it is empty */
    size_t count;
};

void fifo_append(struct fifo *fifo, struct fifo_link *link);
/* Puts link before the first: it is the next to be popped. */
void fifo_prepend(struct fifo *fifo, struct fifo_link *link);
/* Moves all of from behind the last of fifo; from is empty then. */
void fifo_append_all(struct fifo *fifo, struct fifo *from);

/* Removes the first: the item whose link is link_offset bytes into it, or NULL when the list is empty. */
void *fifo_pop(struct fifo *fifo, size_t link_offset);
/* The same for a type whose link is its member `link`. */
#define FIFO_POP(fifo, type) ((type *)fifo_pop((fifo), offsetof(type, link)))

#endif
