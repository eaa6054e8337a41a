#include <assert.h>
#include <string.h>

#include "job/job_parts.h"
#include "job/job_scalar.h"
#include "model/record.h"

enum { RULE_NAME_MAX = 64, YEARS_MAX = 120 };

/* The keys of a rule, in the order in which one without effect is reported. */
enum rule_key {
    KEY_MATCH,
    KEY_NOT_MATCH,
    KEY_REQUIRED,
    KEY_NAME,
    KEY_YEARS,
    KEY_MESSAGE,
    KEY_LEVEL,
    KEY_FIELD,
    KEY_WHEN,
    KEY_COUNT,
};

/* One rule while it is read: its keys, to check their combination. */
struct draft {
    struct job_rule *rule;
    const struct job_node *keys[KEY_COUNT]; /* NULL: not given */
};

static int read_field(struct job_reader *reader, const struct job_node *value, struct slice name, bool at_key,
                      enum field_id *field)
{
    *field = field_by_name(name);
    if (*field != FIELD_NONE)
        return 0;
    bool is_own = field_group_of_name(name) != FIELD_GROUP_NONE;
    struct slice message = arena_printf(
        &reader->job->arena, is_own ? "`%s` is not mapped in `fields`" : "there is no customer field `%s`",
        name.data);
    if (is_own)
        return at_key ? job_keys_fail_at_key(reader, value, "%s", message.data)
                      : job_keys_fail(reader, value, "%s", message.data);
    return job_keys_fail_name(reader, value, at_key, message.data, name, field_names());
}

static int read_rule_field(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                           void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice name;
    draft->keys[KEY_FIELD] = value;
    return job_scalar_read(reader, value, &name) != 0 ||
                   read_field(reader, value, name, false, &draft->rule->field) != 0
               ? -1
               : 0;
}

static int read_when(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                     void *target)
{
    (void)key;
    struct draft *draft = target;
    struct job_rule *rule = draft->rule;
    draft->keys[KEY_WHEN] = value;
    if (value->kind != JOB_NODE_MAPPING || value->count == 0)
        return job_keys_fail_kind(reader, value, JOB_NODE_MAPPING);
    rule->conditions = arena_alloc(&reader->job->arena, value->count * sizeof *rule->conditions);
    for (const struct job_node *member = value->first; member; member = member->next) {
        struct job_condition *condition = &rule->conditions[rule->condition_count++];
        if (read_field(reader, member, member->key, true, &condition->field) != 0 ||
            job_scalar_read(reader, member, &condition->value) != 0)
            return -1;
    }
    return 0;
}

static int read_pattern(struct job_reader *reader, const struct job_node *value, struct draft *draft)
{
    struct slice pattern;
    if (job_scalar_read(reader, value, &pattern) != 0)
        return -1;
    draft->rule->pattern = pattern.data;
    draft->rule->pattern_place = value->place;
    return 0;
}

static int read_match(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    (void)key;
    struct draft *draft = target;
    draft->keys[KEY_MATCH] = value;
    return read_pattern(reader, value, draft);
}

static int read_not_match(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct draft *draft = target;
    draft->keys[KEY_NOT_MATCH] = value;
    return read_pattern(reader, value, draft);
}

/* It becomes a part of summary.json's keys and of kyc_verdicts. */
static int read_rule_name(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice name;
    draft->keys[KEY_NAME] = value;
    if (job_scalar_read(reader, value, &name) != 0)
        return -1;
    if (name.len > RULE_NAME_MAX || strspn(name.data, "abcdefghijklmnopqrstuvwxyz0123456789_") != name.len)
        return job_keys_fail(
            reader, value,
            "`%s` is not a name for a rule\nhint: use lower-case letters, digits and _, at most %d",
            name.data, RULE_NAME_MAX);
    draft->rule->name = name.data;
    return 0;
}

static int read_message(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    (void)key;
    struct draft *draft = target;
    struct slice message;
    draft->keys[KEY_MESSAGE] = value;
    if (job_scalar_read(reader, value, &message) != 0)
        return -1;
    draft->rule->message = message.data;
    return 0;
}

static int read_level(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct draft *draft = target;
    draft->keys[KEY_LEVEL] = value;
    return job_scalar_word(reader, value, key, draft->rule);
}

static int read_required(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                         void *target)
{
    struct draft *draft = target;
    draft->keys[KEY_REQUIRED] = value;
    return job_scalar_bool(reader, value, key, draft->rule);
}

static int read_years(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                      void *target)
{
    struct draft *draft = target;
    draft->keys[KEY_YEARS] = value;
    return job_scalar_uint32(reader, value, key, draft->rule);
}

static const char *const level_words[] = {[VERDICT_WARN] = "warn", [VERDICT_REJECT] = "reject", NULL};

const struct job_key job_rule_keys[] = {
    {"field", .read = read_rule_field, .form = "customer field", .absent = "required, but of min_age",
     .help = "the field that the rule is about", .example = "{rule: unique, field: email}"},
    {"when", .read = read_when, .form = "mapping of fields and values", .absent = "every record",
     .help =
         "the records that the rule is for: those where every named field has exactly this normalized value",
     .example = "{field: state, required: true, when: {country: US}}"},
    {"must_match", .read = read_match, .form = "pattern (PCRE2)", .absent = "none",
     .help = "a record fails if this is not found in the normalized value",
     .example = "{field: postal_code, must_match: '^\\d{5}$'}"},
    {"must_not_match", .read = read_not_match, .form = "pattern (PCRE2)", .absent = "none",
     .help = "a record fails if this is found in it",
     .example = "{field: email, must_not_match: '@example\\.com$', rule: disposable}"},
    {"rule", .read = read_rule_name, .form = "name", .absent = "format, of a pattern",
     .help = "a rule of kyc-import (below); or the name that the verdict of a pattern has behind FIELD/",
     .example = "{rule: min_age, years: 18}"},
    {"message", .read = read_message, .form = "text", .absent = "a general one",
     .help = "the words of the verdict in reject files",
     .example = "{rule: min_age, years: 21, message: our terms need 21 years}"},
    {"level", read_level, offsetof(struct job_rule, level), .words = level_words, .standard = "reject",
     .help = "whether a record that fails is rejected, or sent with a warning",
     .example = "{rule: time, field: date_of_birth, level: warn}"},
    {"required", read_required, offsetof(struct job_rule, required), .form = "true or false",
     .absent = "none",
     .help =
         "true: a record without a value of the field fails; false: it does not, although the provider requires it",
     .example = "{field: birth_city, required: false}"},
    {"years", read_years, offsetof(struct job_rule, years), .min = 1, .max = YEARS_MAX,
     .form = "whole number", .absent = "required by min_age", .help = "the minimum age",
     .example = "{rule: min_age, years: 18}"},
    {0},
};

const struct job_key job_rule_words[] = {
    {RULE_MIN_AGE, .help = "date_of_birth is less than `years` ago", .example = "{rule: min_age, years: 18}"},
    {RULE_VALID,
     .help =
         "the number is not in the number plan of its country; without this rule that is a warning, and only for a number that is not E.164 already",
     .example = "{rule: valid, field: phone}"},
    {RULE_UNIQUE, .help = "an earlier row has the same value; external_id is always unique",
     .example = "{rule: unique, field: email}"},
    {RULE_TIME, .help = "the level of FIELD/time: a date has a time of day that is not the start of a day",
     .example = "{rule: time, field: date_of_birth, level: warn}"},
    {RULE_MATCH,
     .help =
         "the level of FIELD/match: the field's `match` does not match; with warn the value is used as it is",
     .example = "{rule: match, field: first_name, level: warn}"},
    {RULE_GUARD, .help = "the level of FIELD/guard: a spreadsheet's guard is around the value",
     .example = "{rule: guard, field: external_id, level: reject}"},
    {RULE_DAMAGED,
     .help =
         "the level of FIELD/damaged: a program rewrote the value; with warn it is sent as it is, if its type accepts it; not of phones and dates",
     .example = "{rule: damaged, field: external_id, level: warn}"},
    {RULE_MOJIBAKE, .help = "the level of FIELD/mojibake: text that was decoded wrongly or escaped",
     .example = "{rule: mojibake, field: last_name, level: reject}"},
    {RULE_FORMAT, .help = "the level of postal_code/format: not of the form of its country",
     .example = "{rule: format, field: postal_code, level: reject}"},
    {0},
};
enum { RESERVED_WORDS = 4 };

/* True for a word that cannot name a pattern. Those from RULE_MATCH on could before they were rules. */
static bool is_reserved(const char *name)
{
    for (size_t index = 0; index < RESERVED_WORDS; index++)
        if (strcmp(name, job_rule_words[index].name) == 0)
            return true;
    return false;
}

#define KEY_BIT(key) (1u << (key))
/* Of each kind of rule. */
#define KEYS_OF_ANY (KEY_BIT(KEY_FIELD) | KEY_BIT(KEY_WHEN))

/* A key without effect for this kind of rule is refused, since it would be ignored. allowed: bits of the keys
 * that have one, beside KEYS_OF_ANY. */
static int refuse_others(struct job_reader *reader, const struct draft *draft, unsigned allowed,
                         const char *kind)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct job_node *key = draft->keys[i];
        if (key && !((allowed | KEYS_OF_ANY) & KEY_BIT(i)))
            return job_keys_fail_at_key(reader, key, "`%s` has no effect in a rule with %s", key->key.data,
                                        kind);
    }
    return 0;
}

static int need_field(struct job_reader *reader, const struct job_node *item, const struct draft *draft)
{
    return draft->keys[KEY_FIELD]
               ? 0
               : job_keys_fail(reader, item,
                               "this rule needs a `field`\nhint: as in {rule: unique, field: email}");
}

static int finish_pattern(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    struct job_rule *rule = draft->rule;
    rule->kind = draft->keys[KEY_MATCH] ? JOB_RULE_MATCH : JOB_RULE_NOT_MATCH;
    if (draft->keys[KEY_NAME] && is_reserved(rule->name))
        return job_keys_fail(reader, draft->keys[KEY_NAME],
                             "`%s` is a built-in rule and cannot name a pattern", rule->name);
    if (!rule->name)
        rule->name = RULE_FORMAT;
    const unsigned allowed = KEY_BIT(KEY_MATCH) | KEY_BIT(KEY_NOT_MATCH) | KEY_BIT(KEY_NAME) |
                             KEY_BIT(KEY_MESSAGE) | KEY_BIT(KEY_LEVEL);
    if (need_field(reader, item, draft) != 0)
        return -1;
    return refuse_others(reader, draft, allowed, "a pattern");
}

static int finish_required(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    const unsigned allowed = KEY_BIT(KEY_REQUIRED) | KEY_BIT(KEY_MESSAGE) | KEY_BIT(KEY_LEVEL);
    draft->rule->kind = JOB_RULE_REQUIRED;
    if (need_field(reader, item, draft) != 0 || refuse_others(reader, draft, allowed, "`required`") != 0)
        return -1;
    if (!draft->rule->required &&
        refuse_others(reader, draft, KEY_BIT(KEY_REQUIRED), "`required: false`") != 0)
        return -1;
    if (draft->rule->field == FIELD_EXTERNAL_ID && !draft->rule->required)
        return job_keys_fail(reader, draft->keys[KEY_REQUIRED], "`external_id` is always required");
    draft->rule->name = RULE_REQUIRED;
    return 0;
}

static int finish_min_age(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    const unsigned allowed =
        KEY_BIT(KEY_NAME) | KEY_BIT(KEY_YEARS) | KEY_BIT(KEY_MESSAGE) | KEY_BIT(KEY_LEVEL);
    struct job_rule *rule = draft->rule;
    rule->kind = JOB_RULE_MIN_AGE;
    if (refuse_others(reader, draft, allowed, "`rule: min_age`") != 0)
        return -1;
    if (!draft->keys[KEY_YEARS])
        return job_keys_fail(reader, item,
                             "`rule: min_age` needs `years`\nhint: as in {rule: min_age, years: 18}");
    if (draft->keys[KEY_FIELD] && rule->field != FIELD_DATE_OF_BIRTH)
        return job_keys_fail(reader, draft->keys[KEY_FIELD], "`rule: min_age` applies to date_of_birth");
    rule->field = FIELD_DATE_OF_BIRTH;
    return 0;
}

static int finish_valid(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    const unsigned allowed = KEY_BIT(KEY_NAME) | KEY_BIT(KEY_MESSAGE) | KEY_BIT(KEY_LEVEL);
    draft->rule->kind = JOB_RULE_VALID;
    if (need_field(reader, item, draft) != 0 || refuse_others(reader, draft, allowed, "`rule: valid`") != 0)
        return -1;
    if (field_type(draft->rule->field) != FIELD_TYPE_PHONE)
        return job_keys_fail(reader, draft->keys[KEY_FIELD], "`rule: valid` applies to phone");
    return 0;
}

/* A built-in rule's level: it is applied without this rule too. */
static int finish_level(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    const unsigned allowed = KEY_BIT(KEY_NAME) | KEY_BIT(KEY_MESSAGE) | KEY_BIT(KEY_LEVEL);
    struct job_rule *rule = draft->rule;
    const char *kind = arena_printf(&reader->job->arena, "`rule: %s`", rule->name).data;
    rule->kind = JOB_RULE_LEVEL;
    if (need_field(reader, item, draft) != 0 || refuse_others(reader, draft, allowed, kind) != 0)
        return -1;
    if (!draft->keys[KEY_LEVEL])
        return job_keys_fail(reader, item, "%s needs `level`\nhint: as in {rule: %s, field: %s, level: warn}",
                             kind, rule->name, field_name(rule->field));
    return 0;
}

static int finish_time(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    if (finish_level(reader, item, draft) != 0)
        return -1;
    if (field_type(draft->rule->field) != FIELD_TYPE_DATE)
        return job_keys_fail(
            reader, draft->keys[KEY_FIELD],
            "`rule: time` applies to a date\nhint: as in {rule: time, field: date_of_birth, level: warn}");
    return 0;
}

static int finish_unique(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    const unsigned allowed = KEY_BIT(KEY_NAME) | KEY_BIT(KEY_LEVEL);
    struct job_rule *rule = draft->rule;
    struct job *job = reader->job;
    rule->kind = JOB_RULE_UNIQUE;
    if (need_field(reader, item, draft) != 0 || refuse_others(reader, draft, allowed, "`rule: unique`") != 0)
        return -1;
    if (rule->field == FIELD_EXTERNAL_ID) {
        if (rule->level != VERDICT_REJECT)
            return job_keys_fail(reader, draft->keys[KEY_LEVEL],
                                 "`external_id` is always unique, level reject");
        rule->unique_index = 0;
        return 0;
    }
    if (job->unique_count == RECORD_UNIQUE_MAX)
        return job_keys_fail(reader, item, "at most %d fields may be unique, external_id among them",
                             RECORD_UNIQUE_MAX);
    rule->unique_index = (uint16_t)job->unique_count++;
    return 0;
}

/* In the order of job_rule_words. */
static int (*const finish_own[])(struct job_reader *reader, const struct job_node *item,
                                 struct draft *draft) = {finish_min_age, finish_valid, finish_unique,
                                                         finish_time,    finish_level, finish_level,
                                                         finish_level,   finish_level, finish_level};
static_assert(sizeof finish_own / sizeof *finish_own == sizeof job_rule_words / sizeof *job_rule_words - 1,
              "a function for each rule of its own");

/* Exactly one of must_match, must_not_match, required and a rule of its own makes the kind. */
static int finish_rule(struct job_reader *reader, const struct job_node *item, struct draft *draft)
{
    int kinds = !!draft->keys[KEY_MATCH] + !!draft->keys[KEY_NOT_MATCH] + !!draft->keys[KEY_REQUIRED];
    if (kinds > 1)
        return job_keys_fail(
            reader, item, "a rule has one of `must_match`, `must_not_match` and `required`, not %d", kinds);
    if (draft->keys[KEY_MATCH] || draft->keys[KEY_NOT_MATCH])
        return finish_pattern(reader, item, draft);
    if (draft->keys[KEY_REQUIRED])
        return finish_required(reader, item, draft);
    if (!draft->keys[KEY_NAME])
        return job_keys_fail(
            reader, item,
            "a rule needs `must_match`, `must_not_match`, `required`, or `rule:` with min_age, valid, unique, or a built-in rule whose level it sets");
    const struct job_key *word = job_keys_find(job_rule_words, draft->keys[KEY_NAME]->text);
    if (word)
        return finish_own[word - job_rule_words](reader, item, draft);
    struct slice message = arena_printf(
        &reader->job->arena, "`%s` is a name without `must_match` or `must_not_match`", draft->rule->name);
    return job_keys_fail_key(reader, draft->keys[KEY_NAME], false, message.data, job_rule_words);
}

/* Twice the same, but for patterns and other conditions, would be two answers to one question. */
static int check_repeat(struct job_reader *reader, const struct job_node *item, const struct job_rule *rule)
{
    const struct job *job = reader->job;
    if (rule->kind == JOB_RULE_MATCH || rule->kind == JOB_RULE_NOT_MATCH)
        return 0;
    for (size_t index = 0; index < job->rule_count; index++)
        if (job->rules[index].kind == rule->kind && job->rules[index].field == rule->field &&
            (rule->kind != JOB_RULE_LEVEL || strcmp(job->rules[index].name, rule->name) == 0) &&
            (rule->kind == JOB_RULE_UNIQUE || (!rule->condition_count && !job->rules[index].condition_count)))
            return job_keys_fail(reader, item, "`%s` of `%s` is given twice", rule->name,
                                 field_name(rule->field));
    return 0;
}

int job_rules_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                   void *target)
{
    (void)key;
    struct job *job = target;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    job->rules = arena_alloc(&job->arena, (value->count + 1) * sizeof *job->rules);
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct job_rule *rule = &job->rules[job->rule_count];
        *rule = (struct job_rule){.place = item->place, .field = FIELD_NONE};
        struct draft draft = {.rule = rule};
        job_keys_defaults(reader, job_rule_keys, &draft);
        draft = (struct draft){.rule = rule}; /* a default is not a key that is given */
        if (job_keys_read(reader, item, job_rule_keys, "rules", &draft) != 0 ||
            finish_rule(reader, item, &draft) != 0 || check_repeat(reader, item, rule) != 0)
            return -1;
        job->rule_count++;
    }
    return 0;
}
