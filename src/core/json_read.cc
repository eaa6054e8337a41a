extern "C" {
#include "core/json.h"
}

#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include <simdjson.h>
#include <xxhash.h>

extern "C" {
#include "core/memory.h"
}

namespace ondemand = simdjson::ondemand;

/* Up to so many members every pair is compared; above, a table of hashes tells repeats. */
static const uint32_t JSON_PAIRWISE_MAX = 16;
static const size_t JSON_TEXT_MAX = UINT32_MAX - 2 * simdjson::SIMDJSON_PADDING;

struct json_reader {
    ondemand::parser parser; /* owns the unescaped strings */
    char *text = nullptr;    /* the padded copy */
    size_t text_len = 0, text_room = 0;
    json_node *nodes = nullptr;
    size_t count = 0, room = 0;
    uint32_t *table = nullptr; /* node indices of an object with many members, by hash of the key; 0: free */
    size_t table_room = 0;
    json_fault fault = {0, nullptr};
};

static slice json_slice(std::string_view text)
{
    return slice_make(text.data(), text.size());
}

/* The first fault stands. */
static bool json_fail(json_reader *reader, const char *message, const char *where)
{
    if (reader->fault.message)
        return false;
    bool known = where && where >= reader->text && where <= reader->text + reader->text_len;
    reader->fault.message = message;
    reader->fault.offset = known ? static_cast<size_t>(where - reader->text) : 0;
    return false;
}

static const char *json_message(simdjson::error_code code)
{
    switch (code) {
    case simdjson::MEMALLOC:
        return "out of memory";
    case simdjson::UTF8_ERROR:
        return "it is not UTF-8";
    case simdjson::STRING_ERROR:
        return "a string has a wrong escape";
    case simdjson::UNESCAPED_CHARS:
        return "a string holds a control character";
    case simdjson::UNCLOSED_STRING:
        return "a string does not end";
    case simdjson::EMPTY:
        return "there is no value";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
        return "an array or object does not end, or something follows it";
    default:
        return "it is not JSON";
    }
}

static bool json_fail_code(json_reader *reader, simdjson::error_code code, const char *where)
{
    if (code == simdjson::MEMALLOC)
        throw std::bad_alloc();
    return json_fail(reader, json_message(code), where);
}

static size_t json_add(json_reader *reader, std::string_view key, json_kind kind, std::string_view text)
{
    if (reader->count == reader->room) {
        reader->room = reader->room ? reader->room * 2 : 64;
        reader->nodes =
            static_cast<json_node *>(memory_resize(reader->nodes, reader->room, sizeof *reader->nodes));
    }
    size_t at = reader->count++;
    json_node *node = &reader->nodes[at];
    node->kind = kind;
    node->children = 0;
    node->end = static_cast<uint32_t>(at + 1);
    node->key = json_slice(key);
    node->text = json_slice(text);
    return at;
}

static const char *json_skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* RFC 8259, section 6, exactly: simdjson looks at a number only when it is converted. */
static bool json_is_number(std::string_view text)
{
    const char *at = text.data(), *end = at + text.size();
    if (at < end && *at == '-')
        at++;
    const char *digits = at;
    at = json_skip_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return false;
    if (at < end && *at == '.') {
        digits = ++at;
        at = json_skip_digits(at, end);
        if (at == digits)
            return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        at = json_skip_digits(at, end);
        if (at == digits)
            return false;
    }
    return at == end;
}

/* A number, true, false or null; token: from its first byte on, blanks behind it allowed. */
static bool json_add_scalar(json_reader *reader, std::string_view key, std::string_view token)
{
    const char *where = token.data();
    while (!token.empty() && strchr(" \t\r\n", token.back()) && token.back())
        token.remove_suffix(1);
    json_kind kind;
    if (token == "null")
        kind = JSON_NULL;
    else if (token == "true" || token == "false")
        kind = JSON_BOOL;
    else if (json_is_number(token))
        kind = JSON_NUMBER;
    else
        return json_fail(reader, "there is no value, or one that is not JSON", where);
    json_add(reader, key, kind, token);
    return true;
}

static bool json_same_key(const json_reader *reader, size_t a, size_t b)
{
    return slice_equal(reader->nodes[a].key, reader->nodes[b].key);
}

static bool json_has_repeat_pairwise(const json_reader *reader, size_t object)
{
    size_t end = reader->count;
    for (size_t a = object + 1; a < end; a = reader->nodes[a].end)
        for (size_t b = reader->nodes[a].end; b < end; b = reader->nodes[b].end)
            if (json_same_key(reader, a, b))
                return true;
    return false;
}

static bool json_has_repeat_hashed(json_reader *reader, size_t object)
{
    size_t room = 64;
    while (room < 2 * static_cast<size_t>(reader->nodes[object].children))
        room *= 2;
    if (room > reader->table_room) {
        reader->table = static_cast<uint32_t *>(memory_resize(reader->table, room, sizeof *reader->table));
        reader->table_room = room;
    }
    memset(reader->table, 0, room * sizeof *reader->table);
    for (size_t at = object + 1; at < reader->count; at = reader->nodes[at].end) {
        slice key = reader->nodes[at].key;
        size_t place = XXH3_64bits(key.at, key.len) & (room - 1);
        for (; reader->table[place]; place = (place + 1) & (room - 1))
            if (json_same_key(reader, reader->table[place], at))
                return true;
        reader->table[place] = static_cast<uint32_t>(at);
    }
    return false;
}

static bool json_visit(json_reader *reader, std::string_view key, ondemand::value value, int depth);

static bool json_visit_object(json_reader *reader, std::string_view key, ondemand::object object, int depth,
                              const char *where)
{
    if (depth > JSON_DEPTH_MAX)
        return json_fail(reader, "it is nested deeper than 64 levels", where);
    size_t at = json_add(reader, key, JSON_OBJECT, {});
    uint32_t children = 0;
    for (auto member : object) {
        ondemand::field field;
        std::string_view name;
        simdjson::error_code code = std::move(member).get(field);
        if (!code)
            code = field.unescaped_key().get(name);
        if (code)
            return json_fail_code(reader, code, nullptr);
        if (!json_visit(reader, name, field.value(), depth + 1))
            return false;
        children++;
    }
    reader->nodes[at].children = children;
    reader->nodes[at].end = static_cast<uint32_t>(reader->count);
    bool repeat = children > JSON_PAIRWISE_MAX ? json_has_repeat_hashed(reader, at)
                                               : json_has_repeat_pairwise(reader, at);
    return repeat ? json_fail(reader, "a member is named twice", where) : true;
}

static bool json_visit_array(json_reader *reader, std::string_view key, ondemand::array array, int depth,
                             const char *where)
{
    if (depth > JSON_DEPTH_MAX)
        return json_fail(reader, "it is nested deeper than 64 levels", where);
    size_t at = json_add(reader, key, JSON_ARRAY, {});
    uint32_t children = 0;
    for (auto element : array) {
        ondemand::value value;
        simdjson::error_code code = std::move(element).get(value);
        if (code)
            return json_fail_code(reader, code, nullptr);
        if (!json_visit(reader, {}, value, depth + 1))
            return false;
        children++;
    }
    reader->nodes[at].children = children;
    reader->nodes[at].end = static_cast<uint32_t>(reader->count);
    return true;
}

/* Works for a document and for a value within it, which are unrelated types with the same members. A scalar
 * but a string is left where it is: the iteration goes past what was not consumed. */
template <typename visited>
static bool json_visit_any(json_reader *reader, std::string_view key, visited &value, std::string_view token,
                           int depth)
{
    const char *where = token.data();
    simdjson::error_code code;
    switch (token.empty() ? '\0' : token.front()) {
    case '{': {
        ondemand::object object;
        code = value.get_object().get(object);
        return code ? json_fail_code(reader, code, where)
                    : json_visit_object(reader, key, object, depth, where);
    }
    case '[': {
        ondemand::array array;
        code = value.get_array().get(array);
        return code ? json_fail_code(reader, code, where)
                    : json_visit_array(reader, key, array, depth, where);
    }
    case '"': {
        std::string_view text;
        code = value.get_string().get(text);
        if (code)
            return json_fail_code(reader, code, where);
        json_add(reader, key, JSON_STRING, text);
        return true;
    }
    default:
        return json_add_scalar(reader, key, token);
    }
}

static bool json_visit(json_reader *reader, std::string_view key, ondemand::value value, int depth)
{
    return json_visit_any(reader, key, value, value.raw_json_token(), depth);
}

static bool json_visit_document(json_reader *reader)
{
    ondemand::document document;
    simdjson::error_code code =
        reader->parser.iterate(reader->text, reader->text_len, reader->text_room).get(document);
    if (code)
        return json_fail_code(reader, code, nullptr);

    std::string_view token;
    code = document.raw_json_token().get(token);
    if (code)
        return json_fail_code(reader, code, nullptr);
    char first = token.empty() ? '\0' : token.front();
    if (!strchr("{[\"", first)) {
        /* Alone on top: all that follows belongs to it, so something behind it makes it no scalar. */
        size_t rest = static_cast<size_t>(reader->text + reader->text_len - token.data());
        return json_add_scalar(reader, {}, std::string_view(token.data(), rest));
    }
    if (!json_visit_any(reader, {}, document, token, 1)) {
        const char *where = nullptr;
        if (reader->fault.offset == 0 && !document.current_location().get(where))
            reader->fault.offset = static_cast<size_t>(where - reader->text);
        return false;
    }
    const char *where;
    if (!document.current_location().get(where))
        return json_fail(reader, "something follows the value", where);
    return true;
}

static void json_copy_text(json_reader *reader, slice text)
{
    size_t room = text.len + simdjson::SIMDJSON_PADDING;
    if (room > reader->text_room) {
        room += room / 2;
        free(reader->text);
        reader->text = static_cast<char *>(memory_resize(nullptr, room, 1));
        reader->text_room = room;
    }
    if (text.len)
        memcpy(reader->text, text.at, text.len);
    memset(reader->text + text.len, 0, simdjson::SIMDJSON_PADDING);
    reader->text_len = text.len;
}

/* No exception crosses into C: there is one that can come, and memory.h says what it means. */
[[noreturn]] static void json_out_of_memory() noexcept
{
    memory_resize(nullptr, SIZE_MAX, SIZE_MAX);
    abort();
}

extern "C" json_reader *json_reader_new(void)
{
    json_reader *reader = new (std::nothrow) json_reader;
    if (!reader)
        json_out_of_memory();
    return reader;
}

extern "C" void json_reader_free(json_reader *reader)
{
    if (!reader)
        return;
    free(reader->text);
    free(reader->nodes);
    free(reader->table);
    delete reader;
}

extern "C" const json_node *json_reader_parse(json_reader *reader, slice text, size_t *count,
                                              json_fault *fault)
{
    reader->count = 0;
    reader->fault = {0, nullptr};
    *count = 0;
    bool read = false;
    if (text.len > JSON_TEXT_MAX) {
        json_fail(reader, "it is longer than 4 GiB", nullptr);
    } else {
        json_copy_text(reader, text);
        try {
            read = json_visit_document(reader);
        } catch (...) {
            json_out_of_memory();
        }
    }
    if (!read) {
        *fault = reader->fault;
        return nullptr;
    }
    *count = reader->count;
    return reader->nodes;
}

extern "C" size_t json_member(const json_node *nodes, size_t at, const char *key)
{
    if (nodes[at].kind != JSON_OBJECT)
        return 0;
    slice wanted = slice_from(key);
    for (size_t member = at + 1; member < nodes[at].end; member = nodes[member].end)
        if (slice_equal(nodes[member].key, wanted))
            return member;
    return 0;
}
