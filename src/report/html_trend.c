#include "report/html_trend.h"

#include "report/format_number.h"
#include "report/html.h"

enum { WIDTH = 600, HEIGHT = 100, BAR_MAX = 30, DAY_LEN = sizeof "2026-11-21" - 1 };

struct chart {
    const char *id, *label, *tone;
    double (*value)(const struct report_history_run *run);
    void (*format)(double value, char text[FORMAT_NUMBER_SIZE]);
};

static double created_of(const struct report_history_run *run)
{
    return (double)run->created;
}

static double rejected_of(const struct report_history_run *run)
{
    return (double)run->rejected;
}

static double seconds_of(const struct report_history_run *run)
{
    return run->seconds;
}

static void format_count(double value, char text[FORMAT_NUMBER_SIZE])
{
    format_number_count((uint64_t)value, text);
}

static void format_seconds(double value, char text[FORMAT_NUMBER_SIZE])
{
    format_number_seconds(value, text);
}

static const struct chart charts[] = {
    {"created", "Created", "good", created_of, format_count},
    {"rejected", "Rejected", "bad", rejected_of, format_count},
    {"took", "Time taken", "info", seconds_of, format_seconds},
};

static size_t shown_of(const struct report_history *history)
{
    return history->kept < HTML_TREND_RUNS ? history->kept : HTML_TREND_RUNS;
}

static bool is_cut(const struct report_history_run *run)
{
    return run->is_partial || run->status > 1;
}

static void write_bars(const struct report_history *history, const struct chart *chart, double max,
                       struct buffer *out)
{
    size_t shown = shown_of(history);
    double step = (double)WIDTH / (double)shown, width = step * 0.7 < BAR_MAX ? step * 0.7 : BAR_MAX;

    for (size_t i = shown; i-- > 0;) {
        const struct report_history_run *run = &history->runs[i];
        double height = max > 0 ? HEIGHT * chart->value(run) / max : 0;
        double x = WIDTH - step * (double)(i + 1) + (step - width) / 2;
        buffer_printf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\"/>",
                      is_cut(run) ? "cut"
                      : i         ? "past"
                                  : "now",
                      x, HEIGHT - height, width, height);
    }
}

static void write_chart(const struct report_history *history, const struct chart *chart, struct buffer *out)
{
    size_t shown = shown_of(history);
    const struct report_history_run *oldest = &history->runs[shown - 1], *newest = &history->runs[0];
    char text[FORMAT_NUMBER_SIZE];
    double max = 0;

    for (size_t i = 0; i < shown; i++)
        max = chart->value(&history->runs[i]) > max ? chart->value(&history->runs[i]) : max;
    chart->format(chart->value(newest), text);
    buffer_printf(
        out,
        "<figure class=\"bars %s\">\n<figcaption><span class=\"word\">%s</span> <b>%s</b></figcaption>\n",
        chart->tone, chart->label, text);
    chart->format(max, text);
    buffer_printf(
        out,
        "<div class=\"axis\"><span>%s</span></div>\n"
        "<svg role=\"img\" aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\"><title id=\"%s-t\">%s by run</title><desc id=\"%s-d\">",
        text, chart->id, chart->id, WIDTH, HEIGHT, chart->id, chart->label, chart->id);
    for (size_t i = shown; i-- > 0;) {
        chart->format(chart->value(&history->runs[i]), text);
        buffer_printf(out, "%.*s: %s. ", DAY_LEN, history->runs[i].name, text);
    }
    buffer_printf(out, "</desc><path class=\"grid\" d=\"M0 0H%d\"/><path class=\"base\" d=\"M0 %dH%d\"/>",
                  WIDTH, HEIGHT, WIDTH);
    write_bars(history, chart, max, out);
    buffer_printf(out, "</svg>\n<div class=\"axis\"><span>%.*s</span><span>%.*s</span></div>\n</figure>\n",
                  DAY_LEN, oldest->name, DAY_LEN, newest->name);
}

void html_trend_write_charts(const struct report_history *history, struct buffer *out)
{
    bool any_cut = false;

    if (history->kept < 2)
        return;
    buffer_append_text(out, "<div class=\"trend\">\n");
    for (size_t i = 0; i < sizeof charts / sizeof *charts; i++)
        write_chart(history, &charts[i], out);
    buffer_append_text(out, "</div>\n");
    for (size_t i = 0; i < shown_of(history); i++)
        any_cut |= is_cut(&history->runs[i]);
    buffer_append_text(
        out,
        "<p class=\"soft\">One bar for each run, the newest on the right; the scale begins at 0, and its top is the largest value.");
    if (any_cut)
        buffer_append_text(out, " An outline is a run that ended early, or that read a part of the input.");
    buffer_append_text(out, "</p>\n");
}

void html_trend_time(struct buffer *out, const struct report_history_run *run)
{
    const char *name = run->name;

    buffer_printf(out, "<time datetime=\"%.10sT%.2s:%.2s:%.6sZ\">%.10s %.2s:%.2s</time>", name, name + 11,
                  name + 14, name + 17, name, name + 11, name + 14);
}

const char *html_trend_tone(const struct report_history_run *run)
{
    return run->status == 0 ? "good" : run->status == 1 ? "warn" : run->status == 6 ? "info" : "bad";
}

void html_trend_write_table(const struct report_history *history, struct buffer *out)
{
    char number[FORMAT_NUMBER_SIZE];

    buffer_append_text(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Last runs\">\n<table>\n<caption>The last runs, newest first.</caption>\n<thead><tr><th scope=\"col\">Began (UTC)</th><th scope=\"col\">Status</th><th scope=\"col\" class=\"number\">Read</th><th scope=\"col\" class=\"number\">Created</th><th scope=\"col\" class=\"number\">Rejected</th><th scope=\"col\" class=\"number\">Took</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < shown_of(history); i++) {
        const struct report_history_run *run = &history->runs[i];
        buffer_append_text(out, "<tr><th scope=\"row\">");
        html_trend_time(out, run);
        buffer_printf(out, "</th><td class=\"%s\"><span class=\"tone\">%d</span>%s</td>",
                      html_trend_tone(run), run->status,
                      run->is_partial ? " <span class=\"soft\">part</span>" : "");
        buffer_printf(out, "<td class=\"number\">%s</td>", format_number_count(run->read, number));
        buffer_printf(out, "<td class=\"number\">%s</td>", format_number_count(run->created, number));
        buffer_printf(out, "<td class=\"number\">%s</td>", format_number_count(run->rejected, number));
        buffer_printf(out, "<td class=\"number\">%s</td></tr>\n",
                      format_number_seconds(run->seconds, number));
    }
    buffer_append_text(out, "</tbody>\n</table>\n</div>\n");
}
