#include "provider/scrub.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/text.h"
#include "model/field.h"
#include "provider/scrub_plain.h"

enum {
    VALUE_CHARS_MIN = 3,
    DIGITS_MIN = 6,
    TOKEN_MIN = 16,        /* of letters and digits mixed */
    TOKEN_PADDED_MIN = 8,  /* of base64 that says so by its `=` */
    EMAIL_LOCAL_MAX = 256, /* bounds the search; a real one has 64 */
    MARK_SIZE = 64,        /* ‹expected_transaction_count› */
    ARENA_CHUNK = 16 * 1024,
};

struct match {
    size_t len;
    const char *name;
};

/* What is looked for. */
struct needle {
    struct text_letters letters;
    const char *name;
    struct needle *next;
};

/* A provider's text, and how far it has been read. */
struct reading {
    struct slice text; /* plain */
    struct text_letters letters;
    size_t at, letter_at;
    const struct needle *needles;
    bool whole; /* numbers and tokens are looked for too */
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

static void add_needle(struct slice text, const char *name, struct needle **needles, struct arena *arena)
{
    if (text_count_chars(text) < VALUE_CHARS_MIN)
        return;
    struct needle *needle = arena_alloc(arena, sizeof *needle);
    *needle = (struct needle){text_fold_letters(text, arena), name, *needles};
    if (needle->letters.count > 0)
        *needles = needle;
}

/* Each item of a value. */
static void add_value(struct slice value, const char *name, struct needle **needles, struct arena *arena)
{
    while (value.len > 0) {
        const char *end = memchr(value.at, VALUE_SEPARATOR, value.len);
        size_t len = end == NULL ? value.len : (size_t)(end - value.at);
        add_needle(slice_make(value.at, len), name, needles, arena);
        if (end == NULL)
            return;
        value = slice_make(end + 1, value.len - len - 1);
    }
}

/* The same is done to a secret as to the text that may hold it, but for escapes, of which it has none. */
static void add_secret(struct slice secret, struct needle **needles, struct arena *arena)
{
    if (secret.len > 0)
        add_needle(scrub_plain_text(secret, false, arena), "secret", needles, arena);
}

static const struct needle *list_needles(const struct record *record, const struct scrub_secrets *secrets,
                                         struct arena *arena)
{
    struct needle *needles = NULL;
    size_t field_total = record == NULL || record->values == NULL ? 0 : field_count();
    for (enum field_id field = 0; field < field_total; field++)
        if (record->values[field].state == VALUE_PRESENT)
            add_value(record->values[field].text, field_name(field), &needles, arena);
    for (size_t i = 0; secrets != NULL && i < secrets->count; i++) {
        const struct job_credentials *credentials = &secrets->credentials[i];
        add_secret(secret_slice(&credentials->api_key), &needles, arena);
        add_secret(secret_slice(&credentials->api_secret), &needles, arena);
        add_secret(secret_slice(&credentials->client_id), &needles, arena);
        add_secret(secret_slice(&credentials->password), &needles, arena);
        add_secret(secret_slice(&credentials->token), &needles, arena);
    }
    if (secrets != NULL)
        add_secret(secrets->token, &needles, arena);
    return needles;
}

static void take_longer(struct match *best, size_t len, const char *name)
{
    if (len > best->len)
        *best = (struct match){len, name};
}

/* The first in the list wins among equals: a secret before a value. */
static void match_needles(const struct reading *reading, struct match *best)
{
    const struct text_letters *letters = &reading->letters;
    size_t first = reading->letter_at;
    if (first == letters->count || letters->starts[first] != reading->at)
        return;
    for (const struct needle *needle = reading->needles; needle != NULL; needle = needle->next) {
        size_t count = needle->letters.count, end = first + count;
        if (count > letters->count - first ||
            memcmp(letters->codes + first, needle->letters.codes, count * sizeof *letters->codes) != 0)
            continue;
        /* A letter of which only a part was matched goes whole. */
        while (end < letters->count && letters->starts[end] == letters->starts[end - 1])
            end++;
        size_t stop = end < letters->count ? letters->starts[end] : reading->text.len;
        take_longer(best, stop - reading->at, needle->name);
    }
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

static bool is_of_token(char byte)
{
    return (is_alphanumeric(byte) && !(byte & 0x80)) || (byte != '\0' && strchr("+/_-", byte) != NULL);
}

/* Base64, a JWT's parts, an API key: nobody's name and nobody's business. */
static void match_token(struct slice text, struct match *best)
{
    bool lower = false, upper = false, digit = false;
    size_t len = 0, padding = 0;
    for (; len < text.len && is_of_token(text.at[len]); len++) {
        lower = lower || (text.at[len] >= 'a' && text.at[len] <= 'z');
        upper = upper || (text.at[len] >= 'A' && text.at[len] <= 'Z');
        digit = digit || is_digit(text.at[len]);
    }
    while (padding < 2 && len + padding < text.len && text.at[len + padding] == '=')
        padding++;
    bool padded = padding > 0 && (len + padding) % 4 == 0 && len + padding >= TOKEN_PADDED_MIN;
    if (lower && upper && (padded || (digit && len >= TOKEN_MIN)))
        take_longer(best, len + padding, "token");
}

static size_t char_len(char first)
{
    unsigned char byte = (unsigned char)first;
    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/* What is to be replaced where reading stands; name NULL: nothing. */
static struct match find(struct reading *reading)
{
    struct slice rest = slice_make(reading->text.at + reading->at, reading->text.len - reading->at);
    struct match match = {0, NULL};
    while (reading->letter_at < reading->letters.count &&
           reading->letters.starts[reading->letter_at] < reading->at)
        reading->letter_at++;
    match_needles(reading, &match);
    match_email(rest, &match);
    if (reading->whole) {
        match_number(rest, &match);
        if (reading->at == 0 || !is_of_token(rest.at[-1]))
            match_token(rest, &match);
    }
    return match;
}

static struct reading begin(struct slice text, const struct record *record,
                            const struct scrub_secrets *secrets, struct arena *arena)
{
    struct reading reading = {.text = scrub_plain_text(text, true, arena), .whole = true};
    reading.letters = text_fold_letters(reading.text, arena);
    reading.needles = list_needles(record, secrets, arena);
    return reading;
}

size_t scrub_text(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                  char *out, size_t size)
{
    struct arena arena;
    size_t len = 0;
    arena_init(&arena, ARENA_CHUNK);
    struct reading reading = begin(text, record, secrets, &arena);
    while (reading.at < reading.text.len) {
        char mark[MARK_SIZE];
        struct match match = find(&reading);
        const char *at = reading.text.at + reading.at;
        struct slice piece = slice_make(at, match.name != NULL ? 0 : char_len(*at));
        size_t used = match.name != NULL ? match.len : piece.len;
        if (match.name != NULL)
            piece = slice_make(mark, (size_t)snprintf(mark, sizeof mark, "‹%s›", match.name));
        if (len + piece.len >= size)
            break;
        memcpy(out + len, piece.at, piece.len);
        len += piece.len;
        reading.at += used;
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
    arena_wipe(&arena);
    return len;
}

bool scrub_is_clean(struct slice text, const struct record *record, const struct scrub_secrets *secrets)
{
    struct arena arena;
    arena_init(&arena, ARENA_CHUNK);
    struct reading reading = begin(text, record, secrets, &arena);
    bool clean = true;
    reading.whole = false;
    for (; clean && reading.at < reading.text.len; reading.at += char_len(reading.text.at[reading.at]))
        clean = find(&reading).name == NULL;
    arena_wipe(&arena);
    return clean;
}
