#include "cmd/explain_write.h"

#include <inttypes.h>
#include <string.h>

#include "core/clock.h"
#include "core/utf8.h"

enum { NAME_WIDTH_MAX = 32 };

/* Appends a name, padded to a width. */
static void write_name(struct buffer *out, struct slice name, size_t width)
{
    size_t count = utf8_is_valid(name) ? utf8_count(name) : name.len;

    buffer_append_text(out, "  ");
    buffer_append(out, name);
    for (; count < width + 2; count++)
        buffer_append_char(out, ' ');
}

static size_t wider(size_t width, struct slice name)
{
    size_t count = utf8_count(name);

    return count > width && count <= NAME_WIDTH_MAX ? count : width;
}

/* True if this field is read from the column. */
static bool is_source(const struct found_record *found, enum field_id field, size_t column)
{
    const size_t *columns;
    const struct job_mapping *mapping = rule_set_source(found->rules, field, &columns);

    for (size_t i = 0; mapping && i < mapping->column_count; i++)
        if (columns[i] == column)
            return true;
    return false;
}

/* True if a field is read from the column. */
static bool is_mapped(const struct found_record *found, size_t column)
{
    for (size_t i = 0; i < field_count(); i++)
        if (is_source(found, (enum field_id)i, column))
            return true;
    return false;
}

/* True if a condition of input.where is about the column. */
static bool is_condition(const struct explain_settings *settings, const struct found_record *found,
                         size_t column)
{
    for (size_t i = 0; i < settings->job->input.where_count; i++)
        if (rule_set_where_column(found->rules, i) == column)
            return true;
    return false;
}

static void write_items(const struct explain_settings *settings, const struct found_record *found,
                        struct slice list)
{
    struct slice item;

    while (record_next_item(&list, &item)) {
        explain_write_value(settings, found, item, &encoding_utf8);
        if (list.data)
            buffer_append_text(settings->out, ", ");
    }
}

static void write_cell(const struct explain_settings *settings, const struct found_record *found,
                       size_t column)
{
    struct slice cell = found->record->cells[column];
    struct explain_settings plain = *settings;

    plain.unmask = settings->unmask || is_source(found, FIELD_EXTERNAL_ID, column);
    if (cell.len == 0)
        buffer_append_text(settings->out, "–");
    else if (settings->job->input.format == JOB_FORMAT_NDJSON) /* an array's elements */
        write_items(&plain, found, cell);
    else
        explain_write_value(&plain, found, cell, &settings->job->input.encoding);
}

/* Of the paths of the job's columns and conditions. */
static size_t width_of_paths(const struct explain_settings *settings, const struct found_record *found)
{
    const size_t *columns;
    size_t width = 0;

    for (size_t i = 0; i < field_count(); i++) {
        const struct job_mapping *mapping = rule_set_source(found->rules, (enum field_id)i, &columns);
        for (size_t k = 0; mapping && k < mapping->column_count; k++)
            width = wider(width, slice_from(mapping->columns[k].name));
    }
    for (size_t i = 0; i < settings->job->input.where_count; i++)
        width = wider(width, slice_from(settings->job->input.where[i].column.name));
    return width;
}

/* NDJSON has no header: the paths of the job's columns. */
static void write_paths(const struct explain_settings *settings, const struct found_record *found)
{
    const size_t *columns;
    size_t width = width_of_paths(settings, found);

    for (size_t i = 0; i < field_count(); i++) {
        const struct job_mapping *mapping = rule_set_source(found->rules, (enum field_id)i, &columns);
        for (size_t k = 0; mapping && k < mapping->column_count; k++) {
            if (columns[k] >= found->record->cell_count)
                continue;
            write_name(settings->out, slice_from(mapping->columns[k].name), width);
            write_cell(settings, found, columns[k]);
            buffer_append_char(settings->out, '\n');
        }
    }
}

/* NDJSON: the paths of input.where that are not mapped. */
static void write_condition_paths(const struct explain_settings *settings, const struct found_record *found)
{
    const struct job_input *input = &settings->job->input;
    for (size_t i = 0; i < input->where_count; i++) {
        size_t column = rule_set_where_column(found->rules, i), earlier = 0;
        while (earlier < i && rule_set_where_column(found->rules, earlier) != column)
            earlier++;
        if (earlier < i || is_mapped(found, column))
            continue;
        write_name(settings->out, slice_from(input->where[i].column.name), width_of_paths(settings, found));
        write_cell(settings, found, column);
        buffer_append_text(settings->out, "    (input.where)\n");
    }
}

static void write_source(const struct explain_settings *settings, const struct found_record *found)
{
    const struct reader_header *header = found->header;
    struct buffer *out = settings->out;
    size_t width = 0;

    buffer_append_text(out, "\nSource\n");
    for (size_t i = 0; i < header->column_count; i++)
        width = wider(width, header->columns[i]);
    for (size_t i = 0; i < header->column_count && i < found->record->cell_count; i++) {
        write_name(out, header->columns[i], width);
        write_cell(settings, found, i);
        buffer_append_text(out, is_condition(settings, found, i) ? "    (input.where)\n"
                                : is_mapped(found, i)            ? "\n"
                                                                 : "    (not mapped)\n");
    }
    if (header->column_count == 0) {
        write_paths(settings, found);
        write_condition_paths(settings, found);
    }
}

/* Where a value is from. mapping: NULL: not mapped. */
static void write_origin(struct buffer *out, const struct job_mapping *mapping, const char *name)
{
    if (!mapping) {
        buffer_append_text(out, "    (by default)");
        return;
    }
    if (mapping->column_count == 0)
        buffer_append_text(out, mapping->is_auto ? "    (computed)" : "    (the same for every record)");
    if (mapping->column_count > 1 ||
        (mapping->column_count == 1 && strcmp(mapping->columns->name, name) != 0)) {
        buffer_append_text(out, "    ← ");
        job_mapping_append_columns(mapping, out);
    }
    if (mapping->drops_time)
        buffer_append_text(out, "    (its time dropped)");
    else if (mapping->zone)
        buffer_printf(out, "    (as a day in %s)", mapping->zone);
}

/* Appends one step; a text of the job is shown as it is. */
static void write_step(const struct explain_settings *settings, const struct found_record *found,
                       const char *name, struct slice text, bool is_from_job)
{
    struct explain_settings shown = *settings;

    shown.unmask = settings->unmask || is_from_job;
    buffer_append_text(settings->out, name);
    if (text.len > 0)
        write_items(&shown, found, text);
    else
        buffer_append_text(settings->out, "–");
}

/* How a value was made, where that is more than the cell of a column. */
static void write_steps(const struct explain_settings *settings, const struct found_record *found,
                        const struct job_mapping *mapping, const struct rule_trace *trace, size_t width)
{
    if (mapping->column_count < 2 && !mapping->match && trace->fallback.len == 0 && trace->mapped.len == 0)
        return;
    write_name(settings->out, SLICE_LITERAL(""), width);
    write_step(settings, found, "source ", trace->columns, false);
    if (mapping->match && !trace->is_failed)
        write_step(settings, found, mapping->replace ? ", after match and replace " : ", after match ",
                   trace->matched, false);
    if (trace->fallback.len > 0)
        write_step(settings, found, ", by default ", trace->fallback, true);
    if (trace->mapped.len > 0)
        write_step(settings, found, ", after values ", trace->mapped, true);
    buffer_append_char(settings->out, '\n');
}

static void write_normalized(const struct explain_settings *settings, const struct found_record *found)
{
    const struct record *record = found->record;
    struct buffer *out = settings->out;
    size_t width = 0;

    for (size_t i = 0; i < field_count(); i++)
        width = record->values[i].state != VALUE_ABSENT
                    ? wider(width, slice_from(field_name((enum field_id)i)))
                    : width;
    buffer_append_text(out, "\nNormalized\n");
    for (size_t i = 0; i < field_count(); i++) {
        const size_t *columns;
        const struct job_mapping *mapping = rule_set_source(found->rules, (enum field_id)i, &columns);
        const struct value *value = &record->values[i];
        if (!mapping && value->state == VALUE_ABSENT)
            continue;
        write_name(out, slice_from(field_name((enum field_id)i)), width);
        struct explain_settings shown = *settings; /* a value that the job sets is not personal data */
        bool is_from_job = mapping ? mapping->constant && !mapping->is_auto : i == FIELD_CUSTOMER_TYPE;
        shown.unmask = settings->unmask || is_from_job;
        if (value->state == VALUE_PRESENT)
            write_items(&shown, found, value->text);
        else
            buffer_append_text(out, value->state == VALUE_FAILED ? "no value: see the verdicts" : "–");
        write_origin(out, mapping, field_name((enum field_id)i));
        buffer_append_char(out, '\n');
        if (mapping && settings->traces)
            write_steps(settings, found, mapping, &settings->traces[i], width);
    }
}

static void write_verdicts(const struct explain_settings *settings, const struct found_record *found)
{
    const struct record *record = found->record;
    struct buffer *out = settings->out;

    buffer_append_text(out, "\nVerdicts\n");
    if (record->verdict_count == 0)
        buffer_append_text(out, "  none: the record is valid\n");
    for (size_t i = 0; i < record->verdict_count; i++) {
        const struct verdict *verdict = &record->verdicts[i];
        buffer_printf(out, "  %-6s  %s/%s  ", verdict->level == VERDICT_REJECT ? "reject" : "warn",
                      field_name(verdict->field), verdict->rule);
        explain_write_message(settings, found, verdict->message);
        buffer_append_char(out, '\n');
    }
}

static const char *describe_decision(const struct decision *decision)
{
    switch (decision->kind) {
    case DECISION_CREATE:
        return "a run would create this customer";
    case DECISION_UPDATE:
        return "a run would update this customer: the data changed since it was last sent";
    case DECISION_UNCHANGED:
        return "unchanged: the data are those that were last sent";
    case DECISION_REFUSED:
        return "refused: a run would not send this record";
    case DECISION_RECONCILE:
        return decision->changed
                   ? "a create is in doubt, and the record changed since: a run would resolve the create first"
                   : "a create is in doubt: a run would repeat it or look the user up";
    case DECISION_HELD:
        return "in doubt, and only a person can resolve it: kyc-import status JOB shows how";
    }
    return "";
}

static void write_customer(struct buffer *out, const struct ledger_customer *customer)
{
    char text[CLOCK_RFC3339_SIZE];

    buffer_printf(out, "  %s", ledger_state_word(customer->state));
    if (customer->user_id.len)
        buffer_printf(out, ", user %.*s", (int)customer->user_id.len, customer->user_id.data);
    if (customer->http_status)
        buffer_printf(out, ", HTTP %d", customer->http_status);
    if (customer->code.len)
        buffer_printf(out, ", %.*s", (int)customer->code.len, customer->code.data);
    buffer_printf(out, "; last %s, %" PRIu32 " attempts, %s\n", operation_word(customer->operation),
                  customer->attempts, clock_rfc3339(customer->updated_at, text));
}

static void write_ledger(const struct explain_settings *settings, const struct found_record *found)
{
    const struct decision *decision = &found->decision;
    struct buffer *out = settings->out;

    buffer_append_text(out, "\nLedger\n");
    if (!found->has_ledger)
        buffer_append_text(out, "  there is no ledger yet: the first run creates it\n");
    else if (!found->customer)
        buffer_append_text(out, "  this customer is not in the ledger\n");
    else
        write_customer(out, found->customer);
    if (found->record->rejected)
        return;
    buffer_printf(out, "  %s\n", describe_decision(decision));
    if (decision->kind != DECISION_REFUSED)
        return;
    buffer_printf(out, "  %s/%s  ", field_name(decision->field), decision->rule);
    explain_write_message(settings, found, decision->message);
    buffer_append_char(out, '\n');
}

static void write_skipped(const struct explain_settings *settings, const struct found_record *found)
{
    struct buffer *out = settings->out;
    size_t condition = found->record->skipped_by;

    buffer_append_text(
        out, "\nSkipped\n  not a record of this job: a run counts it, and does nothing else with it\n");
    if (condition == 0) { /* a footer */
        buffer_append_text(out,
                           "  it is one of the records at the end that input.csv.skip_footer leaves out\n");
        return;
    }
    const struct job_where *where = &settings->job->input.where[condition - 1];
    buffer_printf(out, "  input.where, condition %zu does not hold: column \"%s\" %s ", condition,
                  where->column.name, where->must_match ? "must match" : "must not match");
    utf8_append_escaped(out, slice_from(where->pattern));
    buffer_append_char(out, '\n');
}

static void write_raw(const struct explain_settings *settings, const struct found_record *found)
{
    buffer_append_text(settings->out, "\nSource (cannot be put into columns)\n  ");
    explain_write_value(settings, found, found->record->raw, &settings->job->input.encoding);
    buffer_append_char(settings->out, '\n');
}

static void write_record(const struct explain_settings *settings, const struct found_record *found)
{
    const struct record *record = found->record;
    struct buffer *out = settings->out;

    utf8_append_escaped(out, slice_from(settings->job->input.paths[record->input]));
    buffer_printf(out, ", row %" PRIu64 ", line %" PRIu64 "%s\n", record->row, record->line,
                  settings->unmask ? "" : "; values are masked (--unmask shows them)");
    if (record->cells)
        write_source(settings, found);
    else
        write_raw(settings, found);
    if (record->skipped) {
        write_skipped(settings, found);
        return;
    }
    if (record->values)
        write_normalized(settings, found);
    write_verdicts(settings, found);
    write_ledger(settings, found);
    enum decision_kind kind = found->decision.kind;
    if (record->rejected)
        buffer_append_text(out, "\nPayload\n  none: a record with a verdict of level reject is not sent\n");
    else if (kind == DECISION_UNCHANGED || kind == DECISION_REFUSED || kind == DECISION_HELD)
        buffer_append_text(out, "\nPayload\n  none: nothing would be sent\n");
    else
        explain_write_payload(settings, found);
}

void explain_write(const struct explain_settings *settings, const struct found_record *found)
{
    struct explain_settings traced = *settings;
    struct rule_tracer *tracer = NULL;

    if (found->record->cells && found->record->values) {
        struct rule_trace *traces = arena_alloc(found->arena, field_count() * sizeof *traces);
        tracer = rule_tracer_new(found->rules, found->record, found->arena);
        for (size_t i = 0; i < field_count(); i++)
            rule_tracer_follow(tracer, (enum field_id)i, &traces[i]);
        traced.traces = traces;
    }
    write_record(&traced, found);
    rule_tracer_free(tracer);
}
