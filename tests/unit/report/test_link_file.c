#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/memory.h"
#include "report/link_file.h"

#define HEADER "external_id,user_id,link,made_at\n"
#define FIRST  "C-1,user-1,https://verify.example.com/a,2026-11-28T10:00:00.000Z\n"

enum { TIME_S = 1795860000 }; /* 2026-11-28T10:00:00Z */

static char folder[64], path[96];

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kyc-links-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/report/links.csv", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char report[96];
    snprintf(report, sizeof report, "%s/report", folder);
    unlink(path);
    rmdir(report);
    return rmdir(folder);
}

static void add(struct link_file *file, const char *external_id, const char *link)
{
    const struct link_file_entry entry = {
        .external_id = slice_from(external_id),
        .user_id = SLICE_LITERAL("user-1"),
        .link = slice_from(link),
        .made_ns = (uint64_t)TIME_S * 1000000000,
    };
    link_file_add(file, &entry);
}

/* One command that writes one link. 0, or -1 with its error. */
static int write_one(const char *external_id, const char *link, enum link_file_format format,
                     struct error *error)
{
    struct link_file *file = link_file_new(path, format);
    add(file, external_id, link);
    int result = link_file_sync(file, error);
    link_file_free(file);
    return result;
}

static void assert_holds(const char *want)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, 4096);
    assert_int_equal(file_read(path, &text, &error), 0);
    char *found = memory_copy(buffer_slice(&text));
    assert_string_equal(found, want);
    free(found);
    buffer_clear(&text);
}

static void links_are_appended_below_one_header(void **state)
{
    (void)state;
    struct error error;
    struct stat about;
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), 0);
    assert_int_equal(write_one("C,\"2\"", "=cmd|' /C calc'!A0", LINK_FILE_CSV, &error), 0);
    assert_holds(HEADER FIRST "\"C,\"\"2\"\"\",user-1,'=cmd|' /C calc'!A0,2026-11-28T10:00:00.000Z\n");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
}

static void ndjson_has_no_header(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_NDJSON, &error), 0);
    assert_holds(
        "{\"external_id\":\"C-1\",\"user_id\":\"user-1\",\"link\":\"https://verify.example.com/a\",\"made_at\":\"2026-11-28T10:00:00.000Z\"}\n");
}

static void without_links_there_is_no_file(void **state)
{
    (void)state;
    struct error error;
    struct link_file *file = link_file_new(path, LINK_FILE_CSV);
    assert_int_equal(link_file_sync(file, &error), 0);
    add(file, "C-1", "https://verify.example.com/a"); /* and is not synced */
    link_file_free(file);
    assert_int_equal(access(path, F_OK), -1);
}

static void write_text(const char *text, unsigned mode)
{
    char report[96];
    snprintf(report, sizeof report, "%s/report", folder);
    mkdir(report, 0700);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, slice_from(text)), 0);
    close(fd);
}

static void a_line_that_a_kill_cut_off_stays_a_line_of_its_own(void **state)
{
    (void)state;
    struct error error;
    struct stat about;
    write_text(HEADER "C-0,user-0,https://ver", 0644);
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), 0);
    assert_holds(HEADER "C-0,user-0,https://ver\n" FIRST);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
}

static void nothing_is_written_through_a_link(void **state)
{
    (void)state;
    struct error error;
    char elsewhere[96], report[96];
    snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", folder);
    snprintf(report, sizeof report, "%s/report", folder);
    write_text("", 0600);
    assert_int_equal(rename(path, elsewhere), 0);

    assert_int_equal(symlink(elsewhere, path), 0);
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), -1);
    assert_non_null(strstr(error.text, "not a regular file of its own"));
    assert_int_equal(unlink(path), 0);

    assert_int_equal(link(elsewhere, path), 0);
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), -1);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), -1);

    struct stat about;
    assert_int_equal(stat(elsewhere, &about), 0);
    assert_int_equal(about.st_size, 0);
    assert_int_equal(unlink(elsewhere), 0);
}

static void what_does_not_fit_leaves_the_file_as_it_was(void **state)
{
    (void)state;
    struct error error;
    struct rlimit before, limit;
    assert_int_equal(write_one("C-1", "https://verify.example.com/a", LINK_FILE_CSV, &error), 0);
    struct link_file *file = link_file_new(path, LINK_FILE_CSV);
    add(file, "C-2", "https://verify.example.com/b");

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = sizeof HEADER FIRST + 20; /* a part of the next line */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    int result = link_file_sync(file, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, path));
    assert_null(strstr(error.text, "verify.example.com"));
    assert_holds(HEADER FIRST);

    assert_int_equal(link_file_sync(file, &error), 0); /* there is space again */
    assert_holds(HEADER FIRST "C-2,user-1,https://verify.example.com/b,2026-11-28T10:00:00.000Z\n");
    link_file_free(file);
}

static void a_prepared_file_is_empty_and_gets_its_header_later(void **state)
{
    (void)state;
    struct error error;
    struct stat about;
    struct link_file *file = link_file_new(path, LINK_FILE_CSV);
    assert_int_equal(link_file_prepare(file, &error), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    add(file, "C-1", "https://verify.example.com/a");
    assert_int_equal(link_file_sync(file, &error), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_size, strlen(HEADER FIRST));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(link_file_prepare(file, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    link_file_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(links_are_appended_below_one_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ndjson_has_no_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_links_there_is_no_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_a_kill_cut_off_stays_a_line_of_its_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_written_through_a_link, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_prepared_file_is_empty_and_gets_its_header_later, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_does_not_fit_leaves_the_file_as_it_was, set_up, tear_down),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("link_file", tests, NULL, NULL);
}
