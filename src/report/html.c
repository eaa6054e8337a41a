#include "report/html.h"

#include <inttypes.h>
#include <string.h>

#include "core/shell_word.h"
#include "core/utf8.h"
#include "report/format_number.h"

static const char *html_entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(struct buffer *out, struct slice text)
{
    while (text.len) {
        struct utf8_char character = utf8_first(text);
        const char *entity = character.broken ? NULL : html_entity(character.code);
        if (entity)
            buffer_append_text(out, entity);
        else if (character.code == '\n' || character.code == '\t')
            buffer_append_char(out, ' ');
        else if (character.broken || utf8_is_hidden(character.code))
            utf8_append_escape(out, character);
        else
            buffer_append(out, slice_make(text.data, character.len));
        text = slice_skip(text, character.len);
    }
}

void html_prose(struct buffer *out, struct slice text)
{
    const char *begin, *end;
    while (text.len && (begin = memchr(text.data, '`', text.len)) &&
           (end = memchr(begin + 1, '`', (size_t)(text.data + text.len - begin) - 1))) {
        html_text(out, slice_make(text.data, (size_t)(begin - text.data)));
        buffer_append_text(out, "<code>");
        html_text(out, slice_make(begin + 1, (size_t)(end - begin) - 1));
        buffer_append_text(out, "</code>");
        text = slice_skip(text, (size_t)(end + 1 - text.data));
    }
    html_text(out, text);
}

static void html_figure(struct buffer *out, const char *path, const char *member)
{
    buffer_append_text(out, "\" data-figure=\"");
    html_text(out, slice_from(path));
    if (member) {
        buffer_append_char(out, '.');
        html_text(out, slice_from(member));
    }
    buffer_append_text(out, "\">");
}

void html_count(struct buffer *out, const char *path, const char *member, uint64_t count)
{
    char text[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "<data value=\"%" PRIu64, count);
    html_figure(out, path, member);
    buffer_printf(out, "%s</data>", format_number_count(count, text));
}

void html_decimal(struct buffer *out, const char *path, const char *member, double number, const char *unit)
{
    buffer_printf(out, "<data value=\"%.1f", number);
    html_figure(out, path, member);
    buffer_printf(out, "%.1f%s</data>", number, unit);
}

void html_share(struct buffer *out, uint64_t part, uint64_t whole)
{
    double percent = whole ? 100.0 * (double)part / (double)whole : 0;
    if (part == 0)
        buffer_append_text(out, "0 %");
    else if (part >= whole)
        buffer_append_text(out, "100 %");
    else if (percent < 0.1)
        buffer_append_text(out, "&lt; 0.1 %");
    else
        buffer_printf(out, "%.1f %%", percent > 99.9 ? 99.9 : percent);
}

void html_bar(struct buffer *out, uint64_t part, uint64_t whole, const char *tone, const char *title)
{
    double width = whole ? 1000.0 * (double)part / (double)whole : 0;
    if (part && width < 4) /* else it cannot be seen */
        width = 4;
    buffer_printf(
        out, "<svg class=\"bar %s\" role=\"img\" viewBox=\"0 0 1000 8\" preserveAspectRatio=\"none\"><title>",
        tone);
    html_share(out, part, whole);
    buffer_printf(out,
                  " %s</title><rect class=\"track\" width=\"1000\" height=\"8\"/>"
                  "<rect class=\"fill\" width=\"%.1f\" height=\"8\"/></svg>",
                  title, width);
}

void html_section(struct buffer *out, const char *id, const char *heading)
{
    buffer_printf(out, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n", id, id, id,
                  heading);
}

void html_command_word(struct buffer *out, const char *option, struct slice word)
{
    enum { WORD_MAX = 64 * 1024 };
    struct buffer quoted;
    buffer_init(&quoted, WORD_MAX);
    shell_word_append(&quoted, word);
    if (option)
        buffer_printf(out, " %s ", option);
    html_text(out, buffer_slice(&quoted));
    buffer_clear(&quoted);
}

void html_command_begin(struct buffer *out, const char *command, const char *job_path)
{
    buffer_printf(out, "<code>kyc-import %s ", command);
    html_command_word(out, NULL, slice_from(job_path));
}
