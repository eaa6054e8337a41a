#include "report/run_stats.h"

#include <stdlib.h>
#include <string.h>

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
        free(stats->rules[i].example);
        for (size_t index = 0; index < stats->rules[i].example_count; index++)
            free(stats->rules[i].examples[index].shape);
        if (stats->rules[i].rule_owned)
            free((char *)stats->rules[i].rule);
    }
    for (size_t i = 0; i <= FIELD_MAX; i++)
        free(stats->fields[i].name);
    free(stats->rules);
    free(stats->index);
    free(stats->inputs);
    free(stats);
}

static bool run_stats_rule_is(const struct run_stats_rule *known, enum field_id field,
                              enum verdict_level level, const char *rule)
{
    return known->field == field && known->level == level &&
           (known->rule == rule || strcmp(known->rule, rule) == 0);
}

/* Where in the index this rule stands, or is to stand. The name is hashed, not its address: the same name may
 * come from several places. */
static uint32_t *run_stats_place(const struct run_stats *stats, enum field_id field, enum verdict_level level,
                                 const char *rule)
{
    uint64_t hash = hash_table_hash(slice_from(rule)) + (uint64_t)field * 31 + (uint64_t)level;
    size_t index = (size_t)hash & (stats->index_capacity - 1);
    while (stats->index[index] &&
           !run_stats_rule_is(&stats->rules[stats->index[index] - 1], field, level, rule))
        index = (index + 1) & (stats->index_capacity - 1);
    return &stats->index[index];
}

static void run_stats_grow(struct run_stats *stats)
{
    stats->rule_capacity = stats->rule_capacity ? 2 * stats->rule_capacity : RUN_STATS_FIRST_CAPACITY;
    stats->rules = memory_resize(stats->rules, stats->rule_capacity, sizeof *stats->rules);
    stats->index_capacity = 4 * stats->rule_capacity;
    free(stats->index);
    stats->index = memory_new(stats->index_capacity, sizeof *stats->index);
    for (size_t i = 0; i < stats->rule_count; i++) {
        const struct run_stats_rule *rule = &stats->rules[i];
        *run_stats_place(stats, rule->field, rule->level, rule->rule) = (uint32_t)(i + 1);
    }
}

/* The count of a rule, made when it is new. */
static struct run_stats_rule *run_stats_rule_at(struct run_stats *stats, enum field_id field,
                                                enum verdict_level level, const char *rule, bool copy)
{
    if (stats->rule_count == stats->rule_capacity)
        run_stats_grow(stats);
    uint32_t *place = run_stats_place(stats, field, level, rule);
    if (!*place) {
        stats->rules[stats->rule_count++] = (struct run_stats_rule){
            .field = field,
            .level = level,
            .rule = copy ? memory_copy(slice_from(rule)) : rule,
            .rule_owned = copy,
        };
        *place = (uint32_t)stats->rule_count;
    }
    return &stats->rules[*place - 1];
}

/* Once a record, whatever the number of its verdicts under this rule. True when it counted. */
static bool run_stats_count(struct run_stats *stats, struct run_stats_rule *rule, uint64_t row)
{
    if (rule->mark == stats->marks)
        return false;
    rule->mark = stats->marks;
    if (rule->records++ == 0)
        rule->first_row = row;
    return true;
}

static struct run_stats_field *run_stats_field_at(struct run_stats *stats, enum field_id field)
{
    return &stats->fields[field == FIELD_NONE ? (size_t)FIELD_MAX : field];
}

/* The shape of what stands in the source. Owner: the caller. */
static char *run_stats_shape(struct run_stats *stats, const struct record *record, enum field_id field)
{
    const struct run_stats_field *source = run_stats_field_at(stats, field);
    struct slice text = record->fault ? record->raw : slice_make(NULL, 0);
    if (!record->fault && source->mapped && source->column < record->cell_count)
        text = record->cells[source->column];
    struct buffer shape;
    buffer_init(&shape, MASK_SIZE_MAX);
    mask_append(&shape, text, stats->encoding);
    char *copy = memory_copy(buffer_slice(&shape));
    buffer_clear(&shape);
    return copy;
}

/* The place of an example that shows what an earlier one shows too; the count when there is none. */
static size_t run_stats_repeated_example(const struct run_stats_rule *rule)
{
    for (size_t i = 1; i < rule->example_count; i++)
        for (size_t earlier = 0; earlier < i; earlier++)
            if (strcmp(rule->examples[i].shape, rule->examples[earlier].shape) == 0)
                return i;
    return rule->example_count;
}

/* The first ones; then, for a while, a new shape in place of one that is there twice. */
static void run_stats_add_example(struct run_stats *stats, struct run_stats_rule *rule,
                                  const struct record *record)
{
    enum { RUN_STATS_SEARCHED = 1000 };
    if (rule->records > RUN_STATS_SEARCHED)
        return;
    size_t place = rule->example_count;
    if (place == RUN_STATS_EXAMPLES && (place = run_stats_repeated_example(rule)) == RUN_STATS_EXAMPLES)
        return;
    struct run_stats_example example = {record->input, record->row, record->line,
                                        run_stats_shape(stats, record, rule->field)};
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

static void run_stats_add_verdicts(struct run_stats *stats, const struct record *record)
{
    stats->marks++;
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        struct run_stats_rule *rule =
            run_stats_rule_at(stats, verdict->field, verdict->level, verdict->rule, false);
        if (run_stats_count(stats, rule, record->row))
            run_stats_add_example(stats, rule, record);
        struct run_stats_field *field = run_stats_field_at(stats, verdict->field);
        if (verdict->level == VERDICT_REJECT && field->mark != stats->marks) {
            field->mark = stats->marks;
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

void run_stats_sort(struct run_stats *stats)
{
    for (size_t i = 0; i < RUN_STATS_PRESENCES; i++) {
        run_stats_add_presence(stats, stats->presences[i].fields, stats->presences[i].records);
        stats->presences[i].records = 0;
    }
}

/* Records with the same fields are counted together, and field by field only when another set takes their
 * place: this runs for every record. */
static void run_stats_note_presence(struct run_stats *stats, const struct record *record)
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

static const char run_stats_code_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static size_t run_stats_code_digit(char character)
{
    if (character >= '0' && character <= '9')
        return (size_t)(character - '0');
    return character >= 'A' && character <= 'Z' ? (size_t)(character - 'A') + 10 : SIZE_MAX;
}

static struct run_stats_country *run_stats_country_of(struct run_stats *stats, const struct record *record)
{
    size_t first = run_stats_code_digit(record->country[0]),
           second = run_stats_code_digit(record->country[1]);
    bool known = first != SIZE_MAX && second != SIZE_MAX;
    return &stats->countries[known ? 1 + first * 36 + second : 0];
}

char *run_stats_country_code(size_t place, char text[3])
{
    text[0] = '\0';
    if (place == 0)
        return text;
    text[0] = run_stats_code_digits[(place - 1) / 36];
    text[1] = run_stats_code_digits[(place - 1) % 36];
    text[2] = '\0';
    return text;
}

void run_stats_map_field(struct run_stats *stats, enum field_id field, size_t column, const char *name)
{
    struct run_stats_field *mapped = run_stats_field_at(stats, field);
    mapped->mapped = true;
    mapped->column = column;
    free(mapped->name);
    mapped->name = name ? memory_copy(slice_from(name)) : NULL;
}

void run_stats_add_record(struct run_stats *stats, const struct record *record)
{
    struct run_stats_input *input = &stats->inputs[record->input];
    struct run_stats_country *country = run_stats_country_of(stats, record);
    stats->read++;
    input->records++;
    country->records++;
    if (!record->fault) {
        stats->in_columns++;
        run_stats_note_presence(stats, record);
    }
    if (record->verdict_count)
        run_stats_add_verdicts(stats, record);
    if (record->rejected) {
        stats->rejected++;
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
    stats->marks++;
    struct run_stats_rule *counted = run_stats_rule_at(stats, field, VERDICT_REJECT, rule, true);
    run_stats_count(stats, counted, record->row);
    run_stats_add_example(stats, counted, record);
    run_stats_field_at(stats, field)->rejected++;
    run_stats_country_of(stats, record)->refused++;
    if (!counted->example && message && *message)
        counted->example = memory_copy(slice_from(message));
}

void run_stats_add_provider_warning(struct run_stats *stats, const struct record *record,
                                    const enum field_id *fields, size_t count, const char *message)
{
    stats->marks++;
    for (size_t i = 0; i < count; i++) {
        struct run_stats_rule *rule = run_stats_rule_at(stats, fields[i], VERDICT_WARN, RULE_WARNING, false);
        if (!run_stats_count(stats, rule, record->row))
            continue;
        run_stats_add_example(stats, rule, record);
        if (!rule->example && message && *message)
            rule->example = memory_copy(slice_from(message));
    }
    stats->provider_warned++;
    if (record->verdict_count > 0) /* it has been counted as warned */
        return;
    stats->warned++;
    stats->inputs[record->input].warned++;
    run_stats_country_of(stats, record)->warned++;
}

/* Few rules and once a run: an insertion sort needs no context for its order. */
static bool run_stats_ranks_before(const struct run_stats_rule *a, const struct run_stats_rule *b)
{
    if (a->level != b->level)
        return a->level == VERDICT_REJECT;
    if (a->records != b->records)
        return a->records > b->records;
    if (a->field != b->field)
        return a->field < b->field;
    return strcmp(a->rule, b->rule) < 0;
}

uint32_t *run_stats_ranking(const struct run_stats *stats)
{
    uint32_t *ranking = memory_new(stats->rule_count, sizeof *ranking);
    for (size_t i = 0; i < stats->rule_count; i++) {
        size_t index = i;
        for (; index > 0 && run_stats_ranks_before(&stats->rules[i], &stats->rules[ranking[index - 1]]);
             index--)
            ranking[index] = ranking[index - 1];
        ranking[index] = (uint32_t)i;
    }
    return ranking;
}

const char *run_stats_meaning(enum field_id field, const char *rule)
{
    static const struct {
        const char *rule, *meaning;
    } meanings[] = {
        {RULE_REQUIRED, "no value: fill it in, or map another column"},
        {RULE_FORMAT, "not of the form that it must have"},
        {RULE_ENUM, "not a word that the provider knows: see `values` in the job file"},
        {RULE_COUNTRY, "not a known country"},
        {RULE_COUNTRY_REFUSED, "a country that the provider does not take"},
        {RULE_TOO_LONG, "longer than the provider takes"},
        {RULE_TOO_SHORT, "shorter than the provider takes"},
        {RULE_MIN_AGE, "younger than the job's minimum age"},
        {RULE_FUTURE, "a date after today"},
        {RULE_TOO_OLD, "a birth date more than 120 years ago"},
        {RULE_UNIQUE, "seen before in this run's input"},
        {RULE_ENCODING, "damaged text: is input.encoding right?"},
        {RULE_INVISIBLE, "invisible characters were taken out"},
        {RULE_AMBIGUOUS, "several readings: say it in full"},
        {RULE_TIME, "a time of day: the day is not certain"},
        {RULE_VALID, "a number that the number plan does not know"},
        {RULE_NO_CLEAR, "went away, and the provider cannot clear it"},
        {RULE_IDENTIFYING, "looks like an e-mail or a national number"},
        {RULE_IMMUTABLE, "changed, and the provider cannot change it"},
        {RULE_NO_UPDATE, "changed, and the provider takes no updates"},
        {RULE_EXISTS, "the provider has such a user, who is not ours"},
        {RULE_WARNING, "taken, and the provider warned of it"},
        {RULE_TWIN, "the same person is there under another key"},
        {RULE_EXPENSIVE, "a pattern of the job takes too long on it"},
        {RULE_MALFORMED, "broken quoting or JSON: the raw lines are in broken.*"},
        {RULE_COLUMNS, "more or fewer cells than the header: see broken.*"},
        {RULE_CUT, "in progress where the input broke off"},
    };
    if (field == FIELD_NONE && strcmp(rule, RULE_TOO_LONG) == 0)
        return "longer than input.max_record";
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].rule, rule) == 0)
            return meanings[i].meaning;
    return "a rule of the job file";
}
