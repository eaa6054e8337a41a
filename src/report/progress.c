#include "report/progress.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/clock.h"
#include "core/log.h"
#include "report/format_number.h"

enum { PROGRESS_TEXT_SIZE = 160 };

#define PROGRESS_PERIOD_NS (200 * CLOCK_NS_PER_MS)

void progress_start(struct progress *progress, enum progress_mode mode, uint64_t now_ns)
{
    bool shown = mode == PROGRESS_ALWAYS || (mode == PROGRESS_AUTO && isatty(STDERR_FILENO));
    *progress = (struct progress){.shown = shown, .started_ns = now_ns, .next_ns = now_ns};
}

/* Columns for the line: a wrapped line is not erased by the next one. The text is ASCII. */
static size_t progress_columns(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return known ? (size_t)size.ws_col - 1 : PROGRESS_TEXT_SIZE;
}

/* Removes parts at the end that do not fit as a whole: half a number is a wrong number. */
static void progress_cut(char *text, size_t columns)
{
    if (strlen(text) <= columns)
        return;
    while (columns > 0 && strncmp(text + columns, "  ", 2) != 0)
        columns--;
    text[columns] = '\0';
}

uint64_t progress_update(struct progress *progress, const struct progress_counts *counts, uint64_t now_ns)
{
    if (!progress->shown)
        return 0;
    if (now_ns >= progress->next_ns) {
        char text[PROGRESS_TEXT_SIZE];
        double seconds = (double)(now_ns - progress->started_ns) / (double)CLOCK_NS_PER_S;
        progress_text(counts, seconds, text, sizeof text);
        size_t columns = progress_columns();
        progress_cut(text, columns);
        log_live_line(text);
        progress->next_ns = now_ns + PROGRESS_PERIOD_NS;
    }
    return progress->next_ns;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        log_live_line(NULL);
    progress->shown = false;
}

static void progress_append_eta(struct buffer *out, double share, double seconds)
{
    if (share <= 0 || share >= 1 || seconds < 1)
        return;
    double left = seconds / share * (1 - share);
    uint64_t whole = left < 1e9 ? (uint64_t)(left + 0.5) : UINT64_C(1000000000);
    if (whole >= 3600)
        buffer_printf(out, "  ETA %" PRIu64 ":%02u:%02u", whole / 3600, (unsigned)(whole / 60 % 60),
                      (unsigned)(whole % 60));
    else
        buffer_printf(out, "  ETA %u:%02u", (unsigned)(whole / 60), (unsigned)(whole % 60));
}

/* 100 only for the whole. */
static unsigned progress_percent(double share)
{
    double percent = share * 100 + 1e-9; /* 0.29 * 100 is less than 29 */
    return percent < 100 ? (unsigned)percent : 100;
}

char *progress_text(const struct progress_counts *counts, double seconds, char *text, unsigned size)
{
    char number[FORMAT_NUMBER_SIZE];
    struct buffer out;
    buffer_init(&out, 1024);
    uint64_t counted = counts->is_run ? counts->done : counts->records;
    double rate = seconds > 0 ? (double)counted / seconds : 0;

    buffer_printf(&out, "%s records", format_number_count(counts->records, number));
    if (counts->share >= 0)
        buffer_printf(&out, "  %u %%", progress_percent(counts->share));
    if (counts->is_run)
        buffer_printf(&out, "  %s done", format_number_count(counts->done, number));
    if (rate < 10)
        buffer_printf(&out, "  %.1f/s", rate);
    else
        buffer_printf(&out, "  %s/s", format_number_count((uint64_t)rate, number));
    progress_append_eta(&out, counts->share, seconds);
    buffer_printf(&out, "  %s rejected", format_number_count(counts->rejected, number));
    if (counts->is_run)
        buffer_printf(&out, "  %s in doubt", format_number_count(counts->in_doubt, number));
    progress_cut(out.data, size - 1);
    snprintf(text, size, "%s", out.data);
    buffer_clear(&out);
    return text;
}
