#include "rules/rule_worker.h"

#include <stdlib.h>

#include "core/hash_table.h"
#include "core/memory.h"
#include "core/text.h"
#include "rules/concat.h"
#include "rules/custom_rule.h"
#include "rules/normalize.h"
#include "rules/read_documents.h"
#include "rules/read_plan.h"
#include "rules/row_filter.h"
#include "rules/verifiable.h"

struct rule_worker *rule_worker_new(const struct rule_set *set)
{
    struct rule_worker *worker = memory_new(1, sizeof *worker);
    worker->set = set;
    if (set->paths)
        worker->ndjson = ndjson_cells_new(set->paths);
    if (set->condition_count > 0) {
        worker->matcher = pattern_matcher_new(0);
        worker->row_memos = memory_new(set->condition_count * ROW_MEMO_SIZE, sizeof *worker->row_memos);
    }
    for (size_t i = 0; i < set->custom_rule_count; i++)
        if (set->custom_rules[i].pattern && !worker->matcher)
            worker->matcher = pattern_matcher_new(0);
    if (set->has_source_patterns)
        worker->source_matcher = pattern_matcher_new(set->group_count);
    return worker;
}

void rule_worker_free(struct rule_worker *worker)
{
    if (!worker)
        return;
    pattern_matcher_free(worker->matcher);
    pattern_matcher_free(worker->source_matcher);
    ndjson_cells_free(worker->ndjson);
    free(worker->row_memos);
    free(worker);
}

static void read_values(struct record_context *context)
{
    const struct rule_set *set = context->set;
    uint64_t present[sizeof context->record->present / sizeof *context->record->present] = {0};
    for (size_t i = 0; i < set->plain_count; i++) {
        const struct field_plan *plan = &set->plans[i];
        read_plan(context, plan);
        bool is_present = context->values[plan->field].state != VALUE_ABSENT;
        present[plan->field / 64] |= (uint64_t)is_present << plan->field % 64;
    }
    memcpy(context->record->present, present, sizeof present);
    /* The provider's table and the digests have one row for the nationality, whatever field it is read from.
     */
    if (set->is_birth_country_sent)
        context->values[FIELD_NATIONALITIES] = context->values[FIELD_BIRTH_COUNTRY];
    if (set->plain_count < set->plan_count)
        read_documents(context);
    struct value *type = &context->values[FIELD_CUSTOMER_TYPE];
    if (type->state == VALUE_ABSENT)
        *type = (struct value){SLICE_LITERAL("individual"), VALUE_PRESENT};
}

/* For the report's counts by country. */
static void copy_country(const struct record_context *context)
{
    struct record *record = context->record;
    const struct value *country = &context->values[FIELD_COUNTRY];
    if (country->state == VALUE_PRESENT && country->text.len == sizeof record->country)
        memcpy(record->country, country->text.data, sizeof record->country);
}

static bool applies_to_record(const struct record_context *context, enum provider_audience applies_to)
{
    const struct value *type = &context->values[FIELD_CUSTOMER_TYPE];
    const struct value *country = &context->values[FIELD_COUNTRY];
    bool is_business = type->state == VALUE_PRESENT && slice_is(type->text, "business");
    bool is_individual = type->state == VALUE_PRESENT && !is_business;
    bool is_in_us = country->state == VALUE_PRESENT && slice_is(country->text, "US");
    switch (applies_to) {
    case PROVIDER_EVERYBODY:
        return true;
    case PROVIDER_INDIVIDUALS:
        return is_individual;
    case PROVIDER_BUSINESSES:
        return is_business;
    case PROVIDER_NOT_FOREIGN:
        return is_business || (is_individual && is_in_us);
    }
    return false;
}

/* True where a failed value leaves open whose the record is; it has its own verdict. */
static bool has_unknown_audience(const struct record_context *context)
{
    return context->values[FIELD_CUSTOMER_TYPE].state == VALUE_FAILED ||
           context->values[FIELD_COUNTRY].state == VALUE_FAILED;
}

/* `the columns "a", "b" and "c"`; in the arena. */
static const char *column_names(const struct record_context *context, const struct job_mapping *mapping)
{
    struct slice names = SLICE_LITERAL("the columns ");
    for (size_t i = 0; i < mapping->column_count; i++)
        names = arena_printf(context->arena, "%s%s\"%s\"", names.data,
                             i == 0                          ? ""
                             : i + 1 < mapping->column_count ? ", "
                                                             : " and ",
                             mapping->columns[i].name);
    return names.data;
}

static void add_required_verdict(struct record_context *context, const struct requirement *requirement,
                                 enum verdict_level level)
{
    static const char *const reasons[] = {
        [PROVIDER_EVERYBODY] = "the provider requires it",
        [PROVIDER_INDIVIDUALS] = "the provider requires it of individuals",
        [PROVIDER_BUSINESSES] = "the provider requires it of businesses",
        [PROVIDER_NOT_FOREIGN] = "the provider requires it of businesses and of individuals in the US",
    };
    enum field_id field = requirement->field;
    const char *why = level == VERDICT_WARN && requirement->warns_others
                          ? "the provider asks for it of every customer, and may refuse this customer"
                      : requirement->siblings
                          ? "the provider requires it together with the other fields of its group"
                      : level == VERDICT_WARN ? "the provider tends to refuse customers without it"
                                              : reasons[requirement->applies_to];
    const struct field_plan *plan = context->set->plan_of[field];
    const struct record *record = context->record;
    if (!plan || plan->mapping->column_count == 0) {
        record_context_add_verdictf(context, field, level, RULE_REQUIRED, "%s", why);
        return;
    }
    size_t count = plan->mapping->column_count, index = 0;
    struct slice text = {NULL, 0};
    for (size_t i = 0; i < count && text.len == 0; i++) {
        index = i;
        if (plan->columns[i] >= record->cell_count)
            continue;
        struct slice source = record->cells[plan->columns[i]];
        if (context->set->is_decoded)
            encoding_decode(context->set->encoding, source, context->arena, &source);
        text_normalize(source, context->arena, &text);
    }
    if (text.len > 0)
        record_context_add_verdictf(context, field, level, RULE_REQUIRED,
                                    "%s, and column \"%s\" has %s, which counts as no value", why,
                                    plan->mapping->columns[index].name, record_context_quote(context, text));
    else if (count == 1)
        record_context_add_verdictf(context, field, level, RULE_REQUIRED, "%s, and column \"%s\" is empty",
                                    why, plan->mapping->columns->name);
    else
        record_context_add_verdictf(context, field, level, RULE_REQUIRED, "%s, and %s are empty", why,
                                    column_names(context, plan->mapping));
}

static void check_requirements(struct record_context *context)
{
    for (size_t i = 0; i < context->set->requirement_count; i++) {
        const struct requirement *requirement = &context->set->requirements[i];
        if (context->values[requirement->field].state != VALUE_ABSENT) /* nearly all */
            continue;
        bool applies = applies_to_record(context, requirement->applies_to);
        if ((!applies && (!requirement->warns_others || has_unknown_audience(context))) ||
            (requirement->siblings && !(context->record->present[0] & requirement->siblings)))
            continue;
        if (!requirement->may_be_relaxed || !record_context_is_relaxed(context, requirement->field))
            add_required_verdict(context, requirement, applies ? requirement->level : VERDICT_WARN);
    }
    if (context->set->plain_count < context->set->plan_count &&
        !record_context_is_relaxed(context, FIELD_DOCUMENT_TYPE))
        read_documents_require_types(context);
    if (context->set->verifying_count > 0)
        verifiable_check(context);
}

/* The built-in rule `valid`, a warning; replaced by a rule `valid` of the job that applies. */
static void warn_of_invalid_phone(struct record_context *context)
{
    const struct value *phone = &context->values[FIELD_PHONE];
    if (context->phone_validity == PHONE_NOT_VALID && phone->state == VALUE_PRESENT &&
        !context->phone_was_checked)
        record_context_add_verdictf(context, FIELD_PHONE, VERDICT_WARN, RULE_VALID,
                                    "%s is not in the number plan of its country",
                                    record_context_quote(context, phone->text));
}

static void hash_external_id(struct record_context *context)
{
    const struct value *key = &context->values[FIELD_EXTERNAL_ID];
    if (key->state != VALUE_PRESENT)
        return;
    context->record->unique_hash[0] = hash_table_hash(key->text);
    context->record->unique_known |= 1;
}

/* Stable, by field; a record has few verdicts. */
static void sort_verdicts(struct record *record)
{
    struct verdict *verdicts = record->verdicts;
    for (size_t i = 1; i < record->verdict_count; i++) {
        struct verdict moved = verdicts[i];
        size_t index = i;
        for (; index > 0 && verdicts[index - 1].field > moved.field; index--)
            verdicts[index] = verdicts[index - 1];
        verdicts[index] = moved;
    }
}

/* A totals line is skipped. A record that would be a customer is rejected instead: in a night without the
 * totals line the last customer has its place, and must not be lost. */
static void settle_footer(struct record *record, struct arena *arena)
{
    static const struct verdict verdict = {
        FIELD_NONE, VERDICT_REJECT, RULE_FOOTER,
        SLICE_LITERAL(
            "a valid customer among the records at the end that input.csv.skip_footer leaves out: is the footer missing?")};
    record->skipped = record->rejected;
    record->unique_known = 0;
    record->sources = 0;
    if (record->skipped) {
        record->rejected = false;
        record->verdict_count = 0;
    } else {
        record_add_verdict(record, arena, verdict);
    }
}

static void validate(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    const struct rule_set *set = worker->set;
    record->values = NULL;
    record->verdict_count = 0;
    record->rejected = record->skipped = false;
    record->skipped_by = 0;
    record->conditions = 0;
    record->unique_known = 0;
    memset(record->present, 0, sizeof record->present);
    record->country[0] = record->country[1] = '\0';
    if (worker->ndjson && !record->fault)
        ndjson_cells_read(worker->ndjson, record, arena);
    if (record->fault) {
        struct verdict verdict = {FIELD_NONE, VERDICT_REJECT, record->fault, record->fault_message};
        record_add_verdict(record, arena, verdict);
        return;
    }

    if (set->condition_count > 0 && !row_filter_keeps(worker, record, arena))
        return;

    size_t value_count = field_count();
    record->values = arena_alloc(arena, value_count * sizeof *record->values);
    memset(record->values, 0, value_count * sizeof *record->values);
    struct record_context context = {
        .set = set, .worker = worker, .record = record, .values = record->values, .arena = arena};
    read_values(&context);
    if (context.deferred)
        record_context_settle(&context);
    if (set->plan_of[FIELD_TAX_ID] || set->plan_of[FIELD_TAX_COUNTRY])
        normalize_tax_pairs(&context);
    if (set->computes_client_id)
        concat_compute(&context);
    hash_external_id(&context);
    copy_country(&context);
    check_requirements(&context);
    for (size_t i = 0; i < set->custom_rule_count; i++)
        custom_rule_validate(&context, &set->custom_rules[i]);
    warn_of_invalid_phone(&context);
    sort_verdicts(record);
}

void rule_worker_validate(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    validate(worker, record, arena);
    if (record->is_footer && !record->skipped)
        settle_footer(record, arena);
}

/* The digest of a document's content, in arena; NULL: it is no file, or cannot be read. */
static const uint8_t *digest_value(const struct rule_set *set, const struct value *value, struct arena *arena)
{
    uint8_t digest[RECORD_DOCUMENT_DIGEST_LEN];
    if (value->state != VALUE_PRESENT ||
        !document_digest(set->document_cache, set->documents, value->text, digest))
        return NULL;
    return memcpy(arena_alloc(arena, sizeof digest), digest, sizeof digest);
}

void rule_worker_digest_documents(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    const struct rule_set *set = worker->set;
    size_t count = field_document_count();
    record->document_digest = NULL;
    if (!set->has_documents || !record->values)
        return;
    record->document_digest = arena_alloc(arena, count * sizeof *record->document_digest);
    memset(record->document_digest, 0, count * sizeof *record->document_digest);
    for (size_t i = 0; i < set->plan_count; i++) {
        enum field_id field = set->plans[i].field;
        if (set->plans[i].type == FIELD_TYPE_DOCUMENT)
            record->document_digest[field_document(field)] = digest_value(set, &record->values[field], arena);
    }
}
