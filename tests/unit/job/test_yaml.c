#include "unit/job/job_text.h"

#include "job/job_yaml.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, 4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static struct job_node *parse(const char *text)
{
    struct job_yaml_fault fault;
    struct job_node *top = job_yaml_parse(slice_from(text), &arena, &fault);
    if (!top)
        fail_msg("%u:%u: %s", fault.place.line, fault.place.column, fault.text);
    return top;
}

static void every_node_has_its_place(void **state)
{
    (void)state;
    const struct job_node *top =
        parse("# a comment\njob: x\n\nfields:\n  naïve: {é: 1, column: 'two  blanks'}\n");
    assert_int_equal(top->kind, JOB_NODE_MAPPING);
    assert_int_equal(top->count, 2);
    const struct job_node *fields = job_yaml_member(top, SLICE_LITERAL("fields"));
    assert_int_equal(fields->key_place.line, 4);
    assert_int_equal(fields->key_place.column, 1);
    const struct job_node *column = job_yaml_member(fields->first, SLICE_LITERAL("column"));
    assert_int_equal(column->key_place.line, 5);
    /* Columns count characters, not bytes. */
    assert_int_equal(column->key_place.column, 17);
    assert_int_equal(column->place.column, 25);
    assert_true(slice_is(column->text, "two  blanks"));
    assert_false(column->plain);
}

static void null_is_what_has_no_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text;
        bool want;
    } cases[] = {
        {"nothing at all", "a:", true},   {"a tilde", "a: ~", true},
        {"the word", "a: null", true},    {"the word in quotes", "a: 'null'", false},
        {"empty quotes", "a: ''", false}, {"another word", "a: nul", false},
        {"a list", "a: []", false},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++)
        if (job_yaml_is_null(parse(cases[index].text)->first) != cases[index].want)
            fail_msg("%s", cases[index].sentence);
}

static void text_without_a_document_is_null(void **state)
{
    (void)state;
    assert_true(job_yaml_is_null(parse("")));
    assert_true(job_yaml_is_null(parse("# only a comment\n")));
}

static void what_a_job_file_may_not_have_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want;
        unsigned line, column;
    } cases[] = {
        {"an anchor", "a: &x 1\n", "anchors", 1, 5},
        {"an anchor of a mapping", "a: &x {b: 1}\n", "anchors", 1, 5},
        {"an anchor of a list", "a: &x [b]\n", "anchors", 1, 5},
        {"an alias", "b: 1\na: *x\n", "aliases", 2, 5},
        {"a tag", "a: !!str 1\n", "tags", 1, 4},
        {"a tag of a mapping", "a: !x {b: 1}\n", "tags", 1, 4},
        {"a key twice", "a: 1\nb: 2\na: 3\n", "`a` is given twice, first in line 1", 3, 1},
        {"a key twice in a flow mapping", "a: {b: 1, 'b': 2}\n", "`b` is given twice", 1, 11},
        {"a second document", "a: 1\n---\nb: 2\n", "a second one begins here", 2, 1},
        {"a second document after an end", "a: 1\n...\nb: 2\n", "a second one begins here", 3, 1},
        {"a mapping as key", "{a: 1}: 2\n", "a key must be a name", 1, 1},
        {"a NUL", "a: \"x\\0y\"\n", "NUL", 1, 4},
        {"deep nesting", "a: [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]\n", "nested too deeply", 1, 19},
        {"a quote without its end", "a: \"x\n", "not YAML: double-quoted scalar without closing quote", 1, 5},
        {"a tab as indentation", "a:\n\t- b\n", "not YAML: tab", 2, 1},
        {"a bad indentation", "a: 1\n  b: 2\n", "not YAML: invalid multiline plain key", 1, 4},
        {"a list without its end", "a: [1,\n", "not YAML: ", 2, 1},
        {"an escape of ESC", "a: \"x\\ey\"\n", "control character U+001B", 1, 4},
        {"an escape of C1", "a: \"x\\x92y\"\n", "control character U+0092", 1, 4},
        {"an escape of C1 in a key", "b: 1\n\"x\\x92y\": 2\n", "control character U+0092", 2, 1},
        {"a control character", "a: 1\nb: \x07\n", "control character U+0007", 2, 4},
        {"one in a comment", "a: 1 # \x01\n", "control character U+0001", 1, 8},
        {"one in the last line, without its end", "a: 1\n# \x1f", "control character U+001F", 2, 3},
        {"DEL", "a: 1\r\nb: x\x7f\r\n", "control character U+007F", 2, 5},
        {"C1, as UTF-8", "a: \xc3\xa9\xc2\x85\n", "control character U+0085", 1, 5},
        {"a byte order mark inside",
         "a: 1\n\xef\xbb\xbf"
         "b: 2\n",
         "byte order mark", 2, 1},
        {"two byte order marks",
         "\xef\xbb\xbf\xef\xbb\xbf"
         "b: 2\n",
         "byte order mark", 1, 1},
        {"UTF-16",
         "\xff\xfe"
         "a",
         "UTF-16", 1, 1},
        {"UTF-16, the other way round", "\xfe\xff", "UTF-16", 1, 1},
        {"a byte that is no UTF-8", "a: 1\nb: \xff\n", "this line is not UTF-8", 2, 1},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct job_yaml_fault fault = {0};
        if (job_yaml_parse(slice_from(cases[index].text), &arena, &fault))
            fail_msg("%s is not refused", cases[index].sentence);
        if (!strstr(fault.text, cases[index].want) || fault.place.line != cases[index].line ||
            fault.place.column != cases[index].column)
            fail_msg("%s: %u:%u: %s", cases[index].sentence, fault.place.line, fault.place.column,
                     fault.text);
    }
}

/* slice_from ends at a NUL, so these stand apart. */
static void nothing_behind_a_nul_is_lost(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        struct slice text;
        unsigned line, column;
    } cases[] = {
        {"between two keys", SLICE_LITERAL("a: 1\n\0b: 2\n"), 2, 1},
        {"in a comment", SLICE_LITERAL("a: 1 # x\0\nb: 2\n"), 1, 9},
        {"at the end", SLICE_LITERAL("a: 1\n\0"), 2, 1},
        {"at the start", SLICE_LITERAL("\0a: 1\n"), 1, 1},
        {"UTF-16 without its mark", SLICE_LITERAL("a\0:\0 \0001\0\n\0"), 1, 2},
    };
    for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
        struct job_yaml_fault fault = {0};
        if (job_yaml_parse(cases[index].text, &arena, &fault))
            fail_msg("%s is not refused", cases[index].sentence);
        if (!strstr(fault.text, "NUL byte") || fault.place.line != cases[index].line ||
            fault.place.column != cases[index].column)
            fail_msg("%s: %u:%u: %s", cases[index].sentence, fault.place.line, fault.place.column,
                     fault.text);
    }
}

static void a_byte_order_mark_at_the_start_is_skipped(void **state)
{
    (void)state;
    struct job_node *top = parse("\xef\xbb\xbf"
                                 "a: 1\n");
    assert_true(slice_is(top->first->key, "a"));
    assert_int_equal(top->first->key_place.column, 1);
}

static void put_replaces_and_appends(void **state)
{
    (void)state;
    struct job_node *top = parse("a: 1\nb: 2\nc: 3\n");
    job_yaml_put(top, SLICE_LITERAL("b"), parse("x"));
    job_yaml_put(top, SLICE_LITERAL("d"), parse("y"));
    assert_int_equal(top->count, 4);
    static const char want[] = "a1bxc3dy";
    size_t offset = 0;
    for (const struct job_node *member = top->first; member; member = member->next) {
        assert_int_equal(member->key.data[0], want[offset++]);
        assert_int_equal(member->text.data[0], want[offset++]);
    }
    assert_int_equal(offset, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_node_has_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(null_is_what_has_no_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(text_without_a_document_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_job_file_may_not_have_is_refused_at_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_behind_a_nul_is_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_at_the_start_is_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(put_replaces_and_appends, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
