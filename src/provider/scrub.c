#include "provider/scrub.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "model/field.h"

enum {
    VALUE_CHARS_MIN = 3,
    DIGITS_MIN = 6,
    EMAIL_LOCAL_MAX = 256, /* bounds the search; a real one has 64 */
    MARK_SIZE = 64,        /* ‹expected_transaction_count› */
};

struct match {
    size_t len;
    const char *name;
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(char byte)
{
    char lower = (char)(byte | 0x20);
    return is_digit(byte) || (lower >= 'a' && lower <= 'z') || (byte & 0x80) != 0;
}

static bool equal_but_case(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char x = a[i], y = b[i];
        if (x >= 'A' && x <= 'Z')
            x = (char)(x | 0x20);
        if (y >= 'A' && y <= 'Z')
            y = (char)(y | 0x20);
        if (x != y)
            return false;
    }
    return true;
}

static void take_longer(struct match *best, size_t len, const char *name)
{
    if (len > best->len)
        *best = (struct match){len, name};
}

/* The items of one value that the text begins with. */
static void match_value(struct slice text, struct slice value, const char *name, struct match *best)
{
    while (value.len > 0) {
        const char *end = memchr(value.at, VALUE_SEPARATOR, value.len);
        size_t len = end == NULL ? value.len : (size_t)(end - value.at);
        if (len > best->len && len <= text.len && equal_but_case(text.at, value.at, len) &&
            text_count_chars(slice_make(value.at, len)) >= VALUE_CHARS_MIN)
            take_longer(best, len, name);
        if (end == NULL)
            break;
        value = slice_make(end + 1, value.len - len - 1);
    }
}

static void match_record(struct slice text, const struct record *record, struct match *best)
{
    if (record == NULL || record->values == NULL)
        return;
    size_t count = field_count();
    for (enum field_id field = 0; field < count; field++)
        if (record->values[field].state == VALUE_PRESENT)
            match_value(text, record->values[field].text, field_name(field), best);
}

static void match_email(struct slice text, struct match *best)
{
    size_t at = 0;
    while (at < text.len && at < EMAIL_LOCAL_MAX &&
           (is_alphanumeric(text.at[at]) || strchr(".!#$%&'*+/=?^_{|}~-", text.at[at])) &&
           text.at[at] != '\0')
        at++;
    if (at == 0 || at == text.len || text.at[at] != '@')
        return;
    size_t end = at + 1;
    while (end < text.len && (is_alphanumeric(text.at[end]) || text.at[end] == '.' || text.at[end] == '-'))
        end++;
    if (end > at + 1)
        take_longer(best, end, "email");
}

static void match_number(struct slice text, struct match *best)
{
    size_t digits = 0, end = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (is_digit(text.at[i])) {
            digits++;
            end = i + 1;
        } else if (digits == 0 || i > end + 1 || text.at[i] == '\0' || !strchr(" -./()", text.at[i])) {
            break;
        }
    }
    if (digits >= DIGITS_MIN)
        take_longer(best, end, "number");
}

/* The bytes of the UTF-8 character at the start; 0 when there is none. */
static size_t char_len(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (len > text.len || !text_is_utf8(slice_make(text.at, len)))
        return 0;
    return len;
}

/* A blank or a control character, C1 (a terminal obeys these too) included. */
static bool is_blank(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];
    return first <= ' ' || first == 0x7f ||
           (first == 0xc2 && text.len > 1 && (unsigned char)text.at[1] >= 0x80 &&
            (unsigned char)text.at[1] < 0xa0);
}

/* What stands for the character at the start of text in a message; *used: its bytes in text. */
static struct slice plain_char(struct slice text, struct slice written, size_t *used)
{
    *used = 1;
    if (is_blank(text)) {
        bool folds = written.len == 0 || written.at[written.len - 1] == ' ';
        *used = text.at[0] == '\xc2' ? 2 : 1;
        return slice_make(" ", folds ? 0 : 1);
    }
    size_t len = char_len(text);
    if (len == 0)
        return slice_make("?", 1);
    *used = len;
    return slice_make(text.at, len);
}

/* text with its blanks folded and its broken bytes replaced, in plain, which has room for text.len bytes.
 * Values are looked for in this: a provider that wraps a value at a line's end must not slip it past. */
static struct slice fold(struct slice text, char *plain)
{
    size_t len = 0;
    while (text.len > 0) {
        size_t used;
        struct slice piece = plain_char(text, slice_make(plain, len), &used);
        if (piece.len > 0)
            memcpy(plain + len, piece.at, piece.len);
        len += piece.len;
        text = slice_make(text.at + used, text.len - used);
    }
    return slice_make(plain, len);
}

static size_t scrub_folded(struct slice text, const struct record *record, char *out, size_t size)
{
    size_t len = 0;
    while (text.len > 0) {
        struct match match = {0, NULL};
        match_record(text, record, &match);
        match_email(text, &match);
        match_number(text, &match);

        char mark[MARK_SIZE];
        struct slice piece = slice_make(text.at, match.name != NULL ? 0 : char_len(text));
        size_t used = match.name != NULL ? match.len : piece.len;
        if (match.name != NULL)
            piece = slice_make(mark, (size_t)snprintf(mark, sizeof mark, "‹%s›", match.name));
        if (len + piece.len >= size)
            break;
        memcpy(out + len, piece.at, piece.len);
        len += piece.len;
        text = slice_make(text.at + used, text.len - used);
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    return len;
}

size_t scrub_text(struct slice text, const struct record *record, char *out, size_t size)
{
    char *plain = memory_new(text.len + 1, 1);
    size_t len = scrub_folded(fold(text, plain), record, out, size);
    free(plain);
    return len;
}
