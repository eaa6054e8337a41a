/* idempotency: the idempotency keys that were used, with the request's digest and the user of each.
 *
 * Only a request that made a user or a link is stored: a refused one may be sent again, corrected, under the
 * same key. Thread: one at a time. Owner: init/clear; an entry keeps its address.
 */
#ifndef KYC_SANDBOX_IDEMPOTENCY_H
#define KYC_SANDBOX_IDEMPOTENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/digest.h"
#include "core/hash_table.h"
#include "core/slice.h"

struct user;

enum { IDEMPOTENCY_KEY_MAX = 255 };

struct idempotency_entry {
    struct slice key;
    bool locked;                       /* a request with it is being handled */
    struct user *user;                 /* NULL: it has created nothing yet */
    uint32_t link;                     /* of a link that was made: its number and one; 0: a create of user */
    uint8_t digest[DIGEST_SHA256_LEN]; /* of the request */
    uint64_t created_ns;               /* of the user or the link, real time */
};

struct idempotency {
    struct arena arena;
    struct hash_table *index;
    struct idempotency_entry **all;
    size_t count, capacity;
};

void idempotency_init(struct idempotency *idempotency);
void idempotency_clear(struct idempotency *idempotency);

/* The entry of a key, created if missing. */
struct idempotency_entry *idempotency_ensure(struct idempotency *idempotency, struct slice key);

#endif
