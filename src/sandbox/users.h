/* users: the users that one API has, found by id, external id or e-mail.
 *
 * Users that were removed are not found any more; a struct user stays where it is, and only its counters and
 * flags are the caller's to change. Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_SANDBOX_USERS_H
#define KYC_SANDBOX_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/hash_table.h"
#include "core/slice.h"

enum { USERS_EMAIL_MAX = 320 }; /* bytes: 64 + 1 + 255, RFC 5321 */

struct user {
    struct slice id, external_id, email;
    struct slice body; /* the JSON that made it, as it was sent but on one line; updates are merged into it */
    uint64_t created_ns;       /* real time */
    unsigned creates, updates; /* requests that were answered with it; repeated creates outlive no restart */
    bool removed;              /* gone for who asks; its body and its place stay */
    bool verified;             /* takes no update any more */
    bool answer_lost;          /* whoever made it was never told: a fault took the answer */
};

struct users {
    struct arena arena;
    struct user **all; /* in the order of their creation */
    size_t count, capacity;
    struct hash_table *by_id, *by_external_id, *by_email, *customers;
    uint64_t duplicates; /* customers (by external id, else by e-mail) that own more than one user */
};

void users_init(struct users *users);
void users_clear(struct users *users);

/* The first user of that id, external id or e-mail (ASCII case aside); NULL when there is none. */
struct user *users_by_id(struct users *users, struct slice id);
struct user *users_by_external_id(struct users *users, struct slice external_id);
struct user *users_by_email(struct users *users, struct slice email);

/* Adds a copy. external_id may be empty, email is at most USERS_EMAIL_MAX bytes. */
struct user *users_add(struct users *users, struct user user);
/* Gives the user another body and e-mail, copied, and counts an update. The e-mail is not found by
 * users_by_email when it is new. */
void users_update(struct users *users, struct user *user, struct slice email, struct slice body);

/* Appends `{"external_id":…,"id":…,"email":…,"creates":…,"updates":…,"body":…}` and a newline; with api, for
 * the state, `"api"` and `"at"` in place of the counters. */
void users_write_line(struct buffer *out, const char *api, const struct user *user);

#endif
