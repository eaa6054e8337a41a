/* remote_user: one user as a provider returns it, with values in our normal form.
 *
 * Look-ups and listings are compared with the ledger's digests, so a value must be written exactly as the
 * rules write it. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_REMOTE_USER_H
#define KYC_PROVIDER_REMOTE_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/json.h"
#include "provider/provider.h"

/* Finds the array of users in a reply: the reply itself, or its member `users`, `data`, `items` or
 * `results`, or one of these inside of `data`. */
bool remote_user_find_list(const struct json_node *nodes, size_t *index);

/* What a reply states about its list of users. */
struct remote_user_list_claim {
    bool more;      /* that there is more: has_more, next, and the like */
    uint64_t total; /* how many users there are; 0: not stated */
    uint64_t pages; /* how many pages; 0: not stated */
};

/* Reads it from the members around the list nodes[list], at any depth and under the names that APIs have for
 * them (has_more, hasNextPage, next, next_cursor, total, total_count, total_pages, …). A list is whole only
 * when it does not go on, has as many users as there are, and was read to the last page: otherwise a provider
 * that begins to page would go unnoticed. */
void remote_user_list_read_claim(const struct json_node *nodes, size_t list,
                                 struct remote_user_list_claim *claim);

/* Begins a user with the id of the object nodes[*index], or of its member `user` or `data`, to which *index
 * then moves; every value is absent. False when there is no id, or none that is one (user_id_is_valid). */
bool remote_user_begin(const struct json_node *nodes, size_t *index, struct arena *arena,
                       struct provider_user *user);

/* The external id of the user nodes[index], from the place that the request has it in; of several the last
 * (metadata); empty: it is not given, or the provider has no place for it. */
struct slice remote_user_external_id(const struct provider_fields *fields, const struct json_node *nodes,
                                     size_t index);

/* Who a user is, as a reply to a FETCH or an element of a listing states it at any provider: its id, and
 * the external id that it was given, empty when the reply has none. False when there is no id. */
bool remote_user_identity(const struct provider_fields *fields, const struct json_node *nodes,
                          struct slice *id, struct slice *external_id);

/* Whether two ids are the same user's: one may be written in groups, and in another case. */
bool remote_user_is_same_id(struct slice id, struct slice other);

/* The customer of a request; a reply that contradicts it answers another request. */
struct remote_user_expected {
    const struct provider_fields *fields; /* without a member for the external id, it is not sent */
    const struct record *record;
    const char *user_id;    /* of an UPDATE; else NULL */
    const char *former_key; /* an external id that is right beside the record's; NULL: none */
    bool has_email;         /* the request carries it */
};

/* Whether a success names another customer than the request: another user id, another external id, or,
 * where it names neither of a user to update, another e-mail (ASCII case aside). A member that is missing is
 * no contradiction. The members are looked for where replies have a user: on top, in `data`, `result`,
 * `user`. */
bool remote_user_is_other(const struct json_node *nodes, const struct remote_user_expected *expected);

/* Reads one value as a reply has it: a text (normal form C, blanks folded), an e-mail (its domain in lower
 * case), a date (YYYY-MM-DD, a midnight behind it cut off; with day_first also DD/MM/YYYY). It stays absent
 * when the text is empty or unreadable. */
void remote_user_read_value(enum field_id field, struct slice text, bool day_first, struct arena *arena,
                            struct value *value);

/* Reads the values that identify a person or company (field_identity) from the user nodes[index], each from
 * the place that the request has it in: a text (normal form C, blanks folded), an e-mail (its domain in lower
 * case), a date (YYYY-MM-DD, a midnight behind it cut off; with day_first also DD/MM/YYYY). What is missing,
 * null, empty or unreadable, and a date with another time of day, which may mean the day before or after,
 * leave the value absent. */
void remote_user_read_values(const struct provider_fields *fields, const struct json_node *nodes,
                             size_t index, bool day_first, struct arena *arena, struct provider_user *user);

/* Fills in the values that are absent with the texts that the user nodes[index] (or what it wraps: `data`,
 * `result`, `user`) has where requests and replies have them: to mask what the provider states about it.
 * values: [field_count()]. */
void remote_user_read_texts(const struct provider_fields *fields, const struct json_node *nodes, size_t index,
                            struct arena *arena, struct value *values);

#endif
