/* webhook_url: the URL of a webhook, `https://HOST[:PORT][/PATH][?QUERY]`, and whether it may be used.
 *
 * As base_url.h, but with a query: many services have their token there or in the path, so a URL is shown by
 * its origin alone. Thread: any; pure.
 */
#ifndef KYC_CORE_WEBHOOK_URL_H
#define KYC_CORE_WEBHOOK_URL_H

#include "core/base_url.h"
#include "core/slice.h"

/* Parses url; the query is in no part. NULL, or what is wrong with it as the rest of a sentence that begins
 * with the setting's name (`must begin with https://`), a constant text without a part of the URL. */
const char *webhook_url_parse(struct slice url, struct base_url *parts);

#endif
