#include "core/postgres_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/buffer.h"
#include "core/loopback.h"
#include "core/memory.h"
#include "core/slice.h"
#include "core/url_host.h"

enum {
    URL_MAX = 2048,
    PORT_DEFAULT = 5432,
    PORT_MAX = 65535,
    SOCKET_FOLDER_MAX = 90, /* with `/.s.PGSQL.PORT` it fits sun_path (108 bytes) */
    NAME_MAX_BYTES = 63,    /* NAMEDATALEN - 1: a longer name of a user or database would be cut */
    TIMEOUT_DEFAULT_S = 10,
    TIMEOUT_MIN_S = 2, /* libpq waits at least so long */
    TIMEOUT_MAX_S = 600,
};

static const char has_no_host[] = "has no valid host and port";
static const char gives_twice[] = "gives a parameter twice";

static struct slice after_scheme(const char *text)
{
    static const char *const schemes[] = {"postgresql://", "postgres://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
            return slice_from(text + strlen(schemes[i]));
    return slice_make(NULL, 0);
}

bool postgres_url_is_one(const char *text)
{
    return after_scheme(text).data != NULL;
}

static int digit_of(char byte)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = byte != '\0' ? strchr(digits, byte >= 'A' && byte <= 'F' ? byte | 0x20 : byte) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* A copy without percent-encoding; NULL: an invalid one, or a control character. */
static char *decode(struct slice text)
{
    char *decoded = memory_new(text.len + 1, 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            int high = i + 2 < text.len ? digit_of(text.data[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.data[i + 2]) : -1;
            byte = (char)(low >= 0 ? high << 4 | low : 0);
            i += 2;
        }
        if ((unsigned char)byte < ' ' || byte == 0x7f) {
            free(decoded);
            return NULL;
        }
        decoded[len++] = byte;
    }
    return decoded;
}

static void append_encoded(struct buffer *text, const char *part, const char *also)
{
    for (; *part != '\0'; part++) {
        char byte = *part, lower = (char)(byte | 0x20);
        if ((lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || strchr("-._~", byte) ||
            strchr(also, byte))
            buffer_append_char(text, byte);
        else
            buffer_printf(text, "%%%02X", (unsigned)(unsigned char)byte);
    }
}

/* False when it is not a number from min to max. */
static bool read_number(struct slice text, unsigned min, unsigned max, unsigned *number)
{
    *number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || *number > max)
            return false;
        *number = *number * 10 + (unsigned)(text.data[i] - '0');
    }
    return text.len > 0 && *number >= min && *number <= max;
}

static void append_lower(struct buffer *text, struct slice part)
{
    for (size_t i = 0; i < part.len; i++)
        buffer_append_char(text, part.data[i] >= 'A' && part.data[i] <= 'Z' ? (char)(part.data[i] | 0x20)
                                                                            : part.data[i]);
}

/* What is being read, with lists that grow. */
struct reading {
    struct postgres_url *url;
    struct buffer hosts, ports, shown; /* shown: the hosts as in a URL */
    struct slice socket_port;
    bool has_socket, has_timeout;
};

/* HOST[:PORT]. */
static const char *read_host(struct reading *reading, struct slice item, bool is_first)
{
    const char *colon = item.len > 0 ? memchr(item.data, ':', item.len) : NULL;
    const char *bracket = item.len > 0 && item.data[0] == '[' ? memchr(item.data, ']', item.len) : NULL;
    struct slice host = item;
    unsigned number = PORT_DEFAULT;

    if (bracket)
        host.len = (size_t)(bracket - item.data) + 1;
    else if (colon)
        host.len = (size_t)(colon - item.data);
    if (host.len < item.len) {
        struct slice port = slice_skip(item, host.len);
        if (port.data[0] != ':' || !read_number(slice_skip(port, 1), 1, PORT_MAX, &number))
            return has_no_host;
    }
    if (bracket ? !url_host_is_ipv6(host) : !url_host_is_name(host))
        return has_no_host;
    if (!loopback_is_host(host))
        reading->url->is_local = false;
    const char *comma = is_first ? "" : ",";
    buffer_append_text(&reading->hosts, comma);
    append_lower(&reading->hosts, bracket ? slice_make(host.data + 1, host.len - 2) : host);
    buffer_printf(&reading->ports, "%s%u", comma, number);
    buffer_append_text(&reading->shown, comma);
    append_lower(&reading->shown, host);
    buffer_printf(&reading->shown, ":%u", number);
    return NULL;
}

static const char *read_hosts(struct reading *reading, struct slice list)
{
    struct slice item;
    size_t count = 0;
    if (list.len == 0)
        return NULL;
    while (slice_next_item(&list, SLICE_LITERAL(","), &item)) {
        if (count == POSTGRES_URL_HOSTS_MAX)
            return "names more than 8 hosts";
        const char *fault = read_host(reading, item, count++ == 0);
        if (fault)
            return fault;
    }
    return NULL;
}

static const char *read_socket(struct reading *reading, struct slice value)
{
    static const char fault[] =
        "has a host parameter that is not the absolute path of a socket's folder (host=/run/postgresql)";
    char *folder = decode(value);
    bool is_path = folder && folder[0] == '/' && strlen(folder) <= SOCKET_FOLDER_MAX && !strchr(folder, ',');
    if (is_path && reading->hosts.len == 0) {
        buffer_append_text(&reading->hosts, folder);
        reading->has_socket = true;
    }
    free(folder);
    if (is_path && !reading->has_socket)
        return "names a host twice: before the database, and in the parameter host";
    return is_path ? NULL : fault;
}

/* An absolute path, given once. */
static const char *read_path(struct slice value, char **path)
{
    if (*path)
        return gives_twice;
    *path = decode(value);
    return *path && (*path)[0] == '/'
               ? NULL
               : "has a path of a TLS file that is not absolute, or not percent-encoded";
}

static const char *read_timeout(struct reading *reading, struct slice value)
{
    if (reading->has_timeout)
        return gives_twice;
    reading->has_timeout = true;
    return read_number(value, TIMEOUT_MIN_S, TIMEOUT_MAX_S, &reading->url->connect_timeout_s)
               ? NULL
               : "has a connect_timeout that is not a number of seconds from 2 to 600";
}

static const char *read_parameter(struct reading *reading, struct slice parameter)
{
    struct slice value = parameter, name;
    struct postgres_url *url = reading->url;
    if (!slice_next_item(&value, SLICE_LITERAL("="), &name) || !value.data)
        return "has a parameter without a value";
    if (slice_is(name, "host"))
        return reading->has_socket ? gives_twice : read_socket(reading, value);
    if (slice_is(name, "port")) {
        bool is_second = reading->socket_port.data != NULL;
        reading->socket_port = value;
        return is_second ? gives_twice : NULL;
    }
    if (slice_is(name, "sslrootcert"))
        return read_path(value, &url->ca_path);
    if (slice_is(name, "sslcert"))
        return read_path(value, &url->cert_path);
    if (slice_is(name, "sslkey"))
        return read_path(value, &url->key_path);
    if (slice_is(name, "connect_timeout"))
        return read_timeout(reading, value);
    if (slice_is(name, "password"))
        return "must not hold a password: set ledger_password";
    return "has an unknown parameter; known are host, port, sslrootcert, sslcert, sslkey and connect_timeout (sslmode is always verify-full, except on this machine)";
}

static const char *read_parameters(struct reading *reading, struct slice list)
{
    struct slice parameter;
    unsigned port = PORT_DEFAULT;
    while (list.len > 0 && slice_next_item(&list, SLICE_LITERAL("&"), &parameter)) {
        const char *fault = read_parameter(reading, parameter);
        if (fault)
            return fault;
    }
    if (reading->hosts.len == 0)
        return "names no host: write postgresql://USER@HOST/DATABASE";
    if (reading->socket_port.data && !reading->has_socket)
        return "has a parameter port, but its host is not a socket: write HOST:PORT";
    if (reading->socket_port.data && !read_number(reading->socket_port, 1, PORT_MAX, &port))
        return has_no_host;
    if (reading->has_socket)
        buffer_printf(&reading->ports, "%u", port);
    if (!reading->url->cert_path != !reading->url->key_path)
        return "has only one of sslcert and sslkey, which belong together";
    return NULL;
}

static bool is_name(const char *name)
{
    return name && strlen(name) <= NAME_MAX_BYTES;
}

static const char *read_user(struct postgres_url *url, struct slice *authority)
{
    const char *end = authority->len > 0 ? memchr(authority->data, '@', authority->len) : NULL;
    struct slice user = slice_make(authority->data, end ? (size_t)(end - authority->data) : 0);
    if (user.len > 0 && memchr(user.data, ':', user.len))
        return "must not hold a password: set ledger_password";
    if (end)
        *authority = slice_skip(*authority, user.len + 1);
    url->user = decode(user);
    return is_name(url->user) ? NULL : "has a user name that is not valid";
}

static void show(struct reading *reading)
{
    struct postgres_url *url = reading->url;
    struct buffer text;
    buffer_init(&text, 4 * (size_t)URL_MAX);
    buffer_append_text(&text, "postgresql://");
    if (url->user[0] != '\0') {
        append_encoded(&text, url->user, "");
        buffer_append_char(&text, '@');
    }
    buffer_append(&text, buffer_slice(&reading->shown));
    buffer_append_char(&text, '/');
    append_encoded(&text, url->database, "");
    if (reading->has_socket) {
        buffer_append_text(&text, "?host=");
        append_encoded(&text, reading->hosts.data, "/");
        buffer_printf(&text, "&port=%s", reading->ports.data);
    }
    url->shown = memory_copy(buffer_slice(&text));
    buffer_clear(&text);
}

static const char *read_all(struct reading *reading, struct slice text)
{
    struct postgres_url *url = reading->url;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\\\"<>^`{|}#", text.data[i]))
            return "holds a character that a URL cannot have: percent-encode it (%20 for a space)";

    struct slice parameters = text, path, authority;
    slice_next_item(&parameters, SLICE_LITERAL("?"), &path);
    slice_next_item(&path, SLICE_LITERAL("/"), &authority);
    const char *fault = read_user(url, &authority);
    if (!fault)
        fault = read_hosts(reading, authority);
    if (!fault)
        fault = read_parameters(reading, parameters);
    if (fault)
        return fault;
    if (path.len == 0)
        return "names no database: write postgresql://USER@HOST/DATABASE";
    url->database = decode(path);
    if (!is_name(url->database) || memchr(path.data, '/', path.len))
        return "has a name of a database that is not valid";
    show(reading);
    url->hosts = memory_copy(buffer_slice(&reading->hosts));
    url->ports = memory_copy(buffer_slice(&reading->ports));
    return NULL;
}

int postgres_url_read(struct postgres_url *url, const char *text, const char **fault)
{
    struct slice rest = after_scheme(text);
    struct reading reading = {.url = url};

    *url = (struct postgres_url){.connect_timeout_s = TIMEOUT_DEFAULT_S, .is_local = true};
    *fault = NULL;
    buffer_init(&reading.hosts, URL_MAX);
    buffer_init(&reading.ports, URL_MAX);
    buffer_init(&reading.shown, URL_MAX);
    if (!rest.data)
        *fault = "must begin with postgresql://";
    else if (rest.len > URL_MAX)
        *fault = "is longer than 2048 bytes";
    else
        *fault = read_all(&reading, rest);
    buffer_clear(&reading.hosts);
    buffer_clear(&reading.ports);
    buffer_clear(&reading.shown);
    if (!*fault)
        return 0;
    postgres_url_clear(url);
    return -1;
}

void postgres_url_clear(struct postgres_url *url)
{
    free(url->hosts);
    free(url->ports);
    free(url->user);
    free(url->database);
    free(url->ca_path);
    free(url->cert_path);
    free(url->key_path);
    free(url->shown);
    *url = (struct postgres_url){.hosts = NULL};
}
