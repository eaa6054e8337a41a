#include "model/job.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/buffer.h"
#include "core/log.h"
#include "core/text.h"
#include "core/utf8.h"

enum {
    JOB_SHOWN_MAX = 160, /* bytes of the offending line */
    JOB_MESSAGE_MAX = 64 * 1024,
};

const struct secret *job_credential(const struct job_credentials *credentials, const char *name)
{
    static const struct secret none;
    for (size_t i = 0; i < credentials->count; i++)
        if (strcmp(credentials->items[i].name, name) == 0)
            return &credentials->items[i].secret;
    return &none;
}

void job_mapping_append_columns(const struct job_mapping *mapping, struct buffer *out)
{
    for (size_t i = 0; i < mapping->column_count; i++) {
        if (i > 0)
            buffer_append_text(out, mapping->join ? " + " : " or ");
        buffer_append_text(out, mapping->columns[i].name);
    }
}

const struct job_mapping *job_mapping_of(const struct job *job, enum field_id field)
{
    for (size_t i = 0; i < job->mapping_count; i++)
        if (job->mappings[i].field == field)
            return &job->mappings[i];
    return NULL;
}

bool job_rules_use(const struct job *job, enum field_id field)
{
    for (size_t i = 0; i < job->rule_count; i++) {
        if (job->rules[i].field == field)
            return true;
        for (size_t j = 0; j < job->rules[i].condition_count; j++)
            if (job->rules[i].conditions[j].field == field)
                return true;
    }
    return false;
}

/* A line of the job file, from 1, without its end; empty when there is no such line. */
static struct slice job_line(const struct job *job, unsigned number)
{
    struct slice rest = job->text, line = slice_make("", 0);
    for (unsigned i = 0; i < number; i++)
        if (!slice_next_line(&rest, &line))
            return slice_make("", 0);
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* True at the value of a credential that is not a reference: the file holds the secret itself. Any provider's
 * credentials are named so. */
static bool job_is_literal_secret(struct slice rest)
{
    static const char *const names[] = {"_key", "secret", "client_id", "password", "token"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t len = strlen(names[i]);
        if (rest.len <= len || memcmp(rest.data, names[i], len) != 0)
            continue;
        size_t offset = len;
        while (offset < rest.len && strchr(" \t\"':", rest.data[offset]) && rest.data[offset])
            offset++;
        struct slice value = slice_skip(rest, offset);
        bool reference = (value.len >= 4 && memcmp(value.data, "env:", 4) == 0) ||
                         (value.len >= 5 && memcmp(value.data, "file:", 5) == 0);
        return offset > len && value.len && !reference;
    }
    return false;
}

/* The part of a line that may be shown: nothing from a literal secret on, and not too much. */
static struct slice job_shown(struct slice line, bool *cut)
{
    size_t shown = line.len;
    for (size_t i = 0; i < line.len && shown == line.len; i++) {
        if (!job_is_literal_secret(slice_skip(line, i)))
            continue;
        const char *colon = memchr(line.data + i, ':', line.len - i);
        shown = colon ? (size_t)(colon - line.data) + 1 : i;
    }
    if (shown > JOB_SHOWN_MAX)
        shown = utf8_shorten(line, JOB_SHOWN_MAX).len;
    *cut = shown < line.len;
    return slice_make(line.data, shown);
}

/* The caret is under the column: a tab stays a tab, any other character becomes one blank. */
static void job_append_caret(struct buffer *out, struct slice shown, bool cut, unsigned column)
{
    unsigned index = 1;
    size_t start = out->len;
    buffer_append_text(out, "\n    ");
    for (size_t i = 0; i < shown.len && index < column; i++) {
        if (utf8_is_continuation(shown.data[i]))
            continue;
        buffer_append_char(out, shown.data[i] == '\t' ? '\t' : ' ');
        index++;
    }
    if (cut && index < column) {
        buffer_append_char(out, ' ');
        index = column;
    }
    if (index == column) {
        buffer_append_char(out, '^');
    } else {
        out->len = start;
        out->data[start] = '\0';
    }
}

/* The line below the message, with a caret under the column. */
static void job_append_line(struct buffer *out, struct slice line, unsigned column)
{
    bool cut;
    struct slice shown = job_shown(line, &cut);
    buffer_append_text(out, "\n    ");
    for (size_t i = 0; i < shown.len; i++) /* a NUL would end the message */
        buffer_append_char(out, shown.data[i] ? shown.data[i] : '?');
    if (cut)
        buffer_append_text(out, " …");
    job_append_caret(out, shown, cut, column);
}

/* The place, the fact, the line with a caret, and last the hint. */
__attribute__((format(printf, 4, 0))) static void job_describe(const struct job *job, struct job_place place,
                                                               struct buffer *out, const char *format,
                                                               va_list arguments)
{
    char message[ERROR_TEXT_MAX];
    size_t len = text_format_va(message, sizeof message, format, arguments);
    size_t fact_len = text_find_hint(slice_make(message, len));
    buffer_append_text(out, job->path);
    if (place.line)
        buffer_printf(out, ":%u:%u", place.line, place.column);
    buffer_printf(out, ": %.*s", (int)fact_len, message);
    struct slice line = job_line(job, place.line);
    if (line.len)
        job_append_line(out, line, place.column);
    buffer_append(out, slice_make(message + fact_len, len - fact_len));
}

int job_fail(const struct job *job, struct job_place place, struct error *error, const char *format, ...)
{
    struct buffer text;
    buffer_init(&text, JOB_MESSAGE_MAX);
    va_list arguments;
    va_start(arguments, format);
    job_describe(job, place, &text, format, arguments);
    va_end(arguments);
    error_set(error, ERROR_USAGE, "%s", text.data);
    buffer_clear(&text);
    return -1;
}

__attribute__((format(printf, 5, 0))) static void job_log(void (*log)(const char *format, ...),
                                                          const char *before, const struct job *job,
                                                          struct job_place place, const char *format,
                                                          va_list arguments)
{
    struct buffer text;
    buffer_init(&text, JOB_MESSAGE_MAX);
    job_describe(job, place, &text, format, arguments);
    log("%s%s", before, text.data);
    buffer_clear(&text);
}

void job_warn(const struct job *job, struct job_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    job_log(log_warning, "", job, place, format, arguments);
    va_end(arguments);
}

void job_note(const struct job *job, struct job_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    job_log(log_info, "note: ", job, place, format, arguments);
    va_end(arguments);
}
