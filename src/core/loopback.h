/* loopback: whether a host is this machine itself: plain http:// is allowed to it, and a proxy is not used.
 *
 * A name is not looked up: only `localhost` and addresses count. Thread: any; pure.
 */
#ifndef KYC_CORE_LOOPBACK_H
#define KYC_CORE_LOOPBACK_H

#include <stdbool.h>

#include "core/slice.h"

/* True for `localhost` in any case, `[::1]`, and 127.0.0.0/8 written as four decimal numbers. */
bool loopback_is_host(struct slice host);

#endif
