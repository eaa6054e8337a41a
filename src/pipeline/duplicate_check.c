#include "pipeline/duplicate_check.h"

#include <inttypes.h>

static struct slice name_row(const struct job *job, const struct customer_index *customer_index,
                             uint64_t place, struct arena *arena)
{
    uint32_t input;
    uint64_t row;

    customer_index_locate(customer_index, place, &input, &row);
    return job->input.path_count > 1 ? arena_printf(arena, "the same value as in row %" PRIu64 " of %s", row,
                                                    job->input.paths[input])
                                     : arena_printf(arena, "the same value as in row %" PRIu64, row);
}

void duplicate_check_validate(const struct job *job, struct customer_index *customer_index,
                              struct record *record, struct arena *arena)
{
    uint64_t place = customer_index_next_ordinal(customer_index, record->input, record->row);

    for (size_t i = 0; i < job->unique_count; i++) {
        if (!(record->unique_known & 1u << i))
            continue;
        uint64_t earlier = customer_index_mark_seen(customer_index, i, record->unique_hash[i], place);
        if (!earlier)
            continue;
        struct verdict verdict = {.field = FIELD_EXTERNAL_ID, .level = VERDICT_REJECT, .rule = RULE_UNIQUE};
        for (size_t rule = 0; i > 0 && rule < job->rule_count; rule++) {
            if (job->rules[rule].kind != JOB_RULE_UNIQUE || job->rules[rule].unique_index != i)
                continue;
            verdict.field = job->rules[rule].field;
            verdict.level = job->rules[rule].level;
        }
        verdict.message = name_row(job, customer_index, earlier, arena);
        record_add_verdict(record, arena, verdict);
    }
}
