#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/gzip.h"
#include "report/rejects.h"

static char folder[64];

static int folder_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kyc-rejects-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

/* Entries of the folder without the two dots; removes them if clear is set. */
static size_t folder_entries(bool clear)
{
    size_t count = 0;
    DIR *open = opendir(folder);
    for (struct dirent *entry; (entry = readdir(open));) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        char *path = file_join(folder, entry->d_name);
        if (clear)
            unlink(path);
        free(path);
    }
    closedir(open);
    return count;
}

static int folder_teardown(void **state)
{
    (void)state;
    folder_entries(true);
    return rmdir(folder);
}

static struct buffer inflated(const char *name)
{
    struct buffer packed, text;
    struct error error;
    buffer_init(&packed, 1 << 24);
    buffer_init(&text, 1 << 24);
    char *path = file_join(folder, name);
    assert_int_equal(file_read(path, &packed, &error), 0);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    free(path);

    struct gzip_reader *reader = gzip_reader_new();
    struct slice input = buffer_slice(&packed);
    char block[4096];
    for (enum gzip_status status = GZIP_MORE; status == GZIP_MORE || input.len;) {
        size_t len = sizeof block;
        status = gzip_reader_inflate(reader, &input, block, &len);
        assert_int_not_equal(status, GZIP_FAULT);
        buffer_append(&text, slice_make(block, len));
    }
    gzip_reader_free(reader);
    buffer_clear(&packed);
    return text;
}

static void assert_file(const char *name, const char *want)
{
    struct buffer text = inflated(name);
    assert_string_equal(text.data, want);
    buffer_clear(&text);
}

static bool is_there(const char *name)
{
    char *path = file_join(folder, name);
    bool there = access(path, F_OK) == 0;
    free(path);
    return there;
}

static const char *paths[] = {"a.csv.gz", "b,c.csv"};
static const struct job_input comma = {.paths = paths, .path_count = 2, .delimiter = ',', .quote = '"'};

static struct slice columns[] = {{"id", 2}, {"full, name", 10}, {"kyc_row", 7}, {"note", 4}};
static const struct rejects_header header = {columns, 4, {"id,\"full, name\",kyc_row,note", 28}, false};

static struct rejects *rejects_start(const struct job_input *input)
{
    struct error error = {0};
    struct rejects *rejects = rejects_open(folder, input, &header, &error);
    assert_non_null(rejects);
    return rejects;
}

static void add(struct rejects *rejects, struct slice *cells, struct verdict *verdicts, size_t count,
                uint64_t row)
{
    struct error error;
    struct record record = {.row = row,
                            .line = row + 1,
                            .cells = cells,
                            .cell_count = 4,
                            .verdicts = verdicts,
                            .verdict_count = count,
                            .rejected = true};
    assert_int_equal(rejects_add(rejects, &record, &error), 0);
}

static struct verdict verdict_of(enum field_id field, const char *rule, const char *message)
{
    return (struct verdict){field, VERDICT_REJECT, rule, slice_from(message)};
}

#define CELLS(a, b, c, d)                                                                                    \
    {                                                                                                        \
        SLICE_LITERAL(a), SLICE_LITERAL(b), SLICE_LITERAL(c), SLICE_LITERAL(d)                               \
    }

static void rejected_records_come_first_and_the_refused_follow(void **state)
{
    (void)state;
    struct error error;
    struct rejects *rejects = rejects_start(&comma);
    struct slice plain[] = CELLS("1", "Ada", "77", ""), hard[] = CELLS("2", "a \"b\"", "", "x\ny"),
                 other[] = CELLS(" 3", "B", "", "");
    struct verdict phone[] = {
        verdict_of(FIELD_PHONE, RULE_FORMAT, "letters"),
        {FIELD_EMAIL, VERDICT_WARN, RULE_INVISIBLE, SLICE_LITERAL("taken out")},
        verdict_of(FIELD_NONE, "own", "two\nlines"),
    };
    struct verdict refusal = verdict_of(FIELD_EMAIL, RULE_EXISTS, "a user, there");
    struct record refused = {.input = 1, .row = 9, .line = 10, .cells = plain, .cell_count = 4};
    add(rejects, plain, phone, 3, 1);
    assert_int_equal(rejects_add_refused(rejects, &refused, &refusal, &error), 0);
    add(rejects, hard, phone, 1, 2);
    add(rejects, other, phone, 1, 3);
    assert_int_equal(rejects_commit(rejects, &error), 0);
    assert_file(REJECTS_FILE_NAME,
                "id,\"full, name\",note,kyc_input,kyc_row,kyc_line,kyc_verdicts,kyc_message\n"
                "1,Ada,,a.csv.gz,1,2,phone/format;record/own,letters | two lines\n"
                "2,\"a \"\"b\"\"\",\"x\ny\",a.csv.gz,2,3,phone/format,letters\n"
                " 3,B,,a.csv.gz,3,4,phone/format,letters\n"
                "1,Ada,,\"b,c.csv\",9,10,email/exists,\"a user, there\"\n");
    assert_false(is_there(BROKEN_FILE_NAME));
    assert_int_equal(folder_entries(false), 1);
}

static void records_without_columns_go_to_the_broken_file_raw(void **state)
{
    (void)state;
    struct error error;
    struct rejects *rejects = rejects_start(&comma);
    struct record broken = {.fault = RULE_MALFORMED, .raw = SLICE_LITERAL("1,\"a\"b,\xff"), .rejected = true};
    assert_int_equal(rejects_add(rejects, &broken, &error), 0);
    assert_int_equal(rejects_commit(rejects, &error), 0);
    assert_file(BROKEN_FILE_NAME, "id,\"full, name\",kyc_row,note\n1,\"a\"b,\xff\n");
    assert_false(is_there(REJECTS_FILE_NAME));
}

static void a_run_without_rejects_removes_the_old_files(void **state)
{
    (void)state;
    struct error error;
    struct slice cells[] = CELLS("1", "", "", "");
    struct verdict verdict = verdict_of(FIELD_EMAIL, RULE_REQUIRED, "no value");
    struct rejects *rejects = rejects_start(&comma);
    add(rejects, cells, &verdict, 1, 1);
    assert_int_equal(rejects_commit(rejects, &error), 0);
    assert_true(is_there(REJECTS_FILE_NAME));
    assert_int_equal(rejects_commit(rejects_start(&comma), &error), 0);
    assert_int_equal(folder_entries(false), 0);
}

static void a_dropped_report_leaves_the_old_one(void **state)
{
    (void)state;
    struct error error;
    struct slice cells[] = CELLS("1", "", "", "");
    struct verdict verdict = verdict_of(FIELD_EMAIL, RULE_REQUIRED, "no value");
    struct rejects *rejects = rejects_start(&comma);
    add(rejects, cells, &verdict, 1, 1);
    assert_int_equal(rejects_commit(rejects, &error), 0);
    struct buffer before = inflated(REJECTS_FILE_NAME);

    rejects = rejects_start(&comma);
    add(rejects, cells, &verdict, 1, 2);
    struct record refused = {.cells = cells, .cell_count = 4};
    assert_int_equal(rejects_add_refused(rejects, &refused, &verdict, &error), 0);
    rejects_drop(rejects);
    assert_file(REJECTS_FILE_NAME, before.data);
    assert_int_equal(folder_entries(false), 1);
    buffer_clear(&before);
}

struct encoding_case {
    const char *sentence;
    const struct encoding *encoding;
    const char *message, *want;
};

static void messages_are_in_the_encoding_of_the_input(void **state)
{
    (void)state;
    static const struct encoding_case cases[] = {
        {"UTF-8 stays", &encoding_utf8, "é € ‹a› 😀", "é € ‹a› 😀"},
        {"bytes that are not UTF-8 are marked", &encoding_utf8,
         "a\xff"
         "b",
         "a?b"},
        {"latin1 has no euro", &encoding_latin1, "é € ü 😀", "\xe9 ? \xfc ?"},
        {"windows-1252 has one", &encoding_windows1252, "é € ‹ū› 😀", "\xe9 \x80 \x8b?\x9b ?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error;
        struct job_input input = {
            .paths = paths, .path_count = 1, .delimiter = ';', .quote = '\'', .encoding = *cases[i].encoding};
        struct rejects *rejects = rejects_start(&input);
        struct slice cells[] = CELLS("\xe9", "it's", "", "a,b");
        struct verdict verdict = verdict_of(FIELD_EMAIL, RULE_FORMAT, cases[i].message);
        add(rejects, cells, &verdict, 1, 1);
        assert_int_equal(rejects_commit(rejects, &error), 0);
        char want[300];
        snprintf(want, sizeof want,
                 "id;full, name;note;kyc_input;kyc_row;kyc_line;kyc_verdicts;kyc_message\n"
                 "\xe9;'it''s';a,b;a.csv.gz;1;2;email/format;%s\n",
                 cases[i].want);
        assert_file(REJECTS_FILE_NAME, want);
    }
}

static void the_same_records_give_the_same_bytes(void **state)
{
    (void)state;
    struct buffer first, again;
    struct error error;
    char *path = file_join(folder, REJECTS_FILE_NAME);
    struct buffer *files[] = {&first, &again};
    for (size_t i = 0; i < 2; i++) {
        struct rejects *rejects = rejects_start(&comma);
        struct slice cells[] = CELLS("1", "Ada", "", "");
        struct verdict verdict = verdict_of(FIELD_EMAIL, RULE_REQUIRED, "no value");
        for (uint64_t row = 1; row < 5000; row++)
            add(rejects, cells, &verdict, 1, row);
        assert_int_equal(rejects_commit(rejects, &error), 0);
        buffer_init(files[i], 1 << 24);
        assert_int_equal(file_read(path, files[i], &error), 0);
    }
    assert_true(slice_equal(buffer_slice(&first), buffer_slice(&again)));
    buffer_clear(&first);
    buffer_clear(&again);
    free(path);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(rejects_open("/dev/null/reports", &comma, &header, &error));
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "/dev/null/reports"));
}

/* A file size limit simulates a full disk: write(2) fails in the same way, with another reason. */
static void a_full_disk_is_reported_and_nothing_is_left(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (int refused = 0; refused < 2; refused++) {
        struct error error = {0};
        struct rejects *rejects = rejects_start(&comma);
        small = before;
        small.rlim_cur = 100;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        int failed = 0;
        char noise[64];
        for (uint64_t row = 1; row < 20000 && !failed; row++) {
            snprintf(noise, sizeof noise, "%016llx", (unsigned long long)row * 0x9E3779B97F4A7C15ULL);
            struct slice cells[] = {slice_from(noise), slice_from(noise + 3), slice_from(""), slice_from("")};
            struct verdict verdict = verdict_of(FIELD_EMAIL, RULE_REQUIRED, noise + 7);
            struct record record = {
                .row = row, .cells = cells, .cell_count = 4, .verdicts = &verdict, .verdict_count = 1};
            failed = refused ? rejects_add_refused(rejects, &record, &verdict, &error)
                             : rejects_add(rejects, &record, &error);
        }
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(failed, -1);
        assert_int_equal(error.scope, ERROR_USAGE);
        assert_non_null(strstr(error.text, folder));
        rejects_drop(rejects);
        assert_int_equal(folder_entries(false), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rejected_records_come_first_and_the_refused_follow),
        TEST(records_without_columns_go_to_the_broken_file_raw),
        TEST(a_run_without_rejects_removes_the_old_files),
        TEST(a_dropped_report_leaves_the_old_one),
        TEST(messages_are_in_the_encoding_of_the_input),
        TEST(the_same_records_give_the_same_bytes),
        TEST(a_folder_that_cannot_be_made_is_named),
        TEST(a_full_disk_is_reported_and_nothing_is_left),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rejects", tests, NULL, NULL);
}
