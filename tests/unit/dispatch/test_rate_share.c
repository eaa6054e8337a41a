/* The thread that renews a share: with a sender that only notes what it is told, a place of shares in memory
 * that can fail and be slow, and a clock that moves by what the thread waits. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "core/clock.h"
#include "delivery/sender_share.h"
#include "delivery/share_file.h"
#include "delivery/share_table.h"
#include "dispatch/rate_share.h"
#include "ledger/ledger_share.h"
#include "provider/provider.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

enum { COUNT = 20, KEYS_MAX = 3 };

static const struct provider provider = {.name = "demo"};
static struct job job;

/* Of one test. Its thread and that of the share take turns. */
static struct {
    uint64_t now_ns, clock_ahead_ns; /* of the real clock */
    /* the thread */
    struct rate_share *share;
    sem_t waits;
    int go, event;
    bool is_event;
    int wait_ms;
    /* the sender: what it was told, and what it reports */
    bool is_busy, is_slow; /* is_slow: it has not heard of what it was told yet */
    uint32_t told, used;
    uint64_t until_ns;
    unsigned lapses;
    bool is_throttled;
    uint64_t hold_ns;
    char failure[80];
    size_t key_count;
    const char *key_ids[KEYS_MAX];
    struct sender_key_lease leases[KEYS_MAX];
    bool is_new[KEYS_MAX], is_in_flight[KEYS_MAX];
    uint64_t last_nonces[KEYS_MAX];
    /* the place */
    struct share_table table;
    const char *place;
    char holder[RATE_SHARE_HOLDER_SIZE];
    struct rate_share_limit limit;
    bool cannot_open, fails;
    uint64_t way_ns; /* of a call, there */
    bool other_asks; /* when a call arrives */
    unsigned renewals, key_calls, leaves;
    struct rate_share_report report; /* the last */
    uint32_t other;                  /* what the other job has */
} fake;

/* Time. */

uint64_t clock_boot_ns(void)
{
    return fake.now_ns;
}

uint64_t clock_mono_ns(void)
{
    return fake.now_ns;
}

uint64_t clock_real_ns(void)
{
    return fake.now_ns + fake.clock_ahead_ns;
}

char *clock_boot_id(char id[CLOCK_BOOT_ID_SIZE])
{
    id[0] = '\0';
    return id;
}

char *clock_rfc3339(uint64_t real_ns, char text[CLOCK_RFC3339_SIZE])
{
    (void)real_ns;
    text[0] = '\0';
    return text;
}

/* What the thread waits with: for the next turn, which takes as long as it wanted to wait. */
int wait_a_turn(struct pollfd *events, nfds_t count, int wait_ms) __asm__("poll");

int wait_a_turn(struct pollfd *events, nfds_t count, int wait_ms)
{
    struct pollfd turn[] = {events[0], {.fd = fake.go, .events = POLLIN}};
    uint64_t one;
    assert(count == 2);
    fake.wait_ms = wait_ms;
    sem_post(&fake.waits);
    while (ppoll(turn, 2, NULL, NULL) < 0) {
    }
    events[0].revents = turn[0].revents;
    if (turn[0].revents)
        return 1;
    (void)!read(fake.go, &one, sizeof one);
    events[1].revents = fake.is_event ? POLLIN : 0;
    if (!fake.is_event)
        fake.now_ns += (uint64_t)wait_ms * MS;
    return fake.is_event;
}

/* The sender. */

struct sender {
    int nothing;
};

static void hear(void)
{
    if (fake.is_slow)
        return;
    fake.used = fake.told;
    memset(fake.is_new, 0, sizeof fake.is_new);
}

size_t sender_key_slot_count(const struct sender *sender)
{
    (void)sender;
    return fake.key_count;
}

const char *sender_key_slot_id(const struct sender *sender, size_t key_slot)
{
    (void)sender;
    return fake.key_ids[key_slot];
}

uint64_t sender_key_slot_start_ns(const struct sender *sender, size_t key_slot)
{
    (void)sender, (void)key_slot;
    return 0;
}

uint64_t sender_key_slot_last_nonce(const struct sender *sender, size_t key_slot)
{
    (void)sender;
    return fake.last_nonces[key_slot];
}

void sender_share_rate(struct sender *sender, const struct rate_share_answer *answer, uint64_t until_boot_ns)
{
    (void)sender;
    fake.told = answer->count;
    if (until_boot_ns > fake.until_ns)
        fake.until_ns = until_boot_ns;
}

void sender_share_lapse(struct sender *sender)
{
    (void)sender;
    fake.told = 0;
    fake.lapses++;
}

void sender_share_report(struct sender *sender, struct rate_share_report *report)
{
    (void)sender;
    *report = (struct rate_share_report){
        .using_count = fake.used > fake.told ? fake.used : fake.told,
        .hold_ns = fake.hold_ns,
        .is_throttled = fake.is_throttled,
    };
    fake.hold_ns = 0;
    fake.is_throttled = false;
}

bool sender_share_is_busy(struct sender *sender)
{
    (void)sender;
    return fake.is_busy;
}

int sender_share_event(const struct sender *sender)
{
    (void)sender;
    return fake.event;
}

void sender_share_fail(struct sender *sender, const char *text)
{
    (void)sender;
    snprintf(fake.failure, sizeof fake.failure, "%s", text);
}

void sender_share_key(struct sender *sender, size_t key_slot, const struct sender_key_lease *lease)
{
    (void)sender;
    fake.leases[key_slot] = *lease;
    fake.is_new[key_slot] = true;
}

bool sender_share_key_is_idle(struct sender *sender, size_t key_slot)
{
    (void)sender;
    return !fake.is_new[key_slot] && !fake.is_in_flight[key_slot];
}

/* The place: as a file and as a database. */

static void *open_place(const char *place, const char *holder, const struct rate_share_limit *limit,
                        struct error *error)
{
    snprintf(fake.holder, sizeof fake.holder, "%s", holder);
    fake.limit = *limit;
    fake.place = place;
    if (!fake.cannot_open)
        return &fake;
    error_set(error, ERROR_LEDGER, "the place cannot be opened");
    return NULL;
}

/* Another job of the account, which uses what it gets. */
static uint32_t ask_as_other(void)
{
    struct rate_share_answer answer;
    uint64_t window_ns;
    share_table_renew(&fake.table, fake.now_ns, "other", &fake.limit,
                      &(struct rate_share_report){.using_count = fake.other}, &answer, &window_ns);
    return fake.other = answer.count;
}

static int arrive(struct error *error)
{
    if (fake.fails)
        return error_set(error, ERROR_LEDGER, "the place is away");
    fake.now_ns += fake.way_ns;
    if (fake.other_asks)
        ask_as_other();
    return 0;
}

static int renew(const struct rate_share_report *report, struct rate_share_answer *answer,
                 uint64_t *window_ns, struct error *error)
{
    if (arrive(error) != 0)
        return -1;
    fake.renewals++;
    fake.report = *report;
    return !share_table_renew(&fake.table, fake.now_ns, fake.holder, &fake.limit, report, answer, window_ns);
}

static int renew_keys(const char *const *keys, size_t key_count, const struct key_share_report *held,
                      size_t held_count, struct key_share_answer *answers, size_t *answer_count,
                      struct error *error)
{
    if (arrive(error) != 0)
        return -1;
    fake.key_calls++;
    for (size_t i = 1; i < key_count; i++)
        assert(strcmp(keys[i - 1], keys[i]) < 0);
    *answer_count = share_table_keys(&fake.table, fake.now_ns, fake.holder, &fake.limit, keys, key_count,
                                     held, held_count, answers);
    return 0;
}

static int leave(const struct key_share_report *held, size_t held_count, struct error *error)
{
    if (arrive(error) != 0)
        return -1;
    fake.leaves++;
    share_table_leave(&fake.table, fake.now_ns, fake.holder, &fake.limit, held, held_count);
    return 0;
}

bool ledger_is_remote(const char *location)
{
    return strncmp(location, "postgresql:", 11) == 0;
}

struct ledger_share *ledger_share_open(const struct ledger_place *place, const char *name, const char *holder,
                                       const struct rate_share_limit *limit, struct error *error)
{
    assert_string_equal(place->location, job.ledger_path);
    assert_string_equal(name, "main");
    return open_place("database", holder, limit, error);
}

void ledger_share_close(struct ledger_share *share)
{
    (void)share;
}

int ledger_share_renew(struct ledger_share *share, const struct rate_share_report *report,
                       struct rate_share_answer *answer, uint64_t *window_ns, struct error *error)
{
    (void)share;
    return renew(report, answer, window_ns, error);
}

int ledger_share_keys(struct ledger_share *share, const char *const *keys, size_t key_count,
                      const struct key_share_report *held, size_t held_count,
                      struct key_share_answer *answers, size_t *answer_count, struct error *error)
{
    (void)share;
    return renew_keys(keys, key_count, held, held_count, answers, answer_count, error);
}

int ledger_share_leave(struct ledger_share *share, const struct key_share_report *held, size_t held_count,
                       struct error *error)
{
    (void)share;
    return leave(held, held_count, error);
}

struct share_file *share_file_open(const struct job *of, const char *holder,
                                   const struct rate_share_limit *limit, struct error *error)
{
    assert_ptr_equal(of, &job);
    return open_place("file", holder, limit, error);
}

void share_file_close(struct share_file *file)
{
    (void)file;
}

int share_file_renew(struct share_file *file, const struct rate_share_report *report,
                     struct rate_share_answer *answer, uint64_t *window_ns, struct error *error)
{
    (void)file;
    return renew(report, answer, window_ns, error);
}

int share_file_keys(struct share_file *file, const char *const *keys, size_t key_count,
                    const struct key_share_report *held, size_t held_count, struct key_share_answer *answers,
                    size_t *answer_count, struct error *error)
{
    (void)file;
    return renew_keys(keys, key_count, held, held_count, answers, answer_count, error);
}

int share_file_leave(struct share_file *file, const struct key_share_report *held, size_t held_count,
                     struct error *error)
{
    (void)file;
    return leave(held, held_count, error);
}

/* The test's turns. */

static int begin_test(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    job = (struct job){
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
    fake.share = rate_share_open(&job, &provider, &sender, &error);
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
    job.ledger_path = "demo.ledger";
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
    const struct rate_share_limit minute = {300, 10 * S, 100 * MS, 3 * S};
    fake.limit = minute;
    ask_as_other();
    struct error error = open_share();
    assert_null(fake.share);
    assert_int_equal(error.scope, ERROR_USAGE);
    assert_non_null(strstr(error.text, "share the account `main` by requests in 10000 ms, and this job by "
                                       "requests in 1000 ms\nhint: "));
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

static size_t ask_for_keys_as_other(struct key_share_answer answers[KEYS_MAX])
{
    static const char *const sorted[KEYS_MAX] = {"k0", "k1", "k2"};
    return share_table_keys(&fake.table, fake.now_ns, "other", &fake.limit, sorted, KEYS_MAX, NULL, 0,
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
        TEST(what_fails_when_it_is_opened_is_an_error),
        TEST(another_window_of_running_jobs_is_an_error),
        TEST(what_it_has_is_given_back_at_the_end),
        TEST(what_the_sender_received_last_is_reported_at_the_end),
        TEST(a_key_is_used_once_its_nonces_are_reserved),
        TEST(nonces_begin_above_those_of_the_job_before_whatever_its_clock_shows),
        TEST(a_key_that_is_wanted_elsewhere_is_given_up_once_it_is_idle),
        TEST(a_key_that_is_in_flight_when_its_lease_ends_is_not_given_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rate_share", tests, NULL, NULL);
}
