#include "input/header.h"

/* Bytes of the blank that text begins with; 0: none. */
static size_t blank_len(struct slice text)
{
    static const char *const wide[] = {
        "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83",
        "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
        "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    if (text.len > 0 && memchr(" \t\r\n", text.data[0], 4))
        return 1;
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (slice_begins(text, slice_from(wide[i])))
            return strlen(wide[i]);
    return 0;
}

static struct slice trim(struct slice text)
{
    for (size_t len; (len = blank_len(text)) > 0;)
        text = slice_skip(text, len);

    /* what is left ends after the last char that is not blank */
    size_t end = 0;
    for (size_t i = 0; i < text.len;) {
        size_t len = blank_len(slice_skip(text, i));
        i += len ? len : 1;
        if (!len)
            end = i;
    }
    text.len = end;
    return text;
}

int header_decode(struct slice *cells, size_t count, const struct encoding *encoding, struct arena *arena,
                  const char *name, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct slice text = {0};
        if (!encoding_decode(encoding, cells[i], arena, &text))
            return error_set(
                error, ERROR_INPUT,
                "%s: column %zu of the header is not %s\nhint: set input.encoding to the export's encoding, such as windows-1252, windows-1250 or shift_jis (kyc-import guess proposes one)",
                name, i + 1, encoding_name(encoding));
        if (text.len > 0 && memchr(text.data, '\0', text.len))
            return error_set(
                error, ERROR_INPUT,
                "%s: column %zu of the header holds a NUL byte, as UTF-16 does\nhint: if it is UTF-16, set input.encoding to utf-16le or utf-16be",
                name, i + 1);
        cells[i] = trim(text);
    }
    return 0;
}
