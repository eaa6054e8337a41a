/* request: what the APIs share to handle a request that carries JSON.
 *
 * Thread: as struct api's handle.
 */
#ifndef KYC_SANDBOX_REQUEST_H
#define KYC_SANDBOX_REQUEST_H

#include <stdbool.h>

#include "core/json.h"
#include "core/slice.h"

struct exchange;
struct schema;
struct schema_faults;
struct user;
struct workspace;

/* Adds the faults of a body that its schema cannot express. */
typedef void request_more(const struct exchange *exchange, const struct json_node *nodes,
                          struct schema_faults *faults);

/* The body's nodes, in workspace->reader; NULL: it is not JSON (415 or 400, answered). */
const struct json_node *request_read(struct exchange *exchange, struct workspace *workspace);

/* Checks the body, as a create or as an update. False: answered 400 when a member is missing, unknown or of
 * the wrong kind, 422 when only values are wrong; the faults are listed in the API's own format. */
bool request_check(struct exchange *exchange, const struct schema *members, const struct json_node *nodes,
                   bool update);

/* The same of another request than a create or update; check_more adds what the schema cannot express, if
 * that has no fault. NULL: nothing. */
bool request_check_more(struct exchange *exchange, const struct schema *members,
                        const struct json_node *nodes, request_more *check_more);

/* The text of a top-level member that is a string; else empty. */
struct slice request_text(const struct json_node *nodes, const char *member);

/* Merges the request, read by request_read and checked, into the user, except its member left_out (empty:
 * all of it). With the server state's lock held. False: answered 500. */
bool request_update(struct exchange *exchange, struct workspace *workspace, const struct json_node *nodes,
                    struct user *user, struct slice left_out);

/* Adds a user with the request's body. With the server state's lock held. NULL: answered 500. */
struct user *request_add_user(struct exchange *exchange, struct slice id, struct slice external_id,
                              struct slice email);

/* With the server state's lock held. Makes a link of a user: its number is standing.links less one. False:
 * answered 500. */
bool request_add_link(struct exchange *exchange, struct user *user);

/* With the lock held. True unless the user is verified, which needs no link; then the request was refused
 * with 422 in the API's own format. */
bool request_needs_link(struct exchange *exchange, struct user *user);

#endif
