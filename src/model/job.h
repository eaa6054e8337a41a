/* job: the settings of a job file, as data.
 *
 * Made by job_load (src/job), completed by provider_of_job (src/provider), then constant. Text is
 * NUL-terminated and in the job's arena; a path is already joined with the job file's folder. Thread:
 * constant after loading.
 */
#ifndef KYC_MODEL_JOB_H
#define KYC_MODEL_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/secret.h"
#include "core/slice.h"
#include "model/field.h"
#include "model/verdict.h"

/* A place in the job file; line 0: not in the file (a default, or --set). */
struct job_place {
    unsigned line, column; /* from 1 */
};

enum job_format { JOB_FORMAT_CSV, JOB_FORMAT_NDJSON };

enum job_ragged { JOB_RAGGED_REJECT, JOB_RAGGED_PAD };

/* A source column of a field; of NDJSON a path. */
struct job_column {
    const char *name;
    struct job_place place;
};

/* A condition of `input.where`: records for which one does not hold are skipped. */
struct job_where {
    struct job_column column;
    const char *pattern; /* PCRE2, searched in the trimmed source value */
    struct job_place pattern_place;
    bool must_match; /* else must_not_match */
};

struct job_input {
    const char **paths; /* `-` is standard input */
    size_t path_count;
    struct job_place place;
    enum job_format format;
    struct encoding encoding;
    char delimiter, quote;
    char escape;            /* of CSV; NUL: none, a quote in a cell is doubled */
    enum job_ragged ragged; /* records of CSV with more or fewer cells than the header */
    uint32_t skip_lines;    /* of CSV: lines before the header */
    uint32_t skip_footer;   /* of CSV: records at the end of each input that are no customers */
    struct slice *header;   /* of CSV: the names of the columns; NULL: the first record has them */
    size_t header_count;
    bool strips_guards; /* of CSV: guards of spreadsheets are removed, not only warned about */
    struct slice *null_values;
    size_t null_count;
    size_t max_record; /* bytes */
    uint64_t min_records;
    struct job_where *where; /* all must hold */
    size_t where_count;
};

struct job_credential {
    const char *name;
    struct secret secret; /* empty until it is loaded */
    struct job_place place;
};

/* One set of credentials. */
struct job_credentials {
    struct job_credential *items;
    size_t count;
    struct job_place place;
};

enum job_setting_form { JOB_SETTING_TEXT, JOB_SETTING_NOTHING, JOB_SETTING_LIST, JOB_SETTING_MAPPING };

/* A setting that only some providers have, as it is written: whether it may be so is for the provider's
 * descriptor (src/provider/provider_settings.h). */
struct job_setting {
    const char *name;
    enum job_setting_form form;
    const char *text;                  /* of JOB_SETTING_TEXT */
    const char *origin;                /* the --set that it is from; NULL: the file */
    struct job_place key_place, place; /* of the name, of the value */
};

/* A setting of the job's provider, written or by default; read it by model/job_setting.h. */
struct job_setting_value {
    const char *name;
    const char *text; /* a path is joined with the job's folder; NULL: none */
    uint64_t number;  /* a number, a duration in ns, a size in bytes, 1 for true, the index of a word */
    struct job_place place;
};

enum { JOB_KEEP_MAX = 64 };

struct job_provider {
    const char *name;       /* NULL: not given, which provider_of_job refuses */
    struct job_place place; /* of the name; without one of `provider` */
    const char *base_url;   /* NULL: the provider's own */
    struct job_place base_url_place;
    struct job_credentials *credentials; /* at least one */
    size_t credential_count;
    const char *ca_file, *proxy; /* NULL: none */
    /* Paths of members of a success answer for the ledger, at most JOB_KEEP_MAX, NULL-terminated; NULL: none.
     */
    const char *const *keep;
    const struct job_place *keep_places; /* of each; NULL: keep is the provider's default */
    const char *const *common;           /* the names of the settings above, NULL-terminated: for messages */
    struct job_setting *settings;
    size_t setting_count;
    struct job_setting_value *values; /* of every setting of the provider, once provider_of_job accepted it */
    size_t value_count;
};

/* `values`: a source value and its replacement. */
struct job_value_map {
    struct slice from, to;
    struct job_place place; /* of `to` */
};

/* What becomes of a value that `match` does not match. */
enum job_unmatched { JOB_UNMATCHED_REJECT, JOB_UNMATCHED_KEEP, JOB_UNMATCHED_EMPTY };

/* One line of `fields`. It has columns or a constant. */
struct job_mapping {
    enum field_id field;
    struct job_place place;
    struct job_column *columns;
    size_t column_count; /* 0: a constant */
    const char *join;    /* the values of all columns with this between them; NULL: the first value */
    const char *match;   /* a pattern for the whole value; NULL: none */
    struct job_place match_place;
    const char *replace; /* of a match, the new value; NULL: the value stays */
    struct job_place replace_place;
    enum job_unmatched unmatched;
    const char *fallback; /* `default`: where there is no value; NULL: none */
    struct job_place fallback_place;
    const char *phone_country; /* `country`, of national numbers: alpha-2; NULL: the record's */
    const char *constant;
    bool is_auto;         /* client_identifier: computed; constant is `auto` */
    const char **formats; /* of a date: `DD/MM/YYYY` */
    size_t format_count;  /* 0: ISO forms only */
    uint32_t century;     /* of a date with YY: the first of its 100 years; 0: none */
    const char *locale;   /* of a date with a month's name: ICU's; NULL: English */
    const char *zone;     /* of a date: the tz database's name; NULL: none */
    bool drops_time;      /* of a date: a time of day behind it is not looked at */
    const char *split;    /* of a list: the separator; NULL: one item */
    struct job_value_map *values;
    size_t value_count;
    const char *otherwise; /* NULL: a value that is not listed stays as it is */
    struct job_place otherwise_place;
};

enum job_rule_kind {
    JOB_RULE_MATCH,     /* must_match */
    JOB_RULE_NOT_MATCH, /* must_not_match */
    JOB_RULE_REQUIRED,  /* required: true or false */
    JOB_RULE_MIN_AGE,
    JOB_RULE_VALID, /* phone/valid */
    JOB_RULE_UNIQUE,
    JOB_RULE_LEVEL, /* the level of the built-in rule `name` */
    JOB_RULE_KINDS,
};

/* `when: {country: US}`: the rule applies where every named field has exactly this normalized value. */
struct job_condition {
    enum field_id field;
    struct slice value;
};

struct job_rule {
    enum job_rule_kind kind;
    struct job_place place;
    enum field_id field;
    const char *name;    /* of the verdict; `format` when none is given to a pattern */
    const char *message; /* NULL: a default one */
    enum verdict_level level;
    const char *pattern;
    struct job_place pattern_place;
    bool required;
    unsigned years;
    struct job_condition *conditions;
    size_t condition_count;
    uint16_t unique_index; /* of JOB_RULE_UNIQUE: index into record.unique_hash */
};

struct job_rate {
    uint32_t count;  /* requests … */
    uint64_t per_ns; /* … in this time: a second, a minute, an hour. 0: by provider */
};

struct job_delivery {
    struct job_rate rate;
    uint32_t burst;
    uint32_t in_flight; /* 0: by provider */
    uint32_t attempts;
    uint64_t timeout_ns, retry_for_ns;
    uint32_t canary;
    uint32_t refused_in_a_row, refused_share, updated_share; /* shares in percent */
    uint32_t twins_share;                                    /* in percent; 100: twins never stop a run */
    bool refuse_twins;                                       /* twins: refuse, else create */
    bool update;                                             /* on_change: update, else ignore */
    bool settle;                                             /* in_doubt: settle, else hold */
    const char *lock_folder;                                 /* NULL: the system's */
    struct job_place lock_folder_place;
    const char *shared; /* the account's name: jobs with the same one share its rate and keys. NULL: none */
    struct job_place shared_place;
};

/* `notify`: where the notification of a command's end goes, and of which statuses. */
struct job_notify {
    bool is_set;
    struct job_place place;
    const char *const *command; /* the program's path and its arguments, NULL-terminated; NULL: a webhook */
    const char *literal_url;    /* of a webhook; NULL: the secret `url` */
    struct secret url, token;   /* empty: none, or not loaded */
    const char *fault; /* why a secret could not be loaded, without its value; NULL: loaded, or none */
    unsigned on;       /* bits 1 << exit status */
    uint64_t timeout_ns;
};

struct job {
    const char *path;   /* as the user named it */
    uid_t owner;        /* of the file */
    const char *folder; /* that its relative paths start from */
    struct slice text;  /* the whole file, for messages */
    const char *name;
    struct job_input input;
    struct job_provider provider;
    struct job_mapping *mappings; /* with `fields: auto` none until the header is known (job_auto_match) */
    size_t mapping_count;
    bool fields_auto;
    struct job_place fields_place;
    struct job_rule *rules;
    size_t rule_count;
    size_t unique_count; /* 1 (external_id) + the JOB_RULE_UNIQUE rules of other fields */
    struct job_delivery delivery;
    const char *ledger_path; /* of sqlite: */
    struct job_place ledger_place;
    const char *report_folder; /* of a check: the folder `check` below that of a run */
    const char *run_report;   /* the job's own, even with --report: the ledger's last run is recorded there */
    uint32_t report_keep;     /* reports of runs in the history; 0: none */
    const char *metrics_path; /* NULL: in the report folder, of a check */
    const char *refresh_metrics_path; /* beside it, with `.refresh` before the extension */
    struct secret ledger_key;         /* absent: LEDGER.key */
    struct secret ledger_password;    /* of a ledger in PostgreSQL; absent: none, or not loaded */
    const char *ledger_witness;       /* a second folder for the record of the last head; NULL: none */
    struct job_notify notify;
    struct arena arena;
};

/* The secret of a name; empty when the set has none, or it is not loaded. */
const struct secret *job_credential(const struct job_credentials *credentials, const char *name);

/* Appends the names of a mapping's columns: `A`, `A or B`, with join `A + B`; nothing for a constant. */
void job_mapping_append_columns(const struct job_mapping *mapping, struct buffer *out);

/* The mapping of a field, or NULL. */
const struct job_mapping *job_mapping_of(const struct job *job, enum field_id field);
/* True when a rule of the job is about a field or has a condition on it. */
bool job_rules_use(const struct job *job, enum field_id field);

/* Fills in an error of scope ERROR_USAGE: `FILE:LINE:COLUMN: MESSAGE`, then the offending line and a caret
 * under the column; without a place only `FILE: MESSAGE`. Returns -1. */
int job_fail(const struct job *job, struct job_place place, struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same text as a warning in the log: a person should look at the job file. */
void job_warn(const struct job *job, struct job_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same text as a note in the log: a property of the job file that is the same every night, so -q leaves
 * it out. */
void job_note(const struct job *job, struct job_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
