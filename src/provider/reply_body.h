/* reply_body: the body of a provider's reply, read leniently.
 *
 * An error may be `error`, `errors`, `message`, `code`, `error_code` or `details`, each a string, an object
 * or an array of either; a body that is not JSON, or has none of these, is its own message. Nothing here is
 * scrubbed yet. Thread: one at a time. Owner: read/clear.
 */
#ifndef KYC_PROVIDER_REPLY_BODY_H
#define KYC_PROVIDER_REPLY_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buffer.h"
#include "core/json.h"
#include "core/slice.h"

struct reply_body {
    struct json_reader *reader;
    const struct json_node *nodes; /* NULL: not JSON */
    size_t node_count;
    bool has_error;     /* a non-empty `error` or `errors` */
    struct slice code;  /* the provider's error code, a single word; or empty */
    struct buffer text; /* all texts of the error, `; ` between the parts */
};

/* Borrows text until reply_body_clear. */
void reply_body_read(struct reply_body *body, struct slice text);
void reply_body_clear(struct reply_body *body);

/* Members in which a provider may wrap what a reply is about. */
enum { REPLY_BODY_WRAPPERS = 3 };
extern const char *const reply_body_wrappers[REPLY_BODY_WRAPPERS];

/* The member of this name: at the top, else in the first wrapper that has it. 0: there is none. */
size_t reply_body_find_member(const struct json_node *nodes, const char *name);

/* True for null, false, an empty text, array or object. */
bool reply_body_is_empty(const struct reply_body *body, size_t index);

/* What is at a path of members below nodes[index]; 0: nothing. */
size_t reply_body_find_path(const struct json_node *nodes, size_t index, const char *path);
/* A string or number at a path of members, `data.id`; empty when there is none. */
struct slice reply_body_value(const struct reply_body *body, const char *path);
/* The first of these paths (NULL ends them) whose value has min to max bytes; empty when none has. */
struct slice reply_body_first(const struct reply_body *body, const char *const *paths, size_t min,
                              size_t max);

/* The member that the error's details name, as the provider's path (`address_country`,
 * `identifying_information[0].number`): the first `path` of `details`; of an array its first name. Empty when
 * there is none. */
struct slice reply_body_field_path(const struct reply_body *body);

/* The `warnings` of a success: an array, an object, or one text; below `data`, `result` or `user` where it is
 * not at the top. 0: there is none, or it is empty. */
size_t reply_body_warnings(const struct reply_body *body);
/* All texts below nodes[index] into out, `; ` between the parts, as reply_body.text is made. */
void reply_body_texts(const struct reply_body *body, size_t index, struct buffer *out);

/* Adds a part to such a text: `label: text`. */
void reply_body_add_text(struct buffer *out, struct slice label, struct slice text);

/* True for an object with an error under `error`, `errors`, `code` or `error_code`: more than the `message`
 * alone, or the page, that anything between us and the provider may answer. */
bool reply_body_names_error(const struct reply_body *body);

/* True when the reply is the object {"message": message} and nothing else: a gateway's own words. */
bool reply_body_is_message(const struct reply_body *body, const char *message);

/* True when the error text holds phrase, ASCII case aside. */
bool reply_body_mentions(const struct reply_body *body, const char *phrase);

#endif
