#include "rules/escapes.h"

#include <stdbool.h>
#include <stdint.h>

#include "core/ascii.h"
#include "core/utf8.h"

enum { ENTITY_MAX = 10, ROUNDS_MAX = 3, LATIN1_FIRST = 0xa0, QUESTIONS_MAX = 3 };

/* HTML 4.01, section 24.2: the entities of ISO 8859-1, in the order of their characters from U+00A0 on. */
static const char *const latin1_names[] = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",
    "ordf",   "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",
    "acute",  "micro",  "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12",
    "frac34", "iquest", "Agrave", "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil",
    "Egrave", "Eacute", "Ecirc",  "Euml",   "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde",
    "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",   "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",
    "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute", "acirc",  "atilde", "auml",   "aring",
    "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave", "iacute", "icirc",  "iuml",
    "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide", "oslash", "ugrave",
    "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml",
};

/* Others of HTML 4.01 (section 24.4) and of HTML's table of named character references. */
static const struct {
    const char *name;
    uint32_t code;
} other_names[] = {
    {"amp", '&'},       {"lt", '<'},        {"gt", '>'},        {"quot", '"'},     {"apos", '\''},
    {"AMP", '&'},       {"QUOT", '"'},      {"OElig", 0x152},   {"oelig", 0x153},  {"Scaron", 0x160},
    {"scaron", 0x161},  {"Yuml", 0x178},    {"ndash", 0x2013},  {"mdash", 0x2014}, {"lsquo", 0x2018},
    {"rsquo", 0x2019},  {"sbquo", 0x201a},  {"ldquo", 0x201c},  {"rdquo", 0x201d}, {"bdquo", 0x201e},
    {"hellip", 0x2026}, {"lsaquo", 0x2039}, {"rsaquo", 0x203a}, {"euro", 0x20ac},  {"trade", 0x2122},
    {"Amacr", 0x100},   {"amacr", 0x101},   {"Abreve", 0x102},  {"abreve", 0x103}, {"Aogon", 0x104},
    {"aogon", 0x105},   {"Cacute", 0x106},  {"cacute", 0x107},  {"Ccaron", 0x10c}, {"ccaron", 0x10d},
    {"Dcaron", 0x10e},  {"dcaron", 0x10f},  {"Dstrok", 0x110},  {"dstrok", 0x111}, {"Eogon", 0x118},
    {"eogon", 0x119},   {"Ecaron", 0x11a},  {"ecaron", 0x11b},  {"Gbreve", 0x11e}, {"gbreve", 0x11f},
    {"Idot", 0x130},    {"imath", 0x131},   {"inodot", 0x131},  {"Lstrok", 0x141}, {"lstrok", 0x142},
    {"Nacute", 0x143},  {"nacute", 0x144},  {"Ncaron", 0x147},  {"ncaron", 0x148}, {"Odblac", 0x150},
    {"odblac", 0x151},  {"Rcaron", 0x158},  {"rcaron", 0x159},  {"Sacute", 0x15a}, {"sacute", 0x15b},
    {"Scedil", 0x15e},  {"scedil", 0x15f},  {"Tcaron", 0x164},  {"tcaron", 0x165}, {"Uring", 0x16e},
    {"uring", 0x16f},   {"Udblac", 0x170},  {"udblac", 0x171},  {"Zacute", 0x179}, {"zacute", 0x17a},
    {"Zdot", 0x17b},    {"zdot", 0x17c},    {"Zcaron", 0x17d},  {"zcaron", 0x17e},
};

static const char *const tag_names[] = {
    "a",    "b",     "i",      "u",     "p",     "s",     "br",     "em",     "h1",   "h2",
    "h3",   "h4",    "hr",     "li",    "ol",    "td",    "th",     "tr",     "ul",   "div",
    "img",  "pre",   "sub",    "sup",   "body",  "code",  "font",   "h5",     "html", "h6",
    "span", "small", "strong", "table", "tbody", "title", "center", "script", "style"};

static bool is_one_of(struct slice word, const char *const *words, size_t count, size_t *index)
{
    for (*index = 0; *index < count; ++*index)
        if (slice_is(word, words[*index]))
            return true;
    return false;
}

static int hex_value(char c)
{
    char lower = ascii_lower(c);
    return ascii_is_digit(c) ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The number that all digits of a text write; 0 when there is none, or no character has it. */
static uint32_t read_number(struct slice digits, unsigned base)
{
    uint32_t number = 0;
    for (size_t i = 0; i < digits.len && number <= 0x10ffff; i++) {
        int value = hex_value(digits.data[i]);
        if (value < 0 || (unsigned)value >= base)
            return 0;
        number = number * base + (unsigned)value;
    }
    return number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff) ? 0 : number;
}

/* An escape at the beginning of a text: its length in bytes, 0: none. *code: its character; 0: not known. */
typedef size_t read_escape(struct slice text, uint32_t *code);

static size_t read_entity(struct slice text, uint32_t *code)
{
    size_t len = 1, index;
    *code = 0;
    if (text.data[0] != '&')
        return 0;
    while (len < text.len && len <= ENTITY_MAX &&
           (ascii_is_letter(text.data[len]) || ascii_is_digit(text.data[len]) || text.data[len] == '#'))
        len++;
    if (len >= text.len || text.data[len] != ';' || len < 3)
        return 0;
    struct slice name = slice_make(text.data + 1, len - 1);
    if (name.data[0] == '#' && (name.data[1] == 'x' || name.data[1] == 'X'))
        *code = read_number(slice_skip(name, 2), 16);
    else if (name.data[0] == '#')
        *code = read_number(slice_skip(name, 1), 10);
    else if (is_one_of(name, latin1_names, sizeof latin1_names / sizeof *latin1_names, &index))
        *code = LATIN1_FIRST + (uint32_t)index;
    for (size_t i = 0; *code == 0 && i < sizeof other_names / sizeof *other_names; i++)
        if (slice_is(name, other_names[i].name))
            *code = other_names[i].code;
    return *code ? len + 1 : 0;
}

/* `\'`, `\"`, `\\`, `\u00fc`, `\xfc`, a line end or a tab before what is no word, and bytes in octal. */
static size_t read_backslash(struct slice text, uint32_t *code)
{
    *code = 0;
    if (text.data[0] != '\\' || text.len < 2)
        return 0;
    char kind = text.data[1];
    char after = text.len > 2 ? text.data[2] : '\0';
    if (kind == '\'' || kind == '"' || kind == '\\' || kind == '`') {
        *code = (unsigned char)kind;
        return 2;
    }
    if (kind == 'u' && text.len >= 6 && (*code = read_number(slice_make(text.data + 2, 4), 16)) > 0)
        return 6;
    if (kind == 'x' && text.len >= 4 && (*code = read_number(slice_make(text.data + 2, 2), 16)) > 0)
        return 4;
    bool is_octal =
        text.len >= 4 && (kind == '2' || kind == '3') && read_number(slice_make(text.data + 1, 3), 8) >= 0x80;
    if (is_octal)
        return 4;
    bool is_white = (kind == 'n' || kind == 'r' || kind == 't') && !(after >= 'a' && after <= 'z');
    *code = is_white ? ' ' : 0;
    return is_white ? 2 : 0;
}

/* True when a text has an escape. *repaired: without them; empty when a character is not known. */
static bool resolve(struct slice text, read_escape *read, struct arena *arena, struct slice *repaired)
{
    char *out = arena_bytes(arena, text.len * 2 + UTF8_CHAR_MAX);
    size_t len = 0, count = 0;
    bool is_known = true;
    for (size_t i = 0, size; i < text.len; i += size) {
        uint32_t code;
        size = read(slice_skip(text, i), &code);
        if (size > 0) {
            count++;
            is_known &= code >= ' ';
            len += code >= ' ' ? utf8_encode(code == LATIN1_FIRST ? ' ' : code, out + len) : 0;
        } else {
            out[len++] = text.data[i];
            size = 1;
        }
    }
    *repaired = slice_make(out, is_known ? len : 0);
    return count > 0;
}

/* `&amp;#039;` was escaped twice. */
static bool resolve_all(struct slice text, read_escape *read, struct arena *arena, struct slice *repaired)
{
    struct slice again;
    if (!resolve(text, read, arena, repaired))
        return false;
    for (int i = 1; i < ROUNDS_MAX && repaired->len > 0 && resolve(*repaired, read, arena, &again); i++)
        *repaired = again;
    return true;
}

static bool has_tag(struct slice text)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        char name[8];
        size_t len = 0, index, start = i + 1 + (text.data[i + 1] == '/');
        if (text.data[i] != '<')
            continue;
        while (start + len < text.len && len < sizeof name &&
               (ascii_is_letter(text.data[start + len]) || ascii_is_digit(text.data[start + len]))) {
            name[len] = ascii_lower(text.data[start + len]);
            len++;
        }
        char after = start + len < text.len ? text.data[start + len] : '\0';
        if ((after == '>' || after == ' ' || after == '/') &&
            is_one_of(slice_make(name, len), tag_names, sizeof tag_names / sizeof *tag_names, &index) &&
            memchr(text.data + i, '>', text.len - i))
            return true;
    }
    return false;
}

/* A letter of a script, and no punctuation or sign, at a byte where a character begins. */
static bool is_letter(struct slice text)
{
    uint32_t code;
    if (text.len == 0 || utf8_decode(text, &code) == 0)
        return false;
    if (code < 0x80)
        return ascii_is_letter((char)code);
    return code >= 0xc0 && code != 0xd7 && code != 0xf7 && !(code >= 0x2000 && code < 0x2c00) &&
           !(code >= 0x3000 && code < 0x3040) && code < 0xfe00;
}

static struct slice char_before(struct slice text, size_t i)
{
    size_t start = i - 1;
    while (start > 0 && utf8_is_continuation(text.data[start]))
        start--;
    return slice_make(text.data + start, i - start);
}

/* `?????`, `?? ???`: of a script that an encoding lacks, no letter is left. */
static bool has_no_letter_left(struct slice text)
{
    size_t questions = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '?' && !memchr(" -.,'", text.data[i], 5))
            return false;
        questions += text.data[i] == '?';
    }
    return questions > 1;
}

/* Not in the address of a page, which has a query. */
static bool has_lost_letter(struct slice text)
{
    if (memmem(text.data, text.len, "://", 3) || memmem(text.data, text.len, "www.", 4) ||
        memchr(text.data, '=', text.len))
        return false;
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.data[i] != '?' || !is_letter(char_before(text, i)))
            continue;
        size_t end = i;
        while (end < text.len && text.data[end] == '?')
            end++;
        if (end - i <= QUESTIONS_MAX && is_letter(slice_skip(text, end)))
            return true;
    }
    return false;
}

enum escape escapes_find(struct slice text, struct arena *arena, struct slice *repaired)
{
    if (memchr(text.data, '&', text.len) && resolve_all(text, read_entity, arena, repaired))
        return ESCAPE_ENTITY;
    if (memchr(text.data, '\\', text.len) && resolve_all(text, read_backslash, arena, repaired))
        return ESCAPE_BACKSLASH;
    *repaired = slice_make(NULL, 0);
    if (memchr(text.data, '<', text.len) && has_tag(text))
        return ESCAPE_TAG;
    return memchr(text.data, '?', text.len) && (has_lost_letter(text) || has_no_letter_left(text))
               ? ESCAPE_QUESTION
               : ESCAPE_NONE;
}
