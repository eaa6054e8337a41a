/* record_context: one record while it is validated, and its worker's scratch data. Inside of src/rules.
 *
 * Thread: one worker's.
 */
#ifndef KYC_RULES_RECORD_CONTEXT_H
#define KYC_RULES_RECORD_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/country.h"
#include "model/job.h"
#include "model/record.h"
#include "rules/field_plan.h"
#include "rules/phone.h"

enum { COUNTRY_MEMO_SIZE = 256, COUNTRY_MEMO_TEXT = 32 };

/* Caches a country by the text it was read from: exports repeat the same few texts. */
struct country_memo {
    const struct country *country; /* NULL: free */
    size_t len;
    char text[COUNTRY_MEMO_TEXT];
};

enum { ROW_MEMO_SIZE = 16, ROW_MEMO_TEXT = 30 };

/* Caches the result of a condition of input.where by the source cell: such columns hold few different values.
 */
struct row_memo {
    uint8_t len; /* 0: free */
    bool found;
    char text[ROW_MEMO_TEXT];
};

/* What one thread needs beside the rule set. */
struct rule_worker {
    const struct rule_set *set;
    struct pattern_matcher *matcher;        /* NULL: the job has no pattern */
    struct pattern_matcher *source_matcher; /* of fields' `match`; NULL: none has one */
    struct ndjson_cells *ndjson;            /* NULL: the input has columns */
    struct row_memo *row_memos;             /* [condition_count * ROW_MEMO_SIZE]; NULL: no conditions */
    struct country_memo memo[COUNTRY_MEMO_SIZE];
};

enum { RECORD_CONTEXT_ITEMS_MAX = 64 };

/* A verdict whose level the job may set (JOB_RULE_LEVEL). It is added once all fields are read, because the
 * job's rule may have conditions on them; until then the value counts as good. */
struct deferred_verdict {
    enum field_id field;
    enum verdict_level level; /* without a rule of the job */
    const char *rule, *message;
    struct deferred_verdict *next;
};

struct record_context {
    const struct rule_set *set;
    struct rule_worker *worker; /* NULL: a text of the job file is read, not a record */
    struct record *record;
    struct value *values; /* the record's */
    struct arena *arena;
    const char *split; /* separates the items of the list being read; NULL: the mapping's */
    enum phone_validity phone_validity;
    bool phone_was_checked;                     /* a rule `valid` of the job applied */
    uint64_t tax_id_filled, tax_country_filled; /* bit i: the i-th item is not empty */
    size_t tax_country_places;                  /* items, the empty ones included */
    struct deferred_verdict *deferred;          /* the last one first */
};

/* Sets a field's value to a normal form. */
static inline void record_context_accept(struct record_context *context, enum field_id field,
                                         struct slice text)
{
    context->values[field].text = text;
    context->values[field].state = VALUE_PRESENT;
}

/* Adds a verdict with a formatted message; a reject makes the field's value failed. */
void record_context_add_verdictf(struct record_context *context, enum field_id field,
                                 enum verdict_level level, const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Keeps a verdict until record_context_settle; the first of a field and rule. message: in the arena. */
void record_context_defer(struct record_context *context, enum field_id field, enum verdict_level level,
                          const char *rule, const char *message);

/* Adds a verdict, or defers it when a rule of the job sets its level. False when the value is rejected: then
 * it is not read on. message: in the arena. */
bool record_context_judge(struct record_context *context, enum field_id field, enum verdict_level level,
                          const char *rule, const char *message);

/* True when a rule of the job sets the level of a built-in rule for a field, under conditions or not. */
bool record_context_has_level(const struct record_context *context, enum field_id field, const char *rule);

/* Once all fields are read: adds the deferred verdicts, at the level of the job's rules. */
void record_context_settle(struct record_context *context);

/* text in quotes for a message, shortened to 60 bytes; in the arena. */
const char *record_context_quote(struct record_context *context, struct slice text);

/* True when all conditions (`when`) of a job's rule hold. */
bool record_context_conditions_hold(const struct record_context *context, const struct job_rule *rule);

/* True when a rule `required: false` of the job applies to a field of the record. */
bool record_context_is_relaxed(const struct record_context *context, enum field_id field);

/* The record's country, for values that depend on it. */
enum record_context_country {
    RECORD_CONTEXT_COUNTRY_KNOWN,
    RECORD_CONTEXT_COUNTRY_ABSENT,
    RECORD_CONTEXT_COUNTRY_FAILED, /* it has its own verdict; values that depend on it get none */
};
/* *code: alpha-2 when known, else empty. */
enum record_context_country record_context_country(const struct record_context *context, struct slice *code);

#endif
