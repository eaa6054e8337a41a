/* The proof that shares never add up to more than the rate: a million random steps of jobs that join, renew
 * late, hang, die, leave, and lose the table, against what each of them may have sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/retry.h"
#include "delivery/share_table.h"
#include "model/rate_share.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

#ifndef __has_feature
#define __has_feature(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) ||     \
    __has_feature(thread_sanitizer)
enum { STEPS = 50000 };
#else
enum { STEPS = 1000000 };
#endif
enum { JOBS = 7, KEYS = 5, TOTAL = 20, PEAKS = 64 };

static const struct rate_share_limit limit = {TOTAL, S, 100 * MS, 3 * S};

/* A job's process, which knows nothing but what it was answered. */
struct process {
    char name[RATE_SHARE_HOLDER_SIZE];
    uint32_t count;
    uint64_t until_ns; /* of its share, from before it asked */
    struct peak {
        uint32_t count;
        uint64_t until_ns; /* a window after the last moment at which it might send so many */
    } peaks[PEAKS];
    size_t peak_count;
    bool has_key[KEYS], keep[KEYS];
    uint64_t key_until_ns, floor[KEYS], nonce[KEYS]; /* it may use nonces up to floor */
};

struct world {
    struct share_table table;
    struct retry_random random;
    struct process processes[JOBS];
    uint64_t now, last_nonce[KEYS];
    unsigned names, deaths, losses, full, bad_nonces, takeovers;
    int user_of[KEYS];
    uint32_t worst;
    bool loses; /* the table now and then */
};

static uint64_t any(struct world *world, uint64_t below)
{
    return retry_random_next(&world->random) % below;
}

static bool happens(struct world *world, unsigned in_10000)
{
    return any(world, 10000) < in_10000;
}

static const char *const key_ids[KEYS] = {"k0", "k1", "k2", "k3", "k4"};

/* Whatever the process before it sent counts on. */
static void begin(struct world *world, struct process *process)
{
    struct process new = {.peak_count = process->peak_count};
    memcpy(new.peaks, process->peaks, sizeof new.peaks);
    snprintf(new.name, sizeof new.name, "job%u-%u", (unsigned)any(world, 100), world->names++);
    *process = new;
}

static void stop_using(struct world *world, struct process *process, uint32_t count)
{
    uint64_t last = process->until_ns < world->now ? process->until_ns : world->now;
    if (process->count <= count)
        return;
    for (size_t i = 0; i < process->peak_count;)
        if (process->peaks[i].until_ns <= world->now)
            process->peaks[i] = process->peaks[--process->peak_count];
        else
            i++;
    assert_true(process->peak_count < PEAKS);
    process->peaks[process->peak_count++] = (struct peak){process->count, last + limit.window_ns};
    process->count = count;
}

static uint32_t peak_of(const struct world *world, const struct process *process)
{
    uint32_t most = process->count;
    for (size_t i = 0; i < process->peak_count; i++)
        if (process->peaks[i].until_ns > world->now && process->peaks[i].count > most)
            most = process->peaks[i].count;
    return most;
}

static void renew(struct world *world, struct process *process)
{
    struct rate_share_report report = {0};
    struct rate_share_answer answer;
    uint64_t window_ns, asked_ns = world->now - any(world, 50 * MS);
    if (process->until_ns <= world->now)
        stop_using(world, process, 0);
    report.using_count = process->count;
    assert_true(
        share_table_renew(&world->table, world->now, process->name, &limit, &report, &answer, &window_ns));
    stop_using(world, process, answer.count);
    process->count = answer.count;
    process->until_ns = asked_ns + limit.ttl_ns;
}

static bool may_use_key(const struct world *world, const struct process *process, size_t key)
{
    return process->has_key[key] && process->key_until_ns > world->now;
}

static void renew_keys(struct world *world, struct process *process)
{
    struct key_share_report held[KEYS];
    struct key_share_answer answers[KEYS];
    size_t held_count = 0;
    uint64_t asked_ns = world->now - any(world, 50 * MS);
    if (process->key_until_ns <= world->now) /* too late: they may be another's by now */
        memset(process->has_key, 0, sizeof process->has_key);
    for (size_t i = 0; i < KEYS; i++) {
        if (process->has_key[i] && !process->keep[i] && happens(world, 5000))
            process->has_key[i] = false;
        if (process->has_key[i])
            held[held_count++] = (struct key_share_report){key_ids[i], process->nonce[i] + 1000};
    }
    size_t count = share_table_keys(&world->table, world->now, process->name, &limit, key_ids, KEYS, held,
                                    held_count, answers);
    memset(process->has_key, 0, sizeof process->has_key);
    for (size_t i = 0; i < count; i++) {
        size_t key = (size_t)(answers[i].key_id[1] - '0'), reported = 0;
        while (reported < held_count && strcmp(held[reported].key_id, answers[i].key_id) != 0)
            reported++;
        uint64_t floor = reported < held_count ? held[reported].floor : 0;
        process->has_key[key] = true;
        process->keep[key] = answers[i].keep;
        process->floor[key] = floor;
        if (answers[i].floor >
            floor) /* another's: nothing can be used before the next call has reserved it */
            process->nonce[key] = answers[i].floor;
    }
    process->key_until_ns = asked_ns + limit.ttl_ns;
}

/* Each that may use a key does so, up to the floor that it has reserved. */
static void use_keys(struct world *world)
{
    for (size_t key = 0; key < KEYS; key++) {
        int users = 0;
        for (int i = 0; i < JOBS; i++) {
            struct process *process = &world->processes[i];
            if (!may_use_key(world, process, key))
                continue;
            users++;
            if (process->nonce[key] >= process->floor[key])
                continue;
            process->nonce[key]++;
            world->bad_nonces += process->nonce[key] <= world->last_nonce[key];
            world->last_nonce[key] = process->nonce[key];
            world->takeovers += world->user_of[key] != i;
            world->user_of[key] = i;
        }
        if (users > 1)
            fail_msg("%d jobs use key %zu at %.3f s", users, key, (double)world->now / 1e9);
    }
}

static void check_rate(struct world *world)
{
    uint32_t sum = 0, usable = 0;
    for (size_t i = 0; i < JOBS; i++) {
        struct process *process = &world->processes[i];
        uint32_t count = process->until_ns > world->now ? process->count : 0;
        stop_using(world, process, count);
        sum += peak_of(world, process);
        usable += count;
    }
    world->worst = sum > world->worst ? sum : world->worst;
    world->full += usable == TOTAL;
}

static void take_step(struct world *world)
{
    struct process *process = &world->processes[any(world, JOBS)];
    world->now += any(world, 200 * MS) / MS * MS;
    check_rate(world);
    use_keys(world);
    if (world->loses && happens(world, 5)) { /* as a failover that forgets, or a file that was removed */
        share_table_init(&world->table);
        world->losses++;
    }
    if (process->name[0] == '\0') {
        if (happens(world, 500))
            begin(world, process);
        return;
    }
    bool is_slow = process - world->processes >= JOBS - 2;
    if (happens(world, 20)) { /* killed: its successor has another name */
        stop_using(world, process, 0);
        process->name[0] = '\0';
        memset(process->has_key, 0, sizeof process->has_key);
        world->deaths++;
    } else if (happens(world, 20)) {
        struct key_share_report held[KEYS];
        size_t held_count = 0;
        for (size_t i = 0; i < KEYS; i++)
            if (process->has_key[i])
                held[held_count++] = (struct key_share_report){key_ids[i], process->nonce[i]};
        stop_using(world, process, 0);
        share_table_leave(&world->table, world->now, process->name, &limit, held, held_count);
        process->name[0] = '\0';
        memset(process->has_key, 0, sizeof process->has_key);
    } else if (!is_slow || happens(world, 3000)) { /* slow ones let their leases run out */
        renew(world, process);
        renew_keys(world, process);
    }
    check_rate(world);
}

static void simulate(bool loses)
{
    struct world *world = memory_new(1, sizeof *world);
    world->random = retry_random_from(16);
    world->now = 100 * S;
    world->loses = loses;
    share_table_init(&world->table);
    for (unsigned i = 0; i < STEPS; i++)
        take_step(world);
    print_message(
        "# %u steps: at most %u of %u, all of it granted in %.0f %%; %u deaths, %u tables lost, keys "
        "changed hands %u times\n",
        (unsigned)STEPS, world->worst, TOTAL, 100.0 * world->full / (2.0 * STEPS), world->deaths,
        world->losses, world->takeovers);
    assert_int_equal(world->worst, TOTAL);
    assert_true(world->deaths > STEPS / 2000 && (!loses || world->losses > STEPS / 4000));
    assert_true(world->full > STEPS / 5);
    assert_true(world->takeovers > STEPS / 1000);
    if (!loses)
        assert_int_equal(world->bad_nonces, 0);
    free(world);
}

static void a_million_steps_never_exceed_the_rate_nor_share_a_key(void **state)
{
    (void)state;
    simulate(false);
}

static void nor_do_they_when_the_table_is_lost_now_and_then(void **state)
{
    (void)state;
    simulate(true);
}

/* A table that is older than any lease. */
static void open_table(struct share_table *table)
{
    share_table_init(table);
    table->window_ns = limit.window_ns;
    for (size_t i = 0; i < KEYS; i++)
        snprintf(table->keys[i].key_id, sizeof table->keys[i].key_id, "%s", key_ids[i]);
}

/* One call each, at times in ms. */
static struct rate_share_answer renew_at(struct share_table *table, uint64_t ms, const char *holder,
                                         uint32_t using_count)
{
    struct rate_share_answer answer;
    uint64_t window_ns;
    assert_true(share_table_renew(table, ms * MS, holder, &limit,
                                  &(struct rate_share_report){.using_count = using_count}, &answer,
                                  &window_ns));
    return answer;
}

static void a_second_job_gets_half_once_the_first_has_used_it_no_more_for_a_window(void **state)
{
    (void)state;
    struct share_table table;
    open_table(&table);
    assert_int_equal(renew_at(&table, 1000, "a", 0).count, 20);
    assert_int_equal(renew_at(&table, 1100, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 1500, "a", 20).count, 10); /* told so, and reports it next time */
    assert_int_equal(renew_at(&table, 1600, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 1700, "a", 10).count, 10);
    assert_int_equal(renew_at(&table, 2799, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 2800, "b", 0).count, 10); /* a window and the margin after 1,700 */
    assert_int_equal(renew_at(&table, 2900, "a", 10).count, 10);
}

static void the_share_of_a_dead_job_is_free_a_lease_and_a_window_later(void **state)
{
    (void)state;
    struct share_table table;
    open_table(&table);
    assert_int_equal(renew_at(&table, 1000, "a", 0).count, 20);
    assert_int_equal(renew_at(&table, 4000, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 5099, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 5100, "b", 0).count, 20);
}

static void an_ending_job_gives_its_share_back_a_window_later(void **state)
{
    (void)state;
    struct share_table table;
    open_table(&table);
    assert_int_equal(renew_at(&table, 1000, "a", 0).count, 20);
    share_table_leave(&table, 1200 * MS, "a", &limit, NULL, 0);
    assert_int_equal(renew_at(&table, 2299, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 2300, "b", 0).count, 20);
}

static void a_table_that_may_lack_leases_gives_nothing_until_they_have_ended(void **state)
{
    (void)state;
    struct share_table table;
    share_table_init(&table);
    assert_int_equal(renew_at(&table, 1000, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 1500, "a", 15).count, 10); /* what it had counts */
    assert_int_equal(renew_at(&table, 4000, "a", 10).count, 10);
    assert_int_equal(renew_at(&table, 5099, "b", 0).count, 0);
    assert_int_equal(renew_at(&table, 5100, "b", 0).count, 10);
}

static void the_smallest_count_holds_and_the_rest_goes_to_the_first_by_name(void **state)
{
    (void)state;
    struct share_table table;
    struct rate_share_limit lower = limit;
    struct rate_share_answer answer;
    uint64_t window_ns;
    lower.count = 11;
    open_table(&table);
    answer = renew_at(&table, 1000, "a", 0);
    assert_int_equal(answer.count, 20);
    assert_int_equal(answer.total, 20);
    assert_true(share_table_renew(&table, 1100 * MS, "b", &lower, &(struct rate_share_report){0}, &answer,
                                  &window_ns));
    assert_int_equal(answer.count, 0);
    assert_int_equal(answer.total, 11);
    answer = renew_at(&table, 1200, "a", 20);
    assert_int_equal(answer.count, 6);
    assert_int_equal(answer.total, 11);
    assert_int_equal(renew_at(&table, 1300, "a", 6).count, 6);
    assert_true(share_table_renew(&table, 2400 * MS, "b", &lower, &(struct rate_share_report){0}, &answer,
                                  &window_ns));
    assert_int_equal(answer.count, 5);
    share_table_leave(&table, 2500 * MS, "b", &lower, NULL, 0);
    assert_int_equal(renew_at(&table, 2600, "a", 6).total, 20);
}

static void another_window_is_refused_while_jobs_use_the_old_one(void **state)
{
    (void)state;
    struct share_table table;
    struct rate_share_limit minute = {300, 60 * S, 100 * MS, 3 * S};
    struct rate_share_answer answer;
    uint64_t window_ns = 0;
    open_table(&table);
    renew_at(&table, 1000, "a", 0);
    assert_false(share_table_renew(&table, 2000 * MS, "b", &minute, &(struct rate_share_report){0}, &answer,
                                   &window_ns));
    assert_int_equal(window_ns, S);
    /* The share of the dead a is a ghost for as long as the longer of the two windows. */
    assert_false(
        share_table_renew(&table, 64 * S, "b", &minute, &(struct rate_share_report){0}, &answer, &window_ns));
    assert_true(share_table_renew(&table, 64 * S + 100 * MS, "b", &minute, &(struct rate_share_report){0},
                                  &answer, &window_ns));
    assert_int_equal(answer.count, 300);
}

static void retry_after_and_429_reach_every_job(void **state)
{
    (void)state;
    struct share_table table;
    struct rate_share_answer answer;
    uint64_t window_ns;
    open_table(&table);
    renew_at(&table, 1000, "a", 0);
    share_table_renew(&table, 2000 * MS, "a", &limit,
                      &(struct rate_share_report){.using_count = 20, .hold_ns = 5 * S, .is_throttled = true},
                      &answer, &window_ns);
    assert_int_equal(answer.hold_ns, 5 * S);
    assert_int_equal(answer.throttles, 1);
    answer = renew_at(&table, 2500, "b", 0);
    assert_int_equal(answer.hold_ns, 4500 * MS);
    assert_int_equal(answer.throttles, 1);
    /* The 429s of one burst count once: until a second after its Retry-After. */
    share_table_renew(&table, 7999 * MS, "b", &limit, &(struct rate_share_report){.is_throttled = true},
                      &answer, &window_ns);
    assert_int_equal(answer.throttles, 1);
    assert_int_equal(answer.hold_ns, 0);
    share_table_renew(&table, 8000 * MS, "b", &limit, &(struct rate_share_report){.is_throttled = true},
                      &answer, &window_ns);
    assert_int_equal(answer.throttles, 2);
}

static void more_jobs_than_the_table_has_rows_get_nothing(void **state)
{
    (void)state;
    struct share_table table;
    char name[RATE_SHARE_HOLDER_SIZE];
    struct key_share_answer key;
    open_table(&table);
    for (unsigned i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        snprintf(name, sizeof name, "job%u", i);
        renew_at(&table, 1000, name, 0);
    }
    assert_int_equal(renew_at(&table, 2000, "one more", 0).count, 0);
    assert_int_equal(share_table_keys(&table, 2000 * MS, "one more", &limit, key_ids, 1, NULL, 0, &key), 0);
    assert_int_equal(renew_at(&table, 5200, "one more", 0).count, 20); /* the others have died */
}

static void more_ghosts_than_the_table_has_rows_are_joined_strictly(void **state)
{
    (void)state;
    struct share_table table;
    const struct rate_share_limit hour = {1000, 3600 * S, 100 * MS, 3 * S};
    struct rate_share_answer answer;
    uint64_t window_ns;
    open_table(&table);
    for (unsigned i = 0; i < 600; i++) /* it gives back one a second */
        share_table_renew(&table, (1000 + i) * S, "a", &hour, &(struct rate_share_report){1000 - i, 0, false},
                          &answer, &window_ns);
    share_table_leave(&table, 1600 * S, "a", &hour, NULL, 0);
    share_table_renew(&table, 1600 * S, "b", &hour, &(struct rate_share_report){0}, &answer, &window_ns);
    assert_int_equal(answer.count, 0);
    uint64_t last = 1600 * S + 3600 * S + 100 * MS;
    share_table_renew(&table, last - 1, "b", &hour, &(struct rate_share_report){0}, &answer, &window_ns);
    assert_in_range(answer.count, 200, 256);
    share_table_renew(&table, last, "b", &hour, &(struct rate_share_report){answer.count, 0, false}, &answer,
                      &window_ns);
    assert_int_equal(answer.count, 1000);
}

/* Keys. */

static size_t keys_at(struct share_table *table, uint64_t ms, const char *holder, size_t wanted,
                      const struct key_share_report *held, size_t held_count,
                      struct key_share_answer *answers)
{
    return share_table_keys(table, ms * MS, holder, &limit, key_ids, wanted, held, held_count, answers);
}

static void a_second_job_gets_its_part_of_the_keys_once_they_are_drained(void **state)
{
    (void)state;
    struct share_table table;
    struct key_share_answer answers[KEYS];
    const struct key_share_report all[] = {{"k0", 10}, {"k1", 20}, {"k2", 30}};
    open_table(&table);
    assert_int_equal(keys_at(&table, 1000, "a", 3, NULL, 0, answers), 3);
    assert_true(answers[0].keep && answers[2].keep && answers[2].floor == 0);
    assert_int_equal(keys_at(&table, 1100, "b", 3, NULL, 0, answers), 0);
    assert_int_equal(keys_at(&table, 1500, "a", 3, all, 3, answers), 3);
    assert_true(answers[0].keep && answers[1].keep && !answers[2].keep);
    assert_int_equal(keys_at(&table, 1600, "b", 3, NULL, 0, answers), 0);
    assert_int_equal(keys_at(&table, 2000, "a", 3, all, 2, answers), 2);
    assert_int_equal(keys_at(&table, 2100, "b", 3, NULL, 0, answers), 1);
    assert_string_equal(answers[0].key_id, "k2");
    assert_int_equal(answers[0].floor, 30);
    assert_true(answers[0].keep);
}

static void the_keys_of_a_hung_job_are_free_a_second_after_its_lease(void **state)
{
    (void)state;
    struct share_table table;
    struct key_share_answer answers[KEYS];
    const struct key_share_report held[] = {{"k0", 500}};
    open_table(&table);
    keys_at(&table, 1000, "a", 1, NULL, 0, answers);
    keys_at(&table, 1500, "a", 1, held, 1, answers);
    assert_int_equal(keys_at(&table, 5500, "b", 1, NULL, 0, answers), 0);
    assert_int_equal(keys_at(&table, 5501, "b", 1, NULL, 0, answers), 1);
    assert_int_equal(answers[0].floor, 500);
    assert_int_equal(keys_at(&table, 5600, "a", 1, held, 1, answers), 0); /* it has woken up, too late */
}

static void a_key_that_may_be_held_by_a_job_that_was_forgotten_waits_for_its_lease(void **state)
{
    (void)state;
    struct share_table table;
    struct key_share_answer answers[KEYS];
    const struct key_share_report held[] = {{"k0", 700}};
    share_table_init(&table);
    assert_int_equal(keys_at(&table, 1000, "b", 2, NULL, 0, answers), 0);
    assert_int_equal(keys_at(&table, 1200, "a", 2, held, 1, answers), 1); /* the one that had it */
    assert_string_equal(answers[0].key_id, "k0");
    assert_int_equal(answers[0].floor, 700);
    assert_int_equal(keys_at(&table, 5000, "b", 2, NULL, 0, answers), 0);
    assert_int_equal(keys_at(&table, 5001, "b", 2, NULL, 0, answers), 1);
    assert_string_equal(answers[0].key_id, "k1");
}

static void a_full_table_keeps_the_newest_nonces(void **state)
{
    (void)state;
    struct share_table table;
    struct key_share_answer answer;
    char text[RATE_SHARE_KEY_SIZE];
    const char *key = text;
    struct key_share_report held = {text, 0}; /* it says that it has it */
    share_table_init(&table);
    for (unsigned i = 0; i < SHARE_TABLE_KEYS_MAX; i++) {
        snprintf(text, sizeof text, "key%u", i);
        held.floor = 1000 - i;
        assert_int_equal(share_table_keys(&table, S, "a", &limit, &key, 1, &held, 1, &answer), 1);
        share_table_leave(&table, S, "a", &limit, &held, 1);
    }
    snprintf(text, sizeof text, "another");
    held.floor = 1;
    assert_int_equal(share_table_keys(&table, 2 * S, "a", &limit, &key, 1, &held, 1, &answer), 1);
    share_table_leave(&table, 2 * S, "a", &limit, &held, 1);
    snprintf(text, sizeof text, "key0");
    assert_int_equal(share_table_keys(&table, 2 * S, "a", &limit, &key, 1, &held, 1, &answer), 1);
    assert_int_equal(answer.floor, 1000);
}

static void the_place_of_a_key_that_a_killed_job_had_is_free_again(void **state)
{
    (void)state;
    struct share_table table;
    struct key_share_answer answer;
    char text[RATE_SHARE_KEY_SIZE];
    const char *key = text;
    share_table_init(&table);
    for (unsigned i = 0; i < SHARE_TABLE_KEYS_MAX; i++) {
        snprintf(text, sizeof text, "key%u", i);
        const struct key_share_report held = {text, 1};
        share_table_keys(&table, S, "killed", &limit, &key, 1, &held, i % 2, &answer);
    }
    snprintf(text, sizeof text, "another");
    share_table_keys(&table, S, "a", &limit, &key, 1, NULL, 0, &answer);
    assert_false(share_table_has(&table, "a", &key, 1));
    share_table_keys(&table, 9 * S, "a", &limit, &key, 1, NULL, 0, &answer);
    assert_true(share_table_has(&table, "a", &key, 1));
}

static void the_places_of_killed_jobs_are_free_again_for_one_that_asks_for_a_key(void **state)
{
    (void)state;
    struct share_table table;
    struct rate_share_answer share;
    struct key_share_answer answer;
    const char *key = "key";
    char name[RATE_SHARE_HOLDER_SIZE];
    uint64_t window_ns;
    share_table_init(&table);
    for (unsigned i = 0; i < SHARE_TABLE_HOLDERS_MAX; i++) {
        snprintf(name, sizeof name, "killed%u", i);
        share_table_renew(&table, S, name, &limit, &(struct rate_share_report){0}, &share, &window_ns);
    }
    share_table_keys(&table, 9 * S, "a", &limit, &key, 1, NULL, 0, &answer);
    assert_true(share_table_has(&table, "a", &key, 1));
}

/* Windows. */

static void a_long_window_is_shared_by_parts(void **state)
{
    (void)state;
    static const struct {
        struct job_rate rate, want;
    } rows[] = {
        {{10, S}, {10, S}},
        {{1000, S}, {1000, S}},
        {{300, 60 * S}, {50, 10 * S}},
        {{60, 60 * S}, {20, 20 * S}},
        {{20, 60 * S}, {20, 60 * S}},
        {{5000, 3600 * S}, {20, 14400 * MS}},
        {{4999, 3600 * S}, {17, 12245 * MS}}, /* 294 parts: 4,998 an hour */
        {{7, 3600 * S}, {7, 3600 * S}},
        {{100000, 3600 * S}, {400, 14400 * MS}},
        /* A limiter divides what is above 100,000 once more, and a share of it would count for a part. */
        {{100000, S}, {100000, S}},
        {{500000, S}, {100000, 200 * MS}},
        {{1000000, 60 * S}, {100000, 6 * S}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct job_rate got = rate_share_parts(rows[i].rate);
        if (got.count != rows[i].want.count || got.per_ns != rows[i].want.per_ns)
            fail_msg("%u in %.0f s: %u in %.3f s", rows[i].rate.count, (double)rows[i].rate.per_ns / 1e9,
                     got.count, (double)got.per_ns / 1e9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_steps_never_exceed_the_rate_nor_share_a_key),
        cmocka_unit_test(nor_do_they_when_the_table_is_lost_now_and_then),
        cmocka_unit_test(a_second_job_gets_half_once_the_first_has_used_it_no_more_for_a_window),
        cmocka_unit_test(the_share_of_a_dead_job_is_free_a_lease_and_a_window_later),
        cmocka_unit_test(an_ending_job_gives_its_share_back_a_window_later),
        cmocka_unit_test(a_table_that_may_lack_leases_gives_nothing_until_they_have_ended),
        cmocka_unit_test(the_smallest_count_holds_and_the_rest_goes_to_the_first_by_name),
        cmocka_unit_test(another_window_is_refused_while_jobs_use_the_old_one),
        cmocka_unit_test(retry_after_and_429_reach_every_job),
        cmocka_unit_test(more_jobs_than_the_table_has_rows_get_nothing),
        cmocka_unit_test(more_ghosts_than_the_table_has_rows_are_joined_strictly),
        cmocka_unit_test(a_second_job_gets_its_part_of_the_keys_once_they_are_drained),
        cmocka_unit_test(the_keys_of_a_hung_job_are_free_a_second_after_its_lease),
        cmocka_unit_test(a_key_that_may_be_held_by_a_job_that_was_forgotten_waits_for_its_lease),
        cmocka_unit_test(a_full_table_keeps_the_newest_nonces),
        cmocka_unit_test(the_place_of_a_key_that_a_killed_job_had_is_free_again),
        cmocka_unit_test(the_places_of_killed_jobs_are_free_again_for_one_that_asks_for_a_key),
        cmocka_unit_test(a_long_window_is_shared_by_parts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("share_table", tests, NULL, NULL);
}
