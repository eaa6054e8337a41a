/* user_stream: reads one listing of all users, one user at a time, and which of them the ledger has.
 *
 * The one reader of listings, for reconcile, audit and refresh. A listing is one reply, which is read as a
 * stream, or (provider.list_page) a series of pages:
 *
 *   attach --delivery, OUTCOME_DONE--> is_whole --next_page: true--> attach (the next page) …
 *                                               --next_page: false--> has_all, is_certain
 *
 * Users who come or go meanwhile shift the pages behind them. So each page begins with the last user of the
 * page before: as long as that user is in it, none was passed over. Otherwise the listing does not have all.
 * Pages may be shorter than asked for: where no total is announced, the last one is the one without news.
 * Memory: 16 to 32 bytes for each user of the ledger, and one user of the listing, or one page. Thread:
 * between the submission of the listing's delivery and its return the sender's; at any other time, and for
 * pages, the ledger's. Owner: new/free.
 */
#ifndef KYC_DISPATCH_USER_STREAM_H
#define KYC_DISPATCH_USER_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/json.h"
#include "core/slice.h"
#include "delivery/sender.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

enum {
    USER_STREAM_USER_MAX = 1024 * 1024, /* bytes of one user */
    USER_STREAM_PAGE_MAX = 16 * 1024 * 1024,
};

/* What happens with a listing; on the sender's thread, but of pages in user_stream_is_whole. */
struct user_stream_handler {
    /* A listing begins, perhaps again: forget what an earlier one showed. */
    void (*begin)(void *context);
    /* One user that could be read; valid during the call. nodes[0] is all that the listing has of it. A
     * listing may show one twice. is_known: the ledger has it. */
    void (*add)(void *context, const struct provider_user *user, const struct json_node *nodes,
                bool is_known);
    void *context;
};

struct user_stream;

/* Borrows job and provider; copies the handler. */
struct user_stream *user_stream_new(const struct job *job, const struct provider *provider,
                                    const struct user_stream_handler *handler);
/* NULL is allowed. */
void user_stream_free(struct user_stream *stream);

/* Reads every user_id of the ledger anew. 0, or -1 with ERROR_LEDGER. */
int user_stream_prepare(struct user_stream *stream, struct ledger *ledger, struct error *error);

/* Sets operation, offset and sink of the delivery that is to be submitted. */
void user_stream_attach(struct user_stream *stream, struct delivery *delivery);

/* After OUTCOME_DONE: the whole list, or page, was read. False: no usable answer. */
bool user_stream_is_whole(struct user_stream *stream);
/* Once it is whole: turns to the next page; false: the listing has ended. */
bool user_stream_next_page(struct user_stream *stream, const struct delivery *delivery);
/* Once it is whole: true if the listing announces no further users, in its members or its headers
 * (delivery.list). */
bool user_stream_has_all(struct user_stream *stream, const struct delivery *delivery);
/* True if it was whole, had all, had every user of the ledger that the provider has not deleted, and each of
 * its users could be read. Only then does a missing user not exist. */
bool user_stream_is_certain(struct user_stream *stream, const struct delivery *delivery);
/* True if the listing had this user of the ledger. */
bool user_stream_has(const struct user_stream *stream, struct slice user_id);
/* Elements of the listing that are not a user with a valid id. */
uint64_t user_stream_unreadable(const struct user_stream *stream);

#endif
