#include "report/run_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "report/format_number.h"
#include "report/html_report.h"
#include "report/rejects.h"
#include "report/rule_help.h"

/* A screen of 24 × 100, with a line left for the prompt. */
enum {
    TABLE_LINES = 23,
    TABLE_COLUMNS = 100,
    TABLE_STOPPED_LINES = 3, /* of the reason why a run stopped, its hint included */
    TABLE_HINT_LINES_MAX = 2,
    TABLE_NAME_MAX = 40,
    TABLE_PART_MAX = 64 * 1024,
};

static void table_blanks(struct buffer *out, unsigned count)
{
    buffer_printf(out, "%*s", (int)count, "");
}

/* Lines of the screen that a text takes. */
static unsigned table_lines(const struct buffer *text)
{
    unsigned lines = 0, columns = 0;
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '\n') {
            lines += columns > TABLE_COLUMNS ? (columns + TABLE_COLUMNS - 1) / TABLE_COLUMNS : 1;
            columns = 0;
        } else if (((unsigned char)text->data[i] & 0xC0) != 0x80) {
            columns++;
        }
    }
    return lines;
}

static void table_title(struct buffer *out, const struct run_stats *stats)
{
    char records[FORMAT_NUMBER_SIZE], seconds[FORMAT_NUMBER_SIZE], rate[FORMAT_NUMBER_SIZE];
    struct buffer line;
    buffer_init(&line, TABLE_PART_MAX);
    buffer_printf(&line, "%s: %s of %s records in %s", stats->job, stats->is_dry ? "check" : "run",
                  format_number_count(stats->read, records), format_number_seconds(stats->seconds, seconds));
    if (stats->is_dry && stats->seconds > 0)
        buffer_printf(&line, " (%s/s)",
                      format_number_count((uint64_t)((double)stats->read / stats->seconds), rate));
    format_number_append_cut(out, buffer_slice(&line), TABLE_COLUMNS);
    buffer_printf(out, "\nstatus %d: %s\n", stats->status,
                  rule_help_of_status(stats->status, stats->is_dry).meaning);
    buffer_clear(&line);
}

/* A word and its count; a NULL word leaves the place empty. */
struct table_cell {
    const char *word;
    uint64_t count;
};

static void table_cells(struct buffer *out, const struct table_cell *cells, size_t count)
{
    char number[FORMAT_NUMBER_SIZE];
    for (size_t i = 0; i < count; i++)
        if (cells[i].word)
            buffer_printf(out, "  %-15s%13s", cells[i].word, format_number_count(cells[i].count, number));
    buffer_append_char(out, '\n');
}

static void table_counts(struct buffer *out, const struct run_stats *stats)
{
    enum { ROWS = 4, COLUMNS = 3 };
    const struct table_cell check[ROWS][COLUMNS] = {
        {{"read", stats->read}, {"to create", stats->plan.create}, {"to settle", stats->plan.settle}},
        {{"valid", stats->valid}, {"to update", stats->plan.update}, {"refused before", stats->plan.refused}},
        {{"rejected", stats->rejected},
         {"unchanged", stats->plan.unchanged},
         {"absent in doubt", stats->in_doubt_absent}},
        {{"with warnings", stats->warned},
         {stats->plan.twins ? "twins" : NULL, stats->plan.twins},
         {NULL, 0}},
    };
    const struct table_cell run[ROWS][COLUMNS] = {
        {{"read", stats->read}, {"created", stats->created}, {"in doubt", stats->in_doubt}},
        {{"valid", stats->valid}, {"updated", stats->updated}, {"unsent", stats->unsent}},
        {{"rejected", stats->rejected}, {"unchanged", stats->unchanged}, {"absent", stats->absent}},
        {{"with warnings", stats->warned},
         {"refused", stats->refused},
         {"absent in doubt", stats->in_doubt_absent}},
    };
    for (size_t i = 0; i < ROWS; i++)
        table_cells(out, stats->is_dry ? check[i] : run[i], COLUMNS);
}

static void table_requests(struct buffer *out, const struct run_stats *stats)
{
    char number[FORMAT_NUMBER_SIZE];
    buffer_printf(out,
                  "\n  %s requests, %.1f/s; latency p50 %.0f ms, p95 %.0f ms, p99 %.0f ms, at most %.0f ms\n",
                  format_number_count(stats->requests, number), stats->rate_per_s, stats->p50_ms,
                  stats->p95_ms, stats->p99_ms, stats->max_ms);
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

/* The bytes of the next line: words up to so many bytes, at least one character. */
static size_t table_wrap_at(struct slice text, size_t columns)
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
    offset = columns;
    while (((unsigned char)text.data[offset] & 0xC0) == 0x80)
        offset--;
    return offset;
}

/* Writes rest behind head, in at most so many lines. */
static void table_wrapped(struct buffer *out, const char *head, struct slice rest, unsigned lines)
{
    unsigned head_len = (unsigned)strlen(head), capacity = TABLE_COLUMNS - head_len;
    for (unsigned line = 0; rest.len && line < lines; line++) {
        size_t len = line + 1 < lines ? table_wrap_at(rest, capacity) : rest.len;
        if (line == 0)
            buffer_append_text(out, head);
        else
            table_blanks(out, head_len);
        format_number_append_cut(out, slice_make(rest.data, len), capacity);
        buffer_append_char(out, '\n');
        while (len < rest.len && (rest.data[len] == ' ' || rest.data[len] == '\n'))
            len++;
        rest = slice_make(rest.data + len, rest.len - len);
    }
}

static void table_stopped(struct buffer *out, const char *stopped)
{
    static const char fact_head[] = "  stopped: ", hint_head[] = "     hint: ";
    struct slice fact = slice_from(stopped), hint = slice_make("", 0);
    size_t fact_len = text_find_hint(fact);
    unsigned hint_lines = 0;
    if (fact_len < fact.len) {
        hint = slice_from(stopped + fact_len + strlen("\nhint: "));
        hint_lines = hint.len <= TABLE_COLUMNS - strlen(hint_head) ? 1 : TABLE_HINT_LINES_MAX;
        fact.len = fact_len;
    }
    table_wrapped(out, fact_head, fact, TABLE_STOPPED_LINES - hint_lines);
    table_wrapped(out, hint_head, hint, hint_lines);
}

/* Records that went to the broken file: those that cannot be put into columns. */
static uint64_t table_broken(const struct run_stats *stats)
{
    static const char *const faults[] = {RULE_MALFORMED, RULE_COLUMNS, RULE_TOO_LONG, RULE_CUT};
    uint64_t broken = 0;
    for (size_t i = 0; i < stats->rule_count; i++)
        for (size_t fault = 0; fault < sizeof faults / sizeof faults[0]; fault++)
            if (stats->rules[i].field == FIELD_NONE && strcmp(stats->rules[i].rule, faults[fault]) == 0)
                broken += stats->rules[i].records;
    return broken;
}

static void table_path(struct buffer *out, const char *word, const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    buffer_printf(out, "  %-17s", word);
    format_number_append_cut(out, slice_from(path), TABLE_PART_MAX);
    buffer_append_char(out, '\n');
    free(path);
}

static void table_end(struct buffer *out, const struct run_stats *stats, const char *report)
{
    buffer_append_char(out, '\n');
    if (stats->stopped)
        table_stopped(out, stats->stopped);
    uint64_t broken = table_broken(stats);
    if (stats->rejected + stats->refused > broken)
        table_path(out, "rejected records", report, rejects_file_name(stats->format));
    if (broken)
        table_path(out, "broken lines", report, rejects_broken_name(stats->format));
    if (!stats->is_dry && !stats->stopped && (stats->in_doubt || stats->in_doubt_absent))
        buffer_printf(out, "  %-17s%s\n", "in doubt", "kyc-import status JOB lists them, with what to do");
    table_path(out, "report", report, HTML_REPORT_FILE_NAME);
    if (stats->chain_head[0])
        buffer_printf(out, "  %-17s%s\n", "ledger head", stats->chain_head);
}

/* `phone/format`, `email/invisible (warning)`. Returns its columns. */
static unsigned table_rule_name(struct buffer *out, const struct run_stats_rule *rule)
{
    struct buffer name;
    buffer_init(&name, TABLE_PART_MAX);
    buffer_printf(&name, "%s/%s%s", field_name(rule->field), rule->rule,
                  rule->level == VERDICT_WARN ? " (warning)" : "");
    unsigned columns = format_number_append_cut(out, buffer_slice(&name), TABLE_NAME_MAX);
    buffer_clear(&name);
    return columns;
}

static unsigned table_name_columns(const struct run_stats *stats, const uint32_t *ranking, size_t shown)
{
    struct buffer scratch;
    buffer_init(&scratch, TABLE_PART_MAX);
    unsigned columns = sizeof "rule" - 1;
    for (size_t i = 0; i < shown; i++) {
        unsigned own = table_rule_name(&scratch, &stats->rules[ranking[i]]);
        columns = own > columns ? own : columns;
        buffer_reset(&scratch);
    }
    buffer_clear(&scratch);
    return columns;
}

static void table_rule(struct buffer *out, const struct run_stats_rule *rule, unsigned name_columns)
{
    char records[FORMAT_NUMBER_SIZE], row[FORMAT_NUMBER_SIZE];
    buffer_append_text(out, "  ");
    unsigned columns = table_rule_name(out, rule);
    table_blanks(out, name_columns - columns);
    buffer_printf(out, "%13s%13s  ", format_number_count(rule->records, records),
                  format_number_count(rule->first_row, row));
    unsigned used = 2 + name_columns + 13 + 13 + 2;
    const char *meaning = rule->example ? rule->example : run_stats_meaning(rule->field, rule->rule);
    format_number_append_cut(out, slice_from(meaning), TABLE_COLUMNS - used);
    buffer_append_char(out, '\n');
}

/* The rules from `first` on as `NAME RECORDS, …`, in at most so many lines. Returns how many of them it took;
 * what had no room is counted in the last line. */
static unsigned table_pack(struct buffer *out, const struct run_stats *stats, const uint32_t *ranking,
                           size_t first, unsigned lines)
{
    enum { PACK_MORE = sizeof ", and 9999 more in " HTML_REPORT_FILE_NAME };
    struct buffer word;
    unsigned used = 0, columns = TABLE_COLUMNS;
    size_t i = first;
    buffer_init(&word, TABLE_PART_MAX);
    for (; i < stats->rule_count; i++) {
        char records[FORMAT_NUMBER_SIZE];
        const struct run_stats_rule *rule = &stats->rules[ranking[i]];
        buffer_reset(&word);
        unsigned len = table_rule_name(&word, rule);
        len += 1 + (unsigned)strlen(format_number_count(rule->records, records));
        buffer_printf(&word, " %s", records);
        bool is_last = i + 1 == stats->rule_count;
        unsigned capacity = TABLE_COLUMNS - (used == lines && !is_last ? PACK_MORE : 1);
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

/* How many rules get a line of their own, so that all the others find room in the lines that are left. */
static size_t table_shown(const struct run_stats *stats, const uint32_t *ranking, unsigned capacity)
{
    size_t shown = stats->rule_count <= capacity ? stats->rule_count : capacity - 1;
    struct buffer scratch;
    buffer_init(&scratch, TABLE_PART_MAX);
    while (shown > 1 && shown < stats->rule_count &&
           table_pack(&scratch, stats, ranking, shown, UINT16_MAX) > capacity - shown) {
        buffer_reset(&scratch);
        shown--;
    }
    buffer_clear(&scratch);
    return shown;
}

/* The rules, in at most so many lines, a blank one before them included: the first with what they mean, the
 * others by name and count. */
static void table_rules(struct buffer *out, const struct run_stats *stats, unsigned lines)
{
    enum { TABLE_RULES_HEAD = 2, TABLE_RULES_MIN = 4 };
    if (stats->rule_count == 0 || lines < TABLE_RULES_MIN)
        return;
    unsigned capacity = lines - TABLE_RULES_HEAD;
    uint32_t *ranking = run_stats_ranking(stats);
    size_t shown = table_shown(stats, ranking, capacity);
    if (shown <= 1 && shown < stats->rule_count) { /* so many that all the room is for names and counts */
        buffer_append_char(out, '\n');
        table_pack(out, stats, ranking, 0, lines - 1);
        free(ranking);
        return;
    }
    unsigned name_columns = table_name_columns(stats, ranking, shown);
    buffer_printf(out, "\n  %-*s%13s%13s  %s\n", (int)name_columns, "rule", "records", "first row",
                  "what it means");
    for (size_t i = 0; i < shown; i++)
        table_rule(out, &stats->rules[ranking[i]], name_columns);
    table_pack(out, stats, ranking, shown, capacity - (unsigned)shown);
    free(ranking);
}

void run_stats_write_table(const struct run_stats *stats, const char *report, struct buffer *out)
{
    struct buffer top, end;
    buffer_init(&top, TABLE_PART_MAX);
    buffer_init(&end, 2 * (size_t)TABLE_PART_MAX);
    table_title(&top, stats);
    buffer_append_char(&top, '\n');
    table_counts(&top, stats);
    if (!stats->is_dry)
        table_requests(&top, stats);
    table_end(&end, stats, report);

    unsigned used = table_lines(&top) + table_lines(&end);
    buffer_append(out, buffer_slice(&top));
    table_rules(out, stats, used < TABLE_LINES ? TABLE_LINES - used : 0);
    buffer_append(out, buffer_slice(&end));
    buffer_clear(&top);
    buffer_clear(&end);
}
