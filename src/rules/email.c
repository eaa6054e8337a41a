#include "rules/email.h"

#include <stdbool.h>
#include <stdint.h>

#include <idn2.h>

#include "core/ascii.h"

enum { EMAIL_MAX = 254, LOCAL_MAX = 64, LABEL_MAX = 63 };

/* Classes of bytes. */
enum { ATEXT = 1, LABEL = 2, DIGIT = 4, CAPITAL = 8 };

static const uint8_t classes[256] = {
    ['a' ... 'z'] = ATEXT | LABEL,
    ['A' ... 'Z'] = ATEXT | LABEL | CAPITAL,
    ['0' ... '9'] = ATEXT | LABEL | DIGIT,
    ['-'] = ATEXT | LABEL,
    ['!'] = ATEXT,
    ['#'] = ATEXT,
    ['$'] = ATEXT,
    ['%'] = ATEXT,
    ['&'] = ATEXT,
    ['\''] = ATEXT,
    ['*'] = ATEXT,
    ['+'] = ATEXT,
    ['/'] = ATEXT,
    ['='] = ATEXT,
    ['?'] = ATEXT,
    ['^'] = ATEXT,
    ['_'] = ATEXT,
    ['`'] = ATEXT,
    ['{'] = ATEXT,
    ['|'] = ATEXT,
    ['}'] = ATEXT,
    ['~'] = ATEXT,
};

/* The first byte of text, from offset on, that is not of a class; text.len: all are. */
static size_t skip_class(struct slice text, size_t offset, unsigned class)
{
    while (offset < text.len && classes[(uint8_t)text.data[offset]] & class)
        offset++;
    return offset;
}

static const char *check_local_part(struct slice local)
{
    if (local.len == 0)
        return "has nothing before the @";
    if (local.len > LOCAL_MAX)
        return "has more than 64 bytes before the @";
    for (size_t start = 0;;) {
        size_t end = skip_class(local, start, ATEXT);
        if (end < local.len && local.data[end] != '.')
            return "has a character that is not allowed before the @";
        if (end == start)
            return end == local.len ? "has a dot just before the @"
                                    : "has a dot at the beginning or two dots in a row before the @";
        if (end == local.len)
            return NULL;
        start = end + 1;
    }
}

/* True when a byte of text is of a class. Without a branch for each, as nearly none is. */
static bool has_class(struct slice text, unsigned class)
{
    unsigned any = 0;
    for (size_t i = 0; i < text.len; i++)
        any |= classes[(uint8_t)text.data[i]];
    return (any & class) != 0;
}

/* *has_capitals: the domain must be written in lower case. */
static const char *check_domain(struct slice domain, bool *has_capitals)
{
    static const char *const bad_label =
        "has an invalid domain: a part of it is empty, too long, or begins or ends with a hyphen";
    size_t label_count = 0, start = 0, end = 0;
    for (;; start = end + 1) {
        end = skip_class(domain, start, LABEL);
        if (end < domain.len && domain.data[end] != '.')
            return "has a character in the domain that is not allowed there";
        if (end == start || end - start > LABEL_MAX || domain.data[start] == '-' ||
            domain.data[end - 1] == '-')
            return bad_label;
        label_count++;
        if (end == domain.len)
            break;
    }
    if (label_count < 2)
        return "has a domain without a dot";
    *has_capitals = has_class(domain, CAPITAL);
    return skip_class(domain, start, DIGIT) == domain.len ? "has a domain that ends in a number" : NULL;
}

/* The A-label form in the arena; false when there is none. */
static bool to_a_labels(struct slice domain, struct arena *arena, struct slice *out)
{
    struct slice source = arena_copy(arena, domain);
    uint8_t *labels = NULL;
    int status = idn2_lookup_u8((const uint8_t *)source.data, &labels, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (status != IDN2_OK)
        return false;
    *out = arena_copy(arena, slice_from((const char *)labels));
    idn2_free(labels);
    return true;
}

static struct slice join(struct slice local, struct slice domain, struct arena *arena)
{
    char *out = arena_bytes(arena, local.len + 1 + domain.len);
    memcpy(out, local.data, local.len);
    out[local.len] = '@';
    for (size_t i = 0; i < domain.len; i++)
        out[local.len + 1 + i] = ascii_lower(domain.data[i]);
    return slice_make(out, local.len + 1 + domain.len);
}

/* Converts a domain that is not ASCII. NULL, or the fault; of an ASCII domain it is fault. */
static const char *convert_domain(const char *fault, struct slice *domain, struct arena *arena,
                                  bool *has_capitals)
{
    if (memchr(domain->data, '@', domain->len))
        return "has more than one @";
    if (ascii_only(*domain))
        return fault;
    if (!to_a_labels(*domain, arena, domain))
        return "has a domain that IDNA 2008 does not allow";
    return check_domain(*domain, has_capitals);
}

const char *email_read(struct slice text, struct arena *arena, struct slice *out)
{
    const char *cursor = memchr(text.data, '@', text.len);
    if (!cursor)
        return "has no @";
    struct slice local = slice_make(text.data, (size_t)(cursor - text.data));
    struct slice domain = slice_make(cursor + 1, text.len - local.len - 1);

    const char *fault = check_local_part(local);
    if (fault)
        return fault;
    bool has_capitals = false;
    fault = check_domain(domain, &has_capitals);
    if (fault)
        fault = convert_domain(fault, &domain, arena, &has_capitals);
    if (fault)
        return fault;
    if (local.len + 1 + domain.len > EMAIL_MAX)
        return "has more than 254 bytes";
    bool changed = has_capitals || domain.data != cursor + 1;
    *out = changed ? join(local, domain, arena) : text;
    return NULL;
}
