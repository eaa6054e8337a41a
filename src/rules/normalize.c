#include "rules/normalize.h"

#include <assert.h>

#include "core/text.h"

enum { KEY_MAX = 128 };

/* What is no text in it, for people who must find it in an editor. source: decoded. */
static void say_encoding(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    enum encoding encoding = context->set->encoding;
    uint32_t code = 0;
    size_t offset = text_find_damage(source, &code);
    struct slice reason;
    if (code == 0)
        reason = SLICE_LITERAL("holds a NUL byte; remove it");
    else if (code == TEXT_NO_CHAR)
        reason = arena_printf(
            context->arena, "byte %zu (0x%02x) is not %s; is input.encoding right?", offset + 1,
            offset < source.len ? (unsigned)(unsigned char)source.data[offset] : 0U, encoding_name(encoding));
    else if (code < 0xa0 && encoding != ENCODING_UTF8)
        reason = arena_printf(context->arena,
                              "holds the byte 0x%02x, a control character in %s; is input.encoding right?",
                              (unsigned)code, encoding_name(encoding));
    else if (code < 0xa0)
        reason = arena_printf(
            context->arena,
            "holds the control character U+%04X, so it was decoded by the wrong encoding before it came here; restore it at the source",
            (unsigned)code);
    else if (code == 0xfffd)
        reason = SLICE_LITERAL(
            "holds U+FFFD, so a character was lost before it came here; restore it at the source");
    else
        reason = arena_printf(
            context->arena,
            "holds the private-use character U+%04X, which has no meaning outside the program that wrote it; restore it at the source",
            (unsigned)code);
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_ENCODING, "%.*s", (int)reason.len,
                                reason.data);
}

static inline bool is_null_value(const struct rule_set *set, struct slice text)
{
    if (text.len == 0)
        return true;
    if (!(set->null_lengths >> (text.len < 63 ? text.len : 63) & 1))
        return false;
    for (size_t i = 0; i < set->job->input.null_count; i++)
        if (slice_equal(set->job->input.null_values[i], text))
            return true;
    return false;
}

/* An enumeration looks its `values` up itself: its own words stand beside them. */
static struct slice map_value(const struct field_plan *plan, struct slice text)
{
    const struct slice *word = value_map_find(plan->exact, text);
    if (word)
        return *word;
    return plan->otherwise.data ? plan->otherwise : text;
}

/* False when the source is no text. */
static bool say_fault(struct record_context *context, const struct field_plan *plan, enum text_fault fault,
                      struct slice source, struct slice text)
{
    if (fault == TEXT_ENCODING)
        say_encoding(context, plan, source);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_WARN, RULE_INVISIBLE,
                                    "invisible characters were removed; it now reads %s",
                                    record_context_quote(context, text));
    return fault != TEXT_ENCODING;
}

static inline bool normalize_as_text(struct record_context *context, const struct field_plan *plan,
                                     struct slice source, struct slice *text)
{
    enum text_fault fault = text_normalize(source, context->arena, text);
    return fault == TEXT_OK || say_fault(context, plan, fault, source, *text);
}

bool normalize_clean(struct record_context *context, const struct field_plan *plan, struct slice source,
                     struct slice *text)
{
    if (!normalize_as_text(context, plan, source, text) || is_null_value(context->set, *text))
        return false;
    if (plan->exact && plan->type != FIELD_TYPE_ENUM)
        *text = map_value(plan, *text);
    return text->len > 0;
}

static __attribute__((noinline)) bool judge_length(struct record_context *context,
                                                   const struct field_plan *plan, struct slice text)
{
    size_t count = text_count_chars(text);
    if (count < plan->min_chars) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_SHORT,
                                    "%s has %zu characters; at least %zu are needed",
                                    record_context_quote(context, text), count, plan->min_chars);
        return false;
    }
    if (count <= plan->max_chars)
        return true;
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_LONG,
                                "%s has %zu characters; at most %zu are taken",
                                record_context_quote(context, text), count, plan->max_chars);
    return false;
}

bool normalize_length(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    if (text.len <= plan->max_chars && plan->min_chars == 0)
        return true;
    return judge_length(context, plan, text);
}

/* The shapes of mail addresses and national numbers, 9 a digit and A a letter: US, Brazil, the Nordic
 * countries, the Czech Republic and Slovakia, the United Kingdom, Italy. */
static bool looks_identifying(struct slice key)
{
    static const char *const shapes[] = {"999-99-9999", "999.999.999-99", "999999-9999",      "999999+9999",
                                         "999999/9999", "AA999999A",      "AAAAAA99A99A999A", NULL};
    const char *cursor = memchr(key.data, '@', key.len);
    if (cursor && cursor > key.data && memchr(cursor, '.', key.len - (size_t)(cursor - key.data)))
        return true;
    if (key.len < 9 || key.len > 16)
        return false;
    char shape[17];
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        shape[i] = c >= '0' && c <= '9' ? '9' : letter ? 'A' : c;
    }
    for (size_t i = 0; shapes[i]; i++)
        if (slice_is(slice_make(shape, key.len), shapes[i]))
            return true;
    return false;
}

static struct slice trim_blanks(struct slice text)
{
    while (text.len > 0 && text.data[0] == ' ')
        text = slice_make(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* A key stays as it is, inner blanks too; only what nobody sees is taken off it. False when there is none. */
static bool clean_key(struct record_context *context, const struct field_plan *plan, struct slice source,
                      struct slice *key)
{
    if (text_is_plain_ascii(source)) {
        *key = trim_blanks(source);
        return !is_null_value(context->set, *key);
    }
    if (!normalize_as_text(context, plan, source, key) || is_null_value(context->set, *key))
        return false;
    bool stands_in_source = memmem(source.data, source.len, key->data, key->len) != NULL;
    if (text_is_plain_ascii(*key) && (stands_in_source || !memchr(key->data, ' ', key->len)))
        return true;
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                "%s is no key; expected 1 to %d characters of printable ASCII",
                                record_context_quote(context, *key), KEY_MAX);
    return false;
}

static void normalize_key(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct slice key;
    if (!clean_key(context, plan, source, &key))
        return;
    if (plan->exact)
        key = map_value(plan, key);
    if (key.len == 0 || !normalize_length(context, plan, key))
        return;
    normalize_accept(context, plan, key);
    if (looks_identifying(key))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_IDENTIFYING,
            "%s looks like an e-mail address or a national number; the key stands in ledger, logs and reports, so use one that says nothing about the customer",
            record_context_quote(context, key));
}

static normalize_function *const functions[] = {
    [FIELD_TYPE_KEY] = NULL, /* read from the source: its inner blanks stay */
    [FIELD_TYPE_TEXT] = normalize_text,
    [FIELD_TYPE_NAME] = normalize_text,
    [FIELD_TYPE_STATE] = normalize_state,
    [FIELD_TYPE_POSTAL] = normalize_postal,
    [FIELD_TYPE_EMAIL] = normalize_email,
    [FIELD_TYPE_PHONE] = normalize_phone,
    [FIELD_TYPE_DATE] = normalize_date,
    [FIELD_TYPE_COUNTRY] = normalize_country,
    [FIELD_TYPE_COUNTRY_LIST] = NULL, /* split before they are cleaned */
    [FIELD_TYPE_TEXT_LIST] = NULL,
    [FIELD_TYPE_ENUM] = normalize_enum,
    [FIELD_TYPE_BOOL] = normalize_bool,
    [FIELD_TYPE_INTEGER] = normalize_integer,
    [FIELD_TYPE_NATIONAL_ID] = normalize_national_id,
    [FIELD_TYPE_DOCUMENT] = normalize_document,
    [FIELD_TYPE_CLIENT_ID] = normalize_client_id,
    [FIELD_TYPE_URI] = normalize_uri,
};

void normalize_constant(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    if (plan->type == FIELD_TYPE_KEY) {
        normalize_key(context, plan, source);
    } else if (plan->type == FIELD_TYPE_COUNTRY_LIST) {
        normalize_country_list(context, plan, source);
    } else if (plan->type == FIELD_TYPE_TEXT_LIST) {
        normalize_text_list(context, plan, source);
    } else {
        struct slice text;
        if (normalize_clean(context, plan, source, &text))
            functions[plan->type](context, plan, text);
    }
}

void normalize_source(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct slice text = source;
    if (source.len == 0)
        return;
    if (context->set->encoding != ENCODING_UTF8 &&
        !encoding_decode(context->set->encoding, source, context->arena, &text)) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_ENCODING,
                                    "holds a byte that %s does not define; is input.encoding right?",
                                    encoding_name(context->set->encoding));
        return;
    }
    normalize_constant(context, plan, text);
}
