/* The thread that renews a share, turn by turn: what it asks, what it tells the sender, and that neither a
 * rate nor a key is ever had by two jobs at once. */
#include "unit/dispatch/fake_share.h"

/* The test's turns. */

static int begin_test(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake_job = (struct job){
        .path = "job.yaml",
        .name = "demo",
        .ledger_path = "postgresql://db/kyc",
        .delivery = {.rate = {COUNT, S}, .retry_for_ns = 10 * S, .shared = "main"},
    };
    fake.now_ns = 1000 * S;
    fake.is_busy = true;
    fake.go = eventfd(0, EFD_CLOEXEC);
    fake.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    share_table_init(&fake.table);
    fake.table.window_ns = S; /* it is older than any lease */
    for (size_t i = 0; i < KEYS_MAX; i++)
        snprintf(fake.table.keys[i].key_id, RATE_SHARE_KEY_SIZE, "k%zu", i);
    return sem_init(&fake.waits, 0, 0);
}

static void close_share(void)
{
    rate_share_close(fake.share);
    fake.share = NULL;
}

static int end_test(void **state)
{
    (void)state;
    close_share();
    close(fake.go);
    close(fake.event);
    return sem_destroy(&fake.waits);
}

static struct error open_share(void)
{
    static struct sender sender;
    struct error error = {0};
    fake.share = rate_share_open(&fake_job, &provider, &sender, &error);
    if (fake.share)
        sem_wait(&fake.waits);
    return error;
}

static void must_open(void)
{
    struct error error = open_share();
    if (!fake.share)
        fail_msg("%s", error.text);
}

/* One turn of the thread, after the sender has heard of what it was told. */
static void take_turn(bool is_event)
{
    const uint64_t one = 1;
    hear();
    fake.is_event = is_event;
    if (is_event)
        (void)!write(fake.event, &one, sizeof one);
    (void)!write(fake.go, &one, sizeof one);
    sem_wait(&fake.waits);
}

static void run_for(uint64_t ns)
{
    uint64_t until_ns = fake.now_ns + ns;
    while (fake.now_ns < until_ns)
        take_turn(false);
}

/* The rate. */

static void it_asks_once_when_it_is_opened_and_waits_for_nothing(void **state)
{
    (void)state;
    fake.way_ns = 70 * MS;
    must_open();
    assert_string_equal(fake.place, "database");
    assert_int_equal(fake.renewals, 1);
    assert_int_equal(fake.report.using_count, 0);
    assert_int_equal(fake.told, COUNT);
    assert_int_equal(fake.until_ns, 1003 * S); /* from before it asked */
}

static void a_ledger_in_a_file_has_the_shares_of_this_machine(void **state)
{
    (void)state;
    fake_job.ledger_path = "demo.ledger";
    must_open();
    assert_string_equal(fake.place, "file");
    run_for(S);
    assert_in_range(fake.renewals, 3, 4);
    close_share();
    assert_int_equal(fake.leaves, 1);
}

static void it_renews_twice_a_second_and_reports_what_is_used(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t asked_ns = fake.now_ns;
        take_turn(false);
        assert_int_equal(fake.now_ns - asked_ns, 500 * MS);
        assert_int_equal(fake.report.using_count, COUNT);
        assert_int_equal(fake.until_ns, fake.now_ns + 3 * S);
    }
    assert_int_equal(fake.lapses, 1); /* before the first answer */
}

static void without_a_share_it_asks_five_times_a_second(void **state)
{
    (void)state;
    fake.table.open_ns = fake.now_ns + 4 * S;
    must_open();
    take_turn(false);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t asked_ns = fake.now_ns;
        take_turn(false);
        assert_int_equal(fake.now_ns - asked_ns, 200 * MS);
        assert_int_equal(fake.told, 0);
    }
    run_for(2 * S);
    assert_int_equal(fake.told, COUNT);
}

static void a_smaller_share_is_reported_as_soon_as_it_is_applied(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    assert_int_equal(ask_as_other(), 0);
    fake.is_slow = true;
    take_turn(false);
    assert_int_equal(fake.told, COUNT / 2);
    for (int wait_ms = 10; wait_ms <= 160; wait_ms *= 2) { /* it still uses the larger one */
        assert_int_equal(fake.wait_ms, wait_ms);
        take_turn(false);
        assert_int_equal(fake.report.using_count, COUNT);
    }
    assert_int_equal(fake.wait_ms, 500);
    fake.is_slow = false;
    take_turn(false);
    assert_int_equal(fake.report.using_count, COUNT / 2);
    assert_int_equal(fake.wait_ms, 500);
    assert_int_equal(ask_as_other(), 0);
    fake.now_ns += 1100 * MS; /* a window and the margin */
    assert_int_equal(ask_as_other(), COUNT / 2);
}

static void what_the_sender_received_is_reported_at_once_and_until_it_has_arrived(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    uint64_t received_ns = fake.now_ns;
    fake.is_throttled = true;
    fake.hold_ns = 5 * S;
    fake.fails = true;
    take_turn(true);
    assert_int_equal(fake.now_ns, received_ns);
    fake.fails = false;
    take_turn(false);
    assert_true(fake.report.is_throttled);
    assert_int_equal(fake.report.hold_ns, 5 * S - (fake.now_ns - received_ns));
    take_turn(false);
    assert_false(fake.report.is_throttled);
    assert_int_equal(fake.report.hold_ns, 0);
}

/* As from one run to the next: one of years may be a mistake. */
static void a_retry_after_holds_the_others_for_a_day_at_most(void **state)
{
    (void)state;
    must_open();
    fake.hold_ns = 366 * 86400 * S;
    take_turn(true);
    assert_int_equal(fake.report.hold_ns, 86400 * S);
}

static void after_the_end_of_its_lease_it_asks_once_nothing_is_used(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    fake.fails = fake.is_slow = true;
    run_for(4 * S);
    fake.fails = false;
    unsigned renewals = fake.renewals;
    take_turn(false);
    take_turn(false);
    assert_int_equal(fake.renewals, renewals);
    assert_int_equal(fake.wait_ms, 10);
    fake.is_slow = false;
    take_turn(false);
    assert_int_equal(fake.renewals, renewals + 1);
    assert_int_equal(fake.report.using_count, 0);
    run_for(2 * S);
    assert_int_equal(fake.told, COUNT);
}

/* A call that arrives after the lease has ended, and another job has got its share. */
static void an_answer_that_comes_after_the_end_of_the_lease_gives_nothing(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    uint64_t until_ns = fake.until_ns;
    fake.fails = true;
    while (fake.now_ns + S < until_ns)
        take_turn(false);
    fake.fails = false;
    fake.way_ns = 2 * S;
    fake.other_asks = true;
    ask_as_other();
    take_turn(false);
    assert_true(fake.now_ns > until_ns + 1100 * MS);
    assert_int_equal(fake.other, COUNT);
    assert_int_equal(fake.until_ns, until_ns);
    fake.way_ns = 0;
    for (unsigned i = 0; i < 40; i++) { /* they share it again, and never have more */
        take_turn(false);
        uint32_t mine = fake.until_ns <= fake.now_ns ? 0 : fake.told > fake.used ? fake.told : fake.used;
        assert_in_range(mine + fake.other, 0, COUNT);
    }
    assert_int_equal(fake.told, COUNT / 2);
    assert_int_equal(fake.other, COUNT / 2);
}

/* Nothing to send. */

static void an_idle_job_gives_back_all_that_it_has_and_asks_again_when_it_is_busy(void **state)
{
    (void)state;
    must_open();
    run_for(3 * S);
    fake.is_busy = false;
    run_for(1500 * MS);
    assert_int_equal(fake.leaves, 0);
    fake.is_slow = true;
    run_for(S);
    assert_int_equal(fake.leaves, 0); /* the sender has not heard of it yet */
    fake.is_slow = false;
    run_for(S);
    assert_int_equal(fake.leaves, 1);
    assert_int_equal(fake.wait_ms, 1000);
    unsigned renewals = fake.renewals;
    run_for(60 * S);
    assert_int_equal(fake.renewals, renewals);
    assert_int_equal(fake.leaves, 1);
    assert_int_equal(ask_as_other(), COUNT);
    fake.now_ns += 10 * S;
    fake.is_busy = true;
    take_turn(true);
    assert_int_equal(fake.renewals, renewals + 1);
    assert_int_equal(fake.told, COUNT);
}

/* Failures. */

static void what_cannot_be_renewed_is_tried_again_and_ends_the_run_after_retry_for(void **state)
{
    (void)state;
    must_open();
    take_turn(false);
    uint64_t until_ns = fake.until_ns;
    fake.fails = true;
    run_for(9 * S);
    fake.fails = false;
    run_for(2 * S);
    assert_true(fake.until_ns > until_ns);
    fake.fails = true;
    take_turn(false);
    uint64_t began_ns = fake.now_ns;
    while (fake.failure[0] == '\0')
        take_turn(false);
    assert_string_equal(fake.failure, "the place is away");
    assert_in_range(fake.now_ns - began_ns, 10 * S, 10 * S + 500 * MS);
}

/* Turns until a time, with what is logged meanwhile counted. */
static unsigned count_warnings_for(uint64_t ns)
{
    FILE *log = tmpfile();
    char line[1024];
    unsigned count = 0;
    int kept = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(fileno(log), STDERR_FILENO);
    run_for(ns);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(log);
    while (fgets(line, sizeof line, log))
        count += strstr(line, "warning: nothing is sent") != NULL;
    fclose(log);
    return count;
}

static void a_failure_is_a_warning_once_it_has_lasted_for_a_lease(void **state)
{
    (void)state;
    must_open();
    fake.is_busy = false;
    run_for(4 * S); /* all is given back: there is no lease */
    fake.is_busy = fake.fails = true;
    assert_int_equal(count_warnings_for(S), 0);
    fake.fails = false;
    assert_int_equal(count_warnings_for(S), 0);
    fake.fails = true;
    assert_int_equal(count_warnings_for(5 * S), 1);
    fake.fails = false;
    run_for(S);
}

static void what_fails_when_it_is_opened_is_an_error(void **state)
{
    (void)state;
    fake.cannot_open = true;
    assert_int_equal(open_share().scope, ERROR_LEDGER);
    assert_null(fake.share);
    assert_int_equal(fake.leaves, 0);
    fake.cannot_open = false;
    fake.fails = true;
    assert_int_equal(open_share().scope, ERROR_LEDGER);
    assert_null(fake.share);
}

static void another_window_of_running_jobs_is_an_error(void **state)
{
    (void)state;
    const struct rate_share_limit minute = {COUNT, 10 * S, 100 * MS, 3 * S};
    fake.limit = minute;
    ask_as_other();
    struct error error = open_share();
    assert_null(fake.share);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "the rate of the account `main` in windows of 10000 ms, and this job "
                                       "in windows of 1000 ms, because its delivery.rate has another unit\n"
                                       "hint: "));
}

/* The end. */

static void what_it_has_is_given_back_at_the_end(void **state)
{
    (void)state;
    fake.key_count = 1;
    fake.key_ids[0] = "k0";
    must_open();
    run_for(2 * S);
    fake.last_nonces[0] = 77;
    close_share();
    assert_int_equal(fake.leaves, 1);
    assert_string_equal(fake.table.keys[0].holder, "");
    fake.now_ns += 1100 * MS;
    assert_int_equal(ask_as_other(), COUNT);
    rate_share_close(NULL);
}

/* It may be what ends the run. */
static void what_the_sender_received_last_is_reported_at_the_end(void **state)
{
    (void)state;
    must_open();
    run_for(2 * S);
    fake.hold_ns = 600 * S;
    fake.is_throttled = true;
    close_share();
    assert_int_equal(fake.table.held_until_ns, fake.now_ns + 600 * S);
    assert_int_equal(fake.table.throttles, 1);
    fake.now_ns += 1100 * MS;
    assert_int_equal(ask_as_other(), COUNT);
}

/* Keys. */

static void use_keys(size_t count)
{
    static const char *const ids[KEYS_MAX] = {"k2", "k0", "k1"}; /* not sorted */
    fake.key_count = count;
    memcpy(fake.key_ids, ids, sizeof ids);
}

static const char *const sorted_ids[KEYS_MAX] = {"k0", "k1", "k2"};

static size_t ask_for_keys_as_other(struct key_share_answer answers[KEYS_MAX])
{
    return share_table_keys(&fake.table, fake.now_ns, "other", &fake.limit, sorted_ids, KEYS_MAX, NULL, 0,
                            answers);
}

static void a_key_is_used_once_its_nonces_are_reserved(void **state)
{
    (void)state;
    use_keys(3);
    must_open();
    assert_int_equal(fake.key_calls, 1);
    assert_int_equal(fake.renewals, 0); /* without a key there is no use for a share */
    assert_int_equal(fake.leases[0].until_boot_ns, 0);
    take_turn(false);
    assert_int_equal(fake.key_calls, 2);
    assert_int_equal(fake.renewals, 1);
    for (size_t i = 0; i < 3; i++) {
        const struct sender_key_lease *lease = &fake.leases[i];
        assert_true(lease->keep && lease->start <= lease->floor);
        assert_int_equal(lease->until_boot_ns, fake.now_ns + 3 * S);
        assert_true(fake.table.keys[i].floor >= fake.leases[0].floor);
    }
}

static void nonces_begin_above_those_of_the_job_before_whatever_its_clock_shows(void **state)
{
    (void)state;
    use_keys(1);
    fake.table.keys[0] = (struct share_table_key){.key_id = "k2", .floor = 5000 * S};
    must_open();
    take_turn(false);
    assert_int_equal(fake.leases[0].start, 5000 * S + 1);
    assert_true(fake.leases[0].floor > 5000 * S + 1);
    fake.last_nonces[0] = 5001 * S;
    fake.clock_ahead_ns = 86400 * S; /* it steps on */
    run_for(S);
    assert_true(fake.leases[0].floor > 87400 * S);
    fake.clock_ahead_ns = 0; /* and back */
    run_for(S);
    assert_true(fake.leases[0].floor > 5001 * S);
    assert_true(fake.table.keys[0].floor > 87400 * S);
}

static void a_key_that_is_wanted_elsewhere_is_given_up_once_it_is_idle(void **state)
{
    (void)state;
    struct key_share_answer answers[KEYS_MAX];
    use_keys(3);
    must_open();
    run_for(S);
    assert_int_equal(ask_for_keys_as_other(answers), 0);
    fake.is_in_flight[0] = true; /* with k2 */
    take_turn(false);
    assert_true(fake.leases[1].keep && fake.leases[2].keep && !fake.leases[0].keep);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(ask_for_keys_as_other(answers), 0);
        take_turn(false);
        assert_true(fake.leases[0].until_boot_ns > fake.now_ns);
    }
    fake.is_in_flight[0] = false;
    take_turn(false);
    assert_int_equal(ask_for_keys_as_other(answers), 1);
    assert_string_equal(answers[0].key_id, "k2");
    take_turn(false);
    assert_int_equal(fake.leases[0].until_boot_ns, 0);
    assert_true(fake.leases[1].keep && fake.leases[2].keep);
}

/* Of a key whose lease has ended, the place must not hear that nothing of it is in flight. */
static void a_key_that_is_in_flight_when_its_lease_ends_is_not_given_back(void **state)
{
    (void)state;
    struct key_share_answer answers[KEYS_MAX];
    use_keys(3);
    must_open();
    run_for(S);
    memset(fake.is_in_flight, true, sizeof fake.is_in_flight);
    uint64_t until_ns = fake.leases[0].until_boot_ns;
    fake.fails = true;
    while (fake.now_ns <= until_ns) {
        assert_int_equal(ask_for_keys_as_other(answers), 0);
        take_turn(false);
    }
    fake.fails = false;
    while (fake.now_ns <= until_ns + S) { /* RATE_SHARE_KEY_MARGIN_MS */
        assert_int_equal(ask_for_keys_as_other(answers), 0);
        take_turn(false);
    }
    memset(fake.is_in_flight, false, sizeof fake.is_in_flight);
    run_for(S);
    assert_in_range(ask_for_keys_as_other(answers), 1, 2);
    size_t used = 0;
    for (size_t i = 0; i < 3; i++)
        used += fake.leases[i].until_boot_ns > fake.now_ns;
    assert_in_range(used, 1, 2);
}

/* Failures, slow calls, a sender that hears late or has nothing to send, another job that comes and goes. */
static void disturb(struct retry_random *random, bool removes)
{
    uint64_t any = retry_random_next(random);
    if (any % 8 == 0)
        fake.fails = any / 8 % 2;
    if (any % 7 == 0)
        fake.way_ns = any / 7 % 2 ? any / 14 % (20 * MS) : any / 14 % (5 * S);
    if (any % 5 == 0)
        fake.is_slow = any / 5 % 2;
    if (any % 40 == 0)
        fake.is_busy = any / 40 % 4;
    if (any % 50 == 0)
        fake.other_asks = any / 50 % 4;
    if (any % 3 == 0)
        ask_as_other();
    if (removes && any % 200 == 0) /* the file */
        share_table_init(&fake.table);
}

static void whatever_happens_both_together_never_have_more_than_the_rate(void **state)
{
    (void)state;
    struct retry_random random = retry_random_from(20);
    unsigned both = 0, all = 0;
    fake_job.delivery.retry_for_ns = UINT64_MAX;
    must_open();
    for (unsigned turn = 0; turn < TURNS; turn++) {
        disturb(&random, true);
        take_turn(false);
        note_use();
        uint32_t mine = most_used(fake.used_ns), others = most_used(fake.other_used_ns);
        if (mine + others > COUNT)
            fail_msg("%u and %u in turn %u", mine, others, turn);
        both += mine > 0 && others > 0;
        all += mine + others == COUNT;
    }
    assert_true(both > TURNS / 10 && all > TURNS / 10);
}

/* A call that arrives after the lease has ended, and another job has had the key and given it back. */
static void a_key_that_was_anothers_for_a_moment_begins_above_its_nonces(void **state)
{
    (void)state;
    fake.key_count = 1;
    fake.key_ids[0] = "k0";
    must_open();
    run_for(S);
    uint64_t until_ns = fake.leases[0].until_boot_ns;
    fake.fails = true;
    while (fake.now_ns + S < until_ns)
        take_turn(false);
    fake.fails = false;
    fake.way_ns = 2500 * MS;
    fake.other_nonce = fake.leases[0].floor + S;
    take_turn(false);
    assert_string_equal(fake.table.keys[0].holder, fake.holder);
    assert_true(fake.leases[0].until_boot_ns <= until_ns);
    fake.way_ns = 0;
    uint64_t last = fake.other_nonce;
    fake.other_nonce = 0;
    run_for(S);
    assert_true(fake.leases[0].until_boot_ns > fake.now_ns && fake.leases[0].keep);
    assert_true(fake.leases[0].start > last);
}

/* The keys of the other job, which knows what it was answered; and of each key what both have done. */
struct keys {
    bool has[KEYS_MAX], keep[KEYS_MAX];
    uint64_t until_ns, start[KEYS_MAX], reserved[KEYS_MAX];
    uint64_t last[KEYS_MAX];            /* nonce */
    uint64_t in_flight_until[KEYS_MAX]; /* the end of the lease under which this job's request is in flight */
    unsigned used, other_used;
};

static void renew_other_keys(struct keys *keys, bool gives_back)
{
    struct key_share_report held[KEYS_MAX];
    struct key_share_answer answers[KEYS_MAX];
    uint64_t reported[KEYS_MAX] = {0};
    size_t held_count = 0;
    for (size_t i = 0; i < KEYS_MAX; i++)
        if (keys->has[i] && fake.now_ns < keys->until_ns && (keys->keep[i] || !gives_back)) {
            reported[i] = (keys->last[i] > keys->start[i] ? keys->last[i] : keys->start[i]) + 1000;
            held[held_count++] = (struct key_share_report){sorted_ids[i], reported[i]};
        }
    size_t count = share_table_keys(&fake.table, fake.now_ns, "other", &fake.limit, sorted_ids, KEYS_MAX,
                                    held, held_count, answers);
    memset(keys->has, 0, sizeof keys->has);
    for (size_t answer = 0; answer < count; answer++) {
        size_t i = (size_t)(answers[answer].key_id[1] - '0');
        keys->has[i] = true;
        keys->keep[i] = answers[answer].keep;
        keys->reserved[i] = answers[answer].floor <= reported[i] ? reported[i] : 0;
        if (!keys->reserved[i])
            keys->start[i] = answers[answer].floor + 1;
    }
    keys->until_ns = fake.now_ns + 3 * S;
}

static void use_nonce(struct keys *keys, size_t i, uint64_t nonce)
{
    if (nonce <= keys->last[i])
        fail_msg("a nonce of k%zu out of order", i);
    keys->last[i] = nonce;
}

/* Each job that may use a key does so, now and then. */
static void use_keys_of_both(struct keys *keys, uint64_t any)
{
    for (size_t slot = 0; slot < KEYS_MAX; slot++, any >>= 4) {
        size_t i = (size_t)(fake.key_ids[slot][1] - '0');
        const struct sender_key_lease *lease = &fake.heard[slot];
        bool is_mine = lease->until_boot_ns > fake.now_ns && (lease->keep || fake.is_in_flight[slot]);
        bool is_others = keys->has[i] && keys->until_ns > fake.now_ns;
        if (fake.is_in_flight[slot] && lease->until_boot_ns > keys->in_flight_until[i])
            keys->in_flight_until[i] = lease->until_boot_ns;
        if (is_others &&
            (is_mine || (fake.is_in_flight[slot] && keys->in_flight_until[i] + S >= fake.now_ns)))
            fail_msg("both use k%zu", i);
        fake.is_in_flight[slot] = fake.is_in_flight[slot] && any & 3;
        if (is_mine && lease->keep && any & 4 && !fake.is_in_flight[slot]) {
            fake.last_nonces[slot] += 1;
            if (fake.last_nonces[slot] < lease->start)
                fake.last_nonces[slot] = lease->start;
            assert_true(fake.last_nonces[slot] <= lease->floor);
            use_nonce(keys, i, fake.last_nonces[slot]);
            keys->in_flight_until[i] = lease->until_boot_ns;
            fake.is_in_flight[slot] = true;
            keys->used++;
        }
        if (is_others && keys->reserved[i] > keys->start[i] && keys->reserved[i] > keys->last[i] && any & 8) {
            use_nonce(keys, i, keys->last[i] >= keys->start[i] ? keys->last[i] + 1 : keys->start[i]);
            keys->other_used++;
        }
    }
}

static void whatever_happens_no_key_is_used_by_both(void **state)
{
    (void)state;
    struct retry_random random = retry_random_from(20);
    struct keys keys = {.used = 0};
    use_keys(KEYS_MAX);
    fake_job.delivery.retry_for_ns = UINT64_MAX;
    must_open();
    for (unsigned turn = 0; turn < TURNS; turn++) {
        disturb(&random, false);
        if (turn / 1000 % 2 && retry_random_next(&random) % 3 == 0)
            renew_other_keys(&keys, retry_random_next(&random) % 2);
        take_turn(false);
        use_keys_of_both(&keys, retry_random_next(&random));
    }
    assert_true(keys.used > TURNS / 40 && keys.other_used > TURNS / 40);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_test, end_test)
    const struct CMUnitTest tests[] = {
        TEST(it_asks_once_when_it_is_opened_and_waits_for_nothing),
        TEST(a_ledger_in_a_file_has_the_shares_of_this_machine),
        TEST(it_renews_twice_a_second_and_reports_what_is_used),
        TEST(without_a_share_it_asks_five_times_a_second),
        TEST(a_smaller_share_is_reported_as_soon_as_it_is_applied),
        TEST(what_the_sender_received_is_reported_at_once_and_until_it_has_arrived),
        TEST(a_retry_after_holds_the_others_for_a_day_at_most),
        TEST(after_the_end_of_its_lease_it_asks_once_nothing_is_used),
        TEST(an_answer_that_comes_after_the_end_of_the_lease_gives_nothing),
        TEST(an_idle_job_gives_back_all_that_it_has_and_asks_again_when_it_is_busy),
        TEST(what_cannot_be_renewed_is_tried_again_and_ends_the_run_after_retry_for),
        TEST(a_failure_is_a_warning_once_it_has_lasted_for_a_lease),
        TEST(what_fails_when_it_is_opened_is_an_error),
        TEST(another_window_of_running_jobs_is_an_error),
        TEST(whatever_happens_both_together_never_have_more_than_the_rate),
        TEST(what_it_has_is_given_back_at_the_end),
        TEST(what_the_sender_received_last_is_reported_at_the_end),
        TEST(a_key_is_used_once_its_nonces_are_reserved),
        TEST(nonces_begin_above_those_of_the_job_before_whatever_its_clock_shows),
        TEST(a_key_that_is_wanted_elsewhere_is_given_up_once_it_is_idle),
        TEST(a_key_that_is_in_flight_when_its_lease_ends_is_not_given_back),
        TEST(a_key_that_was_anothers_for_a_moment_begins_above_its_nonces),
        TEST(whatever_happens_no_key_is_used_by_both),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rate_share", tests, NULL, NULL);
}
