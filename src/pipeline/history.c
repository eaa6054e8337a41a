#include "pipeline/history.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/json.h"

enum { SUMMARY_MAX = 16 * 1024 * 1024 };

static int fail_report(const char *what, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "%s. The last report says which ledger this job has, so that nobody is created twice: put "
        "the file right, or remove it when no run has sent anything yet",
        what);
}

/* 0 with the head, or "" when the report names none; -1. */
static int read_head(const char *path, char head[LEDGER_HEAD_SIZE], struct error *error)
{
    struct buffer text;
    struct json_fault fault;
    size_t count;

    buffer_init(&text, SUMMARY_MAX);
    int result = file_read(path, &text, error);
    if (result != 0) {
        fail_report(error->text, error);
    } else {
        struct json_reader *reader = json_reader_new();
        const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&text), &count, &fault);
        size_t at = nodes ? json_member(nodes, 0, "chain_head") : 0;
        if (at && nodes[at].text.len == LEDGER_HEAD_SIZE - 1)
            memcpy(head, nodes[at].text.at, LEDGER_HEAD_SIZE - 1);
        if (!nodes) {
            char what[ERROR_TEXT_MAX / 2];
            snprintf(what, sizeof what, "%s is damaged: %s", path, fault.message);
            result = fail_report(what, error);
        }
        json_reader_free(reader);
    }
    buffer_clear(&text);
    return result;
}

int history_head(const char *folder, char head[LEDGER_HEAD_SIZE], struct error *error)
{
    char *path = file_join(folder, "summary.json");
    int result = 0;

    memset(head, 0, LEDGER_HEAD_SIZE);
    if (access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
        result = read_head(path, head, error);
    if (strspn(head, "0") == LEDGER_HEAD_SIZE - 1) /* a ledger before its first event */
        head[0] = '\0';
    free(path);
    return result;
}

int history_check_exists(const char *head, const char *ledger_path, const char *folder, struct error *error)
{
    if (head[0] == '\0' || ledger_exists(ledger_path))
        return 0;
    return error_set(
        error, ERROR_LEDGER,
        "%s: the ledger is missing, but the last report (%s/summary.json) speaks of one: without it "
        "every customer would be created again. Put it back from a copy, with its .key; "
        "or start over with --new-ledger",
        ledger_path, folder);
}

int history_check_head(const char *head, struct ledger *ledger, const char *ledger_path, const char *folder,
                       struct error *error)
{
    int found = head[0] == '\0' ? 1 : ledger_has_head(ledger, head, error);

    if (found == 0)
        error_set(
            error, ERROR_LEDGER,
            "%s: this ledger does not hold the head that the last report (%s/summary.json) names: it is "
            "older than that report, or another. Put the right one back; or go on with it by --new-ledger",
            ledger_path, folder);
    return found == 1 ? 0 : -1;
}
