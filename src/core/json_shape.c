#include "core/json_shape.h"

#include <stdio.h>
#include <string.h>

#include "core/ascii.h"

enum result { SCAN_ENDED, SCAN_OK, SCAN_BROKEN };

struct scan {
    struct json_shape *shape;
    struct slice text;
    size_t offset;
    unsigned depth;
    unsigned arrays;                         /* that are open */
    struct slice path[JSON_SHAPE_DEPTH_MAX]; /* the names that lead to the value at hand, by depth */
    bool is_own;                             /* the top-level member at hand */
    bool best_is_own;                        /* the one with the best array */
    size_t own_count;
};

/* Names beside the array in the replies of APIs and in exports, in small letters without `_`, `-` and blanks.
 */
static const char *const envelope[] = {
    "apiversion",
    "consumedcapacity",
    "count",
    "cursor",
    "cursors",
    "done",
    "error",
    "errors",
    "etag",
    "exportdate",
    "exportedat",
    "generatedat",
    "hasmore",
    "hasnext",
    "kind",
    "lastevaluatedkey",
    "length",
    "limit",
    "links",
    "message",
    "messages",
    "meta",
    "metadata",
    "next",
    "nextcursor",
    "nextlink",
    "nextpage",
    "nextpagetoken",
    "nextrecordsurl",
    "nexttoken",
    "object",
    "offset",
    "ok",
    "page",
    "pageable",
    "pageinfo",
    "pages",
    "pagesize",
    "pagination",
    "paging",
    "perpage",
    "prev",
    "previous",
    "requestid",
    "scannedcount",
    "schema",
    "start",
    "statuscode",
    "status",
    "success",
    "timedout",
    "timestamp",
    "took",
    "total",
    "totalcount",
    "totalitems",
    "totalpages",
    "totalrecords",
    "totalresults",
    "totalsize",
    "url",
    "version",
    "warnings",
};

static bool is_alnum(char byte)
{
    return ascii_is_letter(byte) || ascii_is_digit(byte);
}

static bool is_envelope(struct slice name)
{
    char folded[32];
    size_t len = 0;
    if (name.len > 0 && (name.data[0] == '@' || name.data[0] == '$'))
        return true;
    for (size_t i = 0; i < name.len; i++) {
        if (memchr("_- ", name.data[i], 3))
            continue;
        if (len == sizeof folded)
            return false;
        folded[len++] = ascii_lower(name.data[i]);
    }
    for (size_t i = 0; i < sizeof envelope / sizeof *envelope; i++)
        if (slice_equal(slice_make(folded, len), slice_from(envelope[i])))
            return true;
    return false;
}

/* The next byte behind blanks; '\0' at the end. */
static char next_byte(struct scan *scan)
{
    for (; scan->offset < scan->text.len; scan->offset++) {
        char byte = scan->text.data[scan->offset];
        if (byte == '\n')
            scan->shape->has_line_breaks |= scan->depth > 0;
        else if (byte != ' ' && byte != '\t' && byte != '\r')
            return byte;
    }
    return '\0';
}

/* *string: without its quotes, not unescaped. */
static enum result scan_string(struct scan *scan, struct slice *string)
{
    size_t start = ++scan->offset;
    for (; scan->offset < scan->text.len; scan->offset++) {
        char byte = scan->text.data[scan->offset];
        if ((unsigned char)byte < ' ')
            return SCAN_BROKEN;
        if (byte == '"') {
            *string = slice_make(scan->text.data + start, scan->offset++ - start);
            return SCAN_OK;
        }
        scan->offset += byte == '\\';
    }
    scan->offset = scan->text.len;
    return SCAN_ENDED;
}

static enum result scan_scalar(struct scan *scan)
{
    size_t start = scan->offset;
    while (scan->offset < scan->text.len &&
           (is_alnum(scan->text.data[scan->offset]) || memchr("+-.", scan->text.data[scan->offset], 3)))
        scan->offset++;
    char first = scan->text.data[start];
    if (!ascii_is_digit(first) && !memchr("-tfn", first, 4))
        return SCAN_BROKEN;
    return scan->offset < scan->text.len ? SCAN_OK : SCAN_ENDED;
}

static void note_array(struct scan *scan, size_t count, bool is_whole)
{
    struct json_shape *shape = scan->shape;
    size_t path_len = scan->depth - 1;
    if (count <= shape->count || path_len > JSON_SHAPE_PATH_MAX)
        return;
    shape->count = count;
    shape->count_is_whole = is_whole;
    shape->path_len = path_len;
    memcpy(shape->path, scan->path, path_len * sizeof *shape->path);
    scan->best_is_own = scan->is_own;
}

static enum result scan_value(struct scan *scan);

static enum result scan_elements(struct scan *scan, size_t *objects, size_t *others)
{
    if (next_byte(scan) == ']') {
        scan->offset++;
        return SCAN_OK;
    }
    for (;;) {
        *(next_byte(scan) == '{' ? objects : others) += 1;
        enum result result = scan_value(scan);
        if (result != SCAN_OK)
            return result;
        char byte = next_byte(scan);
        scan->offset++;
        if (byte == ']')
            return SCAN_OK;
        if (byte != ',')
            return byte ? SCAN_BROKEN : SCAN_ENDED;
    }
}

static enum result scan_array(struct scan *scan)
{
    size_t objects = 0, others = 0;
    scan->arrays++;
    enum result result = scan_elements(scan, &objects, &others);
    scan->arrays--;
    if (scan->arrays == 0 && others == 0 && result != SCAN_BROKEN)
        note_array(scan, objects, result == SCAN_OK);
    return result;
}

static enum result scan_object(struct scan *scan)
{
    if (next_byte(scan) == '}') {
        scan->offset++;
        return SCAN_OK;
    }
    for (;;) {
        char byte = next_byte(scan);
        if (byte != '"')
            return byte ? SCAN_BROKEN : SCAN_ENDED;
        struct slice *name = &scan->path[scan->depth - 1];
        enum result result = scan_string(scan, name);
        if (result != SCAN_OK)
            return result;
        byte = next_byte(scan);
        scan->offset++;
        if (byte != ':')
            return byte ? SCAN_BROKEN : SCAN_ENDED;
        if (scan->depth == 1) {
            scan->is_own = !is_envelope(*name);
            scan->own_count += scan->is_own;
        }
        result = scan_value(scan);
        if (result != SCAN_OK)
            return result;
        byte = next_byte(scan);
        scan->offset++;
        if (byte == '}')
            return SCAN_OK;
        if (byte != ',')
            return byte ? SCAN_BROKEN : SCAN_ENDED;
    }
}

static enum result scan_value(struct scan *scan)
{
    struct slice string;
    char byte = next_byte(scan);
    enum result result;
    switch (byte) {
    case '\0':
        return scan->offset < scan->text.len ? SCAN_BROKEN : SCAN_ENDED;
    case '"':
        result = scan_string(scan, &string);
        if (result == SCAN_OK && memchr(string.data, '@', string.len))
            *(scan->arrays ? &scan->shape->mail_inside : &scan->shape->mail_outside) = true;
        return result;
    case '{':
    case '[':
        if (scan->depth == JSON_SHAPE_DEPTH_MAX)
            return SCAN_BROKEN;
        scan->offset++;
        scan->depth++;
        result = byte == '{' ? scan_object(scan) : scan_array(scan);
        scan->depth--;
        return result;
    default:
        return scan_scalar(scan);
    }
}

bool json_shape_read(struct slice text, struct json_shape *shape)
{
    struct slice mark = SLICE_LITERAL("\xef\xbb\xbf");
    struct scan scan = {.shape = shape, .text = text};
    *shape = (struct json_shape){0};
    if (slice_begins(text, mark))
        scan.offset = mark.len;
    char first = next_byte(&scan);
    shape->is_array = first == '[';
    if (first != '[' && first != '{')
        return false;
    enum result result = scan_value(&scan);
    shape->is_whole = result == SCAN_OK;
    shape->end = scan.offset < text.len ? scan.offset : text.len;
    shape->own_count = scan.own_count - (shape->count && scan.best_is_own);
    return result != SCAN_BROKEN;
}

bool json_shape_wraps(const struct json_shape *shape)
{
    return !shape->is_array && shape->count > 0 && shape->own_count == 0 && !shape->mail_outside;
}

static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_alnum(name.data[i]) && name.data[i] != '_')
            return false;
    return name.len > 0 && name.len < 24 && !ascii_is_digit(name.data[0]);
}

const char *json_shape_command(const struct json_shape *shape, char command[JSON_SHAPE_COMMAND_SIZE])
{
    size_t len = (size_t)snprintf(command, JSON_SHAPE_COMMAND_SIZE, "jq -c '%s", shape->path_len ? "" : ".");
    for (size_t i = 0; i < shape->path_len; i++) {
        struct slice name = is_plain_name(shape->path[i]) ? shape->path[i] : slice_from("NAME");
        len +=
            (size_t)snprintf(command + len, JSON_SHAPE_COMMAND_SIZE - len, ".%.*s", (int)name.len, name.data);
    }
    snprintf(command + len, JSON_SHAPE_COMMAND_SIZE - len, "[]' FILE");
    return command;
}
