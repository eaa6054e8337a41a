/* The shapes of CSV that a job can say: title lines, no header, ragged records, a footer, escapes, guards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/input/reading.h"

#define TEXT(literal) SLICE_LITERAL(literal)

static struct slice two_names[] = {{"id", 2}, {"name", 4}};

#define PLAIN  .format = JOB_FORMAT_CSV, .delimiter = ',', .quote = '"', .max_record = 1000
#define GIVEN  .header = two_names, .header_count = 2
#define SKIP_2 .skip_lines = 2

struct example {
    const char *sentence;
    struct job_input input;
    struct slice text;
    int end;
    const char *want;
};

static const struct example starts[] = {
    {"title lines are passed over",
     {PLAIN, SKIP_2},
     TEXT("Customers\n\"of 5\" May\nid,name\n1,Ann\n"),
     0,
     "1@4 1|Ann\nend"},
    {"blank lines count as lines",
     {PLAIN, SKIP_2},
     TEXT("Customers\n\nid,name\n1,Ann\n"),
     0,
     "1@4 1|Ann\nend"},
    {"more blank lines than that do no harm",
     {PLAIN, SKIP_2},
     TEXT("\n\n\n\nid,name\n1,Ann\n"),
     0,
     "1@6 1|Ann\nend"},
    {"title lines may end in CRLF",
     {PLAIN, SKIP_2},
     TEXT("a\r\nb\r\nid,name\r\n1,Ann\r\n"),
     0,
     "1@4 1|Ann\nend"},
    {"title lines may stand behind a byte order mark",
     {PLAIN, SKIP_2},
     TEXT("\xef\xbb\xbf"
          "a\nb\nid,name\n1,Ann\n"),
     0,
     "1@4 1|Ann\nend"},
    {"a separator line is passed over", {PLAIN}, TEXT("sep=,\nid,name\n1,Ann\n"), 0, "1@3 1|Ann\nend"},
    {"a separator line in quotes and capitals too",
     {PLAIN},
     TEXT("\"SEP=;\"\r\nid,name\r\n1,Ann\r\n"),
     0,
     "1@3 1|Ann\nend"},
    {"a separator line behind a byte order mark too",
     {PLAIN},
     TEXT("\xef\xbb\xbf"
          "sep=\t\nid,name\n1,Ann\n"),
     0,
     "1@3 1|Ann\nend"},
    {"a separator line is one of the lines that are skipped",
     {PLAIN, SKIP_2},
     TEXT("sep=,\nCustomers\nid,name\n1,Ann\n"),
     0,
     "1@4 1|Ann\nend"},
    {"a column may be called sep", {PLAIN}, TEXT("sep,=\n1,2\n"), 0, "1@2 1|2\nend"},
    {"only the first line is a separator line",
     {PLAIN},
     TEXT("id,name\nsep=;\n"),
     0,
     "1@2 !columns sep=;\nend"},
    {"with names of the job's the first line is a record",
     {PLAIN, GIVEN},
     TEXT("1,Ann\n2,Bob\n"),
     0,
     "1@1 1|Ann\n2@2 2|Bob\nend"},
    {"and a separator line is not", {PLAIN, GIVEN}, TEXT("sep=,\n1,Ann\n"), 0, "1@2 1|Ann\nend"},
    {"of an empty file with names there are no records", {PLAIN, GIVEN}, TEXT(""), 0, "end"},
    {"the names may not fit", {PLAIN, GIVEN}, TEXT("1,Ann,x\n"), 0, "1@1 !columns 1,Ann,x\nend"},
    {"a first record may be broken",
     {PLAIN, GIVEN},
     TEXT("1,\"Ann\n2,Bob\n"),
     0,
     "1@1 !malformed 1,\"Ann\n2@2 2|Bob\nend"},
    {"a reject file has its header in the first line",
     {PLAIN, SKIP_2},
     TEXT("id,name,kyc_row,kyc_message\n1,Ann,4,x\n2,Bob,5,x\n"),
     0,
     "1@2 1|Ann|4|x\n2@3 2|Bob|5|x\nend"},
    {"with names too", {PLAIN, GIVEN}, TEXT("name,id,kyc_row\nAnn,1,4\n"), 0, "1@2 Ann|1|4\nend"},
    {"and no footer", {PLAIN, .skip_footer = 1}, TEXT("id,name,kyc_row\n1,Ann,4\n"), 0, "1@2 1|Ann|4\nend"},
    {"a header behind fewer lines is missing",
     {PLAIN, SKIP_2},
     TEXT("id,name\n"),
     0,
     "error 3 in.csv: has no header behind the 2 lines of input.csv.skip_lines\nhint: check whether its "
     "export has failed"},
    {"a header behind the lines that breaks off is the feed's error",
     {PLAIN, SKIP_2},
     TEXT("a\nb\nid,na"),
     -1,
     "error 0 "},
    {"a header in quotes shows another delimiter",
     {PLAIN},
     TEXT("\"id\";\"name\"\n\"1\";\"Ann\"\n"),
     0,
     "error 3 in.csv:1: the header cannot be read with the delimiter `,`\nhint: is it `;`? Set "
     "input.csv.delimiter"},
};

static const struct example raggeds[] = {
    {"short records get empty cells",
     {PLAIN, .ragged = JOB_RAGGED_PAD},
     TEXT("a,b,c\n1\n2,3\n4,5,6\n"),
     0,
     "1@2 1||\n2@3 2|3|\n3@4 4|5|6\nend"},
    {"a delimiter at the end is dropped",
     {PLAIN, .ragged = JOB_RAGGED_PAD},
     TEXT("a,b\n1,2,\n3,4,,\n"),
     0,
     "1@2 1|2\n2@3 3|4\nend"},
    {"empty cells in quotes and blanks too",
     {PLAIN, .ragged = JOB_RAGGED_PAD},
     TEXT("a,b\n1,\"2\",\"\"\n3,4, \t,\n"),
     0,
     "1@2 1|2\n2@3 3|4\nend"},
    {"a value beyond is not dropped",
     {PLAIN, .ragged = JOB_RAGGED_PAD},
     TEXT("a,b\n1,2,,x\n3,4,\"y\"\n5,6\n"),
     0,
     "1@2 !columns 1,2,,x\n2@3 !columns 3,4,\"y\"\n3@4 5|6\nend"},
    {"cells in quotes are padded too",
     {PLAIN, .ragged = JOB_RAGGED_PAD},
     TEXT("a,b,c\n\"1\n2\"\n"),
     0,
     "1@2 1\\n2||\nend"},
    {"the names of the job are padded to",
     {PLAIN, GIVEN, .ragged = JOB_RAGGED_PAD},
     TEXT("1\n2,Bob,\n"),
     0,
     "1@1 1|\n2@2 2|Bob\nend"},
};

#define FOOTER(count) PLAIN, .skip_footer = (count)

static const struct example footers[] = {
    {"the last record is the footer",
     {FOOTER(1)},
     TEXT("a,b\n1,2\n3,4\nTotal,2\n"),
     0,
     "1@2 1|2\n2@3 3|4\n3@4 Total|2 (footer)\nend"},
    {"so are the last two, broken or not",
     {FOOTER(2)},
     TEXT("a,b\n1,2\n3,4\nTotal 2\n\n\"x"),
     0,
     "1@2 1|2\n2@3 3|4\n3@4 !columns Total 2 (footer)\n4@6 !malformed \"x (footer)\nend"},
    {"fewer records are all footer", {FOOTER(3)}, TEXT("a,b\n1,2\n"), 0, "1@2 1|2 (footer)\nend"},
    {"no record is no footer", {FOOTER(3)}, TEXT("a,b\n"), 0, "end"},
    {"an input that breaks off has none", {FOOTER(1)}, TEXT("a,b\n1,2\n3,4\n"), -1, "1@2 1|2\n2@3 3|4\ncut"},
    {"nor within a record", {FOOTER(2)}, TEXT("a,b\n1,2\n3,4\n5"), -1, "1@2 1|2\n2@3 3|4\n3@4 !cut 5\ncut"},
};

#define ESCAPE PLAIN, .escape = '\\'

static const struct example escapes[] = {
    {"Spark: quotes and backslashes in quoted cells",
     {ESCAPE},
     TEXT("a,b\n\"12 \\\"The Oaks\\\", Elm St\",\"C:\\\\x\\\\\"\n"),
     0,
     "1@2 12 \"The Oaks\", Elm St|C:\\\\x\\\\\nend"},
    {"MySQL: delimiters, quotes and backslashes without quotes",
     {ESCAPE},
     TEXT("a,b\n1 Main St\\, Flat \\\"B\\\",x\\\\y\n"),
     0,
     "1@2 1 Main St, Flat \"B\"|x\\\\y\nend"},
    {"MySQL and Redshift: a line end behind it is data",
     {ESCAPE},
     TEXT("a,b\n1 Main St\\\nFlat 2,x\n3,4\n"),
     0,
     "1@2 1 Main St\\nFlat 2|x\n2@4 3|4\nend"},
    {"CRLF behind it is one line end",
     {ESCAPE},
     TEXT("a,b\r\n1\\\r\n2,x\r\n3,4\r\n"),
     0,
     "1@2 1\\r\\n2|x\n2@4 3|4\nend"},
    {"in quotes too", {ESCAPE}, TEXT("a,b\n\"1\\\n2\",x\n"), 0, "1@2 1\\n2|x\nend"},
    {"Hive: line ends and tabs have names, and a NUL",
     {ESCAPE},
     TEXT("a,b\nx\\ny\\r,\"\\t\\0\"\n"),
     0,
     "1@2 x\\ny\\r|\t\\0\nend"},
    {"both stay before another letter or digit",
     {ESCAPE},
     TEXT("a,b\n\\N,\"\\x\\7\"\n"),
     0,
     "1@2 \\\\N|\\\\x\\\\7\nend"},
    {"both stay before a byte outside ASCII",
     {ESCAPE},
     TEXT("a,b\n\\\xc3\xa9,x\n"),
     0,
     "1@2 \\\\\xc3\xa9|x\nend"},
    {"an apostrophe needs none, and loses it", {ESCAPE}, TEXT("a,b\nO\\'Brien,x\n"), 0, "1@2 O'Brien|x\nend"},
    {"a doubled quote is one as ever",
     {ESCAPE},
     TEXT("a,b\n\"say \"\"hi\"\"\",\"\"\n"),
     0,
     "1@2 say \"hi\"|\nend"},
    {"a header may have it", {ESCAPE}, TEXT("\"a \\\"x\\\"\",b\n1,2\n"), 0, "1@2 1|2\nend"},
    {"a quote without it stays an error",
     {ESCAPE},
     TEXT("a,b\nx\"y,1\n2,3\n"),
     0,
     "1@2 !malformed x\"y,1\n2@3 2|3\nend"},
    {"text behind a closing quote stays an error",
     {ESCAPE},
     TEXT("a,b\n\"C:\\\",\"x\"\n2,3\n"),
     0,
     "1@2 !malformed \"C:\\\\\",\"x\"\n2@3 2|3\nend"},
    {"an open quote costs its line",
     {ESCAPE},
     TEXT("a,b\n\"x\\\",1\n2,3\n"),
     0,
     "1@2 !malformed \"x\\\\\",1\n2@3 2|3\nend"},
    {"an escaped line end at the end of the input costs its line",
     {ESCAPE},
     TEXT("a,b\n1,2\n3,4\\\n"),
     0,
     "1@2 1|2\n2@3 !malformed 3,4\\\\\nend"},
    {"an escape as the very last byte is data", {ESCAPE}, TEXT("a,b\n3,4\\"), 0, "1@2 3|4\\\\\nend"},
    {"blanks stay", {ESCAPE}, TEXT("a,b\n 1 , \\\"2\\\" \n"), 0, "1@2  1 | \"2\" \nend"},
    {"without it a backslash is data", {PLAIN}, TEXT("a,b\nC:\\x\\,2\n"), 0, "1@2 C:\\\\x\\\\|2\nend"},
    {"any character can be it",
     {PLAIN, .escape = '^'},
     TEXT("a,b\n\"^\"x^\"\",^^\\\n"),
     0,
     "1@2 \"x\"|^\\\\\nend"},
};

#define GUARDS PLAIN, .strips_guards = true

static const struct example guards[] = {
    {"a guarded value needs no quotes around it",
     {GUARDS},
     TEXT("a,b\n=\"00123\",x\n1,=\"0\"\n"),
     0,
     "1@2 =\"00123\"|x\n2@3 1|=\"0\"\nend"},
    {"and may have them", {GUARDS}, TEXT("a,b\n\"=\"\"00123\"\"\",x\n"), 0, "1@2 =\"00123\"|x\nend"},
    {"it may hold a delimiter", {GUARDS}, TEXT("a,b\n=\"1,5\",x\n"), 0, "1@2 =\"1,5\"|x\nend"},
    {"it may be empty", {GUARDS}, TEXT("a,b\n=\"\",x\n"), 0, "1@2 =\"\"|x\nend"},
    {"it must be closed on its line",
     {GUARDS},
     TEXT("a,b\n=\"1\n2,3\n"),
     0,
     "1@2 !malformed =\"1\n2@3 2|3\nend"},
    {"and nothing follows it", {GUARDS}, TEXT("a,b\n=\"1\"2,3\n"), 0, "1@2 !malformed =\"1\"2,3\nend"},
    {"where guards are kept it is not CSV",
     {PLAIN},
     TEXT("a,b\n=\"1\",3\n"),
     0,
     "1@2 !malformed =\"1\",3\nend"},
};

static const size_t block_lens[] = {1, 2, 3, 5, 7, 64, 4096};

static void run(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof block_lens / sizeof *block_lens; j++) {
            struct buffer got;
            reading_run(&examples[i].input, examples[i].text, block_lens[j], examples[i].end, &got);
            if (!slice_is(buffer_slice(&got), examples[i].want))
                fail_msg("%s (blocks of %zu): want\n%s\ngot\n%s", examples[i].sentence, block_lens[j],
                         examples[i].want, got.data);
            buffer_clear(&got);
        }
    }
}

#define RUN(examples) run(examples, sizeof(examples) / sizeof *(examples))

static void what_comes_before_the_records_is_the_jobs_to_say(void **state)
{
    (void)state;
    RUN(starts);
}

static void ragged_records_are_padded_where_nothing_is_lost(void **state)
{
    (void)state;
    RUN(raggeds);
}

static void the_last_records_of_a_whole_input_are_its_footer(void **state)
{
    (void)state;
    RUN(footers);
}

static void an_escape_character_is_read_as_databases_write_it(void **state)
{
    (void)state;
    RUN(escapes);
}

static void guarded_values_are_cells_where_guards_are_stripped(void **state)
{
    (void)state;
    RUN(guards);
}

static void the_header_has_all_that_comes_before_the_records(void **state)
{
    (void)state;
    static const struct {
        struct job_input input;
        const char *text, *raw;
        bool is_given, is_reject_file;
    } headers[] = {
        {{PLAIN, SKIP_2}, "Customers\n\nid,name\n1,Ann\n", "Customers\n\nid,name", false, false},
        {{PLAIN}, "\xef\xbb\xbfsep=,\r\nid,name\r\n1,Ann\r\n", "\xef\xbb\xbfsep=,\r\nid,name", false, false},
        {{PLAIN, GIVEN}, "1,Ann\n", "", true, false},
        {{PLAIN, GIVEN}, "id,name,kyc_row\n1,Ann,3\n", "id,name,kyc_row", false, true},
        {{PLAIN}, "id,kyc_row\n1,3\n", "id,kyc_row", false, true},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct reading_feed feed = {.rest = slice_from(headers[i].text), .block_len = 3};
        struct reader *reader = reader_new(&headers[i].input, 0, (struct reader_feed){reading_next, &feed});
        struct reader_header header;
        struct error error;
        assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
        assert_true(slice_is(header.raw, headers[i].raw));
        assert_true(slice_is(header.columns[0], "id"));
        assert_int_equal(header.is_given, headers[i].is_given);
        assert_int_equal(header.is_reject_file, headers[i].is_reject_file);
        reader_free(reader);
        free(feed.block);
    }
}

/* The message of the first record with a fault. */
static void a_fault_names_the_setting_that_reads_it(void **state)
{
    (void)state;
    static const struct {
        struct job_input input;
        const char *text, *want;
    } faults[] = {
        {{PLAIN}, "a,b\n\"x \\\"y\\\"\",1\n", "escape: '\\'"},
        {{PLAIN}, "a,b\nx \\\"y\\\",1\n", "escape: '\\'"},
        {{PLAIN}, "a,b\n\"x\\\"\",1\n2,3\n", "escape: '\\'"},
        {{PLAIN}, "a,b\n1,=\"00123\"\n", "set input.spreadsheet_guards to strip"},
        {{PLAIN, GIVEN}, "1,2,3\n", "3 cells where input.csv.header names 2 columns"},
        {{PLAIN}, "a,b\n1,2,\n", "those too many are empty; csv: {ragged: pad}"},
        {{PLAIN}, "a,b\n1\n", "1 cell where the header has 2 columns: look for a missing delimiter; if"},
        {{PLAIN}, "a,b\n1,2,3\n", "look for a delimiter that should be quoted"},
        {{PLAIN, GIVEN}, "1;2\n", "is the delimiter `;`? Set input.csv.delimiter"},
        {{ESCAPE}, "a,b\n1,2\\\n", "double the escape character"},
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        struct reading_feed feed = {.rest = slice_from(faults[i].text), .block_len = 4096};
        struct reader *reader = reader_new(&faults[i].input, 0, (struct reader_feed){reading_next, &feed});
        struct reader_header header;
        struct error error;
        assert_int_equal(reader_header(reader, "in.csv", &header, &error), 0);
        struct batch *batch = batch_new();
        reader_fill(reader, batch);
        assert_non_null(batch->records[0].fault);
        struct slice message = batch->records[0].fault_message;
        if (!memmem(message.data, message.len, faults[i].want, strlen(faults[i].want)))
            fail_msg("want … %s …\ngot %.*s", faults[i].want, (int)message.len, message.data);
        batch_free(batch);
        reader_free(reader);
        free(feed.block);
    }
}

/* A footer over the border of batches, and of records that are longer than a batch. */
static void a_footer_is_found_wherever_a_batch_ends(void **state)
{
    (void)state;
    for (size_t count = 250; count < 262; count++) {
        for (uint32_t footer = 1; footer <= 3; footer++) {
            struct job_input input = {FOOTER(footer)};
            struct buffer text, got, want;
            buffer_init(&text, 1 << 20);
            buffer_init(&want, 1 << 20);
            buffer_append_text(&text, "a\n");
            for (size_t i = 1; i <= count; i++) {
                buffer_append_text(&text, "x\n");
                buffer_printf(&want, "%zu@%zu x%s\n", i, i + 1, i + footer > count ? " (footer)" : "");
            }
            buffer_append_text(&want, "end");
            reading_run(&input, buffer_slice(&text), 100, 0, &got);
            assert_string_equal(got.data, want.data);
            buffer_clear(&text);
            buffer_clear(&got);
            buffer_clear(&want);
        }
    }
}

static void a_footer_of_long_records_is_found(void **state)
{
    (void)state;
    struct job_input input = {FOOTER(2)};
    input.max_record = 1 << 20;
    struct buffer text, got;
    buffer_init(&text, 8 << 20);
    buffer_append_text(&text, "a\n");
    for (int record = 0; record < 5; record++)
        for (int i = 0; i < 200000; i++)
            buffer_append_char(&text, i == 199999 ? '\n' : 'x');
    reading_run(&input, buffer_slice(&text), 65536, 0, &got);
    const char *first = strstr(got.data, " (footer)");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, " (footer)"));
    assert_int_equal(got.len - (size_t)(first - got.data),
                     strlen(" (footer)\n5@6 ") + 199999 + strlen(" (footer)\nend"));
    buffer_clear(&text);
    buffer_clear(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_before_the_records_is_the_jobs_to_say),
        cmocka_unit_test(ragged_records_are_padded_where_nothing_is_lost),
        cmocka_unit_test(the_last_records_of_a_whole_input_are_its_footer),
        cmocka_unit_test(an_escape_character_is_read_as_databases_write_it),
        cmocka_unit_test(guarded_values_are_cells_where_guards_are_stripped),
        cmocka_unit_test(the_header_has_all_that_comes_before_the_records),
        cmocka_unit_test(a_fault_names_the_setting_that_reads_it),
        cmocka_unit_test(a_footer_is_found_wherever_a_batch_ends),
        cmocka_unit_test(a_footer_of_long_records_is_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("csv_shapes", tests, NULL, NULL);
}
