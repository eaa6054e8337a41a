/* share_table: who may use how much of a rate, and which keys, by the rules of model/rate_share.h. Pure.
 *
 * The state of one account on one machine: share_file stores it as it is, so it has no pointers, and one
 * size. The functions of the schema kyc_shared (ledger/postgres/store_share.c) follow the same rules; the two
 * are compared with each other by tests/scale/share_equal.t. Times: clock_boot_ns. Thread: one at a time.
 */
#ifndef KYC_DELIVERY_SHARE_TABLE_H
#define KYC_DELIVERY_SHARE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/rate_share.h"

enum { SHARE_TABLE_HOLDERS_MAX = 64, SHARE_TABLE_GHOSTS_MAX = 256, SHARE_TABLE_KEYS_MAX = 64 };

/* A job's process. It has a share, wants keys, or both. */
struct share_table_holder {
    char name[RATE_SHARE_HOLDER_SIZE]; /* "": a free row */
    uint32_t total, granted;           /* the rate as it knows it; what of it counts as used */
    uint64_t until_ns;                 /* of its share; 0: it has none */
    uint64_t wants_until_ns;           /* of its wish for the keys that have its bit; 0: none */
};

/* A part of the rate that nobody may use yet. */
struct share_table_ghost {
    uint32_t count;
    uint64_t free_ns;
};

struct share_table_key {
    char key_id[RATE_SHARE_KEY_SIZE];    /* "": a free row */
    char holder[RATE_SHARE_HOLDER_SIZE]; /* "": nobody */
    bool may_be_held;                    /* by a holder that this table does not know, until until_ns */
    uint64_t floor, until_ns;
    uint64_t wanted_by; /* bit i: holders[i] */
};

struct share_table {
    uint64_t window_ns; /* 0: a new table */
    uint64_t open_ns;   /* before, nobody gets more than it uses: leases may run that it does not know */
    uint64_t held_until_ns, throttles, may_throttle_ns;
    struct share_table_holder holders[SHARE_TABLE_HOLDERS_MAX];
    struct share_table_ghost ghosts[SHARE_TABLE_GHOSTS_MAX];
    uint32_t ghost_count;
    struct share_table_key keys[SHARE_TABLE_KEYS_MAX];
};

/* An empty table, which may lack leases that run: it gives nothing until they have ended. */
void share_table_init(struct share_table *table);

/* Renews the lease of a holder's share. The lease ends limit->ttl_ns after now_ns here; for the holder, after
 * the time before it asked. False: the table has another window, *window_ns, of jobs that run. */
bool share_table_renew(struct share_table *table, uint64_t now_ns, const char *holder,
                       const struct rate_share_limit *limit, const struct rate_share_report *report,
                       struct rate_share_answer *answer, uint64_t *window_ns);

/* Renews the leases of the keys that the holder holds, and leases further ones out of keys[], all that it
 * could use (sorted, each once), up to its part of them. What of them is not in held[] it has given back:
 * nothing of it is in flight. answers: [key_count], sorted; returns how many of them are filled in. */
size_t share_table_keys(struct share_table *table, uint64_t now_ns, const char *holder,
                        const struct rate_share_limit *limit, const char *const *keys, size_t key_count,
                        const struct key_share_report *held, size_t held_count,
                        struct key_share_answer *answers);

/* False: the table is full, so that after share_table_renew or _keys the holder or one of the keys has no
 * place in it: neither share nor key was given for it. */
bool share_table_has(struct share_table *table, const char *holder, const char *const *keys,
                     size_t key_count);

/* The holder ends, with nothing in flight: its share is free a window later, its keys at once, with the
 * floors of held[]. */
void share_table_leave(struct share_table *table, uint64_t now_ns, const char *holder,
                       const struct rate_share_limit *limit, const struct key_share_report *held,
                       size_t held_count);

#endif
