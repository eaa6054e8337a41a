#include "report/html_report.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/file.h"
#include "core/text.h"
#include "report/format_number.h"
#include "report/html.h"
#include "report/html_frame.h"
#include "report/html_parts.h"
#include "report/report_file.h"
#include "report/status_help.h"

enum {
    HTML_REPORT_MODE = 0600,
    HTML_REPORT_RECORD_TOTALS = 5 /* the first totals: the results of validation */
};

#define HTML_REPORT_MAX ((size_t)64 << 20)

static void html_report_inputs(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    char number[FORMAT_NUMBER_SIZE];
    buffer_append_text(out, "<div><dt>Input</dt><dd>");
    if (stats->input_count == 1) {
        html_text(out, slice_from(stats->inputs[0].path));
        if (!stats->inputs[0].complete)
            buffer_append_text(out, " <span class=\"soft\">(not read to its end)</span>");
    } else {
        buffer_printf(out, "%s files", format_number_count(stats->input_count, number));
    }
    buffer_append_text(out, "</dd></div>\n");
}

static void html_report_status(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    struct status_help help = status_help_find(stats->status, stats->is_dry);
    html_frame_begin_status(out, stats->status, help.meaning);
    if (stats->stopped) {
        buffer_append_text(out, "<p>Reason: <span data-figure=\"stopped\">");
        struct slice text = slice_from(stats->stopped);
        size_t fact_len = text_find_hint(text);
        html_text(out, slice_make(text.data, fact_len));
        if (fact_len < text.len)
            buffer_append_text(out, "<br>");
        html_text(out, slice_skip(text, fact_len));
        buffer_append_text(out, "</span></p>\n");
    }
    /* The action for status 1 is to correct the reject file, and there is none with records in doubt only. */
    if (stats->status != 1 || stats->rejected || stats->refused)
        buffer_printf(out, "<p>%s</p>\n", help.action);
    if (!stats->is_dry && (stats->in_doubt || stats->in_doubt_absent)) {
        buffer_append_text(out, "<p>");
        html_command_begin(out, "status", page->job->path);
        buffer_append_text(out, "</code> lists each customer in doubt, with what to do about it.</p>\n");
    }
    if (stats->is_partial)
        buffer_append_text(
            out, "<p>This run read a part of the input: <code>--limit</code>, or a reject file.</p>\n");
    buffer_append_text(out, "</div>\n");
}

static void html_report_header(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    char seconds[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "<header>\n<p class=\"kind\">%s</p>\n<h1 data-figure=\"job\">",
                  stats->is_dry ? "Report of a check: nothing was sent" : "Report of a run");
    html_text(out, slice_from(stats->job));
    buffer_append_text(out, "</h1>\n");
    html_report_status(page);
    buffer_append_text(out, "<dl class=\"facts\">\n");
    html_report_inputs(page);
    html_frame_fact(out, "Command", "command", stats->command);
    html_frame_fact(out, "Provider", "provider", page->job->provider.name);
    html_frame_time(out, "Started", "started", stats->started_ns);
    html_frame_time(out, "Finished", "finished", stats->finished_ns);
    buffer_printf(
        out,
        "<div><dt>Took</dt><dd><data value=\"%.3f\" data-figure=\"seconds\">%s</data></dd></div>\n</dl>\n</header>\n",
        stats->seconds, format_number_seconds(stats->seconds, seconds));
}

static void html_report_nav(const struct html_page *page)
{
    struct buffer *out = page->out;
    buffer_append_text(out, "<nav aria-label=\"On this page\">\n<ul>\n");
    html_frame_link(out, "totals", "Totals");
    if (page->place->history && page->place->history->kept > 1)
        html_frame_link(out, "trend", "Last runs");
    if (page->stats->verification.is_known)
        html_frame_link(out, "verification", "Verification");
    if (page->stats->is_dry)
        html_frame_link(out, "plan", "Plan");
    else
        html_frame_link(out, "requests", "Requests");
    if (html_rules_count(page, VERDICT_REJECT))
        html_frame_link(out, "rejects", "Rejects");
    if (html_rules_count(page, VERDICT_WARN))
        html_frame_link(out, "warnings", "Warnings");
    html_frame_link(out, "breakdown", "Breakdown");
    html_frame_link(out, "completeness", "Completeness");
    html_frame_link(out, "files", "Files");
    buffer_append_text(out, "</ul>\n</nav>\n");
}

struct html_report_total {
    const char *label, *figure, *tone;
    uint64_t count;
    bool in_stack; /* a part of the bar of all records */
};

static void html_report_stack(struct buffer *out, const struct html_report_total *totals, size_t count,
                              uint64_t whole)
{
    char number[FORMAT_NUMBER_SIZE];
    double position = 0;
    buffer_append_text(
        out,
        "<svg class=\"stack\" role=\"img\" aria-labelledby=\"stack-t stack-d\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">"
        "<title id=\"stack-t\">Outcomes of the records</title><desc id=\"stack-d\">");
    for (size_t i = 0; i < count; i++)
        if (totals[i].in_stack)
            buffer_printf(out, "%s: %s. ", totals[i].label, format_number_count(totals[i].count, number));
    buffer_append_text(out, "</desc><rect class=\"track\" width=\"1000\" height=\"10\"/>");
    for (size_t i = 0; i < count; i++) {
        const struct html_report_total *total =
            &totals[(i + HTML_REPORT_RECORD_TOTALS) % count]; /* rejected last */
        if (!total->in_stack || !whole)
            continue;
        double width = 1000.0 * (double)total->count / (double)whole;
        buffer_printf(out,
                      "<g class=\"%s\"><rect class=\"part\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/></g>",
                      total->tone, position, width);
        position += width;
    }
    buffer_append_text(out, "</svg>\n");
}

static void html_report_tiles(struct buffer *out, const struct html_report_total *totals, size_t count,
                              uint64_t whole)
{
    buffer_append_text(out, "<ul class=\"tiles\">\n");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "<li class=\"tile %s\"><span class=\"word\">%s</span><b>",
                      totals[i].in_stack ? totals[i].tone : "plain", totals[i].label);
        html_count(out, totals[i].figure, NULL, totals[i].count);
        buffer_append_text(out, "</b>");
        if (totals[i].in_stack) {
            buffer_append_text(out, "<small>");
            html_share(out, totals[i].count, whole);
            buffer_append_text(out, "</small>");
        }
        buffer_append_text(out, "</li>\n");
    }
    buffer_append_text(out, "</ul>\n");
}

static void html_report_totals(const struct html_page *page)
{
    enum { TOTALS = 14 };
    const struct run_stats *stats = page->stats;
    const bool is_dry = stats->is_dry;
    /* First the results of validation, then the outcomes of valid records; those in_stack sum up to `read`.
     */
    const struct html_report_total totals[TOTALS] = {
        {"read", "read", "idle", stats->read, false},
        {"skipped", "skipped", "idle", stats->skipped, true},
        {"valid", "valid", "good", stats->valid, is_dry},
        {"with warnings", "warned", "warn", stats->warned, false},
        {"rejected", "rejected", "bad", stats->rejected, true},
        {"created", "created", "good", stats->created, true},
        {"updated", "updated", "info", stats->updated, true},
        {"unchanged", "unchanged", "idle", stats->unchanged, true},
        {"unsent", "unsent", "warn", stats->unsent, true},
        {"in doubt", "in_doubt", "doubt", stats->in_doubt, true},
        {"refused", "refused", "refused", stats->refused, true},
        {"absent", "absent", "idle", stats->absent, false},
        {"absent in doubt", "in_doubt_absent", "doubt", stats->in_doubt_absent, false},
        {"provider warned", "provider_warned", "warn", stats->provider_warned, false},
    };
    size_t count = is_dry ? HTML_REPORT_RECORD_TOTALS : TOTALS;
    html_section(page->out, "totals", "Totals");
    html_report_stack(page->out, totals, count, stats->read);
    html_report_tiles(page->out, totals, count, stats->read);
    if (stats->rejected + stats->refused)
        buffer_append_text(
            page->out,
            "<p class=\"soft\">A record that breaks several rules counts once here and once under each of these rules below.</p>\n");
    if (stats->in_doubt_absent)
        buffer_printf(
            page->out,
            "<p>%" PRIu64
            " customer%s in doubt %s not in this input. The outcome of the last request is resolved when the row is in the input again, or by hand with <code>kyc-import resolve</code>.</p>\n",
            stats->in_doubt_absent, stats->in_doubt_absent == 1 ? "" : "s",
            stats->in_doubt_absent == 1 ? "is" : "are");
    buffer_append_text(page->out, "</section>\n");
}

void html_report_write(const struct run_stats *stats, const struct job *job,
                       const struct html_report_place *place, struct buffer *out)
{
    uint32_t *ranking = run_stats_rank_rules(stats);
    const struct html_page page = {stats, job, place, ranking, out};
    html_frame_begin(out, stats->job, stats->is_dry ? "check" : "run");
    html_report_header(&page);
    html_report_nav(&page);
    buffer_append_text(out, "<main>\n");
    html_report_totals(&page);
    html_run_write_trend(&page);
    html_run_write_verification(&page);
    if (stats->is_dry)
        html_run_write_plan(&page);
    else
        html_run_write_requests(&page);
    html_rules_write(&page, VERDICT_REJECT);
    html_rules_write(&page, VERDICT_WARN);
    html_breakdown_write(&page);
    html_breakdown_write_completeness(&page);
    html_breakdown_write_relaxed(&page);
    html_files_write(&page);
    html_frame_end(
        out,
        "This page shows no values of records: in the examples every letter is an x, every digit a 9. It is still about people: protect it like the export.");
    free(ranking);
}

int html_report_save(const struct run_stats *stats, const struct job *job,
                     const struct report_history *history, struct error *error)
{
    const struct html_report_place place = {.history = history};
    char *path = file_join(job->report_folder, HTML_REPORT_FILE_NAME);
    struct buffer text;
    buffer_init(&text, HTML_REPORT_MAX);
    html_report_write(stats, job, &place, &text);
    int result = report_file_save(path, HTML_REPORT_MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
