#include "pipeline/absent_columns.h"

#include <inttypes.h>

enum {
    SHOWN_MAX = 10,
    LIST_MAX = 4 << 20,
    FEW_RECORDS = 100, /* below, a column of a run may well have no value: one night's new customers */
};

/* The columns that were found so far. */
struct finding {
    struct buffer list;
    size_t count;
    struct job_place place; /* of the first one */
};

static void add_column(struct finding *finding, enum field_id field, const struct job_column *column)
{
    if (finding->count++ == 0)
        finding->place = column->place;
    if (finding->count <= SHOWN_MAX)
        buffer_printf(&finding->list, "%s\"%s\" (%s)", finding->count > 1 ? ", " : "", column->name,
                      field_name(field));
}

static bool has_value(const struct rule_set *rules, const struct run_stats *stats, enum field_id field,
                      size_t index)
{
    size_t bit = rule_set_first_source(rules, field);
    if (bit == SIZE_MAX)
        return stats->fields[field].present > 0;
    return bit + index >= 64 || stats->sources >> (bit + index) & 1;
}

void absent_columns_warn(const struct job *job, const struct rule_set *rules, const struct run_stats *stats)
{
    struct finding finding = {.count = 0};
    if (stats->well_formed == 0 || job->fields_auto)
        return;
    buffer_init(&finding.list, LIST_MAX);
    for (size_t i = 0; i < field_count(); i++) {
        const size_t *columns;
        const struct job_mapping *mapping = rule_set_source(rules, (enum field_id)i, &columns);
        for (size_t k = 0; mapping && k < mapping->column_count; k++)
            if (!has_value(rules, stats, (enum field_id)i, k))
                add_column(&finding, (enum field_id)i, &mapping->columns[k]);
    }
    if (finding.count > SHOWN_MAX)
        buffer_printf(&finding.list, " and %zu more", finding.count - SHOWN_MAX);
    void (*report)(const struct job *job, struct job_place place, const char *format, ...) =
        stats->is_dry || stats->well_formed >= FEW_RECORDS ? job_warn : job_note;
    if (finding.count > 0)
        report(
            job, finding.place, "none of the %" PRIu64 " records has a value in %s %s\nhint: %s",
            stats->well_formed, job->input.format == JOB_FORMAT_CSV ? "the column" : "the path",
            finding.list.data,
            job->input.format == JOB_FORMAT_CSV
                ? "is the column empty in the export, or another one meant?"
                : "check the spelling: upper and lower case are different; a value for all records is written {value: …}");
    buffer_clear(&finding.list);
}

void absent_columns_note_conditions(const struct job *job, const struct run_stats *stats)
{
    const struct job_input *input = &job->input;
    for (size_t i = 0; i < input->where_count && i < 64; i++)
        if (input->format == JOB_FORMAT_NDJSON && stats->read > 0 && !(stats->conditions >> i & 1))
            job_note(
                job, input->where[i].column.place,
                "none of the %" PRIu64
                " records has a value at the path \"%s\" of input.where\nhint: check the spelling: upper and lower case are different",
                stats->read, input->where[i].column.name);
}
