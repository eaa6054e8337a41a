/* html_files: the other files of a report, links to them, and commands that read them. */
#include "report/html.h"
#include "report/html_parts.h"
#include "report/rejects.h"
#include "report/summary_json.h"

static uint64_t broken_count(const struct run_stats *stats)
{
    return stats->read - stats->skipped - stats->well_formed;
}

const char *html_files_rejects(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;

    if (!stats->has_reject_files || stats->rejected + stats->refused == broken_count(stats))
        return NULL;
    return rejects_file_name(stats->format);
}

const char *html_files_broken(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;

    return stats->has_reject_files && broken_count(stats) > 0 ? rejects_broken_name(stats->format) : NULL;
}

void html_files_history(const struct html_page *page, const char *name)
{
    buffer_printf(page->out, "%s%s", page->place->kept ? "../" : REPORT_HISTORY_FOLDER "/", name);
}

static void write_row(const struct html_page *page, const char *name, const char *content)
{
    if (name)
        buffer_printf(page->out, "<tr><th scope=\"row\"><a href=\"%s\">%s</a></th><td>%s</td></tr>\n", name,
                      name, content);
}

void html_files_write(const struct html_page *page)
{
    struct buffer *out = page->out;
    bool is_run = page->place->history != NULL;

    html_section(out, "files", "Other files of this report");
    buffer_append_text(
        out,
        "<table>\n<caption>Beside this page. The reject file and the broken file contain personal data; each exists only if it has records.</caption>\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\">Content</th></tr></thead>\n<tbody>\n");
    write_row(
        page, html_files_rejects(page),
        "All rejected and refused records with their source columns and, after these, the reasons. Unpacked and corrected, it is an input of the same job.");
    write_row(page, html_files_broken(page),
              "The raw lines of records that could not be split into columns.");
    write_row(page, SUMMARY_JSON_NAME,
              "The counts of this page for programs; the job's metrics file has them for Prometheus.");
    if (is_run) {
        buffer_append_text(out, "<tr><th scope=\"row\"><a href=\"");
        html_files_history(page, REPORT_HISTORY_INDEX);
        buffer_append_text(out, "\">kept reports</a></th><td>The reports of the last runs.</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
    if (page->stats->chain_head[0])
        buffer_printf(
            out,
            "<p>Ledger head: <code data-figure=\"chain_head\">%s</code><br><span class=\"soft\">A copy of it in another place proves that the history was not changed.</span></p>\n",
            page->stats->chain_head);
    buffer_append_text(out, "</section>\n");
}
