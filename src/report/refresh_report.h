/* refresh_report: what a refresh has read, as text, JSON and metrics.
 *
 * States are those of model/verification.h, and `deleted`: the provider has no such user any more. Nothing
 * here names a customer. Thread: one.
 */
#ifndef KYC_REPORT_REFRESH_REPORT_H
#define KYC_REPORT_REFRESH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "model/outcome.h"
#include "model/verification.h"

enum {
    REFRESH_DELETED = VERIFICATION_COUNT,
    REFRESH_STATES,
    REFRESH_WORDS_MAX = 20,
    REFRESH_REASONS_MAX = 50,
};

/* The provider's word that the ledger has for a user which is gone; its state is unknown. */
#define REFRESH_DELETED_WORD "deleted"

/* The metric of customers by state: of a refresh and of a run, with one help text. */
#define REFRESH_METRIC      "verification_customers"
#define REFRESH_METRIC_HELP "Customers with a user, by verification state."

/* For people, where is_counted is false. */
#define REFRESH_NOT_COUNTED "The ledger could not be read, so its customers were not counted."

/* `pending`, …, `deleted`. */
const char *refresh_report_state(unsigned state);
/* What the answers had. Counts are of users. */
struct refresh_reading {
    uint64_t read;      /* with a state, deleted ones included */
    uint64_t stateless; /* the answer has no state */
    uint64_t unclear;   /* the answer does not identify the user, or is a refusal */
    uint64_t no_answer;
    uint64_t changes[REFRESH_STATES][REFRESH_STATES]; /* from, to; what stayed is not counted */
    char words[REFRESH_WORDS_MAX][OUTCOME_WORD_SIZE]; /* that the provider's table does not have, masked */
    size_t word_count;
};

/* Customers that need action, or are rejected, for one reason of the provider. */
struct refresh_reason {
    enum verification state;
    char text[OUTCOME_QUOTE_SIZE]; /* masked; "": none */
    uint64_t customers;
};

struct refresh_stats {
    const char *job;
    uint64_t started_ns, finished_ns; /* real ns */
    uint64_t since_ns;                /* the end of the last complete refresh; 0: there is none */
    bool complete;                    /* every user that was due was requested */
    int status;
    uint64_t requests;
    struct refresh_reading reading;
    bool
        is_counted; /* the ledger could be read for what follows; else it is in no report, and null in JSON */
    uint64_t customers[REFRESH_STATES]; /* with a user, at the end */
    uint64_t changed[REFRESH_STATES];   /* of these, those that changed since since_ns, by their state now */
    struct refresh_reason reasons[REFRESH_REASONS_MAX]; /* by state, most customers first */
    size_t reason_count;
    uint64_t other_reasons; /* customers with yet other reasons */
};

/* The member `key` with an object of the states and these counts. */
void refresh_report_json_states(struct json_writer *json, const char *key,
                                const uint64_t counts[REFRESH_STATES]);

void refresh_report_text(const struct refresh_stats *stats, struct buffer *out);
void refresh_report_json(const struct refresh_stats *stats, struct buffer *out);
void refresh_report_metrics(const struct refresh_stats *stats, struct buffer *out);

/* Replaces refresh.json (0600) in the folder, and the metrics, each whether or not the other can be written.
 * 0, or -1 as report_file_fail and prometheus_save: the first error. */
int refresh_report_save(const struct refresh_stats *stats, const char *folder, const char *metrics_path,
                        struct error *error);

#endif
