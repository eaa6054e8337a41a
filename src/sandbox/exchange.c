#include "sandbox/exchange.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <microhttpd.h>

#include "core/memory.h"
#include "sandbox/server_state.h"

enum { ANSWER_MAX = 2000 * 1024 * 1024 };

struct exchange *exchange_new(struct server_state *state, struct MHD_Connection *connection,
                              const char *target)
{
    struct exchange *exchange = memory_new(1, sizeof *exchange);
    exchange->state = state;
    exchange->connection = connection;
    exchange->target = memory_copy(slice_from(target));
    buffer_init(&exchange->body, SERVER_STATE_BODY_MAX);
    buffer_init(&exchange->answer, ANSWER_MAX);
    return exchange;
}

void exchange_free(struct exchange *exchange)
{
    free(exchange->target);
    buffer_clear(&exchange->body);
    buffer_clear(&exchange->answer);
    free(exchange);
}

const char *exchange_header(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

struct slice exchange_bearer(const struct exchange *exchange)
{
    static const char before[] = "Bearer ";
    size_t len = sizeof before - 1;
    const char *header = exchange_header(exchange, MHD_HTTP_HEADER_AUTHORIZATION);
    return slice_from(header && strncmp(header, before, len) == 0 ? header + len : NULL);
}

bool exchange_key_is_revoked(struct exchange *exchange)
{
    server_state_lock(exchange->state);
    bool revoked = exchange->state->keys_revoked;
    server_state_unlock(exchange->state);
    exchange->caused_by_fault = exchange->caused_by_fault || revoked;
    return revoked;
}

const char *exchange_parameter(const struct exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *cursor = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;
    return cursor ? (int)(cursor - digits) : -1;
}

struct slice exchange_decode(struct slice part, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < part.len && len + 1 < size; i++, len++) {
        out[len] = part.data[i];
        if (part.data[i] != '%')
            continue;
        int high = i + 2 < part.len ? hex_value(part.data[i + 1]) : -1;
        int low = i + 2 < part.len ? hex_value(part.data[i + 2]) : -1;
        if (high < 0 || low < 0)
            return slice_make("", 0);
        out[len] = (char)(high * 16 + low);
        i += 2;
    }
    out[len] = '\0';
    return len + 1 < size ? slice_make(out, len) : slice_make("", 0);
}

bool exchange_path_is(const struct exchange *exchange, const char *before, struct slice *id)
{
    struct slice path = exchange->path;
    size_t len = strlen(before);
    *id = slice_make("", 0);
    if (path.len < len || memcmp(path.data, before, len) != 0)
        return false;
    if (path.len == len)
        return true;
    if (path.data[len] != '/' || path.len == len + 1)
        return false;
    *id = slice_make(path.data + len + 1, path.len - len - 1);
    return !memchr(id->data, '/', id->len);
}

bool exchange_path_is_below(const struct exchange *exchange, const char *before, const char *after,
                            struct slice *id)
{
    struct slice path = exchange->path;
    size_t before_len = strlen(before), after_len = strlen(after);
    if (path.len < before_len + after_len + 2 || memcmp(path.data, before, before_len) != 0 ||
        path.data[before_len] != '/' || memcmp(path.data + path.len - after_len, after, after_len) != 0)
        return false;
    *id = slice_make(path.data + before_len + 1, path.len - before_len - 1 - after_len);
    return !memchr(id->data, '/', id->len);
}

bool exchange_method_is(const struct exchange *exchange, const char *method)
{
    return strcmp(exchange->method, method) == 0;
}

bool exchange_is_json(const struct exchange *exchange)
{
    static const char json[] = "application/json";
    const char *type = exchange_header(exchange, MHD_HTTP_HEADER_CONTENT_TYPE);
    size_t len = sizeof json - 1;
    return type && strncasecmp(type, json, len) == 0 &&
           (type[len] == '\0' || type[len] == ';' || type[len] == ' ');
}

void exchange_begin_answer(struct exchange *exchange, unsigned status, struct json_writer *writer)
{
    exchange->status = status;
    exchange->content_type = "application/json";
    buffer_reset(&exchange->answer);
    json_write_begin(writer, &exchange->answer);
}

void exchange_refuse(struct exchange *exchange, unsigned status, const char *code, const char *message)
{
    struct json_writer writer;
    exchange_begin_answer(exchange, status, &writer);
    json_write_object(&writer);
    json_write_key(&writer, "errors");
    json_write_array(&writer);
    json_write_object(&writer);
    json_write_member(&writer, "code", slice_from(code));
    json_write_member(&writer, "message", slice_from(message));
    json_write_object_end(&writer);
    json_write_array_end(&writer);
    json_write_object_end(&writer);
}
