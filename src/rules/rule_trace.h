/* rule_trace: how the value of a field was made from its columns, for people (explain).
 *
 * Thread: one at a time. Owner: new/free; texts are in the arena of the call, or are the record's or the
 * job's.
 */
#ifndef KYC_RULES_RULE_TRACE_H
#define KYC_RULES_RULE_TRACE_H

#include <stdbool.h>

#include "core/arena.h"
#include "model/record.h"
#include "rules/rule_set.h"

/* The steps of one field; a text is empty where there is no value, and a list has VALUE_SEPARATOR between its
 * items. */
struct rule_trace {
    struct slice columns;  /* what the columns give: cleaned, and joined or chosen */
    struct slice matched;  /* after `match` and `replace` */
    struct slice fallback; /* what stands for no value; empty: nothing does, or there is a value */
    struct slice mapped;   /* after `values`; empty: they do not map it, or it is a list */
    bool is_failed;        /* a column cannot be read, or `match` rejects it: no further step */
};

struct rule_tracer;

/* For a record that is not malformed, as a worker has validated it. Borrows all of them. */
struct rule_tracer *rule_tracer_new(const struct rule_set *set, const struct record *record,
                                    struct arena *arena);
void rule_tracer_free(struct rule_tracer *tracer);

/* False: the field is not read from columns. */
bool rule_tracer_follow(struct rule_tracer *tracer, enum field_id field, struct rule_trace *trace);

#endif
