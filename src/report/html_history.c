#include "report/html_history.h"

#include <inttypes.h>

#include "report/format_number.h"
#include "report/html.h"
#include "report/html_frame.h"
#include "report/html_trend.h"
#include "report/status_help.h"

static void write_header(const struct report_history *history, const struct job *job, struct buffer *out)
{
    const struct report_history_run *newest = &history->runs[0];
    char number[FORMAT_NUMBER_SIZE];

    buffer_append_text(out, "<header>\n<p class=\"kind\">Kept reports of runs</p>\n<h1>");
    html_text(out, slice_from(job->name));
    buffer_append_text(out, "</h1>\n");
    html_frame_begin_status(out, newest->status, status_help_find(newest->status, false).meaning);
    buffer_append_text(out, "<p>Of the last run, which began at ");
    html_trend_time(out, newest);
    buffer_append_text(out, " UTC.</p>\n</div>\n<dl class=\"facts\">\n");
    html_frame_fact(out, "Provider", "provider", job->provider.name);
    buffer_printf(out, "<div><dt>Kept</dt><dd>%s %s</dd></div>\n", format_number_count(history->kept, number),
                  history->kept == 1 ? "run" : "runs");
    buffer_printf(out, "<div><dt>Setting</dt><dd><code>report_keep: %" PRIu32 "</code></dd></div>\n",
                  job->report_keep);
    buffer_append_text(out, "</dl>\n</header>\n");
}

static void write_nav(const struct report_history *history, struct buffer *out)
{
    buffer_append_text(out, "<nav aria-label=\"Pages\">\n<ul>\n");
    if (history->kept > 1)
        html_frame_link(out, "trend", "Trend");
    html_frame_link(out, "runs", "Runs");
    buffer_append_text(out,
                       "<li><a href=\"../report.html\">Report of the last run</a></li>\n</ul>\n</nav>\n");
}

static void write_count(struct buffer *out, uint64_t count)
{
    char number[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "<td class=\"number\">%s</td>", format_number_count(count, number));
}

static void write_status(struct buffer *out, const struct report_history_run *run)
{
    buffer_printf(out, "<td class=\"words %s\"><span class=\"tone\">%d</span> %s", html_trend_tone(run),
                  run->status, status_help_find(run->status, false).brief);
    if (run->stopped[0]) {
        buffer_append_text(out, "<br><span class=\"soft\">");
        html_text(out, slice_from(run->stopped));
        buffer_append_text(out, "</span>");
    }
    if (run->is_partial)
        buffer_append_text(out, "<br><span class=\"soft\">a part of the input</span>");
    if (run->is_pinned)
        buffer_append_text(out, "<br><span class=\"soft\">pinned</span>");
    buffer_append_text(out, "</td>");
}

static void write_files(struct buffer *out, const struct report_history_run *run)
{
    static const char *const words[REPORT_HISTORY_FILES] = {
        [REPORT_HISTORY_REJECTS_CSV] = "rejects", [REPORT_HISTORY_REJECTS_NDJSON] = "rejects",
        [REPORT_HISTORY_BROKEN_CSV] = "broken",   [REPORT_HISTORY_BROKEN_NDJSON] = "broken",
        [REPORT_HISTORY_SUMMARY] = "summary",
    };
    bool any = false;

    buffer_append_text(out, "<td class=\"files\">");
    for (int i = 0; i < REPORT_HISTORY_FILES; i++) {
        if (!words[i] || !run->has[i])
            continue;
        buffer_printf(out, "%s<a href=\"%s/%s\">%s</a>", any ? ", " : "", run->name,
                      report_history_file((enum report_history_file)i), words[i]);
        any = true;
    }
    buffer_append_text(out, "</td>");
}

static void write_run(struct buffer *out, const struct report_history_run *run)
{
    char number[FORMAT_NUMBER_SIZE];

    buffer_append_text(out, "<tr><th scope=\"row\">");
    if (run->has[REPORT_HISTORY_PAGE])
        buffer_printf(out, "<a href=\"%s/%s\">", run->name, report_history_file(REPORT_HISTORY_PAGE));
    html_trend_time(out, run);
    buffer_append_text(out, run->has[REPORT_HISTORY_PAGE] ? "</a></th>" : "</th>");
    write_status(out, run);
    write_count(out, run->read);
    write_count(out, run->created);
    write_count(out, run->updated);
    buffer_printf(out, "<td class=\"number\">%s", format_number_count(run->rejected, number));
    if (run->rejected) {
        buffer_append_text(out, "<br><span class=\"soft\">");
        html_share(out, run->rejected, run->read);
        buffer_append_text(out, "</span>");
    }
    buffer_append_text(out, "</td>");
    write_count(out, run->refused);
    write_count(out, run->in_doubt);
    write_count(out, run->unsent);
    buffer_printf(out, "<td class=\"number\">%s</td>", format_number_seconds(run->seconds, number));
    if (run->rate_per_s > 0)
        buffer_printf(out, "<td class=\"number\">%.1f/s</td>", run->rate_per_s);
    else
        buffer_append_text(out, "<td class=\"number soft\">–</td>");
    write_files(out, run);
    buffer_append_text(out, "</tr>\n");
}

static void write_runs(const struct report_history *history, struct buffer *out)
{
    static const char *const counts[] = {"Read",     "Created", "Updated", "Rejected", "Refused",
                                         "In doubt", "Unsent",  "Took",    "Rate"};

    html_section(out, "runs", "Runs");
    buffer_append_text(
        out,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Kept runs\">\n<table class=\"runs\">\n<caption>Newest first. Times are UTC; shares are of the records read; the rate is of requests.</caption>\n<thead><tr><th scope=\"col\">Began</th><th scope=\"col\">Status</th>");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        buffer_printf(out, "<th scope=\"col\" class=\"number\">%s</th>", counts[i]);
    buffer_append_text(out, "<th scope=\"col\">Files</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < history->kept; i++)
        write_run(out, &history->runs[i]);
    buffer_append_text(
        out,
        "</tbody>\n</table>\n</div>\n<p class=\"soft\">A folder to which you add a file of your own is pinned: it stays, and does not count against <code>report_keep</code>. Reject files and broken files contain personal data.</p>\n</section>\n");
}

void html_history_write(const struct report_history *history, const struct job *job, struct buffer *out)
{
    html_frame_begin(out, job->name, "kept runs");
    write_header(history, job, out);
    write_nav(history, out);
    buffer_append_text(out, "<main>\n");
    if (history->kept > 1) {
        html_section(out, "trend", "Trend");
        html_trend_write_charts(history, out);
        buffer_append_text(out, "</section>\n");
    }
    write_runs(history, out);
    html_frame_end(
        out,
        "This page shows counts only. The reports it leads to are about people: protect them like the export.");
}
