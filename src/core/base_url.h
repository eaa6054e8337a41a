/* base_url: the parts of an API's base URL, `https://HOST[:PORT][/PATH]`, and whether it may be used.
 *
 * The URL must be https://, or http:// to loopback: customers' data never leaves the machine in the clear.
 * User info, a query and a fragment are refused, and so are empty, `.` and `..` segments of the path: they
 * would be resolved on the way, and the signature would cover another path. Thread: any; pure.
 */
#ifndef KYC_CORE_BASE_URL_H
#define KYC_CORE_BASE_URL_H

#include <stdbool.h>

#include "core/slice.h"

enum { BASE_URL_PATH_MAX = 256 }; /* bytes; with an API's longest path and query it fits a request line */

/* Slices of the URL that was parsed. */
struct base_url {
    struct slice origin; /* `https://host:port` */
    struct slice host;   /* without the port; an IPv6 address has its brackets */
    struct slice path;   /* `/sandbox`, without a trailing slash; or empty */
    bool is_http;        /* without TLS, which loopback alone may be */
};

/* Parses url. NULL, or what is wrong with it as the rest of a sentence that begins with the setting's name
 * (`must begin with https://`), a constant text; then all parts are empty and is_http is false. */
const char *base_url_parse(struct slice url, struct base_url *parts);

#endif
