#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/file.h"
#include "model/shard_plan.h"

enum { FILES = 6 };

static char folder[64];
static char *paths[FILES];
static struct job job;

static void write_size(size_t index, size_t size)
{
    char *text = calloc(size + 1, 1);
    memset(text, 'x', size);
    assert_int_equal(file_replace(paths[index], 0600, slice_make(text, size)), 0);
    struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
    assert_int_equal(utimensat(AT_FDCWD, paths[index], times, 0), 0);
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kyc-plan-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < FILES; i++) {
        char name[] = {'f', (char)('0' + i), '\0'};
        paths[i] = file_join(folder, name);
    }
    job = (struct job){.text = SLICE_LITERAL("job: x\n"),
                       .input = {.paths = (const char **)paths, .path_count = FILES}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILES; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    return rmdir(folder);
}

static struct shard_plan plan_of(uint32_t of)
{
    struct shard_plan plan;
    struct error error;
    assert_int_equal(shard_plan_make(&plan, &job, SLICE_LITERAL("a=b"), of, &error), 0);
    return plan;
}

static void the_largest_goes_first_and_to_the_shard_with_the_least(void **state)
{
    (void)state;
    static const size_t sizes[FILES] = {100, 400, 200, 500, 0, 300};
    for (size_t i = 0; i < FILES; i++)
        write_size(i, sizes[i]);
    struct shard_plan plan = plan_of(3);
    /* 500 → 0, 400 → 1, 300 → 2, 200 → 2, 100 → 1; the empty file → 0, which has one file and not two. */
    static const uint32_t want[FILES] = {1, 1, 2, 0, 0, 2};
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(plan.inputs[i].shard, want[i]);
        assert_int_equal(plan.inputs[i].size, sizes[i]);
    }
    assert_int_equal(plan.inputs[0].mtime_ns, UINT64_C(1700000000) * 1000000000);
    shard_plan_clear(&plan);
}

static void files_of_one_size_are_dealt_by_their_paths(void **state)
{
    (void)state;
    static const uint32_t want[FILES] = {0, 1, 2, 3, 0, 1};
    struct shard_plan plan;
    for (size_t size = 0; size <= 10; size += 10) { /* empty ones, too */
        for (size_t i = 0; i < FILES; i++)
            write_size(i, size);
        plan = plan_of(4);
        for (size_t i = 0; i < FILES; i++)
            assert_int_equal(plan.inputs[i].shard, want[i]);
        shard_plan_clear(&plan);
    }
    plan = plan_of(SHARD_PLAN_MAX); /* more than there are files: each its own */
    for (size_t i = 0; i < FILES; i++)
        assert_int_equal(plan.inputs[i].shard, i);
    shard_plan_clear(&plan);
}

static void the_digest_changes_with_whatever_the_result_depends_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < FILES; i++)
        write_size(i, 10);
    struct shard_plan first = plan_of(4), again = plan_of(4), other = plan_of(5);
    assert_memory_equal(first.digest, again.digest, sizeof first.digest);
    assert_memory_not_equal(first.digest, other.digest, sizeof first.digest);
    shard_plan_clear(&other);
    write_size(5, 11);
    other = plan_of(4);
    assert_memory_not_equal(first.digest, other.digest, sizeof first.digest);
    assert_memory_equal(first.job_digest, other.job_digest, sizeof first.job_digest);
    shard_plan_clear(&other);
    write_size(5, 10);
    utimensat(AT_FDCWD, paths[2], NULL, 0);
    other = plan_of(4);
    assert_memory_not_equal(first.digest, other.digest, sizeof first.digest);
    shard_plan_clear(&other);
    write_size(2, 10);
    struct error error;
    assert_int_equal(shard_plan_make(&other, &job, SLICE_LITERAL("a=c"), 4, &error), 0);
    assert_memory_not_equal(first.digest, other.digest, sizeof first.digest);
    assert_memory_not_equal(first.job_digest, other.job_digest, sizeof first.job_digest);
    shard_plan_clear(&other);
    shard_plan_clear(&first);
    shard_plan_clear(&again);
}

static void only_files_can_be_divided(void **state)
{
    (void)state;
    struct shard_plan plan;
    struct error error;
    const char *wrong[] = {"-", folder, "/dev/null", "/nowhere/at/all"};
    const enum error_scope want[] = {ERROR_USAGE, ERROR_USAGE, ERROR_USAGE, ERROR_INPUT};
    for (size_t i = 0; i < 4; i++) {
        struct job one = {.input = {.paths = &wrong[i], .path_count = 1}};
        assert_int_equal(shard_plan_make(&plan, &one, SLICE_LITERAL(""), 2, &error), -1);
        assert_int_equal(error.scope, want[i]);
        assert_null(plan.inputs);
    }
}

static void a_part_is_written_as_i_of_n_from_0(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        uint32_t shard, of;
    } cases[] = {
        {"0/1", 0, 0, 1},
        {"3/4", 0, 3, 4},
        {"4095/4096", 0, 4095, 4096},
        {"4/4", -1, 0, 0},
        {"0/4097", -1, 0, 0},
        {"0/0", -1, 0, 0},
        {"", -1, 0, 0},
        {"1", -1, 0, 0},
        {"1/", -1, 0, 0},
        {"/2", -1, 0, 0},
        {"-1/2", -1, 0, 0},
        {"+1/2", -1, 0, 0},
        {" 1/2", -1, 0, 0},
        {"1/2 ", -1, 0, 0},
        {"0x1/2", -1, 0, 0},
        {"1000000000/2000000000", -1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t shard, of;
        struct error error;
        assert_int_equal(shard_plan_read(cases[i].text, &shard, &of, &error), cases[i].result);
        if (cases[i].result == 0) {
            assert_int_equal(shard, cases[i].shard);
            assert_int_equal(of, cases[i].of);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_goes_first_and_to_the_shard_with_the_least),
        cmocka_unit_test(files_of_one_size_are_dealt_by_their_paths),
        cmocka_unit_test(the_digest_changes_with_whatever_the_result_depends_on),
        cmocka_unit_test(only_files_can_be_divided),
        cmocka_unit_test(a_part_is_written_as_i_of_n_from_0),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shard_plan", tests, set_up, tear_down);
}
