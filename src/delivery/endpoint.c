#include "delivery/endpoint.h"

#include <stdlib.h>

#include <curl/curl.h>

#include "core/base_url.h"
#include "core/clock.h"
#include "core/loopback.h"
#include "core/memory.h"
#include "delivery/ca_bundle.h"

/* A connection that takes longer is not waited for, so that a dead address costs less than a slow reply. */
enum { CONNECT_MAX_MS = 10000 };

/* libcurl names an IPv6 address without its brackets. */
static struct slice without_brackets(struct slice host)
{
    bool has_brackets = host.len > 2 && host.data[0] == '[';
    return has_brackets ? slice_make(host.data + 1, host.len - 2) : host;
}

int endpoint_init(struct endpoint *endpoint, const struct job *job, const struct provider *provider,
                  struct error *error)
{
    struct base_url url;
    const char *fault = base_url_parse(provider_base_url(provider, job), &url);
    bool is_loopback = loopback_is_host(url.host);
    uint64_t timeout_ms = job->delivery.timeout_ns / CLOCK_NS_PER_MS;
    *endpoint = (struct endpoint){
        .job = job,
        .provider = provider,
        .origin = memory_copy(url.origin),
        .base_path = memory_copy(url.path),
        .host = without_brackets(url.host),
        .proxy = job->provider.proxy && !is_loopback ? job->provider.proxy : "",
        .timeout_ms = timeout_ms > 0 ? (long)timeout_ms : 1,
    };
    endpoint->connect_ms = endpoint->timeout_ms < CONNECT_MAX_MS ? endpoint->timeout_ms : CONNECT_MAX_MS;
    endpoint->share = curl_share_init();
    if (!endpoint->share ||
        curl_share_setopt(endpoint->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
        memory_out();
    sockets_init(&endpoint->sockets);

    int failed = 0;
    if (fault)
        failed = job_fail(job, job->provider.base_url_place, error, "provider.base_url %s", fault);
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
