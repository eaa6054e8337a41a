#include "sandbox/fault.h"

#include <stdlib.h>

#include "sandbox/random.h"

/* the row of a plan that is for any request */
enum { ANY_OPERATION = OPERATION_COUNT };

static const char *const words[FAULT_KINDS] = {
    "none",    "status-401",    "status-500",    "status-503", "retry-after", "status-429",    "reset",
    "drop",    "slow",          "not-found",     "garbage",    "truncate",    "left-out",      "not-taken",
    "warning", "folded-header", "foreign-bytes", "link-error", "rejected",    "not-triggered", "status-422",
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

double fault_read_share(const char *text)
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

static double total(const double *shares)
{
    double sum = 0;
    for (int kind = 0; kind < FAULT_KINDS; kind++)
        sum += shares[kind];
    return sum;
}

/* the largest share of the requests of an operation that get a fault */
static double max_share(const struct fault_plan *plan)
{
    double max = 0;
    for (int operation = 0; operation < OPERATION_COUNT; operation++)
        if (total(plan->share[operation]) > max)
            max = total(plan->share[operation]);
    return total(plan->share[ANY_OPERATION]) + max;
}

/* `x3`; -1 when it is not */
static int64_t read_count(const char *text)
{
    char *end;
    if (text[0] != 'x' || text[1] < '0' || text[1] > '9')
        return -1;
    unsigned long count = strtoul(text + 1, &end, 10);
    return *end == '\0' && count <= UINT32_MAX ? (int64_t)count : -1;
}

/* Cuts `@OPERATION` off; *row: of the plan. False when there is no such operation. */
static bool read_operation(struct slice *text, int *row)
{
    const char *cursor = text->len ? memchr(text->data, '@', text->len) : NULL;
    *row = ANY_OPERATION;
    if (!cursor)
        return true;
    size_t len = (size_t)(cursor - text->data);
    struct slice word = slice_make(cursor + 1, text->len - len - 1);
    *text = slice_make(text->data, len);
    for (int operation = 0; operation < OPERATION_COUNT; operation++)
        if (slice_is(word, operation_word((enum operation)operation)))
            *row = operation;
    return *row != ANY_OPERATION;
}

int fault_plan_add(struct fault_plan *plan, struct slice text, struct error *error)
{
    struct slice whole = text;
    int row;
    bool operation_known = read_operation(&text, &row);
    const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    size_t word_len = colon ? (size_t)(colon - text.data) : text.len;
    enum fault_kind kind = kind_of(slice_make(text.data, word_len));
    if (kind == FAULT_NONE || !colon || !operation_known)
        return error_set(
            error, ERROR_USAGE,
            "fault `%.*s`: unknown kind or operation\nhint: write KIND:SHARE or KIND:SHARE@OPERATION; KIND is one of status-401, status-500, status-503, retry-after, status-429, reset, not-found, drop, slow, garbage, truncate, left-out, not-taken, warning, folded-header, foreign-bytes, link-error, rejected, not-triggered, status-422; SHARE is 5%%, 0.05 or x3; OPERATION is one of create, update, look_up, fetch, list, link, document, login",
            (int)whole.len, whole.data);
    char value[32] = {0};
    size_t value_len = text.len - word_len - 1;
    if (value_len < sizeof value)
        memcpy(value, colon + 1, value_len);
    int64_t count = read_count(value);
    if (count >= 0) {
        plan->next[row][kind] += (uint32_t)count;
        return 0;
    }
    struct fault_plan after = *plan;
    double share = after.share[row][kind] = fault_read_share(value);
    if (share < 0)
        return error_set(error, ERROR_USAGE, "fault `%.*s`: not a share\nhint: write 5%%, 0.05 or x3",
                         (int)whole.len, whole.data);
    if (max_share(&after) > 1.0000001)
        return error_set(error, ERROR_USAGE, "fault `%.*s`: the shares add up to more than 100%%",
                         (int)whole.len, whole.data);
    *plan = after;
    return 0;
}

void fault_plan_clear(struct fault_plan *plan)
{
    uint64_t random = plan->random;
    *plan = (struct fault_plan){.random = random};
}

static bool consume_next(uint32_t *next, enum fault_kind *kind)
{
    for (int i = FAULT_NONE + 1; i < FAULT_KINDS; i++) {
        if (next[i] == 0)
            continue;
        next[i]--;
        *kind = (enum fault_kind)i;
        return true;
    }
    return false;
}

/* *position: in the shares laid end to end; it is reduced by those before it */
static enum fault_kind find_share(const double *shares, double *position)
{
    for (int kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++) {
        if (*position < shares[kind])
            return (enum fault_kind)kind;
        *position -= shares[kind];
    }
    return FAULT_NONE;
}

enum fault_kind fault_plan_draw(struct fault_plan *plan, enum operation operation)
{
    enum fault_kind kind;
    if (consume_next(plan->next[operation], &kind) || consume_next(plan->next[ANY_OPERATION], &kind))
        return kind;
    double position = random_share(&plan->random);
    kind = find_share(plan->share[ANY_OPERATION], &position);
    if (kind == FAULT_NONE && operation != OPERATION_OTHER)
        kind = find_share(plan->share[operation], &position);
    return kind;
}

bool fault_is_before_handling(enum fault_kind kind)
{
    return kind == FAULT_STATUS_401 || kind == FAULT_STATUS_500 || kind == FAULT_STATUS_503 ||
           kind == FAULT_RETRY_AFTER || kind == FAULT_STATUS_429 || kind == FAULT_RESET ||
           kind == FAULT_NOT_FOUND || kind == FAULT_STATUS_422;
}
