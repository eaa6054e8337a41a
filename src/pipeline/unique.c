#include "pipeline/unique.h"

#include <inttypes.h>

void unique_judge(const struct job *job, struct roster *roster, struct record *record, struct arena *arena)
{
    for (size_t i = 0; i < job->unique_count; i++) {
        if (!(record->unique_known & 1u << i))
            continue;
        uint64_t earlier = roster_mark(roster, i, record->unique_hash[i], record->row);
        if (!earlier)
            continue;
        struct verdict verdict = {.field = FIELD_EXTERNAL_ID, .level = VERDICT_REJECT, .rule = RULE_UNIQUE};
        for (size_t rule = 0; i > 0 && rule < job->rule_count; rule++) {
            if (job->rules[rule].kind != JOB_RULE_UNIQUE || job->rules[rule].unique_index != i)
                continue;
            verdict.field = job->rules[rule].field;
            verdict.level = job->rules[rule].level;
        }
        verdict.message = arena_printf(arena, "the same value as in row %" PRIu64, earlier);
        record_add_verdict(record, arena, verdict);
    }
}
