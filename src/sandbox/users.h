/* users: the users of one API, found by id, external id or e-mail.
 *
 * Removed users are no longer found by id; a struct user keeps its address, and the caller may change only
 * its counters and flags. Thread: one at a time. Owner: init/clear.
 */
#ifndef KYC_SANDBOX_USERS_H
#define KYC_SANDBOX_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/digest.h"
#include "core/hash_table.h"
#include "core/slice.h"
#include "sandbox/standing.h"

enum { USERS_EMAIL_MAX = 320 }; /* bytes: 64 + 1 + 255, RFC 5321 */

struct user {
    struct slice id, external_id, email;
    struct slice body;   /* the JSON of its create, as sent but on one line; updates are merged into it */
    uint64_t created_ns; /* real time */
    unsigned creates, updates; /* requests answered with it; repeated creates are not kept over a restart */
    bool removed;              /* hidden from the API; its body and its row stay */
    bool answer_lost; /* a fault was applied to its create: the client may not have seen the answer */
    struct standing standing;
};

struct users {
    struct arena arena;
    struct user **all; /* in the order of their creation */
    size_t count, capacity;
    struct hash_table *by_id, *by_external_id, *by_email, *by_link, *customers, *documents;
    uint64_t duplicates; /* customers (by external id, else by e-mail) with more than one user */
};

void users_init(struct users *users);
void users_clear(struct users *users);

/* The first user of that id, external id or e-mail (ASCII case aside); NULL: none. */
struct user *users_by_id(struct users *users, struct slice id);
struct user *users_by_external_id(struct users *users, struct slice external_id);
struct user *users_by_email(struct users *users, struct slice email);
/* The user of a verification link. */
struct user *users_by_link(struct users *users, struct slice link);

/* Adds a copy. external_id may be empty, email is at most USERS_EMAIL_MAX bytes. */
struct user *users_add(struct users *users, struct user user);
/* Replaces the user's body and e-mail, copied, and counts an update. users_by_email does not find a new
 * e-mail. */
void users_update(struct users *users, struct user *user, struct slice email, struct slice body);

void users_add_link(struct users *users, struct user *user, struct slice link);
/* Counts a document of the user: a duplicate when it had one of the same content before. */
void users_add_document(struct users *users, struct user *user, const uint8_t digest[DIGEST_SHA256_LEN]);

/* Appends `{"external_id":…,"id":…,"email":…,"creates":…,"updates":…,"state":…,
 * "links":…,"documents":…,"body":…}` and a newline; with api, for the state file, `"api"` and `"at"` in place
 * of state and counters. */
void users_write_line(struct buffer *out, const char *api, struct user *user);

#endif
