#include "pipeline/input_checks.h"

#include <inttypes.h>

enum { COLUMN_NAMES_MAX = 4 << 20 }; /* of one field: a job file has at most 1 MiB */

void input_checks_map_fields(const struct rule_set *rules, struct run_stats *stats)
{
    struct buffer names;
    buffer_init(&names, COLUMN_NAMES_MAX);
    for (size_t i = 0; i < field_count(); i++) {
        const size_t *columns;
        const struct job_mapping *mapping = rule_set_source(rules, (enum field_id)i, &columns);
        if (!mapping)
            continue;
        buffer_reset(&names);
        job_mapping_append_columns(mapping, &names);
        run_stats_map_field(stats, (enum field_id)i, columns, mapping->column_count,
                            mapping->column_count ? names.data : NULL);
    }
    buffer_clear(&names);
}

int input_checks_min_records(const struct job *job, const struct run_stats *stats, struct error *error)
{
    const struct job_input *input = &job->input;
    const char *others = input->path_count > 1 ? " and the other inputs" : "";
    uint64_t kept = stats->read - stats->skipped;

    if (kept >= input->min_records)
        return 0;
    if (stats->skipped > 0 && input->where_count > 0)
        return error_set(
            error, ERROR_INPUT,
            "%s%s: %" PRIu64 " of %" PRIu64 " records are skipped (input.where%s), and the other %" PRIu64
            " are fewer than input.min_records (%" PRIu64
            ")\nhint: check the conditions; kyc-import explain %s --row N shows which of them skips a record",
            input->paths[0], others, stats->skipped, stats->read,
            input->skip_footer ? ", input.csv.skip_footer" : "", kept, input->min_records, job->path);
    return error_set(error, ERROR_INPUT,
                     "%s%s: %" PRIu64 " records, fewer than input.min_records (%" PRIu64
                     ")\nhint: check that the export is complete",
                     input->paths[0], others, kept, input->min_records);
}
