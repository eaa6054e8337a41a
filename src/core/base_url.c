#include "core/base_url.h"

#include <stdbool.h>
#include <strings.h>

#include "core/loopback.h"
#include "core/url_host.h"

enum { PORT_MAX = 65535 };

static bool starts_with(struct slice text, struct slice head)
{
    return text.len >= head.len && strncasecmp(text.data, head.data, head.len) == 0;
}

/* The bytes before the first `byte`, or all. */
static struct slice before(struct slice text, char byte)
{
    const char *end = text.len > 0 ? memchr(text.data, byte, text.len) : NULL;
    return slice_make(text.data, end ? (size_t)(end - text.data) : text.len);
}

/* `:443`, or nothing. */
static bool is_port(struct slice text)
{
    unsigned port = 0;
    if (text.len == 0)
        return true;
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || port > PORT_MAX)
            return false;
        port = port * 10 + (unsigned)(text.data[i] - '0');
    }
    return text.data[0] == ':' && port >= 1 && port <= PORT_MAX;
}

/* Splits HOST[:PORT]. False when it is neither. */
static bool split_authority(struct slice authority, struct slice *host)
{
    *host = before(authority, ':');
    if (authority.len > 0 && authority.data[0] == '[') {
        host->len = before(authority, ']').len + 1;
        if (host->len > authority.len || !url_host_is_ipv6(*host))
            return false;
    } else if (!url_host_is_name(*host)) {
        return false;
    }
    return is_port(slice_make(authority.data + host->len, authority.len - host->len));
}

static bool has_dot_segment(struct slice path)
{
    while (path.len > 0) {
        path = slice_make(path.data + 1, path.len - 1);
        struct slice segment = before(path, '/');
        if (segment.len == 0 || slice_is(segment, ".") || slice_is(segment, ".."))
            return true;
        path = slice_make(path.data + segment.len, path.len - segment.len);
    }
    return false;
}

static const char *split(struct slice url, struct base_url *parts)
{
    static const struct slice https = SLICE_LITERAL("https://"), http = SLICE_LITERAL("http://");
    parts->is_http = starts_with(url, http);
    if (!parts->is_http && !starts_with(url, https))
        return "must begin with https://";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || strchr("\\\"<>^`{|}", url.data[i]))
            return "holds a character that a URL cannot have";
    if (before(url, '?').len < url.len || before(url, '#').len < url.len)
        return "must not have a query or a fragment: only a host and a path";

    size_t scheme = parts->is_http ? http.len : https.len;
    struct slice authority = before(slice_make(url.data + scheme, url.len - scheme), '/');
    parts->origin = slice_make(url.data, scheme + authority.len);
    parts->path = slice_make(url.data + parts->origin.len, url.len - parts->origin.len);
    while (parts->path.len > 0 && parts->path.data[parts->path.len - 1] == '/')
        parts->path.len--;
    if (before(authority, '@').len < authority.len)
        return "must not hold a user or a password: credentials belong in provider.credentials";
    if (!split_authority(authority, &parts->host))
        return "has no valid host and port";
    if (parts->is_http && !loopback_is_host(parts->host))
        return "must begin with https://: http:// is for loopback only (127.0.0.0/8, [::1], localhost)";
    if (parts->path.len > BASE_URL_PATH_MAX || has_dot_segment(parts->path))
        return "has a path that is too long, or holds an empty, `.` or `..` segment";
    return NULL;
}

const char *base_url_parse(struct slice url, struct base_url *parts)
{
    static const struct base_url empty = {{"", 0}, {"", 0}, {"", 0}, false};
    *parts = empty;
    const char *fault = split(url, parts);
    if (fault)
        *parts = empty;
    return fault;
}
