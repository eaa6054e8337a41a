#include "input/json_head.h"

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

bool json_head_is_one_text(const struct json_shape *shape, size_t min_count, struct slice rest)
{
    if (shape->is_array || shape->has_line_breaks)
        return true;
    return (json_shape_wraps(shape) && shape->count >= min_count) || holds_customers(shape, rest);
}

int json_head_fail(const struct json_shape *shape, enum job_format format, const char *name,
                   struct error *error)
{
    char command[JSON_SHAPE_COMMAND_SIZE], what[96];
    const char *then = format == JOB_FORMAT_CSV ? " >records.ndjson, and read that" : "";
    if (shape->is_array)
        snprintf(what, sizeof what, "one JSON array");
    else if (shape->count && shape->count_is_whole)
        snprintf(what, sizeof what, "one JSON object that holds an array of %zu", shape->count);
    else
        snprintf(what, sizeof what, "one JSON object that holds an array");
    if (shape->is_array || shape->count)
        return error_set(error, ERROR_INPUT,
                         "%s: %s; NDJSON has one object a line\nhint: convert it first: %s%s", name, what,
                         json_shape_command(shape, command), then);
    return error_set(
        error, ERROR_INPUT,
        "%s: a JSON object that goes over several lines; NDJSON has one object a line\nhint: convert it first: jq -c . FILE%s",
        name, then);
}

/* What was looked at once lines_next gave this result: the same whatever the length of the blocks. */
static struct slice seen(const struct lines *lines, enum lines_result result, size_t max_record)
{
    struct slice text = lines_rest(lines);
    if (result == LINES_ONE)
        text.len = lines_kept(lines).len;
    else if (result == LINES_LONG)
        text.len = lines_kept(lines).len + max_record;
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

static int check_text(struct lines *lines, enum job_format format, size_t max_record, const char *name,
                      struct error *error)
{
    struct json_shape shape;
    struct slice head = read_first(lines, max_record);
    if (!json_shape_read(head, &shape))
        return 0;
    if (!shape.is_whole || shape.mail_inside) {
        head = read_more(lines, max_record);
        if (!json_shape_read(head, &shape))
            return 0;
    }
    if (json_head_is_one_text(&shape, WRAPPED_MIN, slice_skip(head, shape.end)))
        return json_head_fail(&shape, format, name, error);
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
