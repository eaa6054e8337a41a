/* options: the command line. One table feeds the parser and the help.
 *
 * Thread: the main one. Owner: options_clear frees the lists; texts are argv's.
 */
#ifndef KYC_CMD_OPTIONS_H
#define KYC_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/help_page.h"
#include "core/error.h"
#include "model/verification.h"
#include "report/progress.h"

/* The commands that an option belongs to: one bit each. */
enum {
    OPTION_CHECK = 1,
    OPTION_RUN = 2,
    OPTION_STATUS = 4,
    OPTION_OTHER = 8, /* version, help */
    OPTION_RESOLVE = 16,
    OPTION_RESULTS = 32,
    OPTION_PROBE = 64,
    OPTION_EXPLAIN = 256,
    OPTION_GUESS = 512,
    OPTION_REJECTS = 1024,
    OPTION_WORDS = 2048,
    OPTION_REFRESH = 4096,
    OPTION_LINKS = 1 << 16,
    OPTION_DOCUMENTS = 1 << 17,
    OPTION_ADOPT = 1 << 20,
    OPTION_BACKUP = 1 << 21,
    OPTION_RESTORE = 1 << 22,
    OPTION_FORGET = 1 << 23,
    OPTION_LEDGER = 1 << 24,
    OPTION_MERGE = 1 << 26,
    OPTION_WITH_FILE = OPTION_BACKUP | OPTION_RESTORE, /* a second argument */
    OPTION_WITH_JOB = OPTION_CHECK | OPTION_RUN | OPTION_STATUS | OPTION_RESOLVE | OPTION_RESULTS |
                      OPTION_PROBE | OPTION_EXPLAIN | OPTION_REJECTS | OPTION_WORDS | OPTION_LINKS |
                      OPTION_DOCUMENTS | OPTION_REFRESH | OPTION_ADOPT | OPTION_BACKUP | OPTION_RESTORE |
                      OPTION_FORGET | OPTION_LEDGER | OPTION_MERGE,
    OPTION_ALL = OPTION_WITH_JOB | OPTION_OTHER | OPTION_GUESS,
};

/* The bit of users that the provider does not have any more. */
enum { OPTIONS_DELETED = 1 << VERIFICATION_COUNT };

enum results_format { RESULTS_CSV, RESULTS_NDJSON };

struct options {
    const char *argument; /* JOB, the INPUT of guess, or the command of help; NULL: none */
    const char *file;     /* the second argument, of OPTION_WITH_FILE; NULL: none */
    const char *action, *from_ledger, *to_ledger; /* of OPTION_LEDGER: `copy JOB FROM TO` */
    const char **inputs, **sets, **folders;       /* folders: behind the JOB of merge */
    size_t input_count, set_count, folder_count;
    const char *shard, *shard_key, *repeats, *wait;
    uint64_t limit, shards;
    unsigned only, verification; /* bits 1 << enum verification, OPTIONS_DELETED; 0: not given */
    unsigned states;             /* bits 1 << enum ledger_state; 0: not given */
    const char *report, *output;
    const char *provider, *key, *user, *from, *same_as, *rekey, *rule, *field, *older, *since, *max_age;
    uint64_t rows, row;
    enum progress_mode progress;
    enum results_format format;
    bool log_json, json, quiet, verbose, dry_run, retry_refused, accept_updates, new_ledger, unmask, absent,
        verify, strict, against_provider, unchecked, notify, rows_ok, again, help;
};

/* Parses the arguments behind the command. command: its bit. -1 with ERROR_USAGE: an unknown option (the
 * message names the nearest), an option of another command, a missing or wrong value, or an argument too
 * many.
 */
int options_parse(struct options *options, unsigned command, char **arguments, struct error *error);
void options_clear(struct options *options);

/* The first argument that the command needs and has not: `job file`; NULL: none. */
const char *options_find_missing(const struct options *options, unsigned command);

/* One row for each option of a command: `--limit N`. */
void options_help(unsigned command, struct help_page *page);

#endif
