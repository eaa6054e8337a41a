/* run_stats: the counts of a check or a run, by outcome, rule, field, country and input file.
 *
 * Written by summary_json.h, summary_table.h, html_report.h and metrics.h. Of a run always:
 * read = skipped + rejected + unchanged + created + updated + refused + in_doubt + unsent.
 * Memory grows with the number of rules and inputs, not of records: the listed rows have at most 10 MB. No
 * value is kept: an example is a shape (mask.h). Thread: one (the coordinator). Owner: new/free.
 */
#ifndef KYC_REPORT_RUN_STATS_H
#define KYC_REPORT_RUN_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/encoding.h"
#include "model/job.h"
#include "model/latency_histogram.h"
#include "model/outcome.h"
#include "model/record.h"
#include "model/verdict.h"
#include "report/rate_series.h"
#include "report/refresh_report.h"

enum {
    RUN_STATS_COUNTRIES = 1 + 36 * 36, /* two letters or digits; 0: unknown */
    RUN_STATS_EXAMPLES = 3,
    RUN_STATS_ROWS = 50,          /* of a rule */
    RUN_STATS_LISTED_RULES = 300, /* the first; the provider may have any number of codes */
    RUN_STATS_PRESENCES = 64,     /* a power of two */
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
    size_t *columns;     /* in a record's cells; owned */
    size_t column_count; /* 0: a constant, the same for every record */
    char *name;          /* of the columns; owned; NULL: a constant */
    uint64_t present;
    uint64_t rejected;  /* records with a verdict of level reject on it */
    uint64_t last_mark; /* private: run_stats.mark of the record that counted last */
};

/* One record that broke a rule: its position, and the shape of the value. */
struct run_stats_example {
    uint32_t input;
    uint64_t row, line;
    char *shape; /* owned; "": no value */
};

/* The counts of one FIELD/RULE. */
struct run_stats_rule {
    enum field_id field;
    enum verdict_level level;
    const char *rule;
    uint64_t records; /* with this verdict; a record counts once */
    uint64_t first_row;
    /* Of a refusal or a warning by the provider: its first message, masked. NULL for a rule of ours, whose
     * messages may show a value: reports use rule_help.h instead. Owned. */
    char *provider_message;
    struct run_stats_example
        examples[RUN_STATS_EXAMPLES]; /* in input order, of different shapes if there are */
    size_t example_count;
    /* The first rejected records, by input and row: up to RUN_STATS_ROWS of the first RUN_STATS_LISTED_RULES
     * rules, else none. Owned. */
    struct run_stats_example *rows;
    size_t row_count;
    bool is_fault;      /* its records are in broken.*, not in rejects.* */
    uint64_t last_mark; /* private: run_stats.mark of the record that counted last */
    bool owns_rule;     /* private */
};

/* What became of a record that was read. */
enum run_stats_result {
    RUN_STATS_SKIPPED,  /* not a record of the job; counted by run_stats_add_record, as is the next */
    RUN_STATS_REJECTED, /* by our own rules */
    RUN_STATS_UNCHANGED,
    RUN_STATS_CREATED,
    RUN_STATS_UPDATED,
    RUN_STATS_REFUSED, /* by the provider, or not sent since it would be */
    RUN_STATS_IN_DOUBT,
    RUN_STATS_UNSENT,
};

struct run_stats {
    const char *job, *command; /* borrowed */
    enum job_format format;    /* of the inputs and the reject files */
    bool is_dry;
    bool is_partial;          /* --limit, or a reject file as input: not the whole export */
    bool has_reject_files;    /* rejects.* and broken.*, if there are any, are of this run */
    struct encoding encoding; /* of the inputs, for the examples */
    int status;
    uint64_t started_ns, finished_ns; /* real */
    double seconds;
    struct run_stats_input *inputs;
    size_t input_count;
    uint64_t read, valid, warned;
    /* The results: changed by run_stats_count alone. */
    uint64_t skipped, rejected, unchanged, created, updated, refused, in_doubt, unsent;
    uint64_t well_formed; /* records that could be split into columns: the base of the counts by field */
    struct run_stats_field fields[FIELD_MAX + 1]; /* the last one: the record itself (FIELD_NONE) */
    uint64_t conditions; /* bits of record.conditions that a record had, skipped or not */
    uint64_t sources;    /* bits of record.sources that a well-formed record had */
    struct run_stats_country countries[RUN_STATS_COUNTRIES];
    struct {
        uint64_t create, update, unchanged, settle, refused;
        uint64_t twins; /* not created: the same person exists under another key */
    } plan;
    /* Of a dry run: how long its creates, updates and resolutions would take; requests 0: there are none. */
    struct {
        uint64_t requests;
        double seconds;       /* at the job's rate */
        double reply_seconds; /* where that is more: as fast as replies of reply_ms allow */
        unsigned in_flight, reply_ms;
        char rate[32]; /* as in the job file: `10/s` */
    } estimate;
    uint64_t absent;
    uint64_t provider_warned; /* created or updated with a warning by the provider; part of `warned` */
    uint64_t in_doubt_absent; /* part of `absent`: their last create or update is in doubt */
    struct run_stats_rule *rules;
    size_t rule_count, rule_capacity;
    uint32_t *index; /* private: hash table of indices into rules, plus 1; 0: free */
    size_t index_capacity;
    uint64_t mark; /* private: number of the record being counted */
    /* Of a shard: called for each rule of ours that a record is counted under, once. verdict: its index in
     * the record. NULL: none. */
    void (*each)(void *context, const struct run_stats_rule *rule, const struct record *record,
                 size_t verdict);
    void *each_context;
    struct {
        uint64_t fields[sizeof(((struct record *)NULL)->present) / sizeof(uint64_t)], records;
    } presences[RUN_STATS_PRESENCES];  /* private: a cache, since most records of an export have the same
                                          fields */
    uint64_t requests, max_per_second; /* sent: all, and the maximum within any second */
    struct rate_series rate_series;    /* replies over time */
    uint64_t retries[RETRY_CAUSES];
    double p50_ms, p95_ms, p99_ms, max_ms, rate_per_s;
    struct latency_histogram latencies; /* of complete replies */
    uint64_t pauses, pause_ns;          /* of the circuit breaker */
    uint64_t links;                     /* verification links that were appended to LINK_FILE_NAME */
    struct {
        bool is_known;                      /* that of some user; never of a dry run */
        uint64_t customers[REFRESH_STATES]; /* of the ledger, with a user, at the end */
    } verification;
    struct {
        bool is_known;      /* never of a dry run */
        uint64_t customers; /* of the ledger, in doubt: when the run began or, at its end, then */
        uint64_t oldest_ns; /* real; when the oldest of these requests was journalled; 0: there is none */
    } ledger_in_doubt;
    char chain_head[65]; /* "" without a ledger */
    const char *stopped; /* why the run stopped early: a constant or stopped_text; NULL: it did not */
    char stopped_text[1024];
    char stopped_brief[256]; /* stopped_text without the provider's words */
};

struct run_stats *run_stats_new(size_t input_count);
void run_stats_free(struct run_stats *stats);

/* Before the first record: the field is read from these of a record's cells (none: a constant). Copies
 * columns and name, which is NULL for a constant. */
void run_stats_map_field(struct run_stats *stats, enum field_id field, const size_t *columns,
                         size_t column_count, const char *name);

/* Counts a validated record as read and skipped, valid, rejected or warned; unless it is skipped, with its
 * country and fields too, and once under each rule of its verdicts. Borrows the rules' names. Takes a few
 * nanoseconds without verdicts.
 */
void run_stats_add_record(struct run_stats *stats, const struct record *record);
/* Counts the result of one record. Of a run every record that was read gets exactly one. */
void run_stats_count(struct run_stats *stats, enum run_stats_result result);
/* Records that have a result. */
uint64_t run_stats_concluded(const struct run_stats *stats);
/* Counts a refusal by the provider under FIELD/RULE (FIELD_NONE: `record`), level reject, but not in
 * `refused`. Copies rule and the first message, which must be masked (that of struct outcome is). */
void run_stats_add_refusal(struct run_stats *stats, const struct record *record, enum field_id field,
                           const char *rule, const char *message);
/* A warning of a create or update that succeeded: FIELD/RULE (FIELD_NONE: `record`). */
struct run_stats_warning {
    enum field_id field;
    const char *rule; /* constant */
};
/* Counts these warnings of one record, and the record in `warned`, unless a rule of ours did. Copies the
 * first message of each, which must be masked. */
void run_stats_add_provider_warnings(struct run_stats *stats, const struct record *record,
                                     const struct run_stats_warning *warnings, size_t count,
                                     const char *message);
/* Sorts the listed rows, completes fields[].present, and asserts that every record of a run has a result.
 * After the last record, before a report is written; may be repeated. */
void run_stats_finish(struct run_stats *stats);

/* The two characters of an index into countries; "": unknown. Returns text. */
char *run_stats_country_code(size_t index, char text[3]);
/* The index of two characters; 0: unknown. */
size_t run_stats_country_index(const char code[2]);

/* The shape of the value that a rule of this field is about; "": none. Owner: the caller frees. */
char *run_stats_shape(struct run_stats *stats, const struct record *record, enum field_id field);

/* Joining the counts of several shards: a rule with all its records, in the order in which they first met it;
 * valid until the next one is added. Copies name. */
struct run_stats_rule *run_stats_join_rule(struct run_stats *stats, enum field_id field,
                                           enum verdict_level level, const char *name, uint64_t records);
/* Then its examples, in input order: ordinal is that of the record among all of the rule, from 1. What is
 * left out must be one that run_stats_add_record would not have chosen. Copies the shape. */
void run_stats_join_example(struct run_stats_rule *rule, uint64_t ordinal,
                            const struct run_stats_example *example);
/* Then its listed rows, in input order. Copies the shape. */
void run_stats_join_row(struct run_stats *stats, struct run_stats_rule *rule,
                        const struct run_stats_example *row);

/* Indices into rules: rejects before warnings, most records first, then by field and name. Owner: the caller
 * frees. */
uint32_t *run_stats_rank_rules(const struct run_stats *stats);

#endif
