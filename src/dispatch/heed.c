#include "dispatch/heed.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/text.h"
#include "dispatch/dispatcher_state.h"

int heed_start(struct dispatcher *dispatcher, struct error *error)
{
    const struct dispatcher_parts *parts = &dispatcher->parts;
    const struct job_delivery *limits = &parts->job->delivery;
    uint32_t left;

    guard_settings(parts->job, parts->provider, dispatcher->canary_of);
    if (ledger_canary_left(parts->ledger, dispatcher->canary_of, &left, error) != 0)
        return -1;
    guard_init(&dispatcher->guard, limits, left < limits->canary ? left : limits->canary);
    if (guard_is_canary(&dispatcher->guard))
        log_info("canary: the next %" PRIu32
                 " requests are sent one at a time, and a refusal among them stops the run",
                 dispatcher->guard.canary);
    return 0;
}

__attribute__((format(printf, 2, 3))) static void stop_because(struct dispatcher *dispatcher,
                                                               const char *format, ...)
{
    va_list arguments;

    if (dispatcher->stop_reason[0] == '\0') {
        va_start(arguments, format);
        text_format_va(dispatcher->stop_reason, sizeof dispatcher->stop_reason, format, arguments);
        va_end(arguments);
    }
    dispatcher_stop(dispatcher, false);
}

void heed_outcome(struct dispatcher *dispatcher, const struct delivery *delivery)
{
    const struct outcome *outcome = &delivery->outcome;
    const struct job *job = dispatcher->parts.job;

    if (outcome->kind == OUTCOME_STOP || outcome->stops)
        stop_because(dispatcher, "%s", outcome->message);
    if (outcome->kind == OUTCOME_BAD_NONCE && ++dispatcher->bad_nonces >= SENDER_BAD_NONCES_MAX)
        stop_because(
            dispatcher,
            "the provider rejected %d nonces as invalid, and more of them would get the key banned\nhint: make sure that no other program uses this API key; set provider.nonce_floor if one did",
            SENDER_BAD_NONCES_MAX);
    /* After a success the sender itself delays the next request, if there is one. */
    if (outcome->kind != OUTCOME_DONE && outcome->retry_after_ns > job->delivery.retry_for_ns) {
        char text[RETRY_AFTER_TEXT_SIZE];
        retry_after_text(outcome->retry_after_ns, text);
        stop_because(dispatcher, "%s", text);
    }
}

/* The next run sends these customers again. */
static int forget_refusals(struct dispatcher *dispatcher, const int64_t *customers, size_t count,
                           struct error *error)
{
    for (size_t i = 0; i < count && !dispatcher->failed; i++)
        if (ledger_forget_refusal(dispatcher->parts.ledger, customers[i], clock_real_ns(), error) != 0)
            return -1;
    return 0;
}

static void stop_for_refusals(struct dispatcher *dispatcher, enum guard_trip trip,
                              const struct outcome *outcome)
{
    const struct job_delivery *limits = &dispatcher->parts.job->delivery;
    const struct guard *guard = &dispatcher->guard;
    char last[48 + OUTCOME_CODE_SIZE + OUTCOME_MESSAGE_SIZE];

    text_format(last, sizeof last, "the last with HTTP %d %s: %s", outcome->http_status, outcome->code,
                outcome->message);
    if (trip == GUARD_CANARY)
        stop_because(dispatcher,
                     "the provider refused one of the first requests (delivery.canary: %" PRIu32
                     " are sent alone), %s; nothing was sent after it\nhint: correct the cause and run again",
                     limits->canary, last + strlen("the last "));
    else if (trip == GUARD_IN_A_ROW)
        stop_because(
            dispatcher,
            "the provider refused %" PRIu32
            " in a row (delivery.stop_after.refused_in_a_row), %s\nhint: correct the cause and run again: these are sent again",
            guard->in_a_row, last);
    else
        stop_because(dispatcher,
                     "the provider refused %zu of %" PRIu64 " (delivery.stop_after.refused_share: %" PRIu32
                     " %%), %s\nhint: correct the cause and run again: these are sent again",
                     guard->refused_count, guard->answers, limits->refused_share, last);
}

/* The canary belongs to the ledger, not to a run: the next run continues it. */
static int add_done(struct dispatcher *dispatcher, struct error *error)
{
    struct guard *guard = &dispatcher->guard;
    bool was_canary = guard_is_canary(guard);

    guard_add_done(guard);
    if (was_canary && !guard_is_canary(guard))
        log_info("canary: passed");
    return was_canary && !dispatcher->failed
               ? ledger_canary_set(dispatcher->parts.ledger, dispatcher->canary_of, guard->canary, error)
               : 0;
}

int heed_answer(struct dispatcher *dispatcher, const struct task *task, const struct conclusion *conclusion,
                struct error *error)
{
    const struct outcome *outcome = &task->delivery.outcome;
    struct guard *guard = &dispatcher->guard;
    bool is_refused = conclusion->kind == CONCLUSION_REFUSED;
    bool has_tripped = guard->trip != GUARD_NONE;
    size_t count;

    if (is_refused && outcome->kind != OUTCOME_DONE) {
        if (outcome->no_update || !task->delivery.sent)
            return 0;
        enum guard_trip trip = guard_add_refused(guard, task->customer);
        if (trip == GUARD_NONE)
            return 0;
        if (has_tripped) /* it was in flight */
            return forget_refusals(dispatcher, &task->customer, 1, error);
        stop_for_refusals(dispatcher, trip, outcome);
        const int64_t *customers = guard_not_final(guard, &count);
        return forget_refusals(dispatcher, customers, count, error);
    }
    if (is_refused || conclusion->kind == CONCLUSION_CREATED || conclusion->kind == CONCLUSION_UPDATED ||
        conclusion->kind == CONCLUSION_UPDATE_NEXT)
        return add_done(dispatcher, error);
    return 0;
}
