/* html_rules: rejects and warnings by rule, with help and examples. */
#include <string.h>

#include "report/format_number.h"
#include "report/html.h"
#include "report/html_parts.h"
#include "report/rule_help.h"
#include "report/summary_json.h"

enum {
    HTML_RULES_MAX = RUN_STATS_LISTED_RULES,
    HTML_RULES_ROWS_MAX = 5000, /* listed on the whole page */
    HTML_RULES_COMMAND_MAX = 64 * 1024,
};

size_t html_rules_count(const struct html_page *page, enum verdict_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < page->stats->rule_count; i++)
        count += page->stats->rules[i].level == level;
    return count;
}

static void html_rules_name(struct buffer *out, const struct run_stats_rule *rule)
{
    buffer_append_text(out, "<code>");
    html_text(out, slice_from(field_name(rule->field)));
    buffer_append_text(out, "/<wbr>"); /* where to break a long name */
    html_text(out, slice_from(rule->rule));
    buffer_append_text(out, "</code>");
}

static void html_rules_count_cell(struct buffer *out, const struct run_stats_rule *rule)
{
    enum { NAME_MAX_BYTES = 4096 };
    struct buffer name;
    buffer_init(&name, NAME_MAX_BYTES);
    buffer_printf(&name, "%s/%s", field_name(rule->field), rule->rule);
    html_count(out, rule->level == VERDICT_REJECT ? "rejects_by_rule" : "warnings_by_rule",
               name.data ? name.data : "", rule->records);
    buffer_clear(&name);
}

static void html_rules_row(const struct html_page *page, size_t index, uint64_t max, const char *tone)
{
    const struct run_stats_rule *rule = &page->stats->rules[index];
    struct buffer *out = page->out;
    char row[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "<tr><th scope=\"row\"><a href=\"#rule-%zu\">", index + 1);
    html_rules_name(out, rule);
    buffer_append_text(out, "</a>");
    html_bar(out, rule->records, max, tone, "of the most frequent rule");
    buffer_append_text(out, "</th><td class=\"number\">");
    html_rules_count_cell(out, rule);
    buffer_append_text(out, "</td><td class=\"number\">");
    html_share(out, rule->records, page->stats->read);
    buffer_printf(out, "</td><td class=\"number\">%s</td></tr>\n", format_number_count(rule->first_row, row));
}

static void html_rules_table(const struct html_page *page, enum verdict_level level, const char *tone)
{
    struct buffer *out = page->out;
    size_t shown = 0;
    uint64_t max = 0; /* of one rule: the first, because they are ranked */
    buffer_printf(
        out,
        "<table>\n<caption>%s Shares are of all records; the bars compare the rules.</caption>\n"
        "<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\" class=\"number\">Records</th>"
        "<th scope=\"col\" class=\"number\">Share</th><th scope=\"col\" class=\"number\">First row</th></tr></thead>\n<tbody>\n",
        level == VERDICT_REJECT
            ? "Records rejected by each rule, most frequent first."
            : "Records with a warning of each rule, rejected ones included, most frequent first.");
    for (size_t i = 0; i < page->stats->rule_count && shown < HTML_RULES_MAX; i++) {
        if (page->stats->rules[page->ranking[i]].level != level)
            continue;
        if (shown == 0)
            max = page->stats->rules[page->ranking[i]].records;
        html_rules_row(page, page->ranking[i], max, tone);
        shown++;
    }
    buffer_append_text(out, "</tbody>\n</table>\n");
    size_t others = html_rules_count(page, level) - shown;
    char number[FORMAT_NUMBER_SIZE];
    if (others > 0)
        buffer_printf(out,
                      "<p class=\"soft\">And %s more rule%s: all are in <a href=\"" SUMMARY_JSON_NAME
                      "\">" SUMMARY_JSON_NAME "</a>.</p>\n",
                      format_number_count(others, number), others == 1 ? "" : "s");
}

/* The message that the job defines for the rule. */
static void html_rules_job_message(const struct html_page *page, const struct run_stats_rule *rule)
{
    for (size_t i = 0; i < page->job->rule_count; i++) {
        const struct job_rule *own = &page->job->rules[i];
        if (own->field != rule->field || !own->message || !own->name || strcmp(own->name, rule->rule) != 0)
            continue;
        buffer_append_text(page->out, "<dt>Message of the job</dt><dd>");
        html_text(page->out, slice_from(own->message));
        buffer_append_text(page->out, "</dd>\n");
        return;
    }
}

static void html_rules_example(const struct html_page *page, const struct run_stats_example *example,
                               bool with_input)
{
    struct buffer *out = page->out;
    char row[FORMAT_NUMBER_SIZE], line[FORMAT_NUMBER_SIZE];
    buffer_append_text(out, "<tr>");
    if (with_input) {
        buffer_append_text(out, "<td>");
        html_text(out, slice_from(page->stats->inputs[example->input].path));
        buffer_append_text(out, "</td>");
    }
    buffer_printf(out, "<td class=\"number\">%s</td><td class=\"number\">%s</td><td class=\"shape\">",
                  format_number_count(example->row, row), format_number_count(example->line, line));
    if (example->shape[strspn(example->shape, " ")] != '\0') {
        buffer_append_text(out, "<code><bdi>");
        html_text(out, slice_from(example->shape));
        buffer_append_text(out, "</bdi></code>");
    } else {
        buffer_append_text(out, "<span class=\"soft\">");
        buffer_append_text(out, example->shape[0] ? "only blanks" : "no value");
        buffer_append_text(out, "</span>");
    }
    buffer_append_text(out, "</td></tr>\n");
}

static void html_rules_examples_head(const struct html_page *page, const char *caption)
{
    buffer_printf(
        page->out,
        "<table>\n<caption>%s</caption>\n<thead><tr>%s<th scope=\"col\" class=\"number\">Row</th><th scope=\"col\" class=\"number\">Line</th><th scope=\"col\">Shape of the value</th></tr></thead>\n<tbody>\n",
        caption, page->stats->input_count > 1 ? "<th scope=\"col\">Input</th>" : "");
}

/* kyc-import rejects JOB --rule RULE, of the report that the page belongs to. */
static void html_rules_command(const struct html_page *page, const struct run_stats_rule *rule)
{
    struct buffer word;
    buffer_init(&word, HTML_RULES_COMMAND_MAX);
    html_command_begin(page->out, "rejects", page->job->path);
    buffer_printf(&word, "%s/%s", field_name(rule->field), rule->rule);
    html_command_word(page->out, "--rule", buffer_slice(&word));
    if (page->place->kept) {
        buffer_reset(&word);
        buffer_printf(&word, "%s/" REPORT_HISTORY_FOLDER "/%s", page->job->report_folder, page->place->kept);
        html_command_word(page->out, "--report", buffer_slice(&word));
    }
    buffer_append_text(page->out, "</code>");
    buffer_clear(&word);
}

/* Where the records that are not listed are. */
static void html_rules_more(const struct html_page *page, const struct run_stats_rule *rule, size_t listed)
{
    struct buffer *out = page->out;
    const char *file = html_files_rejects(page);
    char count[FORMAT_NUMBER_SIZE];
    if (rule->is_fault)
        file = html_files_broken(page);
    if (rule->records <= listed || !file)
        return;
    buffer_printf(out, "<p class=\"more\">%s more in <a href=\"%s\">%s</a>: ",
                  format_number_count(rule->records - listed, count), file, file);
    html_rules_command(page, rule);
    buffer_append_text(out, "</p>\n");
}

/* Up to max of the first rejected records, folded. Returns how many. */
static size_t html_rules_rows(const struct html_page *page, const struct run_stats_rule *rule, size_t max)
{
    struct buffer *out = page->out;
    size_t listed = rule->row_count < max ? rule->row_count : max;
    char count[FORMAT_NUMBER_SIZE];
    if (listed <= rule->example_count)
        return 0;
    if (listed < rule->records)
        buffer_printf(out, "<details class=\"rows\"><summary>The first %zu of %s records</summary>\n", listed,
                      format_number_count(rule->records, count));
    else
        buffer_printf(out, "<details class=\"rows\"><summary>All %zu records</summary>\n", listed);
    html_rules_examples_head(page, "Rejected records (masked)");
    for (size_t i = 0; i < listed; i++)
        html_rules_example(page, &rule->rows[i], page->stats->input_count > 1);
    buffer_append_text(out, "</tbody>\n</table>\n</details>\n");
    return listed;
}

static void html_rules_examples(const struct html_page *page, const struct run_stats_rule *rule)
{
    struct buffer *out = page->out;
    bool with_input = page->stats->input_count > 1;
    if (rule->example_count == 0)
        return;
    html_rules_examples_head(page, "Examples (masked)");
    for (size_t i = 0; i < rule->example_count; i++)
        html_rules_example(page, &rule->examples[i], with_input);
    buffer_append_text(out, "</tbody>\n</table>\n");
}

/* rows: how many rejected records may be listed. Returns how many are. */
static size_t html_rules_article(const struct html_page *page, size_t index, const char *tone, size_t rows)
{
    const struct run_stats_rule *rule = &page->stats->rules[index];
    const struct run_stats_field *field =
        &page->stats->fields[rule->field == FIELD_NONE ? (size_t)FIELD_MAX : rule->field];
    struct buffer *out = page->out;
    char records[FORMAT_NUMBER_SIZE];
    const struct rule_help *help = rule_help_find(rule->field, rule->rule);
    buffer_printf(
        out,
        "<article id=\"rule-%zu\" class=\"%s\" aria-labelledby=\"rule-%zu-h\">\n<header><h3 id=\"rule-%zu-h\">",
        index + 1, tone, index + 1, index + 1);
    html_rules_name(out, rule);
    buffer_printf(out, "</h3><span class=\"of\">%s %s</span></header>\n<dl>\n",
                  format_number_count(rule->records, records), rule->records == 1 ? "record" : "records");
    if (field->name) {
        buffer_append_text(out, "<dt>Column</dt><dd><code>");
        html_text(out, slice_from(field->name));
        buffer_append_text(out, "</code></dd>\n");
    }
    buffer_append_text(out, "<dt>What it means</dt><dd>");
    html_prose(out, slice_from(help->meaning));
    buffer_append_text(out, "</dd>\n");
    html_rules_job_message(page, rule);
    if (rule->provider_message) {
        buffer_append_text(out, "<dt>Message of the provider</dt><dd><code>");
        html_text(out, slice_from(rule->provider_message));
        buffer_append_text(out, "</code></dd>\n");
    }
    buffer_append_text(out, "<dt>What to do</dt><dd>");
    html_prose(out, slice_from(help->action));
    buffer_append_text(out, "</dd>\n</dl>\n");
    html_rules_examples(page, rule);
    size_t listed = html_rules_rows(page, rule, rows);
    if (rule->level == VERDICT_REJECT)
        html_rules_more(page, rule, listed ? listed : rule->example_count);
    buffer_append_text(out, "</article>\n");
    return listed;
}

static void html_rules_where(const struct html_page *page)
{
    const char *file = html_files_rejects(page);
    buffer_printf(page->out, "<p class=\"soft\">The whole records are in <a href=\"%s\">%s</a>; ", file,
                  file);
    html_command_begin(page->out, "rejects", page->job->path);
    buffer_append_text(page->out,
                       "</code> lists them, with <code>--rule RULE</code> those of one rule.</p>\n");
}

void html_rules_write(const struct html_page *page, enum verdict_level level)
{
    bool rejects = level == VERDICT_REJECT;
    const char *tone = rejects ? "bad" : "warn";
    size_t shown = 0, listed = 0;
    if (html_rules_count(page, level) == 0)
        return;
    html_section(page->out, rejects ? "rejects" : "warnings",
                 rejects ? "Rejects by rule" : "Warnings by rule");
    html_rules_table(page, level, tone);
    if (rejects && html_files_rejects(page))
        html_rules_where(page);
    buffer_append_text(page->out, "<div class=\"rules\">\n");
    for (size_t i = 0; i < page->stats->rule_count && shown < HTML_RULES_MAX; i++) {
        if (page->stats->rules[page->ranking[i]].level != level)
            continue;
        listed += html_rules_article(page, page->ranking[i], tone, HTML_RULES_ROWS_MAX - listed);
        shown++;
    }
    buffer_append_text(page->out, "</div>\n</section>\n");
}
