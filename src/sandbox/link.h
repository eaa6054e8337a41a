/* link: the verification links that the sandbox makes: https://verify.example/API/UUID.
 *
 * Nothing is served there: POST /_sandbox/visit does what a customer's visit would. Thread: any for
 * link_text; the rest as users.
 */
#ifndef KYC_SANDBOX_LINK_H
#define KYC_SANDBOX_LINK_H

#include "core/slice.h"

struct user;
struct users;

enum { LINK_SIZE = 96 };

/* Writes the link of a user by its number, from 0, and returns it. */
struct slice link_text(char out[LINK_SIZE], const char *api, struct slice user_id, unsigned number);

/* Makes the links up to standing.links known to users_by_link; from: the number of the first. */
void link_index(struct users *users, const char *api, struct user *user, unsigned from);

#endif
