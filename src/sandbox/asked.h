/* asked: what a request asks of a provider, in the words of the importer's ledger.
 *
 * Thread: any; pure.
 */
#ifndef KYC_SANDBOX_ASKED_H
#define KYC_SANDBOX_ASKED_H

#include "core/slice.h"

struct exchange;

enum asked {
    ASKED_ANY, /* of a fault: all of them; of a request: none of these */
    ASKED_CREATE,
    ASKED_UPDATE,
    ASKED_LOOK_UP, /* users of an e-mail or a time */
    ASKED_FETCH,   /* one user by his id */
    ASKED_LIST,    /* all users */
    ASKED_LOGIN,
    ASKED_KINDS
};

/* `create`, `look_up`, …; `other` for ASKED_ANY. */
const char *asked_word(enum asked asked);
/* ASKED_ANY: there is no such word. */
enum asked asked_find(struct slice word);

/* By the method and path of an exchange that has an API. */
enum asked asked_of(const struct exchange *exchange);

#endif
