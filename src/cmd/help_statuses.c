#include "cmd/help_statuses.h"

#include <stddef.h>

/* The index is the status: 0, 1, and those of enum error_scope (core/error.h). */
static const struct {
    const char *meaning, *action;
} statuses[] = {
    {"every row is valid, and (run) done", "nothing"},
    {"finished; some rows are rejected, refused, unsent or in doubt, or have a warning of the provider",
     "mail the report"},
    {"usage, or the job file is wrong; too few open files, a report that cannot be written", "alert"},
    {"the input cannot be read to its end, or is not of the expected form; rows before the fault are processed",
     "alert"},
    {"stopped before damage: by the provider's answers, or by a limit of the job",
     "alert; run again to resume"},
    {"the ledger cannot be written, is damaged, has another format, is missing, or is older than at its last run",
     "alert"},
    {"interrupted: SIGINT, SIGTERM, or SIGHUP unless it was ignored at the start, as with nohup",
     "nothing; run again to resume"},
    {"another process holds the ledger of this job or one of its credentials", "nothing; run again later"},
};

static void list(struct help_page *page, bool has_actions)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const char name[] = {(char)('0' + i), 0};
        help_page_row(page, 4, 3, name, "%s", statuses[i].meaning);
        if (has_actions)
            help_page_row(page, 4, 3, "", "scheduler: %s", statuses[i].action);
    }
}

void help_statuses_list(struct help_page *page)
{
    list(page, false);
}

void help_statuses(struct help_page *page)
{
    help_page_text(page, "Exit statuses, and what a scheduler should do.\n\n");
    list(page, true);
    help_page_text(page, "\nWhere several apply, the first of 2, 5, 7, 4, 3, 6, 1, 0 counts.\n");
}
