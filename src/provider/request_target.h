/* request_target: the request line of a call, its base path kept, ids and addresses percent-encoded.
 *
 * The target that is written here is signed, and is on the request line. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_REQUEST_TARGET_H
#define KYC_PROVIDER_REQUEST_TARGET_H

#include "core/slice.h"
#include "provider/provider.h"

/* Sets the method and begins the target with the call's base path and path; the body is emptied. method:
 * constant. */
void request_target_begin(const struct provider_call *call, const char *method, const char *path,
                          struct provider_request *request);
/* Appends text as it is. */
void request_target_add(struct provider_request *request, const char *text);
/* Appends text with all but the unreserved characters (RFC 3986, 2.3) as %XX, so that a blank, a slash or a
 * question mark of an id stays within its segment. */
void request_target_add_encoded(struct provider_request *request, struct slice text);

#endif
