#include "sandbox/fault.h"

#include <stdlib.h>

#include "sandbox/random.h"

static const char *const words[FAULT_KINDS] = {
    "none", "status-500", "status-503", "status-429", "reset", "drop", "slow", "garbage", "truncate",
};

const char *fault_word(enum fault_kind kind)
{
    return words[kind];
}

static enum fault_kind kind_of(struct slice word)
{
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++)
        if (slice_is(word, words[kind]))
            return (enum fault_kind)kind;
    return FAULT_NONE;
}

/* `5%` or `0.05`; -1 when it is neither or not within 0–1. */
static double read_share(const char *text)
{
    char *end;
    double share = strtod(text, &end);
    if (end == text)
        return -1;
    if (*end == '%') {
        share /= 100;
        end++;
    }
    return *end == '\0' && share >= 0 && share <= 1 ? share : -1;
}

static double total(const struct fault_plan *plan)
{
    double sum = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        sum += plan->share[kind];
    return sum;
}

int fault_plan_add(struct fault_plan *plan, struct slice text, struct error *error)
{
    const char *colon = text.len ? memchr(text.at, ':', text.len) : NULL;
    size_t word_len = colon ? (size_t)(colon - text.at) : text.len;
    enum fault_kind kind = kind_of(slice_make(text.at, word_len));
    if (kind == FAULT_NONE || !colon)
        return error_set(error, ERROR_USAGE,
                         "fault `%.*s`: write KIND:SHARE, where KIND is one of status-500, status-503, "
                         "status-429, reset, drop, slow, garbage, truncate, and SHARE is 5%%, 0.05 or x3",
                         (int)text.len, text.at);
    char value[32] = {0};
    size_t value_len = text.len - word_len - 1;
    if (value_len < sizeof value)
        memcpy(value, colon + 1, value_len);
    if (value[0] == 'x') {
        char *end;
        unsigned long count = strtoul(value + 1, &end, 10);
        if (end != value + 1 && *end == '\0' && count <= UINT32_MAX) {
            plan->next[kind] += (uint32_t)count;
            return 0;
        }
    }
    double share = read_share(value);
    if (share < 0)
        return error_set(error, ERROR_USAGE, "fault `%.*s`: the share is 5%%, 0.05 or x3", (int)text.len,
                         text.at);
    if (total(plan) - plan->share[kind] + share > 1.0000001)
        return error_set(error, ERROR_USAGE, "fault `%.*s`: all shares together are more than 100%%",
                         (int)text.len, text.at);
    plan->share[kind] = share;
    return 0;
}

void fault_plan_clear(struct fault_plan *plan)
{
    uint64_t random = plan->random;
    *plan = (struct fault_plan){.random = random};
}

enum fault_kind fault_plan_draw(struct fault_plan *plan)
{
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++) {
        if (plan->next[kind] == 0)
            continue;
        plan->next[kind]--;
        return (enum fault_kind)kind;
    }
    double at = random_share(&plan->random);
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++) {
        if (at < plan->share[kind])
            return (enum fault_kind)kind;
        at -= plan->share[kind];
    }
    return FAULT_NONE;
}

bool fault_is_before_work(enum fault_kind kind)
{
    return kind == FAULT_STATUS_500 || kind == FAULT_STATUS_503 || kind == FAULT_STATUS_429 ||
           kind == FAULT_RESET;
}
