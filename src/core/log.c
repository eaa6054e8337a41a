#include "core/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/utf8.h"

enum {
    LOG_TEXT_MAX = 2 * ERROR_TEXT_MAX,
    LOG_LINE_MAX = 8 * LOG_TEXT_MAX, /* every byte escaped */
    LOG_LIVE_MAX = 512,
};

static struct {
    pthread_mutex_t mutex; /* of all below */
    char program[32];
    enum log_level max;
    bool json;
    char live[LOG_LIVE_MAX]; /* what the terminal shows now */
    char last_error[ERROR_TEXT_MAX];
} log_state = {.mutex = PTHREAD_MUTEX_INITIALIZER, .program = "kyc-import", .max = LOG_INFO};

static const char *const log_level_names[] = {"error", "warning", "info", "debug"};

void log_setup(const char *program, enum log_level max, bool json)
{
    pthread_mutex_lock(&log_state.mutex);
    snprintf(log_state.program, sizeof log_state.program, "%s", program);
    log_state.max = max;
    log_state.json = json;
    pthread_mutex_unlock(&log_state.mutex);
}

/* What a path or an answer brought along must not steer the terminal, nor mislead its reader, nor break the
 * JSON. */
static void log_sanitize(char *text)
{
    struct slice left = slice_from(text);
    char *out = text;
    while (left.len) {
        struct utf8_char character = utf8_first(left);
        bool is_blank = character.code == '\n' || character.code == '\t';
        if (!is_blank && (character.broken || utf8_is_hidden(character.code))) {
            *out++ = '?';
        } else {
            memmove(out, left.data, character.len);
            out += character.len;
        }
        left = slice_skip(left, character.len);
    }
    *out = '\0';
}

struct log_message {
    struct slice fact, hint; /* hint: what follows "hint: "; empty: there is none */
    struct slice members;    /* further ones, in JSON */
};

static struct log_message log_split(struct slice text, struct slice members)
{
    size_t fact_len = text_find_hint(text);
    size_t hint_start = fact_len < text.len ? fact_len + strlen("\nhint: ") : text.len;
    return (struct log_message){slice_make(text.data, fact_len), slice_skip(text, hint_start), members};
}

static void log_append_json(struct buffer *line, enum log_level level, const struct log_message *message)
{
    char stamp[CLOCK_RFC3339_SIZE];
    struct json_writer json;
    json_write_begin(&json, line);
    json_write_object(&json);
    json_write_key(&json, "at");
    json_write_text(&json, clock_rfc3339(clock_real_ns(), stamp));
    json_write_key(&json, "level");
    json_write_text(&json, log_level_names[level]);
    json_write_key(&json, "message");
    json_write_string(&json, message->fact);
    if (message->hint.len) {
        json_write_key(&json, "hint");
        json_write_string(&json, message->hint);
    }
    if (message->members.len) {
        buffer_append_char(line, ',');
        buffer_append(line, message->members);
    }
    json_write_object_end(&json);
}

/* Further lines of a message are indented: so a line end in a file's name, or in an answer, begins
 * nothing that could be taken for a line of its own. */
static void log_append_indented(struct buffer *line, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        buffer_append_char(line, text.data[i]);
        if (text.data[i] == '\n' && i + 1 < text.len && text.data[i + 1] != ' ')
            buffer_append_text(line, "  ");
    }
}

static void log_append_text(struct buffer *line, enum log_level level, const struct log_message *message)
{
    buffer_append_text(line, log_state.program);
    if (level != LOG_INFO)
        buffer_printf(line, ": %s", log_level_names[level]);
    buffer_append_text(line, ": ");
    log_append_indented(line, message->fact);
    if (message->hint.len) {
        buffer_append_text(line, "\nhint: ");
        log_append_indented(line, message->hint);
    }
}

__attribute__((format(printf, 3, 0))) static void log_line(enum log_level level, struct slice members,
                                                           const char *format, va_list arguments)
{
    pthread_mutex_lock(&log_state.mutex);
    if (level <= log_state.max) {
        char text[LOG_TEXT_MAX];
        text_format_va(text, sizeof text, format, arguments);
        log_sanitize(text);
        const struct log_message message = log_split(slice_from(text), members);
        if (level == LOG_ERROR)
            text_format(log_state.last_error, sizeof log_state.last_error, "%.*s", (int)message.fact.len,
                        message.fact.data);

        struct buffer line;
        buffer_init(&line, LOG_LINE_MAX);
        if (log_state.live[0])
            buffer_append_text(&line, "\r\x1b[K");
        if (log_state.json)
            log_append_json(&line, level, &message);
        else
            log_append_text(&line, level, &message);
        buffer_append_char(&line, '\n');
        buffer_append_text(&line, log_state.live);
        file_write_all(STDERR_FILENO, buffer_slice(&line));
        buffer_clear(&line);
    }
    pthread_mutex_unlock(&log_state.mutex);
}

#define LOG_FORMATTED(level, members)                                                                        \
    do {                                                                                                     \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        log_line(level, members, format, arguments);                                                         \
        va_end(arguments);                                                                                   \
    } while (0)

void log_error(const char *format, ...)
{
    LOG_FORMATTED(LOG_ERROR, slice_make(NULL, 0));
}

void log_warning(const char *format, ...)
{
    LOG_FORMATTED(LOG_WARNING, slice_make(NULL, 0));
}

void log_info(const char *format, ...)
{
    LOG_FORMATTED(LOG_INFO, slice_make(NULL, 0));
}

void log_debug(const char *format, ...)
{
    LOG_FORMATTED(LOG_DEBUG, slice_make(NULL, 0));
}

void log_info_members(struct slice members, const char *format, ...)
{
    LOG_FORMATTED(LOG_INFO, members);
}

void log_failure(const struct error *error)
{
    log_error("%s", error->text);
    if (error->scope != ERROR_PROVIDER && !error->quotes_input)
        return;
    pthread_mutex_lock(&log_state.mutex);
    log_state.last_error[0] = '\0';
    pthread_mutex_unlock(&log_state.mutex);
}

void log_last_error(char *text, size_t size)
{
    pthread_mutex_lock(&log_state.mutex);
    text_format(text, size, "%s", log_state.last_error);
    pthread_mutex_unlock(&log_state.mutex);
}

void log_live_line(const char *text)
{
    pthread_mutex_lock(&log_state.mutex);
    const char *line_text = text ? text : "";
    bool is_new = strcmp(log_state.live, line_text) != 0;
    snprintf(log_state.live, sizeof log_state.live, "%s", line_text);
    if (is_new) {
        char line[LOG_LIVE_MAX + 8];
        int len = snprintf(line, sizeof line, "\r%s\x1b[K", log_state.live);
        file_write_all(STDERR_FILENO, slice_make(line, (size_t)len));
    }
    pthread_mutex_unlock(&log_state.mutex);
}
