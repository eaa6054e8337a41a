/* html_breakdown: rejects by field, country and input file; completeness of the fields; relaxed requirements.
 */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model/country.h"
#include "report/format_number.h"
#include "report/html.h"
#include "report/html_parts.h"

enum {
    HTML_BREAKDOWN_COUNTRIES_OPEN = 15, /* the others are folded */
    HTML_BREAKDOWN_INPUTS_MAX = 200,
};

static void html_breakdown_cell(struct buffer *out, uint64_t count)
{
    char number[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "<td class=\"number\">%s</td>", format_number_count(count, number));
}

static void html_breakdown_field_cell(struct buffer *out, const char *name)
{
    buffer_append_text(out, "<tr><th scope=\"row\"><code>");
    html_text(out, slice_from(name));
    buffer_append_text(out, "</code>");
}

static void html_breakdown_fields(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    bool is_written[FIELD_MAX + 1] = {false};
    uint64_t top = 0;
    html_section(out, "fields", "Rejects by field");
    buffer_append_text(
        out,
        "<table>\n<caption>Records in which the field was rejected by any rule. Shares are of all records.</caption>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\" "
        "class=\"number\">Records</th><th scope=\"col\" class=\"number\">Share</th></tr></thead>\n<tbody>\n");
    for (;;) {
        size_t max = SIZE_MAX;
        for (size_t i = 0; i <= FIELD_MAX; i++)
            if (!is_written[i] && stats->fields[i].rejected &&
                (max == SIZE_MAX || stats->fields[i].rejected > stats->fields[max].rejected))
                max = i;
        if (max == SIZE_MAX)
            break;
        is_written[max] = true;
        top = top ? top : stats->fields[max].rejected;
        const char *name = field_name(max < FIELD_MAX ? (enum field_id)max : FIELD_NONE);
        html_breakdown_field_cell(out, name);
        html_bar(out, stats->fields[max].rejected, top, "bad", "of the most frequent field");
        buffer_append_text(out, "</th><td class=\"number\">");
        html_count(out, "rejects_by_field", name, stats->fields[max].rejected);
        buffer_append_text(out, "</td><td class=\"number\">");
        html_share(out, stats->fields[max].rejected, stats->read);
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n</section>\n");
}

/* Most rejects first, then most records, then by code. */
static bool html_breakdown_country_before(const struct run_stats *stats, size_t a, size_t b)
{
    const struct run_stats_country *first = &stats->countries[a], *second = &stats->countries[b];
    uint64_t first_bad = first->rejected + first->refused, second_bad = second->rejected + second->refused;
    if (first_bad != second_bad)
        return first_bad > second_bad;
    if (first->records != second->records)
        return first->records > second->records;
    return a < b;
}

static size_t html_breakdown_rank_countries(const struct run_stats *stats, size_t *ranking)
{
    size_t count = 0;
    for (size_t i = 0; i < RUN_STATS_COUNTRIES; i++) {
        if (!stats->countries[i].records)
            continue;
        size_t index = count++;
        for (; index > 0 && html_breakdown_country_before(stats, i, ranking[index - 1]); index--)
            ranking[index] = ranking[index - 1];
        ranking[index] = i;
    }
    return count;
}

static void html_breakdown_country_name(struct buffer *out, size_t index)
{
    char code[3];
    run_stats_country_code(index, code);
    if (!code[0]) {
        buffer_append_text(out, "<em>unknown</em>");
        return;
    }
    const struct country *country = country_by_alpha2(slice_make(code, 2));
    if (country) {
        html_text(out, slice_from(country->name));
        buffer_append_text(out, " ");
    }
    buffer_printf(out, "<span class=\"soft\">%s</span>", code);
}

static void html_breakdown_country_row(const struct html_page *page, size_t index)
{
    const struct run_stats_country *country = &page->stats->countries[index];
    struct buffer *out = page->out;
    uint64_t bad = country->rejected + country->refused;
    char code[3];
    run_stats_country_code(index, code);
    buffer_append_text(out, "<tr><th scope=\"row\">");
    html_breakdown_country_name(out, index);
    html_bar(out, bad, country->records, "bad", "of the country's records");
    buffer_append_text(out, "</th>");
    html_breakdown_cell(out, country->records);
    html_breakdown_cell(out, country->warned);
    buffer_append_text(out, "<td class=\"number\">");
    html_count(out, "rejects_by_country", code[0] ? code : "unknown", bad);
    buffer_append_text(out, "</td><td class=\"number\">");
    html_share(out, bad, country->records);
    buffer_append_text(out, "</td></tr>\n");
}

static void html_breakdown_country_table(const struct html_page *page, const size_t *ranking, size_t count,
                                         const char *caption)
{
    buffer_printf(
        page->out,
        "<table>\n<caption>%s</caption>\n<thead><tr><th scope=\"col\">Country</th><th scope=\"col\" class=\"number\">Records</th><th scope=\"col\" class=\"number\">With warnings</th><th scope=\"col\" class=\"number\">%s</th><th scope=\"col\" class=\"number\">Share</th></tr></thead>\n<tbody>\n",
        caption, page->stats->is_dry ? "Rejected" : "Rejected, refused");
    for (size_t i = 0; i < count; i++)
        html_breakdown_country_row(page, ranking[i]);
    buffer_append_text(page->out, "</tbody>\n</table>\n");
}

static void html_breakdown_countries(const struct html_page *page)
{
    size_t *ranking = memory_new(RUN_STATS_COUNTRIES, sizeof *ranking);
    size_t count = html_breakdown_rank_countries(page->stats, ranking);
    size_t open = count > HTML_BREAKDOWN_COUNTRIES_OPEN ? HTML_BREAKDOWN_COUNTRIES_OPEN : count;
    html_section(page->out, "countries", "By country");
    html_breakdown_country_table(
        page, ranking, open,
        "By the country of the record, most rejects first. Shares and bars are of the country's records.");
    if (count > open) {
        buffer_printf(page->out, "<details>\n<summary>%zu more countries</summary>\n", count - open);
        html_breakdown_country_table(page, ranking + open, count - open, "The other countries.");
        buffer_append_text(page->out, "</details>\n");
    }
    buffer_append_text(page->out, "</section>\n");
    free(ranking);
}

static void html_breakdown_input_files(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    html_section(out, "inputs", "By input file");
    buffer_append_text(
        out,
        "<table>\n<caption>Rows are counted from 1 within each file.</caption>\n"
        "<thead><tr><th scope=\"col\">File</th><th scope=\"col\" "
        "class=\"number\">Records</th><th scope=\"col\" class=\"number\">With warnings</th><th scope=\"col\" class=\"number\">Rejected</th><th scope=\"col\">Read</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < stats->input_count && i < HTML_BREAKDOWN_INPUTS_MAX; i++) {
        const struct run_stats_input *input = &stats->inputs[i];
        buffer_append_text(out, "<tr><th scope=\"row\">");
        html_text(out, slice_from(input->path));
        html_bar(out, input->rejected, input->records, "bad", "of the file's records");
        buffer_append_text(out, "</th>");
        html_breakdown_cell(out, input->records);
        html_breakdown_cell(out, input->warned);
        html_breakdown_cell(out, input->rejected);
        buffer_printf(out, "<td>%s</td></tr>\n", input->complete ? "completely" : "partly");
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
    if (stats->input_count > HTML_BREAKDOWN_INPUTS_MAX)
        buffer_printf(out, "<p class=\"soft\">And %zu more files: all are in summary.json.</p>\n",
                      stats->input_count - HTML_BREAKDOWN_INPUTS_MAX);
    buffer_append_text(out, "</section>\n");
}

void html_breakdown_write(const struct html_page *page)
{
    bool any = false;
    for (size_t i = 0; i <= FIELD_MAX; i++)
        any |= page->stats->fields[i].rejected > 0;
    buffer_append_text(page->out, "<div id=\"breakdown\" class=\"pair\">\n");
    if (any)
        html_breakdown_fields(page);
    html_breakdown_countries(page);
    buffer_append_text(page->out, "</div>\n");
    html_breakdown_input_files(page);
}

void html_breakdown_write_completeness(const struct html_page *page)
{
    const struct run_stats *stats = page->stats;
    struct buffer *out = page->out;
    html_section(out, "completeness", "Completeness");
    buffer_append_text(
        out,
        "<table>\n<caption>Records with a value, valid or not, for each field that the job maps.</caption>\n<thead><tr><th scope=\"col\">Field</th><th scope=\"col\">Column</th><th scope=\"col\" class=\"number\">With a value</th><th scope=\"col\" class=\"number\">Share</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < FIELD_MAX; i++) {
        const struct run_stats_field *field = &stats->fields[i];
        if (!field->mapped)
            continue;
        html_breakdown_field_cell(out, field_name((enum field_id)i));
        html_bar(out, field->present, stats->well_formed, "info", "of the records have a value");
        buffer_append_text(out, "</th><td>");
        if (field->name) {
            buffer_append_text(out, "<code>");
            html_text(out, slice_from(field->name));
            buffer_append_text(out, "</code>");
        } else {
            buffer_append_text(out, "<span class=\"soft\">constant</span>");
        }
        buffer_append_text(out, "</td><td class=\"number\">");
        html_count(out, "completeness", field_name((enum field_id)i), field->present);
        buffer_append_text(out, "</td><td class=\"number\">");
        html_share(out, field->present, stats->well_formed);
        buffer_append_text(out, "</td></tr>\n");
    }
    buffer_append_text(out, "</tbody>\n</table>\n</section>\n");
}

void html_breakdown_write_relaxed(const struct html_page *page)
{
    const struct job *job = page->job;
    struct buffer *out = page->out;
    bool begun = false;
    for (size_t i = 0; i < job->rule_count; i++) {
        const struct job_rule *rule = &job->rules[i];
        if (rule->kind != JOB_RULE_REQUIRED || rule->required)
            continue;
        if (!begun) {
            html_section(out, "relaxed", "Relaxed requirements");
            buffer_append_text(
                out,
                "<p>The provider requires these fields, and the job does not. A record without them may be refused.</p>\n<ul>\n");
        }
        begun = true;
        buffer_append_text(out, "<li><code>");
        html_text(out, slice_from(field_name(rule->field)));
        buffer_append_text(out, "</code>");
        for (size_t index = 0; index < rule->condition_count; index++) {
            buffer_append_text(out, index ? ", and " : ", where ");
            html_text(out, slice_from(field_name(rule->conditions[index].field)));
            buffer_append_text(out, " is ");
            html_text(out, rule->conditions[index].value);
        }
        buffer_append_text(out, "</li>\n");
    }
    if (begun)
        buffer_append_text(out, "</ul>\n</section>\n");
}
