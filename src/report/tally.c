#include "report/tally.h"

#include <stdlib.h>
#include <string.h>

#include "core/keyset.h"
#include "core/memory.h"
#include "report/rejects.h"

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
        if (tally->rules[i].rule_owned)
            free((char *)tally->rules[i].rule);
    }
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
    size_t at = (size_t)hash & (tally->index_room - 1);
    while (tally->index[at] && !tally_rule_is(&tally->rules[tally->index[at] - 1], field, level, rule))
        at = (at + 1) & (tally->index_room - 1);
    return &tally->index[at];
}

static void tally_grow(struct tally *tally)
{
    tally->rule_room = tally->rule_room ? 2 * tally->rule_room : TALLY_FIRST_ROOM;
    tally->rules = memory_resize(tally->rules, tally->rule_room, sizeof *tally->rules);
    tally->index_room = 4 * tally->rule_room;
    free(tally->index);
    tally->index = memory_new(tally->index_room, sizeof *tally->index);
    for (size_t i = 0; i < tally->rule_count; i++) {
        const struct tally_rule *rule = &tally->rules[i];
        *tally_place(tally, rule->field, rule->level, rule->rule) = (uint32_t)(i + 1);
    }
}

/* The count of a rule, made when it is new. */
static struct tally_rule *tally_rule_at(struct tally *tally, enum field_id field, enum verdict_level level,
                                        const char *rule, bool copy)
{
    if (tally->rule_count == tally->rule_room)
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

/* Once a record, whatever the number of its verdicts under this rule. */
static void tally_count(struct tally *tally, struct tally_rule *rule, uint64_t row)
{
    if (rule->mark == tally->marks)
        return;
    rule->mark = tally->marks;
    if (rule->records++ == 0)
        rule->first_row = row;
}

void tally_add_verdicts(struct tally *tally, const struct record *record)
{
    tally->marks++;
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        tally_count(tally, tally_rule_at(tally, verdict->field, verdict->level, verdict->rule, false),
                    record->row);
    }
}

void tally_add_refusal(struct tally *tally, enum field_id field, const char *rule, uint64_t row,
                       const char *message)
{
    tally->marks++;
    struct tally_rule *counted = tally_rule_at(tally, field, VERDICT_REJECT, rule, true);
    tally_count(tally, counted, row);
    if (!counted->example && message && *message)
        counted->example = memory_copy(slice_from(message));
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
        size_t at = i;
        for (; at > 0 && tally_ranks_before(&tally->rules[i], &tally->rules[ranking[at - 1]]); at--)
            ranking[at] = ranking[at - 1];
        ranking[at] = (uint32_t)i;
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
        {RULE_ENCODING, "bytes that are no text: is input.encoding right?"},
        {RULE_INVISIBLE, "invisible characters were taken out"},
        {RULE_AMBIGUOUS, "several readings: say it in full"},
        {RULE_VALID, "a number that the number plan does not know"},
        {RULE_NO_CLEAR, "went away, and the provider cannot clear it"},
        {RULE_IDENTIFYING, "looks like an e-mail or a national number"},
        {RULE_IMMUTABLE, "changed, and the provider cannot change it"},
        {RULE_NO_UPDATE, "changed, and the provider takes no updates"},
        {RULE_EXISTS, "the provider has such a user, who is not ours"},
        {RULE_EXPENSIVE, "a pattern of the job takes too long on it"},
        {RULE_MALFORMED, "broken quoting: the raw lines are in " BROKEN_FILE_NAME},
        {RULE_COLUMNS, "more or fewer cells than the header: see " BROKEN_FILE_NAME},
        {RULE_CUT, "in progress where the input broke off"},
    };
    if (field == FIELD_NONE && strcmp(rule, RULE_TOO_LONG) == 0)
        return "longer than input.max_record";
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].rule, rule) == 0)
            return meanings[i].meaning;
    return "a rule of the job file";
}
