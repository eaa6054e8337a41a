#include "cmd/help_statuses.h"

#include "report/status_help.h"

static void list(struct help_page *page, bool has_actions)
{
    for (int status = 0; status < STATUS_HELP_COUNT; status++) {
        const struct status_help help = status_help_find(status, false);
        const char name[] = {(char)('0' + status), 0};
        help_page_row(page, 4, 3, name, "%s", help.definition);
        if (has_actions)
            help_page_row(page, 4, 3, "", "scheduler: %s", help.scheduler);
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
