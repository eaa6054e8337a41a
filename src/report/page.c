#include "report/page.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/file.h"
#include "report/advice.h"
#include "report/figures.h"
#include "report/html.h"
#include "report/html_style.h"
#include "report/page_parts.h"
#include "report/report_folder.h"

enum { PAGE_MODE = 0600, PAGE_RECORD_TOTALS = 4 /* tiles of what our rules said */ };

#define PAGE_MAX ((size_t)64 << 20)

static void page_head(const struct page *page)
{
    struct buffer *out = page->out;
    buffer_append_text(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n<title>");
    html_text(out, slice_from(page->tally->job));
    buffer_printf(out, ": %s</title>\n<style>\n", page->tally->is_dry ? "check" : "run");
    buffer_append_text(out, html_style);
    buffer_append_text(out, "</style>\n</head>\n<body>\n<div class=\"page\">\n");
}

static void page_fact(struct buffer *out, const char *word, const char *figure, const char *text)
{
    buffer_printf(out, "<div><dt>%s</dt><dd data-figure=\"%s\">", word, figure);
    html_text(out, slice_from(text));
    buffer_append_text(out, "</dd></div>\n");
}

/* 2026-11-21 08:09:10 UTC */
static void page_time(struct buffer *out, const char *word, const char *figure, uint64_t real_ns)
{
    enum { DATE = 10, TIME_AT = 11, TIME = 8 };
    char text[CLOCK_RFC3339_SIZE];
    clock_rfc3339(real_ns, text);
    buffer_printf(
        out, "<div><dt>%s</dt><dd><time datetime=\"%s\" data-figure=\"%s\">%.*s %.*s UTC</time></dd></div>\n",
        word, text, figure, DATE, text, TIME, text + TIME_AT);
}

static void page_inputs(const struct page *page)
{
    const struct tally *tally = page->tally;
    struct buffer *out = page->out;
    char number[FIGURES_SIZE];
    buffer_append_text(out, "<div><dt>Input</dt><dd>");
    if (tally->input_count == 1) {
        html_text(out, slice_from(tally->inputs[0].path));
        if (!tally->inputs[0].complete)
            buffer_append_text(out, " <span class=\"soft\">(not read to its end)</span>");
    } else {
        buffer_printf(out, "%s files", figures_count(tally->input_count, number));
    }
    buffer_append_text(out, "</dd></div>\n");
}

static void page_status(const struct page *page)
{
    const struct tally *tally = page->tally;
    struct buffer *out = page->out;
    struct advice advice = advice_of_status(tally->status, tally->is_dry);
    const char *tone = tally->status == 0   ? "good"
                       : tally->status == 1 ? "warn"
                       : tally->status == 6 ? "info"
                                            : "bad";
    buffer_printf(
        out,
        "<div class=\"status %s\"><p><strong>Status <data value=\"%d\" data-figure=\"status\">%d</data>: %s.</strong></p>\n",
        tone, tally->status, tally->status, advice.meaning);
    if (tally->stopped) {
        buffer_append_text(out, "<p>It stopped because: <span data-figure=\"stopped\">");
        html_text(out, slice_from(tally->stopped));
        buffer_append_text(out, "</span></p>\n");
    }
    /* Of status 1 the advice is to correct the reject file, and rows may be in doubt alone. */
    if (tally->status != 1 || tally->rejected || tally->refused)
        buffer_printf(out, "<p>%s</p>\n", advice.todo);
    if (!tally->is_dry && (tally->in_doubt || tally->in_doubt_absent))
        buffer_append_text(
            out, "<p>kyc-import status JOB lists each customer in doubt, with what to do about it.</p>\n");
    buffer_append_text(out, "</div>\n");
}

static void page_header(const struct page *page)
{
    const struct tally *tally = page->tally;
    struct buffer *out = page->out;
    char seconds[FIGURES_SIZE];
    buffer_printf(out, "<header>\n<p class=\"kind\">%s</p>\n<h1 data-figure=\"job\">",
                  tally->is_dry ? "Report of a check: nothing was sent" : "Report of a run");
    html_text(out, slice_from(tally->job));
    buffer_append_text(out, "</h1>\n");
    page_status(page);
    buffer_append_text(out, "<dl class=\"facts\">\n");
    page_inputs(page);
    page_fact(out, "Command", "command", tally->command);
    page_fact(out, "Provider", "provider", page->job->provider.name);
    page_time(out, "Started", "started", tally->started_ns);
    page_time(out, "Finished", "finished", tally->finished_ns);
    buffer_printf(
        out,
        "<div><dt>Took</dt><dd><data value=\"%.3f\" data-figure=\"seconds\">%s</data></dd></div>\n</dl>\n</header>\n",
        tally->seconds, figures_seconds(tally->seconds, seconds));
}

static void page_link(struct buffer *out, const char *id, const char *word)
{
    buffer_printf(out, "<li><a href=\"#%s\">%s</a></li>\n", id, word);
}

static void page_nav(const struct page *page)
{
    struct buffer *out = page->out;
    buffer_append_text(out, "<nav aria-label=\"On this page\">\n<ul>\n");
    page_link(out, "totals", "Totals");
    if (page->tally->is_dry)
        page_link(out, "plan", "Plan");
    else
        page_link(out, "requests", "Requests");
    if (page_rule_count(page, VERDICT_REJECT))
        page_link(out, "rejects", "Rejects");
    if (page_rule_count(page, VERDICT_WARN))
        page_link(out, "warnings", "Warnings");
    page_link(out, "places", "Where");
    page_link(out, "completeness", "Completeness");
    page_link(out, "files", "Files");
    buffer_append_text(out, "</ul>\n</nav>\n");
}

struct page_total {
    const char *word, *figure, *tone;
    uint64_t count;
    bool in_stack; /* one of the parts that make up all that was read */
};

static void page_stack(struct buffer *out, const struct page_total *totals, size_t count, uint64_t whole)
{
    char number[FIGURES_SIZE];
    double position = 0;
    buffer_append_text(
        out,
        "<svg class=\"stack\" role=\"img\" aria-labelledby=\"stack-t stack-d\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\">"
        "<title id=\"stack-t\">What became of the records</title><desc id=\"stack-d\">");
    for (size_t i = 0; i < count; i++)
        if (totals[i].in_stack)
            buffer_printf(out, "%s: %s. ", totals[i].word, figures_count(totals[i].count, number));
    buffer_append_text(out, "</desc><rect class=\"track\" width=\"1000\" height=\"10\"/>");
    for (size_t i = 0; i < count; i++) {
        const struct page_total *total = &totals[(i + PAGE_RECORD_TOTALS) % count]; /* rejected last */
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

static void page_tiles(struct buffer *out, const struct page_total *totals, size_t count, uint64_t whole)
{
    buffer_append_text(out, "<ul class=\"tiles\">\n");
    for (size_t i = 0; i < count; i++) {
        buffer_printf(out, "<li class=\"tile %s\"><span class=\"word\">%s</span><b>",
                      totals[i].in_stack ? totals[i].tone : "plain", totals[i].word);
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

static void page_totals(const struct page *page)
{
    enum { TOTALS = 13 };
    const struct tally *tally = page->tally;
    const bool is_dry = tally->is_dry;
    /* First what our rules said, then what became of the valid ones: with the rejected that is all. */
    const struct page_total totals[TOTALS] = {
        {"read", "read", "idle", tally->read, false},
        {"valid", "valid", "good", tally->valid, is_dry},
        {"with warnings", "warned", "warn", tally->warned, false},
        {"rejected", "rejected", "bad", tally->rejected, true},
        {"created", "created", "good", tally->created, true},
        {"updated", "updated", "info", tally->updated, true},
        {"unchanged", "unchanged", "idle", tally->unchanged, true},
        {"unsent", "unsent", "warn", tally->unsent, true},
        {"in doubt", "in_doubt", "doubt", tally->in_doubt, true},
        {"refused", "refused", "refused", tally->refused, true},
        {"absent", "absent", "idle", tally->absent, false},
        {"absent, in doubt", "in_doubt_absent", "doubt", tally->in_doubt_absent, false},
        {"provider warned", "provider_warned", "warn", tally->provider_warned, false},
    };
    size_t count = is_dry ? PAGE_RECORD_TOTALS : TOTALS;
    html_section(page->out, "totals", "Totals");
    page_stack(page->out, totals, count, tally->read);
    page_tiles(page->out, totals, PAGE_RECORD_TOTALS, tally->read);
    if (!is_dry)
        page_tiles(page->out, totals + PAGE_RECORD_TOTALS, TOTALS - PAGE_RECORD_TOTALS, tally->read);
    if (tally->rejected + tally->refused)
        buffer_append_text(
            page->out,
            "<p class=\"soft\">A record with several faults counts once here, and once under each of its rules below.</p>\n");
    if (tally->in_doubt_absent)
        buffer_printf(
            page->out,
            "<p>%" PRIu64
            " customer%s in doubt %s not in this input: what became of the last request is settled when the row comes again, or by a person. <code>kyc-import status</code> "
            "lists them.</p>\n",
            tally->in_doubt_absent, tally->in_doubt_absent == 1 ? "" : "s",
            tally->in_doubt_absent == 1 ? "is" : "are");
    buffer_append_text(page->out, "</section>\n");
}

static void page_files(const struct page *page)
{
    struct buffer *out = page->out;
    html_section(out, "files", "Files beside this page");
    buffer_append_text(
        out,
        "<table>\n<caption>In the report folder. The reject and the broken file hold personal data; they are there only when there is something in them.</caption>\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\">What it is for</th></tr></thead>\n<tbody>\n"
        "<tr><th scope=\"row\"><code>rejects.*</code></th><td>All rejected and refused records as they were, with the reasons behind them. Corrected in place, it is an input of the same job.</td></tr>\n"
        "<tr><th scope=\"row\"><code>broken.*</code></th><td>The raw lines of records that cannot be put into columns.</td></tr>\n"
        "<tr><th scope=\"row\"><code>summary.json</code></th><td>The figures of this page for programs.</td></tr>\n"
        "<tr><th scope=\"row\"><code>metrics.prom</code></th><td>The same for a Prometheus node exporter, unless the job names another place.</td></tr>\n</tbody>\n</table>\n");
    if (page->tally->chain_head[0])
        buffer_printf(
            out,
            "<p>Head of the ledger's chain: <code data-figure=\"chain_head\">%s</code><br><span class=\"soft\">A copy of it kept elsewhere proves that the history was not changed.</span></p>\n",
            page->tally->chain_head);
    buffer_append_text(out, "</section>\n");
}

void page_write(const struct tally *tally, const struct job *job, struct buffer *out)
{
    uint32_t *ranking = tally_ranking(tally);
    const struct page page = {tally, job, ranking, out};
    page_head(&page);
    page_header(&page);
    page_nav(&page);
    buffer_append_text(out, "<main>\n");
    page_totals(&page);
    if (tally->is_dry)
        page_write_plan(&page);
    else
        page_write_requests(&page);
    page_write_rules(&page, VERDICT_REJECT);
    page_write_rules(&page, VERDICT_WARN);
    page_write_places(&page);
    page_write_completeness(&page);
    page_write_loosened(&page);
    page_files(&page);
    buffer_append_text(out, "</main>\n<footer>\n<p>kyc-import " KYC_VERSION
                            ". This page shows no value of a record: in an example every letter is an x, "
                            "every digit a 9. Still it is about people: keep it as you keep the "
                            "export.</p>\n</footer>\n</div>\n</body>\n</html>\n");
    free(ranking);
}

int page_save(const struct tally *tally, const struct job *job, struct error *error)
{
    char *path = file_join(job->report_folder, PAGE_FILE_NAME);
    struct buffer text;
    buffer_init(&text, PAGE_MAX);
    page_write(tally, job, &text);
    int result = report_folder_save(path, PAGE_MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
