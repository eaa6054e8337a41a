#include "core/encoding.h"

#include <assert.h>
#include <stdint.h>

#include "core/ascii.h"
#include "core/utf8.h"

/* What windows-1252 makes of 80–9F; 0: not defined. From A0 on it is latin1. */
static const uint16_t windows1252_table[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

bool encoding_decode(enum encoding encoding, struct slice source, struct arena *arena, struct slice *out)
{
    if (encoding == ENCODING_UTF8) {
        if (!utf8_is_valid(source))
            return false;
        *out = source;
        return true;
    }
    if (ascii_only(source)) {
        *out = source;
        return true;
    }

    char *text = arena_bytes(arena, source.len * 3);
    char *to = text;
    for (size_t i = 0; i < source.len; i++) {
        unsigned code = (unsigned char)source.data[i];
        if (encoding == ENCODING_WINDOWS1252 && code >= 0x80 && code < 0xa0) {
            code = windows1252_table[code - 0x80];
            if (code == 0)
                return false;
        }
        to += utf8_encode(code, to);
    }
    *out = slice_make(text, (size_t)(to - text));
    return true;
}

const char *encoding_name(enum encoding encoding)
{
    switch (encoding) {
    case ENCODING_UTF8:
        return "utf-8";
    case ENCODING_LATIN1:
        return "latin1";
    case ENCODING_WINDOWS1252:
        return "windows-1252";
    }
    assert(false);
    return "";
}
