#include "delivery/sender.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "core/clock.h"
#include "core/memory.h"
#include "delivery/attempt.h"
#include "delivery/key_lock.h"
#include "delivery/lane.h"
#include "delivery/latency.h"
#include "delivery/limiter.h"
#include "delivery/route.h"

enum { POLL_MOST_MS = 1000 };

struct fifo {
    struct delivery *first, *last;
};

struct sender {
    /* constant */
    const struct job *job;
    const struct provider *provider;
    void (*done)(void *context, struct delivery *delivery);
    void *context;
    struct route route;
    struct lane **lanes;
    size_t lane_count;
    struct attempt **attempts;
    size_t attempt_count;
    CURLM *multi;
    int timer; /* a timerfd */
    /* the mailbox: any thread, under the mutex */
    pthread_mutex_t mutex;
    struct fifo mail;
    bool asked_withdraw, asked_abort, asked_finish;
    /* any thread */
    _Atomic uint64_t requests;
    /* the sender's thread */
    struct limiter limiter;
    struct fifo queue;
    struct attempt *idle;
    size_t next_lane;
    bool withdrawn, aborted, finished;
    uint32_t in_flight, most_in_flight;
    uint64_t timer_at;               /* what the timer is set to; UINT64_MAX: off */
    uint64_t busy_ns, busy_since_ns; /* busy_since_ns: 0 without work */
    struct latency latency;
};

/* Lists. */

static void fifo_add(struct fifo *fifo, struct delivery *delivery)
{
    delivery->next = NULL;
    if (fifo->last) {
        fifo->last->next = delivery;
    } else {
        fifo->first = delivery;
    }
    fifo->last = delivery;
}

static void fifo_add_first(struct fifo *fifo, struct delivery *delivery)
{
    delivery->next = fifo->first;
    fifo->first = delivery;
    if (!fifo->last) {
        fifo->last = delivery;
    }
}

static struct delivery *fifo_take(struct fifo *fifo)
{
    struct delivery *delivery = fifo->first;
    if (delivery) {
        fifo->first = delivery->next;
        if (!fifo->first) {
            fifo->last = NULL;
        }
        delivery->next = NULL;
    }
    return delivery;
}

/* Making it. */

static void global_init(void)
{
    CURLcode failed = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(!failed);
    (void)failed;
}

static int check_repeated_keys(const struct job *job, struct error *error)
{
    const struct job_provider *provider = &job->provider;
    for (size_t i = 0; i < provider->credential_count; i++) {
        char mine[LANE_KEY_ID_SIZE], other[LANE_KEY_ID_SIZE];
        lane_identify(&provider->credentials[i], mine);
        for (size_t j = 0; j < i; j++) {
            lane_identify(&provider->credentials[j], other);
            if (strcmp(mine, other) == 0) {
                return job_fail(job, provider->credentials[i].place, error,
                                "provider.credentials: number %zu is the same key as number %zu; each key "
                                "may stand there once",
                                i + 1, j + 1);
            }
        }
    }
    return 0;
}

/* One a lane for signed keys without a window, else what the job or the provider says. */
static void choose_in_flight(const struct job *job, const struct provider *provider, uint32_t *total,
                             uint32_t *per_lane)
{
    uint32_t lanes = (uint32_t)job->provider.credential_count;
    *total = job->delivery.in_flight ? job->delivery.in_flight
                                     : provider->in_flight * (provider->is_signed ? lanes : 1);
    if (provider->is_signed && job->provider.nonce_window == 0) {
        *per_lane = 1;
        *total = *total < lanes ? *total : lanes;
    } else {
        *per_lane = *total;
    }
    assert(*total > 0);
}

static bool gate(void *context, struct attempt *attempt);

static int make_lanes(struct sender *sender, uint32_t per_lane, struct error *error)
{
    const struct job_provider *provider = &sender->job->provider;
    sender->lanes = memory_new(provider->credential_count, sizeof(struct lane *));
    for (size_t i = 0; i < provider->credential_count; i++) {
        struct lane *lane =
            lane_new(sender->provider, &provider->credentials[i], per_lane, key_lock_folder(), error);
        if (!lane) {
            return -1;
        }
        sender->lanes[sender->lane_count++] = lane;
    }
    return 0;
}

static void make_attempts(struct sender *sender, uint32_t count)
{
    sender->attempts = memory_new(count, sizeof(struct attempt *));
    sender->attempt_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct attempt *attempt = sender->attempts[i] = attempt_new(&sender->route);
        attempt->next = sender->idle;
        sender->idle = attempt;
    }
    sender->multi = curl_multi_init();
    assert(sender->multi);
    curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, (long)count);
    curl_multi_setopt(sender->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

struct sender *sender_new(const struct job *job, const struct provider *provider,
                          void (*done)(void *context, struct delivery *delivery), void *context,
                          struct error *error)
{
    unsetenv("SSLKEYLOGFILE"); /* before libcurl looks at it: it would write our session keys there */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);

    struct sender *sender = memory_new(1, sizeof(*sender));
    sender->job = job;
    sender->provider = provider;
    sender->done = done;
    sender->context = context;
    sender->timer = -1;
    sender->timer_at = UINT64_MAX;
    pthread_mutex_init(&sender->mutex, NULL);

    uint32_t total, per_lane;
    choose_in_flight(job, provider, &total, &per_lane);
    if (check_repeated_keys(job, error) != 0 || route_init(&sender->route, job, provider, error) != 0 ||
        make_lanes(sender, per_lane, error) != 0) {
        sender_free(sender);
        return NULL;
    }
    sender->route.gate = gate;
    sender->route.context = sender;
    make_attempts(sender, total);

    sender->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    assert(sender->timer >= 0);
    const struct job_rate *rate = job->delivery.rate.per_ns > 0 ? &job->delivery.rate : &provider->rate;
    limiter_init(&sender->limiter, *rate, job->delivery.burst > 0 ? job->delivery.burst : 1);
    return sender;
}

void sender_free(struct sender *sender)
{
    if (!sender) {
        return;
    }
    for (size_t i = 0; i < sender->attempt_count; i++) {
        attempt_free(sender->attempts[i]);
    }
    curl_multi_cleanup(sender->multi);
    for (size_t i = 0; i < sender->lane_count; i++) {
        lane_free(sender->lanes[i]);
    }
    if (sender->timer >= 0) {
        close(sender->timer);
    }
    limiter_clear(&sender->limiter);
    route_clear(&sender->route);
    pthread_mutex_destroy(&sender->mutex);
    free(sender->attempts);
    free(sender->lanes);
    free(sender);
}

/* Lanes, seen from outside. */

size_t sender_lane_count(const struct sender *sender)
{
    return sender->provider->is_signed ? sender->lane_count : 0;
}

const char *sender_lane_key_id(const struct sender *sender, size_t lane)
{
    return sender->lanes[lane]->key_id;
}

void sender_lane_start(struct sender *sender, size_t lane, uint64_t start)
{
    lane_start(sender->lanes[lane], start);
}

void sender_lane_raise(struct sender *sender, size_t lane, uint64_t floor)
{
    lane_raise(sender->lanes[lane], floor);
}

uint64_t sender_lane_last(const struct sender *sender, size_t lane)
{
    return lane_last(sender->lanes[lane]);
}

/* The mailbox. */

static void ask(struct sender *sender, bool *flag)
{
    pthread_mutex_lock(&sender->mutex);
    *flag = true;
    pthread_mutex_unlock(&sender->mutex);
    curl_multi_wakeup(sender->multi);
}

void sender_submit(struct sender *sender, struct delivery *delivery)
{
    pthread_mutex_lock(&sender->mutex);
    bool was_empty = !sender->mail.first;
    fifo_add(&sender->mail, delivery);
    pthread_mutex_unlock(&sender->mutex);
    if (was_empty) {
        curl_multi_wakeup(sender->multi);
    }
}

void sender_withdraw(struct sender *sender)
{
    ask(sender, &sender->asked_withdraw);
}

void sender_abort(struct sender *sender)
{
    ask(sender, &sender->asked_abort);
}

void sender_finish(struct sender *sender)
{
    ask(sender, &sender->asked_finish);
}

static void take_mail(struct sender *sender)
{
    pthread_mutex_lock(&sender->mutex);
    struct fifo mail = sender->mail;
    sender->mail = (struct fifo){0};
    sender->aborted = sender->asked_abort;
    sender->withdrawn = sender->withdrawn || sender->asked_withdraw || sender->asked_abort;
    sender->finished = sender->asked_finish;
    pthread_mutex_unlock(&sender->mutex);

    if (mail.first && sender->queue.last) {
        sender->queue.last->next = mail.first;
        sender->queue.last = mail.last;
    } else if (mail.first) {
        sender->queue = mail;
    }
}

/* Giving back. */

static void give_back(struct sender *sender, struct delivery *delivery)
{
    delivery->done_real_ns = clock_real_ns();
    sender->done(sender->context, delivery);
}

static void give_back_unsent(struct sender *sender, struct delivery *delivery, enum outcome_kind kind,
                             const char *code, const char *message)
{
    delivery->outcome = (struct outcome){.kind = kind};
    snprintf(delivery->outcome.code, sizeof(delivery->outcome.code), "%s", code);
    snprintf(delivery->outcome.message, sizeof(delivery->outcome.message), "%s", message);
    delivery->left = false;
    delivery->latency_ns = 0;
    give_back(sender, delivery);
}

static void withdraw_queue(struct sender *sender)
{
    struct delivery *delivery;
    while ((delivery = fifo_take(&sender->queue))) {
        give_back_unsent(sender, delivery, OUTCOME_WITHDRAWN, "", "");
    }
}

/* One attempt, from launch to end. */

static bool gate(void *context, struct attempt *attempt)
{
    struct sender *sender = context;
    uint64_t now = clock_mono_ns();
    if (sender->withdrawn || limiter_holds(&sender->limiter, now)) {
        return false;
    }
    limiter_left(&sender->limiter, now);
    attempt->left_ns = now;
    atomic_fetch_add(&sender->requests, 1);
    return true;
}

/* The one with the fewest in flight, in turn; NULL when all are full. */
static struct lane *choose_lane(struct sender *sender)
{
    struct lane *best = NULL;
    size_t best_at = 0;
    for (size_t i = 0; i < sender->lane_count; i++) {
        size_t at = (sender->next_lane + i) % sender->lane_count;
        struct lane *lane = sender->lanes[at];
        if (lane->in_flight < lane->in_flight_max && (!best || lane->in_flight < best->in_flight)) {
            best = lane;
            best_at = at;
        }
    }
    if (best) {
        sender->next_lane = (best_at + 1) % sender->lane_count;
    }
    return best;
}

static void launch(struct sender *sender, struct lane *lane, uint64_t now)
{
    struct delivery *delivery = fifo_take(&sender->queue);
    struct attempt *attempt = sender->idle;
    if (!attempt_build(attempt, delivery)) {
        give_back_unsent(sender, delivery, OUTCOME_REFUSED, "too_large",
                         "the request is larger than 10 MiB; it was not sent");
        return;
    }
    sender->idle = attempt->next;
    limiter_admit(&sender->limiter, now);
    lane->in_flight++;
    sender->in_flight++;
    if (sender->in_flight > sender->most_in_flight) {
        sender->most_in_flight = sender->in_flight;
    }
    attempt_sign(attempt, lane);
    CURLMcode failed = curl_multi_add_handle(sender->multi, attempt->easy);
    assert(!failed);
    (void)failed;
}

/* Launches all that may go now. Gives the time at which the limiter lets the next one go, or UINT64_MAX when
 * something else must happen first. */
static uint64_t launch_ready(struct sender *sender)
{
    while (sender->queue.first) {
        uint64_t now = clock_mono_ns(), next = limiter_next(&sender->limiter, now);
        struct lane *lane = sender->idle ? choose_lane(sender) : NULL;
        if (!lane || next > now) {
            return lane ? next : UINT64_MAX;
        }
        launch(sender, lane, now);
    }
    return UINT64_MAX;
}

static void end_attempt(struct sender *sender, struct attempt *attempt, CURLcode result)
{
    curl_multi_remove_handle(sender->multi, attempt->easy);
    struct delivery *delivery = attempt->delivery;
    if (!attempt->left) {
        limiter_never_left(&sender->limiter);
    }
    if (!attempt->turned_back) {
        attempt_judge(attempt, result);
        if (attempt_is_complete(attempt, result)) {
            latency_add(&sender->latency, delivery->latency_ns);
        }
    }
    bool turned_back = attempt->turned_back;
    attempt->delivery = NULL;
    attempt->lane->in_flight--;
    sender->in_flight--;
    attempt->next = sender->idle;
    sender->idle = attempt;

    if (turned_back) { /* not one byte went out: it waits again, at the head */
        fifo_add_first(&sender->queue, delivery);
        return;
    }
    if (delivery->outcome.kind == OUTCOME_THROTTLED) {
        limiter_throttle(&sender->limiter, clock_mono_ns(), delivery->outcome.retry_after_ns);
    } else if (delivery->outcome.kind == OUTCOME_STOP) {
        sender->withdrawn = true;
    }
    give_back(sender, delivery);
}

static void end_finished(struct sender *sender)
{
    int left_over;
    CURLMsg *message;
    while ((message = curl_multi_info_read(sender->multi, &left_over))) {
        if (message->msg == CURLMSG_DONE) {
            struct attempt *attempt = NULL;
            CURLcode result = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&attempt);
            end_attempt(sender, attempt, result);
        }
    }
}

static void drop_in_flight(struct sender *sender)
{
    for (size_t i = 0; i < sender->attempt_count; i++) {
        if (sender->attempts[i]->delivery) {
            end_attempt(sender, sender->attempts[i], CURLE_ABORTED_BY_CALLBACK);
        }
    }
}

/* The loop. */

static bool has_work(const struct sender *sender)
{
    return sender->queue.first || sender->in_flight > 0;
}

static void count_busy(struct sender *sender)
{
    uint64_t now = clock_mono_ns();
    if (sender->busy_since_ns > 0) {
        sender->busy_ns += now - sender->busy_since_ns;
    }
    sender->busy_since_ns = has_work(sender) ? now : 0;
}

/* A timer of its own, since curl_multi_poll counts in whole milliseconds: too coarse for a high rate. */
static void set_timer(struct sender *sender, uint64_t next)
{
    struct itimerspec when = {0};
    if (next == sender->timer_at) {
        return;
    }
    sender->timer_at = next;
    if (next != UINT64_MAX) {
        uint64_t now = clock_mono_ns(), wait = next > now ? next - now : 1;
        when.it_value.tv_sec = (time_t)(wait / CLOCK_NS_PER_S);
        when.it_value.tv_nsec = (long)(wait % CLOCK_NS_PER_S);
    }
    timerfd_settime(sender->timer, 0, &when, NULL);
}

static void wait_for_events(struct sender *sender, uint64_t next)
{
    set_timer(sender, next);
    struct curl_waitfd timer = {.fd = sender->timer, .events = CURL_WAIT_POLLIN};
    curl_multi_poll(sender->multi, &timer, 1, POLL_MOST_MS, NULL);
}

/* With NOSIGNAL libcurl leaves SIGPIPE to us; the kernel raises it in the thread that wrote. */
static void block_sigpipe(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void sender_run(struct sender *sender)
{
    block_sigpipe();
    for (;;) {
        take_mail(sender);
        if (sender->aborted) {
            drop_in_flight(sender);
        }
        if (sender->withdrawn) {
            withdraw_queue(sender);
        }
        uint64_t next = launch_ready(sender);
        count_busy(sender);
        if (sender->finished && !has_work(sender)) {
            return;
        }
        wait_for_events(sender, next);
        int running;
        curl_multi_perform(sender->multi, &running);
        end_finished(sender);
    }
}

/* Figures. */

void sender_figures(const struct sender *sender, struct sender_figures *figures)
{
    uint64_t requests = sender_requests(sender);
    *figures = (struct sender_figures){
        .requests = requests,
        .most_in_flight = sender->most_in_flight,
        .rate_per_s = sender->busy_ns > 0 ? (double)requests * 1e9 / (double)sender->busy_ns : 0,
        .p50_ms = latency_percentile_ms(&sender->latency, 50),
        .p95_ms = latency_percentile_ms(&sender->latency, 95),
        .p99_ms = latency_percentile_ms(&sender->latency, 99),
        .max_ms = latency_max_ms(&sender->latency),
    };
}

uint64_t sender_requests(const struct sender *sender)
{
    return atomic_load(&sender->requests);
}
