#include "report/progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/log.h"

enum { COLUMNS_DEFAULT = 160, MEMBERS_MAX = 4096 };

#define LIVE_PERIOD_NS (200 * CLOCK_NS_PER_MS)
#define RATE_PERIOD_NS CLOCK_NS_PER_S
#define LOG_PERIOD_NS  (60 * CLOCK_NS_PER_S)

static enum progress_mode process_mode = PROGRESS_NEVER;

void progress_setup(enum progress_mode mode)
{
    process_mode = mode;
}

static bool is_terminal(void)
{
    const char *name = getenv("TERM");

    return isatty(STDERR_FILENO) && (!name || strcmp(name, "dumb") != 0);
}

void progress_start(struct progress *progress, uint64_t now_ns)
{
    bool is_live = process_mode == PROGRESS_ALWAYS || (process_mode == PROGRESS_AUTO && is_terminal());

    *progress = (struct progress){.is_live = is_live,
                                  .is_logged = process_mode == PROGRESS_AUTO && !is_live,
                                  .next_ns = now_ns,
                                  .next_log_ns = now_ns + LOG_PERIOD_NS,
                                  .percent = -1};
}

uint64_t progress_next_ns(const struct progress *progress)
{
    return progress->is_live || progress->is_logged ? progress->next_ns : UINT64_MAX;
}

/* Columns for the line: a wrapped line is not erased by the next one. */
static unsigned columns(void)
{
    struct winsize size;
    const char *given = getenv("COLUMNS");
    unsigned long count = given ? strtoul(given, NULL, 10) : 0;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        count = size.ws_col;
    if (count == 0 || count > COLUMNS_DEFAULT)
        count = COLUMNS_DEFAULT;
    return (unsigned)count - 1;
}

int progress_percent(const struct progress_counts *counts)
{
    if (counts->total == 0)
        return -1;
    if (counts->done >= counts->total)
        return counts->is_estimate ? 99 : 100;
    return (int)((double)counts->done * 100 / (double)counts->total);
}

/* Whether the time in this state is working time. */
static bool is_working(enum progress_state state)
{
    return state <= PROGRESS_LOOK_UP;
}

static void log_counts(const struct progress_counts *counts, const struct progress_figures *figures)
{
    char text[PROGRESS_LINE_SIZE];
    struct json_writer json;
    struct buffer members;

    buffer_init(&members, MEMBERS_MAX);
    json_write_begin(&json, &members);
    json_write_object(&json);
    progress_line_members(counts, figures, &json);
    json_write_object_end(&json);
    log_info_members(slice_make(members.data + 1, members.len - 2), "progress: %s",
                     progress_line_log(counts, figures, text));
    buffer_clear(&members);
}

static void measure(struct progress_rate *rate, const struct progress_counts *counts,
                    struct progress_figures *figures)
{
    uint64_t now_ns = figures->now_ns, not_before_ns = counts->not_before_ns;
    double wait_s = not_before_ns > now_ns ? (double)(not_before_ns - now_ns) / (double)CLOCK_NS_PER_S : 0;

    figures->rate_per_s = progress_rate_done(rate);
    if (counts->total == 0)
        return;
    figures->left_s =
        progress_rate_left(rate, now_ns, counts->sends_left, counts->plain_left, counts->limit_per_s);
    if (figures->left_s >= 0 && figures->left_s < wait_s)
        figures->left_s = wait_s;
}

void progress_update(struct progress *progress, const struct progress_counts *counts, uint64_t now_ns)
{
    char text[PROGRESS_LINE_SIZE];
    bool works = is_working(counts->state);
    struct progress_figures figures = {.left_s = -1, .rate_per_s = -1, .now_ns = now_ns};

    if (now_ns < progress_next_ns(progress))
        return;
    progress->next_ns = now_ns + (progress->is_live ? LIVE_PERIOD_NS : RATE_PERIOD_NS);
    progress_rate_add(&progress->rate, now_ns, counts->done, counts->sent, works, counts->open > 0);
    int percent = progress_percent(counts);
    if (percent > progress->percent)
        progress->percent = percent;
    figures.percent = progress->percent;
    if (works)
        measure(&progress->rate, counts, &figures);
    else
        progress->rate.left_at_ns = 0;
    if (progress->is_live)
        log_live_line(progress_line_live(counts, &figures, columns(), text));
    if (progress->is_logged && now_ns >= progress->next_log_ns) {
        log_counts(counts, &figures);
        progress->next_log_ns += LOG_PERIOD_NS;
    }
}

void progress_end(struct progress *progress)
{
    if (progress->is_live)
        log_live_line(NULL);
    progress->is_live = progress->is_logged = false;
}
