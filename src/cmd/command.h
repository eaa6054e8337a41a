/* command: the commands, one file each, and the table that selects one by the first argument.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_COMMAND_H
#define KYC_CMD_COMMAND_H

#include "cmd/options.h"

/* Everything between main's arguments and the exit status. */
int command_main(int argc, char **argv);

/* What help has about a topic; "": the commands. False when there is no such topic. */
bool command_topic(const char *topic, struct help_page *page);
/* Calls visit with every topic, the commands first. */
void command_topics(void (*visit)(const char *name, void *context), void *context);

/* Each runs its command and returns the exit status. The result is written to standard output, messages to
 * the log. */
int command_adopt(const struct options *options);
int command_backup(const struct options *options);
int command_check(const struct options *options);
int command_run(const struct options *options);
int command_status(const struct options *options);
int command_explain(const struct options *options);
int command_forget(const struct options *options);
int command_guess(const struct options *options);
int command_refresh(const struct options *options);
int command_resolve(const struct options *options);
int command_rejects(const struct options *options);
int command_words(const struct options *options);
int command_restore(const struct options *options);
int command_results(const struct options *options);
int command_ledger(const struct options *options);
int command_merge(const struct options *options);
int command_links(const struct options *options);
int command_documents(const struct options *options);
int command_probe(const struct options *options);
int command_version(const struct options *options);
int command_help(const struct options *options);

#endif
