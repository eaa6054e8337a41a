#include "core/json.h"

#include <inttypes.h>
#include <math.h>

#include "core/utf8.h"

enum { ESCAPED_GROWTH = 16 }; /* a byte becomes fewer: `‹byte FF›` */

void json_write_begin(struct json_writer *writer, struct buffer *out)
{
    *writer = (struct json_writer){.out = out};
}

static void json_write_comma(struct json_writer *writer)
{
    if (writer->comma)
        buffer_append_char(writer->out, ',');
    writer->comma = true;
}

static void json_write_open(struct json_writer *writer, char bracket)
{
    json_write_comma(writer);
    buffer_append_char(writer->out, bracket);
    writer->comma = false;
}

static void json_write_close(struct json_writer *writer, char bracket)
{
    buffer_append_char(writer->out, bracket);
    writer->comma = true;
}

void json_write_object(struct json_writer *writer)
{
    json_write_open(writer, '{');
}

void json_write_object_end(struct json_writer *writer)
{
    json_write_close(writer, '}');
}

void json_write_array(struct json_writer *writer)
{
    json_write_open(writer, '[');
}

void json_write_array_end(struct json_writer *writer)
{
    json_write_close(writer, ']');
}

void json_write_key(struct json_writer *writer, const char *key)
{
    json_write_text(writer, key);
    buffer_append_char(writer->out, ':');
    writer->comma = false;
}

static void json_write_escape(struct buffer *out, unsigned char byte)
{
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    if (byte == '"' || byte == '\\')
        buffer_append(out, slice_make((char[]){'\\', (char)byte}, 2));
    else if (byte < sizeof letters && letters[byte])
        buffer_append(out, slice_make((char[]){'\\', letters[byte]}, 2));
    else
        buffer_printf(out, "\\u%04x", byte);
}

void json_write_string(struct json_writer *writer, struct slice text)
{
    json_write_comma(writer);
    buffer_append_char(writer->out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        buffer_append(writer->out, slice_make(text.data + start, i - start));
        json_write_escape(writer->out, byte);
        start = i + 1;
    }
    if (text.len > start)
        buffer_append(writer->out, slice_skip(text, start));
    buffer_append_char(writer->out, '"');
}

void json_write_any(struct json_writer *writer, struct slice bytes)
{
    struct buffer escaped;
    if (utf8_is_valid(bytes)) {
        json_write_string(writer, bytes);
        return;
    }
    buffer_init(&escaped, ESCAPED_GROWTH * bytes.len);
    utf8_append_escaped(&escaped, bytes);
    json_write_string(writer, buffer_slice(&escaped));
    buffer_clear(&escaped);
}

void json_write_text(struct json_writer *writer, const char *text)
{
    json_write_string(writer, slice_from(text));
}

void json_write_unsigned(struct json_writer *writer, uint64_t number)
{
    json_write_comma(writer);
    buffer_printf(writer->out, "%" PRIu64, number);
}

void json_write_signed(struct json_writer *writer, int64_t number)
{
    json_write_comma(writer);
    buffer_printf(writer->out, "%" PRId64, number);
}

void json_write_decimal(struct json_writer *writer, double number, int decimals)
{
    if (!isfinite(number)) {
        json_write_null(writer);
        return;
    }
    json_write_comma(writer);
    buffer_printf(writer->out, "%.*f", decimals, number);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    json_write_comma(writer);
    buffer_append_text(writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
    json_write_comma(writer);
    buffer_append_text(writer->out, "null");
}

void json_write_member(struct json_writer *writer, const char *key, struct slice text)
{
    json_write_key(writer, key);
    json_write_string(writer, text);
}

void json_write_member_unsigned(struct json_writer *writer, const char *key, uint64_t number)
{
    json_write_key(writer, key);
    json_write_unsigned(writer, number);
}
