#include "report/shard_stats.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "report/shard_json.h"

enum {
    SEEN_MAX = 5,      /* the first three records, and at most two further shapes */
    SEARCH_MAX = 1000, /* as run_stats: later records are never chosen */
    SHAPES_MAX = RUN_STATS_EXAMPLES,
};

struct seen {
    uint64_t ordinal; /* among the input's records of the rule, from 1 */
    struct run_stats_example example;
};

/* One rule in one input. */
struct share {
    uint32_t input;
    uint64_t count;
    struct seen seen[SEEN_MAX];
    size_t seen_count, shape_count;
};

struct rule {
    enum field_id field;
    enum verdict_level level;
    char *name;
    uint64_t records;
    bool is_fault;
    struct run_stats_example first; /* without a shape */
    size_t first_verdict;           /* in that record: several rules may begin with one */
    struct run_stats_example *rows;
    size_t row_count;
    struct share *shares;
    size_t share_count;
};

struct shard_stats {
    struct run_stats *stats; /* while it collects */
    struct rule *rules;
    size_t count;
};

struct shard_stats *shard_stats_new(void)
{
    return memory_new(1, sizeof(struct shard_stats));
}

void shard_stats_free(struct shard_stats *shard)
{
    if (!shard)
        return;
    for (size_t i = 0; i < shard->count; i++) {
        struct rule *rule = &shard->rules[i];
        for (size_t share = 0; share < rule->share_count; share++)
            for (size_t k = 0; k < rule->shares[share].seen_count; k++)
                free(rule->shares[share].seen[k].example.shape);
        for (size_t row = 0; row < rule->row_count; row++)
            free(rule->rows[row].shape);
        free(rule->rows);
        free(rule->shares);
        free(rule->name);
    }
    free(shard->rules);
    free(shard);
}

static struct rule *add_rule(struct shard_stats *shard, enum field_id field, enum verdict_level level,
                             struct slice name)
{
    shard->rules = memory_resize(shard->rules, shard->count + 1, sizeof *shard->rules);
    struct rule *rule = &shard->rules[shard->count++];
    *rule = (struct rule){.field = field, .level = level, .name = memory_copy(name)};
    return rule;
}

static struct share *add_share(struct rule *rule, uint32_t input)
{
    rule->shares = memory_resize(rule->shares, rule->share_count + 1, sizeof *rule->shares);
    struct share *share = &rule->shares[rule->share_count++];
    *share = (struct share){.input = input};
    return share;
}

static void add_row(struct rule *rule, const struct run_stats_example *row)
{
    rule->rows = memory_resize(rule->rows, rule->row_count + 1, sizeof *rule->rows);
    rule->rows[rule->row_count++] = *row;
}

static struct run_stats_example make_example(struct run_stats *stats, const struct record *record,
                                             enum field_id field)
{
    return (struct run_stats_example){record->input, record->row, record->line,
                                      run_stats_shape(stats, record, field)};
}

/* Keeps a record that may be chosen as an example. */
static void see(struct shard_stats *shard, struct share *share, const struct record *record,
                enum field_id field)
{
    share->count++;
    if (share->count > SEARCH_MAX || (share->count > RUN_STATS_EXAMPLES && share->shape_count == SHAPES_MAX))
        return;
    struct run_stats_example example = make_example(shard->stats, record, field);
    bool is_new = true;
    for (size_t i = 0; i < share->seen_count && is_new; i++)
        is_new = strcmp(share->seen[i].example.shape, example.shape) != 0;
    share->shape_count += is_new;
    if (is_new || share->count <= RUN_STATS_EXAMPLES)
        share->seen[share->seen_count++] = (struct seen){share->count, example};
    else
        free(example.shape);
}

/* stats adds its rules in the same order. */
static void collect(void *context, const struct run_stats_rule *counted, const struct record *record,
                    size_t verdict)
{
    struct shard_stats *shard = context;
    size_t index = (size_t)(counted - shard->stats->rules);

    if (index == shard->count) {
        struct rule *added = add_rule(shard, counted->field, counted->level, slice_from(counted->rule));
        added->first = (struct run_stats_example){record->input, record->row, record->line, NULL};
        added->first_verdict = verdict;
    }
    struct rule *rule = &shard->rules[index];
    struct share *share = rule->share_count ? &rule->shares[rule->share_count - 1] : NULL;
    if (!share || share->input != record->input)
        share = add_share(rule, record->input);
    see(shard, share, record, rule->field);
    if (rule->level == VERDICT_REJECT && rule->row_count < RUN_STATS_ROWS) {
        struct run_stats_example row = make_example(shard->stats, record, rule->field);
        add_row(rule, &row);
    }
    rule->records++;
    rule->is_fault = counted->is_fault;
}

void shard_stats_collect(struct shard_stats *shard, struct run_stats *stats)
{
    shard->stats = stats;
    stats->each = collect;
    stats->each_context = shard;
}

/* Members of an object that has begun. */
static void write_example(struct json_writer *json, const struct run_stats_example *example)
{
    json_write_member_unsigned(json, "input", example->input);
    json_write_member_unsigned(json, "row", example->row);
    json_write_member_unsigned(json, "line", example->line);
    if (example->shape)
        json_write_member(json, "shape", slice_from(example->shape));
}

static void write_share(struct json_writer *json, const struct share *share)
{
    json_write_object(json);
    json_write_member_unsigned(json, "input", share->input);
    json_write_member_unsigned(json, "records", share->count);
    json_write_key(json, "seen");
    json_write_array(json);
    for (size_t i = 0; i < share->seen_count; i++) {
        json_write_object(json);
        json_write_member_unsigned(json, "ordinal", share->seen[i].ordinal);
        write_example(json, &share->seen[i].example);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

void shard_stats_write(const struct shard_stats *shard, struct json_writer *json)
{
    json_write_array(json);
    for (size_t i = 0; i < shard->count; i++) {
        const struct rule *rule = &shard->rules[i];
        json_write_object(json);
        json_write_member(json, "field", slice_from(field_name(rule->field)));
        json_write_key(json, "rejects");
        json_write_bool(json, rule->level == VERDICT_REJECT);
        json_write_member(json, "rule", slice_from(rule->name));
        json_write_key(json, "fault");
        json_write_bool(json, rule->is_fault);
        json_write_member_unsigned(json, "records", rule->records);
        json_write_key(json, "first");
        json_write_object(json);
        write_example(json, &rule->first);
        json_write_object_end(json);
        json_write_member_unsigned(json, "first_verdict", rule->first_verdict);
        json_write_key(json, "rows");
        json_write_array(json);
        for (size_t row = 0; row < rule->row_count; row++) {
            json_write_object(json);
            write_example(json, &rule->rows[row]);
            json_write_object_end(json);
        }
        json_write_array_end(json);
        json_write_key(json, "inputs");
        json_write_array(json);
        for (size_t share = 0; share < rule->share_count; share++)
            write_share(json, &rule->shares[share]);
        json_write_array_end(json);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static struct rule *find_rule(struct shard_stats *shard, enum field_id field, enum verdict_level level,
                              struct slice name)
{
    for (size_t i = 0; i < shard->count; i++)
        if (shard->rules[i].field == field && shard->rules[i].level == level &&
            slice_is(name, shard->rules[i].name))
            return &shard->rules[i];
    return NULL;
}

static struct run_stats_example read_example(struct shard_json *json, size_t node, bool has_shape)
{
    return (struct run_stats_example){
        .input = (uint32_t)shard_json_number(json, node, "input"),
        .row = shard_json_number(json, node, "row"),
        .line = shard_json_number(json, node, "line"),
        .shape = has_shape ? memory_copy(shard_json_text(json, node, "shape")) : NULL,
    };
}

static void read_share(struct shard_json *json, size_t node, struct rule *rule)
{
    struct share *share = add_share(rule, (uint32_t)shard_json_number(json, node, "input"));
    size_t list = shard_json_array(json, node, "seen");

    share->count = shard_json_number(json, node, "records");
    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end) {
        if (share->seen_count == SEEN_MAX) {
            json->is_damaged = true;
            return;
        }
        share->seen[share->seen_count++] =
            (struct seen){shard_json_number(json, i, "ordinal"), read_example(json, i, true)};
    }
}

static bool is_before(const struct rule *rule, const struct run_stats_example *first, size_t verdict)
{
    if (rule->first.input != first->input)
        return rule->first.input < first->input;
    return rule->first.row != first->row ? rule->first.row < first->row : rule->first_verdict < verdict;
}

static void read_rule(struct shard_json *json, size_t node, struct shard_stats *shard)
{
    enum field_id field = field_by_name(shard_json_text(json, node, "field"));
    enum verdict_level level = shard_json_bool(json, node, "rejects") ? VERDICT_REJECT : VERDICT_WARN;
    struct slice name = shard_json_text(json, node, "rule");
    size_t first_node = shard_json_object(json, node, "first");
    struct run_stats_example first = read_example(json, first_node, false);
    size_t verdict = (size_t)shard_json_number(json, node, "first_verdict");
    struct rule *rule = find_rule(shard, field, level, name);

    if (!rule)
        rule = add_rule(shard, field, level, name);
    if (rule->records == 0 || !is_before(rule, &first, verdict)) {
        rule->first = first;
        rule->first_verdict = verdict;
    }
    rule->records += shard_json_number(json, node, "records");
    rule->is_fault = shard_json_bool(json, node, "fault") || rule->is_fault;
    size_t list = shard_json_array(json, node, "rows");
    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end) {
        struct run_stats_example row = read_example(json, i, true);
        add_row(rule, &row);
    }
    list = shard_json_array(json, node, "inputs");
    for (size_t i = list + 1, k = 0; list && k < json->nodes[list].children; k++, i = json->nodes[i].end)
        read_share(json, i, rule);
}

bool shard_stats_read(struct shard_stats *shard, const struct json_node *nodes, size_t node)
{
    struct shard_json json = {.nodes = nodes};

    if (nodes[node].kind != JSON_ARRAY)
        return false;
    for (size_t i = node + 1, k = 0; k < nodes[node].children; k++, i = nodes[i].end)
        read_rule(&json, i, shard);
    return !json.is_damaged;
}

static int compare_rules(const void *a, const void *b)
{
    const struct rule *first = a, *second = b;

    return is_before(first, &second->first, second->first_verdict) ? -1 : 1;
}

static int compare_shares(const void *a, const void *b)
{
    const struct share *first = a, *second = b;

    return first->input < second->input ? -1 : first->input > second->input;
}

static int compare_rows(const void *a, const void *b)
{
    const struct run_stats_example *first = a, *second = b;

    if (first->input != second->input)
        return first->input < second->input ? -1 : 1;
    return first->row < second->row ? -1 : first->row > second->row;
}

static void join_rule(struct rule *rule, struct run_stats *stats)
{
    struct run_stats_rule *joined =
        run_stats_join_rule(stats, rule->field, rule->level, rule->name, rule->records);
    uint64_t before = 0;

    joined->first_row = rule->first.row;
    joined->is_fault = rule->is_fault;
    if (rule->share_count > 1)
        qsort(rule->shares, rule->share_count, sizeof *rule->shares, compare_shares);
    for (size_t i = 0; i < rule->share_count; i++) {
        const struct share *share = &rule->shares[i];
        for (size_t k = 0; k < share->seen_count; k++)
            run_stats_join_example(joined, before + share->seen[k].ordinal, &share->seen[k].example);
        before += share->count;
    }
    if (rule->row_count > 1)
        qsort(rule->rows, rule->row_count, sizeof *rule->rows, compare_rows);
    for (size_t i = 0; i < rule->row_count; i++)
        run_stats_join_row(stats, joined, &rule->rows[i]);
}

void shard_stats_join(struct shard_stats *shard, struct run_stats *stats)
{
    if (shard->count > 1)
        qsort(shard->rules, shard->count, sizeof *shard->rules, compare_rules);
    for (size_t i = 0; i < shard->count; i++)
        join_rule(&shard->rules[i], stats);
}
