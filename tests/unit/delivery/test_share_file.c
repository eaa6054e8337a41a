#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/digest.h"
#include "delivery/share_file.h"
#include "delivery/share_table.h"
#include "unit/delivery/held_lock.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

enum { FILE_MAX = 256 * 1024 };

static const struct rate_share_limit limit = {20, S, 100 * MS, 3 * S};
/* Leases of no length: what a file may lack has ended at once, but for the window and the margin. */
static const struct rate_share_limit brief = {20, 100 * MS, 0, 1};

static char folder[] = "/tmp/kyc-test-share-XXXXXX";
static char path[128];
static struct job job = {.delivery = {.lock_folder = folder, .shared = "main"}};

static struct share_file *open_file(const char *holder, const struct rate_share_limit *rate)
{
    struct error error = {0};
    struct share_file *file = share_file_open(&job, holder, rate, &error);
    assert_non_null(file);
    return file;
}

static uint32_t renew(struct share_file *file, uint32_t using_count)
{
    struct rate_share_answer answer;
    struct error error = {0};
    uint64_t window_ns;
    if (share_file_renew(file, &(struct rate_share_report){.using_count = using_count}, &answer, &window_ns,
                         &error) != 0)
        fail_msg("%s", error.text);
    return answer.count;
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void a_new_file_gives_nothing_at_first_and_is_for_its_owner_alone(void **state)
{
    (void)state;
    struct stat about;
    unlink(path);
    struct share_file *file = open_file("a", &limit);
    assert_int_equal(renew(file, 0), 0);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0600);
    share_file_close(file);
}

/* Of another process. */
static int renew_there(struct share_file *file)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit((int)renew(file, 0));
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void two_processes_share_what_one_file_has(void **state)
{
    (void)state;
    struct error error = {0};
    struct share_file *a = open_file("a", &brief), *b = open_file("b", &brief);
    uint64_t left_ns;
    int count;
    do { /* again, if the machine was too busy to ask within the window */
        unlink(path);
        renew(a, 0);
        sleep_ms(120);
        assert_int_equal(renew(a, 0), 20);
        left_ns = clock_boot_ns();
        assert_int_equal(share_file_leave(a, NULL, 0, &error), 0);
        count = renew_there(b);
    } while (clock_boot_ns() - left_ns >= brief.window_ns);
    assert_int_equal(count, 0); /* what a used is not free for another window */
    sleep_ms(120);
    assert_int_equal(renew_there(b), 20);
    share_file_close(a);
    share_file_close(b);
}

static void keys_and_their_floors_are_kept(void **state)
{
    (void)state;
    static const char *const keys[] = {"k0"};
    const struct key_share_report held[] = {{"k0", 4711}};
    struct key_share_answer answer;
    struct error error = {0};
    size_t count;
    unlink(path);
    struct share_file *a = open_file("a", &limit), *b = open_file("b", &limit);
    assert_int_equal(share_file_keys(a, keys, 1, held, 1, &answer, &count, &error),
                     0); /* it says that it has it */
    assert_int_equal(count, 1);
    assert_int_equal(share_file_keys(b, keys, 1, NULL, 0, &answer, &count, &error), 0);
    assert_int_equal(count, 0);
    assert_int_equal(share_file_leave(a, held, 1, &error), 0);
    assert_int_equal(share_file_keys(b, keys, 1, NULL, 0, &answer, &count, &error), 0);
    assert_int_equal(count, 1);
    assert_int_equal(answer.floor, 4711);
    share_file_close(a);
    share_file_close(b);
}

static int ask_for_key(struct share_file *file, const char *key, struct error *error)
{
    struct key_share_answer answer;
    size_t count;
    *error = (struct error){0};
    return share_file_keys(file, &key, 1, NULL, 0, &answer, &count, error);
}

static void another_job_than_there_is_a_place_for_is_an_error_until_one_has_ended(void **state)
{
    (void)state;
    struct share_file *files[SHARE_TABLE_HOLDERS_MAX + 1];
    char names[SHARE_TABLE_HOLDERS_MAX + 1][RATE_SHARE_HOLDER_SIZE];
    struct share_file **last = &files[SHARE_TABLE_HOLDERS_MAX];
    struct rate_share_answer answer;
    struct error error;
    uint64_t window_ns;
    unlink(path);
    for (unsigned i = 0; i <= SHARE_TABLE_HOLDERS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "job-%u", i);
        files[i] = open_file(names[i], &limit);
        if (i < SHARE_TABLE_HOLDERS_MAX)
            renew(files[i], 0);
    }
    assert_int_equal(share_file_renew(*last, &(struct rate_share_report){0}, &answer, &window_ns, &error),
                     -1);
    assert_int_equal(error.scope, ERROR_BUSY);
    assert_non_null(strstr(error.text, "64 jobs of this machine share the account `main`"));
    assert_non_null(strstr(error.text, "\nhint: "));
    assert_int_equal(ask_for_key(*last, "k0", &error), -1);
    assert_int_equal(error.scope, ERROR_BUSY);
    renew(files[0], 0); /* those that have a place keep it */
    assert_int_equal(share_file_leave(files[1], NULL, 0, &error), 0);
    renew(*last, 0);
    assert_int_equal(ask_for_key(*last, "k0", &error), 0);
    for (unsigned i = 0; i <= SHARE_TABLE_HOLDERS_MAX; i++)
        share_file_close(files[i]);
}

static void another_key_than_there_is_a_place_for_is_an_error(void **state)
{
    (void)state;
    struct error error;
    char key[RATE_SHARE_KEY_SIZE];
    unlink(path);
    struct share_file *a = open_file("a", &limit), *b = open_file("b", &limit);
    for (unsigned i = 0; i < SHARE_TABLE_KEYS_MAX; i++) {
        snprintf(key, sizeof key, "key-%u", i);
        assert_int_equal(ask_for_key(a, key, &error), 0);
    }
    assert_int_equal(ask_for_key(b, "another", &error), -1);
    assert_int_equal(error.scope, ERROR_BUSY);
    assert_non_null(strstr(error.text, "64 API keys of the account `main`"));
    assert_non_null(strstr(error.text, "\nhint: "));
    assert_int_equal(ask_for_key(a, "key-0", &error), 0);
    share_file_close(a);
    share_file_close(b);
}

static size_t read_bytes(char *bytes)
{
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, bytes, FILE_MAX);
    close(fd);
    assert_true(len > 0 && len < FILE_MAX);
    return (size_t)len;
}

static void write_bytes(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

/* A whole file in which the first job has the rate. */
static size_t make_whole(char *bytes)
{
    unlink(path);
    struct share_file *file = open_file("a", &brief);
    renew(file, 0);
    sleep_ms(120);
    assert_int_equal(renew(file, 0), 20);
    share_file_close(file);
    return read_bytes(bytes);
}

static void a_torn_file_counts_as_new(void **state)
{
    (void)state;
    static char bytes[FILE_MAX];
    size_t len = make_whole(bytes);
    for (size_t cut = 0; cut < 4; cut++) {
        static char torn[FILE_MAX];
        memcpy(torn, bytes, len);
        if (cut == 3)
            torn[len / 3] ^= 1;
        write_bytes(torn, cut < 3 ? len * cut / 3 : len);
        struct share_file *file = open_file("b", &limit);
        assert_int_equal(renew(file, 0), 0);
        share_file_close(file);
    }
}

/* After a start of the machine nobody has a lease of before, but requests may be younger than a window. */
static void a_file_of_another_boot_counts_as_new(void **state)
{
    (void)state;
    static char bytes[FILE_MAX];
    char boot[CLOCK_BOOT_ID_SIZE];
    size_t len = make_whole(bytes);
    assert_string_equal(bytes, clock_boot_id(boot));
    bytes[0] = bytes[0] == '0' ? '1' : '0';
    digest_sha256(slice_make(bytes, len - DIGEST_SHA256_LEN), slice_make("", 0),
                  (uint8_t *)bytes + len - DIGEST_SHA256_LEN);
    write_bytes(bytes, len);
    struct share_file *file = open_file("b", &brief);
    assert_int_equal(renew(file, 0), 0);
    sleep_ms(120);
    assert_int_equal(renew(file, 0), 20);
    share_file_close(file);
}

static void a_file_that_is_removed_is_made_again_and_gives_nothing_at_first(void **state)
{
    (void)state;
    static char bytes[FILE_MAX];
    make_whole(bytes);
    struct share_file *a = open_file("a", &limit), *b = open_file("b", &limit);
    unlink(path);
    assert_int_equal(renew(b, 0), 0);
    assert_int_equal(renew(a, 20), 10); /* what it uses counts */
    share_file_close(a);
    share_file_close(b);
}

static void a_file_that_cannot_be_used_is_an_error_with_what_to_do(void **state)
{
    (void)state;
    struct rate_share_answer answer;
    struct error error = {0};
    uint64_t window_ns;
    unlink(path);
    struct share_file *file = open_file("a", &limit);
    renew(file, 0);
    chmod(path, 0606);
    assert_int_equal(share_file_renew(file, &(struct rate_share_report){0}, &answer, &window_ns, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "\nhint: "));
    chmod(path, 0600);
    int fd = open(path, O_RDWR);
    assert_int_equal(flock(fd, LOCK_EX), 0); /* as by a process that is stopped while it has it */
    uint64_t began = clock_mono_ns();
    assert_int_equal(share_file_renew(file, &(struct rate_share_report){0}, &answer, &window_ns, &error), -1);
    assert_in_range(clock_mono_ns() - began, 50 * MS, 5 * S);
    close(fd);
    renew(file, 0);
    unlink(path);
    assert_int_equal(symlink("/tmp/kyc-test-elsewhere", path), 0);
    assert_int_equal(share_file_renew(file, &(struct rate_share_report){0}, &answer, &window_ns, &error), -1);
    assert_int_not_equal(access("/tmp/kyc-test-elsewhere", F_OK), 0);
    unlink(path);
    share_file_close(file);
}

/* As when the kernel lets a process wait for its part of the processor while it has the lock. */
static void a_lock_that_is_held_for_a_moment_is_waited_for(void **state)
{
    (void)state;
    unlink(path);
    struct share_file *file = open_file("a", &limit);
    renew(file, 0);
    pid_t holder = held_lock_start(path, 300);
    renew(file, 0);
    held_lock_end(holder);
    share_file_close(file);
}

static void the_window_of_running_jobs_is_reported(void **state)
{
    (void)state;
    struct rate_share_answer answer;
    struct error error = {0};
    uint64_t window_ns = 0;
    const struct rate_share_limit minute = {300, 60 * S, 100 * MS, 3 * S};
    unlink(path);
    struct share_file *a = open_file("a", &limit), *b = open_file("b", &minute);
    renew(a, 0);
    assert_int_equal(share_file_renew(b, &(struct rate_share_report){0}, &answer, &window_ns, &error), 1);
    assert_int_equal(window_ns, S);
    share_file_close(a);
    share_file_close(b);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/kyc-import-shared-main", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_gives_nothing_at_first_and_is_for_its_owner_alone),
        cmocka_unit_test(two_processes_share_what_one_file_has),
        cmocka_unit_test(keys_and_their_floors_are_kept),
        cmocka_unit_test(another_job_than_there_is_a_place_for_is_an_error_until_one_has_ended),
        cmocka_unit_test(another_key_than_there_is_a_place_for_is_an_error),
        cmocka_unit_test(a_torn_file_counts_as_new),
        cmocka_unit_test(a_file_of_another_boot_counts_as_new),
        cmocka_unit_test(a_file_that_is_removed_is_made_again_and_gives_nothing_at_first),
        cmocka_unit_test(a_file_that_cannot_be_used_is_an_error_with_what_to_do),
        cmocka_unit_test(a_lock_that_is_held_for_a_moment_is_waited_for),
        cmocka_unit_test(the_window_of_running_jobs_is_reported),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("share_file", tests, make_folder, remove_folder);
}
