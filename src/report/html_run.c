/* html_run: the plan of a check, and the requests of a run. */
#include <math.h>

#include "model/outcome.h"
#include "report/format_number.h"
#include "report/html.h"
#include "report/html_funnel.h"
#include "report/html_parts.h"
#include "report/html_trend.h"

struct html_run_row {
    const char *label, *path, *member;
    uint64_t count;
};

static void html_run_rows(struct buffer *out, const struct html_run_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"number\">", rows[i].label);
        html_count(out, rows[i].path, rows[i].member, rows[i].count);
        buffer_append_text(out, "</td></tr>\n");
    }
}

void html_run_write_plan(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    const struct html_run_row rows[] = {
        {"to create", "plan", "create", stats->plan.create},
        {"to update", "plan", "update", stats->plan.update},
        {"unchanged: nothing to send", "plan", "unchanged", stats->plan.unchanged},
        {"to resolve first: the last request is in doubt", "plan", "settle", stats->plan.settle},
        {"refused before and unchanged since", "plan", "refused", stats->plan.refused},
        {"twins: the same person exists under another key", "plan", "twins", stats->plan.twins},
    };
    html_section(page->out, "plan", "Plan");
    buffer_append_text(
        page->out,
        "<table>\n<caption>What a run would do with the valid records, by comparison with the ledger.</caption>\n<thead><tr><th scope=\"col\">Records</th><th scope=\"col\" class=\"number\">Count</th></tr></thead>\n<tbody>\n");
    html_run_rows(page->out, rows, sizeof rows / sizeof *rows);
    buffer_append_text(page->out, "<tr><th scope=\"row\">time that requests for them take");
    if (stats->estimate.requests > 0)
        buffer_printf(page->out, " at the job's rate, %s", stats->estimate.rate);
    buffer_append_text(page->out, "</th><td class=\"number\">");
    html_decimal(page->out, "estimated_seconds", NULL, stats->estimate.seconds, " s");
    buffer_append_text(page->out, "</td></tr>\n");
    buffer_append_text(page->out, "</tbody>\n</table>\n</section>\n");
}

static void html_run_retries(const struct html_page *page)
{
    static const char *const labels[RETRY_CAUSES] = {
        [RETRY_429] = "429: rate limit exceeded",      [RETRY_5XX] = "5xx: server error",
        [RETRY_TIMEOUT] = "timeout: no reply in time", [RETRY_CONNECT] = "connect: connection failed or lost",
        [RETRY_NONCE] = "nonce: invalid, sent again",  [RETRY_AUTH] = "auth: credentials renewed",
    };
    struct buffer *out = page->out;
    buffer_append_text(
        out,
        "<table>\n<caption>Requests, retries by cause, and pauses.</caption>\n<thead><tr><th scope=\"col\">Requests</th><th scope=\"col\" class=\"number\">Count</th></tr></thead>\n<tbody>\n");
    const struct html_run_row all[] = {
        {"all requests", "requests", NULL, page->stats->requests},
        {"maximum within any second", "max_per_second", NULL, page->stats->max_per_second},
    };
    html_run_rows(out, all, sizeof all / sizeof *all);
    for (int cause = 0; cause < RETRY_CAUSES; cause++)
        html_run_rows(out,
                      &(struct html_run_row){labels[cause], "retries",
                                             retry_cause_word((enum retry_cause)cause),
                                             page->stats->retries[cause]},
                      1);
    html_run_rows(
        out,
        &(struct html_run_row){"pauses by the circuit breaker", "breaker", "pauses", page->stats->pauses}, 1);
    buffer_append_text(out, "<tr><th scope=\"row\">time paused</th><td class=\"number\">");
    html_decimal(out, "breaker", "seconds", (double)page->stats->pause_ns / 1e9, " s");
    buffer_append_text(out, "</td></tr>\n");
    buffer_append_text(out, "</tbody>\n</table>\n");
}

static void html_run_latency(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    const struct {
        const char *label, *member;
        double ms;
    } rows[] = {
        {"median (p50)", "p50", stats->p50_ms},
        {"95th percentile (p95)", "p95", stats->p95_ms},
        {"99th percentile (p99)", "p99", stats->p99_ms},
        {"maximum", "max", stats->max_ms},
    };
    buffer_append_text(
        out,
        "<table>\n<caption>Latency: from sending a request to its complete reply.</caption>\n<thead><tr><th scope=\"col\">Replies</th><th scope=\"col\" class=\"number\">Time</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buffer_printf(out, "<tr><th scope=\"row\">%s", rows[i].label);
        html_bar(out, (uint64_t)(rows[i].ms * 1000), (uint64_t)(stats->max_ms * 1000), "info",
                 "of the maximum");
        buffer_append_text(out, "</th><td class=\"number\">");
        html_decimal(out, "latency_ms", rows[i].member, rows[i].ms, " ms");
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
}

/* The next round number. */
static double html_run_round_up(double rate)
{
    double power = pow(10, floor(log10(rate)));
    const double steps[] = {1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (rate <= steps[i] * power)
            return steps[i] * power;
    return rate;
}

enum { HTML_RUN_CHART_WIDTH = 1000, HTML_RUN_CHART_HEIGHT = 200 };

static double html_run_series_ns(const struct rate_series *series)
{
    size_t last = series->count - 1;
    return (double)last * (double)series->width_ns + (double)rate_series_bucket_ns(series, last);
}

/* A step per bucket: its rate is a mean. */
static void html_run_steps(struct buffer *out, const struct rate_series *series, double top)
{
    for (size_t i = 0; i < series->count; i++) {
        double before_ns = (double)i * (double)series->width_ns;
        double y = HTML_RUN_CHART_HEIGHT - HTML_RUN_CHART_HEIGHT * rate_series_rate(series, i) / top;
        buffer_printf(out, "%s%.1fH%.1f", i ? "V" : "", y,
                      HTML_RUN_CHART_WIDTH * (before_ns + (double)rate_series_bucket_ns(series, i)) /
                          html_run_series_ns(series));
    }
}

static void html_run_chart(const struct html_page *page)
{
    const struct rate_series *series = &page->stats->rate_series;
    struct buffer *out = page->out;
    char end[FORMAT_NUMBER_SIZE], width[FORMAT_NUMBER_SIZE];
    double max = 0;
    for (size_t i = 0; i < series->count; i++)
        max = rate_series_rate(series, i) > max ? rate_series_rate(series, i) : max;
    if (max <= 0)
        return;
    double top = html_run_round_up(max);
    double seconds = html_run_series_ns(series) / 1e9;
    buffer_append_text(out,
                       "<figure class=\"chart\">\n<figcaption class=\"soft\">Replies per second over time: ");
    html_decimal(out, "rate_per_s", NULL, page->stats->rate_per_s, " requests per second");
    buffer_printf(
        out,
        " on average, maximum %.1f. One step is %s.</figcaption>\n"
        "<div class=\"axis\"><span>%g/s</span></div>\n"
        "<svg role=\"img\" aria-labelledby=\"rate-t rate-d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><title id=\"rate-t\">Replies per second over time</title>"
        "<desc id=\"rate-d\">From the first reply to the last in %s, maximum %.1f per second.</desc>",
        max, format_number_seconds((double)series->width_ns / 1e9, width), top, HTML_RUN_CHART_WIDTH,
        HTML_RUN_CHART_HEIGHT, format_number_seconds(seconds, end), max);
    for (int line = 0; line <= 4; line++)
        buffer_printf(out, "<path class=\"grid\" d=\"M0 %dH%d\"/>", HTML_RUN_CHART_HEIGHT * line / 4,
                      HTML_RUN_CHART_WIDTH);
    buffer_printf(out, "<path class=\"area\" d=\"M0 %dV", HTML_RUN_CHART_HEIGHT);
    html_run_steps(out, series, top);
    buffer_printf(out, "V%dZ\"/><path class=\"line\" d=\"M0 ", HTML_RUN_CHART_HEIGHT);
    html_run_steps(out, series, top);
    buffer_printf(out, "\"/></svg>\n<div class=\"axis\"><span>0 s</span><span>%s</span></div>\n</figure>\n",
                  end);
}

void html_run_write_trend(const struct html_page *page)
{
    const struct report_history *history = page->place->history;
    struct buffer *out = page->out;

    if (!history || history->kept < 2)
        return;
    html_section(out, "trend", "Last runs");
    html_trend_write_charts(history, out);
    buffer_append_text(out, "<details><summary>The same as a table</summary>\n");
    html_trend_write_table(history, out);
    buffer_append_text(out, "</details>\n<p><a href=\"");
    html_files_history(page, REPORT_HISTORY_INDEX);
    buffer_append_text(out, "\">All kept reports</a></p>\n</section>\n");
}

void html_run_write_verification(const struct html_page *page)
{
    const struct html_funnel funnel = {.path = "verification",
                                       .customers = page->stats->verification.customers};

    if (!page->stats->verification.is_known)
        return;
    html_section(page->out, "verification", "Verification");
    html_funnel_write(
        page->out, &funnel,
        "All customers of the ledger that have a user at the provider, by the verification state that the provider last reported. <code>kyc-import refresh</code> reads the states again.");
    buffer_append_text(page->out, "</section>\n");
}

void html_run_write_requests(const struct html_page *page)
{
    struct buffer *out = page->out;
    html_section(out, "requests", "Requests");
    if (page->stats->requests == 0) {
        buffer_append_text(out, "<p>No request was sent.</p>\n");
    } else {
        html_run_chart(page);
        if (page->stats->retries[RETRY_429] > 0)
            buffer_append_text(
                out,
                "<p>Requests exceeded the provider's rate limit (429). Each time the rate was halved and then raised step by step. A <code>delivery.rate</code> just below the provider's limit is faster, because no request has to wait.</p>\n");
        buffer_append_text(out, "<div class=\"pair\">\n");
        html_run_retries(page);
        html_run_latency(page);
        buffer_append_text(out, "</div>\n");
    }
    buffer_append_text(out, "</section>\n");
}
