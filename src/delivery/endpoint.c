#include "delivery/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/ca_bundle.h"

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

int endpoint_init(struct endpoint *endpoint, const struct job *job, const struct provider *provider,
                  struct error *error)
{
    struct slice base_url = provider_base_url(provider, job);
    struct slice base_path = provider_base_path(base_url);
    uint64_t timeout_ms = job->delivery.timeout_ns / CLOCK_NS_PER_MS;
    *endpoint = (struct endpoint){
        .job = job,
        .provider = provider,
        .origin = memory_copy(slice_make(base_url.data, base_url.len - base_path.len)),
        .base_path = memory_copy(base_path),
        .proxy = "",
        .timeout_ms = timeout_ms > 0 ? (long)timeout_ms : 1,
    };
    endpoint->connect_ms = endpoint->timeout_ms < CONNECT_MAX_MS ? endpoint->timeout_ms : CONNECT_MAX_MS;
    endpoint->share = curl_share_init();
    if (!endpoint->share ||
        curl_share_setopt(endpoint->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
        memory_out();
    sockets_init(&endpoint->sockets);

    char *host = host_of(endpoint->origin);
    int failed = 0;
    if (!host) {
        failed = job_fail(job, job->provider.base_url_place, error, "provider.base_url is not a URL: %s",
                          endpoint->origin);
    } else if (job->provider.proxy && !is_loopback(host)) {
        endpoint->proxy = job->provider.proxy;
    }
    curl_free(host);
    if (!failed)
        failed = ca_bundle_open(&endpoint->ca_bundle, job->provider.ca_file, error);
    if (failed)
        endpoint_clear(endpoint);
    return failed;
}

void endpoint_clear(struct endpoint *endpoint)
{
    free(endpoint->origin);
    free(endpoint->base_path);
    ca_bundle_close(&endpoint->ca_bundle);
    curl_share_cleanup(endpoint->share);
    sockets_clear(&endpoint->sockets);
    *endpoint = (struct endpoint){0};
}
