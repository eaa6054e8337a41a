#include "report/run_stats.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/ascii.h"
#include "core/hash_table.h"
#include "core/memory.h"
#include "report/mask.h"

enum { RUN_STATS_FIRST_CAPACITY = 32 };

struct run_stats *run_stats_new(size_t input_count)
{
    struct run_stats *stats = memory_new(1, sizeof *stats);
    stats->inputs = memory_new(input_count, sizeof *stats->inputs);
    stats->input_count = input_count;
    return stats;
}

void run_stats_free(struct run_stats *stats)
{
    if (!stats)
        return;
    for (size_t i = 0; i < stats->rule_count; i++) {
        free(stats->rules[i].provider_message);
        for (size_t index = 0; index < stats->rules[i].example_count; index++)
            free(stats->rules[i].examples[index].shape);
        for (size_t index = 0; index < stats->rules[i].row_count; index++)
            free(stats->rules[i].rows[index].shape);
        free(stats->rules[i].rows);
        if (stats->rules[i].owns_rule)
            free((char *)stats->rules[i].rule);
    }
    for (size_t i = 0; i <= FIELD_MAX; i++) {
        free(stats->fields[i].columns);
        free(stats->fields[i].name);
    }
    free(stats->rules);
    free(stats->index);
    free(stats->inputs);
    free(stats);
}

static bool run_stats_is_rule(const struct run_stats_rule *known, enum field_id field,
                              enum verdict_level level, const char *rule)
{
    return known->field == field && known->level == level &&
           (known->rule == rule || strcmp(known->rule, rule) == 0);
}

/* The slot of a rule in the index, or the free slot for it. Hashes the name, not its address: equal names may
 * have several addresses. */
static uint32_t *run_stats_find_slot(const struct run_stats *stats, enum field_id field,
                                     enum verdict_level level, const char *rule)
{
    uint64_t hash = hash_table_hash(slice_from(rule)) + (uint64_t)field * 31 + (uint64_t)level;
    size_t index = (size_t)hash & (stats->index_capacity - 1);
    while (stats->index[index] &&
           !run_stats_is_rule(&stats->rules[stats->index[index] - 1], field, level, rule))
        index = (index + 1) & (stats->index_capacity - 1);
    return &stats->index[index];
}

static void run_stats_grow_rules(struct run_stats *stats)
{
    stats->rule_capacity = stats->rule_capacity ? 2 * stats->rule_capacity : RUN_STATS_FIRST_CAPACITY;
    stats->rules = memory_resize(stats->rules, stats->rule_capacity, sizeof *stats->rules);
    stats->index_capacity = 4 * stats->rule_capacity;
    free(stats->index);
    stats->index = memory_new(stats->index_capacity, sizeof *stats->index);
    for (size_t i = 0; i < stats->rule_count; i++) {
        const struct run_stats_rule *rule = &stats->rules[i];
        *run_stats_find_slot(stats, rule->field, rule->level, rule->rule) = (uint32_t)(i + 1);
    }
}

/* Adds the rule when it is new. */
static struct run_stats_rule *run_stats_get_rule(struct run_stats *stats, enum field_id field,
                                                 enum verdict_level level, const char *rule, bool copy)
{
    if (stats->rule_count == stats->rule_capacity)
        run_stats_grow_rules(stats);
    uint32_t *place = run_stats_find_slot(stats, field, level, rule);
    if (!*place) {
        stats->rules[stats->rule_count++] = (struct run_stats_rule){
            .field = field,
            .level = level,
            .rule = copy ? memory_copy(slice_from(rule)) : rule,
            .owns_rule = copy,
        };
        *place = (uint32_t)stats->rule_count;
    }
    return &stats->rules[*place - 1];
}

/* Counts the current record unless it has been counted under this rule. True when it was counted now. */
static bool run_stats_count_once(struct run_stats *stats, struct run_stats_rule *rule, uint64_t row)
{
    if (rule->last_mark == stats->mark)
        return false;
    rule->last_mark = stats->mark;
    if (rule->records++ == 0)
        rule->first_row = row;
    return true;
}

static struct run_stats_field *run_stats_get_field(struct run_stats *stats, enum field_id field)
{
    return &stats->fields[field == FIELD_NONE ? (size_t)FIELD_MAX : field];
}

/* The shape of the first source cell with a text, or of the raw record with a fault. Owner: the caller. */
char *run_stats_shape(struct run_stats *stats, const struct record *record, enum field_id field)
{
    const struct run_stats_field *source = run_stats_get_field(stats, field);
    struct slice text = record->fault ? record->raw : slice_make(NULL, 0);
    for (size_t i = 0; !record->fault && text.len == 0 && i < source->column_count; i++)
        if (source->columns[i] < record->cell_count)
            text = record->cells[source->columns[i]];
    struct buffer shape;
    buffer_init(&shape, MASK_SIZE_MAX);
    mask_append(&shape, text, &stats->encoding);
    char *copy = memory_copy(buffer_slice(&shape));
    buffer_clear(&shape);
    return copy;
}

/* The index of an example with the shape of an earlier one; example_count: none. */
static size_t run_stats_find_repeated(const struct run_stats_rule *rule)
{
    for (size_t i = 1; i < rule->example_count; i++)
        for (size_t earlier = 0; earlier < i; earlier++)
            if (strcmp(rule->examples[i].shape, rule->examples[earlier].shape) == 0)
                return i;
    return rule->example_count;
}

/* Where an example of this record would go: the end, or in the place of a repeated shape. RUN_STATS_EXAMPLES:
 * none is wanted. ordinal: of the record among all of the rule, from 1. */
static size_t run_stats_find_place(const struct run_stats_rule *rule, uint64_t ordinal)
{
    enum { RUN_STATS_SEARCH_MAX = 1000 };
    if (ordinal > RUN_STATS_SEARCH_MAX)
        return RUN_STATS_EXAMPLES;
    return rule->example_count < RUN_STATS_EXAMPLES ? rule->example_count : run_stats_find_repeated(rule);
}

/* Keeps the first examples; then, among the first records, a new shape replaces a repeated one. Takes the
 * shape over. */
static void run_stats_keep_example(struct run_stats_rule *rule, size_t place,
                                   struct run_stats_example example)
{
    if (place < rule->example_count) {
        for (size_t i = 0; i < rule->example_count; i++) {
            if (strcmp(rule->examples[i].shape, example.shape) != 0)
                continue;
            free(example.shape);
            return;
        }
        free(rule->examples[place].shape);
        memmove(&rule->examples[place], &rule->examples[place + 1],
                (rule->example_count - place - 1) * sizeof *rule->examples);
        rule->example_count--;
    }
    rule->examples[rule->example_count++] = example;
}

static void run_stats_add_example(struct run_stats *stats, struct run_stats_rule *rule,
                                  const struct record *record)
{
    size_t place = run_stats_find_place(rule, rule->records);
    if (place < RUN_STATS_EXAMPLES)
        run_stats_keep_example(rule, place,
                               (struct run_stats_example){record->input, record->row, record->line,
                                                          run_stats_shape(stats, record, rule->field)});
}

/* True, with capacity for one more. */
static bool run_stats_wants_row(const struct run_stats *stats, struct run_stats_rule *rule)
{
    if (rule->level != VERDICT_REJECT || rule->row_count == RUN_STATS_ROWS)
        return false;
    if (!rule->rows && rule - stats->rules >= RUN_STATS_LISTED_RULES)
        return false;
    if (!rule->rows)
        rule->rows = memory_new(RUN_STATS_ROWS, sizeof *rule->rows);
    return true;
}

static void run_stats_add_row(struct run_stats *stats, struct run_stats_rule *rule,
                              const struct record *record)
{
    if (run_stats_wants_row(stats, rule))
        rule->rows[rule->row_count++] = (struct run_stats_example){
            record->input, record->row, record->line, run_stats_shape(stats, record, rule->field)};
}

struct run_stats_rule *run_stats_join_rule(struct run_stats *stats, enum field_id field,
                                           enum verdict_level level, const char *name, uint64_t records)
{
    struct run_stats_rule *rule = run_stats_get_rule(stats, field, level, name, true);
    rule->records = records;
    return rule;
}

static struct run_stats_example run_stats_copy_example(const struct run_stats_example *example)
{
    struct run_stats_example copy = *example;
    copy.shape = memory_copy(slice_from(example->shape));
    return copy;
}

void run_stats_join_example(struct run_stats_rule *rule, uint64_t ordinal,
                            const struct run_stats_example *example)
{
    size_t place = run_stats_find_place(rule, ordinal);
    if (place < RUN_STATS_EXAMPLES)
        run_stats_keep_example(rule, place, run_stats_copy_example(example));
}

void run_stats_join_row(struct run_stats *stats, struct run_stats_rule *rule,
                        const struct run_stats_example *row)
{
    if (run_stats_wants_row(stats, rule))
        rule->rows[rule->row_count++] = run_stats_copy_example(row);
}

static int run_stats_compare_rows(const void *a, const void *b)
{
    const struct run_stats_example *first = a, *second = b;
    if (first->input != second->input)
        return first->input < second->input ? -1 : 1;
    return first->row < second->row ? -1 : first->row > second->row;
}

static void run_stats_add_verdicts(struct run_stats *stats, const struct record *record)
{
    stats->mark++;
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        struct run_stats_rule *rule =
            run_stats_get_rule(stats, verdict->field, verdict->level, verdict->rule, false);
        if (run_stats_count_once(stats, rule, record->row)) {
            run_stats_add_example(stats, rule, record);
            run_stats_add_row(stats, rule, record);
            rule->is_fault = record->fault;
            if (stats->each)
                stats->each(stats->each_context, rule, record, i);
        }
        struct run_stats_field *field = run_stats_get_field(stats, verdict->field);
        if (verdict->level == VERDICT_REJECT && field->last_mark != stats->mark) {
            field->last_mark = stats->mark;
            field->rejected++;
        }
    }
}

static void run_stats_add_presence(struct run_stats *stats, const uint64_t *fields, uint64_t records)
{
    for (size_t i = 0; i < FIELD_MAX; i++)
        if (fields[i / 64] >> i % 64 & 1)
            stats->fields[i].present += records;
}

void run_stats_count(struct run_stats *stats, enum run_stats_result result)
{
    uint64_t *const counts[] = {
        [RUN_STATS_SKIPPED] = &stats->skipped,     [RUN_STATS_REJECTED] = &stats->rejected,
        [RUN_STATS_UNCHANGED] = &stats->unchanged, [RUN_STATS_CREATED] = &stats->created,
        [RUN_STATS_UPDATED] = &stats->updated,     [RUN_STATS_REFUSED] = &stats->refused,
        [RUN_STATS_IN_DOUBT] = &stats->in_doubt,   [RUN_STATS_UNSENT] = &stats->unsent,
    };

    ++*counts[result];
}

uint64_t run_stats_concluded(const struct run_stats *stats)
{
    return stats->skipped + stats->rejected + stats->unchanged + stats->created + stats->updated +
           stats->refused + stats->in_doubt + stats->unsent;
}

void run_stats_finish(struct run_stats *stats)
{
    uint64_t concluded = run_stats_concluded(stats);

    assert(stats->read == stats->skipped + stats->rejected + stats->valid);
    /* A dry run has results of the records that are not valid; the first pass of --strict has unsent ones
     * too. */
    assert(concluded == stats->read || (stats->is_dry && concluded + stats->valid == stats->read));
    for (size_t i = 0; i < RUN_STATS_PRESENCES; i++) {
        run_stats_add_presence(stats, stats->presences[i].fields, stats->presences[i].records);
        stats->presences[i].records = 0;
    }
    /* Refused records were counted as their replies came. */
    for (size_t i = 0; i < stats->rule_count; i++)
        if (stats->rules[i].row_count > 1)
            qsort(stats->rules[i].rows, stats->rules[i].row_count, sizeof *stats->rules[i].rows,
                  run_stats_compare_rows);
}

/* Runs for every record, so records with the same fields are counted together, and field by field only when
 * another set of fields replaces them in the cache. */
static void run_stats_count_presence(struct run_stats *stats, const struct record *record)
{
    uint64_t spread = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / the golden ratio */
    uint64_t mixed = (record->present[0] ^ record->present[1] * spread) * spread;
    size_t index = (size_t)(mixed >> 32) & (RUN_STATS_PRESENCES - 1);
    if (memcmp(stats->presences[index].fields, record->present, sizeof record->present) != 0) {
        run_stats_add_presence(stats, stats->presences[index].fields, stats->presences[index].records);
        memcpy(stats->presences[index].fields, record->present, sizeof record->present);
        stats->presences[index].records = 0;
    }
    stats->presences[index].records++;
}

static const char country_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static size_t country_digit(char character)
{
    if (ascii_is_digit(character))
        return (size_t)(character - '0');
    return character >= 'A' && character <= 'Z' ? (size_t)(character - 'A') + 10 : SIZE_MAX;
}

size_t run_stats_country_index(const char code[2])
{
    size_t first = country_digit(code[0]), second = country_digit(code[1]);
    bool known = first != SIZE_MAX && second != SIZE_MAX;
    return known ? 1 + first * 36 + second : 0;
}

static struct run_stats_country *run_stats_get_country(struct run_stats *stats, const struct record *record)
{
    return &stats->countries[run_stats_country_index(record->country)];
}

char *run_stats_country_code(size_t index, char text[3])
{
    text[0] = '\0';
    if (index == 0)
        return text;
    text[0] = country_digits[(index - 1) / 36];
    text[1] = country_digits[(index - 1) % 36];
    text[2] = '\0';
    return text;
}

void run_stats_map_field(struct run_stats *stats, enum field_id field, const size_t *columns,
                         size_t column_count, const char *name)
{
    struct run_stats_field *mapped = run_stats_get_field(stats, field);
    mapped->mapped = true;
    free(mapped->columns);
    mapped->columns = memory_new(column_count + 1, sizeof *columns);
    for (size_t i = 0; i < column_count; i++)
        mapped->columns[i] = columns[i];
    mapped->column_count = column_count;
    free(mapped->name);
    mapped->name = name ? memory_copy(slice_from(name)) : NULL;
}

void run_stats_add_record(struct run_stats *stats, const struct record *record)
{
    struct run_stats_input *input = &stats->inputs[record->input];
    struct run_stats_country *country = run_stats_get_country(stats, record);
    stats->read++;
    input->records++;
    stats->conditions |= record->conditions;
    if (record->skipped) {
        run_stats_count(stats, RUN_STATS_SKIPPED);
        return;
    }
    country->records++;
    if (!record->fault) {
        stats->well_formed++;
        stats->sources |= record->sources;
        run_stats_count_presence(stats, record);
    }
    if (record->verdict_count)
        run_stats_add_verdicts(stats, record);
    if (record->rejected) {
        run_stats_count(stats, RUN_STATS_REJECTED);
        input->rejected++;
        country->rejected++;
        return;
    }
    stats->valid++;
    if (record->verdict_count) {
        stats->warned++;
        input->warned++;
        country->warned++;
    }
}

void run_stats_add_refusal(struct run_stats *stats, const struct record *record, enum field_id field,
                           const char *rule, const char *message)
{
    stats->mark++;
    struct run_stats_rule *counted = run_stats_get_rule(stats, field, VERDICT_REJECT, rule, true);
    run_stats_count_once(stats, counted, record->row);
    run_stats_add_example(stats, counted, record);
    run_stats_add_row(stats, counted, record);
    run_stats_get_field(stats, field)->rejected++;
    run_stats_get_country(stats, record)->refused++;
    if (!counted->provider_message && message && *message)
        counted->provider_message = memory_copy(slice_from(message));
}

void run_stats_add_provider_warnings(struct run_stats *stats, const struct record *record,
                                     const struct run_stats_warning *warnings, size_t count,
                                     const char *message)
{
    stats->mark++;
    for (size_t i = 0; i < count; i++) {
        struct run_stats_rule *rule =
            run_stats_get_rule(stats, warnings[i].field, VERDICT_WARN, warnings[i].rule, false);
        if (!run_stats_count_once(stats, rule, record->row))
            continue;
        run_stats_add_example(stats, rule, record);
        if (!rule->provider_message && message && *message)
            rule->provider_message = memory_copy(slice_from(message));
    }
    stats->provider_warned++;
    if (record->verdict_count > 0) /* already counted as warned */
        return;
    stats->warned++;
    stats->inputs[record->input].warned++;
    run_stats_get_country(stats, record)->warned++;
}

static int run_stats_compare_rules(const void *a, const void *b)
{
    const struct run_stats_rule *first = *(const struct run_stats_rule *const *)a;
    const struct run_stats_rule *second = *(const struct run_stats_rule *const *)b;
    if (first->level != second->level)
        return first->level == VERDICT_REJECT ? -1 : 1;
    if (first->records != second->records)
        return first->records > second->records ? -1 : 1;
    if (first->field != second->field)
        return first->field < second->field ? -1 : 1;
    return strcmp(first->rule, second->rule);
}

uint32_t *run_stats_rank_rules(const struct run_stats *stats)
{
    uint32_t *ranking = memory_new(stats->rule_count, sizeof *ranking);
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
    const struct run_stats_rule **sorted = memory_new(stats->rule_count, sizeof *sorted);
    for (size_t i = 0; i < stats->rule_count; i++)
        sorted[i] = &stats->rules[i];
    if (stats->rule_count > 0)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers. */
        qsort(sorted, stats->rule_count, sizeof *sorted, run_stats_compare_rules);
    for (size_t i = 0; i < stats->rule_count; i++)
        ranking[i] = (uint32_t)(sorted[i] - stats->rules);
    free(sorted);
    return ranking;
}
