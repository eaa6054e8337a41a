#include "delivery/route.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/trust.h"

/* A connection that takes longer is not waited for, so that a dead address costs less than a slow answer. */
enum { CONNECT_MAX_MS = 10000 };

static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* The host of a URL for curl_free, or NULL. */
static char *host_of(const char *url)
{
    char *host = NULL;
    CURLU *parts = curl_url();
    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
        (void)curl_url_get(parts, CURLUPART_HOST, &host, 0);
    curl_url_cleanup(parts);
    return host;
}

int route_init(struct route *route, const struct job *job, const struct provider *provider,
               struct error *error)
{
    struct slice base_url = provider_base_url(provider, job);
    struct slice base_path = provider_base_path(base_url);
    uint64_t timeout_ms = job->delivery.timeout_ns / CLOCK_NS_PER_MS;
    *route = (struct route){
        .job = job,
        .provider = provider,
        .origin = memory_copy(slice_make(base_url.data, base_url.len - base_path.len)),
        .base_path = memory_copy(base_path),
        .proxy = "",
        .timeout_ms = timeout_ms > 0 ? (long)timeout_ms : 1,
    };
    route->connect_ms = route->timeout_ms < CONNECT_MAX_MS ? route->timeout_ms : CONNECT_MAX_MS;
    route->share = curl_share_init();
    if (!route->share ||
        curl_share_setopt(route->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
        memory_out();
    sockets_init(&route->sockets);

    char *host = host_of(route->origin);
    int failed = 0;
    if (!host) {
        failed = job_fail(job, job->provider.base_url_place, error, "provider.base_url is not a URL: %s",
                          route->origin);
    } else if (job->provider.proxy && !is_loopback(host)) {
        route->proxy = job->provider.proxy;
    }
    curl_free(host);
    if (!failed)
        failed = trust_open(&route->trust, job->provider.ca_file, error);
    if (failed)
        route_clear(route);
    return failed;
}

void route_clear(struct route *route)
{
    free(route->origin);
    free(route->base_path);
    trust_close(&route->trust);
    curl_share_cleanup(route->share);
    sockets_clear(&route->sockets);
    *route = (struct route){0};
}
