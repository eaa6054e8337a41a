/* normalize_key: the customer's key, external_id. */
#include "core/ascii.h"
#include "core/text.h"
#include "rules/clean.h"
#include "rules/damage.h"
#include "rules/normalize.h"

enum { KEY_MAX = 128 };

/* The shapes of e-mail addresses and national numbers, 9 for a digit and A for a letter: US, Brazil, the
 * Nordic countries, the Czech Republic and Slovakia, the United Kingdom, Italy. */
static bool is_identifying(struct slice key)
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
        shape[i] = ascii_is_digit(c) ? '9' : ascii_is_letter(c) ? 'A' : c;
    }
    for (size_t i = 0; shapes[i]; i++)
        if (slice_is(slice_make(shape, key.len), shapes[i]))
            return true;
    return false;
}

/* Removes only invisible characters and outer blanks. False when there is no key. */
static bool clean_key(struct record_context *context, const struct field_plan *plan, struct slice source,
                      struct slice *key)
{
    if (text_is_plain_ascii(source)) {
        *key = text_trim(source);
        return !clean_is_null(context->set, *key);
    }
    bool may_be_escaped;
    if (!clean_characters(context, plan, source, key, &may_be_escaped) || clean_is_null(context->set, *key))
        return false;
    /* Blanks inside that are not in the source were folded from others. */
    bool is_verbatim = memmem(source.data, source.len, key->data, key->len) != NULL;
    if (text_is_plain_ascii(*key) && (is_verbatim || !memchr(key->data, ' ', key->len)))
        return true;
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                "%s is not a key; expected 1 to %d characters of printable ASCII",
                                record_context_quote(context, *key), KEY_MAX);
    return false;
}

/* A ledger has such keys in place of those of erased customers. */
static bool is_reserved(struct record_context *context, const struct field_plan *plan, struct slice key)
{
    if (plan->field != FIELD_EXTERNAL_ID || !slice_begins_with(key, "erased:"))
        return false;
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                "%s begins with `erased:`, as the ledger's keys of erased customers do",
                                record_context_quote(context, key));
    return true;
}

void normalize_key(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct slice key;
    if (!clean_key(context, plan, source, &key) || !damage_check(context, plan, key))
        return;
    if (plan->exact)
        key = clean_map_value(plan, key);
    if (key.len == 0 || !clean_check_length(context, plan, key) || is_reserved(context, plan, key))
        return;
    record_context_accept(context, plan->field, key);
    if (is_identifying(key))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_IDENTIFYING,
            "%s looks like an e-mail address or a national number, and keys are stored in ledger, logs and reports; use a key without personal data",
            record_context_quote(context, key));
}
