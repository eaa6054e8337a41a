/* request: what the APIs have in common when they work on a request that carries JSON.
 *
 * Thread: as struct api's work.
 */
#ifndef KYC_SANDBOX_REQUEST_H
#define KYC_SANDBOX_REQUEST_H

#include <stdbool.h>

#include "core/json.h"
#include "core/slice.h"

struct exchange;
struct schema;
struct user;
struct workspace;

/* The body's nodes, of workspace->reader; NULL: it is not JSON (415 or 400, answered). */
const struct json_node *request_read(struct exchange *exchange, struct workspace *workspace);

/* Checks the body, as a create or as an update. False: answered 400 when a member is missing, unknown or of
 * the wrong kind, 422 when only values are wrong; the faults stand in the API's own envelope. */
bool request_check(struct exchange *exchange, const struct schema *members, const struct json_node *nodes,
                   bool update);

/* The text of a top-level member that is a string; else empty. */
struct slice request_text(const struct json_node *nodes, const char *member);

/* Merges the request, read by request_read and checked, into the user, but for its member left_out (empty:
 * all of it). With the world's lock held. False: answered 500. */
bool request_update(struct exchange *exchange, struct workspace *workspace, const struct json_node *nodes,
                    struct user *user, struct slice left_out);

/* Adds a user with the request's body. With the world's lock held. NULL: answered 500. */
struct user *request_add_user(struct exchange *exchange, struct slice id, struct slice external_id,
                              struct slice email);

/* A member of an answer. */
void request_write_member(struct json_writer *writer, const char *key, struct slice text);

#endif
