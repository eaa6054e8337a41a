#include "sandbox/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "core/ascii.h"
#include "core/clock.h"
#include "core/digest.h"
#include "core/memory.h"
#include "model/country.h"

/* payward, POST /v1/users, `nationalities`: the 249 first, the 13 others behind them */
static const char countries[] = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ "
                                "BL BM BN BO BQ BR BS BT BV BW "
                                "BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM "
                                "DO DZ EC EE EG EH ER ES ET FI "
                                "FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK "
                                "HM HN HR HT HU ID IE IL IM IN "
                                "IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK "
                                "LR LS LT LU LV LY MA MC MD ME "
                                "MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
                                "NL NO NP NR NU NZ OM PA PE PF "
                                "PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI "
                                "SJ SK SL SM SN SO SR SS ST SV "
                                "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ "
                                "VA VC VE VG VI VN VU WF WS YE "
                                "YT ZA ZM ZW ";
static const char more_nationalities[] = "AC AN AP CP DG EA EU IC JX TA QO XK 0C ";
static const char languages[] = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co "
                                "cr cs cu cv cy da de dv dz ee "
                                "el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
                                "hu hy hz ia id ie ig ii ik io "
                                "is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln "
                                "lo lt lu lv mg mh mi mk ml mn "
                                "mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt "
                                "qu rm rn ro ru rw sa sc sd se "
                                "sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts "
                                "tt tw ty ug uk ur uz ve vi vo "
                                "wa wo xh yi yo za zh zu ";

/* codes: of two characters, each followed by a blank */
static bool is_code_of(const char *codes, struct slice text)
{
    if (text.len != 2)
        return false;
    for (const char *cursor = codes; *cursor; cursor += 3)
        if (cursor[0] == text.data[0] && cursor[1] == text.data[1])
            return true;
    return false;
}

bool format_is_country(struct slice text)
{
    return is_code_of(countries, text) || slice_is(text, "XK");
}

bool format_is_country3(struct slice text)
{
    for (const char *cursor = countries; *cursor; cursor += 3) {
        const struct country *country = country_by_alpha2(slice_make(cursor, 2));
        if (country && slice_is(text, country->alpha3))
            return true;
    }
    return slice_is(text, "XKX");
}

bool format_is_nationality(struct slice text)
{
    return is_code_of(countries, text) || is_code_of(more_nationalities, text);
}

bool format_is_language(struct slice text)
{
    return is_code_of(languages, text);
}

bool format_is_text(struct slice text)
{
    bool any = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        any |= c != ' ';
    }
    return any;
}

bool format_is_answer(struct slice text)
{
    return format_is_text(text) && !slice_is(text, "true") && !slice_is(text, "false");
}

bool format_is_reference(struct slice text)
{
    if (text.len < 1 || text.len > 128 || text.data[0] == ' ' || text.data[text.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return true;
}

/* the number of parts of `allowed` characters between single dots; 0 when text is malformed */
static unsigned count_parts(struct slice text, bool (*allowed)(char), size_t part_max)
{
    unsigned parts = 0;
    size_t part_len = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i == text.len || text.data[i] == '.') {
            if (part_len == 0 || part_len > part_max)
                return 0;
            parts++;
            part_len = 0;
        } else if (allowed(text.data[i])) {
            part_len++;
        } else {
            return 0;
        }
    }
    return parts;
}

static bool is_atext(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_domain_char(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '-';
}

bool format_is_email(struct slice text)
{
    const char *at_sign = text.len ? memchr(text.data, '@', text.len) : NULL;
    if (!at_sign)
        return false;
    struct slice local = slice_make(text.data, (size_t)(at_sign - text.data));
    struct slice domain = slice_make(at_sign + 1, text.len - local.len - 1);
    if (local.len > 64 || domain.len > 253 || count_parts(local, is_atext, 64) == 0)
        return false;
    if (count_parts(domain, is_domain_char, 63) < 2)
        return false;
    for (size_t i = 0; i < domain.len; i++) {
        bool label_edge =
            i == 0 || i + 1 == domain.len || domain.data[i - 1] == '.' || domain.data[i + 1] == '.';
        if (domain.data[i] == '-' && label_edge)
            return false;
    }
    return true;
}

bool format_is_phone(struct slice text)
{
    size_t start = text.len > 0 && text.data[0] == '+' ? 1 : 0;
    size_t digits = text.len - start;
    if (digits < 2 || digits > 15 || text.data[start] < '1' || text.data[start] > '9')
        return false;
    for (size_t i = start; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]))
            return false;
    return true;
}

/* digits of text at `start`; -1 when there is another character */
static int read_digits(struct slice text, size_t start, size_t count)
{
    int value = 0;
    for (size_t i = start; i < start + count; i++) {
        if (i >= text.len || !ascii_is_digit(text.data[i]))
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool is_day(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month - 1] + (month == 2 && leap);
}

static bool read_date(struct slice text, int *year, int *month, int *day)
{
    if (text.len < 10 || text.data[4] != '-' || text.data[7] != '-')
        return false;
    *year = read_digits(text, 0, 4);
    *month = read_digits(text, 5, 2);
    *day = read_digits(text, 8, 2);
    return is_day(*year, *month, *day);
}

bool format_is_birth_date(struct slice text)
{
    int year, month, day;
    if (text.len != 10 || !read_date(text, &year, &month, &day) || year < 1900)
        return false;
    char today[CLOCK_RFC3339_SIZE];
    clock_rfc3339(clock_real_ns(), today);
    return memcmp(text.data, today, 10) <= 0;
}

bool format_is_day_first_birth_date(struct slice text)
{
    if (text.len != 10 || text.data[2] != '/' || text.data[5] != '/')
        return false;
    char iso[] = {text.data[6], text.data[7], text.data[8], text.data[9], '-',
                  text.data[3], text.data[4], '-',          text.data[0], text.data[1]};
    return format_is_birth_date(slice_make(iso, sizeof iso));
}

bool format_is_day(struct slice text)
{
    int year, month, day;
    return text.len == 10 && read_date(text, &year, &month, &day);
}

bool format_is_date_time(struct slice text)
{
    int year, month, day;
    if (text.len < 20 || !read_date(text, &year, &month, &day) || text.data[10] != 'T' ||
        text.data[13] != ':' || text.data[16] != ':')
        return false;
    int hour = read_digits(text, 11, 2), minute = read_digits(text, 14, 2), second = read_digits(text, 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    size_t at = 19;
    if (text.data[at] == '.') {
        size_t first = ++at;
        while (at < text.len && ascii_is_digit(text.data[at]))
            at++;
        if (at == first)
            return false;
    }
    if (at + 1 == text.len)
        return text.data[at] == 'Z';
    return at + 6 == text.len && (text.data[at] == '+' || text.data[at] == '-') && text.data[at + 3] == ':' &&
           read_digits(text, at + 1, 2) >= 0 && read_digits(text, at + 4, 2) >= 0;
}

bool format_is_concat(struct slice text)
{
    if (text.len == 20) { /* a nationality's code in front */
        if (!format_is_nationality(slice_make(text.data, 2)))
            return false;
        text = slice_make(text.data + 2, 18);
    }
    if (text.len != 18)
        return false;
    if (!is_day(read_digits(text, 0, 4), read_digits(text, 4, 2), read_digits(text, 6, 2)))
        return false;
    for (size_t name = 8; name < 18; name += 5) {
        bool padded = false;
        for (size_t i = name; i < name + 5; i++) {
            bool letter = text.data[i] >= 'A' && text.data[i] <= 'Z';
            if (text.data[i] == '#')
                padded = true;
            else if (!letter || padded)
                return false;
        }
    }
    return true;
}

bool format_is_int32(struct slice number)
{
    char digits[16] = "";
    if (number.len >= sizeof digits)
        return false;
    memcpy(digits, number.data, number.len);
    long long value = strtoll(digits, NULL, 10);
    return value >= INT32_MIN && value <= INT32_MAX;
}

/* A scheme's case does not matter. */
static bool begins_with(struct slice text, const char *before, struct slice *rest)
{
    size_t len = strlen(before);
    if (text.len <= len || strncasecmp(text.data, before, len) != 0)
        return false;
    *rest = slice_skip(text, len);
    return true;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~')
            return false;
    return true;
}

static bool format_is_web_address(struct slice text)
{
    struct slice rest;
    return (begins_with(text, "https://", &rest) || begins_with(text, "http://", &rest)) &&
           rest.data[0] != '/' && is_printable(rest);
}

bool format_is_uri(struct slice text)
{
    static const char *const refused[] = {"javascript:", "data:", "file:"};
    struct slice rest;
    const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    if (!colon || colon + 1 == text.data + text.len || !ascii_is_letter(text.data[0]) || !is_printable(text))
        return false;
    for (const char *cursor = text.data; cursor < colon; cursor++)
        if (!ascii_is_letter(*cursor) && !ascii_is_digit(*cursor) && *cursor != '+' && *cursor != '-' &&
            *cursor != '.')
            return false;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (begins_with(text, refused[i], &rest))
            return false;
    bool is_web = begins_with(text, "https:", &rest) || begins_with(text, "http:", &rest);
    return !is_web || format_is_web_address(text);
}

/* The kinds of file: the media type, the bytes that each begins with, and the extensions of its name. */
static const struct {
    const char *type;
    struct slice magic;
    const char *extensions[2];
} file_kinds[] = {
    {"image/jpeg", {"\xff\xd8\xff", 3}, {"jpg", "jpeg"}},
    {"image/png", {"\x89PNG\r\n\x1a\n", 8}, {"png", "png"}},
    {"application/pdf", {"%PDF-", 5}, {"pdf", "pdf"}},
};
enum { FILE_KIND_COUNT = sizeof file_kinds / sizeof *file_kinds, FILE_URL_MAX = 4096, FILE_NAME_MAX = 255 };

/* what is behind the last dot of a file's name; empty: nothing */
static struct slice extension_of(struct slice name)
{
    const char *dot = name.len ? memrchr(name.data, '.', name.len) : NULL;
    return dot ? slice_skip(name, (size_t)(dot - name.data) + 1) : slice_make("", 0);
}

static bool is_extension(struct slice text, const char *extension)
{
    return text.len == strlen(extension) && strncasecmp(text.data, extension, text.len) == 0;
}

bool format_is_file_url(struct slice text)
{
    static const char *const videos[] = {"mp4", "m4v", "webm", "mov"};
    struct slice path;
    if (text.len > FILE_URL_MAX || !begins_with(text, "https://", &path) || !format_is_web_address(text))
        return false;
    const char *query = memchr(path.data, '?', path.len);
    path.len = query ? (size_t)(query - path.data) : path.len;
    const char *slash = memrchr(path.data, '/', path.len);
    if (!slash || path.len - (size_t)(slash - path.data) - 1 > FILE_NAME_MAX)
        return false;
    struct slice extension = extension_of(slice_skip(path, (size_t)(slash - path.data) + 1));
    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++)
        if (is_extension(extension, videos[i]))
            return true;
    for (size_t i = 0; i < FILE_KIND_COUNT; i++)
        if (is_extension(extension, file_kinds[i].extensions[0]) ||
            is_extension(extension, file_kinds[i].extensions[1]))
            return true;
    return false;
}

bool format_is_file_of_type(struct slice content, struct slice type, struct slice name)
{
    for (size_t i = 0; i < FILE_KIND_COUNT; i++)
        if (slice_is(type, file_kinds[i].type))
            return slice_begins(content, file_kinds[i].magic) &&
                   (is_extension(extension_of(name), file_kinds[i].extensions[0]) ||
                    is_extension(extension_of(name), file_kinds[i].extensions[1]));
    return false;
}

bool format_is_document(struct slice text)
{
    struct slice coded, magic = {0};
    if (begins_with(text, "https://", &coded))
        return format_is_web_address(text);
    for (size_t i = 0; i < FILE_KIND_COUNT && magic.len == 0; i++) {
        char head[64];
        snprintf(head, sizeof head, "data:%s;base64,", file_kinds[i].type);
        if (begins_with(text, head, &coded))
            magic = file_kinds[i].magic;
    }
    if (magic.len == 0)
        return false;
    uint8_t *bytes = memory_new(coded.len / 4 * 3 + 1, 1);
    ptrdiff_t len = digest_base64_decode(coded, bytes);
    bool good = len > 0 && slice_begins(slice_make((const char *)bytes, (size_t)len), magic);
    free(bytes);
    return good;
}
