#include "provider/scrub.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/field.h"
#include "provider/scrub_decode.h"
#include "provider/scrub_value.h"
#include "provider/scrub_view.h"

enum {
    DIGITS_MIN = 6,
    DIGITS_APART_MAX = 2,
    CONCAT_DATE = 8,       /* YYYYMMDD */
    CONCAT_LEN = 18,       /* and five letters of each name */
    TOKEN_MIN = 16,        /* of letters and digits mixed */
    TOKEN_PADDED_MIN = 8,  /* of base64 that says so by its `=` */
    EMAIL_LOCAL_MAX = 256, /* bounds the search; a real one has 64 */
    MARK_SIZE = 64,        /* ‹expected_transaction_count› */
    ARENA_CHUNK = 16 * 1024,
};

static const char ellipsis[] = "…";

/* What begins at the current position: len bytes to be replaced by ‹name›, or to be kept whole (name NULL);
 * len 0: nothing. */
struct match {
    size_t len;
    const char *name;
};

/* A provider's text, and how far it has been read. */
struct reading {
    struct scrub_view view;
    size_t offset, letter; /* byte, and the letter that it begins */
    struct scrub_values values;
    const struct scrub_secrets *secrets;
    bool shapes; /* numbers and tokens that are nobody's known value are replaced too */
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte)
{
    char lower = (char)(byte | 0x20);
    return lower >= 'a' && lower <= 'z';
}

static bool is_alphanumeric(char byte)
{
    return is_digit(byte) || is_letter(byte) || (byte & 0x80) != 0;
}

static void take_longer(struct match *best, size_t len, const char *name)
{
    if (len > best->len)
        *best = (struct match){len, name};
}

static void match_email(struct slice text, struct match *best)
{
    size_t offset = 0;
    while (offset < text.len && offset < EMAIL_LOCAL_MAX &&
           (is_alphanumeric(text.data[offset]) || strchr(".!#$%&'*+/=?^_{|}~-", text.data[offset])) &&
           text.data[offset] != '\0')
        offset++;
    if (offset == 0 || offset == text.len || text.data[offset] != '@')
        return;
    size_t end = offset + 1;
    while (end < text.len &&
           (is_alphanumeric(text.data[end]) || text.data[end] == '.' || text.data[end] == '-'))
        end++;
    while (text.data[end - 1] == '.') /* of the sentence */
        end--;
    if (end > offset + 1)
        take_longer(best, end, "email");
}

/* Digits of any script. */
static void match_number(const struct reading *reading, struct match *best)
{
    const struct scrub_view *view = &reading->view;
    size_t digits = 0, end = 0, apart = 0;
    for (size_t i = reading->letter; i < view->letters.count; i++) {
        if (view->kinds[i] == SCRUB_DIGIT) {
            digits++;
            apart = 0;
            end = i + 1;
        } else if (digits == 0 || ++apart > DIGITS_APART_MAX || view->letters.codes[i] > '/' ||
                   !strchr(" -./()", (int)view->letters.codes[i])) {
            break;
        }
    }
    if (digits >= DIGITS_MIN)
        take_longer(best, scrub_view_start(view, end) - reading->offset, "number");
}

/* 19900415ALEX#MORGA: the date of birth and the first five letters of each name. */
static void match_concat(struct slice text, struct match *best)
{
    size_t len = 0;
    while (len < text.len && len < CONCAT_DATE && is_digit(text.data[len]))
        len++;
    if (len != CONCAT_DATE)
        return;
    while (len < text.len && len < CONCAT_LEN && (text.data[len] == '#' || is_letter(text.data[len])))
        len++;
    if (len == CONCAT_LEN)
        take_longer(best, len, field_name(FIELD_CLIENT_IDENTIFIER));
}

static bool is_of_token(char byte)
{
    return is_digit(byte) || is_letter(byte) || (byte != '\0' && strchr("+/_-", byte));
}

/* Base64, a JWT's parts, an API key: nobody's name and nobody's business. */
static void match_token(struct slice text, struct match *best)
{
    bool lower = false, upper = false, digit = false;
    size_t len = 0, padding = 0;
    for (; len < text.len && is_of_token(text.data[len]); len++) {
        lower = lower || (text.data[len] >= 'a' && text.data[len] <= 'z');
        upper = upper || (text.data[len] >= 'A' && text.data[len] <= 'Z');
        digit = digit || is_digit(text.data[len]);
    }
    while (padding < 2 && len + padding < text.len && text.data[len + padding] == '=')
        padding++;
    bool padded = padding > 0 && (len + padding) % 4 == 0 && len + padding >= TOKEN_PADDED_MIN;
    if (lower && upper && (padded || (digit && len >= TOKEN_MIN)))
        take_longer(best, len + padding, "token");
}

static bool is_of_word(char byte)
{
    return is_alphanumeric(byte) || byte == '_';
}

static bool is_listed(const struct provider_fields *fields, struct slice word)
{
    for (size_t i = 0; i < fields->field_count; i++)
        for (const char *const *value = fields->fields[i].values; value && *value; value++)
            if (slice_is(word, *value))
                return true;
    return false;
}

/* The bytes from here to the end of the word around, when it is one of the provider's lists. */
static size_t listed_len(const struct reading *reading)
{
    struct slice text = reading->view.text;
    size_t first = reading->offset, end = reading->offset;
    if (!reading->secrets || !reading->secrets->fields)
        return 0;
    while (first > 0 && is_of_word(text.data[first - 1]))
        first--;
    while (end < text.len && is_of_word(text.data[end]))
        end++;
    bool listed = is_listed(reading->secrets->fields, slice_make(text.data + first, end - first));
    return listed ? end - reading->offset : 0;
}

/* The bytes of the host that was asked, when the text has it here. */
static size_t host_len(const struct reading *reading)
{
    struct slice text = reading->view.text;
    struct slice host = reading->secrets ? reading->secrets->host : slice_make("", 0);
    size_t end = reading->offset + host.len;
    if (host.len == 0 || end > text.len || strncasecmp(text.data + reading->offset, host.data, host.len) != 0)
        return 0;
    bool begins = reading->offset == 0 || !is_of_word(text.data[reading->offset - 1]);
    return begins && (end == text.len || !is_of_word(text.data[end])) ? host.len : 0;
}

static size_t char_len(char first)
{
    unsigned char byte = (unsigned char)first;
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

static void match_shapes(const struct reading *reading, struct slice rest, struct match *best)
{
    struct match shape = {0, NULL};
    if (scrub_view_start(&reading->view, reading->letter) == reading->offset)
        match_number(reading, &shape);
    match_concat(rest, &shape);
    if (reading->offset == 0 || !is_of_token(rest.data[-1]))
        match_token(rest, &shape);
    if (shape.len <= best->len)
        return;
    size_t listed = best->len == 0 ? listed_len(reading) : 0;
    *best = listed > 0 ? (struct match){listed, NULL} : shape;
}

static struct match find(struct reading *reading)
{
    const struct scrub_view *view = &reading->view;
    struct slice rest = slice_make(view->text.data + reading->offset, view->text.len - reading->offset);
    struct match match = {host_len(reading), NULL};
    if (match.len > 0)
        return match;
    while (reading->letter < view->letters.count && view->letters.starts[reading->letter] < reading->offset)
        reading->letter++;
    if (reading->letter < view->letters.count && view->letters.starts[reading->letter] == reading->offset) {
        size_t end = scrub_values_match(&reading->values, view, reading->letter, &match.name);
        if (end > 0)
            match.len = scrub_view_start(view, end) - reading->offset;
    }
    match_email(rest, &match);
    if (reading->shapes)
        match_shapes(reading, rest, &match);
    return match;
}

static void add_secrets(struct scrub_values *values, const struct scrub_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        const struct job_credentials *credentials = &secrets->credentials[i];
        scrub_values_add_secret(values, secret_slice(&credentials->api_key));
        scrub_values_add_secret(values, secret_slice(&credentials->api_secret));
        scrub_values_add_secret(values, secret_slice(&credentials->client_id));
        scrub_values_add_secret(values, secret_slice(&credentials->password));
        scrub_values_add_secret(values, secret_slice(&credentials->token));
    }
    scrub_values_add_secret(values, secrets->token);
}

static struct reading begin(struct slice text, const struct record *record,
                            const struct scrub_secrets *secrets, struct arena *arena)
{
    struct reading reading = {.view = scrub_view_make(scrub_decode_text(text, true, arena), arena),
                              .values = {.arena = arena},
                              .secrets = secrets,
                              .shapes = !secrets || secrets->host.len == 0};
    scrub_values_add(&reading.values, record, secrets ? secrets->fields : NULL);
    if (secrets)
        add_secrets(&reading.values, secrets);
    return reading;
}

/* Ends what is written with an ellipsis. */
static size_t cut(char *out, size_t len, size_t size)
{
    if (size < sizeof ellipsis)
        return len;
    size_t max = size - sizeof ellipsis;
    if (len > max)
        len = text_shorten_words(slice_make(out, len), max).len;
    memcpy(out + len, ellipsis, sizeof ellipsis - 1);
    return len + sizeof ellipsis - 1;
}

size_t scrub_text(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                  char *out, size_t size)
{
    struct arena arena;
    size_t len = 0;
    arena_init(&arena, ARENA_CHUNK);
    struct reading reading = begin(text, record, secrets, &arena);
    struct slice plain = reading.view.text;
    while (plain.len > 0 && plain.data[plain.len - 1] == ' ')
        plain.len--;
    while (reading.offset < plain.len) {
        char mark[MARK_SIZE];
        struct match match = find(&reading);
        const char *cursor = plain.data + reading.offset;
        struct slice piece = slice_make(cursor, match.len > 0 ? match.len : char_len(*cursor));
        reading.offset += piece.len;
        if (match.name)
            piece = slice_make(mark, (size_t)snprintf(mark, sizeof mark, "‹%s›", match.name));
        if (len + piece.len >= size) {
            len = cut(out, len, size);
            break;
        }
        memcpy(out + len, piece.data, piece.len);
        len += piece.len;
    }
    out[len] = '\0';
    arena_wipe(&arena);
    return len;
}

bool scrub_is_clean(struct slice text, const struct record *record, const struct scrub_secrets *secrets)
{
    struct arena arena;
    if (text.len == 0)
        return true;
    arena_init(&arena, ARENA_CHUNK);
    struct reading reading = begin(text, record, secrets, &arena);
    struct slice plain = reading.view.text;
    bool clean = true;
    reading.shapes = false;
    for (; clean && reading.offset < plain.len; reading.offset += char_len(plain.data[reading.offset]))
        clean = !find(&reading).name;
    arena_wipe(&arena);
    return clean;
}
