#include "rules/uri.h"

#include "core/ascii.h"

static bool is_hex(char c)
{
    return ascii_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes before the colon; 0: there is no scheme. */
static size_t scheme_len(struct slice text)
{
    size_t len = 0;
    if (text.len == 0 || !ascii_is_letter(text.data[0]))
        return 0;
    while (len < text.len && (ascii_is_letter(text.data[len]) || ascii_is_digit(text.data[len]) ||
                              (text.data[len] != '\0' && strchr("+-.", text.data[len]))))
        len++;
    return len < text.len && text.data[len] == ':' ? len : 0;
}

/* Unreserved and reserved characters, and `%` with two hexadecimal digits. */
static bool has_uri_characters(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%' && (i + 2 >= text.len || !is_hex(text.data[i + 1]) || !is_hex(text.data[i + 2])))
            return false;
        if (!ascii_is_letter(c) && !ascii_is_digit(c) && (c == '\0' || !strchr("-._~:/?#[]@!$&'()*+,;=%", c)))
            return false;
    }
    return true;
}

const char *uri_fault(struct slice text)
{
    static const char *const refused[] = {"javascript", "data", "file"};
    size_t len = scheme_len(text);
    struct slice scheme = slice_make(text.data, len);
    if (len == 0)
        return "has no scheme, such as https:";
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (ascii_is_word(scheme, refused[i]))
            return "has a scheme that is unsafe in a browser";
    if (!has_uri_characters(text))
        return "contains a character that must be percent-encoded";
    struct slice rest = slice_make(text.data + len + 1, text.len - len - 1);
    if (rest.len == 0)
        return "has nothing after its scheme";
    bool is_web = ascii_is_word(scheme, "http") || ascii_is_word(scheme, "https");
    if (is_web && (rest.len < 3 || memcmp(rest.data, "//", 2) != 0 || strchr("/?#:@", rest.data[2])))
        return "has no host";
    return NULL;
}
