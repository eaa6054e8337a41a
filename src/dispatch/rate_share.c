#include "dispatch/rate_share.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/digest.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/plural.h"
#include "delivery/sender_share.h"
#include "delivery/share_file.h"
#include "dispatch/rate_carryover.h"
#include "ledger/ledger_share.h"
#include "model/rate_share.h"

enum {
    RENEW_MS = 500,
    WAITING_MS = 200, /* without a share, or a key */
    APPLIED_MS = 10,  /* until the sender has applied what it was told; doubled while it has not */
    LEFT_MS = 1000,   /* after all was given back: an event comes when the sender is busy again */
    IDLE_S = 2,       /* without anything to send: all is given back */
    QUIET_S = 2,      /* without a share: worth a word */
    HOST_NAME_SIZE = 16,
};

/* Nonces of a key are reserved so far ahead: more than a lease, because nobody else uses them within it. */
#define NONCES_AHEAD_NS (10 * CLOCK_NS_PER_S)

struct shared_key {
    const char *key_id;
    size_t key_slot;
    uint64_t start;                     /* no nonce below */
    uint64_t reported;                  /* the floor that was reported last */
    uint64_t until_ns;                  /* of its lease */
    bool is_held, is_used, is_draining; /* is_used: the sender has it */
};

struct rate_share {
    const struct job *job;
    struct sender *sender;
    struct rate_share_limit limit;
    char holder[RATE_SHARE_HOLDER_SIZE];
    struct share_file *file;     /* one of the two: */
    struct ledger_share *ledger; /* of a database */
    /* keys, sorted by their ids; none where keys are not leased */
    size_t key_count;
    struct shared_key *keys;
    const char **asked; /* of one call; as the next two */
    struct key_share_report *held;
    struct key_share_answer *answers;
    /* the rate */
    uint64_t until_ns; /* of the lease; 0: there was none yet */
    uint32_t count;
    uint64_t received_until_ns; /* a Retry-After that is not reported yet */
    bool is_throttled;          /* the same of a 429 */
    uint64_t idle_since_ns;     /* 0: the sender has something to send */
    bool has_left;              /* all was given back */
    unsigned unapplied;         /* answers that the sender has not applied, in a row */
    /* for the log */
    uint32_t lowest; /* the account's rate that was logged last; at first this job's */
    uint64_t failing_since_ns, waiting_since_ns; /* 0: it is not */
    bool is_failure_logged, is_wait_logged;

    pthread_t thread;
    bool is_started;
    int stop; /* an eventfd */
};

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Where the shares are kept. */

static int open_place(struct rate_share *share, struct error *error)
{
    const struct job *job = share->job;
    const struct ledger_place place = {
        .location = job->ledger_path, .job = job->name, .password = &job->ledger_password};

    if (ledger_is_remote(job->ledger_path))
        share->ledger = ledger_share_open(&place, job->delivery.shared, share->holder, &share->limit, error);
    else
        share->file = share_file_open(job, share->holder, &share->limit, error);
    return share->ledger || share->file ? 0 : -1;
}

static void close_place(struct rate_share *share)
{
    ledger_share_close(share->ledger);
    share_file_close(share->file);
}

static int ask_for_keys(struct rate_share *share, size_t asked_count, size_t held_count, size_t *count,
                        struct error *error)
{
    return share->ledger ? ledger_share_keys(share->ledger, share->asked, asked_count, share->held,
                                             held_count, share->answers, count, error)
                         : share_file_keys(share->file, share->asked, asked_count, share->held, held_count,
                                           share->answers, count, error);
}

static int ask_for_rate(struct rate_share *share, const struct rate_share_report *report,
                        struct rate_share_answer *answer, uint64_t *window_ns, struct error *error)
{
    return share->ledger ? ledger_share_renew(share->ledger, report, answer, window_ns, error)
                         : share_file_renew(share->file, report, answer, window_ns, error);
}

static int leave_place(struct rate_share *share, size_t held_count, struct error *error)
{
    return share->ledger ? ledger_share_leave(share->ledger, share->held, held_count, error)
                         : share_file_leave(share->file, share->held, held_count, error);
}

/* Keys. */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const struct shared_key *)a)->key_id, ((const struct shared_key *)b)->key_id);
}

static void add_keys(struct rate_share *share)
{
    share->key_count = sender_key_slot_count(share->sender);
    share->keys = memory_new(share->key_count + 1, sizeof *share->keys);
    share->asked = memory_new(share->key_count + 1, sizeof *share->asked);
    share->held = memory_new(share->key_count + 1, sizeof *share->held);
    share->answers = memory_new(share->key_count + 1, sizeof *share->answers);
    for (size_t i = 0; i < share->key_count; i++)
        share->keys[i] = (struct shared_key){.key_id = sender_key_slot_id(share->sender, i),
                                             .key_slot = i,
                                             .start = sender_key_slot_start_ns(share->sender, i)};
    qsort(share->keys, share->key_count, sizeof *share->keys, compare_keys);
}

/* The sender stops using it; it is idle once what is in flight has ended. */
static void give_up_key(struct rate_share *share, struct shared_key *key)
{
    if (key->is_used)
        sender_share_key(share->sender, key->key_slot, &(struct sender_key_lease){.keep = false});
    key->is_held = key->is_used = key->is_draining = false;
}

static bool is_idle(struct rate_share *share, const struct shared_key *key)
{
    return sender_share_key_is_idle(share->sender, key->key_slot);
}

static struct key_share_report report_key(struct rate_share *share, struct shared_key *key)
{
    uint64_t used = sender_key_slot_last_nonce(share->sender, key->key_slot);
    key->reported = later(key->start, later(clock_real_ns(), used)) + NONCES_AHEAD_NS;
    return (struct key_share_report){key->key_id, key->reported};
}

/* Fills asked[] and held[]. What is asked for and not held is given back. So a key whose lease is over, which
 * may be another's, is not asked for while a request with it is in flight. */
static void report_keys(struct rate_share *share, uint64_t now_ns, size_t *asked_count, size_t *held_count)
{
    *asked_count = *held_count = 0;
    for (size_t i = 0; i < share->key_count; i++) {
        struct shared_key *key = &share->keys[i];
        bool is_over = key->is_held && now_ns >= key->until_ns;
        bool is_drained = key->is_held && !is_over && key->is_draining && is_idle(share, key);
        if (is_over || is_drained)
            give_up_key(share, key);
        if (key->is_held)
            share->held[(*held_count)++] = report_key(share, key);
        if (key->is_held || is_drained || is_idle(share, key))
            share->asked[(*asked_count)++] = key->key_id;
    }
}

/* A key that is held, and whose reservation is confirmed, goes to the sender. False: it needs another call,
 * since it is new, or another job has used nonces above ours. */
static bool apply_key(struct rate_share *share, struct shared_key *key, const struct key_share_answer *answer,
                      uint64_t until_ns)
{
    bool is_confirmed = key->is_held && answer->floor <= key->reported;
    if (!is_confirmed)
        key->start = later(key->start, answer->floor + 1);
    key->is_held = true;
    key->until_ns = until_ns;
    key->is_draining = !answer->keep;
    if (!is_confirmed)
        return false;
    key->is_used = true;
    sender_share_key(
        share->sender, key->key_slot,
        &(struct sender_key_lease){
            .start = key->start, .floor = key->reported, .keep = answer->keep, .until_boot_ns = until_ns});
    return true;
}

/* *is_complete: no key needs another call at once. 1, 0, -1 as renew. */
static int renew_keys(struct rate_share *share, bool *is_complete, struct error *error)
{
    uint64_t asked_ns = clock_boot_ns(), until_ns = asked_ns + share->limit.ttl_ns;
    size_t asked_count, held_count, count, next = 0;

    report_keys(share, asked_ns, &asked_count, &held_count);
    if (asked_count == 0)
        return 0;
    if (ask_for_keys(share, asked_count, held_count, &count, error) != 0)
        return -1;
    uint64_t answered_ns = clock_boot_ns();
    for (size_t i = 0; i < share->key_count; i++) {
        struct shared_key *key = &share->keys[i];
        bool has_answer = next < count && strcmp(share->answers[next].key_id, key->key_id) == 0;
        const struct key_share_answer *answer = has_answer ? &share->answers[next++] : NULL;
        /* After the end of a lease another job may have had the key, and have given it back. */
        bool is_late = key->is_held && answered_ns >= key->until_ns;
        if (answer && !is_late)
            *is_complete = apply_key(share, key, answer, until_ns) && *is_complete;
        else if (key->is_held)
            give_up_key(share, key);
    }
    return 1;
}

static bool has_key(const struct rate_share *share)
{
    for (size_t i = 0; i < share->key_count; i++)
        if (share->keys[i].is_used)
            return true;
    return share->key_count == 0;
}

/* The rate. */

static int fail_window(const struct rate_share *share, uint64_t window_ns, struct error *error)
{
    return job_fail(
        share->job, share->job->delivery.shared_place, error,
        "jobs that run now count the rate of the account `%s` in windows of %" PRIu64
        " ms, and this job in windows of %" PRIu64
        " ms, because its delivery.rate has another unit\nhint: give all jobs of the account the same delivery.rate, or wait until the others have ended",
        share->job->delivery.shared, window_ns / CLOCK_NS_PER_MS, share->limit.window_ns / CLOCK_NS_PER_MS);
}

/* What the sender reports; what it received is kept until it has been passed on. */
static void collect_report(struct rate_share *share, uint64_t now_ns, struct rate_share_report *report)
{
    sender_share_report(share->sender, report);
    if (report->hold_ns > RATE_CARRYOVER_HOLD_MAX_NS)
        report->hold_ns = RATE_CARRYOVER_HOLD_MAX_NS;
    share->received_until_ns = later(share->received_until_ns, now_ns + report->hold_ns);
    share->is_throttled = share->is_throttled || report->is_throttled;
    report->hold_ns = share->received_until_ns > now_ns ? share->received_until_ns - now_ns : 0;
    report->is_throttled = share->is_throttled;
}

/* Of two rates in the same window the lower one holds. Logged once: a job that has nothing to send leaves the
 * account for a while. */
static void log_lower_rate(struct rate_share *share, uint32_t total)
{
    if (total >= share->lowest)
        return;
    share->lowest = total;
    log_info(
        "another job of the account `%s` has a lower delivery.rate, which holds for all of them: %" PRIu32
        " request%s in %g s, where this job has %" PRIu32
        "\nhint: give all jobs of the account the same delivery.rate",
        share->job->delivery.shared, total, plural_s(total),
        (double)share->limit.window_ns / (double)CLOCK_NS_PER_S, share->limit.count);
}

/* *wait_ms: until the next call. 1, 0, -1 as renew. */
static int renew_rate(struct rate_share *share, unsigned *wait_ms, struct error *error)
{
    uint64_t asked_ns = clock_boot_ns(), window_ns;
    struct rate_share_report report;
    struct rate_share_answer answer;

    if (asked_ns >= share->until_ns) { /* the lease is over, and what it was may be another's */
        sender_share_lapse(share->sender);
        share->count = 0;
    }
    collect_report(share, asked_ns, &report);
    if (asked_ns >= share->until_ns && report.using_count > 0) {
        *wait_ms = APPLIED_MS;
        return 0;
    }
    int result = ask_for_rate(share, &report, &answer, &window_ns, error);
    if (result > 0)
        return fail_window(share, window_ns, error);
    if (result < 0)
        return -1;
    log_lower_rate(share, answer.total);
    share->received_until_ns = 0;
    share->is_throttled = false;
    if (report.using_count > 0 && clock_boot_ns() >= share->until_ns) {
        /* The lease was over before: the place may have given to others what was reported as used. */
        *wait_ms = APPLIED_MS;
        return 1;
    }
    share->until_ns = asked_ns + share->limit.ttl_ns;
    share->count = answer.count;
    sender_share_rate(share->sender, &answer, share->until_ns);
    share->unapplied = report.using_count > answer.count ? share->unapplied + 1 : 0;
    *wait_ms = answer.count > 0 ? RENEW_MS : WAITING_MS;
    if (share->unapplied > 0 && share->unapplied < 6)
        *wait_ms = (uint32_t)APPLIED_MS << (share->unapplied - 1);
    return 1;
}

/* Nothing to send: once the sender uses neither rate nor keys, others may. 1, 0, -1 as renew. */
static int give_back_unused(struct rate_share *share, unsigned *wait_ms, struct error *error)
{
    struct rate_share_report report;
    bool is_unused = true;

    *wait_ms = LEFT_MS;
    if (share->has_left)
        return 0;
    sender_share_lapse(share->sender);
    for (size_t i = 0; i < share->key_count; i++) {
        give_up_key(share, &share->keys[i]);
        is_unused = is_unused && is_idle(share, &share->keys[i]);
    }
    collect_report(share, clock_boot_ns(), &report);
    if (!is_unused || report.using_count > 0) {
        *wait_ms = APPLIED_MS;
        return 0;
    }
    share->until_ns = 0;
    share->count = 0;
    share->has_left = leave_place(share, 0, error) == 0;
    return share->has_left ? 1 : -1;
}

static bool has_been_idle(struct rate_share *share)
{
    uint64_t now_ns = clock_boot_ns();

    if (sender_share_is_busy(share->sender)) {
        share->idle_since_ns = 0;
        share->has_left = false;
        return false;
    }
    if (share->idle_since_ns == 0)
        share->idle_since_ns = now_ns;
    return now_ns - share->idle_since_ns >= IDLE_S * CLOCK_NS_PER_S;
}

/* 1: the place has answered; 0: there was nothing to ask yet; -1. */
static int renew(struct rate_share *share, unsigned *wait_ms, struct error *error)
{
    bool is_complete = true;
    int of_keys = 0, of_rate = 0;

    if (has_been_idle(share))
        return give_back_unused(share, wait_ms, error);
    *wait_ms = WAITING_MS;
    if (share->key_count > 0 && (of_keys = renew_keys(share, &is_complete, error)) < 0)
        return -1;
    if (has_key(share) && (of_rate = renew_rate(share, wait_ms, error)) < 0)
        return -1;
    if (!is_complete && *wait_ms > APPLIED_MS)
        *wait_ms = APPLIED_MS;
    return of_keys > 0 || of_rate > 0;
}

/* The log. */

static void log_waiting(struct rate_share *share, uint64_t now_ns)
{
    bool has_share = has_key(share) && share->count > 0, is_idle = share->idle_since_ns > 0;

    if (has_share || is_idle || share->waiting_since_ns == 0) {
        share->waiting_since_ns = has_share || is_idle ? 0 : now_ns;
        if (has_share && share->is_wait_logged)
            log_info("the account `%s`: sending", share->job->delivery.shared);
        share->is_wait_logged = false;
        return;
    }
    if (share->is_wait_logged || now_ns - share->waiting_since_ns < QUIET_S * CLOCK_NS_PER_S)
        return;
    share->is_wait_logged = true;
    log_info(
        "waiting for %s of the shared account `%s`: other jobs use all of %s, or may do so for a few more seconds",
        has_key(share) ? "a share of the rate" : "an API key", share->job->delivery.shared,
        has_key(share) ? "it" : "them");
}

static void log_failed_renewal(struct rate_share *share, const struct error *error, uint64_t now_ns)
{
    if (share->failing_since_ns == 0)
        share->failing_since_ns = now_ns;
    /* One that has no lease, because it waits or has given all back, has nothing to lose by one failure. */
    if (!share->is_failure_logged && now_ns >= share->until_ns &&
        now_ns - share->failing_since_ns >= share->limit.ttl_ns) {
        share->is_failure_logged = true;
        log_warning("nothing is sent, because the share of the account `%s` cannot be renewed: %s",
                    share->job->delivery.shared, error->text);
    }
    if (now_ns - share->failing_since_ns >= share->job->delivery.retry_for_ns)
        sender_share_fail(share->sender, error->text);
}

static void log_renewal(struct rate_share *share)
{
    if (share->is_failure_logged)
        log_info("the share of the account `%s` is renewed again", share->job->delivery.shared);
    share->failing_since_ns = 0;
    share->is_failure_logged = false;
}

/* The thread. */

/* False: it ends. */
static bool wait_for(struct rate_share *share, unsigned wait_ms)
{
    struct pollfd events[] = {{.fd = share->stop, .events = POLLIN},
                              {.fd = sender_share_event(share->sender), .events = POLLIN}};
    uint64_t count;

    if (poll(events, 2, (int)wait_ms) > 0 && events[1].revents)
        (void)!read(events[1].fd, &count, sizeof count);
    return !events[0].revents;
}

static void *share_main(void *argument)
{
    struct rate_share *share = argument;
    unsigned wait_ms = APPLIED_MS;

    while (wait_for(share, wait_ms)) {
        struct error error = {0};
        uint64_t now_ns = clock_boot_ns();
        int result = renew(share, &wait_ms, &error);
        if (result < 0) {
            wait_ms = RENEW_MS;
            log_failed_renewal(share, &error, now_ns);
            continue;
        }
        if (result > 0)
            log_renewal(share);
        log_waiting(share, now_ns);
    }
    return NULL;
}

/* HOST-PID-RANDOM: for people, and no other process has it. The kernel lets a host's name have any bytes, and
 * a database takes no part of a character. */
static void name_holder(char holder[RATE_SHARE_HOLDER_SIZE])
{
    char host[HOST_NAME_SIZE] = "";
    uint64_t random;

    gethostname(host, sizeof host - 1);
    for (char *byte = host; *byte; byte++)
        if (*byte <= ' ' || *byte >= '\x7f')
            *byte = '?';
    digest_random(&random, sizeof random);
    snprintf(holder, RATE_SHARE_HOLDER_SIZE, "%s-%ld-%08" PRIx64, host, (long)getpid(), random >> 32);
}

static int start(struct rate_share *share, struct error *error)
{
    unsigned wait_ms;

    if (open_place(share, error) != 0 || renew(share, &wait_ms, error) < 0)
        return -1;
    share->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    share->is_started = share->stop >= 0 && pthread_create(&share->thread, NULL, share_main, share) == 0;
    return share->is_started
               ? 0
               : error_set(
                     error, ERROR_USAGE,
                     "cannot start a thread\nhint: raise the limits on processes and open files (ulimit -u, -n)");
}

struct rate_share *rate_share_open(const struct job *job, const struct provider *provider,
                                   struct sender *sender, struct error *error)
{
    struct rate_share *share = memory_new(1, sizeof *share);

    share->job = job;
    share->sender = sender;
    share->limit = rate_share_limit(provider_rate(provider, job));
    share->lowest = share->limit.count;
    share->stop = -1;
    name_holder(share->holder);
    add_keys(share);
    if (start(share, error) == 0)
        return share;
    rate_share_close(share);
    return NULL;
}

/* What the sender received and nobody has reported: it may be what ended the run. */
static void report_last(struct rate_share *share)
{
    struct rate_share_report report;
    struct rate_share_answer answer;
    struct error error;
    uint64_t window_ns;

    collect_report(share, clock_boot_ns(), &report);
    if (report.hold_ns > 0 || report.is_throttled)
        (void)ask_for_rate(share, &report, &answer, &window_ns, &error);
}

static void give_back(struct rate_share *share)
{
    struct error error = {0};
    size_t count = 0;

    report_last(share);

    for (size_t i = 0; i < share->key_count; i++)
        if (share->keys[i].is_held)
            share->held[count++] = (struct key_share_report){
                share->keys[i].key_id, sender_key_slot_last_nonce(share->sender, share->keys[i].key_slot)};
    /* What is not given back ends with its lease. */
    if (leave_place(share, count, &error) != 0)
        log_debug("the share of the account `%s` was not given back: %s", share->job->delivery.shared,
                  error.text);
}

void rate_share_close(struct rate_share *share)
{
    const uint64_t one = 1;

    if (!share)
        return;
    if (share->is_started) {
        (void)!write(share->stop, &one, sizeof one);
        pthread_join(share->thread, NULL);
    }
    if (share->file || share->ledger)
        give_back(share);
    if (share->stop >= 0)
        close(share->stop);
    close_place(share);
    free(share->keys);
    free(share->asked);
    free(share->held);
    free(share->answers);
    free(share);
}
