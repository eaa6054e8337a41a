#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/secret.h"

static char folder[64];

static int folder_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kyc-file-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int folder_teardown(void **state)
{
    (void)state;
    return rmdir(folder);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(file_write_all(fd, slice_from(text)), 0);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void assert_holds(const char *path, const char *want)
{
    struct buffer text;
    struct error error;
    buffer_init(&text, 1000);
    buffer_append_text(&text, "");
    assert_int_equal(file_read(path, &text, &error), 0);
    assert_string_equal(text.data, want);
    buffer_clear(&text);
}

static void paths_are_joined_and_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *folder, *path, *joined;
    } joins[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}, {"", "b", "b"}};
    static const struct {
        const char *path, *folder;
    } folders[] = {{"a/b/c", "a/b"}, {"a", "."}, {"/a", "/"}, {"/a/b", "/a"}};
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        char *joined = file_join(joins[i].folder, joins[i].path);
        assert_string_equal(joined, joins[i].joined);
        free(joined);
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *parent = file_folder(folders[i].path);
        assert_string_equal(parent, folders[i].folder);
        free(parent);
    }
}

static void a_folder_is_made_with_its_parents_for_the_owner_alone(void **state)
{
    (void)state;
    char *deep = file_join(folder, "a/b//c/"), *inner = file_join(folder, "a/b/c"),
         *middle = file_join(folder, "a/b"), *outer = file_join(folder, "a"),
         *blocked = file_join(folder, "a/b/file/x"), *file = file_join(folder, "a/b/file");
    assert_int_equal(file_make_folder(deep), 0);
    assert_int_equal(file_make_folder(deep), 0);
    struct stat about;
    assert_int_equal(stat(middle, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
    write_file(file, "", 0600);
    assert_int_equal(file_make_folder(blocked), -1);
    assert_int_equal(errno, ENOTDIR);
    unlink(file);
    rmdir(inner);
    rmdir(middle);
    rmdir(outer);
    char *all[] = {deep, inner, middle, outer, blocked, file};
    for (size_t i = 0; i < 6; i++)
        free(all[i]);
}

static void a_file_is_read_whole_or_the_path_is_named(void **state)
{
    (void)state;
    char *path = file_join(folder, "f");
    struct buffer text;
    struct error error;
    buffer_init(&text, 4);
    write_file(path, "1234", 0600);
    assert_int_equal(file_read(path, &text, &error), 0);
    assert_string_equal(text.data, "1234");
    buffer_reset(&text);
    write_file(path, "12345", 0600);
    assert_int_equal(file_read(path, &text, &error), -1);
    assert_non_null(strstr(error.text, path));
    unlink(path);
    assert_int_equal(file_read(path, &text, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "No such file"));
    assert_int_equal(file_read(folder, &text, &error), -1);
    buffer_clear(&text);
    free(path);
}

static void a_draft_replaces_the_file_only_when_it_is_committed(void **state)
{
    (void)state;
    char *path = file_join(folder, "f");
    write_file(path, "old", 0600);
    struct file_draft draft;
    struct stat about;
    assert_int_equal(file_draft_open(&draft, path, 0640), 0);
    char *aside = strdup(draft.draft_path);
    assert_int_equal(file_draft_write(&draft, SLICE_LITERAL("new")), 0);
    assert_int_equal(stat(aside, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_holds(path, "old");
    assert_int_equal(file_draft_commit(&draft), 0);
    assert_holds(path, "new");
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    assert_int_equal(access(aside, F_OK), -1);
    file_draft_drop(&draft);

    assert_int_equal(file_draft_open(&draft, path, 0600), 0);
    assert_int_equal(file_draft_write(&draft, SLICE_LITERAL("third")), 0);
    file_draft_drop(&draft);
    assert_holds(path, "new");
    assert_int_equal(access(aside, F_OK), -1);
    struct file_draft zero = {0};
    file_draft_drop(&zero);
    unlink(path);
    free(aside);
    free(path);
}

static void a_dead_draft_is_swept_and_a_living_one_stays(void **state)
{
    (void)state;
    char *path = file_join(folder, "f"), *dead = file_join(folder, "f.tmp-99999999"),
         *other = file_join(folder, "g.tmp-99999999"), *alive = file_join(folder, "f.tmp-alive");
    write_file(dead, "left behind", 0600);
    write_file(other, "of another file", 0600);
    struct file_draft living, draft;
    assert_int_equal(file_draft_open(&living, path, 0600), 0);
    assert_int_equal(rename(living.draft_path, alive), 0);
    assert_int_equal(file_draft_open(&draft, path, 0600), 0);
    assert_int_equal(access(dead, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0);
    assert_int_equal(access(alive, F_OK), 0);
    file_draft_drop(&draft);
    file_draft_drop(&living);
    unlink(other);
    unlink(alive);
    char *all[] = {path, dead, other, alive};
    for (size_t i = 0; i < 4; i++)
        free(all[i]);
}

/* Two containers write to one volume, and each has this process id. */
static void drafts_of_processes_with_the_same_id_are_two(void **state)
{
    (void)state;
    char *path = file_join(folder, "shared");
    struct file_draft first, second;
    struct error error;
    struct buffer text;
    assert_int_equal(file_draft_open(&first, path, 0600), 0);
    assert_int_equal(file_draft_write(&first, SLICE_LITERAL("first")), 0);
    assert_int_equal(file_draft_open(&second, path, 0600), 0);
    assert_int_equal(file_draft_write(&second, SLICE_LITERAL("sec")), 0);
    assert_int_equal(file_draft_commit(&first), 0);
    buffer_init(&text, 100);
    assert_int_equal(file_read(path, &text, &error), 0);
    assert_true(slice_is(buffer_slice(&text), "first"));
    assert_int_equal(file_draft_write(&second, SLICE_LITERAL("ond")), 0);
    assert_int_equal(file_draft_commit(&second), 0);
    buffer_reset(&text);
    assert_int_equal(file_read(path, &text, &error), 0);
    assert_true(slice_is(buffer_slice(&text), "second"));
    buffer_clear(&text);
    unlink(path);
    free(path);
}

/* Each sweeps before it opens its own: also what another one has made, and not locked yet. */
static void *write_drafts(void *argument)
{
    enum { DRAFTS = 2000 };
    size_t *failed = argument;
    char *path = file_join(folder, "raced");
    for (int i = 0; i < DRAFTS; i++) {
        struct file_draft draft;
        *failed += file_draft_open(&draft, path, 0600) != 0 || access(draft.draft_path, F_OK) != 0;
        file_draft_drop(&draft);
    }
    free(path);
    return NULL;
}

static void drafts_of_one_path_that_are_opened_at_once_all_stay(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    size_t failed[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_drafts, &failed[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(failed[i], 0);
}

static void a_draft_in_no_folder_is_an_error(void **state)
{
    (void)state;
    struct file_draft draft;
    assert_int_equal(file_draft_open(&draft, "/nonexistent/f", 0600), -1);
    assert_int_equal(errno, ENOENT);
    file_draft_drop(&draft);
    assert_int_equal(file_write_all(-1, SLICE_LITERAL("x")), -1);
}

static void a_secret_comes_from_the_environment_or_a_closed_file(void **state)
{
    (void)state;
    struct secret secret;
    struct error error;
    setenv("KYC_TEST_SECRET", "fake-key", 1);
    assert_int_equal(secret_load(&secret, "env:KYC_TEST_SECRET", folder, &error), 0);
    assert_string_equal(secret.data, "fake-key");
    assert_int_equal(secret.len, 8);
    secret_clear(&secret);
    assert_null(secret.data);
    secret_clear(&secret);

    char *path = file_join(folder, "key");
    static const struct {
        const char *text, *want;
    } files[] = {
        {"fake", "fake"}, {"fake\n", "fake"}, {"fake\r\n", "fake"}, {"fake\n\n", "fake\n"}, {" f ", " f "}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(path, files[i].text, 0600);
        assert_int_equal(secret_load(&secret, "file:key", folder, &error), 0);
        assert_string_equal(secret.data, files[i].want);
        secret_clear(&secret);
    }
    unlink(path);
    free(path);
}

static int load_key(void)
{
    struct secret secret;
    struct error error;
    int result = secret_load(&secret, "file:key", folder, &error);
    if (result != 0)
        assert_non_null(strstr(error.text, "holds a secret and others may"));
    secret_clear(&secret);
    return result;
}

static void a_secret_file_of_root_may_be_for_a_group_of_the_process(void **state)
{
    (void)state;
    enum { OTHER = 4711, MORE = 4712 };
    static const struct {
        uid_t owner;
        gid_t group;
        mode_t mode;
        int want;
    } cases[] = {{0, 0, 0440, 0},      {0, OTHER, 0440, -1},    {0, MORE, 0440, 0},
                 {OTHER, 0, 0440, -1}, {OTHER, MORE, 0440, -1}, {0, MORE, 0640, -1},
                 {0, MORE, 0444, -1},  {0, MORE, 0460, -1},     {0, OTHER, 0400, 0}};
    char *path = file_join(folder, "key");

    if (geteuid() != 0) {
        write_file(path, "fake", 0440);
        assert_int_equal(load_key(), -1);
        unlink(path);
        free(path);
        skip();
        return;
    }
    const gid_t own[] = {MORE + 1, MORE};
    assert_int_equal(setgroups(2, own), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(path, "fake", cases[i].mode);
        assert_int_equal(chown(path, cases[i].owner, cases[i].group), 0);
        if (load_key() != cases[i].want)
            fail_msg("owner %u, group %u, mode %o", cases[i].owner, cases[i].group, cases[i].mode);
    }

    /* As Kubernetes mounts it: key -> ..data/key, ..data -> ..2026_11_29. */
    char *version = file_join(folder, "..2026_11_29"), *data = file_join(folder, "..data");
    char *real = file_join(version, "key");
    unlink(path);
    assert_int_equal(mkdir(version, 0755), 0);
    assert_int_equal(symlink("..2026_11_29", data), 0);
    assert_int_equal(symlink("..data/key", path), 0);
    write_file(real, "fake", 0440);
    assert_int_equal(chown(real, 0, MORE), 0);
    assert_int_equal(load_key(), 0);
    assert_int_equal(chown(real, 0, OTHER), 0);
    assert_int_equal(load_key(), -1);
    unlink(real);
    rmdir(version);
    unlink(data);
    unlink(path);
    free(version);
    free(data);
    free(real);
    free(path);
    assert_int_equal(setgroups(0, NULL), 0);
}

static void a_credential_is_one_line_of_text(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        const char *want; /* NULL: it is good */
    } cases[] = {
        {SLICE_LITERAL("fake-key"), NULL},
        {SLICE_LITERAL(" f\xc3\xa9 "), NULL},
        {SLICE_LITERAL("fake\0key"), "NUL"},
        {SLICE_LITERAL("fake\n"), "more than one line"},
        {SLICE_LITERAL("fake\r\nX-Other: key"), "more than one line"},
        {SLICE_LITERAL("fake\tkey"), "control byte"},
        {SLICE_LITERAL("fake\x1bkey"), "control byte"},
        {SLICE_LITERAL("fake\x7f"), "control byte"},
        {SLICE_LITERAL("\xef\xbb\xbf"
                       "fake"),
         "byte order mark"},
        {SLICE_LITERAL("\xff\xfe"
                       "f\0a\0"),
         "byte order mark"},
        {SLICE_LITERAL("f\0a\0"), "NUL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret secret = {.data = memory_copy(cases[i].text), .len = cases[i].text.len};
        const char *fault = secret_find_fault(&secret);
        if (!fault != !cases[i].want || (fault && !strstr(fault, cases[i].want)))
            fail_msg("%zu: %s", i, fault ? fault : "taken");
        secret_clear(&secret);
    }
}

static void a_wrong_secret_is_reported_without_its_value(void **state)
{
    (void)state;
    char *path = file_join(folder, "key"), *reference = malloc(200);
    char *large = malloc(70000);
    memset(large, 'a', 69999);
    large[69999] = '\0';
    snprintf(reference, 200, "file:%s", path);
    setenv("KYC_TEST_EMPTY", "", 1);
    unsetenv("KYC_TEST_UNSET");
    const struct {
        const char *sentence, *reference, *content;
        mode_t mode;
        const char *want;
    } cases[] = {
        {"a literal", "fake-literal-key", NULL, 0, "env:NAME or file:PATH"},
        {"no name", "env:", NULL, 0, "env:NAME or file:PATH"},
        {"no path", "file:", NULL, 0, "env:NAME or file:PATH"},
        {"unset", "env:KYC_TEST_UNSET", NULL, 0, "KYC_TEST_UNSET is not set"},
        {"empty", "env:KYC_TEST_EMPTY", NULL, 0, "KYC_TEST_EMPTY is empty"},
        {"missing", "file:none", NULL, 0, "No such file"},
        {"a folder", "file:.", NULL, 0, "is a folder"},
        {"readable by the group", reference, "fake", 0640, "chmod 600"},
        {"readable by others", reference, "fake", 0604, "chmod 600"},
        {"writable by the group", reference, "fake", 0620,
         "others may change it (mode 620)\nhint: chmod 600"},
        {"writable by others", reference, "fake", 0602, "others may change it (mode 602)\nhint: chmod 600"},
        {"a device", "file:/dev/null", NULL, 0, "it is a device, not a file"},
        {"an empty file", reference, "\n", 0600, "is empty"},
        {"a large file", reference, large, 0600, "64 KiB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secret secret;
        struct error error = {0};
        if (cases[i].content)
            write_file(path, cases[i].content, cases[i].mode);
        if (secret_load(&secret, cases[i].reference, folder, &error) != -1 || error.scope != ERROR_USAGE ||
            !strstr(error.text, cases[i].want) || strstr(error.text, "fake"))
            fail_msg("%s: %s", cases[i].sentence, error.text);
        assert_null(secret.data);
    }
    unlink(path);
    free(path);
    free(reference);
    free(large);
}

static void what_is_not_a_file_is_refused_and_nothing_waits(void **state)
{
    (void)state;
    char *pipe = file_join(folder, "pipe"), *link = file_join(folder, "link");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("/dev/null", link), 0);
    const struct {
        const char *path, *want;
    } cases[] = {
        {pipe, "it is a pipe, not a file"},
        {link, "it is a device, not a file"},
        {folder, "it is a folder, not a file"},
        {"/nowhere/x", "No such file or directory"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stat about;
        struct buffer text;
        struct error error = {0};
        const char *why = NULL;
        assert_int_equal(file_open(cases[i].path, &about, &why), -1);
        assert_string_equal(why, cases[i].want);
        buffer_init(&text, 1000);
        assert_int_equal(file_read(cases[i].path, &text, &error), -1);
        assert_int_equal(error.scope, ERROR_USAGE);
        assert_non_null(strstr(error.text, cases[i].want));
        assert_non_null(strstr(error.text, cases[i].path));
        buffer_clear(&text);
    }
    unlink(pipe);
    unlink(link);
    free(pipe);
    free(link);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_joined_and_taken_apart),
        TEST(a_folder_is_made_with_its_parents_for_the_owner_alone),
        TEST(a_file_is_read_whole_or_the_path_is_named),
        TEST(what_is_not_a_file_is_refused_and_nothing_waits),
        TEST(a_draft_replaces_the_file_only_when_it_is_committed),
        TEST(a_dead_draft_is_swept_and_a_living_one_stays),
        TEST(drafts_of_processes_with_the_same_id_are_two),
        TEST(drafts_of_one_path_that_are_opened_at_once_all_stay),
        TEST(a_draft_in_no_folder_is_an_error),
        TEST(a_secret_comes_from_the_environment_or_a_closed_file),
        TEST(a_secret_file_of_root_may_be_for_a_group_of_the_process),
        cmocka_unit_test(a_credential_is_one_line_of_text),
        TEST(a_wrong_secret_is_reported_without_its_value),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
