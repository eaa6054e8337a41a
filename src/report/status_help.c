#include "report/status_help.h"

static const struct status_help texts[STATUS_HELP_COUNT] = {
    {
        .brief = "all is well",
        .meaning = "all is well",
        .action = "Nothing has to be done.",
        .definition = "every row is valid, and (run) done",
        .scheduler = "nothing",
    },
    {
        .brief = "some records need a look",
        .meaning = "finished; some records need a look",
        .action =
            "Unpack the reject file, correct its rows, and use it with --input: it is an input of the same job.",
        .definition =
            "finished; some rows are rejected, refused, unsent or in doubt, or have a warning of the provider",
        .scheduler = "mail the report",
    },
    {
        .brief = "wrong settings, or no report",
        .meaning = "the command line or the job file is wrong, or the report cannot be written",
        .action = "Correct the error that standard error names, then run again.",
        .definition = "usage, or the job file is wrong; too few open files, a report that cannot be written",
        .scheduler = "alert",
    },
    {
        .brief = "input not as it should be",
        .meaning = "the input could not be read to its end, or is not what it should be",
        .action = "Make a complete export again. The records before the error were processed.",
        .definition =
            "the input cannot be read to its end, or is not of the expected form; rows before the fault are processed",
        .scheduler = "alert",
    },
    {
        .brief = "stopped before damage",
        .meaning = "stopped before damage; run again to resume when the reason below is resolved",
        .action = "Resolve the reason, then run again: the run resumes by itself.",
        .definition = "stopped before damage: by the provider's answers, or by a limit of the job",
        .scheduler = "alert; run again to resume",
    },
    {
        .brief = "stopped by the ledger",
        .meaning = "the ledger stopped the run",
        .action = "See the error on standard error. Every request that was sent is in the ledger.",
        .definition =
            "the ledger cannot be written, is damaged, has another format, is missing, or is older than at its last run",
        .scheduler = "alert",
    },
    {
        .brief = "interrupted",
        .meaning = "interrupted; run again to resume",
        .action = "Run the same command again: it resumes by itself.",
        .definition =
            "interrupted: SIGINT, SIGTERM, or SIGHUP unless it was ignored at the start, as with nohup",
        .scheduler = "nothing; run again to resume",
    },
    {
        .brief = "another run is active",
        .meaning = "another run holds this job's ledger or one of its keys",
        .action = "Wait until the other run has ended.",
        .definition = "another process holds the ledger of this job or one of its credentials",
        .scheduler = "nothing; run again later",
    },
};

struct status_help status_help_find(int status, bool is_dry)
{
    struct status_help help = {.brief = "", .meaning = "", .action = "", .definition = "", .scheduler = ""};
    if (status >= 0 && status < STATUS_HELP_COUNT)
        help = texts[status];
    if (status == 0 && is_dry)
        help.action = "Every row is valid: kyc-import run with the same job sends them.";
    if (status == 6 && is_dry) {
        help.meaning = help.brief;
        help.action = "Run the same command again for a complete report.";
    }
    return help;
}
