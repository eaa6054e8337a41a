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
#include "core/json_repair.h"
#include "core/memory.h"
}

namespace ondemand = simdjson::ondemand;

/* What a C++ library cannot get ends the process with the same words as what we cannot get. */
[[maybe_unused]] static const std::new_handler NEW_HANDLER_BEFORE = std::set_new_handler(memory_out);

/* Up to so many members every pair is compared; above, repeats are found by a table of hashes. */
static const uint32_t JSON_PAIRWISE_MAX = 16;
static const size_t JSON_TEXT_MAX = UINT32_MAX - 2 * simdjson::SIMDJSON_PADDING;
static const char JSON_TOO_LONG[] = "it is longer than 1 GiB";
static_assert(JSON_PADDING >= simdjson::SIMDJSON_PADDING, "simdjson reads further than json.h promises");

/* More nodes are given back at the next text: one monstrous line must not stay in memory for a whole run. */
static const size_t JSON_NODES_KEPT = 16 * 1024;

struct json_reader {
    ondemand::parser parser; /* owns the unescaped strings */
    char *copy = nullptr;    /* padded */
    size_t copy_capacity = 0;
    const char *text = nullptr; /* being read: the copy, or the caller's */
    size_t text_len = 0;
    bool escapes = false; /* it holds a backslash */
    json_node *nodes = nullptr;
    size_t count = 0, capacity = 0;
    uint32_t *table = nullptr; /* node indices of an object with many members, by hash of the key; 0: free */
    size_t table_capacity = 0;
    json_fault fault = {0, nullptr};
    simdjson::error_code code = simdjson::SUCCESS; /* of the fault, where simdjson gave one */
};

static slice json_slice(std::string_view text)
{
    return slice_make(text.data(), text.size());
}

static slice json_text(const json_reader *reader)
{
    return slice_make(reader->text, reader->text_len);
}

/* The first fault is kept. */
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
    reader->code = code;
    return json_fail(reader, json_message(code), where);
}

/* What a member is called and where it begins; a value without a name begins with itself. */
struct json_name {
    std::string_view key;
    const char *start;
};

static size_t json_add(json_reader *reader, json_name name, const char *where, json_kind kind,
                       std::string_view text)
{
    if (reader->count == reader->capacity) {
        reader->capacity = reader->capacity ? reader->capacity * 2 : 64;
        reader->nodes =
            static_cast<json_node *>(memory_resize(reader->nodes, reader->capacity, sizeof *reader->nodes));
    }
    size_t index = reader->count++;
    json_node *node = &reader->nodes[index];
    node->kind = kind;
    node->children = 0;
    node->end = static_cast<uint32_t>(index + 1);
    node->offset = static_cast<uint32_t>((name.start ? name.start : where) - reader->text);
    node->key = json_slice(name.key);
    node->text = json_slice(text);
    return index;
}

static const char *json_skip_digits(const char *cursor, const char *end)
{
    while (cursor < end && *cursor >= '0' && *cursor <= '9')
        cursor++;
    return cursor;
}

/* RFC 8259, section 6, exactly: simdjson looks at a number only when it is converted. */
static bool json_is_number(std::string_view text)
{
    const char *cursor = text.data(), *end = cursor + text.size();
    if (cursor < end && *cursor == '-')
        cursor++;
    const char *digits = cursor;
    cursor = json_skip_digits(cursor, end);
    if (cursor == digits || (*digits == '0' && cursor - digits > 1))
        return false;
    if (cursor < end && *cursor == '.') {
        digits = ++cursor;
        cursor = json_skip_digits(cursor, end);
        if (cursor == digits)
            return false;
    }
    if (cursor < end && (*cursor == 'e' || *cursor == 'E')) {
        cursor++;
        if (cursor < end && (*cursor == '+' || *cursor == '-'))
            cursor++;
        digits = cursor;
        cursor = json_skip_digits(cursor, end);
        if (cursor == digits)
            return false;
    }
    return cursor == end;
}

static std::string_view json_trim(std::string_view token)
{
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t'))
        token.remove_suffix(1);
    return token;
}

/* A number, true, false or null; token: from its first byte on, blanks behind it allowed. */
static bool json_add_scalar(json_reader *reader, json_name name, std::string_view token)
{
    const char *where = token.data();
    token = json_trim(token);
    json_kind kind;
    if (token == "null")
        kind = JSON_NULL;
    else if (token == "true" || token == "false")
        kind = JSON_BOOL;
    else if (json_is_number(token))
        kind = JSON_NUMBER;
    else
        return json_fail(reader, "there is no value, or one that is not JSON", where);
    json_add(reader, name, where, kind, token);
    return true;
}

static bool json_same_key(const json_reader *reader, size_t a, size_t b)
{
    return slice_equal(reader->nodes[a].key, reader->nodes[b].key);
}

/* The second of two members of one name; 0: there is none. */
static size_t json_find_repeat_pairwise(const json_reader *reader, size_t object)
{
    size_t end = reader->count;
    for (size_t a = object + 1; a < end; a = reader->nodes[a].end)
        for (size_t b = reader->nodes[a].end; b < end; b = reader->nodes[b].end)
            if (json_same_key(reader, a, b))
                return b;
    return 0;
}

static size_t json_find_repeat_hashed(json_reader *reader, size_t object)
{
    size_t capacity = 64;
    while (capacity < 2 * static_cast<size_t>(reader->nodes[object].children))
        capacity *= 2;
    if (capacity > reader->table_capacity) {
        reader->table =
            static_cast<uint32_t *>(memory_resize(reader->table, capacity, sizeof *reader->table));
        reader->table_capacity = capacity;
    }
    memset(reader->table, 0, capacity * sizeof *reader->table);
    for (size_t index = object + 1; index < reader->count; index = reader->nodes[index].end) {
        slice key = reader->nodes[index].key;
        size_t place = XXH3_64bits(key.data, key.len) & (capacity - 1);
        for (; reader->table[place]; place = (place + 1) & (capacity - 1))
            if (json_same_key(reader, reader->table[place], index))
                return index;
        reader->table[place] = static_cast<uint32_t>(index);
    }
    return 0;
}

/* The text from `at` up to its closing quote; a data() of NULL when it holds an escape. */
static std::string_view json_plain(const char *cursor)
{
    const char *end = cursor;
    while (*end != '"' && *end != '\\')
        end++;
    return *end == '"' ? std::string_view(cursor, static_cast<size_t>(end - cursor)) : std::string_view();
}

static simdjson::error_code json_name_of(ondemand::field &field, json_name *name)
{
    const char *raw = field.key().raw();
    name->start = raw - 1;
    name->key = json_plain(raw);
    return name->key.data() ? simdjson::SUCCESS : field.unescaped_key().get(name->key);
}

/* By reference: a value is copied in halves that were just written in other parts, and each such copy makes
 * the processor wait for them. */
static bool json_visit(json_reader *reader, json_name name, ondemand::value &value, int depth);

/* Two names that differ here differ: most do, and comparing numbers is cheaper than comparing names. */
static uint32_t json_tag(std::string_view key)
{
    if (key.empty())
        return 0;
    return static_cast<uint32_t>(key.size()) << 16 | static_cast<uint8_t>(key.front()) << 8 |
           static_cast<uint8_t>(key.back());
}

/* What is known of an object's names while it is visited. */
struct json_tags {
    uint32_t tags[JSON_PAIRWISE_MAX];
    bool same = false;
};

static void json_note_tag(json_tags *seen, uint32_t count, std::string_view key)
{
    if (count >= JSON_PAIRWISE_MAX)
        return;
    uint32_t tag = json_tag(key);
    for (uint32_t i = 0; i < count; i++)
        seen->same |= seen->tags[i] == tag;
    seen->tags[count] = tag;
}

static size_t json_find_repeat(json_reader *reader, size_t object, const json_tags &seen)
{
    if (reader->nodes[object].children > JSON_PAIRWISE_MAX)
        return json_find_repeat_hashed(reader, object);
    return seen.same ? json_find_repeat_pairwise(reader, object) : 0;
}

static bool json_visit_object(json_reader *reader, json_name name, ondemand::object object, int depth,
                              const char *where)
{
    if (depth > JSON_DEPTH_MAX)
        return json_fail(reader, "it is nested deeper than 64 levels", where);
    size_t index = json_add(reader, name, where, JSON_OBJECT, {});
    uint32_t children = 0;
    json_tags seen;
    for (auto member : object) {
        json_name member_name = {{}, nullptr};
        simdjson::error_code code = member.error();
        ondemand::field &field = member.value_unsafe();
        if (!code)
            code = json_name_of(field, &member_name);
        if (code)
            return json_fail_code(reader, code, member_name.start);
        if (!json_visit(reader, member_name, field.value(), depth + 1))
            return false;
        json_note_tag(&seen, children, member_name.key);
        children++;
    }
    reader->nodes[index].children = children;
    reader->nodes[index].end = static_cast<uint32_t>(reader->count);
    size_t repeat = json_find_repeat(reader, index, seen);
    return repeat ? json_fail(reader, "a member is named twice", reader->text + reader->nodes[repeat].offset)
                  : true;
}

static bool json_visit_array(json_reader *reader, json_name name, ondemand::array array, int depth,
                             const char *where)
{
    if (depth > JSON_DEPTH_MAX)
        return json_fail(reader, "it is nested deeper than 64 levels", where);
    size_t index = json_add(reader, name, where, JSON_ARRAY, {});
    uint32_t children = 0;
    for (auto element : array) {
        simdjson::error_code code = element.error();
        if (code)
            return json_fail_code(reader, code, nullptr);
        ondemand::value &value = element.value_unsafe();
        if (!json_visit(reader, {{}, nullptr}, value, depth + 1))
            return false;
        children++;
    }
    reader->nodes[index].children = children;
    reader->nodes[index].end = static_cast<uint32_t>(reader->count);
    return true;
}

/* Stage 1, which runs with the best instructions that the machine has, has found the closing quote and looked
 * for control characters and bytes that are not UTF-8: what holds no escape is its own text. simdjson's own
 * unescaping is compiled for any machine and slow: it is asked only where there is something to unescape. */
template <typename visited>
static bool json_add_string(json_reader *reader, json_name name, visited &value, std::string_view token,
                            bool on_top)
{
    const char *where = token.data();
    std::string_view trimmed = json_trim(token), text;
    bool whole = trimmed.size() >= 2 && trimmed.back() == '"';
    bool plain = whole && !on_top && (!reader->escapes || !memchr(trimmed.data(), '\\', trimmed.size()));
    if (plain) {
        text = trimmed.substr(1, trimmed.size() - 2);
    } else {
        simdjson::error_code code = value.get_string().get(text);
        if (code)
            return json_fail_code(reader, code, where);
    }
    json_add(reader, name, where, JSON_STRING, text);
    return true;
}

/* Works for a document and for a value within it, which are unrelated types with the same members. A scalar
 * or plain string is left where it is: the iteration passes what was not consumed. */
template <typename visited>
static bool json_visit_any(json_reader *reader, json_name name, visited &value, std::string_view token,
                           int depth)
{
    const char *where = token.data();
    simdjson::error_code code;
    switch (token.empty() ? '\0' : token.front()) {
    case '{': {
        ondemand::object object;
        code = value.get_object().get(object);
        return code ? json_fail_code(reader, code, where)
                    : json_visit_object(reader, name, object, depth, where);
    }
    case '[': {
        ondemand::array array;
        code = value.get_array().get(array);
        return code ? json_fail_code(reader, code, where)
                    : json_visit_array(reader, name, array, depth, where);
    }
    case '"':
        return json_add_string(reader, name, value, token, depth == 1);
    default:
        return json_add_scalar(reader, name, token);
    }
}

static bool json_visit(json_reader *reader, json_name name, ondemand::value &value, int depth)
{
    return json_visit_any(reader, name, value, value.raw_json_token(), depth);
}

/* The reader's text is followed by JSON_PADDING bytes. */
static bool json_visit_document(json_reader *reader)
{
    ondemand::document document;
    simdjson::error_code code =
        reader->parser.iterate(reader->text, reader->text_len, reader->text_len + simdjson::SIMDJSON_PADDING)
            .get(document);
    if (code)
        return json_fail_code(reader, code, reader->text + json_repair_find(json_text(reader)));

    std::string_view token;
    code = document.raw_json_token().get(token);
    if (code)
        return json_fail_code(reader, code, nullptr);
    char first = token.empty() ? '\0' : token.front();
    if (!strchr("{[\"", first)) {
        /* Alone on top: all that follows belongs to it, so something behind it makes it no scalar. */
        size_t rest = static_cast<size_t>(reader->text + reader->text_len - token.data());
        return json_add_scalar(reader, {{}, nullptr}, std::string_view(token.data(), rest));
    }
    if (!json_visit_any(reader, {{}, nullptr}, document, token, 1)) {
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

/* No exception crosses into C: there is one that can come, see memory.h. */
[[noreturn]] static void json_out_of_memory() noexcept
{
    memory_resize(nullptr, SIZE_MAX, SIZE_MAX);
    abort();
}

static char *json_copy_capacity(json_reader *reader, size_t len)
{
    size_t capacity = len + simdjson::SIMDJSON_PADDING;
    if (capacity > reader->copy_capacity) {
        capacity += capacity / 2;
        free(reader->copy);
        reader->copy = static_cast<char *>(memory_resize(nullptr, capacity, 1));
        reader->copy_capacity = capacity;
    }
    return reader->copy;
}

/* In the copy, of which len bytes are filled in. */
static slice json_copied(json_reader *reader, size_t len)
{
    memset(reader->copy + len, 0, simdjson::SIMDJSON_PADDING);
    return slice_make(reader->copy, len);
}

/* text: with its padding. */
static bool json_read(json_reader *reader, slice text)
{
    if (reader->capacity > JSON_NODES_KEPT) {
        free(reader->nodes);
        reader->nodes = nullptr;
        reader->capacity = 0;
    }
    reader->count = 0;
    reader->fault = {0, nullptr};
    reader->code = simdjson::SUCCESS;
    reader->text = text.data;
    reader->text_len = text.len;
    reader->escapes = text.len && memchr(text.data, '\\', text.len);
    try {
        return json_visit_document(reader);
    } catch (...) {
        json_out_of_memory();
    }
}

static const json_node *json_return(const json_reader *reader, bool read, size_t *count, json_fault *fault)
{
    *count = read ? reader->count : 0;
    if (!read)
        *fault = reader->fault;
    return read ? reader->nodes : nullptr;
}

extern "C" json_reader *json_reader_new(void)
{
    json_reader *reader = new (std::nothrow) json_reader;
    if (!reader)
        json_out_of_memory();
    return reader;
}

/* A value lies in the copy, or where simdjson unescaped it. */
extern "C" void json_reader_wipe(json_reader *reader)
{
    for (size_t i = 0; i < reader->count; i++) {
        const slice parts[] = {reader->nodes[i].key, reader->nodes[i].text};
        for (const slice &part : parts)
            if (part.len && reader->text == reader->copy)
                explicit_bzero(const_cast<char *>(part.data), part.len);
    }
    if (reader->copy)
        explicit_bzero(reader->copy, reader->copy_capacity);
    reader->count = 0;
}

extern "C" void json_reader_free(json_reader *reader)
{
    if (!reader)
        return;
    free(reader->copy);
    free(reader->nodes);
    free(reader->table);
    delete reader;
}

extern "C" const json_node *json_reader_parse(json_reader *reader, slice text, size_t *count,
                                              json_fault *fault)
{
    if (text.len > JSON_TEXT_MAX) {
        reader->fault = {0, JSON_TOO_LONG};
        return json_return(reader, false, count, fault);
    }
    char *copy = json_copy_capacity(reader, text.len);
    if (text.len)
        memcpy(copy, text.data, text.len);
    if (text.len >= 3 && memcmp(copy, "\xef\xbb\xbf", 3) == 0)
        memset(copy, ' ', 3); /* a byte order mark; blanks, so that offsets stay those of text */
    return json_return(reader, json_read(reader, json_copied(reader, text.len)), count, fault);
}

extern "C" const json_node *json_reader_parse_lenient(json_reader *reader, slice text, size_t *count,
                                                      bool *repaired, json_fault *fault)
{
    *repaired = false;
    if (text.len > JSON_TEXT_MAX / JSON_REPAIR_GROWTH) {
        reader->fault = {0, JSON_TOO_LONG};
        return json_return(reader, false, count, fault);
    }
    bool read = json_read(reader, text);
    if (read || (reader->code != simdjson::UTF8_ERROR && reader->code != simdjson::STRING_ERROR))
        return json_return(reader, read, count, fault);

    size_t len = json_repair(text, json_copy_capacity(reader, text.len * JSON_REPAIR_GROWTH));
    *repaired = true;
    read = json_read(reader, json_copied(reader, len));
    reader->fault.offset = json_repair_origin(text, reader->fault.offset);
    return json_return(reader, read, count, fault);
}

extern "C" size_t json_member(const json_node *nodes, size_t index, const char *key)
{
    if (nodes[index].kind != JSON_OBJECT)
        return 0;
    slice wanted = slice_from(key);
    for (size_t member = index + 1; member < nodes[index].end; member = nodes[member].end)
        if (slice_equal(nodes[member].key, wanted))
            return member;
    return 0;
}
