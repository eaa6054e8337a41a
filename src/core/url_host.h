/* url_host: whether a text is a host as it is written in a URL. Nothing is looked up. Thread: any; pure. */
#ifndef KYC_CORE_URL_HOST_H
#define KYC_CORE_URL_HOST_H

#include <stdbool.h>

#include "core/slice.h"

/* A name, or an IPv4 address: 1 to 253 bytes (RFC 1035) of those that need no percent-encoding (RFC
 * 3986, 2.3). */
bool url_host_is_name(struct slice host);
/* An IPv6 address in its brackets: `[::1]`. */
bool url_host_is_ipv6(struct slice host);

#endif
