#include "report/status_help.h"

#include <stddef.h>

struct status_help status_help_find(int status, bool is_dry)
{
    static const struct status_help texts[] = {
        {"all is well", "all is well", "Nothing has to be done."},
        {"some records need a look", "finished; some records need a look",
         "Unpack the reject file, correct its rows, and use it with --input: it is an input of the same job."},
        {"wrong settings, or no report",
         "the command line or the job file is wrong, or the report cannot be written",
         "Correct the error that standard error names, then run again."},
        {"input not as it should be", "the input could not be read to its end, or is not what it should be",
         "Make a complete export again. The records before the error were processed."},
        {"stopped before damage",
         "stopped before damage; run again to resume when the reason below is resolved",
         "Resolve the reason, then run again: the run resumes by itself."},
        {"stopped by the ledger", "the ledger stopped the run",
         "See the error on standard error. Every request that was sent is in the ledger."},
        {"interrupted", "interrupted; run again to resume",
         "Run the same command again: it resumes by itself."},
        {"another run is active", "another run holds this job's ledger or one of its keys",
         "Wait until the other run has ended."},
    };
    struct status_help help = {"", "", ""};
    if (status >= 0 && (size_t)status < sizeof texts / sizeof *texts)
        help = texts[status];
    if (status == 0 && is_dry)
        help.action = "Every row is valid: kyc-import run with the same job sends them.";
    if (status == 6 && is_dry)
        help = (struct status_help){"interrupted", "interrupted",
                                    "Run the same command again for a complete report."};
    return help;
}
