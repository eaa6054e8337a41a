/* shard_stats: the rules of several shards, joined, are those of one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "report/shard_stats.h"

enum { INPUTS_MAX = 7, RULES = 5, SHARDS_MAX = 4, VALUES = 6 };

/* Of different shapes, but the last two. */
static const char *const values[VALUES] = {"", "ab", "12", "a1", "x-y", "u-v"};
static const char *const rules[RULES] = {"format", "range", "unique", "malformed", "word"};

static uint64_t seed;

/* xorshift64 (Marsaglia, 2003). */
static uint64_t next(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

struct row {
    uint32_t input;
    uint64_t row;
    unsigned verdicts; /* bits of rules */
    const char *value;
};

static struct run_stats *stats_new(size_t inputs)
{
    struct run_stats *stats = run_stats_new(inputs);
    const size_t columns[] = {0};
    stats->is_dry = true;
    run_stats_map_field(stats, FIELD_EMAIL, columns, 1, "email");
    return stats;
}

static void count(struct run_stats *stats, const struct row *row, struct arena *arena)
{
    struct slice cells[] = {slice_from(row->value)};
    struct record record = {
        .input = row->input, .row = row->row, .line = row->row + 1, .cells = cells, .cell_count = 1};
    for (unsigned i = 0; i < RULES; i++) {
        unsigned rule = (i + (unsigned)row->row) % RULES; /* in another order each time */
        if (!(row->verdicts >> rule & 1))
            continue;
        struct verdict verdict = {.field = rule == 3 ? FIELD_NONE : FIELD_EMAIL,
                                  .level = rule == 4 ? VERDICT_WARN : VERDICT_REJECT,
                                  .rule = rules[rule]};
        record_add_verdict(&record, arena, verdict);
        if (row->row % 3 == 0)
            record_add_verdict(&record, arena, verdict); /* twice: counts once */
    }
    run_stats_add_record(stats, &record);
}

static void assert_example(const struct run_stats_example *got, const struct run_stats_example *want)
{
    assert_int_equal(got->input, want->input);
    assert_int_equal(got->row, want->row);
    assert_int_equal(got->line, want->line);
    assert_string_equal(got->shape, want->shape);
}

static void assert_rules(const struct run_stats *got, const struct run_stats *want)
{
    assert_int_equal(got->rule_count, want->rule_count);
    for (size_t i = 0; i < want->rule_count; i++) {
        const struct run_stats_rule *one = &got->rules[i], *other = &want->rules[i];
        assert_string_equal(one->rule, other->rule);
        assert_int_equal(one->field, other->field);
        assert_int_equal(one->level, other->level);
        assert_int_equal(one->records, other->records);
        assert_int_equal(one->first_row, other->first_row);
        assert_int_equal(one->example_count, other->example_count);
        for (size_t k = 0; k < other->example_count; k++)
            assert_example(&one->examples[k], &other->examples[k]);
        assert_int_equal(one->row_count, other->row_count);
        for (size_t k = 0; k < other->row_count; k++)
            assert_example(&one->rows[k], &other->rows[k]);
    }
}

/* Writes what a shard has, and adds it to joined. */
static void pass_on(const struct shard_stats *shard, struct shard_stats *joined)
{
    struct json_reader *reader = json_reader_new();
    struct json_writer json;
    struct json_fault fault;
    struct buffer text;
    size_t node_count;
    buffer_init(&text, 1 << 24);
    json_write_begin(&json, &text);
    shard_stats_write(shard, &json);
    const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&text), &node_count, &fault);
    assert_non_null(nodes);
    assert_true(shard_stats_read(joined, nodes, 0));
    json_reader_free(reader);
    buffer_clear(&text);
}

/* Rows of all inputs in order; rates of verdicts and values differ from input to input. */
static size_t make_rows(struct row *list, size_t inputs)
{
    size_t made = 0;
    for (uint32_t input = 0; input < inputs; input++) {
        uint64_t rows = next(4) == 0 ? next(1500) : next(60), rate = 1 + next(20), kinds = 1 + next(VALUES);
        for (uint64_t row = 1; row <= rows; row++)
            list[made++] = (struct row){input, row, next(20) < rate ? (unsigned)next(1u << RULES) : 0,
                                        values[next(kinds)]};
    }
    return made;
}

static void joined_shards_choose_what_one_process_chooses(void **state)
{
    (void)state;
    struct row *list = calloc((size_t)INPUTS_MAX * 1500, sizeof *list);
    for (uint64_t round = 1; round <= 100; round++) {
        seed = round * UINT64_C(0x9E3779B97F4A7C15);
        size_t inputs = 1 + (size_t)next(INPUTS_MAX), shards = 1 + (size_t)next(SHARDS_MAX);
        size_t shard_of[INPUTS_MAX], row_count = make_rows(list, inputs);
        struct arena arena;
        arena_init(&arena, 1 << 16);
        struct run_stats *one = stats_new(inputs), *joined = stats_new(inputs);
        struct shard_stats *all = shard_stats_new();
        for (size_t i = 0; i < inputs; i++)
            shard_of[i] = (size_t)next(shards);
        for (size_t i = 0; i < row_count; i++)
            count(one, &list[i], &arena);
        for (size_t shard = shards; shard-- > 0;) { /* in any order */
            struct run_stats *stats = stats_new(inputs);
            struct shard_stats *collected = shard_stats_new();
            shard_stats_collect(collected, stats);
            for (size_t i = 0; i < row_count; i++)
                if (shard_of[list[i].input] == shard)
                    count(stats, &list[i], &arena);
            pass_on(collected, all);
            shard_stats_free(collected);
            run_stats_free(stats);
        }
        shard_stats_join(all, joined);
        run_stats_finish(one);
        assert_rules(joined, one);
        shard_stats_free(all);
        run_stats_free(one);
        run_stats_free(joined);
        arena_clear(&arena);
    }
    free(list);
}

/* Three records of one shape, and the new ones come in later inputs: each replaces a repeated one. */
static void a_new_shape_of_a_later_input_replaces_a_repeated_one(void **state)
{
    (void)state;
    static const struct row list[] = {{0, 1, 1, "ab"}, {0, 2, 1, "cd"}, {0, 3, 1, "ef"}, {0, 4, 1, "gh"},
                                      {1, 1, 1, "12"}, {2, 1, 1, "ab"}, {2, 2, 1, "x-y"}};
    static const uint32_t want[][2] = {{0, 1}, {1, 1}, {2, 2}};
    struct shard_stats *all = shard_stats_new();
    struct run_stats *joined = stats_new(3);
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (uint32_t input = 0; input < 3; input++) {
        struct run_stats *stats = stats_new(3);
        struct shard_stats *collected = shard_stats_new();
        shard_stats_collect(collected, stats);
        for (size_t i = 0; i < sizeof list / sizeof *list; i++)
            if (list[i].input == input)
                count(stats, &list[i], &arena);
        pass_on(collected, all);
        shard_stats_free(collected);
        run_stats_free(stats);
    }
    shard_stats_join(all, joined);
    assert_int_equal(joined->rules[0].records, 7);
    assert_int_equal(joined->rules[0].example_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(joined->rules[0].examples[i].input, want[i][0]);
        assert_int_equal(joined->rules[0].examples[i].row, want[i][1]);
    }
    shard_stats_free(all);
    run_stats_free(joined);
    arena_clear(&arena);
}

/* Of one process a new shape is looked for among the first 1,000 records of a rule, whatever input they are
 * in. */
static void a_shape_behind_the_first_thousand_records_is_not_chosen(void **state)
{
    (void)state;
    for (uint64_t before = 938; before <= 939; before++) { /* the new shape is record 1,000, then 1,001 */
        struct shard_stats *all = shard_stats_new();
        struct run_stats *joined = stats_new(2);
        struct arena arena;
        arena_init(&arena, 1 << 16);
        for (uint32_t input = 0; input < 2; input++) {
            struct run_stats *stats = stats_new(2);
            struct shard_stats *collected = shard_stats_new();
            shard_stats_collect(collected, stats);
            for (uint64_t row = 1; row <= (input == 0 ? before : 61); row++)
                count(stats, &(struct row){input, row, 1, "ab"}, &arena);
            if (input == 1)
                count(stats, &(struct row){input, 62, 1, "12"}, &arena);
            pass_on(collected, all);
            shard_stats_free(collected);
            run_stats_free(stats);
        }
        shard_stats_join(all, joined);
        assert_int_equal(joined->rules[0].examples[2].row, before == 938 ? 62 : 3);
        shard_stats_free(all);
        run_stats_free(joined);
        arena_clear(&arena);
    }
}

static void what_is_no_such_array_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}", "[1]", "[{}]",
        "[{\"field\":\"email\",\"rejects\":true,\"rule\":\"format\",\"fault\":false,\"records\":1}]"};
    struct json_reader *reader = json_reader_new();
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct shard_stats *shard = shard_stats_new();
        struct json_fault fault;
        size_t node_count;
        const struct json_node *nodes = json_reader_parse(reader, slice_from(texts[i]), &node_count, &fault);
        assert_non_null(nodes);
        assert_false(shard_stats_read(shard, nodes, 0));
        shard_stats_free(shard);
    }
    json_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joined_shards_choose_what_one_process_chooses),
        cmocka_unit_test(a_new_shape_of_a_later_input_replaces_a_repeated_one),
        cmocka_unit_test(a_shape_behind_the_first_thousand_records_is_not_chosen),
        cmocka_unit_test(what_is_no_such_array_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shard_stats", tests, NULL, NULL);
}
