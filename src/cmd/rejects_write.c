#include "cmd/rejects_write.h"

#include <inttypes.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"

#define MESSAGE_SEPARATOR SLICE_LITERAL(" | ")
#define NAME_SEPARATOR    SLICE_LITERAL(";")

static const struct encoding *encoding_of(const struct explain_settings *settings)
{
    return settings->job->input.format == JOB_FORMAT_CSV ? &settings->job->input.encoding : &encoding_utf8;
}

static size_t count_items(struct slice list, struct slice separator)
{
    struct slice item;
    size_t count = 0;

    while (slice_next_item(&list, separator, &item))
        count++;
    return count;
}

/* The values of the columns that a field is read from. name: `phone/format`. */
static void write_values(const struct explain_settings *settings, const struct found_record *found,
                         struct slice name)
{
    const struct record *record = found->record;
    const char *slash = memchr(name.data, '/', name.len);
    struct slice field_part = slice_make(name.data, slash ? (size_t)(slash - name.data) : name.len);
    enum field_id field = field_by_name(field_part);
    const size_t *columns;
    const struct job_mapping *mapping =
        field == FIELD_NONE ? NULL : rule_set_source(found->rules, field, &columns);

    for (size_t i = 0; mapping && i < mapping->column_count; i++) {
        if (columns[i] >= record->cell_count || record->cells[columns[i]].len == 0)
            continue;
        buffer_append_text(settings->out, "      ");
        utf8_append_escaped(settings->out, slice_from(mapping->columns[i].name));
        buffer_append_text(settings->out, ": ");
        explain_write_value(settings, found, record->cells[columns[i]], encoding_of(settings));
        buffer_append_char(settings->out, '\n');
    }
}

static void write_verdicts(const struct explain_settings *settings, const struct found_record *found,
                           const struct rejects_added *added)
{
    struct slice names = added->verdicts, messages = added->messages, name, message;
    /* A message may hold the separator too: then all are written below the last name. */
    bool are_paired = count_items(names, NAME_SEPARATOR) == count_items(messages, MESSAGE_SEPARATOR);

    while (slice_next_item(&names, NAME_SEPARATOR, &name)) {
        buffer_append_text(settings->out, "  ");
        utf8_append_escaped(settings->out, name);
        if (are_paired && slice_next_item(&messages, MESSAGE_SEPARATOR, &message)) {
            buffer_append_text(settings->out, "  ");
            explain_write_message(settings, found, message);
        }
        buffer_append_char(settings->out, '\n');
        write_values(settings, found, name);
    }
    if (are_paired)
        return;
    buffer_append_text(settings->out, "    ");
    explain_write_message(settings, found, added->messages);
    buffer_append_char(settings->out, '\n');
}

void rejects_write_row(const struct explain_settings *settings, const struct found_record *found,
                       const struct rejects_added *added)
{
    struct buffer *out = settings->out;

    buffer_append_text(out, "\nrow ");
    utf8_append_escaped(out, added->row);
    buffer_append_text(out, ", line ");
    utf8_append_escaped(out, added->line);
    if (settings->job->input.path_count > 1) {
        buffer_append_text(out, " of ");
        utf8_append_escaped(out, added->input);
    }
    buffer_append_char(out, '\n');
    write_verdicts(settings, found, added);
}

void rejects_write_broken(const struct explain_settings *settings, const struct record *record,
                          struct arena *arena, const char *name)
{
    const struct found_record found = {.record = record, .arena = arena};
    struct buffer *out = settings->out;

    buffer_printf(out, "\nline %" PRIu64 " of %s\n  record/", record->line, name);
    if (record->fault) {
        buffer_printf(out, "%s  ", record->fault);
        explain_write_message(settings, &found, record->fault_message);
        buffer_append_text(out, "\n      ");
        explain_write_value(settings, &found, record->raw, encoding_of(settings));
    } else {
        buffer_append_text(out, RULE_TOO_LONG " or record/" RULE_CUT "\n      ");
        for (size_t i = 0; i < record->cell_count; i++) {
            buffer_append_text(out, i ? " | " : "");
            explain_write_value(settings, &found, record->cells[i], encoding_of(settings));
        }
    }
    buffer_append_char(out, '\n');
}
