#include "dispatch/stop_policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "delivery/retry.h"

void stop_policy_init(struct stop_policy *policy, const struct job_delivery *limits, uint32_t canary)
{
    *policy = (struct stop_policy){.limits = limits, .canary = canary};
    if (canary > 0)
        log_info("canary: the next %" PRIu32
                 " requests are sent one at a time, and a refusal among them stops the run",
                 canary);
}

void stop_policy_clear(struct stop_policy *policy)
{
    free(policy->refused);
    *policy = (struct stop_policy){.canary = 0};
}

bool stop_policy_is_canary(const struct stop_policy *policy)
{
    return policy->canary > 0;
}

const char *stop_policy_text(const struct stop_policy *policy)
{
    return policy->text[0] ? policy->text : NULL;
}

const char *stop_policy_brief(const struct stop_policy *policy)
{
    return policy->brief;
}

/* The first text stays. */
__attribute__((format(printf, 2, 3))) static void set_text(struct stop_policy *policy, const char *format,
                                                           ...)
{
    va_list arguments;

    if (policy->text[0] != '\0')
        return;
    va_start(arguments, format);
    text_format_va(policy->text, sizeof policy->text, format, arguments);
    va_end(arguments);
}

/* Before the text that it is the brief of. */
__attribute__((format(printf, 2, 3))) static void set_brief(struct stop_policy *policy, const char *format,
                                                            ...)
{
    va_list arguments;

    if (policy->text[0] != '\0')
        return;
    va_start(arguments, format);
    text_format_va(policy->brief, sizeof policy->brief, format, arguments);
    va_end(arguments);
}

/* An outcome that stops the run. */
static void set_outcome_text(struct stop_policy *policy, const struct outcome *outcome)
{
    if (outcome->advice)
        set_brief(policy, "%s (HTTP %d)", outcome->advice, outcome->http_status);
    else if (outcome->http_status)
        set_brief(policy, "the provider answered HTTP %d", outcome->http_status);
    else
        set_brief(policy, "the provider does not answer");
    set_text(policy, "%s", outcome->message);
}

enum stop_reason stop_policy_add_reply(struct stop_policy *policy, const struct delivery *delivery)
{
    const struct outcome *outcome = &delivery->outcome;

    policy->bad_nonces += outcome->kind == OUTCOME_BAD_NONCE;
    if (outcome->kind == OUTCOME_STOP || outcome->stops) {
        set_outcome_text(policy, outcome);
        return STOP_PROVIDER;
    }
    if (outcome->kind == OUTCOME_BAD_NONCE && policy->bad_nonces >= SENDER_BAD_NONCES_MAX) {
        set_brief(policy, "the provider rejected %d nonces as invalid", SENDER_BAD_NONCES_MAX);
        set_text(
            policy,
            "the provider rejected %d nonces as invalid, and more of them would get the key banned\nhint: make sure that no other program uses this API key; set provider.nonce_floor if one did",
            SENDER_BAD_NONCES_MAX);
        return STOP_NONCES;
    }
    /* After a success the sender itself delays the next request, if there is one. */
    if (outcome->kind != OUTCOME_DONE && outcome->retry_after_ns > policy->limits->retry_for_ns) {
        char text[RETRY_AFTER_TEXT_SIZE];
        retry_after_text(outcome->retry_after_ns, text);
        set_brief(policy, "%.*s", (int)text_find_hint(slice_from(text)), text);
        set_text(policy, "%s", text);
        return STOP_RETRY_AFTER;
    }
    return STOP_NONE;
}

void stop_policy_add_done(struct stop_policy *policy)
{
    policy->answers++;
    policy->in_a_row = 0;
    if (policy->canary > 0 && --policy->canary == 0)
        log_info("canary: passed");
}

static enum stop_reason find_refusal_stop(const struct stop_policy *policy)
{
    if (policy->canary > 0)
        return STOP_CANARY;
    if (policy->in_a_row >= policy->limits->refused_in_a_row)
        return STOP_IN_A_ROW;
    if (policy->answers >= STOP_POLICY_SHARE_MIN &&
        policy->refused_count * 100 > policy->answers * policy->limits->refused_share)
        return STOP_SHARE;
    return STOP_NONE;
}

static void set_refusal_text(struct stop_policy *policy, const struct outcome *outcome)
{
    const struct job_delivery *limits = policy->limits;
    char last[48 + OUTCOME_CODE_SIZE + OUTCOME_MESSAGE_SIZE];

    text_format(last, sizeof last, "with HTTP %d %s: %s", outcome->http_status, outcome->code,
                outcome->message);
    if (policy->refusal_stop == STOP_CANARY) {
        set_brief(policy, "the provider refused one of the first requests (delivery.canary), with HTTP %d",
                  outcome->http_status);
        set_text(policy,
                 "the provider refused one of the first requests (delivery.canary: %" PRIu32
                 " are sent alone), %s; nothing was sent after it\nhint: correct the cause and run again",
                 limits->canary, last);
    } else if (policy->refusal_stop == STOP_IN_A_ROW) {
        set_brief(policy,
                  "the provider refused %" PRIu32
                  " in a row (delivery.stop_after.refused_in_a_row), the last with HTTP %d",
                  policy->in_a_row, outcome->http_status);
        set_text(
            policy,
            "the provider refused %" PRIu32
            " in a row (delivery.stop_after.refused_in_a_row), the last %s\nhint: correct the cause and run again: these are sent again",
            policy->in_a_row, last);
    } else {
        set_brief(policy,
                  "the provider refused %zu of %" PRIu64
                  " (delivery.stop_after.refused_share), the last with HTTP %d",
                  policy->refused_count, policy->answers, outcome->http_status);
        set_text(policy,
                 "the provider refused %zu of %" PRIu64 " (delivery.stop_after.refused_share: %" PRIu32
                 " %%), the last %s\nhint: correct the cause and run again: these are sent again",
                 policy->refused_count, policy->answers, limits->refused_share, last);
    }
}

static void add_refused_customer(struct stop_policy *policy, int64_t customer)
{
    if (policy->refused_count == policy->refused_capacity) {
        policy->refused_capacity = policy->refused_capacity ? 2 * policy->refused_capacity : 64;
        policy->refused = memory_resize(policy->refused, policy->refused_capacity, sizeof *policy->refused);
    }
    policy->refused[policy->refused_count++] = customer;
}

enum stop_reason stop_policy_add_refused(struct stop_policy *policy, int64_t customer,
                                         const struct outcome *outcome, const int64_t **not_final,
                                         size_t *count)
{
    *not_final = NULL;
    *count = 0;
    if (outcome->no_update)
        return STOP_NONE;
    add_refused_customer(policy, customer);
    policy->answers++;
    policy->in_a_row++;
    if (policy->refusal_stop != STOP_NONE) { /* it was in flight */
        *count = 1;
    } else if ((policy->refusal_stop = find_refusal_stop(policy)) != STOP_NONE) {
        *count = policy->refusal_stop == STOP_SHARE ? policy->refused_count : policy->in_a_row;
        set_refusal_text(policy, outcome);
    }
    if (*count > 0)
        *not_final = policy->refused + policy->refused_count - *count;
    return policy->refusal_stop;
}
