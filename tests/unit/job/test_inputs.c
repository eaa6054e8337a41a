/* What `input` says: which files, in which order, and their format. */
#include <sys/stat.h>

#include "unit/job/job_text.h"

#define INPUT(text) JOB_HEAD "input: " text "\n" JOB_PROVIDER JOB_FIELDS

static char folder[] = "/tmp/kyc-inputs-XXXXXX";
static const char *const names[] = {"b.csv", "a.csv", "B.csv", "a.ndjson", "x[1].csv", "x1.csv"};

static int setup(void **state)
{
    char path[64];
    if (job_text_setup(state) != 0 || !mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *file = fopen(path, "w");
        if (!file || fclose(file) != 0)
            return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return job_text_teardown(state);
}

/* The names of a job's inputs, the folder taken off; in text it is written as '@'. */
static void assert_inputs(const char *sentence, const char *text, const char *want)
{
    char job_text[1024], got[1024] = "";
    size_t end = 0;
    for (; *text; text++) {
        assert_true(end < sizeof job_text - sizeof folder);
        end += (size_t)snprintf(job_text + end, sizeof job_text - end, *text == '@' ? "%s" : "%.1s",
                                *text == '@' ? folder : text);
    }
    struct job *job = job_text_load(job_text);
    size_t len = strlen(folder);
    for (size_t i = 0; i < job->input.path_count; i++) {
        const char *path = job->input.paths[i];
        size_t offset = strlen(got);
        snprintf(got + offset, sizeof got - offset, "%s%s", i ? " " : "",
                 strncmp(path, folder, len) == 0 ? path + len + 1 : path);
    }
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s instead of %s", sentence, got, want);
    job_free(job);
}

static void a_path_names_files(void **state)
{
    (void)state;
    static const struct {
        const char *sentence, *text, *want;
    } cases[] = {
        {"one", INPUT("{path: '@/a.csv'}"), "a.csv"},
        {"a list keeps its order", INPUT("{path: ['@/b.csv', '@/a.csv', '-']}"), "b.csv a.csv -"},
        {"a pattern is sorted by bytes", INPUT("{path: '@/?.csv'}"), "B.csv a.csv b.csv"},
        {"a list of patterns", INPUT("{path: ['@/b*.csv', '@/a*.csv']}"), "b.csv a.csv"},
        {"a class of characters", INPUT("{path: '@/[ab].csv'}"), "a.csv b.csv"},
        {"a file of that very name is no pattern", INPUT("{path: '@/x[1].csv'}"), "x[1].csv"},
        {"a pattern that nothing matches stays, for who opens it", INPUT("{path: '@/z*.csv'}"), "z*.csv"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_inputs(cases[i].sentence, cases[i].text, cases[i].want);
}

static void the_format_comes_from_the_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum job_format want;
    } cases[] = {
        {INPUT("{path: a.csv.gz}"), JOB_FORMAT_CSV},
        {INPUT("{path: a.ndjson}"), JOB_FORMAT_NDJSON},
        {INPUT("{path: a.jsonl.gz}"), JOB_FORMAT_NDJSON},
        {INPUT("{path: ['-', a.ndjson.gz]}"), JOB_FORMAT_NDJSON},
        {INPUT("{path: '-'}"), JOB_FORMAT_CSV},
        {INPUT("{path: [a.csv, b.ndjson], format: ndjson}"), JOB_FORMAT_NDJSON},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job *job = job_text_load(cases[i].text);
        assert_int_equal(job->input.format, cases[i].want);
        job_free(job);
    }
}

static void an_encoding_has_several_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } cases[] = {
        {INPUT("{path: a, encoding: UTF-8}"), "utf-8"},
        {INPUT("{path: a, encoding: utf8}"), "utf-8"},
        {INPUT("{path: a, encoding: latin1}"), "latin1"},
        {INPUT("{path: a, encoding: ISO-8859-1}"), "latin1"},
        {INPUT("{path: a, encoding: windows-1252}"), "windows-1252"},
        {INPUT("{path: a, encoding: CP1252}"), "windows-1252"},
        {INPUT("{path: a, encoding: iso_8859-1}"), "latin1"},
        {INPUT("{path: a, encoding: WIN1252}"), "windows-1252"},
        {INPUT("{path: a, encoding: utf8mb4}"), "utf-8"},
        {INPUT("{path: a, encoding: windows-1250}"), "windows-1250"},
        {INPUT("{path: a, encoding: CP1250}"), "CP1250"},
        {INPUT("{path: a, encoding: iso-8859-15}"), "iso-8859-15"},
        {INPUT("{path: a, encoding: shift_jis}"), "shift_jis"},
        {INPUT("{path: a, encoding: utf-16}"), "utf-16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct job *job = job_text_load(cases[i].text);
        assert_string_equal(encoding_name(&job->input.encoding), cases[i].want);
        job_free(job);
    }
}

/* Another encoding's letters would be sent: no name is called the nearest. */
static void another_encoding_is_converted_first(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"an unknown name", INPUT("{path: a, encoding: windows-1249}"),
         "2:28: `encoding: windows-1249` is not known\nhint: leave `input.encoding` out and convert the file first: iconv -f windows-1249 -t UTF-8 FILE"},
        {"a stateful encoding", INPUT("{path: a, encoding: iso-2022-jp}"),
         "2:28: `encoding: iso-2022-jp` cannot be read as it is: its bytes below 0x80 are not always ASCII\nhint: leave `input.encoding` out and convert the file first: iconv -f iso-2022-jp -t UTF-8 FILE"},
        {"EBCDIC", INPUT("{path: a, encoding: ibm037}"), "2:28: `encoding: ibm037` cannot be read as it is"},
        {"UTF-7", INPUT("{path: a, encoding: utf-7}"), "2:28: `encoding: utf-7` cannot be read as it is"},
        {"an option of ICU's", INPUT("{path: a, encoding: 'windows-1250,swaplfnl'}"),
         "2:28: `windows-1250,swaplfnl` is not an encoding"},
        {"no name", INPUT("{path: a, encoding: ''}"), "2:28: "},
        {"a list", INPUT("{path: a, encoding: [utf-8]}"), "2:28: "},
        {"a delimiter that is half of a character",
         INPUT("{path: a, encoding: shift_jis, csv: {delimiter: '|'}}"),
         "2:56: `delimiter: |` cannot be found in shift_jis"},
        {"what a shell would run", INPUT("{path: a, encoding: '$(id)'}"),
         "2:28: `$(id)` is not an encoding\nhint: write one such as utf-8, windows-1250"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

static void what_cannot_be_one_input_is_refused(void **state)
{
    (void)state;
    static const struct job_text_case cases[] = {
        {"an empty list", INPUT("{path: []}"), "2:15: `path` is an empty list"},
        {"a list in a list", INPUT("{path: [[a]]}"), "2:16: "},
        {"two formats", INPUT("{path: [a.csv, b.jsonl]}"),
         "2:16: by their names /tmp/a.csv is csv and /tmp/b.jsonl is ndjson"},
        {"a file twice", INPUT("{path: [a.csv, b.csv, a.csv]}"), "2:16: the input /tmp/a.csv is named twice"},
        {"standard input twice", INPUT("{path: ['-', '-']}"), "2:16: the input `-` (standard input)"},
        {"NDJSON in latin1", INPUT("{path: a.ndjson, encoding: latin1}"),
         "2:35: NDJSON is utf-8, utf-16 or utf-32, so `encoding` cannot be latin1\nhint: leave `input.encoding` out and convert the file first: iconv -f latin1 -t UTF-8 FILE"},
        {"a separator of two characters", INPUT("{path: a, csv: {delimiter: ';;'}}"), "2:"},
    };
    JOB_TEXT_CHECK_REFUSED(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_names_files),
        cmocka_unit_test(the_format_comes_from_the_names),
        cmocka_unit_test(an_encoding_has_several_names),
        cmocka_unit_test(another_encoding_is_converted_first),
        cmocka_unit_test(what_cannot_be_one_input_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("inputs", tests, setup, teardown);
}
