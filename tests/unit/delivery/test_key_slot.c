#include <dirent.h>
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
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"
#include "delivery/key_lock.h"
#include "delivery/key_slot.h"
#include "unit/delivery/held_lock.h"
#include "unit/job_parts.h"

static char key_one[] = "FAKE-KEY-1", key_two[] = "FAKE-KEY-2";
static char folder[] = "/tmp/kyc-test-slot-XXXXXX";

static struct provider_account *no_account(const struct job_credentials *credentials)
{
    (void)credentials;
    return NULL;
}

static const struct provider_credential rows[] = {{.name = "api_key", .locks = true},
                                                  {.name = "token", .locks = true},
                                                  {.name = "password"},
                                                  {.name = "client_id", .locks = true},
                                                  {0}};
static const struct provider signed_provider = {
    .is_signed = true, .credentials = rows, .account_new = no_account};
static const struct provider unsigned_provider = {.credentials = rows, .account_new = no_account};

static struct key_slot *make_key_slot(const struct provider *provider, char *key)
{
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials = job_parts_credentials(items, "api_key", key, (char *)NULL);
    struct error error = {0};
    struct key_slot *key_slot = key_slot_new(provider, &credentials, 1, folder, NULL, &error);
    assert_non_null(key_slot);
    return key_slot;
}

static void a_nonce_follows_the_clock_within_its_reservation(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint64_t clock, floor, want;
    } table[] = {
        {"the clock, when it is above the start", 1000, 5000, 1000},
        {"the last + 1, when the clock stands still", 1000, 5000, 1001},
        {"the last + 1, when the clock steps back", 3, 5000, 1002},
        {"the clock again", 2000, 5000, 2000},
        {"up to the floor itself", 5000, 5000, 5000},
        {"the last + 1, when the clock is above the floor", 9000, 7000, 5001},
        {"and again", 9001, 7000, 5002},
        {"the clock, once the floor was raised", 9002, 10000, 9002},
        {"a floor is never lowered", 9003, 8000, 9003},
    };
    struct key_slot *key_slot = make_key_slot(&signed_provider, key_one);
    key_slot_start_nonces(key_slot, 500);
    assert_int_equal(key_slot_last_nonce(key_slot), 0);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        key_slot_extend(key_slot, table[i].floor);
        uint64_t nonce = key_slot_next_nonce(key_slot, table[i].clock);
        if (nonce != table[i].want || key_slot_last_nonce(key_slot) != nonce)
            fail_msg("%s: %llu", table[i].sentence, (unsigned long long)nonce);
    }
    key_slot_free(key_slot);
}

static void no_nonce_is_below_the_start(void **state)
{
    (void)state;
    struct key_slot *key_slot = make_key_slot(&signed_provider, key_one);
    key_slot_start_nonces(key_slot, 70000);
    key_slot_extend(key_slot, 80000);
    assert_int_equal(key_slot_next_nonce(key_slot, 10), 70000);
    assert_int_equal(key_slot_next_nonce(key_slot, 10), 70001);
    key_slot_free(key_slot);
}

static void an_unsigned_provider_has_no_nonces(void **state)
{
    (void)state;
    struct key_slot *key_slot = make_key_slot(&unsigned_provider, key_one);
    assert_int_equal(key_slot_next_nonce(key_slot, 1000), 0);
    assert_int_equal(key_slot_last_nonce(key_slot), 0);
    key_slot_free(key_slot);
}

static void two_that_share_a_part_of_their_credentials_exclude_each_other(void **state)
{
    (void)state;
    static char one[] = "FAKE-KEY-1", two[] = "FAKE-KEY-2";
    static const struct {
        const char *sentence;
        char *a_key, *a_client, *a_token, *b_key, *b_client, *b_token;
        const char *part; /* NULL: both may run */
    } table[] = {
        {"another API key, no client", one, NULL, NULL, two, NULL, NULL, NULL},
        {"one API key", one, NULL, NULL, one, NULL, NULL, "credentials.api_key"},
        {"one token", NULL, NULL, one, NULL, NULL, one, "credentials.token"},
        {"another token", NULL, NULL, one, NULL, NULL, two, NULL},
        {"one API key, another client", one, one, NULL, one, two, NULL, "credentials.api_key"},
        {"another API key, one client", one, two, NULL, two, two, NULL, "credentials.client_id"},
        {"another API key, another client", one, one, NULL, two, two, NULL, NULL},
        {"a client that is called as the other's API key", one, NULL, NULL, two, one, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct provider *providers[] = {&unsigned_provider, &signed_provider};
        for (size_t j = 0; j < 2; j++) {
            struct error error = {0};
            struct job_credential of_a[JOB_PARTS_MAX], of_b[JOB_PARTS_MAX];
            struct job_credentials a =
                job_parts_credentials(of_a, "api_key", table[i].a_key, "client_id", table[i].a_client,
                                      "token", table[i].a_token, "password", "shared", (char *)NULL);
            struct job_credentials b =
                job_parts_credentials(of_b, "api_key", table[i].b_key, "client_id", table[i].b_client,
                                      "token", table[i].b_token, "password", "shared", (char *)NULL);
            struct key_slot *first = key_slot_new(providers[j], &a, 1, folder, NULL, &error);
            struct key_slot *second = key_slot_new(providers[j], &b, 1, folder, NULL, &error);
            if (!first || !second != !!table[i].part)
                fail_msg("%s: %s", table[i].sentence, error.text);
            if (table[i].part) {
                assert_int_equal(error.scope, ERROR_BUSY);
                assert_non_null(strstr(error.text, table[i].part));
            }
            key_slot_free(first);
            key_slot_free(second);
            second = key_slot_new(providers[j], &b, 1, folder, NULL, &error);
            assert_non_null(second); /* what was taken before the refusal was given back */
            key_slot_free(second);
        }
    }
}

static void a_key_id_identifies_a_key_without_revealing_it(void **state)
{
    (void)state;
    char a[KEY_SLOT_KEY_ID_SIZE], b[KEY_SLOT_KEY_ID_SIZE], again[KEY_SLOT_KEY_ID_SIZE];
    struct job_credential items[3][JOB_PARTS_MAX];
    struct job_credentials one = job_parts_credentials(items[0], "api_key", key_one, (char *)NULL);
    struct job_credentials two = job_parts_credentials(items[1], "api_key", key_two, (char *)NULL);
    key_slot_identify(&signed_provider, &one, a);
    key_slot_identify(&signed_provider, &two, b);
    key_slot_identify(&signed_provider, &one, again);
    assert_string_equal(a, again);
    assert_string_not_equal(a, b);
    /* it names a lock and a row of the ledger: it must not change; printf 'kyc-import api key FAKE-KEY-1' |
     * sha256sum | head -c 32 */
    assert_string_equal(a, "4d3c9652d1c7b4a5a6d9ad32f5ba1cba");

    struct job_credentials bearer = job_parts_credentials(items[2], "token", key_one, (char *)NULL);
    key_slot_identify(&unsigned_provider, &bearer, again);
    assert_string_equal(a, again);
}

static void a_key_is_held_by_one_at_a_time_and_the_message_names_the_holder(void **state)
{
    (void)state;
    struct error error = {0};
    int fd = key_lock_open(folder, "abc", "api_key", NULL, &error);
    assert_true(fd >= 0);
    assert_int_equal(key_lock_open(folder, "abc", "api_key", NULL, &error), -1);
    assert_int_equal(error.scope, ERROR_BUSY);
    char pid[32];
    snprintf(pid, sizeof pid, "process %ld, since 20", (long)getpid());
    assert_non_null(strstr(error.text, pid));

    int other = key_lock_open(folder, "abd", "api_key", NULL, &error);
    assert_true(other >= 0);
    key_lock_close(other);
    key_lock_close(fd);
    key_lock_close(-1);
    fd = key_lock_open(folder, "abc", "api_key", NULL, &error);
    assert_true(fd >= 0);
    key_lock_close(fd);
}

static void a_lock_ends_with_its_process_and_its_file_stays(void **state)
{
    (void)state;
    struct error error = {0};
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        int fd = key_lock_open(folder, "killed", "api_key", NULL, &error);
        byte = fd >= 0;
        (void)!write(ready[1], &byte, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 1);
    assert_int_equal(key_lock_open(folder, "killed", "api_key", NULL, &error), -1);
    assert_int_equal(error.scope, ERROR_BUSY);

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    int fd = key_lock_open(folder, "killed", "api_key", NULL, &error);
    assert_true(fd >= 0);
    struct stat before, after;
    fstat(fd, &before);
    assert_int_equal(before.st_mode & 0777, 0600);
    key_lock_close(fd);
    char path[128];
    snprintf(path, sizeof path, "%s/kyc-import-killed.lock", folder);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    close(ready[0]);
    close(ready[1]);
}

static int open_shared(const char *account)
{
    struct error error = {0};
    int fd = key_lock_open(folder, "shared", "api_key", account, &error);
    if (fd < 0)
        assert_int_equal(error.scope, ERROR_BUSY);
    return fd;
}

static void jobs_of_one_account_hold_a_lock_together_and_keep_out_all_others(void **state)
{
    (void)state;
    struct error error = {0};
    int first = open_shared("main on this machine"), second = open_shared("main on this machine");
    assert_true(first >= 0 && second >= 0);
    assert_int_equal(open_shared("other on this machine"), -1);
    assert_int_equal(key_lock_open(folder, "shared", "api_key", NULL, &error), -1);
    assert_int_equal(error.scope, ERROR_BUSY);
    assert_non_null(strstr(error.text,
                           "jobs that share the account main on this machine use credentials.api_key "
                           "of this job, which does not share it"));
    key_lock_close(first);
    first =
        open_shared("main on this machine"); /* whoever made the file, another one joins while one is left */
    assert_true(first >= 0);
    key_lock_close(first);
    assert_int_equal(open_shared("other on this machine"), -1);
    key_lock_close(second);

    second = open_shared("other on this machine");
    assert_true(second >= 0);
    assert_int_equal(open_shared("main on this machine"), -1);
    key_lock_close(second);
    second = key_lock_open(folder, "shared", "api_key", NULL, &error);
    assert_true(second >= 0);
    assert_int_equal(open_shared("main on this machine"), -1);
    key_lock_close(second);
}

/* As when the kernel lets a job wait for its part of the processor between two kinds of the lock. */
static void a_lock_that_another_job_has_alone_for_a_moment_is_waited_for(void **state)
{
    (void)state;
    char path[128];
    int other = open_shared("main on this machine"); /* makes the file */
    assert_true(other >= 0);
    key_lock_close(other);
    snprintf(path, sizeof path, "%s/kyc-import-shared.lock", folder);
    pid_t holder = held_lock_start(path, 300);
    int fd = open_shared("main on this machine");
    assert_true(fd >= 0);
    key_lock_close(fd);
    held_lock_end(holder);
}

/* Each in a process of its own, all at once: nobody is refused because another one's lock changes its kind.
 */
static void jobs_of_one_account_that_start_together_all_get_the_lock(void **state)
{
    (void)state;
    enum { JOBS = 16 };
    pid_t children[JOBS];
    for (int round = 0; round < 5; round++) {
        int go[2], status;
        assert_int_equal(pipe(go), 0);
        for (int i = 0; i < JOBS; i++) {
            children[i] = fork();
            if (children[i] == 0) {
                char byte;
                close(go[1]);
                (void)!read(go[0], &byte, 1);
                int fd = open_shared("main on this machine");
                usleep(20000);
                _exit(fd >= 0 ? 0 : 1);
            }
        }
        close(go[0]);
        close(go[1]);
        for (int i = 0; i < JOBS; i++) {
            waitpid(children[i], &status, 0);
            assert_int_equal(status, 0);
        }
    }
}

static void a_leased_key_may_send_until_its_lease_ends_and_its_nonces_rise(void **state)
{
    (void)state;
    struct job_credential items[JOB_PARTS_MAX];
    struct job_credentials credentials = job_parts_credentials(items, "api_key", key_one, (char *)NULL);
    struct error error = {0};
    struct key_slot *key_slot =
        key_slot_new(&signed_provider, &credentials, 1, folder, "main on this machine", &error);
    assert_non_null(key_slot);
    assert_false(key_slot_may_send(key_slot, 1));
    key_slot_lease(key_slot, 1000, 2000, true, 500);
    assert_true(key_slot_may_send(key_slot, 499));
    assert_false(key_slot_may_send(key_slot, 500));
    assert_int_equal(key_slot_next_nonce(key_slot, 3), 1000);
    assert_int_equal(key_slot_next_nonce(key_slot, 1500), 1500);
    key_slot_lease(key_slot, 9001, 9900, true, 900); /* another job has had it in between */
    assert_int_equal(key_slot_next_nonce(key_slot, 1600), 9001);
    assert_int_equal(key_slot_next_nonce(key_slot, 1700), 9002);
    key_slot_free(key_slot);

    key_slot = key_slot_new(&unsigned_provider, &credentials, 1, folder, "main on this machine", &error);
    assert_true(key_slot_may_send(key_slot, 1)); /* a token is used by all of them at once */
    key_slot_free(key_slot);
}

static void a_symbolic_link_is_not_followed(void **state)
{
    (void)state;
    struct error error = {0};
    char path[128], target[128];
    snprintf(path, sizeof path, "%s/kyc-import-link.lock", folder);
    snprintf(target, sizeof target, "%s/elsewhere", folder);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(key_lock_open(folder, "link", "api_key", NULL, &error), -1);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, path));
    assert_int_not_equal(access(target, F_OK), 0);
    unlink(path);
}

static void the_lock_folder_can_be_written(void **state)
{
    (void)state;
    struct job job = {.path = "job.yaml", .delivery.lock_folder_place = {0}};
    struct error error = {0};
    assert_int_equal(access(key_lock_folder(&job, &error), W_OK | X_OK), 0);

    static const struct {
        const char *name;
        mode_t mode; /* of a folder that is made; 0: none is made */
        const char *want;
    } cases[] = {{"private", 0700, NULL},
                 {"group", 0770, NULL},
                 {"sticky", 01777, NULL},
                 {"open", 0777, "lets every account remove locks\nhint: "},
                 {"missing", 0, "does not exist\nhint: create it"},
                 {"file", 0, "is not a folder\nhint: "}};
    char path[128];
    snprintf(path, sizeof path, "%s/file", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, cases[i].name);
        if (cases[i].mode)
            assert_int_equal(mkdir(path, 0700) || chmod(path, cases[i].mode), 0);
        job.delivery.lock_folder = path;
        error = (struct error){0};
        const char *got = key_lock_folder(&job, &error);
        if (!cases[i].want)
            assert_ptr_equal(got, path);
        else if (got || !strstr(error.text, cases[i].want) || !strstr(error.text, path))
            fail_msg("%s: %s", cases[i].name, error.text);
        if (cases[i].mode)
            rmdir(path);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *entries = opendir(folder);
    if (!entries)
        return -1;
    for (struct dirent *entry; (entry = readdir(entries));)
        unlinkat(dirfd(entries), entry->d_name, 0); /* not the two dots */
    closedir(entries);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_follows_the_clock_within_its_reservation),
        cmocka_unit_test(no_nonce_is_below_the_start),
        cmocka_unit_test(an_unsigned_provider_has_no_nonces),
        cmocka_unit_test(two_that_share_a_part_of_their_credentials_exclude_each_other),
        cmocka_unit_test(a_key_id_identifies_a_key_without_revealing_it),
        cmocka_unit_test(a_key_is_held_by_one_at_a_time_and_the_message_names_the_holder),
        cmocka_unit_test(a_lock_ends_with_its_process_and_its_file_stays),
        cmocka_unit_test(jobs_of_one_account_hold_a_lock_together_and_keep_out_all_others),
        cmocka_unit_test(a_lock_that_another_job_has_alone_for_a_moment_is_waited_for),
        cmocka_unit_test(jobs_of_one_account_that_start_together_all_get_the_lock),
        cmocka_unit_test(a_leased_key_may_send_until_its_lease_ends_and_its_nonces_rise),
        cmocka_unit_test(a_symbolic_link_is_not_followed),
        cmocka_unit_test(the_lock_folder_can_be_written),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("key_slot", tests, make_folder, remove_folder);
}
