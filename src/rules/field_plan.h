/* field_plan: what a rule set is made of, and what is at hand while a record is judged.
 *
 * The inside of src/rules. A slot is one customer field that is read; normalize.h gives its value, check.h
 * adds the job's own rules. Thread: struct rule_set and all below it are constant once built; the rest is one
 * worker's.
 */
#ifndef KYC_RULES_FIELD_PLAN_H
#define KYC_RULES_FIELD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/encoding.h"
#include "core/slice.h"
#include "model/country.h"
#include "model/job.h"
#include "model/provider_fields.h"
#include "model/record.h"
#include "rules/date.h"
#include "rules/document.h"
#include "rules/pattern.h"
#include "rules/phone.h"
#include "rules/value_map.h"

/* One customer field that is read. */
struct field_plan {
    enum field_id field;
    enum field_type type; /* text where an enumeration has no words at this provider */
    const struct job_mapping *mapping;
    const struct provider_field *provider; /* NULL: read for rules and other fields alone */
    size_t column;                         /* of a mapping with a column */
    bool is_constant;                      /* a constant whose value is known already */
    struct value constant;
    const char *const *choices; /* of an enumeration, NULL-terminated */
    struct value_map *exact;    /* the job's `values`, and an enumeration's words; NULL: none */
    struct value_map *folded;   /* an enumeration's, case, blanks and hyphens aside; NULL: none */
    struct slice otherwise;     /* at NULL: none */
    const struct date_format *format;
    const struct time_zone *zone; /* NULL: none */
    size_t max_chars;             /* SIZE_MAX: no bound */
    size_t min_chars;
    bool checks_countries; /* the provider refuses some, or warns of them */
};

/* One rule of the job's, made ready. */
struct custom_rule {
    const struct job_rule *rule;
    const char *name;        /* of its verdicts */
    struct pattern *pattern; /* of a match */
    unsigned number;         /* of an age: the last birth date (YYYYMMDD) that is old enough */
};

/* A field that must be there. */
struct requirement {
    enum field_id field;
    enum provider_audience applies_to;
    enum verdict_level level; /* a warning: the provider only tends to refuse without */
    bool may_be_loosened;     /* a rule `required: false` with conditions speaks of it */
    uint64_t siblings;        /* bit of a field_id: only where one of these has a value; 0: always */
};

struct rule_set {
    const struct job *job;
    const struct provider_fields *fields;
    enum encoding encoding;
    struct ndjson_paths *paths; /* NULL: the input has columns */
    uint64_t null_lengths;      /* bit i: a null value has i bytes; bit 63: 63 or more */
    struct date today;
    unsigned today_number, oldest_number; /* birth dates from oldest to today are believed */

    struct field_plan *plans; /* those first that others need; then in field-table order */
    size_t plan_count;
    const struct field_plan *plan_of[FIELD_MAX];
    struct requirement *requirements; /* in field-table order */
    size_t requirement_count;
    bool country_is_required;
    bool computes_client_id;               /* client_identifier: auto */
    int documents;                         /* the folder's descriptor; -1: none */
    struct document_cache *document_cache; /* NULL without documents */
    struct custom_rule *custom_rules;      /* uniqueness first: it counts whatever becomes of the row */
    size_t custom_rule_count;
    struct arena arena;
};

enum { COUNTRY_MEMO_SIZE = 256, COUNTRY_MEMO_TEXT = 32 };

/* A name of a country that was read before: exports write the same few over and over. */
struct country_memo {
    const struct country *country; /* NULL: free */
    size_t len;
    char text[COUNTRY_MEMO_TEXT];
};

struct rule_worker {
    const struct rule_set *set;
    struct pattern_matcher *matcher; /* NULL when the job has no pattern */
    struct ndjson_cells *ndjson;     /* NULL: the input has columns */
    struct country_memo memo[COUNTRY_MEMO_SIZE];
};

enum { RECORD_CONTEXT_ITEMS_MAX = 64, RECORD_CONTEXT_ODD_TIMES_MAX = 8 };

/* A date whose time of day is not the start of a day: its verdict waits for all fields, which the job's rule
 * `time` may depend on. */
struct odd_time {
    enum field_id field;
    const char *message;
};

/* One record on its way through the rules. */
struct record_context {
    const struct rule_set *set;
    struct rule_worker *worker;
    struct record *record;
    struct value *values; /* the record's */
    struct arena *arena;
    const char *split; /* of the list in hand, instead of the mapping's; NULL: the mapping's */
    enum phone_validity phone_validity;
    bool phone_was_checked;                     /* a rule `valid` has spoken */
    uint64_t tax_id_places, tax_country_places; /* bit i: the i-th item is not empty */
    struct odd_time odd_times[RECORD_CONTEXT_ODD_TIMES_MAX];
    size_t odd_time_count;
};

/* Adds a verdict; a reject makes the field's value failed. message: formatted. */
void record_context_add_verdictf(struct record_context *context, enum field_id field,
                                 enum verdict_level level, const char *rule, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* text in quotes, shortened to 60 bytes; in the arena. For messages. */
const char *record_context_quote(struct record_context *context, struct slice text);

/* Whether a `when` of the job holds. */
bool record_context_conditions_hold(const struct record_context *context, const struct job_rule *rule);

/* The record's country for what depends on it. */
enum record_context_country {
    RECORD_CONTEXT_COUNTRY_KNOWN,
    RECORD_CONTEXT_COUNTRY_ABSENT,
    RECORD_CONTEXT_COUNTRY_BLAMED, /* it has a verdict of its own: what is derived from it gets none */
};
enum record_context_country record_context_country(const struct record_context *context, struct slice *code);

/* Walks the items of a list: at first rest = the list; gives the next item, false when there is none. */
static inline bool record_context_next_item(struct slice *rest, char separator, struct slice *item)
{
    if (!rest->data)
        return false;
    const char *end = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    *item = slice_make(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    *rest = end ? slice_make(end + 1, rest->len - item->len - 1) : slice_make(NULL, 0);
    return true;
}

#endif
