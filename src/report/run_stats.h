/* run_stats: the counts of a run, and two of their forms: summary.json and the table for people
 * (1-product.md, Files of a run). page.h and metrics.h write the others.
 *
 * read = rejected + unchanged + created + updated + refused + in_doubt + unsent, always.
 * Constant memory per rule, country, field and input, whatever the number of records. No value is kept: an
 * example is a shape (mask.h).
 * Thread: one (the coordinator); run_stats_progress reads a copy. Owner: new/free.
 */
#ifndef KYC_REPORT_RUN_STATS_H
#define KYC_REPORT_RUN_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/json.h"
#include "model/job.h"
#include "model/outcome.h"
#include "model/record.h"
#include "model/verdict.h"
#include "report/rate_series.h"

enum {
    RUN_STATS_COUNTRIES = 1 + 36 * 36, /* two letters or digits; 0: not known */
    RUN_STATS_EXAMPLES = 3,
    RUN_STATS_PRESENCES = 64, /* a power of two */
};

struct run_stats_input {
    const char *path;
    uint64_t bytes, records, rejected, warned;
    bool complete;
};

/* Records by their normalized country. */
struct run_stats_country {
    uint64_t records, rejected, refused, warned;
};

/* How a field is read, and how many records have a value of it. */
struct run_stats_field {
    bool mapped;
    size_t column; /* of the header; SIZE_MAX: a constant, the same for every record */
    char *name;    /* of that column; owned; NULL: a constant */
    uint64_t present;
    uint64_t rejected; /* records with a verdict of level reject on it */
    uint64_t mark;     /* private: the record that counted last */
};

/* One masked value that broke a rule: where it stands, and its shape. */
struct run_stats_example {
    uint32_t input;
    uint64_t row, line;
    char *shape; /* owned; "": no value */
};

/* Counted by rule: one FIELD/RULE. */
struct run_stats_rule {
    enum field_id field;
    enum verdict_level level;
    const char *rule;
    uint64_t records; /* that have it; a record counts once */
    uint64_t first_row;
    char *example; /* of a refusal or a warning of the provider's: the provider's first message, which its
                      outcome table has masked; else NULL: a message of ours may show a value, so
                      run_stats_meaning stands for it; owned */
    struct run_stats_example
        examples[RUN_STATS_EXAMPLES]; /* in input order, of different shapes where there are */
    size_t example_count;
    uint64_t mark; /* private: the record that counted last */
    bool rule_owned;
};

struct run_stats {
    const char *job, *command; /* borrowed */
    enum job_format format;    /* of the inputs, and so of the reject files */
    bool is_dry;
    enum encoding encoding; /* of the source, for the examples */
    int status;
    uint64_t started_ns, finished_ns; /* real */
    double seconds;
    struct run_stats_input *inputs;
    size_t input_count;
    uint64_t read, valid, rejected, warned;
    uint64_t in_columns; /* records without a fault of their own: those that fields are counted of */
    struct run_stats_field fields[FIELD_MAX + 1]; /* the last one: the record itself */
    struct run_stats_country countries[RUN_STATS_COUNTRIES];
    struct {
        uint64_t create, update, unchanged, settle, refused;
        uint64_t twins; /* not created: the same person is there under another key */
    } plan;
    uint64_t created, updated, unchanged, refused, in_doubt, unsent, absent;
    uint64_t provider_warned; /* created or updated, and the provider warned of something; of `warned` */
    uint64_t in_doubt_absent; /* of the absent: their last create or update is in doubt, and stays so */
    struct run_stats_rule *rules;
    size_t rule_count, rule_capacity;
    uint32_t *index; /* private: places in rules + 1 by hash; 0: free */
    size_t index_capacity;
    uint64_t marks; /* private: records counted */
    struct {
        uint64_t fields[sizeof(((struct record *)NULL)->present) / sizeof(uint64_t)], records;
    } presences[RUN_STATS_PRESENCES];  /* private: most records of an export have the same fields */
    uint64_t requests, max_per_second; /* that left: all, and the most within any second */
    struct rate_series rate_series;    /* answers over time */
    uint64_t retries[RETRY_CAUSES];
    double p50_ms, p95_ms, p99_ms, max_ms, rate_per_s;
    uint64_t answers, latency_sum_ns; /* whole answers, and their latencies together */
    uint64_t pauses, pause_ns;        /* of the breaker: the provider was gone */
    char chain_head[65];              /* "" without a ledger */
    const char *stopped; /* why the run stopped early; NULL: it did not; constant, or stopped_text */
    char stopped_text[1024];
};

struct run_stats *run_stats_new(size_t input_count);
void run_stats_free(struct run_stats *stats);

/* Before the first record: this field is read from the header's column (SIZE_MAX: a constant) of this name,
 * which is copied. */
void run_stats_map_field(struct run_stats *stats, enum field_id field, size_t column, const char *name);

/* Counts a judged record: read, valid, rejected, warned; its input, country and fields; its verdicts under
 * their rules, each rule once. A verdict's rule is borrowed. A few nanoseconds for a record without verdicts.
 */
void run_stats_add_record(struct run_stats *stats, const struct record *record);
/* Counts one refusal under FIELD/RULE (FIELD_NONE: `record`), level reject, but not `refused`. rule is
 * copied; message too, the first one: it must be masked (struct outcome's is). */
void run_stats_add_refusal(struct run_stats *stats, const struct record *record, enum field_id field,
                           const char *rule, const char *message);
/* Counts what the provider warned of with its yes, under FIELD/provider_warning of each of these fields
 * (FIELD_NONE: `record`), once a field; the record as warned, if no rule of ours did. message is copied, the
 * first one: it must be masked. */
void run_stats_add_provider_warning(struct run_stats *stats, const struct record *record,
                                    const enum field_id *fields, size_t count, const char *message);
/* The last records into fields[].present; after the last record, before a report is written. */
void run_stats_sort(struct run_stats *stats);

/* The two characters of a place in countries into text ("": not known); returns text. */
char *run_stats_country_code(size_t place, char text[3]);

/* What a rule's verdict means, in a few words and without a value; a constant text. */
const char *run_stats_meaning(enum field_id field, const char *rule);

/* Places in rules: rejects before warnings, most records first, then by field and by name, so that the order
 * is always the same. Owner: the caller frees. */
uint32_t *run_stats_ranking(const struct run_stats *stats);

/* The array of summary.json's `input`. */
void run_stats_write_inputs(const struct run_stats *stats, struct json_writer *json);
/* summary.json into out. */
void run_stats_write_json(const struct run_stats *stats, struct buffer *out);
/* The table for people: at most a screen (24 lines of 100 columns), rules most first and the rest summed up.
 * report: the report folder, for the last lines; only its paths may be wider than 100 columns. */
void run_stats_write_table(const struct run_stats *stats, const char *report, struct buffer *out);

/* `REPORT/summary.json`, replaced whole. 0, or -1 with ERROR_USAGE, naming the path. */
int run_stats_save(const struct run_stats *stats, const char *folder, struct error *error);

#endif
