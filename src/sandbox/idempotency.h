/* idempotency: which idempotency keys were used, with which bytes, and for which user.
 *
 * Only a create that made a user is remembered: what was refused may be sent again, changed, under its key.
 * Thread: one at a time. Owner: init/clear; an entry stays where it is.
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
    bool in_hand;                      /* a request with it is being worked on */
    struct user *user;                 /* NULL: it made none yet */
    uint8_t digest[DIGEST_SHA256_LEN]; /* of the body that made the user */
    uint64_t at_ns;                    /* when, real time */
};

struct idempotency {
    struct arena arena;
    struct hash_table *index;
    struct idempotency_entry **all;
    size_t count, capacity;
};

void idempotency_init(struct idempotency *idempotency);
void idempotency_clear(struct idempotency *idempotency);

/* The entry of a key, made when missing. */
struct idempotency_entry *idempotency_at(struct idempotency *idempotency, struct slice key);

#endif
