/* curl_setup: what every use of libcurl in this program shares: its memory, its errors, and which
 * certificates it trusts.
 *
 * Thread: any; a handle belongs to one thread.
 */
#ifndef KYC_DELIVERY_CURL_SETUP_H
#define KYC_DELIVERY_CURL_SETUP_H

#include <curl/curl.h>

#include "delivery/ca_bundle.h"

/* Before the first handle; more than once does no harm. libcurl's copies of headers and bodies are
 * overwritten when it frees them. */
void curl_setup_begin(void);

/* A failure other than out of memory is our bug, or libcurl was built without the option. */
void curl_setup_check(CURLcode code);
#define curl_setup_set(easy, option, value) curl_setup_check(curl_easy_setopt((easy), (option), (value)))

/* TLS 1.2 or later, whose certificate and name are verified against the bundle, which the caller keeps. */
void curl_setup_trust(CURL *easy, const struct ca_bundle *bundle);

#endif
