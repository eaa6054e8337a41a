/* field_plan: the data of a rule set. Inside of src/rules.
 *
 * A field plan holds everything needed to read one customer field: its column, its type, the job's mapping
 * and the provider's bounds. Thread: constant once rule_set_new has returned.
 */
#ifndef KYC_RULES_FIELD_PLAN_H
#define KYC_RULES_FIELD_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/encoding.h"
#include "core/slice.h"
#include "model/job.h"
#include "model/provider_fields.h"
#include "model/record.h"
#include "rules/date_forms.h"
#include "rules/document.h"
#include "rules/pattern.h"
#include "rules/value_map.h"

struct field_plan {
    enum field_id field;
    enum field_type type; /* text for an enumeration without fixed words at this provider */
    const struct job_mapping *mapping;
    const struct provider_field *provider; /* NULL: not sent, only used by rules and other fields */
    const size_t *columns;                 /* of a mapping with columns: its column_count cells */
    size_t column;                         /* the first of them */
    bool collects;                         /* a path has `[*]`: the items are paired by their places */
    bool is_cell;                          /* its source is the cell of one column, as it is */
    bool is_constant;                      /* the value is the same in every record: `constant` */
    struct value constant;
    bool has_source;     /* its source is more than the cell of a column: field_source.h */
    size_t first_source; /* … then its columns are counted apart: the bit of the first in record.sources */
    struct pattern *pattern; /* `match`; NULL: none */
    struct value fallback;   /* what stands for no value: present, or its text is read by … */
    const struct field_plan *fallback_plan; /* … this plan in each record; NULL: nothing stands for it */
    const char *const *choices;             /* of an enumeration, NULL-terminated */
    struct value_map *exact;                /* the job's `values` and an enumeration's words; NULL: none */
    struct value_map *folded;       /* the same, without case, blanks and hyphens; NULL: not an enumeration */
    struct slice otherwise;         /* the job's value for all other texts; data NULL: none */
    const struct date_forms *dates; /* NULL: ISO 8601 */
    const struct time_zone *zone;   /* NULL: none */
    size_t max_chars;               /* SIZE_MAX: no bound */
    size_t min_chars;
    bool checks_countries; /* the provider refuses some countries, or there is a warning of some */
    bool checks_form;      /* of postal codes, not of the job's own texts */
    bool checks_mojibake;  /* its texts are asked for mojibake.h */
    uint8_t damage;        /* what is looked for in source values, bits of damage.h; 0: nothing */
};

/* A rule of the job, prepared. */
struct custom_rule {
    const struct job_rule *rule;
    const char *name;                     /* of its verdicts */
    struct pattern *pattern;              /* of match and not_match */
    char latest_birthdate[DATE_TEXT_LEN]; /* of min_age: later ones are too young */
};

/* A field that the provider requires. */
struct requirement {
    enum field_id field;
    enum provider_audience applies_to;
    enum verdict_level level; /* a warning: recommended; the provider tends to refuse without it */
    bool warns_others;        /* recommended where the requirement does not apply */
    bool may_be_relaxed;      /* a rule of the job makes it optional under conditions */
    uint64_t siblings;        /* bit per field_id: required only with a value in one of these; 0: always */
};

struct rule_set {
    const struct job *job;
    const struct provider_fields *fields;
    const struct encoding *encoding; /* the job's */
    bool is_decoded;                 /* cells are not UTF-8 */
    struct ndjson_paths *paths;      /* NULL: the input has columns */
    uint64_t null_lengths;           /* bit i: a null value has i bytes; bit 63: 63 or more */
    struct date today;
    unsigned today_number, oldest_number; /* birth dates from oldest to today are accepted */

    struct field_plan *plans; /* first those that others depend on, then in field-table order, … */
    size_t plan_count;
    size_t plain_count; /* … from here on the parts of `fields.documents`, entry by entry */
    const struct field_plan *plan_of[FIELD_MAX];
    struct requirement *requirements; /* in field-table order */
    size_t requirement_count;
    const struct provider_field **verifying; /* rows that automatic verification needs */
    size_t verifying_count;
    bool has_source_patterns;              /* a field has a `match` … */
    size_t source_count;                   /* columns that are counted apart */
    size_t group_count;                    /* … with at most so many groups */
    bool country_is_required;              /* of every record: its absence has its own verdict */
    bool computes_client_id;               /* client_identifier: auto */
    bool is_birth_country_sent;            /* as the nationality (SETTING_NATIONALITY) */
    bool has_documents;                    /* a field of type document is read */
    int documents;                         /* descriptor of provider.documents; -1: none */
    struct document_cache *document_cache; /* NULL without documents */
    struct row_condition *conditions;      /* of input.where */
    size_t condition_count;
    struct custom_rule *custom_rules; /* unique rules first: they hash values of rejected records too */
    size_t custom_rule_count;
    struct arena arena;
};

#endif
