#include "pipeline/ledger_continuity.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/buffer.h"
#include "core/digest.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"

enum {
    SUMMARY_MAX = 16 * 1024 * 1024,
    WITNESS_MAX = 64 * 1024,
    WITNESS_MODE = 0600,
    NAME_BYTES = 4, /* of each digest in a witness's name */
    NAME_DIGITS = 2 * NAME_BYTES + 1,
    NAME_BEGIN_SIZE = 32,
    NAME_SIZE = 64,
};

#define WITNESS_SUFFIX ".head"

/* One file that speaks of the ledger. */
struct witness {
    const char *path;   /* of the witness */
    const char *ledger; /* the ledger's path as it was then; NULL: not said */
    bool other_path;    /* the job named another ledger then */
    struct ledger_mark mark;
};

struct ledger_continuity {
    struct arena arena;
    const char *ledger_path; /* as the job names it */
    const char *key_path;    /* NULL: there is no key file */
    struct witness *witnesses;
    size_t count;
};

static int fail_witness(const char *path, const char *why, struct error *error)
{
    return error_set(
        error, ERROR_LEDGER,
        "%s: %s. This file names the ledger that the last run left, so that no customer is created twice. Put it back from a backup; or remove it, if the ledger is surely the newest",
        path, why);
}

static struct witness *add_witness(struct ledger_continuity *history, const char *path)
{
    history->witnesses = memory_resize(history->witnesses, history->count + 1, sizeof *history->witnesses);
    struct witness *witness = &history->witnesses[history->count++];
    *witness = (struct witness){.path = arena_copy(&history->arena, slice_from(path)).data};
    return witness;
}

/* The text of a member; empty when it is absent or of another kind. */
static struct slice text_member(const struct json_node *nodes, const char *key)
{
    size_t node = json_member(nodes, 0, key);

    return node && nodes[node].kind == JSON_STRING ? nodes[node].text : slice_make("", 0);
}

static void read_head(struct slice text, char head[LEDGER_HEAD_SIZE])
{
    head[0] = '\0';
    if (text.len != LEDGER_HEAD_SIZE - 1)
        return;
    memcpy(head, text.data, text.len);
    head[text.len] = '\0';
    if (strspn(head, "0") == text.len) /* a ledger before its first event */
        head[0] = '\0';
}

/* Gives the nodes of a JSON object in a file, in the reader; NULL with an error. */
static const struct json_node *read_object(struct json_reader *reader, const char *path, size_t max,
                                           struct error *error)
{
    struct buffer text;
    struct json_fault fault = {.message = "it is not a JSON object"};
    const struct json_node *nodes = NULL;
    size_t count;

    buffer_init(&text, max);
    if (file_read(path, &text, error) != 0) {
        struct error why = *error;
        const char *reason = strncmp(why.text, path, strlen(path)) == 0 ? why.text + strlen(path) : why.text;
        fail_witness(path, reason + strspn(reason, ": "), error);
    } else {
        nodes = json_reader_parse(reader, buffer_slice(&text), &count, &fault);
        if (!nodes || nodes[0].kind != JSON_OBJECT) {
            char what[ERROR_TEXT_MAX / 2];
            text_format(what, sizeof what, "it is damaged (%s)", fault.message);
            fail_witness(path, what, error);
            nodes = NULL;
        }
    }
    buffer_clear(&text);
    return nodes;
}

static int read_witness(struct ledger_continuity *history, const char *path, bool other_path,
                        struct error *error)
{
    struct json_reader *reader = json_reader_new();
    const struct json_node *nodes = read_object(reader, path, WITNESS_MAX, error);
    struct slice head = nodes ? text_member(nodes, "chain_head") : slice_make("", 0);
    struct slice started = nodes ? text_member(nodes, "started") : slice_make("", 0);
    size_t run = nodes ? json_member(nodes, 0, "run") : 0;
    int result = nodes ? 0 : -1;

    if (nodes && (head.len != LEDGER_HEAD_SIZE - 1 || started.len >= LEDGER_TIME_SIZE || !run ||
                  nodes[run].kind != JSON_NUMBER))
        result = fail_witness(path, "it is damaged (chain_head, run or started is missing)", error);
    if (result == 0) {
        struct witness *witness = add_witness(history, path);
        struct slice ledger = text_member(nodes, "ledger");
        witness->other_path = other_path;
        witness->ledger = ledger.len > 0 ? arena_copy(&history->arena, ledger).data : NULL;
        read_head(head, witness->mark.head);
        witness->mark.run = strtoll(nodes[run].text.data, NULL, 10);
        snprintf(witness->mark.started, sizeof witness->mark.started, "%.*s", (int)started.len, started.data);
    }
    json_reader_free(reader);
    return result;
}

/* `DDDDDDDD` of a digest of some texts. */
static void digest_texts(const struct slice *texts, size_t count, char digits[NAME_DIGITS])
{
    uint8_t digest[DIGEST_SHA256_LEN] = {0};

    for (size_t i = 0; i < count; i++)
        digest_sha256(slice_make((const char *)digest, sizeof digest), texts[i], digest);
    digest_hex(digest, NAME_BYTES, digits);
}

/* The ledger's path, however it is named. Owner: the caller frees. */
static char *find_real_path(const char *ledger_path)
{
    char *settled = ledger_beside(ledger_path, ""), *folder = file_folder(settled), *real = NULL;
    char *real_folder = realpath(folder, NULL);

    if (real_folder) {
        const char *slash = strrchr(settled, '/');
        real = file_join(real_folder, slash ? slash + 1 : settled);
        free(settled);
    } else {
        real = settled;
    }
    free(real_folder);
    free(folder);
    return real;
}

/* What the names of this job's witnesses in a report folder begin with, and the whole name of this ledger's.
 */
struct names {
    char begin[NAME_BEGIN_SIZE], own[NAME_SIZE];
};

static void make_names(const struct ledger_identity *identity, const char *real_path, struct names *names)
{
    const struct slice job[] = {slice_from(identity->job), slice_from(identity->provider),
                                identity->base_url};
    const struct slice path = slice_from(real_path);
    char job_digits[NAME_DIGITS], path_digits[NAME_DIGITS];

    digest_texts(job, sizeof job / sizeof *job, job_digits);
    digest_texts(&path, 1, path_digits);
    snprintf(names->begin, sizeof names->begin, "ledger-%s-", job_digits);
    snprintf(names->own, sizeof names->own, "%s%s" WITNESS_SUFFIX, names->begin, path_digits);
}

static bool is_witness_name(const char *name, const struct names *names)
{
    size_t len = strlen(name), begin = strlen(names->begin), suffix = sizeof WITNESS_SUFFIX - 1;

    return len > begin + suffix && strncmp(name, names->begin, begin) == 0 &&
           strcmp(name + len - suffix, WITNESS_SUFFIX) == 0;
}

static bool is_absent(const char *path)
{
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static int read_beside(struct ledger_continuity *history, const struct job *job, struct error *error)
{
    char *head = ledger_beside(job->ledger_path, WITNESS_SUFFIX),
         *key = ledger_beside(job->ledger_path, ".key");
    int result = is_absent(head) ? 0 : read_witness(history, head, false, error);

    if (!is_absent(key))
        history->key_path = arena_copy(&history->arena, slice_from(key)).data;
    free(head);
    free(key);
    return result;
}

/* Of the ledgers that the job has named: this one's witness alone where there is one, else all of them. */
static int read_folder(struct ledger_continuity *history, const char *folder, const struct names *names,
                       struct error *error)
{
    char *own = file_join(folder, names->own);
    int result = 0;

    if (!is_absent(own)) {
        result = read_witness(history, own, false, error);
        free(own);
        return result;
    }
    free(own);
    DIR *stream = opendir(folder);
    if (!stream)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail_witness(folder, strerror(errno), error);
    for (struct dirent *entry; result == 0 && (entry = readdir(stream));) {
        if (!is_witness_name(entry->d_name, names))
            continue;
        char *path = file_join(folder, entry->d_name);
        result = read_witness(history, path, true, error);
        free(path);
    }
    closedir(stream);
    return result;
}

/* The report of a run of version 0.1, or of this job whose witnesses were removed. */
static int read_summary(struct ledger_continuity *history, const struct job *job, const char *folder,
                        struct error *error)
{
    char *path = file_join(folder, "summary.json");
    struct json_reader *reader = json_reader_new();
    bool absent = is_absent(path);
    const struct json_node *nodes = absent ? NULL : read_object(reader, path, SUMMARY_MAX, error);

    if (nodes) {
        struct slice name = text_member(nodes, "job");
        char head[LEDGER_HEAD_SIZE];
        read_head(text_member(nodes, "chain_head"), head);
        if (head[0] && (name.len == 0 || slice_is(name, job->name)))
            memcpy(add_witness(history, path)->mark.head, head, sizeof head);
    }
    json_reader_free(reader);
    free(path);
    return absent || nodes ? 0 : -1;
}

struct ledger_continuity *ledger_continuity_load(const struct job *job,
                                                 const struct ledger_identity *identity, struct error *error)
{
    struct ledger_continuity *history = memory_new(1, sizeof *history);
    char *real = find_real_path(job->ledger_path);
    struct names names;

    arena_init(&history->arena, 4096);
    history->ledger_path = job->ledger_path;
    make_names(identity, real, &names);
    free(real);
    int result = read_beside(history, job, error);
    if (result == 0)
        result = read_folder(history, job->run_report, &names, error);
    if (result == 0 && history->count == 0)
        result = read_summary(history, job, job->run_report, error);
    if (result == 0 && history->count == 0 && strcmp(job->report_folder, job->run_report) != 0)
        result = read_summary(history, job, job->report_folder, error);
    if (result == 0)
        return history;
    ledger_continuity_free(history);
    return NULL;
}

void ledger_continuity_free(struct ledger_continuity *history)
{
    if (!history)
        return;
    free(history->witnesses);
    arena_clear(&history->arena);
    free(history);
}

int ledger_continuity_check_empty(const struct ledger_continuity *history, struct error *error)
{
    const struct witness *witness = history->count > 0 ? &history->witnesses[0] : NULL;
    const char *by = witness ? witness->path : history->key_path;
    char there[ERROR_TEXT_MAX / 4] = "";

    if (!by)
        return 0;
    if (witness && witness->other_path && witness->ledger)
        text_format(there, sizeof there, " (it was %s then)", witness->ledger);
    return error_set(
        error, ERROR_LEDGER,
        "%s: the ledger is missing, and %s shows that this job had one%s: without it every customer would be created again. Put it back from a copy, with its .key; or start over with --new-ledger",
        history->ledger_path, by, there);
}

int ledger_continuity_check_exists(const struct ledger_continuity *history, struct error *error)
{
    return ledger_exists(history->ledger_path) ? 0 : ledger_continuity_check_empty(history, error);
}

int ledger_continuity_check_ledger(const struct ledger_continuity *history, struct ledger *ledger,
                                   struct error *error)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct witness *witness = &history->witnesses[i];
        int held = ledger_holds(ledger, &witness->mark, error);
        if (held < 0)
            return -1;
        if (held == 0)
            return error_set(
                error, ERROR_LEDGER,
                "%s: this ledger does not hold what %s says of the last run: it is older than that run, or another, and every customer that it lacks would be created again. Put the right one back; or go on with this one by --new-ledger",
                history->ledger_path, witness->path);
    }
    return 0;
}

int ledger_continuity_head(const struct ledger_continuity *history, struct ledger *ledger,
                           char head[LEDGER_HEAD_SIZE], struct error *error)
{
    head[0] = '\0';
    for (size_t i = 0; i < history->count; i++) {
        const char *witnessed = history->witnesses[i].mark.head;
        int held = witnessed[0] ? ledger_has_head(ledger, witnessed, error) : 1;
        if (held < 0)
            return -1;
        if (!head[0] || held == 0)
            memcpy(head, witnessed, LEDGER_HEAD_SIZE);
        if (held == 0)
            break;
    }
    return 0;
}

struct ledger *ledger_continuity_open(const struct job *job, const struct ledger_identity *identity,
                                      bool new_ledger, struct error *error)
{
    struct ledger_continuity *history = NULL;
    struct ledger *ledger = NULL;

    if (!new_ledger) {
        history = ledger_continuity_load(job, identity, error);
        if (!history || ledger_continuity_check_exists(history, error) != 0) {
            ledger_continuity_free(history);
            return NULL;
        }
    }
    ledger = ledger_open(job->ledger_path, LEDGER_WRITE, identity, &job->ledger_key, error);
    if (ledger && history && ledger_continuity_check_ledger(history, ledger, error) != 0) {
        ledger_close(ledger);
        ledger = NULL;
    }
    ledger_continuity_free(history);
    return ledger;
}

/* Writing. */

static void write_witness(const struct ledger_identity *identity, const char *real_path,
                          const struct ledger *ledger, struct buffer *out)
{
    const struct slice path = slice_from(real_path);
    struct ledger_mark mark;
    struct json_writer json;

    ledger_mark(ledger, &mark);
    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_key(&json, "job");
    json_write_text(&json, identity->job);
    json_write_key(&json, "ledger");
    json_write_string(&json, text_is_utf8(path) ? path : slice_make("", 0));
    json_write_key(&json, "chain_head");
    json_write_text(&json, mark.head);
    json_write_key(&json, "run");
    json_write_signed(&json, mark.run);
    json_write_key(&json, "started");
    json_write_text(&json, mark.started);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

/* A run that reports elsewhere may have a reason that is the same every night. */
static void note_unwritten(const struct job *job, const char *reason)
{
    bool reports_elsewhere = strcmp(job->report_folder, job->run_report) != 0;
    void (*log)(const char *format, ...) = reports_elsewhere ? log_info : log_warning;

    log("%s: the witness of the ledger could not be written here, and is kept in one place alone. Check the folder, its permissions and the space on its disk",
        reason);
}

int ledger_continuity_record(const struct job *job, const struct ledger_identity *identity,
                             const struct ledger *ledger, struct error *error)
{
    char *real = find_real_path(job->ledger_path), *paths[2], reason[ERROR_TEXT_MAX / 4] = "";
    unsigned written = 0;
    struct names names;
    struct buffer text;

    make_names(identity, real, &names);
    buffer_init(&text, WITNESS_MAX);
    write_witness(identity, real, ledger, &text);
    paths[0] = ledger_beside(job->ledger_path, WITNESS_SUFFIX);
    paths[1] = file_join(job->run_report, names.own);
    for (size_t i = 0; i < 2; i++) {
        if ((i == 0 || file_make_folder(job->run_report) == 0) &&
            file_replace(paths[i], WITNESS_MODE, buffer_slice(&text)) == 0) {
            written++;
            failpoint("witness written");
            continue;
        }
        text_format(reason, sizeof reason, "%s: %s", paths[i], strerror(errno));
        note_unwritten(job, reason);
    }
    buffer_clear(&text);
    free(paths[0]);
    free(paths[1]);
    free(real);
    if (written > 0)
        return 0;
    return error_set(error, ERROR_LEDGER,
                     "the witness of the ledger, which shows whether the right one is there at the next run, "
                     "cannot be written beside it or in the report folder: %s. Check the folders, their "
                     "permissions and the space on their disks",
                     reason);
}
