/* encoding: source bytes to UTF-8.
 *
 * Any encoding that ICU's converters know and whose bytes below 0x80 always are ASCII, so that a reader may
 * split its bytes before anything is decoded; and UTF-16 and UTF-32, which source.h converts before a reader
 * sees them. utf-8, latin1 (ISO 8859-1, where every byte is a character and 80–9F are control characters) and
 * windows-1252 (Unicode's CP1252.TXT, where 81, 8D, 8F, 90 and 9D are not defined) are decoded here, the
 * others of one byte a character by a table that ICU filled, the rest by ICU, with its STOP callbacks: a
 * character that the encoding lacks is a fault, never a substitute.
 *
 * A struct encoding is a value; zeroed, it is utf-8. What it points to is in the arena of encoding_find.
 * Thread: any; pure. ICU's converters belong to one thread, so each thread keeps the last one that it used,
 * until it ends.
 */
#ifndef KYC_CORE_ENCODING_H
#define KYC_CORE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

enum encoding_kind {
    ENCODING_UTF8,
    ENCODING_LATIN1,
    ENCODING_WINDOWS1252,
    ENCODING_TABLE,     /* one byte a character */
    ENCODING_MULTIBYTE, /* a lead byte from 0x80 on, and more bytes; ASCII else */
    ENCODING_UTF16,     /* UTF-8 once it comes out of source.h */
    ENCODING_UTF32,     /* the same */
};

/* Of UTF-16 and UTF-32: by the byte order mark, else by where the zero bytes are. */
enum encoding_order { ENCODING_ORDER_BY_CONTENT, ENCODING_ORDER_LITTLE, ENCODING_ORDER_BIG };

struct encoding_char {
    char bytes[3]; /* UTF-8 */
    uint8_t len;   /* 0: not defined */
};

enum { ENCODING_HIGH_BYTES = 128, ENCODING_NAME_SIZE = 64, ENCODING_CHAR_MAX = 8 };

struct encoding {
    enum encoding_kind kind;
    enum encoding_order order;
    const char *name;                 /* encoding_name */
    const char *converter;            /* ENCODING_MULTIBYTE: ICU's name */
    const struct encoding_char *high; /* ENCODING_TABLE: [ENCODING_HIGH_BYTES], of 0x80 on */
};

extern const struct encoding encoding_utf8, encoding_latin1, encoding_windows1252;

enum encoding_found {
    ENCODING_FOUND,
    ENCODING_UNKNOWN,
    ENCODING_UNREADABLE, /* ICU knows it, but a byte below 0x80 may be part of another character, or change
                            the meaning of those that follow (iso-2022-*, UTF-7, EBCDIC, SCSU) */
};

/* The encoding of a name, as ICU and iconv write it (case, hyphens and underscores aside), and as databases
 * and Python do. A name of ENCODING_NAME_SIZE bytes or more is unknown. No name is taken for a
 * similar one: another encoding's letters would be sent. *out is set when it is found. */
enum encoding_found encoding_find(const char *name, struct arena *arena, struct encoding *out);

/* True when a name holds nothing that a shell would read otherwise, so that a command to paste may have it.
 */
bool encoding_is_safe_name(const char *name);

/* The name as it was given to encoding_find; `utf-8`, `latin1` and `windows-1252` for these three. */
const char *encoding_name(const struct encoding *encoding);

/* True when what a reader gets is UTF-8: also of UTF-16 and UTF-32, which are converted before. */
static inline bool encoding_is_utf8(const struct encoding *encoding)
{
    return encoding->kind == ENCODING_UTF8 || encoding->kind >= ENCODING_UTF16;
}

/* Decodes source. *out is source itself when that is its UTF-8 form already, else in the arena. False when
 * source is not of the encoding (malformed, cut within a character, a byte or character that it does not
 * define); *out is then not set. A control character of C1 and a character of private use are text here:
 * text_find_damage finds them. */
bool encoding_decode(const struct encoding *encoding, struct slice source, struct arena *arena,
                     struct slice *out);

/* The bytes of a character from 0x80 on. Returns their number; 0 when the encoding does not have it. */
size_t encoding_encode(const struct encoding *encoding, uint32_t code, char out[ENCODING_CHAR_MAX]);

/* True when a byte below 0x80 may also be a later byte of a character, so that the text cannot be split at
 * it: Shift_JIS, GBK and Big5 use letters and `\ | [ ] { } ~`, gb18030 digits; none a comma, a semicolon, a
 * tab, a quote or a line end. */
bool encoding_has_trail(const struct encoding *encoding, char byte);

#endif
