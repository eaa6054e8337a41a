/* fake_share: what the thread of rate_share meets in its test: a sender that only notes what it is told, a
 * place of shares in memory that can fail and be slow, and a clock that moves by what the thread waits.
 *
 * It defines functions of the program (clock, sender, share_file, ledger_share) and poll(2), so that the
 * linker takes these. Thread: that of the test and that of the share take turns.
 */
#ifndef KYC_TESTS_FAKE_SHARE_H
#define KYC_TESTS_FAKE_SHARE_H

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
#include "delivery/retry.h"
#include "delivery/sender_share.h"
#include "delivery/share_file.h"
#include "delivery/share_table.h"
#include "dispatch/rate_share.h"
#include "ledger/ledger_share.h"
#include "provider/provider.h"

#define S  CLOCK_NS_PER_S
#define MS CLOCK_NS_PER_MS

enum { COUNT = 20, KEYS_MAX = 3, TURNS = 20000 };

static const struct provider provider = {.name = "demo"};
static struct job fake_job;

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
    struct sender_key_lease leases[KEYS_MAX], heard[KEYS_MAX];
    bool is_new[KEYS_MAX], is_in_flight[KEYS_MAX];
    uint64_t last_nonces[KEYS_MAX];
    /* the place */
    struct share_table table;
    const char *place;
    char holder[RATE_SHARE_HOLDER_SIZE];
    struct rate_share_limit limit;
    bool cannot_open, fails;
    uint64_t way_ns;      /* of a call, there */
    bool other_asks;      /* when a call arrives */
    uint64_t other_nonce; /* not 0: then the other job has had key k0, used it up to this and given it back */
    unsigned renewals, key_calls, leaves;
    struct rate_share_report report; /* the last */
    uint32_t other;                  /* what the other job has */
    /* when each count could be used last, by this job and by the other */
    uint64_t used_ns[COUNT + 1], other_used_ns[COUNT + 1];
    uint64_t other_until_ns;
} fake;

/* Before anything of it changes. */
static void note_use(void)
{
    uint32_t mine = fake.used > fake.told ? fake.used : fake.told;
    uint64_t last_ns = fake.now_ns < fake.until_ns ? fake.now_ns : fake.until_ns;
    uint64_t other_last_ns = fake.now_ns < fake.other_until_ns ? fake.now_ns : fake.other_until_ns;
    assert(mine <= COUNT && fake.other <= COUNT);
    if (last_ns > fake.used_ns[mine])
        fake.used_ns[mine] = last_ns;
    if (other_last_ns > fake.other_used_ns[fake.other])
        fake.other_used_ns[fake.other] = other_last_ns;
}

static uint32_t most_used(const uint64_t used_ns[COUNT + 1])
{
    uint32_t count = COUNT;
    while (count > 0 && used_ns[count] + S <= fake.now_ns)
        count--;
    return count;
}

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
    note_use();
    fake.used = fake.told;
    memcpy(fake.heard, fake.leases, sizeof fake.heard);
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
    note_use();
    fake.told = answer->count;
    if (until_boot_ns > fake.until_ns)
        fake.until_ns = until_boot_ns;
}

void sender_share_lapse(struct sender *sender)
{
    (void)sender;
    note_use();
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
    note_use();
    if (fake.now_ns >= fake.other_until_ns)
        fake.other = 0;
    share_table_renew(&fake.table, fake.now_ns, "other", &fake.limit,
                      &(struct rate_share_report){.using_count = fake.other}, &answer, &window_ns);
    fake.other_until_ns = fake.now_ns + 3 * S;
    return fake.other = answer.count;
}

static void use_key_as_other(void)
{
    static const char *const ids[] = {"k0"};
    const struct key_share_report held = {"k0", fake.other_nonce};
    struct key_share_answer answer;
    share_table_keys(&fake.table, fake.now_ns, "other", &fake.limit, ids, 1, NULL, 0, &answer);
    share_table_keys(&fake.table, fake.now_ns, "other", &fake.limit, ids, 1, &held, 1, &answer);
    share_table_leave(&fake.table, fake.now_ns, "other", &fake.limit, &held, 1);
}

static int arrive(struct error *error)
{
    if (fake.fails)
        return error_set(error, ERROR_LEDGER, "the place is away");
    fake.now_ns += fake.way_ns;
    if (fake.other_asks)
        ask_as_other();
    if (fake.other_nonce)
        use_key_as_other();
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
    assert_string_equal(place->location, fake_job.ledger_path);
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

struct share_file *share_file_open(const struct job *job, const char *holder,
                                   const struct rate_share_limit *limit, struct error *error)
{
    assert_ptr_equal(job, &fake_job);
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

#endif
