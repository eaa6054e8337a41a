#include "delivery/webhook.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/interrupt.h"
#include "core/loopback.h"
#include "core/memory.h"
#include "core/webhook_url.h"
#include "delivery/curl_setup.h"

enum {
    ATTEMPTS_MAX = 3,
    HEADER_MAX = 128 * 1024, /* a secret has at most 64 KiB */
    ANSWER_MAX = 64 * 1024,  /* bytes of a body that are read to keep a connection's end orderly */
    HTTP_TOO_MANY = 429,
    PAUSE_NS = 50 * 1000 * 1000, /* between two looks for a signal */
};

/* One request and its answer. */
struct post {
    CURL *easy;
    const struct interrupt *interrupt;
    size_t body_len; /* of the answer */
    char error_text[CURL_ERROR_SIZE];
};

/* Reads a little, then ends the transfer: the status is known by then.
 * NOLINTNEXTLINE(readability-non-const-parameter): the type of a CURLOPT_WRITEFUNCTION. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    (void)bytes;
    post->body_len += size * count;
    return post->body_len > ANSWER_MAX ? 0 : size * count;
}

/* libcurl asks about once a second while nothing comes. */
static int on_progress(void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct post *post = context;
    (void)down_total, (void)down, (void)up_total, (void)up;
    return interrupt_has_arrived(post->interrupt);
}

static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    if (!longer)
        memory_out();
    return longer;
}

static struct curl_slist *make_headers(const struct webhook *webhook)
{
    struct curl_slist *list = add_header(NULL, "Content-Type: application/json");
    list = add_header(list, "Accept:");
    list = add_header(list, "Expect:");
    if (webhook->token) {
        struct buffer line;
        buffer_init_wiped(&line, HEADER_MAX);
        buffer_printf(&line, "Authorization: Bearer %s", webhook->token);
        list = add_header(list, line.data);
        buffer_clear(&line);
    }
    return list;
}

static void set_request(struct post *post, const struct webhook *webhook, const struct base_url *url,
                        struct slice body, struct curl_slist *headers, uint64_t left_ns)
{
    CURL *easy = post->easy;
    bool uses_proxy = webhook->proxy && !loopback_is_host(url->host);
    long left_ms = (long)(left_ns / CLOCK_NS_PER_MS) + 1;

    curl_setup_set(easy, CURLOPT_URL, webhook->url);
    curl_setup_set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_setup_set(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_setup_set(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_setup_set(easy, CURLOPT_PROXY, uses_proxy ? webhook->proxy : "");
    curl_setup_set(easy, CURLOPT_NOPROXY, "");
    curl_setup_set(easy, CURLOPT_NOSIGNAL, 1L);
    curl_setup_set(easy, CURLOPT_TIMEOUT_MS, left_ms);
    curl_setup_set(easy, CURLOPT_CONNECTTIMEOUT_MS, left_ms);
    curl_setup_set(easy, CURLOPT_USERAGENT, "kyc-import/" KYC_VERSION);
    curl_setup_set(easy, CURLOPT_POST, 1L);
    curl_setup_set(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    curl_setup_set(easy, CURLOPT_POSTFIELDS, body.data);
    curl_setup_set(easy, CURLOPT_HTTPHEADER, headers);
    curl_setup_set(easy, CURLOPT_ERRORBUFFER, post->error_text);
    curl_setup_set(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_setup_set(easy, CURLOPT_WRITEDATA, post);
    curl_setup_set(easy, CURLOPT_NOPROGRESS, 0L);
    curl_setup_set(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_setup_set(easy, CURLOPT_XFERINFODATA, post);
}

/* libcurl's own text, unless it shows more of the URL than its host. */
static const char *describe(const struct post *post, CURLcode code, const struct base_url *url)
{
    const char *path = url->origin.data + url->origin.len;
    bool shows_path = path[0] && path[1] && strstr(post->error_text, path);
    return post->error_text[0] && !shows_path ? post->error_text : curl_easy_strerror(code);
}

/* 0; -1 with the error. *again: another attempt may succeed. */
static int try_once(const struct webhook *webhook, const struct base_url *url, const struct ca_bundle *bundle,
                    const struct interrupt *interrupt, struct slice body, uint64_t left_ns, bool *again,
                    struct error *error)
{
    struct post post = {.easy = curl_easy_init(), .interrupt = interrupt};
    struct curl_slist *headers = make_headers(webhook);
    int origin_len = (int)url->origin.len;
    long status = 0;

    if (!post.easy)
        memory_out();
    set_request(&post, webhook, url, body, headers, left_ns);
    curl_setup_trust(post.easy, bundle);
    CURLcode code = curl_easy_perform(post.easy);
    curl_setup_check(curl_easy_getinfo(post.easy, CURLINFO_RESPONSE_CODE, &status));
    bool is_answered = status >= 200 && (code == CURLE_OK || post.body_len > ANSWER_MAX);
    *again = is_answered ? status == HTTP_TOO_MANY || status >= 500
                         : code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_ABORTED_BY_CALLBACK;
    int result = 0;
    if (code == CURLE_ABORTED_BY_CALLBACK)
        result = error_set(error, ERROR_PROVIDER, "%.*s: this command was interrupted", origin_len,
                           url->origin.data);
    else if (!is_answered)
        result = error_set(error, ERROR_PROVIDER, "%.*s: %s", origin_len, url->origin.data,
                           describe(&post, code, url));
    else if (status >= 300)
        result = error_set(error, ERROR_PROVIDER, "%.*s answered HTTP %ld%s", origin_len, url->origin.data,
                           status, status < 400 ? ", a redirect, which is not followed" : "");
    curl_easy_cleanup(post.easy);
    curl_slist_free_all(headers);
    return result;
}

/* False when it would be over the time, or was interrupted. */
static bool pause_before(int attempt, const struct interrupt *interrupt, uint64_t end_ns)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    uint64_t until_ns = clock_mono_ns() + (uint64_t)attempt * CLOCK_NS_PER_S;

    while (until_ns < end_ns && clock_mono_ns() < until_ns && !interrupt_has_arrived(interrupt))
        nanosleep(&pause, NULL);
    return until_ns < end_ns && !interrupt_has_arrived(interrupt);
}

int webhook_post(const struct webhook *webhook, struct slice body, struct error *error)
{
    uint64_t end_ns = clock_mono_ns() + webhook->timeout_ns;
    struct interrupt interrupt;
    struct ca_bundle bundle;
    struct base_url url;
    const char *fault = webhook_url_parse(slice_from(webhook->url), &url);
    bool again = true;
    int result = -1;

    if (fault)
        return error_set(error, ERROR_USAGE, "notify.url %s", fault);
    curl_setup_begin();
    if (ca_bundle_open(&bundle, webhook->ca_file, error) != 0)
        return -1;
    interrupt_begin(&interrupt);
    for (int attempt = 0; attempt < ATTEMPTS_MAX && result != 0 && again; attempt++) {
        if (attempt > 0 && !pause_before(attempt, &interrupt, end_ns))
            break;
        uint64_t now_ns = clock_mono_ns(), left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
        result = try_once(webhook, &url, &bundle, &interrupt, body, left_ns, &again, error);
    }
    interrupt_end(&interrupt);
    ca_bundle_close(&bundle);
    return result;
}
