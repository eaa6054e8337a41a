/* rest_requests: the requests of a users collection as REST has it: POST PATH, PATCH PATH/ID, GET PATH/ID.
 *
 * What payward and kraken-embed share. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_REST_REQUESTS_H
#define KYC_PROVIDER_REST_REQUESTS_H

#include "provider/provider.h"

/* Builds a CREATE, UPDATE or FETCH; path: of the collection, without a trailing slash. The ids of users are
 * percent-encoded. */
void rest_requests_build(const char *path, const struct provider_fields *fields,
                         const struct provider_call *call, struct provider_request *request);

/* Reads who a user is, from the reply to a FETCH: its id and the external id, which at these providers is
 * the proof by itself; no value. False when there is none. */
bool rest_requests_read_user(const struct provider_fields *fields, const struct json_node *nodes,
                             struct arena *arena, struct provider_user *user);

#endif
