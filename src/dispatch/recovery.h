/* recovery: how a provider lets a create in doubt be resolved, as the facts that task and reconcile decide
 * by.
 *
 * The only reader of provider.recovery. Thread: any; constant.
 */
#ifndef KYC_DISPATCH_RECOVERY_H
#define KYC_DISPATCH_RECOVERY_H

#include <stdbool.h>

#include "provider/provider.h"

struct recovery {
    /* A create in doubt is sent again: the provider recognizes it and returns the user that it made. */
    bool repeats;
    /* It recognizes it by an idempotency key that it remembers for some time. Later, or for a row that has
     * changed since, its users are looked up by e-mail first. No hit proves nothing (the first create may
     * still be carried out): the create is then sent again under its key. */
    bool looks_up;
    /* It recognizes nothing: a create in doubt is never sent again before one listing of all users has been
     * compared. A complete listing proves that a user does not exist. */
    bool lists;
};

const struct recovery *recovery_of(const struct provider *provider);

#endif
