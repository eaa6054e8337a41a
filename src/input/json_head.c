#include "input/json_head.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { HEAD_MAX = 64 * 1024, WRAPPED_MIN = 2 };

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(" \t\r\n", text.data[i], 4))
            return false;
    return true;
}

/* An object whose members have other names than usual, alone in its input: the e-mail addresses show whether
 * the customers are in its array. */
static bool holds_customers(const struct json_shape *shape, struct slice rest)
{
    return shape->is_whole && shape->count > 1 && shape->mail_inside && !shape->mail_outside &&
           is_blank(rest);
}

/* Firehose and others write objects without line ends between them. In a file of lines, two on the first one
 * are two records with a lost line end. */
static bool is_one_line(const struct json_shape *shape, struct slice rest)
{
    struct json_shape next;
    if (!shape->is_whole || rest.len == 0 || rest.data[0] != '{' || !json_shape_read(rest, &next))
        return false;
    rest = slice_skip(rest, next.end);
    return rest.len == 0 || rest.data[0] == '{' || (next.is_whole && is_blank(rest));
}

enum json_head json_head_of(const struct json_shape *shape, size_t min_count, struct slice rest)
{
    bool wraps = json_shape_wraps(shape) || holds_customers(shape, rest);
    if (shape->is_array || (wraps && (shape->has_line_breaks || shape->count >= min_count)))
        return JSON_HEAD_ARRAY;
    if (shape->has_line_breaks)
        return JSON_HEAD_SPREAD;
    return is_one_line(shape, rest) ? JSON_HEAD_ONE_LINE : JSON_HEAD_RECORDS;
}

/* The command that makes NDJSON of the input, with its first word for a file that is compressed. */
static int fail_text(const char *what, const char *command, enum job_format format, const char *name,
                     struct error *error)
{
    size_t len = strlen(name);
    bool is_gzip = len > 3 && strcmp(name + len - 3, ".gz") == 0;
    size_t head = strlen(command) - strlen(" FILE");
    return error_set(error, ERROR_INPUT,
                     "%s: %s; NDJSON has one object a line\nhint: convert it first: %s%.*s%s%s", name, what,
                     is_gzip ? "gunzip -c FILE | " : "", (int)head, command, is_gzip ? "" : " FILE",
                     format == JOB_FORMAT_CSV ? " >records.ndjson, and read that" : "");
}

int json_head_fail(enum json_head head, const struct json_shape *shape, enum job_format format,
                   const char *name, struct error *error)
{
    char command[JSON_SHAPE_COMMAND_SIZE], what[96];
    if (head == JSON_HEAD_SPREAD)
        return fail_text("a JSON object that goes over several lines", "jq -c . FILE", format, name, error);
    if (head == JSON_HEAD_ONE_LINE)
        return fail_text("several JSON objects on one line", "jq -c . FILE", format, name, error);
    if (shape->is_array)
        snprintf(what, sizeof what, "one JSON array");
    else if (shape->count_is_whole)
        snprintf(what, sizeof what, "one JSON object that holds an array of %zu", shape->count);
    else
        snprintf(what, sizeof what, "one JSON object that holds an array");
    return fail_text(what, json_shape_command(shape, command), format, name, error);
}

/* What was looked at once lines_next gave this result: the same whatever the length of the blocks. */
static struct slice seen(const struct lines *lines, enum lines_result result, size_t max_record)
{
    struct slice text = lines_rest(lines);
    if (result == LINES_ONE)
        text.len = lines_kept(lines).len;
    else if (result == LINES_LONG)
        text.len = lines_kept(lines).len + max_record;
    assert(text.data || text.len == 0);
    return text;
}

/* Reads up to the first line that is not blank. */
static struct slice read_first(struct lines *lines, size_t max_record)
{
    struct line line;
    enum lines_result result;
    struct slice text;
    do {
        result = lines_next(lines, max_record, &line);
        text = seen(lines, result, max_record);
    } while (result == LINES_ONE && text.len < HEAD_MAX &&
             is_blank(slice_skip(text, text.len - line.full_len)));
    return text;
}

/* Reads on, for an object over several lines. */
static struct slice read_more(struct lines *lines, size_t max_record)
{
    struct line line;
    enum lines_result result = LINES_ONE;
    while (result == LINES_ONE && lines_kept(lines).len < HEAD_MAX)
        result = lines_next(lines, max_record, &line);
    return seen(lines, result, max_record);
}

/* True if no line of the text is a record, not even a damaged one: none has a brace at its start. A single
 * line may be a record that was cut. */
static bool has_no_object(struct slice text)
{
    size_t count = 0;
    while (text.len) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) + 1 : text.len, start = 0;
        while (start < len && memchr(" \t\r\n", text.data[start], 4))
            start++;
        if (start < len && text.data[start] == '{')
            return false;
        count += start < len;
        text = slice_skip(text, len);
    }
    return count > 1;
}

/* What follows of an input whose first line is not JSON: of CSV, or of an error's words, that were named
 * NDJSON, every line would be rejected. */
static int check_objects(struct lines *lines, size_t max_record, const char *name, struct error *error)
{
    if (!has_no_object(read_more(lines, max_record)))
        return 0;
    return error_set(
        error, ERROR_INPUT,
        "%s: none of its first lines is a JSON object, so it is not NDJSON\nhint: look at it (head -n 5 FILE); if it is CSV, set input.format to csv",
        name);
}

static int check_text(struct lines *lines, enum job_format format, size_t max_record, const char *name,
                      struct error *error)
{
    struct json_shape shape;
    struct slice text = read_first(lines, max_record);
    if (!json_shape_read(text, &shape))
        return format == JOB_FORMAT_NDJSON ? check_objects(lines, max_record, name, error) : 0;
    assert(text.data && shape.end <= text.len);
    bool ends_here = shape.end == text.len || text.data[shape.end] != '{';
    if (!shape.is_whole || shape.mail_inside || !ends_here) {
        text = read_more(lines, max_record);
        if (!json_shape_read(text, &shape))
            return 0;
        assert(text.data && shape.end <= text.len);
    }
    enum json_head head = json_head_of(&shape, WRAPPED_MIN, slice_skip(text, shape.end));
    if (head != JSON_HEAD_RECORDS)
        return json_head_fail(head, &shape, format, name, error);
    if (format == JOB_FORMAT_CSV && shape.is_whole)
        return error_set(error, ERROR_INPUT,
                         "%s: JSON, one object a line, and not CSV\nhint: set input.format to ndjson", name);
    return 0;
}

int json_head_check(struct lines *lines, enum job_format format, size_t max_record, const char *name,
                    struct error *error)
{
    uint64_t number = lines->number;
    lines_keep(lines);
    int result = check_text(lines, format, max_record, name, error);
    lines_back(lines, 0, number);
    return result;
}
