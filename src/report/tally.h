/* tally: the counts of a run, and their two forms: summary.json and the table for people (1-product.md, Files
 * of a run).
 *
 * read = rejected + unchanged + created + updated + refused + in_doubt + unsent, always.
 * Thread: one (the coordinator); tally_progress reads a copy. Owner: new/free.
 */
#ifndef KYC_REPORT_TALLY_H
#define KYC_REPORT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "model/outcome.h"
#include "model/record.h"
#include "model/verdict.h"

struct tally_input {
    const char *path;
    uint64_t bytes, records;
    bool complete;
};

/* Counted by rule: one FIELD/RULE. */
struct tally_rule {
    enum field_id field;
    enum verdict_level level;
    const char *rule;
    uint64_t records; /* that have it; a record counts once */
    uint64_t first_row;
    char *example; /* of a refusal: the provider's first message, which its outcome table has masked; else
                      NULL: a message of ours may show a value, so tally_meaning stands for it; owned */
    uint64_t mark; /* private: the record that counted last */
    bool rule_owned;
};

struct tally {
    const char *job, *command; /* borrowed */
    bool is_dry;
    int status;
    uint64_t started_ns, finished_ns; /* real */
    double seconds;
    struct tally_input *inputs;
    size_t input_count;
    uint64_t read, valid, rejected, warned;
    struct {
        uint64_t create, update, unchanged, settle, refused;
    } plan;
    uint64_t created, updated, unchanged, refused, in_doubt, unsent, absent;
    struct tally_rule *rules;
    size_t rule_count, rule_room;
    uint32_t *index; /* private: places in rules + 1 by hash; 0: free */
    size_t index_room;
    uint64_t marks; /* private: records counted */
    uint64_t requests;
    uint64_t retries[RETRY_CAUSES];
    double p50_ms, p95_ms, p99_ms, max_ms, rate_per_s;
    char chain_head[65]; /* "" without a ledger */
    const char *stopped; /* why the run stopped early; NULL: it did not; borrowed */
};

struct tally *tally_new(size_t input_count);
void tally_free(struct tally *tally);

/* Counts the verdicts of a record under their rules, each rule once. Only rules: read, valid, rejected and
 * warned are the caller's to count. A verdict's rule is borrowed. */
void tally_add_verdicts(struct tally *tally, const struct record *record);
/* Counts one refusal under FIELD/RULE (FIELD_NONE: `record`), level reject. rule is copied; message too, the
 * first one: it must be masked (struct outcome's is). */
void tally_add_refusal(struct tally *tally, enum field_id field, const char *rule, uint64_t row,
                       const char *message);

/* What a rule's verdict means, in a few words and without a value; a constant text. */
const char *tally_meaning(enum field_id field, const char *rule);

/* Places in rules: rejects before warnings, most records first, then by field and by name, so that the order
 * is always the same. Owner: the caller frees. */
uint32_t *tally_ranking(const struct tally *tally);

/* The array of summary.json's `input`. */
void tally_write_inputs(const struct tally *tally, struct json_writer *json);
/* summary.json into out. */
void tally_write_json(const struct tally *tally, struct buffer *out);
/* The table for people: at most a screen (24 lines of 100 columns), rules most first and the rest summed up.
 * report: the report folder, for the last lines; only its paths may be wider than 100 columns. */
void tally_write_table(const struct tally *tally, const char *report, struct buffer *out);

/* `REPORT/summary.json`, replaced whole. 0, or -1 with ERROR_USAGE, naming the path. */
int tally_save(const struct tally *tally, const char *folder, struct error *error);

#endif
