#include "cmd/open_work.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "core/shell_word.h"
#include "ledger/ledger_task.h"
#include "model/verdict.h"

void open_work_add(struct open_work *work, const struct ledger_group *group)
{
    const char *code = group->code ? group->code : "";

    if (strcmp(group->state, ledger_state_word(LEDGER_REFUSED)) != 0)
        return;
    if (strcmp(code, RULE_TWIN) == 0)
        work->twins += group->count;
    else if (strcmp(code, LEDGER_HELD) == 0)
        work->held += group->count;
    else
        work->refused += group->count;
}

static bool count_open(void *context, const struct ledger_task *task)
{
    *(uint64_t *)context += ledger_task_is_open(task);
    return true;
}

/* The command that continues it, on a line of its own. */
static void write_command(struct buffer *out, const char *command, const char *job_path, const char *options)
{
    buffer_printf(out, ":\n      kyc-import %s ", command);
    shell_word_append(out, slice_from(job_path));
    buffer_printf(out, "%s\n", options);
}

static void write_tasks(struct buffer *out, uint64_t count, const char *command, const char *what,
                        const char *job_path)
{
    if (count == 0)
        return;
    buffer_printf(out, "\n%" PRIu64 " %s%s in doubt; sent again by", count, what, count == 1 ? "" : "s");
    write_command(out, command, job_path, "");
}

static void write_refused(struct buffer *out, const struct open_work *work, const char *job_path)
{
    if (work->twins + work->held + work->refused == 0)
        return;
    buffer_printf(out, "\n%" PRIu64 " refused; code and message of each",
                  work->twins + work->held + work->refused);
    write_command(out, "results", job_path, " --state refused");
    if (work->twins) {
        buffer_printf(
            out,
            "\n  %" PRIu64
            " as the twin of another customer: the same person under another key. If only the key changed",
            work->twins);
        write_command(out, "resolve", job_path, " --key NEW --same-as OLD");
        buffer_append_text(
            out,
            "  (if it is another person: --absent instead of --same-as OLD; the message names OLD)\n"
            "  If the export has the person twice, nothing was created twice: remove one of the rows there.\n");
    }
    if (work->held) {
        buffer_printf(out,
                      "\n  %" PRIu64 " held by adopt: the provider may have the user. Compare them, then",
                      work->held);
        write_command(out, "resolve", job_path, " --key ID --user USER_ID");
        buffer_append_text(out, "  (if there is no such user: --absent instead of --user USER_ID)\n");
    }
    if (work->refused) {
        buffer_printf(out,
                      "\n  %" PRIu64
                      " otherwise: a run sends a row again once it is corrected. To send them as they are",
                      work->refused);
        write_command(out, "run", job_path, " --retry-refused");
    }
}

int open_work_write(const struct open_work *work, struct ledger *ledger, const char *job_path,
                    struct buffer *out, struct error *error)
{
    uint64_t links = 0, documents = 0;

    if (ledger_each_task(ledger, LEDGER_TASK_LINK, count_open, &links, error) != 0 ||
        ledger_each_task(ledger, LEDGER_TASK_DOCUMENT, count_open, &documents, error) != 0)
        return -1;
    write_tasks(out, links, "links", "link", job_path);
    write_tasks(out, documents, "documents", "document", job_path);
    write_refused(out, work, job_path);
    return 0;
}
