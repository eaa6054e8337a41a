#include "report/progress_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "report/format_number.h"

enum { PART_SIZE = 128, REASON_COLUMNS_MIN = 12 };

/* In the order of the line. */
enum part {
    PART_COUNT,
    PART_RATE,
    PART_LEFT,
    PART_RETRYING,
    PART_IN_DOUBT,
    PART_REJECTED,
    PART_REASON,
    PARTS
};

struct parts {
    char text[PARTS][PART_SIZE]; /* "": left out */
};

static const char *const state_names[] = {
    [PROGRESS_ACTIVE] = "active",
    [PROGRESS_READING] = "reading",
    [PROGRESS_INPUT] = "waiting_for_input",
    [PROGRESS_SLOWED] = "slowed",
    [PROGRESS_CANARY] = "canary",
    [PROGRESS_REPLIES] = "waiting_for_replies",
    [PROGRESS_RETRY] = "waiting_to_retry",
    [PROGRESS_LOOK_UP] = "looking_up",
    [PROGRESS_LIST_SOON] = "waiting_to_list",
    [PROGRESS_LIST] = "listing",
    [PROGRESS_LOGIN] = "logging_in",
    [PROGRESS_CARRY_OVER] = "waiting_for_previous_run",
    [PROGRESS_RETRY_AFTER] = "retry_after",
    [PROGRESS_PAUSED] = "paused",
    [PROGRESS_LEASE] = "waiting_for_lease",
    [PROGRESS_STOPPING] = "stopping",
    [PROGRESS_DROPPING] = "dropping",
};

static uint64_t seconds_until(const struct progress_counts *counts, uint64_t now_ns)
{
    if (counts->until_ns <= now_ns)
        return 0;
    return (counts->until_ns - now_ns + CLOCK_NS_PER_S - 1) / CLOCK_NS_PER_S;
}

/* Whole seconds: `9 s`, `1 m 12 s`, `2 h 05 m`, `3 d 4 h`. */
static char *duration(uint64_t seconds, char text[FORMAT_NUMBER_SIZE])
{
    if (seconds < 60)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u s", (unsigned)seconds);
    else if (seconds < 3600)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u m %02u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
    else if (seconds < 86400)
        snprintf(text, FORMAT_NUMBER_SIZE, "%u h %02u m", (unsigned)(seconds / 3600),
                 (unsigned)(seconds / 60 % 60));
    else
        snprintf(text, FORMAT_NUMBER_SIZE, "%" PRIu64 " d %u h", seconds / 86400,
                 (unsigned)(seconds / 3600 % 24));
    return text;
}

static void describe_stop(const struct progress_counts *counts, const char *count, char *text)
{
    if (counts->count == 0)
        snprintf(text, PART_SIZE, "stopping");
    else if (counts->state == PROGRESS_STOPPING)
        snprintf(text, PART_SIZE, "stopping: waiting for %s repl%s", count, counts->count == 1 ? "y" : "ies");
    else
        snprintf(text, PART_SIZE, "stopping: %s request%s dropped", count, counts->count == 1 ? "" : "s");
}

/* States with an end: wait is "" where it is not known, or over. */
static void describe_wait(const struct progress_counts *counts, const char *wait, char *text)
{
    char number[FORMAT_NUMBER_SIZE];

    format_number_count(counts->count, number);
    if (counts->state == PROGRESS_PAUSED && !wait[0])
        snprintf(text, PART_SIZE, "paused: the provider is failing, trying it now");
    else if (counts->state == PROGRESS_PAUSED)
        snprintf(text, PART_SIZE, "paused: the provider is failing, next try in %s", wait);
    else if (counts->state == PROGRESS_LIST_SOON)
        snprintf(text, PART_SIZE, "listing users %s%s to resolve %s create%s in doubt",
                 wait[0] ? "in " : "now", wait, number, counts->count == 1 ? "" : "s");
    else if (counts->state == PROGRESS_LEASE && !wait[0])
        snprintf(text, PART_SIZE, "waiting for the right to send");
    else if (counts->state == PROGRESS_LEASE)
        snprintf(text, PART_SIZE, "waiting %s: the run before this one may still send", wait);
    else if (!wait[0])
        text[0] = '\0';
    else if (counts->state == PROGRESS_RETRY)
        snprintf(text, PART_SIZE, "next attempt in %s", wait);
    else if (counts->state == PROGRESS_CARRY_OVER)
        snprintf(text, PART_SIZE, "waiting %s: the rate counts the previous run's requests", wait);
    else
        snprintf(text, PART_SIZE, "waiting %s, as the provider asked (Retry-After)", wait);
}

static void describe_reason(const struct progress_counts *counts, uint64_t now_ns, char *text)
{
    char wait[FORMAT_NUMBER_SIZE] = "", count[FORMAT_NUMBER_SIZE];
    uint64_t seconds = seconds_until(counts, now_ns);
    bool is_one = counts->count == 1;

    if (seconds)
        duration(seconds, wait);
    format_number_count(counts->count, count);
    text[0] = '\0';
    switch (counts->state) {
    case PROGRESS_ACTIVE:
        break;
    case PROGRESS_READING:
        snprintf(text, PART_SIZE, "reading the input: nothing to send");
        break;
    case PROGRESS_INPUT:
        snprintf(text, PART_SIZE, "waiting for the input");
        break;
    case PROGRESS_SLOWED:
        snprintf(text, PART_SIZE, "slowed down: HTTP 429");
        break;
    case PROGRESS_CANARY:
        snprintf(text, PART_SIZE, "canary: one request at a time, %s more", count);
        break;
    case PROGRESS_REPLIES:
        snprintf(text, PART_SIZE, "waiting for %s repl%s", count, is_one ? "y" : "ies");
        break;
    case PROGRESS_LOOK_UP:
        snprintf(text, PART_SIZE, "looking up %s user%s in doubt", count, is_one ? "" : "s");
        break;
    case PROGRESS_LIST:
        if (counts->count)
            snprintf(text, PART_SIZE, "listing users to resolve %s create%s in doubt", count,
                     is_one ? "" : "s");
        else
            snprintf(text, PART_SIZE, "listing the provider's users");
        break;
    case PROGRESS_LOGIN:
        snprintf(text, PART_SIZE, "logging in to the provider");
        break;
    case PROGRESS_RETRY:
    case PROGRESS_LIST_SOON:
    case PROGRESS_CARRY_OVER:
    case PROGRESS_RETRY_AFTER:
    case PROGRESS_PAUSED:
    case PROGRESS_LEASE:
        describe_wait(counts, wait, text);
        break;
    case PROGRESS_STOPPING:
    case PROGRESS_DROPPING:
        describe_stop(counts, count, text);
        break;
    }
}

static void describe_total(const struct progress_counts *counts, const struct progress_figures *figures,
                           bool with_noun, char *text)
{
    char done[FORMAT_NUMBER_SIZE], total[FORMAT_NUMBER_SIZE], noun[32] = "";
    bool is_one = (counts->total ? counts->total : counts->done) == 1;

    format_number_count(counts->done, done);
    text[0] = '\0';
    if (counts->done == 0 && counts->total == 0 && counts->state != PROGRESS_ACTIVE)
        return;
    if (with_noun || counts->total == 0)
        snprintf(noun, sizeof noun, " %.*s", (int)(strlen(counts->noun) - is_one), counts->noun);
    if (counts->total == 0) {
        snprintf(text, PART_SIZE, "%s%s", done, noun);
        return;
    }
    format_number_count(counts->total, total);
    int len =
        snprintf(text, PART_SIZE, "%s of %s%s%s", done, counts->is_estimate ? "about " : "", total, noun);
    if (figures->percent >= 0 && len > 0)
        snprintf(text + len, PART_SIZE - (size_t)len, " (%d %%)", figures->percent);
}

static void make_parts(const struct progress_counts *counts, const struct progress_figures *figures,
                       bool with_noun, struct parts *parts)
{
    char number[FORMAT_NUMBER_SIZE];
    double rate = figures->rate_per_s;

    *parts = (struct parts){0};
    describe_total(counts, figures, with_noun, parts->text[PART_COUNT]);
    if (rate >= 0 && rate < 10)
        snprintf(parts->text[PART_RATE], PART_SIZE, "%.1f/s", rate);
    else if (rate >= 0)
        snprintf(parts->text[PART_RATE], PART_SIZE, "%s/s",
                 format_number_count((uint64_t)(rate + 0.5), number));
    if (figures->left_s >= 0)
        snprintf(parts->text[PART_LEFT], PART_SIZE, "%s left",
                 duration((uint64_t)ceil(figures->left_s), number));
    if (counts->retrying)
        snprintf(parts->text[PART_RETRYING], PART_SIZE, "%s being retried",
                 format_number_count(counts->retrying, number));
    if (counts->in_doubt)
        snprintf(parts->text[PART_IN_DOUBT], PART_SIZE, "%s in doubt",
                 format_number_count(counts->in_doubt, number));
    if (counts->rejected)
        snprintf(parts->text[PART_REJECTED], PART_SIZE, "%s rejected",
                 format_number_count(counts->rejected, number));
    describe_reason(counts, figures->now_ns, parts->text[PART_REASON]);
}

static size_t columns_of(const struct parts *parts)
{
    size_t columns = 0;

    for (size_t i = 0; i < PARTS; i++)
        if (parts->text[i][0])
            columns += strlen(parts->text[i]) + (columns ? 2 : 0);
    return columns;
}

/* Shortens the reason by so many columns at a blank, or leaves it out. */
static void shorten_reason(char *reason, size_t excess)
{
    size_t len = strlen(reason);
    size_t kept = len > excess + 3 ? len - excess - 3 : 0;

    while (kept > 0 && reason[kept] != ' ')
        kept--;
    if (kept < REASON_COLUMNS_MIN)
        kept = 0;
    snprintf(reason + kept, PART_SIZE - kept, "%s", kept ? "..." : "");
}

static void fit(struct parts *parts, size_t columns)
{
    static const enum part droppable[] = {PART_REJECTED, PART_IN_DOUBT, PART_RETRYING, PART_RATE, PART_LEFT};

    for (size_t i = 0; i < sizeof droppable / sizeof *droppable && columns_of(parts) > columns; i++)
        parts->text[droppable[i]][0] = '\0';
    if (columns_of(parts) > columns)
        shorten_reason(parts->text[PART_REASON], columns_of(parts) - columns);
    if (columns_of(parts) > columns)
        parts->text[PART_COUNT][0] = '\0';
}

static char *join(const struct parts *parts, const char *between, const char *before_reason,
                  char text[PROGRESS_LINE_SIZE])
{
    size_t len = 0;

    text[0] = '\0';
    for (size_t i = 0; i < PARTS && len < PROGRESS_LINE_SIZE; i++)
        if (parts->text[i][0])
            len += (size_t)snprintf(text + len, PROGRESS_LINE_SIZE - len, "%s%s",
                                    len == 0           ? ""
                                    : i == PART_REASON ? before_reason
                                                       : between,
                                    parts->text[i]);
    return text;
}

char *progress_line_live(const struct progress_counts *counts, const struct progress_figures *figures,
                         unsigned columns, char text[PROGRESS_LINE_SIZE])
{
    struct parts parts;

    make_parts(counts, figures, strcmp(counts->noun, "records") != 0, &parts);
    fit(&parts, columns < PROGRESS_LINE_SIZE ? columns : PROGRESS_LINE_SIZE - 1);
    return join(&parts, "  ", "  ", text);
}

char *progress_line_log(const struct progress_counts *counts, const struct progress_figures *figures,
                        char text[PROGRESS_LINE_SIZE])
{
    struct parts parts;

    make_parts(counts, figures, true, &parts);
    return join(&parts, ", ", "; ", text);
}

void progress_line_members(const struct progress_counts *counts, const struct progress_figures *figures,
                           struct json_writer *json)
{
    char reason[PART_SIZE];

    describe_reason(counts, figures->now_ns, reason);
    json_write_member_unsigned(json, counts->noun, counts->done);
    if (counts->total) {
        json_write_member_unsigned(json, "total", counts->total);
        json_write_key(json, "total_is_estimate");
        json_write_bool(json, counts->is_estimate);
    }
    if (figures->percent >= 0)
        json_write_member_unsigned(json, "percent", (uint64_t)figures->percent);
    if (figures->rate_per_s >= 0) {
        json_write_key(json, "rate_per_s");
        json_write_decimal(json, figures->rate_per_s, 1);
    }
    if (figures->left_s >= 0)
        json_write_member_unsigned(json, "seconds_left", (uint64_t)ceil(figures->left_s));
    json_write_member_unsigned(json, "retrying", counts->retrying);
    json_write_member_unsigned(json, "in_doubt", counts->in_doubt);
    json_write_member_unsigned(json, "rejected", counts->rejected);
    json_write_member(json, "state", slice_from(state_names[counts->state]));
    if (reason[0])
        json_write_member(json, "reason", slice_from(reason));
    if (seconds_until(counts, figures->now_ns))
        json_write_member_unsigned(json, "wait_seconds", seconds_until(counts, figures->now_ns));
}
