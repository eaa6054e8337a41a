#include "report/rejects_line.h"

#include <assert.h>

#include "core/json_repair.h"
#include "core/utf8.h"
#include "report/rejects_row.h"

void rejects_line_init(struct rejects_line *line)
{
    *line = (struct rejects_line){.reader = json_reader_new()};
    buffer_init(&line->source, REJECTS_ROW_MAX);
    buffer_init(&line->text, REJECTS_ROW_MAX);
}

void rejects_line_clear(struct rejects_line *line)
{
    if (line->reader)
        json_reader_free(line->reader);
    buffer_clear(&line->source);
    buffer_clear(&line->text);
    line->reader = NULL;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static size_t trim_end(const char *text, size_t from, size_t end)
{
    while (end > from && is_blank(text[end - 1]))
        end--;
    return end;
}

static bool is_added(struct slice key)
{
    return key.len >= 4 && memcmp(key.data, "kyc_", 4) == 0;
}

/* An object and the nodes of its members. */
struct members {
    struct slice raw;
    const struct json_node *nodes;
    bool repaired;
};

static struct members read_members(struct rejects_line *line, struct slice raw)
{
    static const char padding[JSON_PADDING];
    struct members members = {.raw = raw};
    struct json_fault fault;
    size_t count;
    buffer_reset(&line->source);
    buffer_append(&line->source, raw);
    buffer_append(&line->source, slice_make(padding, sizeof padding));
    members.nodes = json_reader_parse_lenient(line->reader, slice_make(line->source.data, raw.len), &count,
                                              &members.repaired, &fault);
    assert(members.nodes && members.nodes[0].kind == JSON_OBJECT); /* a rule worker has parsed it */
    return members;
}

static size_t offset_of(const struct members *members, size_t node)
{
    size_t index = members->nodes[node].offset;
    return members->repaired ? json_repair_origin(members->raw, index) : index;
}

static bool has_added(const struct json_node *nodes)
{
    for (size_t index = 1; index < nodes[0].end; index = nodes[index].end)
        if (is_added(nodes[index].key))
            return true;
    return false;
}

/* Appends the members other than kyc_* up to closing, with the source bytes between neighbours. True when
 * there is one. */
static bool append_source_members(const struct members *members, size_t closing, struct buffer *out)
{
    const struct json_node *nodes = members->nodes;
    const char *raw = members->raw.data;
    size_t appended = 0, neighbour = 0; /* end in raw of the last member appended; the node right after it */
    for (size_t index = 1; index < nodes[0].end; index = nodes[index].end) {
        if (is_added(nodes[index].key))
            continue;
        bool is_last = nodes[index].end == nodes[0].end;
        size_t start = offset_of(members, index);
        size_t end = trim_end(raw, start, is_last ? closing : offset_of(members, nodes[index].end));
        if (!is_last) /* its comma */
            end = trim_end(raw, start, end - 1);
        buffer_append_text(out, appended && neighbour != index ? "," : "");
        start = neighbour == index ? appended : start;
        buffer_append(out, slice_make(raw + start, end - start));
        appended = end;
        neighbour = nodes[index].end;
    }
    return appended > 0;
}

void rejects_line_begin(struct rejects_line *line, struct slice raw, struct buffer *out)
{
    raw.len = trim_end(raw.data, 0, raw.len);
    struct members members = read_members(line, raw);
    size_t first = offset_of(&members, 0) + 1, closing = raw.len - 1;
    bool any = members.nodes[0].children > 0;
    if (has_added(members.nodes)) {
        buffer_append(out, slice_make(raw.data, first));
        any = append_source_members(&members, closing, out);
    } else {
        buffer_append(out, slice_make(raw.data, trim_end(raw.data, first, closing)));
    }
    line->writer = (struct json_writer){.out = out, .comma = any};
}

void rejects_line_text(struct rejects_line *line, const char *key, struct slice text)
{
    buffer_reset(&line->text);
    while (text.len) {
        size_t good = utf8_valid_len(text);
        buffer_append(&line->text, slice_make(text.data, good));
        if (good == text.len)
            break;
        buffer_append_char(&line->text, '?');
        text = slice_make(text.data + good + 1, text.len - good - 1);
    }
    json_write_member(&line->writer, key, buffer_slice(&line->text));
}

void rejects_line_number(struct rejects_line *line, const char *key, uint64_t number)
{
    json_write_member_unsigned(&line->writer, key, number);
}

void rejects_line_end(struct rejects_line *line)
{
    json_write_object_end(&line->writer);
    buffer_append_char(line->writer.out, '\n');
}
