/* judge: one record through a rule set. */
#include "rules/rule_set.h"

#include <stdlib.h>

#include "core/keyset.h"
#include "core/memory.h"
#include "core/text.h"
#include "rules/check.h"
#include "rules/concat.h"
#include "rules/ndjson_cells.h"
#include "rules/normalize.h"
#include "rules/phone_number.h"

struct rule_worker *rule_worker_new(const struct rule_set *set)
{
    struct rule_worker *worker = memory_new(1, sizeof *worker);
    worker->set = set;
    if (set->paths)
        worker->ndjson = ndjson_cells_new(set->paths);
    for (size_t i = 0; i < set->check_count; i++)
        if (set->checks[i].pattern && !worker->matcher)
            worker->matcher = pattern_matcher_new();
    return worker;
}

void rule_worker_free(struct rule_worker *worker)
{
    if (!worker)
        return;
    pattern_matcher_free(worker->matcher);
    ndjson_cells_free(worker->ndjson);
    free(worker);
}

static void read_values(struct judging *judging)
{
    const struct rule_set *set = judging->set;
    const struct record *record = judging->record;
    uint64_t present[sizeof record->present / sizeof *record->present] = {0};
    for (size_t i = 0; i < set->slot_count; i++) {
        const struct slot *slot = &set->slots[i];
        if (slot->is_ready)
            judging->values[slot->field] = slot->ready;
        else if (slot->mapping->constant)
            normalize_constant(judging, slot, slice_from(slot->mapping->constant));
        else if (judging->worker->ndjson)
            ndjson_cells_normalize(judging->worker->ndjson, judging, slot);
        else if (slot->column < record->cell_count)
            normalize_source(judging, slot, record->cells[slot->column]);
        bool is_present = judging->values[slot->field].state != VALUE_ABSENT;
        present[slot->field / 64] |= (uint64_t)is_present << slot->field % 64;
    }
    memcpy(judging->record->present, present, sizeof present);
    struct value *type = &judging->values[FIELD_CUSTOMER_TYPE];
    if (type->state == VALUE_ABSENT)
        *type = (struct value){SLICE_LITERAL("individual"), VALUE_PRESENT};
}

/* For the report, noted while it is at hand. */
static void note_country(const struct judging *judging)
{
    struct record *record = judging->record;
    const struct value *country = &judging->values[FIELD_COUNTRY];
    if (country->state == VALUE_PRESENT && country->text.len == sizeof record->country)
        memcpy(record->country, country->text.data, sizeof record->country);
}

static bool is_loosened(const struct judging *judging, enum field_id field)
{
    for (size_t i = 0; i < judging->set->check_count; i++) {
        const struct job_rule *rule = judging->set->checks[i].rule;
        if (rule->kind == JOB_RULE_REQUIRED && !rule->required && rule->field == field &&
            judging_conditions_hold(judging, rule))
            return true;
    }
    return false;
}

static bool concerns(const struct judging *judging, enum provider_whom whom)
{
    const struct value *type = &judging->values[FIELD_CUSTOMER_TYPE];
    const struct value *country = &judging->values[FIELD_COUNTRY];
    if (whom == PROVIDER_EVERYBODY)
        return true;
    if (type->state != VALUE_PRESENT || slice_is(type->text, "business") != (whom == PROVIDER_BUSINESSES))
        return false;
    return whom != PROVIDER_US_INDIVIDUALS ||
           (country->state == VALUE_PRESENT && slice_is(country->text, "US"));
}

static void say_required(struct judging *judging, const struct requirement *requirement)
{
    static const char *const needs[] = {
        [PROVIDER_EVERYBODY] = "the provider needs it",
        [PROVIDER_INDIVIDUALS] = "the provider needs it of an individual",
        [PROVIDER_BUSINESSES] = "the provider needs it of a business",
        [PROVIDER_US_INDIVIDUALS] = "the provider needs it of an individual in the US",
    };
    enum field_id field = requirement->field;
    enum verdict_level level = requirement->level;
    const char *why = requirement->siblings   ? "the provider needs it where anything else of it is given"
                      : level == VERDICT_WARN ? "the provider tends to turn customers without it down"
                                              : needs[requirement->whom];
    const struct slot *slot = judging->set->slot_of[field];
    const struct record *record = judging->record;
    if (!slot || !slot->mapping->column) {
        judging_say(judging, field, level, RULE_REQUIRED, "%s", why);
        return;
    }
    struct slice text = {NULL, 0};
    if (slot->column < record->cell_count)
        text_normalize(record->cells[slot->column], judging->arena, &text);
    if (text.len == 0)
        judging_say(judging, field, level, RULE_REQUIRED, "%s, and column \"%s\" is empty", why,
                    slot->mapping->column);
    else
        judging_say(judging, field, level, RULE_REQUIRED,
                    "%s, and column \"%s\" holds %s, which means no value", why, slot->mapping->column,
                    judging_quote(judging, text));
}

static void require_values(struct judging *judging)
{
    for (size_t i = 0; i < judging->set->requirement_count; i++) {
        const struct requirement *requirement = &judging->set->requirements[i];
        if (judging->values[requirement->field].state != VALUE_ABSENT ||
            !concerns(judging, requirement->whom) ||
            (requirement->siblings && !(judging->record->present[0] & requirement->siblings)))
            continue;
        if (!requirement->may_be_loosened || !is_loosened(judging, requirement->field))
            say_required(judging, requirement);
    }
}

/* The number plan's warning, unless a rule `valid` of the job has spoken. */
static void warn_of_phone(struct judging *judging)
{
    const struct value *phone = &judging->values[FIELD_PHONE];
    if (judging->phone_validity == PHONE_NOT_VALID && phone->state == VALUE_PRESENT &&
        !judging->phone_was_judged)
        judging_say(judging, FIELD_PHONE, VERDICT_WARN, RULE_VALID,
                    "%s: a number that its country's number plan does not know",
                    judging_quote(judging, phone->text));
}

static void hash_key(struct judging *judging)
{
    const struct value *key = &judging->values[FIELD_EXTERNAL_ID];
    if (key->state != VALUE_PRESENT)
        return;
    judging->record->unique_hash[0] = keyset_hash(key->text);
    judging->record->unique_known |= 1;
}

/* Into field-table order; those of one field stay as they came. They are few. */
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

void rule_worker_judge(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    const struct rule_set *set = worker->set;
    record->values = NULL;
    record->verdict_count = 0;
    record->rejected = false;
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

    size_t value_count = field_count();
    record->values = arena_alloc(arena, value_count * sizeof *record->values);
    memset(record->values, 0, value_count * sizeof *record->values);
    struct judging judging = {
        .set = set, .worker = worker, .record = record, .values = record->values, .arena = arena};
    read_values(&judging);
    if (judging.odd_time_count)
        normalize_odd_times(&judging);
    if (set->slot_of[FIELD_TAX_ID] || set->slot_of[FIELD_TAX_COUNTRY])
        normalize_tax_pairs(&judging);
    if (set->computes_client_id)
        concat_judge(&judging);
    hash_key(&judging);
    note_country(&judging);
    require_values(&judging);
    for (size_t i = 0; i < set->check_count; i++)
        check_judge(&judging, &set->checks[i]);
    warn_of_phone(&judging);
    sort_verdicts(record);
}

void rule_worker_digest_documents(struct rule_worker *worker, struct record *record, struct arena *arena)
{
    const struct rule_set *set = worker->set;
    if (!set->document_cache || !record->values)
        return;
    for (size_t i = 0; i < RECORD_DOCUMENTS; i++) {
        const struct value *value = &record->values[FIELD_DOCUMENT_FRONT + i];
        uint8_t digest[RECORD_DOCUMENT_DIGEST_LEN];
        record->document_digest[i] = NULL;
        if (value->state == VALUE_PRESENT &&
            document_digest(set->document_cache, set->documents, value->text, digest))
            record->document_digest[i] = memcpy(arena_alloc(arena, sizeof digest), digest, sizeof digest);
    }
}
