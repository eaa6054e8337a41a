/* html_run: what a dry run would do, and what a run did at the provider. */
#include <math.h>

#include "model/outcome.h"
#include "report/format_number.h"
#include "report/html.h"
#include "report/html_report_parts.h"

struct page_row {
    const char *word, *path, *member;
    uint64_t count;
};

static void page_rows(struct buffer *out, const struct page_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"number\">", rows[i].word);
        html_count(out, rows[i].path, rows[i].member, rows[i].count);
        buffer_append_text(out, "</td></tr>\n");
    }
}

void html_run_write_plan(const struct page *page)
{
    const struct run_stats *stats = page->stats;
    const struct page_row rows[] = {
        {"to create", "plan", "create", stats->plan.create},
        {"to update", "plan", "update", stats->plan.update},
        {"unchanged: nothing to send", "plan", "unchanged", stats->plan.unchanged},
        {"to settle first: an earlier outcome is in doubt", "plan", "settle", stats->plan.settle},
        {"refused before, and unchanged since", "plan", "refused", stats->plan.refused},
        {"refused: the same person is there under another key", "plan", "twins", stats->plan.twins},
    };
    html_section(page->out, "plan", "Plan");
    buffer_append_text(
        page->out,
        "<table>\n<caption>What a run would do now with the valid records, held against the ledger.</caption>\n<thead><tr><th scope=\"col\">Records</th><th scope=\"col\" class=\"number\">Count</th></tr></thead>\n<tbody>\n");
    page_rows(page->out, rows, sizeof rows / sizeof *rows);
    buffer_append_text(page->out, "</tbody>\n</table>\n</section>\n");
}

static void page_retries(const struct page *page)
{
    static const char *const words[RETRY_CAUSES] = {
        [RETRY_429] = "429: too many requests",          [RETRY_5XX] = "5xx: the provider failed",
        [RETRY_TIMEOUT] = "no answer in time",           [RETRY_CONNECT] = "connection failed or lost",
        [RETRY_NONCE] = "invalid nonce, sent once more", [RETRY_AUTH] = "credentials renewed",
    };
    struct buffer *out = page->out;
    buffer_append_text(
        out,
        "<table>\n<caption>Requests, those sent once more by cause, and pauses.</caption>\n<thead><tr><th scope=\"col\">Requests</th><th scope=\"col\" class=\"number\">Count</th></tr></thead>\n<tbody>\n");
    const struct page_row all[] = {
        {"all requests", "requests", NULL, page->stats->requests},
        {"the most within any second", "max_per_second", NULL, page->stats->max_per_second},
    };
    page_rows(out, all, sizeof all / sizeof *all);
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        page_rows(out,
                  &(struct page_row){words[cause], "retries", retry_cause_word((enum retry_cause)cause),
                                     page->stats->retries[cause]},
                  1);
    page_rows(
        out,
        &(struct page_row){"the provider was gone: sending paused", "breaker", "pauses", page->stats->pauses},
        1);
    buffer_append_text(out, "<tr><th scope=\"row\">paused, in all</th><td class=\"number\">");
    html_decimal(out, "breaker", "seconds", (double)page->stats->pause_ns / 1e9, " s");
    buffer_append_text(out, "</td></tr>\n");
    buffer_append_text(out, "</tbody>\n</table>\n");
}

static void page_latency(const struct page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    const struct {
        const char *word, *member;
        double ms;
    } rows[] = {
        {"half of them within", "p50", stats->p50_ms},
        {"95 of 100 within", "p95", stats->p95_ms},
        {"99 of 100 within", "p99", stats->p99_ms},
        {"the slowest", "max", stats->max_ms},
    };
    buffer_append_text(
        out,
        "<table>\n<caption>Latency: from the request's leaving to the whole answer.</caption>\n<thead><tr><th scope=\"col\">Answers</th><th scope=\"col\" class=\"number\">Time</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buffer_printf(out, "<tr><th scope=\"row\">%s", rows[i].word);
        html_bar(out, (uint64_t)(rows[i].ms * 1000), (uint64_t)(stats->max_ms * 1000), "info",
                 "of the slowest");
        buffer_append_text(out, "</th><td class=\"number\">");
        html_decimal(out, "latency_ms", rows[i].member, rows[i].ms, " ms");
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
}

/* A round number not below rate. */
static double page_round_up(double rate)
{
    double power = pow(10, floor(log10(rate)));
    const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (rate <= steps[i] * power)
            return steps[i] * power;
    return rate;
}

enum { CHART_WIDTH = 1000, CHART_HEIGHT = 200 };

static double page_pace_ns(const struct rate_series *series)
{
    size_t last = series->count - 1;
    return (double)last * (double)series->width_ns + (double)rate_series_bucket_ns(series, last);
}

/* Steps, for a bucket is a mean over its time. */
static void page_steps(struct buffer *out, const struct rate_series *series, double top)
{
    for (size_t i = 0; i < series->count; i++) {
        double before_ns = (double)i * (double)series->width_ns;
        double y = CHART_HEIGHT - CHART_HEIGHT * rate_series_rate(series, i) / top;
        buffer_printf(out, "%s%.1fH%.1f", i ? "V" : "", y,
                      CHART_WIDTH * (before_ns + (double)rate_series_bucket_ns(series, i)) /
                          page_pace_ns(series));
    }
}

static void page_chart(const struct page *page)
{
    const struct rate_series *series = &page->stats->rate_series;
    struct buffer *out = page->out;
    char end[FORMAT_NUMBER_SIZE], width[FORMAT_NUMBER_SIZE];
    double max = 0;
    for (size_t i = 0; i < series->count; i++)
        max = rate_series_rate(series, i) > max ? rate_series_rate(series, i) : max;
    if (max <= 0)
        return;
    double top = page_round_up(max);
    double seconds = page_pace_ns(series) / 1e9;
    buffer_append_text(out,
                       "<figure class=\"chart\">\n<figcaption class=\"soft\">Answers a second over time: ");
    html_decimal(out, "rate_per_s", NULL, page->stats->rate_per_s, " requests a second");
    buffer_printf(
        out,
        " on average, at most %.1f. One step is %s.</figcaption>\n"
        "<div class=\"axis\"><span>%g/s</span></div>\n"
        "<svg role=\"img\" aria-labelledby=\"rate-t rate-d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><title id=\"rate-t\">Answers a second over time</title>"
        "<desc id=\"rate-d\">From the first answer to the last in %s, at most %.1f a second.</desc>",
        max, format_number_seconds((double)series->width_ns / 1e9, width), top, CHART_WIDTH, CHART_HEIGHT,
        format_number_seconds(seconds, end), max);
    for (int line = 0; line <= 4; line++)
        buffer_printf(out, "<path class=\"grid\" d=\"M0 %dH%d\"/>", CHART_HEIGHT * line / 4, CHART_WIDTH);
    buffer_printf(out, "<path class=\"area\" d=\"M0 %dV", CHART_HEIGHT);
    page_steps(out, series, top);
    buffer_printf(out, "V%dZ\"/><path class=\"line\" d=\"M0 ", CHART_HEIGHT);
    page_steps(out, series, top);
    buffer_printf(out, "\"/></svg>\n<div class=\"axis\"><span>0 s</span><span>%s</span></div>\n</figure>\n",
                  end);
}

void html_run_write_requests(const struct page *page)
{
    struct buffer *out = page->out;
    html_section(out, "requests", "Requests");
    if (page->stats->requests == 0) {
        buffer_append_text(out, "<p>No request was sent.</p>\n");
    } else {
        page_chart(page);
        if (page->stats->retries[RETRY_429] > 0)
            buffer_append_text(
                out,
                "<p>The provider said that these were too many (429): each time the job slowed down to half, and sped up again bit by bit. A "
                "<code>delivery.rate</code> just below the provider's limit is faster, for then nothing has to wait.</p>\n");
        buffer_append_text(out, "<div class=\"pair\">\n");
        page_retries(page);
        page_latency(page);
        buffer_append_text(out, "</div>\n");
    }
    buffer_append_text(out, "</section>\n");
}
