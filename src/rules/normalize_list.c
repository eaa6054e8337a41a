/* normalize_list: countries, and fields with several items. */
#include "core/text.h"
#include "model/country.h"
#include "rules/clean.h"
#include "rules/normalize.h"

static bool is_listed(const char *const *codes, struct slice code)
{
    for (; codes && *codes; codes++)
        if (slice_is(code, *codes))
            return true;
    return false;
}

/* The cache entry for a country's text; NULL for a text that is too long or of the job file. */
static struct country_memo *memo_of(struct record_context *context, struct slice text)
{
    if (!context->worker || text.len == 0 || text.len > COUNTRY_MEMO_TEXT)
        return NULL;
    uint32_t hash = (uint32_t)text.len;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 0x01000193U;
    return &context->worker->memo[(hash ^ hash >> 16) % COUNTRY_MEMO_SIZE];
}

static enum country_result read_country(struct record_context *context, struct slice text,
                                        const struct country **country, const char **names)
{
    struct country_memo *memo = memo_of(context, text);
    if (memo && memo->country && slice_equal(slice_make(memo->text, memo->len), text)) {
        *country = memo->country;
        return COUNTRY_FOUND;
    }
    enum country_result result = country_read(text, context->arena, country, names);
    if (memo && result == COUNTRY_FOUND) {
        memo->country = *country;
        memo->len = text.len;
        memcpy(memo->text, text.data, text.len);
    }
    return result;
}

/* The provider's own code outside ISO 3166-1 that text is; NULL: none. */
static const char *find_extra_code(const struct provider_field *provider, struct slice text,
                                   struct arena *arena)
{
    if (!provider || !provider->extra_countries || text.len > 3)
        return NULL;
    struct slice capitals = text_upper(text, arena);
    for (const char *const *code = provider->extra_countries; *code; code++)
        if (slice_is(capitals, *code))
            return *code;
    return NULL;
}

/* NULL, with a verdict, for an unknown or ambiguous name. */
static const struct country *find_country(struct record_context *context, const struct field_plan *plan,
                                          struct slice text)
{
    const struct country *country = NULL;
    const char *names = NULL;
    enum country_result result = read_country(context, text, &country, &names);
    if (result == COUNTRY_FOUND)
        return country;
    const char *quoted = record_context_quote(context, text);
    if (result == COUNTRY_AMBIGUOUS) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
                                    "%s can be several countries (%s); write the country's code", quoted,
                                    names);
        return NULL;
    }
    bool is_list = plan->type == FIELD_TYPE_COUNTRY_LIST && strpbrk(quoted, "|;,/");
    const struct country *nearest = country_nearest(text, context->arena);
    if (nearest)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_COUNTRY,
                                    "%s is not a known country; the nearest is %s (%s)", quoted,
                                    nearest->name, nearest->alpha2);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_COUNTRY,
                                    "%s is not a known country; expected a code of ISO 3166-1 or a name%s",
                                    quoted, is_list ? " (for several, give `split` in the job)" : "");
    return NULL;
}

/* False, with a verdict, for a country that the provider refuses. */
static bool check_country(struct record_context *context, const struct field_plan *plan, struct slice code)
{
    const struct country *country = country_by_alpha2(code);
    const char *name = country ? country->name : "this country";
    if (is_listed(plan->provider->refused_countries, code)) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_COUNTRY_REFUSED,
                                    "the provider does not accept customers of %s (%.*s)", name,
                                    (int)code.len, code.data);
        return false;
    }
    if (is_listed(plan->provider->warned_countries, code))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_COUNTRY_REFUSED,
            "%s (%.*s) is on the provider's list of restricted countries: the provider may refuse this customer",
            name, (int)code.len, code.data);
    if (plan->provider->iso_countries && country && !country_in_iso(country))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_COUNTRY,
            "%s (%s) is not in ISO 3166-1, whose codes the provider asks for: it may refuse this customer",
            name, country->alpha2);
    return true;
}

/* A country behind the first where only the first is sent: the customer is accepted, and a person may want to
 * know. */
static void warn_of_dropped_country(struct record_context *context, const struct field_plan *plan,
                                    struct slice code)
{
    const struct country *country = country_by_alpha2(code);
    bool is_refused = is_listed(plan->provider->refused_countries, code);
    if (is_refused || is_listed(plan->provider->warned_countries, code))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_COUNTRY_REFUSED,
            "%s (%.*s) is among the nationalities that are not sent, and the provider %s customers of it",
            country ? country->name : "this country", (int)code.len, code.data,
            is_refused ? "does not accept" : "may refuse");
}

/* An alpha-2 code or an extra code of the provider; NULL with a verdict. */
static const char *read_code(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const struct country *country = country_by_alpha2(text);
    if (!country) {
        const char *code = find_extra_code(plan->provider, text, context->arena);
        if (code)
            return code;
        country = find_country(context, plan, text);
    }
    return country ? country->alpha2 : NULL;
}

void normalize_country(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const char *code = read_code(context, plan, text);
    if (code && (!plan->checks_countries || check_country(context, plan, slice_from(code))))
        record_context_accept(context, plan->field, slice_make(code, strlen(code)));
}

/* A list value under construction. */
struct list {
    char *data;
    size_t len, capacity;
    size_t positions; /* items read so far, the empty ones included */
    uint64_t filled;  /* bit i: the i-th item is not empty */
};

static bool contains(const struct list *list, struct slice item)
{
    struct slice rest = slice_make(list->len ? list->data : NULL, list->len), other;
    while (record_next_item(&rest, &other))
        if (slice_equal(other, item))
            return true;
    return false;
}

static void append_item(struct list *list, struct arena *arena, struct slice item)
{
    if (!list->data || list->len + 1 + item.len > list->capacity) {
        list->capacity = (list->capacity + item.len) * 2 + 16;
        char *larger = arena_bytes(arena, list->capacity);
        if (list->len)
            memcpy(larger, list->data, list->len);
        list->data = larger;
    }
    if (list->len)
        list->data[list->len++] = VALUE_SEPARATOR;
    memcpy(list->data + list->len, item.data, item.len);
    list->len += item.len;
}

/* Reads one cleaned item. False when it failed, with a verdict. */
static bool read_item(struct record_context *context, const struct field_plan *plan, struct slice text,
                      bool is_first, struct slice *item)
{
    *item = text;
    if (plan->type != FIELD_TYPE_COUNTRY_LIST)
        return clean_check_length(context, plan, text);
    const char *code = read_code(context, plan, text);
    if (!code)
        return false;
    *item = slice_from(code);
    if (!plan->checks_countries)
        return true;
    if (is_first || !plan->provider->first_only)
        return check_country(context, plan, *item);
    warn_of_dropped_country(context, plan, *item);
    return true;
}

/* False, with a verdict, when an item failed. */
static bool read_list(struct record_context *context, const struct field_plan *plan, struct slice source,
                      bool drop_repeats, struct list *list)
{
    struct slice rest = source, part, text, item;
    const char *split = context->split ? context->split : plan->mapping->split;
    while (slice_next_item(&rest, slice_from(split), &part)) {
        if (list->positions == RECORD_CONTEXT_ITEMS_MAX) {
            record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                        "has more than %d items", RECORD_CONTEXT_ITEMS_MAX);
            return false;
        }
        size_t position = list->positions++;
        bool has_value = clean_text(context, plan, part, &text);
        if (context->values[plan->field].state == VALUE_FAILED ||
            (has_value && !read_item(context, plan, text, list->len == 0, &item)))
            return false;
        if (!has_value || (drop_repeats && contains(list, item)))
            continue;
        list->filled |= UINT64_C(1) << position;
        append_item(list, context->arena, item);
    }
    return true;
}

void normalize_country_list(struct record_context *context, const struct field_plan *plan,
                            struct slice source)
{
    /* The usual case, a single code, needs no copy. */
    bool is_paired = plan->field == FIELD_TAX_COUNTRY;
    const struct country *country = country_by_alpha2(source);
    if (country && !plan->exact && !is_paired && !plan->checks_countries) {
        record_context_accept(context, plan->field, slice_make(country->alpha2, 2));
        return;
    }
    struct list list = {NULL, 0, 0, 0, 0};
    if (!read_list(context, plan, source, !is_paired, &list) || list.len == 0)
        return;
    record_context_accept(context, plan->field, slice_make(list.data, list.len));
    if (plan->provider && plan->provider->first_only && memchr(list.data, VALUE_SEPARATOR, list.len))
        record_context_add_verdictf(context, plan->field, VERDICT_WARN, RULE_DROPPED,
                                    "the provider takes one, and only the first is sent");
    if (is_paired) {
        context->tax_country_filled = list.filled;
        context->tax_country_places = list.positions;
    }
}

void normalize_text_list(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct list list = {NULL, 0, 0, 0, 0};
    if (!read_list(context, plan, source, false, &list) || list.len == 0)
        return;
    record_context_accept(context, plan->field, slice_make(list.data, list.len));
    if (plan->field == FIELD_TAX_ID)
        context->tax_id_filled = list.filled;
}

static size_t count_bits(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

/* Sets tax_country to one code for each of count tax ids. */
static void repeat_country(struct record_context *context, struct slice code, size_t count)
{
    struct list list = {NULL, 0, 0, 0, 0};
    for (size_t i = 0; i < count; i++)
        append_item(&list, context->arena, code);
    struct value *value = &context->values[FIELD_TAX_COUNTRY];
    value->text = count == 1 ? code : slice_make(list.data, list.len);
    value->state = VALUE_PRESENT;
}

/* Keeps of a list of countries those whose ids are there, both by their places. */
static void keep_countries_of_ids(struct record_context *context)
{
    struct value *value = &context->values[FIELD_TAX_COUNTRY];
    struct slice rest = value->text, item;
    struct list list = {NULL, 0, 0, 0, 0};
    for (uint64_t places = context->tax_country_filled; places && record_next_item(&rest, &item);
         places &= places - 1)
        if (context->tax_id_filled & places & -places)
            append_item(&list, context->arena, item);
    value->text = slice_make(list.data, list.len);
}

/* Lists collected by `[*]` are paired by their places: one country never stands for several ids, nor for the
 * id of another element. */
static void pair_places(struct record_context *context)
{
    uint64_t missing = context->tax_id_filled & ~context->tax_country_filled;
    if (missing)
        record_context_add_verdictf(
            context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_FORMAT,
            "the tax_id of element [%d] has no country; with [*] each tax_id needs its own",
            __builtin_ctzll(missing));
    else
        keep_countries_of_ids(context);
}

void normalize_tax_pairs(struct record_context *context)
{
    const struct value *id = &context->values[FIELD_TAX_ID];
    struct value *country = &context->values[FIELD_TAX_COUNTRY];
    if (id->state == VALUE_ABSENT && country->state == VALUE_PRESENT)
        *country = (struct value){{NULL, 0}, VALUE_ABSENT};
    if (id->state != VALUE_PRESENT || country->state == VALUE_FAILED)
        return;

    size_t ids = count_bits(context->tax_id_filled), countries = count_bits(context->tax_country_filled);
    struct slice code = country->text;
    if (country->state == VALUE_PRESENT && context->tax_country_filled == context->tax_id_filled)
        return;
    bool is_collected =
        context->set->plan_of[FIELD_TAX_COUNTRY] && context->set->plan_of[FIELD_TAX_COUNTRY]->collects;
    if (is_collected && (country->state == VALUE_PRESENT || ids > 1)) {
        pair_places(context);
        return;
    }
    if (country->state == VALUE_PRESENT && countries != 1) {
        record_context_add_verdictf(
            context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_FORMAT,
            "tax_id has %zu items and tax_country has %zu; give one country for each tax_id, or one for all",
            ids, countries);
        return;
    }
    if (country->state == VALUE_PRESENT && context->tax_country_places > 1) {
        record_context_add_verdictf(
            context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_FORMAT,
            "tax_country has %zu places and a country in one of them, which is not that of each tax_id; give one for each, or a single one for all",
            context->tax_country_places);
        return;
    }
    if (country->state == VALUE_ABSENT) {
        enum record_context_country country_state = record_context_country(context, &code);
        if (country_state == RECORD_CONTEXT_COUNTRY_FAILED)
            country->state = VALUE_FAILED;
        else if (country_state == RECORD_CONTEXT_COUNTRY_ABSENT)
            record_context_add_verdictf(
                context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_REQUIRED,
                "tax_id needs a country, and the record has neither tax_country nor country");
        if (country_state != RECORD_CONTEXT_COUNTRY_KNOWN)
            return;
    }
    repeat_country(context, code, ids);
}
