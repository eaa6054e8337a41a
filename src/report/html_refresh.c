#include "report/html_refresh.h"

#include <stdlib.h>

#include "core/clock.h"
#include "core/file.h"
#include "report/format_number.h"
#include "report/html.h"
#include "report/html_frame.h"
#include "report/html_funnel.h"
#include "report/report_file.h"
#include "report/status_help.h"

enum { MODE = 0600, PAGE_MAX = 4 << 20 };

static bool need_look(const struct refresh_stats *stats)
{
    return stats->changed[VERIFICATION_REJECTED] || stats->changed[VERIFICATION_ACTION_NEEDED];
}

static void write_since(const struct refresh_stats *stats, struct buffer *out)
{
    char since[CLOCK_RFC3339_SIZE];

    if (stats->since_ns)
        buffer_printf(out, " --since %s", clock_rfc3339(stats->since_ns, since));
}

static const char *status_meaning(const struct refresh_stats *stats)
{
    if (stats->status == 0)
        return "no customer became rejected or needs action since the last refresh";
    if (stats->status == 1)
        return need_look(stats) ? "customers became rejected or need action since the last refresh"
                                : "the state of some users could not be read";
    return status_help_find(stats->status, false).meaning;
}

static void write_status(const struct refresh_stats *stats, const struct job *job, struct buffer *out)
{
    html_frame_begin_status(out, stats->status, status_meaning(stats));
    if (need_look(stats)) {
        buffer_append_text(out, "<p>List them: ");
        html_command_begin(out, "results", job->path);
        buffer_append_text(out, " --verification rejected,action_needed");
        write_since(stats, out);
        buffer_append_text(out, "</code></p>\n");
    }
    if (stats->reading.unclear || stats->reading.no_answer)
        buffer_append_text(out, "<p>Run refresh again to read the states that are missing.</p>\n");
    else if (!stats->complete)
        buffer_append_text(
            out, "<p>Not every user was requested: standard error says why. Run refresh again.</p>\n");
    buffer_append_text(out, "</div>\n");
}

static void write_header(const struct refresh_stats *stats, const struct job *job, struct buffer *out)
{
    buffer_append_text(out, "<header>\n<p class=\"kind\">Report of a refresh</p>\n<h1 data-figure=\"job\">");
    html_text(out, slice_from(stats->job));
    buffer_append_text(out, "</h1>\n");
    write_status(stats, job, out);
    buffer_append_text(out, "<dl class=\"facts\">\n");
    html_frame_fact(out, "Provider", "provider", job->provider.name);
    html_frame_time(out, "Started", "started", stats->started_ns);
    html_frame_time(out, "Finished", "finished", stats->finished_ns);
    if (stats->since_ns)
        html_frame_time(out, "Last refresh", "since", stats->since_ns);
    buffer_append_text(out, "</dl>\n</header>\n");
}

static void write_nav(const struct refresh_stats *stats, struct buffer *out)
{
    buffer_append_text(out, "<nav aria-label=\"On this page\">\n<ul>\n");
    html_frame_link(out, "verification", "Verification");
    html_frame_link(out, "changes", "Changes");
    if (stats->reason_count)
        html_frame_link(out, "reasons", "Reasons");
    html_frame_link(out, "reading", "Reading");
    buffer_append_text(out, "</ul>\n</nav>\n");
}

static void write_verification(const struct refresh_stats *stats, struct buffer *out)
{
    const struct html_funnel funnel = {"customers", stats->customers, stats->changed};

    html_section(out, "verification", "Verification");
    if (!stats->is_counted) {
        buffer_append_text(out, "<p>" REFRESH_NOT_COUNTED "</p>\n</section>\n");
        return;
    }
    html_funnel_write(
        out, &funnel,
        stats->since_ns
            ? "All customers of the ledger that have a user at the provider. Changed: since the last complete refresh, by the state now."
            : "All customers of the ledger that have a user at the provider. No refresh was complete before, so every state that was read counts as changed.");
    buffer_append_text(out, "</section>\n");
}

static void write_changes(const struct refresh_stats *stats, struct buffer *out)
{
    char number[FORMAT_NUMBER_SIZE];
    bool any = false;

    html_section(out, "changes", "Changes");
    for (unsigned from = 0; from < REFRESH_STATES; from++)
        for (unsigned to = 0; to < REFRESH_STATES; to++) {
            if (!stats->reading.changes[from][to])
                continue;
            if (!any)
                buffer_append_text(
                    out,
                    "<table>\n<caption>Changes of state that this refresh found.</caption>\n<thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\" class=\"number\">Customers</th></tr></thead>\n<tbody>\n");
            any = true;
            buffer_printf(out,
                          "<tr><th scope=\"row\">%s</th><td class=\"%s\"><span class=\"tone\">%s</span></td>"
                          "<td class=\"number\">%s</td></tr>\n",
                          html_funnel_state(from), html_funnel_tone(to), html_funnel_state(to),
                          format_number_count(stats->reading.changes[from][to], number));
        }
    buffer_append_text(out, any ? "</tbody>\n</table>\n" : "<p>This refresh found no change.</p>\n");
    buffer_append_text(out, "</section>\n");
}

static void write_reasons(const struct refresh_stats *stats, struct buffer *out)
{
    char number[FORMAT_NUMBER_SIZE];

    if (!stats->reason_count)
        return;
    html_section(out, "reasons", "Reasons");
    buffer_append_text(
        out,
        "<table>\n<caption>What the provider states of the customers that need action or are rejected; values of the person are masked.</caption>\n<thead><tr><th scope=\"col\">Reason</th><th scope=\"col\">State</th><th scope=\"col\" class=\"number\">Customers</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < stats->reason_count; i++) {
        const struct refresh_reason *reason = &stats->reasons[i];
        buffer_append_text(out, "<tr><th scope=\"row\">");
        if (reason->text[0])
            html_text(out, slice_from(reason->text));
        else
            buffer_append_text(out, "<span class=\"soft\">none was given</span>");
        html_bar(out, reason->customers, stats->customers[reason->state], html_funnel_tone(reason->state),
                 "of the customers with this state");
        buffer_printf(out, "</th><td>%s</td><td class=\"number\">%s</td></tr>\n",
                      html_funnel_state(reason->state), format_number_count(reason->customers, number));
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
    if (stats->other_reasons)
        buffer_printf(out, "<p class=\"soft\">And %s customer%s with other reasons.</p>\n",
                      format_number_count(stats->other_reasons, number),
                      stats->other_reasons == 1 ? "" : "s");
    buffer_append_text(out, "</section>\n");
}

static void write_reading(const struct refresh_stats *stats, struct buffer *out)
{
    const struct {
        const char *label, *figure;
        uint64_t count;
    } rows[] = {
        {"requests", "requests", stats->requests},
        {"users whose state was read", "read", stats->reading.read},
        {"answers without a state", "without_state", stats->reading.stateless},
        {"unclear answers", "unclear", stats->reading.unclear},
        {"users without an answer", "no_answer", stats->reading.no_answer},
    };

    html_section(out, "reading", "Reading");
    buffer_printf(
        out,
        "<table>\n<caption>Only users that are due are requested: without options, those that are not verified.%s</caption>\n<thead><tr><th scope=\"col\">This refresh</th><th scope=\"col\" class=\"number\">Count</th></tr></thead>\n<tbody>\n",
        stats->complete ? "" : " Not every user that was due was requested.");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buffer_printf(out, "<tr><th scope=\"row\">%s</th><td class=\"number\">", rows[i].label);
        html_count(out, rows[i].figure, NULL, rows[i].count);
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
    if (stats->reading.word_count)
        buffer_append_text(
            out,
            "<p>The provider used unknown words for a state; these users count as pending. Check whether it has changed them:</p>\n<ul>\n");
    for (size_t i = 0; i < stats->reading.word_count; i++) {
        buffer_append_text(out, "<li><code>");
        html_text(out, slice_from(stats->reading.words[i]));
        buffer_append_text(out, "</code></li>\n");
    }
    buffer_append_text(out, stats->reading.word_count ? "</ul>\n</section>\n" : "</section>\n");
}

void html_refresh_write(const struct refresh_stats *stats, const struct job *job, struct buffer *out)
{
    html_frame_begin(out, stats->job, "refresh");
    write_header(stats, job, out);
    write_nav(stats, out);
    buffer_append_text(out, "<main>\n");
    write_verification(stats, out);
    write_changes(stats, out);
    write_reasons(stats, out);
    write_reading(stats, out);
    html_frame_end(
        out,
        "This page names no customer: kyc-import results lists them. The counts for programs are in refresh.json.");
}

int html_refresh_save(const struct refresh_stats *stats, const struct job *job, struct error *error)
{
    char *path = file_join(job->report_folder, "refresh.html");
    struct buffer text;

    buffer_init(&text, PAGE_MAX);
    html_refresh_write(stats, job, &text);
    int result = report_file_save(path, MODE, &text, error);
    buffer_clear(&text);
    free(path);
    return result;
}
