#include "provider/scrub_view.h"

#include <stdint.h>
#include <string.h>

/* The zeros of the scripts whose digits people write phone numbers and dates with. */
static uint32_t plain_digit(uint32_t code)
{
    static const uint32_t zeros[] = {0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50};
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
        if (code >= zeros[i] && code < zeros[i] + 10)
            return '0' + code - zeros[i];
    return code;
}

static bool in_ranges(uint32_t code, const uint32_t (*ranges)[2], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i][0] && code <= ranges[i][1])
            return true;
    return false;
}

static enum scrub_kind kind_of(uint32_t code)
{
    /* Latin-1's signs, × and ÷, general punctuation and symbols, CJK punctuation. */
    static const uint32_t signs[][2] = {{0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},
                                        {0xbb, 0xbf},     {0xd7, 0xd7},     {0xf7, 0xf7},
                                        {0x2000, 0x2bff}, {0x3000, 0x303f}, {0xfe10, 0xfe6f}};
    if (code >= '0' && code <= '9')
        return SCRUB_DIGIT;
    if (code >= 'a' && code <= 'z')
        return SCRUB_LETTER;
    return code < 0x80 || in_ranges(code, signs, sizeof signs / sizeof *signs) ? SCRUB_OTHER : SCRUB_LETTER;
}

/* Of a script in which a name may be next to another letter. */
static bool is_unspaced(uint32_t code)
{
    static const uint32_t scripts[][2] = {{0x0590, 0x08ff}, {0x0e00, 0x109f},  {0x1100, 0x11ff},
                                          {0x1780, 0x17ff}, {0x2e80, 0xd7ff},  {0xf900, 0xfdff},
                                          {0xfe70, 0xfeff}, {0x20000, 0x3ffff}};
    return in_ranges(code, scripts, sizeof scripts / sizeof *scripts);
}

static bool is_upper(const struct scrub_view *view, size_t i)
{
    char byte = view->text.data[view->letters.starts[i]];
    return byte >= 'A' && byte <= 'Z';
}

static bool is_lower(const struct scrub_view *view, size_t i)
{
    char byte = view->text.data[view->letters.starts[i]];
    return byte >= 'a' && byte <= 'z';
}

static bool is_border(const struct scrub_view *view, size_t i)
{
    const struct text_letters *letters = &view->letters;
    if (i == 0 || i == letters->count)
        return true;
    if (letters->starts[i] == letters->starts[i - 1]) /* two letters of one character */
        return false;
    if (view->kinds[i] != view->kinds[i - 1] || view->kinds[i] == SCRUB_OTHER)
        return true;
    if (is_unspaced(letters->codes[i]) || is_unspaced(letters->codes[i - 1]))
        return true;
    return is_upper(view, i) && (is_lower(view, i - 1) || (i + 1 < letters->count && is_lower(view, i + 1)));
}

struct scrub_view scrub_view_make(struct slice text, struct arena *arena)
{
    struct scrub_view view = {.text = text, .letters = text_fold_letters(text, arena)};
    size_t count = view.letters.count;
    view.kinds = arena_alloc(arena, (count + 1) * sizeof *view.kinds);
    view.borders = arena_alloc(arena, (count + 1) * sizeof *view.borders);
    for (size_t i = 0; i < count; i++) {
        view.letters.codes[i] = plain_digit(view.letters.codes[i]);
        view.kinds[i] = (unsigned char)kind_of(view.letters.codes[i]);
    }
    view.kinds[count] = SCRUB_OTHER;
    for (size_t i = 0; i <= count; i++)
        view.borders[i] = is_border(&view, i);
    return view;
}

size_t scrub_view_start(const struct scrub_view *view, size_t i)
{
    return i < view->letters.count ? view->letters.starts[i] : view->text.len;
}

bool scrub_view_is_word(const struct scrub_view *view, size_t i, const char *word)
{
    for (; *word != '\0'; word++, i++)
        if (i >= view->letters.count || view->letters.codes[i] != (uint32_t)(unsigned char)*word)
            return false;
    return view->borders[i];
}
