/* user: one user as a provider tells of it, its values in the normal form of ours.
 *
 * What a doubt is settled by: look-ups and listings are compared with the ledger's digests, so a value must
 * be written exactly as the rules write it. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_USER_H
#define KYC_PROVIDER_USER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/json.h"
#include "provider/provider.h"

/* Finds the array of users in an answer: the answer itself, or its member `users`, `data`, `items` or
 * `results`, or one of these inside of `data`. */
bool user_find_list(const struct json_node *nodes, size_t *at);

/* Begins a user with the id of the object nodes[*at], or of its member `user` or `data`, to which *at then
 * moves; every value is absent. False when there is no id, or none that is one (provider_is_user_id). */
bool user_begin(const struct json_node *nodes, size_t *at, struct arena *arena, struct provider_user *user);

/* Who a user is, as an answer to a FETCH or an element of a listing tells it at any provider: its id, and the
 * external id that it was given, empty when it is not told. False when there is no id. */
bool user_identity(const struct json_node *nodes, struct slice *id, struct slice *external_id);

/* Takes member of nodes[at] as the value of a text (normal form C, blanks folded), an e-mail (its domain in
 * lower case) or a date (YYYY-MM-DD, a time behind it cut off; with day_first also DD/MM/YYYY). A member that
 * is missing, null, empty or unreadable leaves the value absent. */
void user_take_text(const struct json_node *nodes, size_t at, const char *member, struct arena *arena,
                    struct value *value);
void user_take_email(const struct json_node *nodes, size_t at, const char *member, struct arena *arena,
                     struct value *value);
void user_take_date(const struct json_node *nodes, size_t at, const char *member, bool day_first,
                    struct arena *arena, struct value *value);

#endif
