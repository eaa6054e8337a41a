#include "provider/scrub.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/arena.h"
#include "core/ascii.h"
#include "core/buffer.h"
#include "core/text.h"
#include "core/utf8.h"
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
    TOKEN_PADDED_MIN = 8,  /* of base64 that ends in `=` */
    EMAIL_LOCAL_MAX = 256, /* bounds the search; a real one has 64 */
    MARK_SIZE = 64,        /* ‹expected_transaction_count› */
    ARENA_CHUNK = 16 * 1024,
    QUOTE_MAX = 64 * 1024,
    CODE_MAX = 64,
};

static const char ellipsis[] = "…";

/* What begins at the current position: len bytes to be replaced by ‹name›, or to be kept whole (name NULL);
 * len 0: nothing. */
struct finding {
    size_t len;
    const char *name;
};

/* A provider's text, and how far it has been read. */
struct scanner {
    struct scrub_view view;
    size_t offset, letter; /* byte, and the letter that it begins */
    struct scrub_values values;
    const struct scrub_secrets *secrets;
    bool shapes; /* numbers and tokens that are no known value are replaced too */
};

static bool is_alphanumeric(char byte)
{
    return ascii_is_digit(byte) || ascii_is_letter(byte) || (byte & 0x80) != 0;
}

static void keep_longer(struct finding *best, size_t len, const char *name)
{
    if (len > best->len)
        *best = (struct finding){len, name};
}

static void match_email(struct slice text, struct finding *best)
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
        keep_longer(best, end, "email");
}

/* A link of the web: it may be one to a verification, a credential. */
static void match_link(struct slice text, struct finding *best)
{
    static const char https[] = "https", mark[] = "://";
    size_t http = sizeof https - 2, begin = http;
    if (text.len <= http || strncasecmp(text.data, https, http) != 0)
        return;
    begin += text.data[http] == 's' || text.data[http] == 'S';
    if (!slice_begins_with(slice_skip(text, begin), mark))
        return;
    begin += sizeof mark - 1;
    size_t len = begin;
    while (len < text.len && (unsigned char)text.data[len] > ' ' && !strchr("\"'<>", text.data[len]))
        len++;
    while (len > begin && strchr(".,;:)", text.data[len - 1])) /* of the sentence */
        len--;
    if (len > begin)
        keep_longer(best, len, "link");
}

/* Digits of any script. */
static void match_number(const struct scanner *scanner, struct finding *best)
{
    const struct scrub_view *view = &scanner->view;
    size_t digits = 0, end = 0, apart = 0;
    for (size_t i = scanner->letter; i < view->letters.count; i++) {
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
        keep_longer(best, scrub_view_start(view, end) - scanner->offset, "number");
}

/* 19900415ALEX#MORGA: the date of birth and the first five letters of each name. */
static void match_concat(struct slice text, struct finding *best)
{
    size_t len = 0;
    while (len < text.len && len < CONCAT_DATE && ascii_is_digit(text.data[len]))
        len++;
    if (len != CONCAT_DATE)
        return;
    while (len < text.len && len < CONCAT_LEN && (text.data[len] == '#' || ascii_is_letter(text.data[len])))
        len++;
    if (len == CONCAT_LEN)
        keep_longer(best, len, field_name(FIELD_CLIENT_IDENTIFIER));
}

static bool is_of_token(char byte)
{
    return ascii_is_digit(byte) || ascii_is_letter(byte) || (byte != '\0' && strchr("+/_-", byte));
}

/* Base64, a JWT's parts, an API key: never a name. */
static void match_token(struct slice text, struct finding *best)
{
    bool lower = false, upper = false, digit = false;
    size_t len = 0, padding = 0;
    for (; len < text.len && is_of_token(text.data[len]); len++) {
        lower = lower || (text.data[len] >= 'a' && text.data[len] <= 'z');
        upper = upper || (text.data[len] >= 'A' && text.data[len] <= 'Z');
        digit = digit || ascii_is_digit(text.data[len]);
    }
    while (padding < 2 && len + padding < text.len && text.data[len + padding] == '=')
        padding++;
    bool padded = padding > 0 && (len + padding) % 4 == 0 && len + padding >= TOKEN_PADDED_MIN;
    if (lower && upper && (padded || (digit && len >= TOKEN_MIN)))
        keep_longer(best, len + padding, "token");
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
static size_t listed_len(const struct scanner *scanner)
{
    struct slice text = scanner->view.text;
    size_t first = scanner->offset, end = first;
    if (!scanner->secrets || !scanner->secrets->fields)
        return 0;
    while (first > 0 && is_of_word(text.data[first - 1]))
        first--;
    while (end < text.len && is_of_word(text.data[end]))
        end++;
    bool listed = is_listed(scanner->secrets->fields, slice_make(text.data + first, end - first));
    return listed ? end - scanner->offset : 0;
}

/* The bytes of the host that was asked, when the text has it here. */
static size_t host_len(const struct scanner *scanner)
{
    struct slice text = scanner->view.text;
    struct slice host = scanner->secrets ? scanner->secrets->host : slice_make("", 0);
    size_t end = scanner->offset + host.len;
    if (host.len == 0 || end > text.len || strncasecmp(text.data + scanner->offset, host.data, host.len) != 0)
        return 0;
    bool begins = scanner->offset == 0 || !is_of_word(text.data[scanner->offset - 1]);
    return begins && (end == text.len || !is_of_word(text.data[end])) ? host.len : 0;
}

static void match_shapes(const struct scanner *scanner, struct slice rest, struct finding *best)
{
    struct finding shape = {0, NULL};
    if (scrub_view_start(&scanner->view, scanner->letter) == scanner->offset)
        match_number(scanner, &shape);
    match_concat(rest, &shape);
    match_link(rest, &shape);
    if (scanner->offset == 0 || !is_of_token(rest.data[-1]))
        match_token(rest, &shape);
    if (shape.len <= best->len)
        return;
    size_t listed = best->len == 0 ? listed_len(scanner) : 0;
    *best = listed > 0 ? (struct finding){listed, NULL} : shape;
}

static struct finding find(struct scanner *scanner)
{
    const struct scrub_view *view = &scanner->view;
    struct slice rest = slice_skip(view->text, scanner->offset);
    struct finding finding = {host_len(scanner), NULL};
    if (finding.len > 0)
        return finding;
    while (scanner->letter < view->letters.count && view->letters.starts[scanner->letter] < scanner->offset)
        scanner->letter++;
    if (scanner->letter < view->letters.count && view->letters.starts[scanner->letter] == scanner->offset) {
        size_t end = scrub_values_match(&scanner->values, view, scanner->letter, &finding.name);
        if (end > 0)
            finding.len = scrub_view_start(view, end) - scanner->offset;
    }
    match_email(rest, &finding);
    if (scanner->shapes)
        match_shapes(scanner, rest, &finding);
    return finding;
}

static void add_secrets(struct scrub_values *values, const struct scrub_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count; i++) {
        const struct job_credentials *set = &secrets->credentials[i];
        for (size_t j = 0; j < set->count; j++)
            scrub_values_add_secret(values, secret_slice(&set->items[j].secret));
    }
    scrub_values_add_secret(values, secrets->token);
}

static struct scanner begin(struct slice text, const struct record *record,
                            const struct scrub_secrets *secrets, struct arena *arena)
{
    struct scanner scanner = {.view = scrub_view_make(scrub_decode_text(text, true, arena), arena),
                              .values = {.arena = arena},
                              .secrets = secrets,
                              .shapes = !secrets || secrets->host.len == 0};
    scrub_values_add(&scanner.values, record, secrets ? secrets->fields : NULL);
    if (secrets)
        add_secrets(&scanner.values, secrets);
    return scanner;
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
    struct scanner scanner = begin(text, record, secrets, &arena);
    struct slice plain = scanner.view.text;
    while (plain.len > 0 && plain.data[plain.len - 1] == ' ')
        plain.len--;
    while (scanner.offset < plain.len) {
        char mark[MARK_SIZE];
        struct finding finding = find(&scanner);
        const char *cursor = plain.data + scanner.offset;
        struct slice piece = slice_make(
            cursor, finding.len > 0 ? finding.len : utf8_first(slice_skip(plain, scanner.offset)).len);
        scanner.offset += piece.len;
        if (finding.name)
            piece = slice_make(mark, (size_t)snprintf(mark, sizeof mark, "‹%s›", finding.name));
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
    struct scanner scanner = begin(text, record, secrets, &arena);
    struct slice plain = scanner.view.text;
    bool clean = true;
    scanner.shapes = false;
    for (; clean && scanner.offset < plain.len;
         scanner.offset += utf8_first(slice_skip(plain, scanner.offset)).len)
        clean = !find(&scanner).name;
    arena_wipe(&arena);
    return clean;
}

/* Whether a name in a text would be found. */
static bool has_name(const struct record *record)
{
    return record && (record->values[FIELD_LAST_NAME].state == VALUE_PRESENT ||
                      record->values[FIELD_COMPANY_NAME].state == VALUE_PRESENT);
}

/* One word, as codes and paths of members are: missing, address.city, documents[0] */
static bool is_code(struct slice text)
{
    size_t len = 0;

    while (len < text.len && (ascii_is_letter(text.data[len]) || ascii_is_digit(text.data[len]) ||
                              memchr("_-.[]", text.data[len], 5)))
        len++;
    return len == text.len && len <= CODE_MAX;
}

static void mask_phrases(struct slice text, struct buffer *out)
{
    while (text.len > 0) {
        const char *end = memmem(text.data, text.len, SCRUB_SEPARATOR, strlen(SCRUB_SEPARATOR));
        struct slice part = slice_make(text.data, end ? (size_t)(end - text.data) : text.len);
        buffer_append_text(out, out->len ? SCRUB_SEPARATOR : "");
        buffer_append(out, is_code(part) ? part : SLICE_LITERAL("‹text›"));
        size_t used = part.len + (end ? strlen(SCRUB_SEPARATOR) : 0);
        text = slice_make(text.data + used, text.len - used);
    }
}

size_t scrub_quote(struct slice text, const struct record *record, const struct scrub_secrets *secrets,
                   char *out, size_t size)
{
    struct buffer codes;

    buffer_init(&codes, QUOTE_MAX);
    if (!has_name(record))
        mask_phrases(text, &codes);
    size_t len = scrub_text(has_name(record) ? text : buffer_slice(&codes), record, secrets, out, size);
    buffer_clear(&codes);
    return len;
}
