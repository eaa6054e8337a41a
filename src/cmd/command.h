/* command: the commands, one file each, and the table that main goes by.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_COMMAND_H
#define KYC_CMD_COMMAND_H

#include "cmd/options.h"
#include "ledger/ledger.h"
#include "model/job.h"
#include "provider/provider.h"

struct command {
    const char *name;
    const char *argument; /* what the help calls its argument; NULL: none */
    unsigned option_bit;
    const char *help; /* one line */
    /* Does it and returns the exit status. Standard output carries the result; messages went to the log. */
    int (*run)(const struct options *options);
};

/* The table, ended by an entry without a name. */
extern const struct command command_table[];

/* By its name, or an earlier one; NULL when there is none. */
const struct command *command_find(const char *name);
/* An earlier name of a command that is still accepted; NULL: none. */
const char *command_alias(const struct command *command);
/* Says that there is no such command, with the nearest one. Returns status 2. */
int command_fail_unknown(const char *name);

/* Everything between main's arguments and the exit status. */
int command_main(int argc, char **argv);

int command_check(const struct options *options);
int command_run(const struct options *options);
int command_status(const struct options *options);
int command_explain(const struct options *options);
int command_guess(const struct options *options);
int command_resolve(const struct options *options);
int command_results(const struct options *options);
int command_probe(const struct options *options);
int command_version(const struct options *options);
int command_help(const struct options *options);

/* Writes text to standard output. Returns status, or 2 with a message when it cannot be written (a full
 * disk). */
int command_print(struct slice text, int status);

#endif
