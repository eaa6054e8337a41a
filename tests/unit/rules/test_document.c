/* document: digests of files, each read once. Which files are accepted: test_requirements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/digest.h"
#include "core/safe_open.h"
#include "model/media.h"
#include "rules/document.h"

enum { LONG_LEN = 200 * 1024 + 7 };

static char folder_path[] = "/tmp/kyc-document-XXXXXX";
static int folder;
static struct document_cache *cache;

static int set_up(void **state)
{
    (void)state;
    memcpy(folder_path + strlen(folder_path) - 6, "XXXXXX", 6);
    if (!mkdtemp(folder_path))
        return -1;
    folder = safe_open_folder(folder_path);
    cache = document_cache_new();
    return folder < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    document_cache_free(cache);
    (void)unlinkat(folder, "a.jpg", 0);
    (void)unlinkat(folder, "b.jpg", 0);
    close(folder);
    return rmdir(folder_path);
}

static void put(const char *name, struct slice bytes)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
    close(fd);
}

static void assert_digest(const char *name, struct slice want)
{
    uint8_t got[DIGEST_SHA256_LEN], wanted[DIGEST_SHA256_LEN];
    assert_true(document_digest(cache, folder, slice_from(name), got));
    digest_sha256(want, slice_make(NULL, 0), wanted);
    assert_memory_equal(got, wanted, sizeof got);
}

static void the_digest_is_of_all_that_the_file_holds(void **state)
{
    (void)state;
    char *bytes = calloc(1, LONG_LEN);
    for (size_t i = 0; i < LONG_LEN; i++)
        bytes[i] = (char)(i * 31 >> 3);
    put("a.jpg", slice_make(bytes, LONG_LEN));
    assert_digest("a.jpg", slice_make(bytes, LONG_LEN));
    put("b.jpg", slice_make(bytes, 1));
    assert_digest("b.jpg", slice_make(bytes, 1));
    assert_digest("a.jpg", slice_make(bytes, LONG_LEN));
    free(bytes);
}

/* The kernel's clock of files ticks every few milliseconds: a size of its own makes each change one that
 * shows. */
static void a_change_under_the_same_name_shows(void **state)
{
    (void)state;
    put("a.jpg", slice_from("one"));
    assert_digest("a.jpg", slice_from("one"));
    put("a.jpg", slice_from("three"));
    assert_digest("a.jpg", slice_from("three"));

    put("b.jpg", slice_from("seven"));
    assert_int_equal(renameat(folder, "b.jpg", folder, "a.jpg"), 0);
    assert_digest("a.jpg", slice_from("seven"));

    static const struct timespec times[2] = {{1000000000, 5}, {1000000000, 5}};
    assert_int_equal(utimensat(folder, "a.jpg", times, 0), 0);
    assert_digest("a.jpg", slice_from("seven"));
}

static void what_is_no_file_has_no_digest(void **state)
{
    (void)state;
    static const char *const texts[] = {"https://example.com/a.jpg", "none.jpg", ".", "../a.jpg", "b.jpg"};
    uint8_t digest[DIGEST_SHA256_LEN];
    put("b.jpg", slice_from(""));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (document_digest(cache, folder, slice_from(texts[i]), digest))
            fail_msg("%s has one", texts[i]);
    put("a.jpg", slice_from("one"));
    assert_false(document_digest(cache, -1, slice_from("a.jpg"), digest));
}

static void a_data_uri_is_what_it_holds(void **state)
{
    (void)state;
    uint8_t got[DIGEST_SHA256_LEN], wanted[DIGEST_SHA256_LEN];
    digest_sha256(SLICE_LITERAL("\xff\xd8\xff\xe0"), slice_make(NULL, 0), wanted);
    assert_true(document_digest(NULL, -1, SLICE_LITERAL("data:image/jpeg;base64,/9j/4A=="), got));
    assert_memory_equal(got, wanted, sizeof got);
    assert_false(document_digest(NULL, -1, SLICE_LITERAL("data:image/jpeg;base64,/9j/4A="), got));
}

/* 7.5 MB of base64 letters, and four more. */
static void a_data_uri_is_bounded_like_a_file(void **state)
{
    (void)state;
    static const char head[] = "data:image/jpeg;base64,/9j/";
    enum { LETTERS = MEDIA_MAX / 3 * 4 };
    char *uri = malloc(sizeof head + LETTERS);
    memset(uri, 'A', sizeof head + LETTERS);
    memcpy(uri, head, sizeof head - 1);
    assert_null(document_fault(-1, slice_make(uri, sizeof head - 1 + LETTERS - 4)));
    assert_non_null(
        strstr(document_fault(-1, slice_make(uri, sizeof head - 1 + LETTERS)), "larger than 7.5 MB"));
    free(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_digest_is_of_all_that_the_file_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_change_under_the_same_name_shows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_has_no_digest, set_up, tear_down),
        cmocka_unit_test(a_data_uri_is_what_it_holds),
        cmocka_unit_test(a_data_uri_is_bounded_like_a_file),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
