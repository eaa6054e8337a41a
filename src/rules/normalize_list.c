/* normalize_list: countries, and the fields that hold several items. */
#include "core/text.h"
#include "model/country.h"
#include "rules/normalize.h"

static bool is_listed(const char *const *codes, struct slice code)
{
    for (; codes && *codes; codes++)
        if (slice_is(code, *codes))
            return true;
    return false;
}

/* Where a country's name may be remembered; NULL when it is too long, or nobody remembers. */
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

/* A code that the provider takes beside ISO 3166-1, in its own table's bytes. */
static const char *find_also(const struct provider_field *provider, struct slice text, struct arena *arena)
{
    if (!provider || !provider->extra_countries || text.len > 3)
        return NULL;
    struct slice capitals = text_upper(text, arena);
    for (const char *const *code = provider->extra_countries; *code; code++)
        if (slice_is(capitals, *code))
            return *code;
    return NULL;
}

/* NULL, with a verdict, when text names no country or several. */
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
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
            "%s can be several countries (%s); write the code of the one that is meant", quoted, names);
        return NULL;
    }
    bool is_list = plan->type == FIELD_TYPE_COUNTRY_LIST && strpbrk(quoted, "|;,/");
    record_context_add_verdictf(
        context, plan->field, VERDICT_REJECT, RULE_COUNTRY,
        "%s is not a country that is known; expected a code of ISO 3166-1 or a name%s", quoted,
        is_list ? " (for several, give `split` in the job)" : "");
    return NULL;
}

/* False when the provider takes nobody of that country. */
static bool judge_country(struct record_context *context, const struct field_plan *plan, struct slice code)
{
    const struct country *country = country_by_alpha2(code);
    const char *name = country ? country->name : "it";
    if (is_listed(plan->provider->refused_countries, code)) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_COUNTRY_REFUSED,
                                    "the provider takes no customers of %s (%.*s)", name, (int)code.len,
                                    code.data);
        return false;
    }
    if (is_listed(plan->provider->warned_countries, code))
        record_context_add_verdictf(
            context, plan->field, VERDICT_WARN, RULE_COUNTRY_REFUSED,
            "%s (%.*s) is on the provider's list of restricted countries: it may refuse this customer", name,
            (int)code.len, code.data);
    return true;
}

/* An alpha-2 code, or one that the provider takes beside them; NULL, with a verdict, when there is none. */
static const char *read_code(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const struct country *country = country_by_alpha2(text);
    if (!country) {
        const char *code = find_also(plan->provider, text, context->arena);
        if (code)
            return code;
        country = find_country(context, plan, text);
    }
    return country ? country->alpha2 : NULL;
}

void normalize_country(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    const char *code = read_code(context, plan, text);
    if (code && (!plan->checks_countries || judge_country(context, plan, slice_from(code))))
        normalize_accept(context, plan, slice_make(code, strlen(code)));
}

/* A list as it grows, its items between separators. */
struct list {
    char *data;
    size_t len, capacity;
    size_t places; /* items met, the empty ones included */
    uint64_t full; /* bit i: the i-th place holds an item */
};

static bool holds(const struct list *list, struct slice item)
{
    struct slice rest = slice_make(list->len ? list->data : NULL, list->len), other;
    while (record_context_next_item(&rest, VALUE_SEPARATOR, &other))
        if (slice_equal(other, item))
            return true;
    return false;
}

static void append(struct list *list, struct arena *arena, struct slice item)
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

/* Items are separated by a text, not by a character: `, ` is one. */
static bool next_part(struct slice *rest, const char *split, struct slice *part)
{
    if (!rest->data)
        return false;
    const char *end = split && *split ? memmem(rest->data, rest->len, split, strlen(split)) : NULL;
    *part = slice_make(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    size_t used = end ? part->len + strlen(split) : 0;
    *rest = end ? slice_make(rest->data + used, rest->len - used) : slice_make(NULL, 0);
    return true;
}

typedef bool read_item(struct record_context *judging, const struct field_plan *slot, struct slice text,
                       bool is_first, struct slice *item);

static bool read_country_item(struct record_context *context, const struct field_plan *plan,
                              struct slice text, bool is_first, struct slice *item)
{
    const char *code = read_code(context, plan, text);
    if (!code)
        return false;
    *item = slice_from(code);
    bool is_judged = plan->checks_countries && (is_first || !plan->provider->first_only);
    return !is_judged || judge_country(context, plan, *item);
}

static bool read_text_item(struct record_context *context, const struct field_plan *plan, struct slice text,
                           bool is_first, struct slice *item)
{
    (void)is_first;
    *item = text;
    return normalize_length(context, plan, text);
}

/* False when an item failed. */
static bool read_list(struct record_context *context, const struct field_plan *plan, struct slice source,
                      bool drop_repeats, read_item *read, struct list *list)
{
    struct slice rest = source, part, text, item;
    const char *split = context->split ? context->split : plan->mapping->split;
    while (next_part(&rest, split, &part)) {
        if (list->places == RECORD_CONTEXT_ITEMS_MAX) {
            record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                        "has more than %d items", RECORD_CONTEXT_ITEMS_MAX);
            return false;
        }
        size_t place = list->places++;
        bool there = normalize_clean(context, plan, part, &text);
        if (context->values[plan->field].state == VALUE_FAILED ||
            (there && !read(context, plan, text, list->len == 0, &item)))
            return false;
        if (!there || (drop_repeats && holds(list, item)))
            continue;
        list->full |= UINT64_C(1) << place;
        append(list, context->arena, item);
    }
    return true;
}

void normalize_country_list(struct record_context *context, const struct field_plan *plan,
                            struct slice source)
{
    /* One code is most of what there is: it needs no list. */
    bool is_paired = plan->field == FIELD_TAX_COUNTRY;
    const struct country *country = country_by_alpha2(source);
    if (country && !plan->exact && !is_paired && !plan->checks_countries) {
        normalize_accept(context, plan, slice_make(country->alpha2, 2));
        return;
    }
    struct list list = {NULL, 0, 0, 0, 0};
    if (!read_list(context, plan, source, !is_paired, read_country_item, &list) || list.len == 0)
        return;
    normalize_accept(context, plan, slice_make(list.data, list.len));
    if (is_paired)
        context->tax_country_places = list.full;
}

void normalize_text_list(struct record_context *context, const struct field_plan *plan, struct slice source)
{
    struct list list = {NULL, 0, 0, 0, 0};
    if (!read_list(context, plan, source, false, read_text_item, &list) || list.len == 0)
        return;
    normalize_accept(context, plan, slice_make(list.data, list.len));
    if (plan->field == FIELD_TAX_ID)
        context->tax_id_places = list.full;
}

static size_t count_bits(uint64_t bits)
{
    return (size_t)__builtin_popcountll(bits);
}

/* One country stands for all tax ids, as many as there are. */
static void repeat_country(struct record_context *context, struct slice code, size_t count)
{
    struct list list = {NULL, 0, 0, 0, 0};
    for (size_t i = 0; i < count; i++)
        append(&list, context->arena, code);
    struct value *value = &context->values[FIELD_TAX_COUNTRY];
    value->text = count == 1 ? code : slice_make(list.data, list.len);
    value->state = VALUE_PRESENT;
}

void normalize_tax_pairs(struct record_context *context)
{
    const struct value *id = &context->values[FIELD_TAX_ID];
    struct value *country = &context->values[FIELD_TAX_COUNTRY];
    if (id->state == VALUE_ABSENT && country->state == VALUE_PRESENT)
        *country = (struct value){{NULL, 0}, VALUE_ABSENT};
    if (id->state != VALUE_PRESENT || country->state == VALUE_FAILED)
        return;

    size_t ids = count_bits(context->tax_id_places), countries = count_bits(context->tax_country_places);
    struct slice code = country->text;
    if (country->state == VALUE_PRESENT && context->tax_country_places == context->tax_id_places)
        return;
    if (country->state == VALUE_PRESENT && countries != 1) {
        record_context_add_verdictf(
            context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_FORMAT,
            "tax_id has %zu items and tax_country %zu, which do not pair; give each its country, or one for all",
            ids, countries);
        return;
    }
    if (country->state == VALUE_ABSENT) {
        enum record_context_country from = record_context_country(context, &code);
        if (from == RECORD_CONTEXT_COUNTRY_BLAMED)
            country->state = VALUE_FAILED;
        else if (from == RECORD_CONTEXT_COUNTRY_ABSENT)
            record_context_add_verdictf(context, FIELD_TAX_COUNTRY, VERDICT_REJECT, RULE_REQUIRED,
                                        "tax_id is given, but no country for it, and the record has none");
        if (from != RECORD_CONTEXT_COUNTRY_KNOWN)
            return;
    }
    repeat_country(context, code, ids);
}
