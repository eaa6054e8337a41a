/* help_statuses: the exit statuses, and what a scheduler should do at each. Thread: any. */
#ifndef KYC_CMD_HELP_STATUSES_H
#define KYC_CMD_HELP_STATUSES_H

#include "cmd/help_page.h"

void help_statuses(struct help_page *page);
/* Their meanings alone. */
void help_statuses_list(struct help_page *page);

#endif
