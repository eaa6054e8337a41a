#include "provider/provider.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/text.h"
#include "provider/kira.h"
#include "provider/kraken_embed.h"
#include "provider/payso.h"
#include "provider/payward.h"

/* One line a provider. */
#define PROVIDERS(ROW)                                                                                       \
    ROW("payward", payward_provider)                                                                         \
    ROW("kraken-embed", kraken_embed_provider)                                                               \
    ROW("kira", kira_provider)                                                                               \
    ROW("payso", payso_provider)

#define PROVIDER_NAME(name, provider)  name,
#define PROVIDER_TABLE(name, provider) &(provider),

static const struct provider *const providers[] = {PROVIDERS(PROVIDER_TABLE)};
static const char *const provider_name_list[] = {PROVIDERS(PROVIDER_NAME) NULL};

enum {
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    PROVIDER_COUNT = sizeof providers / sizeof *providers,
    BASE_PATH_MAX = 256, /* with the longest path and query behind it within PROVIDER_TARGET_SIZE */
    HOST_MAX = 253,      /* RFC 1035 */
};

const struct provider *provider_find(const char *name)
{
    for (size_t i = 0; i < PROVIDER_COUNT; i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}

const char *const *provider_names(void)
{
    return provider_name_list;
}

struct job_rate provider_rate(const struct provider *provider, const struct job *job)
{
    return job->delivery.rate.per_ns > 0 ? job->delivery.rate : provider->rate;
}

struct slice provider_base_url(const struct provider *provider, const struct job *job)
{
    struct slice url = slice_from(job->provider.base_url ? job->provider.base_url : provider->base_url);
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.len--;
    return url;
}

/* All behind `scheme://`; empty when there is no such thing. */
static struct slice behind_scheme(struct slice url)
{
    const char *colon = url.len > 0 ? memmem(url.data, url.len, "://", 3) : NULL;
    if (!colon)
        return slice_make("", 0);
    return slice_make(colon + 3, url.len - (size_t)(colon + 3 - url.data));
}

struct slice provider_host(const struct job *job)
{
    const struct provider *provider = job->provider.name ? provider_find(job->provider.name) : NULL;
    if (!provider)
        return slice_make("", 0);
    struct slice host = behind_scheme(provider_base_url(provider, job));
    bool is_ipv6 = host.len > 0 && host.data[0] == '[';
    if (is_ipv6)
        host = slice_make(host.data + 1, host.len - 1);
    size_t len = 0;
    while (len < host.len && !strchr(is_ipv6 ? "]/" : ":/", host.data[len]))
        len++;
    return slice_make(host.data, len);
}

struct slice provider_base_path(struct slice base_url)
{
    struct slice rest = behind_scheme(base_url);
    const char *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    if (!slash)
        return slice_make("", 0);
    struct slice path = slice_make(slash, rest.len - (size_t)(slash - rest.data));
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    return path;
}

bool provider_is_user_id(struct slice id)
{
    bool has_letter = false;
    for (size_t i = 0; i < id.len; i++) {
        char byte = id.data[i], lower = (char)(byte | 0x20);
        bool is_letter = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
        if (!is_letter && (byte == '\0' || !strchr("-_.:~+=@| ", byte)))
            return false;
        has_letter = has_letter || is_letter;
    }
    return has_letter && id.len <= PROVIDER_USER_ID_MAX && id.data[0] != ' ' && id.data[id.len - 1] != ' ';
}

bool provider_accepts_user_id(const struct provider *provider, struct slice id)
{
    return provider_is_user_id(id) && id.len >= provider->user_id_min &&
           (provider->user_id_max == 0 || id.len <= provider->user_id_max);
}

void provider_headers_add(struct provider_headers *headers, const char *name, const char *value)
{
    assert(headers->count < PROVIDER_HEADERS_MAX);
    char *line = headers->lines[headers->count++];
    int len = snprintf(line, PROVIDER_HEADER_SIZE, "%s: %s", name, value);
    assert(len > 0 && len < PROVIDER_HEADER_SIZE);
    (void)len;
}

static bool starts_with(struct slice text, const char *head)
{
    size_t len = strlen(head);
    return text.len >= len && strncasecmp(text.data, head, len) == 0;
}

/* Splits HOST or HOST:PORT, [HOST] with its brackets. False when it is neither. */
static bool split_authority(struct slice authority, struct slice *host)
{
    size_t len = 0;
    if (authority.len > 0 && authority.data[0] == '[') {
        const char *end = memchr(authority.data, ']', authority.len);
        if (!end)
            return false;
        len = (size_t)(end - authority.data) + 1;
    } else {
        const char *colon = authority.len > 0 ? memchr(authority.data, ':', authority.len) : NULL;
        len = colon ? (size_t)(colon - authority.data) : authority.len;
    }
    *host = slice_make(authority.data, len);
    if (len == 0 || len > HOST_MAX)
        return false;
    if (len == authority.len)
        return true;
    unsigned port = 0;
    for (size_t i = len + 1; i < authority.len; i++) {
        if (authority.data[i] < '0' || authority.data[i] > '9' || port > 65535)
            return false;
        port = port * 10 + (unsigned)(authority.data[i] - '0');
    }
    return authority.data[len] == ':' && port >= 1 && port <= 65535;
}

static bool is_loopback(struct slice host)
{
    char text[HOST_MAX + 1];
    memcpy(text, host.data, host.len);
    text[host.len] = '\0';
    if (strcasecmp(text, "localhost") == 0 || strcmp(text, "[::1]") == 0)
        return true;
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* A segment `.` or `..` would be resolved on the way, and the signature would be of another path. */
static bool has_dot_segment(struct slice path)
{
    while (path.len > 0) {
        const char *next = memchr(path.data + 1, '/', path.len - 1);
        size_t len = next ? (size_t)(next - path.data) : path.len;
        struct slice segment = slice_make(path.data + 1, len - 1);
        if (slice_is(segment, ".") || slice_is(segment, "..") || (segment.len == 0 && next))
            return true;
        path = slice_make(path.data + len, path.len - len);
    }
    return false;
}

/* What is wrong with a base URL, or NULL. */
static const char *fault_of_base_url(struct slice url)
{
    bool is_http = starts_with(url, "http://");
    if (!is_http && !starts_with(url, "https://"))
        return "must begin with https://";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > 0x7e || strchr("\\\"<>^`{|}", url.data[i]))
            return "holds a character that has no place in a URL";
    if (memchr(url.data, '?', url.len) || memchr(url.data, '#', url.len))
        return "must not have a query or a fragment: only a host and a path";

    struct slice rest = behind_scheme(url), path = provider_base_path(url);
    const char *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    struct slice authority = slice_make(rest.data, slash ? (size_t)(slash - rest.data) : rest.len), host;
    if (authority.len > 0 && memchr(authority.data, '@', authority.len))
        return "must not hold a user or a password: credentials go to provider.credentials";
    if (!split_authority(authority, &host))
        return "has no valid host and port";
    if (is_http && !is_loopback(host))
        return "must begin with https://: http:// is for loopback only (127.0.0.0/8, [::1], localhost)";
    if (path.len > BASE_PATH_MAX || has_dot_segment(path))
        return "has a path that is too long, or holds an empty, `.` or `..` segment";
    return NULL;
}

static int check_address(const struct provider *provider, const struct job *job, struct error *error)
{
    struct slice url = provider_base_url(provider, job);
    const char *fault = fault_of_base_url(url);
    if (!fault)
        return 0;
    /* The line is not shown when it may hold a password. */
    struct job_place place = job->provider.base_url_place;
    if (url.len == 0 || !memchr(url.data, '@', url.len))
        return job_fail(job, place, error, "provider.base_url %s", fault);
    return job_fail(job, (struct job_place){0, 0}, error, "line %u: provider.base_url %s", place.line, fault);
}

static int check_ca_file(const struct job *job, struct error *error)
{
    const char *path = job->provider.ca_file;
    if (!path)
        return 0;
    struct stat info;
    const char *reason = NULL;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0)
        reason = strerror(errno);
    else if (!S_ISREG(info.st_mode) || info.st_size == 0)
        reason = "not a file with certificates";
    if (!reason)
        return 0;
    return job_fail(job, job->provider.place, error, "provider.ca_file %s cannot be read: %s", path, reason);
}

static int fail_unknown(const struct job *job, struct error *error)
{
    const char *nearest = text_nearest(slice_from(job->provider.name), provider_names());
    if (nearest)
        return job_fail(job, job->provider.place, error, "there is no provider `%s`; did you mean `%s`?",
                        job->provider.name, nearest);
    char known[256] = "";
    for (size_t i = 0, len = 0; i < PROVIDER_COUNT && len < sizeof known; i++)
        len +=
            (size_t)snprintf(known + len, sizeof known - len, "%s%s", i == 0 ? "" : ", ", providers[i]->name);
    return job_fail(job, job->provider.place, error, "there is no provider `%s`; known: %s",
                    job->provider.name, known);
}

const struct provider *provider_of_job(const struct job *job, bool with_secrets, struct error *error)
{
    const struct provider *provider = provider_find(job->provider.name);
    if (!provider) {
        fail_unknown(job, error);
        return NULL;
    }
    if (check_address(provider, job, error) != 0 || check_ca_file(job, error) != 0 ||
        provider->check_job(job, with_secrets, error) != 0)
        return NULL;
    return provider;
}
