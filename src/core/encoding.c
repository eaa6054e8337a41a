#include "core/encoding.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include "core/ascii.h"
#include "core/memory.h"
#include "core/utf8.h"

enum { HIGH_FIRST = 0x80 };

const struct encoding encoding_utf8 = {.kind = ENCODING_UTF8, .name = "utf-8"};
const struct encoding encoding_latin1 = {.kind = ENCODING_LATIN1, .name = "latin1"};
const struct encoding encoding_windows1252 = {.kind = ENCODING_WINDOWS1252, .name = "windows-1252"};

/* What windows-1252 makes of 80–9F; 0: not defined. From A0 on it is latin1. */
static const uint16_t windows1252_table[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* Names that ICU lacks, or that it gives to a code page of IBM where an export means that of Windows. */
static const char *const other_names[][2] = {
    {"utf-8-sig", "utf-8"},
    {"utf-8-bom", "utf-8"},
    {"utf8mb4", "utf-8"},
    {"latin-1", "latin1"},
    {"iso8859-1", "latin1"},
    {"cp-1252", "windows-1252"},
    {"cp949", "windows-949"},
    {"uhc", "windows-949"},
    {"cp950", "windows-950"},
    {"win1250", "windows-1250"},
    {"win1251", "windows-1251"},
    {"win1252", "windows-1252"},
    {"win1253", "windows-1253"},
    {"win1254", "windows-1254"},
    {"win1255", "windows-1255"},
    {"win1256", "windows-1256"},
    {"win1257", "windows-1257"},
    {"win1258", "windows-1258"},
    {"win866", "cp866"},
    {"win874", "windows-874"},
    {"koi8r", "koi8-r"},
    {"koi8u", "koi8-u"},
    {"utf8mb3", "utf-8"},
    {"cp65001", "utf-8"},
    {"al32utf8", "utf-8"},
    {"we8mswin1252", "windows-1252"},
    {"ee8mswin1250", "windows-1250"},
    {"cl8mswin1251", "windows-1251"},
    {"eucjpms", "euc-jp"},
    {"mac_latin2", "x-mac-ce"},
    {"mac_greek", "x-mac-greek"},
    {"mac_turkish", "x-mac-turkish"},
    {"ucs-2le", "utf-16le"},
    {"ucs-2be", "utf-16be"},
};

bool encoding_is_safe_name(const char *name)
{
    size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-");
    return len > 0 && name[len] == '\0';
}

/* NULL when ICU does not know the name. */
static UConverter *open_converter(const char *name)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &status);
    if (status == U_MEMORY_ALLOCATION_ERROR)
        memory_out();
    if (U_FAILURE(status))
        return NULL;
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    ucnv_setFromUCallBack(converter, UCNV_FROM_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    assert(U_SUCCESS(status));
    return converter;
}

/* The next character of units; an unpaired surrogate is given as it is. */
static uint32_t next_code(const UChar *units, int32_t count, int32_t *offset)
{
    uint32_t code = units[(*offset)++];
    if (!U16_IS_LEAD(code) || *offset == count || !U16_IS_TRAIL(units[*offset]))
        return code;
    return 0x10000 + ((code - 0xd800) << 10) + (units[(*offset)++] - 0xdc00U);
}

/* The code point of bytes that are one whole character; -1 when they are not. */
static int32_t decode_char(UConverter *converter, const char *bytes, int32_t len)
{
    UChar units[4];
    UErrorCode status = U_ZERO_ERROR;
    int32_t count = ucnv_toUChars(converter, units, sizeof units / sizeof *units, bytes, len, &status);
    if (U_FAILURE(status) || count == 0)
        return -1;
    int32_t offset = 0;
    uint32_t code = next_code(units, count, &offset);
    return offset == count ? (int32_t)code : -1;
}

/* IBM's tables exchange three control characters, which are no text either way. */
static bool keeps_ascii(UConverter *converter)
{
    for (int32_t code = 0; code < HIGH_FIRST; code++) {
        char byte = (char)code;
        int32_t decoded = decode_char(converter, &byte, 1);
        bool is_exchanged = code == 0x1a || code == 0x1c || code == 0x7f;
        if (is_exchanged ? decoded < 0 || decoded >= HIGH_FIRST : decoded != code)
            return false;
    }
    return true;
}

static const struct encoding_char *fill_table(UConverter *converter, struct arena *arena)
{
    struct encoding_char *high = arena_alloc(arena, ENCODING_HIGH_BYTES * sizeof *high);
    for (size_t i = 0; i < ENCODING_HIGH_BYTES; i++) {
        char byte = (char)(HIGH_FIRST + i), bytes[UTF8_CHAR_MAX];
        int32_t code = decode_char(converter, &byte, 1);
        high[i] = (struct encoding_char){.len = 0};
        if (code < 0)
            continue;
        size_t len = utf8_encode((uint32_t)code, bytes);
        assert(len <= sizeof high[i].bytes);
        memcpy(high[i].bytes, bytes, len);
        high[i].len = (uint8_t)len;
    }
    return high;
}

/* UTF-16 and UTF-32. */
static bool find_unicode(UConverterType type, struct encoding *out)
{
    static const struct {
        UConverterType type;
        enum encoding_kind kind;
        enum encoding_order order;
    } forms[] = {
        {UCNV_UTF16, ENCODING_UTF16, ENCODING_ORDER_BY_CONTENT},
        {UCNV_UTF16_LittleEndian, ENCODING_UTF16, ENCODING_ORDER_LITTLE},
        {UCNV_UTF16_BigEndian, ENCODING_UTF16, ENCODING_ORDER_BIG},
        {UCNV_UTF32, ENCODING_UTF32, ENCODING_ORDER_BY_CONTENT},
        {UCNV_UTF32_LittleEndian, ENCODING_UTF32, ENCODING_ORDER_LITTLE},
        {UCNV_UTF32_BigEndian, ENCODING_UTF32, ENCODING_ORDER_BIG},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (forms[i].type != type)
            continue;
        out->kind = forms[i].kind;
        out->order = forms[i].order;
        return true;
    }
    return false;
}

static enum encoding_found find_by_type(UConverter *converter, struct arena *arena, struct encoding *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverterType type = ucnv_getType(converter);
    if (find_unicode(type, out))
        return ENCODING_FOUND;
    bool is_table = type == UCNV_SBCS || type == UCNV_US_ASCII;
    if ((!is_table && type != UCNV_MBCS && type != UCNV_CESU8) || !keeps_ascii(converter))
        return ENCODING_UNREADABLE;
    out->kind = is_table ? ENCODING_TABLE : ENCODING_MULTIBYTE;
    if (is_table)
        out->high = fill_table(converter, arena);
    else
        out->converter = arena_copy(arena, slice_from(ucnv_getName(converter, &status))).data;
    return ENCODING_FOUND;
}

/* What ICU calls the encodings that are decoded here. */
static const struct encoding *find_own(UConverter *converter)
{
    UErrorCode status = U_ZERO_ERROR;
    const char *name = ucnv_getName(converter, &status);
    if (strcmp(name, "UTF-8") == 0)
        return &encoding_utf8;
    if (strcmp(name, "ISO-8859-1") == 0)
        return &encoding_latin1;
    return strcmp(name, "ibm-5348_P100-1997") == 0 ? &encoding_windows1252 : NULL;
}

enum encoding_found encoding_find(const char *name, struct arena *arena, struct encoding *out)
{
    const char *known = name;
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (strcasecmp(name, other_names[i][0]) == 0)
            known = other_names[i][1];
    if (!encoding_is_safe_name(known))
        return ENCODING_UNKNOWN;
    UConverter *converter = strlen(known) < ENCODING_NAME_SIZE ? open_converter(known) : NULL;
    if (!converter)
        return ENCODING_UNKNOWN;

    const struct encoding *own = find_own(converter);
    struct encoding found = {.name = own ? own->name : arena_copy(arena, slice_from(name)).data};
    enum encoding_found result = ENCODING_FOUND;
    if (own)
        found = *own;
    else
        result = find_by_type(converter, arena, &found);
    ucnv_close(converter);
    if (result == ENCODING_FOUND)
        *out = found;
    return result;
}

const char *encoding_name(const struct encoding *encoding)
{
    return encoding->name ? encoding->name : encoding_utf8.name;
}

/* The converter that this thread used last. */
struct last_used {
    UConverter *converter;
    char name[ENCODING_NAME_SIZE];
};

static pthread_key_t last_used_key;
static pthread_once_t last_used_once = PTHREAD_ONCE_INIT;

static void free_last_used(void *value)
{
    struct last_used *last = value;
    ucnv_close(last->converter);
    free(last);
}

static void make_key(void)
{
    if (pthread_key_create(&last_used_key, free_last_used) != 0)
        memory_out();
}

static UConverter *converter_of(const struct encoding *encoding)
{
    pthread_once(&last_used_once, make_key);
    struct last_used *last = pthread_getspecific(last_used_key);
    if (!last) {
        last = memory_new(1, sizeof *last);
        if (pthread_setspecific(last_used_key, last) != 0)
            memory_out();
    }
    if (strcmp(last->name, encoding->converter) != 0) {
        ucnv_close(last->converter);
        last->converter = open_converter(encoding->converter);
        if (!last->converter) /* it was opened before, so only its memory can lack */
            memory_out();
        snprintf(last->name, sizeof last->name, "%s", encoding->converter);
    }
    return last->converter;
}

static bool decode_multibyte(const struct encoding *encoding, struct slice source, struct arena *arena,
                             struct slice *out)
{
    UErrorCode status = U_ZERO_ERROR;
    if (source.len > INT32_MAX)
        return false;
    /* no converter makes more than one unit of a byte */
    UChar *units = arena_alloc(arena, source.len * sizeof *units);
    int32_t count = ucnv_toUChars(converter_of(encoding), units, (int32_t)source.len, source.data,
                                  (int32_t)source.len, &status);
    if (U_FAILURE(status))
        return false;

    char *text = arena_bytes(arena, (size_t)count * 3), *to = text;
    for (int32_t i = 0; i < count;) {
        uint32_t code = next_code(units, count, &i);
        if (U_IS_SURROGATE(code))
            return false;
        to += utf8_encode(code, to);
    }
    *out = slice_make(text, (size_t)(to - text));
    return true;
}

static bool decode_table(const struct encoding *encoding, struct slice source, struct arena *arena,
                         struct slice *out)
{
    char *text = arena_bytes(arena, source.len * sizeof(struct encoding_char)), *to = text;
    for (size_t i = 0; i < source.len; i++) {
        unsigned byte = (unsigned char)source.data[i];
        if (byte < HIGH_FIRST) {
            *to++ = (char)byte;
            continue;
        }
        const struct encoding_char *decoded = &encoding->high[byte - HIGH_FIRST];
        if (decoded->len == 0)
            return false;
        memcpy(to, decoded->bytes, sizeof decoded->bytes); /* all of them: faster than as many as count */
        to += decoded->len;
    }
    *out = slice_make(text, (size_t)(to - text));
    return true;
}

/* latin1 and windows-1252. */
static bool decode_western(const struct encoding *encoding, struct slice source, struct arena *arena,
                           struct slice *out)
{
    char *text = arena_bytes(arena, source.len * 3), *to = text;
    for (size_t i = 0; i < source.len; i++) {
        unsigned code = (unsigned char)source.data[i];
        if (encoding->kind == ENCODING_WINDOWS1252 && code >= HIGH_FIRST && code < 0xa0) {
            code = windows1252_table[code - HIGH_FIRST];
            if (code == 0)
                return false;
        }
        to += utf8_encode(code, to);
    }
    *out = slice_make(text, (size_t)(to - text));
    return true;
}

bool encoding_decode(const struct encoding *encoding, struct slice source, struct arena *arena,
                     struct slice *out)
{
    if (encoding_is_utf8(encoding)) {
        if (!utf8_is_valid(source))
            return false;
        *out = source;
        return true;
    }
    if (ascii_only(source)) {
        *out = source;
        return true;
    }
    switch (encoding->kind) {
    case ENCODING_TABLE:
        return decode_table(encoding, source, arena, out);
    case ENCODING_MULTIBYTE:
        return decode_multibyte(encoding, source, arena, out);
    default:
        return decode_western(encoding, source, arena, out);
    }
}

static size_t encode_table(const struct encoding *encoding, uint32_t code, char *out)
{
    char bytes[UTF8_CHAR_MAX];
    size_t len = utf8_encode(code, bytes);
    for (size_t i = 0; i < ENCODING_HIGH_BYTES; i++)
        if (encoding->high[i].len == len && memcmp(encoding->high[i].bytes, bytes, len) == 0) {
            *out = (char)(HIGH_FIRST + i);
            return 1;
        }
    return 0;
}

static size_t encode_multibyte(const struct encoding *encoding, uint32_t code, char *out)
{
    UChar units[U16_MAX_LENGTH];
    int32_t count = 0;
    UErrorCode status = U_ZERO_ERROR;
    U16_APPEND_UNSAFE(units, count, code);
    int32_t len = ucnv_fromUChars(converter_of(encoding), out, ENCODING_CHAR_MAX, units, count, &status);
    return U_FAILURE(status) ? 0 : (size_t)len;
}

static size_t encode_western(const struct encoding *encoding, uint32_t code, char *out)
{
    bool is_latin1 = encoding->kind == ENCODING_LATIN1;
    *out = (char)code;
    if (code >= (is_latin1 ? HIGH_FIRST : 0xa0) && code <= 0xff)
        return 1;
    for (size_t i = 0; i < sizeof windows1252_table / sizeof *windows1252_table && !is_latin1; i++)
        if (windows1252_table[i] == code) {
            *out = (char)(HIGH_FIRST + i);
            return 1;
        }
    return 0;
}

size_t encoding_encode(const struct encoding *encoding, uint32_t code, char out[ENCODING_CHAR_MAX])
{
    if (encoding_is_utf8(encoding))
        return utf8_encode(code, out);
    switch (encoding->kind) {
    case ENCODING_TABLE:
        return encode_table(encoding, code, out);
    case ENCODING_MULTIBYTE:
        return encode_multibyte(encoding, code, out);
    default:
        return encode_western(encoding, code, out);
    }
}

/* The second byte decides: of longer characters the later ones are no other bytes below 0x80. */
bool encoding_has_trail(const struct encoding *encoding, char byte)
{
    if (encoding->kind != ENCODING_MULTIBYTE)
        return false;
    UConverter *converter = converter_of(encoding);
    for (unsigned lead = HIGH_FIRST; lead <= 0xff; lead++) {
        const char bytes[] = {(char)lead, byte};
        char invalid[ENCODING_CHAR_MAX];
        int8_t invalid_len = sizeof invalid;
        UChar units[4];
        UErrorCode status = U_ZERO_ERROR, no_status = U_ZERO_ERROR;
        int32_t count =
            ucnv_toUChars(converter, units, sizeof units / sizeof *units, bytes, sizeof bytes, &status);
        bool is_apart = count == 2 && units[1] < HIGH_FIRST;
        ucnv_getInvalidChars(converter, invalid, &invalid_len, &no_status);
        if (U_SUCCESS(status) ? !is_apart : status == U_TRUNCATED_CHAR_FOUND || invalid_len > 1)
            return true;
    }
    return false;
}
