#include "delivery/sender.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/memory.h"
#include "core/text.h"
#include "delivery/curl_setup.h"
#include "delivery/sender_internal.h"

enum { POLL_MAX_MS = 1000, LEASE_POLL_MS = 20 };

/* Making it. */

static void make_attempts(struct sender *sender, uint32_t count)
{
    sender->attempts = memory_new(count, sizeof(struct attempt *));
    sender->attempt_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct attempt *attempt = sender->attempts[i] = attempt_new(&sender->endpoint);
        attempt->next = sender->idle;
        sender->idle = attempt;
    }
    curl_multi_setopt(sender->multi, CURLMOPT_MAXCONNECTS, (long)count);
    curl_multi_setopt(sender->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
}

struct sender *sender_new(const struct job *job, const struct provider *provider,
                          void (*done)(void *context, struct delivery *delivery), void *context,
                          struct error *error)
{
    curl_setup_begin();

    struct sender *sender = memory_new(1, sizeof *sender);
    sender->job = job;
    sender->provider = provider;
    sender->done = done;
    sender->context = context;
    atomic_store(&sender->provider_clock, SENDER_NO_CLOCK);
    sender->timer = -1;
    sender->timer_ns = UINT64_MAX;
    sender_queue_init(&sender->queue);

    if (endpoint_init(&sender->endpoint, job, provider, error) != 0 ||
        key_slots_init(&sender->key_slots, job, provider, error) != 0) {
        sender_free(sender);
        return NULL;
    }
    sender->endpoint.gate = &sender->gate;
    struct job_rate rate = provider_rate(provider, job);
    send_gate_init(&sender->gate, job->delivery.shared ? rate_share_parts(rate) : rate,
                   job->delivery.burst > 0 ? job->delivery.burst : 1);
    sender->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    sender->multi = sender->timer >= 0 && sender_share_init(sender) == 0 ? curl_multi_init() : NULL;
    if (!sender->multi) {
        error_set(error, ERROR_USAGE,
                  "cannot prepare for sending: %s\nhint: raise the limit on open files (ulimit -n)",
                  strerror(errno));
        sender_free(sender);
        return NULL;
    }
    make_attempts(sender, sender->key_slots.in_flight_max);
    breaker_init(&sender->breaker, job->delivery.retry_for_ns);
    sender->random = retry_random_any();
    return sender;
}

void sender_free(struct sender *sender)
{
    if (!sender)
        return;
    for (size_t i = 0; i < sender->attempt_count; i++)
        attempt_free(sender->attempts[i]);
    curl_multi_cleanup(sender->multi);
    key_slots_clear(&sender->key_slots);
    if (sender->timer >= 0)
        close(sender->timer);
    send_gate_clear(&sender->gate);
    endpoint_clear(&sender->endpoint);
    sender_queue_clear(&sender->queue);
    sender_share_clear(sender);
    free(sender->attempts);
    free(sender);
}

/* Key slots, for other threads. */

size_t sender_key_slot_count(const struct sender *sender)
{
    return sender->provider->is_signed ? sender->key_slots.count : 0;
}

const char *sender_key_slot_id(const struct sender *sender, size_t key_slot)
{
    return sender->key_slots.items[key_slot]->key_id;
}

void sender_key_slot_start(struct sender *sender, size_t key_slot, uint64_t start)
{
    key_slot_start_nonces(sender->key_slots.items[key_slot], start);
}

uint64_t sender_key_slot_start_ns(const struct sender *sender, size_t key_slot)
{
    return sender->key_slots.items[key_slot]->first_nonce;
}

void sender_key_slot_extend(struct sender *sender, size_t key_slot, uint64_t floor)
{
    key_slot_extend(sender->key_slots.items[key_slot], floor);
}

uint64_t sender_key_slot_last_nonce(const struct sender *sender, size_t key_slot)
{
    return key_slot_last_nonce(sender->key_slots.items[key_slot]);
}

uint64_t sender_carry_over_rate(struct sender *sender, uint32_t former_burst)
{
    uint64_t now = clock_mono_ns(), begins = clock_mono_of_boot_ns(sender->gate.from_boot_ns);
    sender->carried_over_ns = begins + limiter_carry_over(&sender->gate.limiter, begins, former_burst);
    return sender->carried_over_ns - now;
}

void sender_hold(struct sender *sender, uint64_t hold_ns)
{
    limiter_hold(&sender->gate.limiter, clock_mono_ns(), hold_ns);
    sender->inherited_hold_ns = sender->gate.limiter.held_until_ns;
}

void sender_set_lease(struct sender *sender, uint64_t from_boot_ns, const _Atomic uint64_t *until_boot_ns)
{
    sender->gate.from_boot_ns = from_boot_ns;
    sender->gate.until_boot_ns[SEND_GATE_LEDGER] = until_boot_ns;
}

uint64_t sender_held_ns(const struct sender *sender)
{
    uint64_t now = clock_mono_ns(), until = sender->gate.limiter.held_until_ns;
    return until > now ? until - now : 0;
}

/* The queue of orders and deliveries. */

static void send_order(struct sender *sender, enum sender_order order)
{
    sender_queue_add_order(&sender->queue, order);
    curl_multi_wakeup(sender->multi);
}

void sender_submit(struct sender *sender, struct delivery *delivery)
{
    if (sender_queue_put(&sender->queue, delivery))
        curl_multi_wakeup(sender->multi);
}

void sender_withdraw(struct sender *sender)
{
    send_order(sender, SENDER_ORDER_WITHDRAW);
}

void sender_abort(struct sender *sender)
{
    send_order(sender, SENDER_ORDER_ABORT);
}

void sender_finish(struct sender *sender)
{
    send_order(sender, SENDER_ORDER_FINISH);
}

static void receive_orders(struct sender *sender)
{
    unsigned orders = sender_queue_receive(&sender->queue, &sender->waiting);
    sender->aborted = orders & SENDER_ORDER_ABORT;
    sender->finished = orders & SENDER_ORDER_FINISH;
    sender->gate.withdrawn =
        sender->gate.withdrawn || (orders & (SENDER_ORDER_WITHDRAW | SENDER_ORDER_ABORT));
}

/* Completing what was not sent. */

static void withdraw_waiting(struct sender *sender)
{
    struct delivery *delivery;
    while ((delivery = FIFO_POP(&sender->waiting, struct delivery)))
        sender_complete_unsent(sender, delivery, OUTCOME_WITHDRAWN, "", "");
}

static void refuse_waiting(struct sender *sender, const char *code, const char *text)
{
    struct delivery *delivery;
    while ((delivery = FIFO_POP(&sender->waiting, struct delivery)))
        sender_complete_unsent(sender, delivery, OUTCOME_STOP, code, text);
}

/* The breaker has given up: no delivery waits for a provider that is down. */
static void refuse_unreachable(struct sender *sender)
{
    char text[OUTCOME_MESSAGE_SIZE];
    text_format(text, sizeof text,
                "the provider is gone: nothing but failures for %" PRIu64
                " s (delivery.retry_for); run again to resume. The last: %s",
                sender->job->delivery.retry_for_ns / CLOCK_NS_PER_S, sender->last_failure);
    refuse_waiting(sender, "breaker", text);
}

/* As a Retry-After that is longer than delivery.retry_for stops the run that receives it. */
static void refuse_inherited_hold(struct sender *sender, uint64_t now)
{
    char text[OUTCOME_MESSAGE_SIZE];
    if (now + sender->job->delivery.retry_for_ns >= sender->inherited_hold_ns)
        return;
    text_format(text, sizeof text,
                "the provider asked another run to wait, and %" PRIu64
                " s of that are left, longer than delivery.retry_for: run again after that",
                (sender->inherited_hold_ns - now) / CLOCK_NS_PER_S);
    refuse_waiting(sender, "retry_after", text);
}

/* A Retry-After longer than delivery.retry_for is not waited for either. */
static void refuse_for_retry_after(struct sender *sender)
{
    char text[RETRY_AFTER_TEXT_SIZE];
    refuse_waiting(sender, "retry_after", retry_after_text(sender->excessive_wait_ns, text));
}

/* The share of the account could not be renewed for too long. */
static void refuse_without_share(struct sender *sender)
{
    struct sender_share *share = &sender->share;
    if (!share->is_used)
        return;
    pthread_mutex_lock(&share->mutex);
    bool has_failed = share->has_failed; /* its text is constant from then on */
    pthread_mutex_unlock(&share->mutex);
    if (has_failed)
        refuse_waiting(sender, "shared", share->failure);
}

static void refuse_futile_logins(struct sender *sender)
{
    char text[OUTCOME_MESSAGE_SIZE];
    snprintf(
        text, sizeof text,
        "%d logins in a row gave tokens with which no request succeeded; check provider.credentials, and what the provider says of its state",
        LOGIN_UNPROVEN_MAX);
    refuse_waiting(sender, "unauthorized", text);
    sender->gate.withdrawn = true;
}

/* Launching. */

/* The next delivery; or, when it must come first, the key's login. */
static struct delivery *next_delivery(struct sender *sender, struct key_slot *key_slot, uint64_t now)
{
    if (!login_is_due(&key_slot->login, now))
        return FIFO_POP(&sender->waiting, struct delivery);
    key_slot->login.in_progress = true;
    return &key_slot->login_delivery;
}

static void launch(struct sender *sender, struct key_slot *key_slot, uint64_t now)
{
    struct delivery *delivery = next_delivery(sender, key_slot, now);
    struct attempt *attempt = sender->idle;
    const char *fault = attempt_build(attempt, delivery);
    assert(!fault || delivery->call.operation != OPERATION_LOGIN);
    if (fault) {
        sender_complete_unsent(sender, delivery, OUTCOME_REFUSED, "not_built", fault);
        return;
    }
    sender->idle = attempt->next;
    limiter_admit(&sender->gate.limiter, now);
    attempt->is_probe = breaker_admit(&sender->breaker);
    key_slot->in_flight++;
    sender->in_flight++;
    if (sender->in_flight > sender->max_in_flight)
        sender->max_in_flight = sender->in_flight;
    attempt_sign(attempt, key_slot);
    CURLMcode failed = curl_multi_add_handle(sender->multi, attempt->easy);
    if (failed == CURLM_OUT_OF_MEMORY)
        memory_out();
    assert(!failed);
}

/* When the right to send begins; 0: it is not known, or over. */
static uint64_t lease_begins_ns(const struct sender *sender)
{
    uint64_t from = sender->gate.from_boot_ns;
    return from > clock_boot_ns() ? clock_mono_of_boot_ns(from) : 0;
}

/* When to look again whether this process has the right to send. */
static uint64_t next_lease_ns(const struct sender *sender)
{
    uint64_t begins = lease_begins_ns(sender);
    return begins ? begins : clock_mono_ns() + LEASE_POLL_MS * CLOCK_NS_PER_MS;
}

/* Launches all that may go now. Gives the time at which the limiter lets the next one go, or UINT64_MAX when
 * something else must happen first. */
static uint64_t launch_ready(struct sender *sender)
{
    while (sender->waiting.first) {
        uint64_t now = clock_mono_ns(), next = limiter_next(&sender->gate.limiter, now);
        if (!send_gate_is_leased(&sender->gate, clock_boot_ns()))
            return next_lease_ns(sender);
        uint64_t pause = breaker_next_ns(&sender->breaker);
        next = pause > next ? pause : next;
        struct key_slot *key_slot =
            sender->idle ? key_slots_choose(&sender->key_slots, clock_boot_ns()) : NULL;
        if (!key_slot || next > now)
            return key_slot ? next : UINT64_MAX;
        if (login_is_due(&key_slot->login, now) && login_is_futile(&key_slot->login)) {
            refuse_futile_logins(sender);
            return UINT64_MAX;
        }
        launch(sender, key_slot, now);
    }
    return UINT64_MAX;
}

/* Its state, for other threads. */

static bool waits_for_login(const struct sender *sender)
{
    for (size_t i = 0; i < sender->key_slots.count; i++)
        if (sender->key_slots.items[i]->login.in_progress)
            return sender->waiting.first;
    return false;
}

static enum sender_hold find_hold(const struct sender *sender, uint64_t *until_ns)
{
    const struct limiter *limiter = &sender->gate.limiter;
    const struct breaker *breaker = &sender->breaker;

    *until_ns = 0;
    if (!send_gate_is_leased(&sender->gate, clock_boot_ns())) {
        *until_ns = lease_begins_ns(sender);
        return SENDER_LEASE;
    }
    if (sender_share_waits(sender))
        return SENDER_LEASE;
    if (breaker->is_open) {
        *until_ns = breaker->is_probing ? 0 : breaker->next_ns;
        return SENDER_PAUSED;
    }
    if (limiter->held_until_ns > limiter->now_ns) {
        *until_ns = limiter->held_until_ns;
        return SENDER_RETRY_AFTER;
    }
    if (sender->carried_over_ns > limiter->now_ns) {
        *until_ns = sender->carried_over_ns;
        return SENDER_CARRY_OVER;
    }
    if (waits_for_login(sender))
        return SENDER_LOGIN;
    return limiter->share < LIMITER_SHARE_FULL ? SENDER_SLOWED : SENDER_FREE;
}

static void publish(struct sender *sender)
{
    uint64_t until_ns;
    enum sender_hold hold = find_hold(sender, &until_ns);

    atomic_store_explicit(&sender->hold, until_ns / SENDER_HOLD_STEPS * SENDER_HOLD_STEPS + (uint64_t)hold,
                          memory_order_relaxed);
    atomic_store_explicit(&sender->published_in_flight, sender->in_flight, memory_order_relaxed);
}

uint32_t sender_in_flight(const struct sender *sender)
{
    return atomic_load_explicit(&sender->published_in_flight, memory_order_relaxed);
}

enum sender_hold sender_held_by(const struct sender *sender, uint64_t now_ns, uint64_t *until_ns)
{
    uint64_t value = atomic_load_explicit(&sender->hold, memory_order_relaxed);
    enum sender_hold hold = (enum sender_hold)(value % SENDER_HOLD_STEPS);

    *until_ns = value - (uint64_t)hold;
    if (*until_ns && *until_ns <= now_ns) { /* it is over, and the sender has not published that yet */
        *until_ns = 0;
        return hold == SENDER_PAUSED ? hold : SENDER_FREE;
    }
    return hold;
}

/* The loop. */

static void perform(struct sender *sender)
{
    int running;
    curl_multi_perform(sender->multi, &running);
    send_gate_count(&sender->gate, clock_mono_ns());
}

static bool has_work(const struct sender *sender)
{
    return sender->waiting.first || sender->in_flight > 0;
}

static void count_busy(struct sender *sender)
{
    uint64_t now = clock_mono_ns();
    if (sender->busy_since_ns > 0)
        sender->busy_ns += now - sender->busy_since_ns;
    sender->busy_since_ns = has_work(sender) ? now : 0;
}

/* A timer of its own, since curl_multi_poll counts in whole milliseconds: too coarse for a high rate. */
static void set_timer(struct sender *sender, uint64_t next)
{
    struct itimerspec when = {0};
    if (next == sender->timer_ns)
        return;
    sender->timer_ns = next;
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
    curl_multi_poll(sender->multi, &timer, 1, POLL_MAX_MS, NULL);
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
        receive_orders(sender);
        sender_share_exchange(sender);
        if (sender->aborted)
            sender_drop_in_flight(sender);
        if (sender->gate.withdrawn)
            withdraw_waiting(sender);
        if (sender->breaker.has_given_up)
            refuse_unreachable(sender);
        if (sender->excessive_wait_ns > 0)
            refuse_for_retry_after(sender);
        refuse_inherited_hold(sender, clock_mono_ns());
        refuse_without_share(sender);
        uint64_t next = launch_ready(sender);
        count_busy(sender);
        publish(sender);
        if (sender->finished && !has_work(sender))
            return;
        wait_for_events(sender, next);
        perform(sender);
        sender_complete_finished(sender);
    }
}

/* Figures. */

void sender_figures(const struct sender *sender, struct sender_figures *figures)
{
    uint64_t requests = sender_requests(sender);
    *figures = (struct sender_figures){
        .requests = requests,
        .max_in_flight = sender->max_in_flight,
        .rate_per_s = sender->busy_ns > 0 ? (double)requests * 1e9 / (double)sender->busy_ns : 0,
        .max_per_second = sender->gate.max_rate.max,
        .p50_ms = latency_percentile_ms(&sender->latency, 50),
        .p95_ms = latency_percentile_ms(&sender->latency, 95),
        .p99_ms = latency_percentile_ms(&sender->latency, 99),
        .max_ms = latency_max_ms(&sender->latency),
        .pauses = sender->breaker.openings,
        .pause_ns = breaker_paused_ns(&sender->breaker, clock_mono_ns()),
    };
}

void sender_latencies(const struct sender *sender, struct latency_histogram *latencies)
{
    for (size_t i = 0; i < LATENCY_HISTOGRAM_BUCKETS; i++)
        latencies->counts[i] = atomic_load(&sender->latency_counts[i]);
    latencies->sum_ns = atomic_load(&sender->latency_sum_ns);
}

const char *sender_library(void)
{
    return curl_version();
}

bool delivery_collect(void *buffer, struct slice bytes)
{
    struct buffer *body = buffer;

    if (bytes.len == 0) /* from the beginning, perhaps again */
        buffer_reset(body);
    else
        buffer_append(body, bytes);
    return !body->overflowed;
}

bool sender_provider_clock(const struct sender *sender, int64_t *offset_ns)
{
    *offset_ns = atomic_load(&sender->provider_clock);
    return *offset_ns != SENDER_NO_CLOCK;
}

uint64_t sender_requests(const struct sender *sender)
{
    return atomic_load(&sender->gate.requests);
}
