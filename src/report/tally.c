#include "report/tally.h"

#include <stdlib.h>
#include <string.h>

#include "core/keyset.h"
#include "core/memory.h"
#include "report/mask.h"

enum { TALLY_FIRST_ROOM = 32 };

struct tally *tally_new(size_t input_count)
{
    struct tally *tally = memory_new(1, sizeof *tally);
    tally->inputs = memory_new(input_count, sizeof *tally->inputs);
    tally->input_count = input_count;
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    for (size_t i = 0; i < tally->rule_count; i++) {
        free(tally->rules[i].example);
        for (size_t index = 0; index < tally->rules[i].example_count; index++)
            free(tally->rules[i].examples[index].shape);
        if (tally->rules[i].rule_owned)
            free((char *)tally->rules[i].rule);
    }
    for (size_t i = 0; i <= FIELD_MAX; i++)
        free(tally->fields[i].name);
    free(tally->rules);
    free(tally->index);
    free(tally->inputs);
    free(tally);
}

static bool tally_rule_is(const struct tally_rule *known, enum field_id field, enum verdict_level level,
                          const char *rule)
{
    return known->field == field && known->level == level &&
           (known->rule == rule || strcmp(known->rule, rule) == 0);
}

/* Where in the index this rule stands, or is to stand. The name is hashed, not its address: the same name may
 * come from several places. */
static uint32_t *tally_place(const struct tally *tally, enum field_id field, enum verdict_level level,
                             const char *rule)
{
    uint64_t hash = keyset_hash(slice_from(rule)) + (uint64_t)field * 31 + (uint64_t)level;
    size_t index = (size_t)hash & (tally->index_capacity - 1);
    while (tally->index[index] && !tally_rule_is(&tally->rules[tally->index[index] - 1], field, level, rule))
        index = (index + 1) & (tally->index_capacity - 1);
    return &tally->index[index];
}

static void tally_grow(struct tally *tally)
{
    tally->rule_capacity = tally->rule_capacity ? 2 * tally->rule_capacity : TALLY_FIRST_ROOM;
    tally->rules = memory_resize(tally->rules, tally->rule_capacity, sizeof *tally->rules);
    tally->index_capacity = 4 * tally->rule_capacity;
    free(tally->index);
    tally->index = memory_new(tally->index_capacity, sizeof *tally->index);
    for (size_t i = 0; i < tally->rule_count; i++) {
        const struct tally_rule *rule = &tally->rules[i];
        *tally_place(tally, rule->field, rule->level, rule->rule) = (uint32_t)(i + 1);
    }
}

/* The count of a rule, made when it is new. */
static struct tally_rule *tally_rule_at(struct tally *tally, enum field_id field, enum verdict_level level,
                                        const char *rule, bool copy)
{
    if (tally->rule_count == tally->rule_capacity)
        tally_grow(tally);
    uint32_t *place = tally_place(tally, field, level, rule);
    if (!*place) {
        tally->rules[tally->rule_count++] = (struct tally_rule){
            .field = field,
            .level = level,
            .rule = copy ? memory_copy(slice_from(rule)) : rule,
            .rule_owned = copy,
        };
        *place = (uint32_t)tally->rule_count;
    }
    return &tally->rules[*place - 1];
}

/* Once a record, whatever the number of its verdicts under this rule. True when it counted. */
static bool tally_count(struct tally *tally, struct tally_rule *rule, uint64_t row)
{
    if (rule->mark == tally->marks)
        return false;
    rule->mark = tally->marks;
    if (rule->records++ == 0)
        rule->first_row = row;
    return true;
}

static struct tally_field *tally_field_at(struct tally *tally, enum field_id field)
{
    return &tally->fields[field == FIELD_NONE ? (size_t)FIELD_MAX : field];
}

/* The shape of what stands in the source. Owner: the caller. */
static char *tally_shape(struct tally *tally, const struct record *record, enum field_id field)
{
    const struct tally_field *source = tally_field_at(tally, field);
    struct slice text = record->fault ? record->raw : slice_make(NULL, 0);
    if (!record->fault && source->mapped && source->column < record->cell_count)
        text = record->cells[source->column];
    struct buffer shape;
    buffer_init(&shape, MASK_SIZE_MAX);
    mask_append(&shape, text, tally->encoding);
    char *copy = memory_copy(buffer_slice(&shape));
    buffer_clear(&shape);
    return copy;
}

/* The place of an example that shows what an earlier one shows too; the count when there is none. */
static size_t tally_repeated_example(const struct tally_rule *rule)
{
    for (size_t i = 1; i < rule->example_count; i++)
        for (size_t earlier = 0; earlier < i; earlier++)
            if (strcmp(rule->examples[i].shape, rule->examples[earlier].shape) == 0)
                return i;
    return rule->example_count;
}

/* The first ones; then, for a while, a new shape in place of one that is there twice. */
static void tally_add_example(struct tally *tally, struct tally_rule *rule, const struct record *record)
{
    enum { TALLY_SEARCHED = 1000 };
    if (rule->records > TALLY_SEARCHED)
        return;
    size_t place = rule->example_count;
    if (place == TALLY_EXAMPLES && (place = tally_repeated_example(rule)) == TALLY_EXAMPLES)
        return;
    struct tally_example example = {record->input, record->row, record->line,
                                    tally_shape(tally, record, rule->field)};
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

static void tally_add_verdicts(struct tally *tally, const struct record *record)
{
    tally->marks++;
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        struct tally_rule *rule = tally_rule_at(tally, verdict->field, verdict->level, verdict->rule, false);
        if (tally_count(tally, rule, record->row))
            tally_add_example(tally, rule, record);
        struct tally_field *field = tally_field_at(tally, verdict->field);
        if (verdict->level == VERDICT_REJECT && field->mark != tally->marks) {
            field->mark = tally->marks;
            field->rejected++;
        }
    }
}

static void tally_add_presence(struct tally *tally, const uint64_t *fields, uint64_t records)
{
    for (size_t i = 0; i < FIELD_MAX; i++)
        if (fields[i / 64] >> i % 64 & 1)
            tally->fields[i].present += records;
}

void tally_settle(struct tally *tally)
{
    for (size_t i = 0; i < TALLY_PRESENCES; i++) {
        tally_add_presence(tally, tally->presences[i].fields, tally->presences[i].records);
        tally->presences[i].records = 0;
    }
}

/* Records with the same fields are counted together, and field by field only when another set takes their
 * place: this runs for every record. */
static void tally_note_presence(struct tally *tally, const struct record *record)
{
    uint64_t spread = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / the golden ratio */
    uint64_t mixed = (record->present[0] ^ record->present[1] * spread) * spread;
    size_t index = (size_t)(mixed >> 32) & (TALLY_PRESENCES - 1);
    if (memcmp(tally->presences[index].fields, record->present, sizeof record->present) != 0) {
        tally_add_presence(tally, tally->presences[index].fields, tally->presences[index].records);
        memcpy(tally->presences[index].fields, record->present, sizeof record->present);
        tally->presences[index].records = 0;
    }
    tally->presences[index].records++;
}

static const char tally_code_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static size_t tally_code_digit(char character)
{
    if (character >= '0' && character <= '9')
        return (size_t)(character - '0');
    return character >= 'A' && character <= 'Z' ? (size_t)(character - 'A') + 10 : SIZE_MAX;
}

static struct tally_country *tally_country_of(struct tally *tally, const struct record *record)
{
    size_t first = tally_code_digit(record->country[0]), second = tally_code_digit(record->country[1]);
    bool known = first != SIZE_MAX && second != SIZE_MAX;
    return &tally->countries[known ? 1 + first * 36 + second : 0];
}

char *tally_country_code(size_t place, char text[3])
{
    text[0] = '\0';
    if (place == 0)
        return text;
    text[0] = tally_code_digits[(place - 1) / 36];
    text[1] = tally_code_digits[(place - 1) % 36];
    text[2] = '\0';
    return text;
}

void tally_map_field(struct tally *tally, enum field_id field, size_t column, const char *name)
{
    struct tally_field *mapped = tally_field_at(tally, field);
    mapped->mapped = true;
    mapped->column = column;
    free(mapped->name);
    mapped->name = name ? memory_copy(slice_from(name)) : NULL;
}

void tally_add_record(struct tally *tally, const struct record *record)
{
    struct tally_input *input = &tally->inputs[record->input];
    struct tally_country *country = tally_country_of(tally, record);
    tally->read++;
    input->records++;
    country->records++;
    if (!record->fault) {
        tally->in_columns++;
        tally_note_presence(tally, record);
    }
    if (record->verdict_count)
        tally_add_verdicts(tally, record);
    if (record->rejected) {
        tally->rejected++;
        input->rejected++;
        country->rejected++;
        return;
    }
    tally->valid++;
    if (record->verdict_count) {
        tally->warned++;
        input->warned++;
        country->warned++;
    }
}

void tally_add_refusal(struct tally *tally, const struct record *record, enum field_id field,
                       const char *rule, const char *message)
{
    tally->marks++;
    struct tally_rule *counted = tally_rule_at(tally, field, VERDICT_REJECT, rule, true);
    tally_count(tally, counted, record->row);
    tally_add_example(tally, counted, record);
    tally_field_at(tally, field)->rejected++;
    tally_country_of(tally, record)->refused++;
    if (!counted->example && message && *message)
        counted->example = memory_copy(slice_from(message));
}

void tally_add_provider_warning(struct tally *tally, const struct record *record, const enum field_id *fields,
                                size_t count, const char *message)
{
    tally->marks++;
    for (size_t i = 0; i < count; i++) {
        struct tally_rule *rule = tally_rule_at(tally, fields[i], VERDICT_WARN, RULE_WARNING, false);
        if (!tally_count(tally, rule, record->row))
            continue;
        tally_add_example(tally, rule, record);
        if (!rule->example && message && *message)
            rule->example = memory_copy(slice_from(message));
    }
    tally->provider_warned++;
    if (record->verdict_count > 0) /* it has been counted as warned */
        return;
    tally->warned++;
    tally->inputs[record->input].warned++;
    tally_country_of(tally, record)->warned++;
}

/* Few rules and once a run: an insertion sort needs no context for its order. */
static bool tally_ranks_before(const struct tally_rule *a, const struct tally_rule *b)
{
    if (a->level != b->level)
        return a->level == VERDICT_REJECT;
    if (a->records != b->records)
        return a->records > b->records;
    if (a->field != b->field)
        return a->field < b->field;
    return strcmp(a->rule, b->rule) < 0;
}

uint32_t *tally_ranking(const struct tally *tally)
{
    uint32_t *ranking = memory_new(tally->rule_count, sizeof *ranking);
    for (size_t i = 0; i < tally->rule_count; i++) {
        size_t index = i;
        for (; index > 0 && tally_ranks_before(&tally->rules[i], &tally->rules[ranking[index - 1]]); index--)
            ranking[index] = ranking[index - 1];
        ranking[index] = (uint32_t)i;
    }
    return ranking;
}

const char *tally_meaning(enum field_id field, const char *rule)
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
