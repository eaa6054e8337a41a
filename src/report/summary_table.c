#include "report/summary_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/shell_word.h"
#include "core/text.h"
#include "core/utf8.h"
#include "report/ellipsize.h"
#include "report/format_number.h"
#include "report/html_report.h"
#include "report/link_file.h"
#include "report/rejects.h"
#include "report/rule_help.h"
#include "report/status_help.h"

/* A screen of 24 × 100 without a line for the prompt. */
enum {
    SUMMARY_TABLE_LINES = 23,
    SUMMARY_TABLE_COLUMNS = 100,
    SUMMARY_TABLE_STOPPED_LINES = 3, /* of the reason why a run stopped, its hint included */
    SUMMARY_TABLE_HINT_LINES_MAX = 2,
    SUMMARY_TABLE_NAME_MAX = 40,
    SUMMARY_TABLE_PART_MAX = 64 * 1024,
};

static void summary_table_blanks(struct buffer *out, unsigned count)
{
    buffer_printf(out, "%*s", (int)count, "");
}

/* The number of lines of the screen for a text. */
static unsigned summary_table_lines(const struct buffer *text)
{
    unsigned lines = 0, columns = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\n') {
            lines += columns > SUMMARY_TABLE_COLUMNS
                         ? (columns + SUMMARY_TABLE_COLUMNS - 1) / SUMMARY_TABLE_COLUMNS
                         : 1;
            columns = 0;
        } else if (!utf8_is_continuation(text->data[i])) {
            columns++;
        }
    }
    return lines;
}

static void summary_table_title(struct buffer *out, const struct run_stats *stats)
{
    char records[FORMAT_NUMBER_SIZE], seconds[FORMAT_NUMBER_SIZE], rate[FORMAT_NUMBER_SIZE];
    struct buffer line;
    buffer_init(&line, SUMMARY_TABLE_PART_MAX);
    buffer_printf(&line, "%s: %s of %s record%s in %s", stats->job, stats->is_dry ? "check" : "run",
                  format_number_count(stats->read, records), stats->read == 1 ? "" : "s",
                  format_number_seconds(stats->seconds, seconds));
    if (stats->is_dry && stats->seconds > 0)
        buffer_printf(&line, " (%s/s)",
                      format_number_count((uint64_t)((double)stats->read / stats->seconds), rate));
    ellipsize_append(out, buffer_slice(&line), SUMMARY_TABLE_COLUMNS);
    buffer_printf(out, "\nstatus %d: %s\n", stats->status,
                  status_help_find(stats->status, stats->is_dry).meaning);
    buffer_clear(&line);
}

/* A label and its count; label NULL: an empty cell. */
struct summary_table_cell {
    const char *label;
    uint64_t count;
};

static void summary_table_cells(struct buffer *out, const struct summary_table_cell *cells, size_t count)
{
    char number[FORMAT_NUMBER_SIZE];
    for (size_t i = 0; i < count; i++)
        if (cells[i].label)
            buffer_printf(out, "  %-15s%13s", cells[i].label, format_number_count(cells[i].count, number));
    buffer_append_char(out, '\n');
}

static void summary_table_counts(struct buffer *out, const struct run_stats *stats)
{
    enum { ROWS = 5, COLUMNS = 3 };
    const struct summary_table_cell check[ROWS][COLUMNS] = {
        {{"read", stats->read}, {"to create", stats->plan.create}, {"to resolve", stats->plan.settle}},
        {{"valid", stats->valid}, {"to update", stats->plan.update}, {"refused before", stats->plan.refused}},
        {{"rejected", stats->rejected},
         {"unchanged", stats->plan.unchanged},
         {"absent in doubt", stats->in_doubt_absent}},
        {{"with warnings", stats->warned},
         {stats->plan.twins ? "twins" : NULL, stats->plan.twins},
         {NULL, 0}},
        {{"skipped", stats->skipped}},
    };
    const struct summary_table_cell run[ROWS][COLUMNS] = {
        {{"read", stats->read}, {"created", stats->created}, {"in doubt", stats->in_doubt}},
        {{"valid", stats->valid}, {"updated", stats->updated}, {"unsent", stats->unsent}},
        {{"rejected", stats->rejected}, {"unchanged", stats->unchanged}, {"absent", stats->absent}},
        {{"with warnings", stats->warned},
         {"refused", stats->refused},
         {"absent in doubt", stats->in_doubt_absent}},
        {{"skipped", stats->skipped}},
    };
    /* Most jobs skip nothing, and a line is one rule less on the screen. */
    size_t rows = stats->skipped ? ROWS : ROWS - 1;
    for (size_t i = 0; i < rows; i++)
        summary_table_cells(out, stats->is_dry ? check[i] : run[i], COLUMNS);
}

static void summary_table_requests(struct buffer *out, const struct run_stats *stats)
{
    char number[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "\n  %s request%s", format_number_count(stats->requests, number),
                  stats->requests == 1 ? "" : "s");
    /* Of a burst within a second the mean would look like more than the limit. */
    if (stats->requests > 0 && stats->rate_per_s <= (double)stats->requests)
        buffer_printf(out, ", %.1f/s", stats->rate_per_s);
    if (stats->requests > 0)
        buffer_printf(out, "; latency p50 %.0f ms, p95 %.0f ms, p99 %.0f ms, max %.0f ms", stats->p50_ms,
                      stats->p95_ms, stats->p99_ms, stats->max_ms);
    buffer_append_char(out, '\n');
    const char *before = "  retries: ";
    for (int cause = 0; cause < RETRY_CAUSES; cause++) {
        if (!stats->retries[cause])
            continue;
        buffer_printf(out, "%s%s %s", before, retry_cause_word((enum retry_cause)cause),
                      format_number_count(stats->retries[cause], number));
        before = ", ";
    }
    if (before[0] == ',')
        buffer_append_char(out, '\n');
}

/* The length of the next line, at most columns bytes: cut between words if possible, else between characters.
 */
static size_t summary_table_line_len(struct slice text, size_t columns)
{
    const char *newline = memchr(text.data, '\n', text.len);
    size_t len = newline ? (size_t)(newline - text.data) : text.len;
    if (len <= columns)
        return len;
    size_t offset = columns;
    while (offset > columns / 2 && text.data[offset] != ' ')
        offset--;
    if (text.data[offset] == ' ')
        return offset;
    return utf8_shorten(text, columns).len;
}

/* Writes rest from this column on, the first line where it ends now, in at most so many lines. */
static void summary_table_text(struct buffer *out, unsigned column, struct slice rest, unsigned lines)
{
    unsigned capacity = SUMMARY_TABLE_COLUMNS - column;
    for (unsigned line = 0; rest.len && line < lines; line++) {
        size_t len = line + 1 < lines ? summary_table_line_len(rest, capacity) : rest.len;
        if (line > 0)
            summary_table_blanks(out, column);
        ellipsize_append(out, slice_make(rest.data, len), capacity);
        buffer_append_char(out, '\n');
        while (len < rest.len && (rest.data[len] == ' ' || rest.data[len] == '\n'))
            len++;
        rest = slice_skip(rest, len);
    }
}

/* Writes rest behind head, in at most so many lines. */
static void summary_table_wrapped(struct buffer *out, const char *head, struct slice rest, unsigned lines)
{
    if (rest.len == 0 || lines == 0)
        return;
    buffer_append_text(out, head);
    summary_table_text(out, (unsigned)strlen(head), rest, lines);
}

/* `to create 5,000, update 20: about 8 min 22 s at 10/s` */
static void summary_table_estimate(struct buffer *out, const struct run_stats *stats)
{
    uint64_t sent = stats->plan.create + stats->plan.update, requests = stats->estimate.requests;
    const struct summary_table_cell parts[] = {
        {"create", stats->plan.create}, {"update", stats->plan.update}, {"resolve", requests - sent}};
    char number[FORMAT_NUMBER_SIZE];
    const char *before = "  to";
    struct buffer line;
    if (requests == 0)
        return;
    buffer_init(&line, SUMMARY_TABLE_PART_MAX);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count == 0)
            continue;
        buffer_printf(&line, "%s %s %s", before, parts[i].label, format_number_count(parts[i].count, number));
        before = ",";
    }
    buffer_printf(&line, ": about %s at %s", format_number_about(stats->estimate.seconds, number),
                  stats->estimate.rate);
    if (stats->estimate.reply_seconds > 0)
        buffer_printf(&line, ", or %s at %u ms a reply (%u in flight)",
                      format_number_about(stats->estimate.reply_seconds, number), stats->estimate.reply_ms,
                      stats->estimate.in_flight);
    buffer_append_char(out, '\n');
    summary_table_wrapped(out, "", buffer_slice(&line), 2);
    buffer_clear(&line);
}

static void summary_table_stopped(struct buffer *out, const char *stopped)
{
    static const char fact_head[] = "  stopped: ", hint_head[] = "     hint: ";
    struct slice fact = slice_from(stopped), hint = slice_make("", 0);
    size_t fact_len = text_find_hint(fact);
    unsigned hint_lines = 0;
    if (fact_len < fact.len) {
        hint = slice_from(stopped + fact_len + strlen("\nhint: "));
        hint_lines = hint.len <= SUMMARY_TABLE_COLUMNS - strlen(hint_head) ? 1 : SUMMARY_TABLE_HINT_LINES_MAX;
        fact.len = fact_len;
    }
    summary_table_wrapped(out, fact_head, fact, SUMMARY_TABLE_STOPPED_LINES - hint_lines);
    summary_table_wrapped(out, hint_head, hint, hint_lines);
}

/* The number of records in the broken file: those that could not be split into columns. */
static uint64_t summary_table_broken(const struct run_stats *stats)
{
    static const char *const faults[] = {RULE_MALFORMED, RULE_COLUMNS, RULE_HEADER, RULE_TOO_LONG, RULE_CUT};
    uint64_t broken = 0;
    for (size_t i = 0; i < stats->rule_count; i++)
        for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++)
            if (stats->rules[i].field == FIELD_NONE && strcmp(stats->rules[i].rule, faults[fault]) == 0)
                broken += stats->rules[i].records;
    return broken;
}

static void summary_table_path(struct buffer *out, const char *label, const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    buffer_printf(out, "  %-17s", label);
    ellipsize_append(out, slice_from(path), SUMMARY_TABLE_PART_MAX);
    buffer_append_char(out, '\n');
    free(path);
}

/* Whoever reads the screen must know that a file of credentials was written, and where. */
static void summary_table_links(struct buffer *out, uint64_t links, const char *report)
{
    char *path = file_join(report, LINK_FILE_NAME), number[FORMAT_NUMBER_SIZE];
    buffer_printf(out, "  %-17s", "links");
    ellipsize_append(out, slice_from(path), SUMMARY_TABLE_PART_MAX);
    buffer_printf(out, " (%s more; links are credentials)\n", format_number_count(links, number));
    free(path);
}

static void summary_table_in_doubt(struct buffer *out, const struct job *job)
{
    buffer_printf(out, "  %-17skyc-import status ", "in doubt");
    shell_word_append(out, slice_from(job->path));
    buffer_append_text(out, " lists them, with what to do\n");
}

static void summary_table_end(struct buffer *out, const struct run_stats *stats, const struct job *job)
{
    const char *report = job->report_folder;

    buffer_append_char(out, '\n');
    if (stats->stopped)
        summary_table_stopped(out, stats->stopped);
    uint64_t broken = summary_table_broken(stats);
    if (stats->rejected + stats->refused > broken)
        summary_table_path(out, "rejected records", report, rejects_file_name(stats->format));
    if (broken)
        summary_table_path(out, "broken lines", report, rejects_broken_name(stats->format));
    if (!stats->is_dry && !stats->stopped && (stats->in_doubt || stats->in_doubt_absent))
        summary_table_in_doubt(out, job);
    if (stats->links)
        summary_table_links(out, stats->links, report);
    summary_table_path(out, "report", report, HTML_REPORT_FILE_NAME);
    if (stats->chain_head[0])
        buffer_printf(out, "  %-17s%s\n", "ledger head", stats->chain_head);
}

/* `phone/format`, `email/invisible (warning)`. Returns the columns used. */
static unsigned summary_table_rule_name(struct buffer *out, const struct run_stats_rule *rule)
{
    struct buffer name;
    buffer_init(&name, SUMMARY_TABLE_PART_MAX);
    buffer_printf(&name, "%s/%s%s", field_name(rule->field), rule->rule,
                  rule->level == VERDICT_WARN ? " (warning)" : "");
    unsigned columns = ellipsize_append(out, buffer_slice(&name), SUMMARY_TABLE_NAME_MAX);
    buffer_clear(&name);
    return columns;
}

static unsigned summary_table_name_columns(const struct run_stats *stats, const uint32_t *ranking,
                                           size_t shown)
{
    struct buffer scratch;
    buffer_init(&scratch, SUMMARY_TABLE_PART_MAX);
    unsigned columns = sizeof "rule" - 1;
    for (size_t i = 0; i < shown; i++) {
        unsigned own = summary_table_rule_name(&scratch, &stats->rules[ranking[i]]);
        columns = own > columns ? own : columns;
        buffer_reset(&scratch);
    }
    buffer_clear(&scratch);
    return columns;
}

/* The columns before what a rule means. */
static unsigned summary_table_meaning_column(unsigned name_columns)
{
    return 2 + name_columns + 13 + 13 + 2;
}

static struct slice summary_table_meaning(const struct run_stats_rule *rule)
{
    return slice_from(rule->provider_message ? rule->provider_message
                                             : rule_help_find(rule->field, rule->rule)->summary);
}

/* lines: at most, of what it means. */
static void summary_table_rule(struct buffer *out, const struct run_stats_rule *rule, unsigned name_columns,
                               unsigned lines)
{
    char records[FORMAT_NUMBER_SIZE], row[FORMAT_NUMBER_SIZE];
    buffer_append_text(out, "  ");
    unsigned columns = summary_table_rule_name(out, rule);
    summary_table_blanks(out, name_columns - columns);
    buffer_printf(out, "%13s%13s  ", format_number_count(rule->records, records),
                  format_number_count(rule->first_row, row));
    struct slice meaning = summary_table_meaning(rule);
    if (meaning.len == 0)
        buffer_append_char(out, '\n');
    summary_table_text(out, summary_table_meaning_column(name_columns), meaning, lines);
}

/* The number of rules whose meaning is longer than a line. */
static unsigned summary_table_long(const struct run_stats *stats, unsigned name_columns)
{
    unsigned count = 0, capacity = SUMMARY_TABLE_COLUMNS - summary_table_meaning_column(name_columns);
    for (size_t i = 0; i < stats->rule_count; i++) {
        struct slice meaning = summary_table_meaning(&stats->rules[i]);
        count += summary_table_line_len(meaning, capacity) < meaning.len;
    }
    return count;
}

/* Lists the rules from `first` on as `NAME RECORDS, …`, in at most `lines` lines; the last line counts those
 * that do not fit. Returns the number of lines used. */
static unsigned summary_table_pack(struct buffer *out, const struct run_stats *stats, const uint32_t *ranking,
                                   size_t first, unsigned lines)
{
    enum { PACK_MORE = sizeof ", and 9999 more in " HTML_REPORT_FILE_NAME };
    struct buffer word;
    unsigned used = 0, columns = SUMMARY_TABLE_COLUMNS;
    size_t i = first;
    buffer_init(&word, SUMMARY_TABLE_PART_MAX);
    for (; i < stats->rule_count; i++) {
        char records[FORMAT_NUMBER_SIZE];
        const struct run_stats_rule *rule = &stats->rules[ranking[i]];
        buffer_reset(&word);
        unsigned len = summary_table_rule_name(&word, rule);
        len += 1 + (unsigned)strlen(format_number_count(rule->records, records));
        buffer_printf(&word, " %s", records);
        bool is_last = i + 1 == stats->rule_count;
        unsigned capacity = SUMMARY_TABLE_COLUMNS - (used == lines && !is_last ? PACK_MORE : 1);
        if (columns + 2 + len > capacity) {
            if (used == lines)
                break;
            buffer_append_text(out, i == first ? "  " : ",\n  ");
            columns = 2;
            used++;
        } else {
            buffer_append_text(out, ", ");
            columns += 2;
        }
        buffer_append(out, buffer_slice(&word));
        columns += len;
    }
    if (i < stats->rule_count)
        buffer_printf(out, ", and %zu more in %s", stats->rule_count - i, HTML_REPORT_FILE_NAME);
    if (used)
        buffer_append_char(out, '\n');
    buffer_clear(&word);
    return used;
}

/* The number of rules that get a line each, so that all others fit into the remaining lines. */
static size_t summary_table_shown(const struct run_stats *stats, const uint32_t *ranking, unsigned capacity)
{
    size_t shown = stats->rule_count <= capacity ? stats->rule_count : capacity - 1;
    struct buffer scratch;
    buffer_init(&scratch, SUMMARY_TABLE_PART_MAX);
    while (shown > 1 && shown < stats->rule_count &&
           summary_table_pack(&scratch, stats, ranking, shown, UINT16_MAX) > capacity - shown) {
        buffer_reset(&scratch);
        shown--;
    }
    buffer_clear(&scratch);
    return shown;
}

/* In at most `lines` lines, the blank line before them included: the first rules with their meaning, the
 * others by name and count. */
static void summary_table_rules(struct buffer *out, const struct run_stats *stats, unsigned lines)
{
    enum { SUMMARY_TABLE_RULES_HEAD = 2, SUMMARY_TABLE_RULES_MIN = 4 };
    if (stats->rule_count == 0 || lines < 2)
        return;
    unsigned capacity = lines - SUMMARY_TABLE_RULES_HEAD;
    uint32_t *ranking = run_stats_rank_rules(stats);
    size_t shown = lines < SUMMARY_TABLE_RULES_MIN ? 0 : summary_table_shown(stats, ranking, capacity);
    if (shown <= 1 && shown < stats->rule_count) { /* too many for lines of their own */
        buffer_append_char(out, '\n');
        summary_table_pack(out, stats, ranking, 0, lines - 1);
        free(ranking);
        return;
    }
    unsigned name_columns = summary_table_name_columns(stats, ranking, shown);
    buffer_printf(out, "\n  %-*s%13s%13s  %s\n", (int)name_columns, "rule", "records", "first row",
                  "what it means");
    bool has_space =
        shown == stats->rule_count && summary_table_long(stats, name_columns) <= capacity - (unsigned)shown;
    for (size_t i = 0; i < shown; i++)
        summary_table_rule(out, &stats->rules[ranking[i]], name_columns, has_space ? 2 : 1);
    summary_table_pack(out, stats, ranking, shown, capacity - (unsigned)shown);
    free(ranking);
}

void summary_table_write(const struct run_stats *stats, const struct job *job, struct buffer *out)
{
    struct buffer top, end;
    buffer_init(&top, SUMMARY_TABLE_PART_MAX);
    buffer_init(&end, 2 * (size_t)SUMMARY_TABLE_PART_MAX);
    summary_table_title(&top, stats);
    buffer_append_char(&top, '\n');
    summary_table_counts(&top, stats);
    if (stats->is_dry)
        summary_table_estimate(&top, stats);
    else
        summary_table_requests(&top, stats);
    summary_table_end(&end, stats, job);

    unsigned used = summary_table_lines(&top) + summary_table_lines(&end);
    buffer_append(out, buffer_slice(&top));
    summary_table_rules(out, stats, used < SUMMARY_TABLE_LINES ? SUMMARY_TABLE_LINES - used : 0);
    buffer_append(out, buffer_slice(&end));
    buffer_clear(&top);
    buffer_clear(&end);
}
