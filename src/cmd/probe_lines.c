#include "cmd/probe_lines.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "core/utf8.h"

enum { NAME_WIDTH = 12, STATE_WIDTH = 8 };

static const struct {
    const char *shown, *word;
} states[] = {
    [PROBE_OK] = {"ok", "ok"},
    [PROBE_WARNING] = {"warning", "warning"},
    [PROBE_NOT_OK] = {"NOT OK", "not_ok"},
    [PROBE_SKIPPED] = {"-", "skipped"},
};

void probe_lines_add(struct probe_lines *lines, const char *name, enum probe_state state, const char *format,
                     ...)
{
    char text[ERROR_TEXT_MAX + 256];
    va_list arguments;

    assert(lines->count < PROBE_LINES_MAX);
    struct probe_line *line = &lines->list[lines->count++];
    va_start(arguments, format);
    text_format_va(text, sizeof text, format, arguments);
    va_end(arguments);
    line->name = name;
    line->state = state;
    buffer_init(&line->text, sizeof text);
    buffer_append_text(&line->text, text);
}

void probe_lines_clear(struct probe_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        buffer_clear(&lines->list[i].text);
    lines->count = 0;
}

bool probe_lines_all_ok(const struct probe_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        if (lines->list[i].state == PROBE_NOT_OK)
            return false;
    return true;
}

/* A text of several lines stays in its column. */
static void write_text(const struct buffer *text, struct buffer *out)
{
    struct slice left = buffer_slice(text), line;

    while (slice_next_line(&left, &line)) {
        utf8_append_escaped(out, line);
        if (left.len)
            buffer_printf(out, "\n%*s", NAME_WIDTH + 1 + STATE_WIDTH + 1, "");
    }
}

void probe_lines_write_table(const struct probe_lines *lines, bool only_faults, struct buffer *out)
{
    for (size_t i = 0; i < lines->count; i++) {
        const struct probe_line *line = &lines->list[i];
        if (only_faults && (line->state == PROBE_OK || line->state == PROBE_SKIPPED))
            continue;
        buffer_printf(out, "%-*s %-*s ", NAME_WIDTH, line->name, STATE_WIDTH, states[line->state].shown);
        write_text(&line->text, out);
        buffer_append_char(out, '\n');
    }
}

void probe_lines_write_json(const struct probe_lines *lines, const char *job, int status, struct buffer *out)
{
    struct json_writer json;

    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_key(&json, "job");
    json_write_text(&json, job);
    json_write_key(&json, "status");
    json_write_signed(&json, status);
    json_write_key(&json, "lines");
    json_write_array(&json);
    for (size_t i = 0; i < lines->count; i++) {
        struct slice text = buffer_slice(&lines->list[i].text);
        size_t fact_len = text_find_hint(text), hint = fact_len + strlen("\nhint: ");
        json_write_object(&json);
        json_write_key(&json, "name");
        json_write_text(&json, lines->list[i].name);
        json_write_key(&json, "state");
        json_write_text(&json, states[lines->list[i].state].word);
        json_write_key(&json, "message");
        json_write_string(&json, slice_make(text.data, fact_len));
        if (fact_len < text.len) {
            json_write_key(&json, "hint");
            json_write_string(&json, slice_make(text.data + hint, text.len - hint));
        }
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}
