/* normalize_text: field types whose normal form is one text. */
#include <inttypes.h>

#include "core/ascii.h"
#include "core/text.h"
#include "model/country.h"
#include "model/language.h"
#include "rules/clean.h"
#include "rules/concat.h"
#include "rules/document.h"
#include "rules/email.h"
#include "rules/enum_words.h"
#include "rules/guards.h"
#include "rules/normalize.h"
#include "rules/postal.h"
#include "rules/uri.h"

static const struct slice united_states = SLICE_LITERAL("US");

void normalize_text(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    if (clean_check_length(context, plan, text))
        record_context_accept(context, plan->field, text);
}

void normalize_state(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct slice country;
    record_context_country(context, &country);
    if (slice_equal(country, united_states)) {
        const char *code = country_us_state(text, context->arena);
        if (!code) {
            record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                        "%s is not a state of the US; expected two letters or the full name",
                                        record_context_quote(context, text));
            return;
        }
        text = slice_from(code);
    }
    normalize_text(context, plan, text);
}

/* True when a pattern of the job says what a code is like in this record. */
static bool has_own_form(const struct record_context *context, const struct field_plan *plan)
{
    for (size_t i = 0; i < context->set->custom_rule_count; i++) {
        const struct job_rule *rule = context->set->custom_rules[i].rule;
        if (rule->kind == JOB_RULE_MATCH && rule->field == plan->field &&
            record_context_conditions_hold(context, rule))
            return true;
    }
    return false;
}

/* False, with a verdict, when a rule of the job rejects a code that has not the form of its country. */
static bool check_postal_form(struct record_context *context, const struct field_plan *plan,
                              struct slice text)
{
    struct slice country, message;
    const char *forms;
    size_t missing;
    record_context_country(context, &country);
    enum postal_result result = postal_read(text, country, &forms, &missing);
    if (result == POSTAL_GOOD || guards_may_begin(text) || has_own_form(context, plan))
        return true;
    const char *quoted = record_context_quote(context, text);
    if (result == POSTAL_LOST_ZERO) {
        struct slice whole =
            arena_printf(context->arena, "%.*s%.*s", (int)missing, "00", (int)text.len, text.data);
        message = arena_printf(
            context->arena,
            "%s is too short for a postal code of %.*s: a zero at its beginning is lost, it was probably %s; export the column as text",
            quoted, (int)country.len, country.data, record_context_quote(context, whole));
    } else {
        message = arena_printf(context->arena,
                               "%s is not of the form of postal codes of %.*s: %s (9 is a digit, A a letter)",
                               quoted, (int)country.len, country.data, forms);
    }
    return record_context_judge(context, plan->field, VERDICT_WARN, RULE_FORMAT, message.data);
}

void normalize_postal(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    text = text_upper(text, context->arena);
    if (!plan->checks_form || check_postal_form(context, plan, text))
        normalize_text(context, plan, text);
}

/* A social security number has nine digits, written with hyphens, blanks or without; a business's EIN too. */
void normalize_national_id(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    enum { SSN_LEN = 9 };
    struct slice country;
    record_context_country(context, &country);
    if (slice_equal(country, united_states)) {
        char *digits = arena_bytes(context->arena, text.len);
        size_t count = 0;
        bool bad = false;
        for (size_t i = 0; i < text.len; i++)
            if (ascii_is_digit(text.data[i]))
                digits[count++] = text.data[i];
            else
                bad |= text.data[i] != '-' && text.data[i] != ' ';
        if (bad || count != SSN_LEN) {
            bool is_business = slice_is(context->values[FIELD_CUSTOMER_TYPE].text, "business");
            record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                        "is not %s number of the US; expected nine digits",
                                        is_business ? "an employer identification" : "a social security");
            return;
        }
        text = slice_make(digits, count);
    }
    normalize_text(context, plan, text);
}

void normalize_email(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct slice address;
    const char *fault = email_read(text, context->arena, &address);
    if (fault)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not an e-mail address: it %s", record_context_quote(context, text),
                                    fault);
    else if (clean_check_length(context, plan, address))
        record_context_accept(context, plan->field, address);
}

/* The country of a national number. */
static enum record_context_country country_of_phone(const struct record_context *context,
                                                    const struct field_plan *plan, struct slice *country)
{
    if (!plan->mapping->phone_country)
        return record_context_country(context, country);
    *country = slice_from(plan->mapping->phone_country);
    return RECORD_CONTEXT_COUNTRY_KNOWN;
}

void normalize_phone(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct slice country;
    enum record_context_country country_state = country_of_phone(context, plan, &country);
    struct phone phone;
    switch (phone_read(text, country, context->arena, &phone)) {
    case PHONE_OK:
        context->phone_validity = phone.validity;
        record_context_accept(context, plan->field, phone.number);
        return;
    case PHONE_NEEDS_COUNTRY:
        if (country_state == RECORD_CONTEXT_COUNTRY_FAILED) {
            context->values[plan->field].state = VALUE_FAILED;
            return;
        }
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "%s is a national number, and the record has no country; write it with + and the country calling code, or map country, or set `country` in the job",
            record_context_quote(context, text));
        return;
    case PHONE_DAMAGED:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_DAMAGED,
            "%s is a phone number that a program rewrote as a decimal number; export the column as text",
            record_context_quote(context, text));
        return;
    case PHONE_AMBIGUOUS:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
            "%s is a national number of %.*s, and a valid international one if only its + is missing; write it with + and the country calling code",
            record_context_quote(context, text), (int)country.len, country.data);
        return;
    case PHONE_BAD:
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT,
            "%s %s; expected a number like +442079460958%s", record_context_quote(context, text), phone.fault,
            plan->mapping->phone_country                    ? ", or a national one of the job's `country`"
            : country_state == RECORD_CONTEXT_COUNTRY_KNOWN ? ", or a national one of the record's country"
                                                            : "");
        return;
    }
}

/* A text that is valid without a fault. hint: what the message ends with. */
static void accept_or_reject(struct record_context *context, const struct field_plan *plan, struct slice text,
                             const char *fault, const char *hint)
{
    if (fault)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT, "%s %s%s",
                                    record_context_quote(context, text), fault, hint);
    else
        normalize_text(context, plan, text);
}

void normalize_document(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    accept_or_reject(context, plan, text, document_fault(context->set->documents, text), "");
}

void normalize_client_id(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const struct provider_field *nationalities =
        provider_fields_find(context->set->fields, FIELD_NATIONALITIES);
    const char *const *extra_countries = nationalities ? nationalities->extra_countries : NULL;
    accept_or_reject(context, plan, text, concat_fault(text, extra_countries),
                     "; expected a CONCAT such as 19800113JOHN#SMITH, or `auto` in the job to compute it");
}

void normalize_uri(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    accept_or_reject(context, plan, text, uri_fault(text),
                     "; expected a URI such as https://example.com/back");
}

void normalize_bool(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    static const char *const words[][6] = {{"false", "no", "n", "0", "f", "off"},
                                           {"true", "yes", "y", "1", "t", "on"}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 6; j++) {
            if (ascii_is_word(text, words[i][j])) {
                record_context_accept(context, plan->field,
                                      i ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
                return;
            }
        }
    }
    record_context_add_verdictf(
        context, plan->field, VERDICT_REJECT, RULE_FORMAT,
        "%s is not a yes or no; expected true or false, yes or no, t or f, y or n, on or off, 1 or 0",
        record_context_quote(context, text));
}

void normalize_yes_no(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    if (ascii_is_word(text, "true") || ascii_is_word(text, "yes"))
        text = SLICE_LITERAL("yes");
    else if (ascii_is_word(text, "false") || ascii_is_word(text, "no"))
        text = SLICE_LITERAL("no");
    normalize_text(context, plan, text);
}

void normalize_integer(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    enum { DIGITS_MAX = 10 }; /* of INT32_MAX */
    size_t offset = 0;
    while (offset + 1 < text.len && text.data[offset] == '0')
        offset++;
    struct slice digits = slice_skip(text, offset);
    bool good = digits.len <= DIGITS_MAX;
    uint64_t number = 0;
    for (size_t i = 0; good && i < digits.len; i++) {
        good = ascii_is_digit(digits.data[i]);
        number = number * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (good && number <= INT32_MAX)
        record_context_accept(context, plan->field, digits);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a whole number from 0 to %" PRId32,
                                    record_context_quote(context, text), INT32_MAX);
}

/* A word that the provider's page does not have, and does not exclude. */
static void accept_other(struct record_context *context, const struct field_plan *plan, struct slice text,
                         const char *quoted)
{
    const char *nearest = text_nearest_value(text, plan->choices);
    const char *message =
        arena_printf(context->arena,
                     "%s is not one of the words that the provider is known to take, such as %s", quoted,
                     nearest ? nearest : plan->choices[0])
            .data;
    if (record_context_judge(context, plan->field, VERDICT_WARN, RULE_ENUM, message))
        normalize_text(context, plan, text);
}

void normalize_enum(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const struct slice *value = value_map_find(plan->exact, text);
    if (!value)
        value = value_map_find(plan->folded, text);
    const char *word =
        value ? NULL : enum_words_find(plan->field, plan->choices, plan->mapping, text, context->arena);
    if (word) {
        record_context_accept(context, plan->field, slice_from(word));
        return;
    }
    if (!value && plan->otherwise.data)
        value = &plan->otherwise;
    if (value) {
        if (value->len > 0)
            record_context_accept(context, plan->field, *value);
        return;
    }
    const char *quoted = record_context_quote(context, text);
    if (plan->provider && plan->provider->open_values) {
        accept_other(context, plan, text, quoted);
        return;
    }
    if (plan->choices == language_codes) {
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_ENUM,
            "%s is not a known language; expected a code of ISO 639-1 such as en, a locale or a name",
            quoted);
        return;
    }
    const char *nearest = text_nearest_value(text, plan->choices);
    record_context_add_verdictf(
        context, plan->field, VERDICT_REJECT, RULE_ENUM,
        nearest ? "%s is not one of the provider's values; the nearest is %s"
                : "%s is not one of the provider's values, such as %s; kyc-import words lists such values",
        quoted, nearest ? nearest : plan->choices[0]);
}
