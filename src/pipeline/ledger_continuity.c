#include "pipeline/ledger_continuity.h"

#include <dirent.h>
#include <errno.h>
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
#include "core/postgres_url.h"
#include "core/text.h"
#include "core/utf8.h"
#include "dispatch/adopt.h"
#include "pipeline/restored_mark.h"

enum {
    SUMMARY_MAX = 16 * 1024 * 1024,
    HEAD_FILE_MAX = 64 * 1024,
    HEAD_FILE_MODE = 0600,
    NAME_BYTES = 4, /* of each digest in a file's name */
    NAME_DIGITS = 2 * NAME_BYTES + 1,
    NAME_BEGIN_SIZE = 32,
    NAME_SIZE = 64,
};

#define HEAD_FILE_SUFFIX ".head"

/* What one file records of the ledger. */
struct last_head {
    const char *path;   /* of that file */
    const char *ledger; /* the ledger's path at that time; NULL: not recorded */
    bool other_path;    /* the job named another ledger at that time */
    struct ledger_mark mark;
};

struct history {
    struct arena arena;
    const char *job_path;
    const char *ledger_path; /* as in the job */
    const char *key_path;    /* NULL: there is no key file */
    const char *way_back;    /* of a hint: adopt, where the provider can list its users; else "" */
    struct last_head *heads;
    size_t count;
};

static int fail_unreadable(const char *path, const char *why, struct error *error)
{
    const char *hint =
        access(path, R_OK) != 0 && errno == EACCES
            ? "it belongs to another account (was a command run as root?): give it back with chown"
            : "restore it from a backup; or remove it, if the ledger is surely the newest";
    return error_set(
        error, ERROR_LEDGER,
        "%s: %s. This file records the last run of the ledger, so that no customer is created twice\nhint: %s",
        path, why, hint);
}

static struct last_head *add_head(struct history *history, const char *path)
{
    history->heads = memory_resize(history->heads, history->count + 1, sizeof *history->heads);
    struct last_head *last = &history->heads[history->count++];
    *last = (struct last_head){.path = arena_copy(&history->arena, slice_from(path)).data};
    return last;
}

/* The text of a member; empty when it is absent or of another kind. */
static struct slice text_member(const struct json_node *nodes, const char *key)
{
    size_t node = json_member(nodes, 0, key);

    return node && nodes[node].kind == JSON_STRING ? nodes[node].text : slice_make("", 0);
}

static void parse_head(struct slice text, char head[LEDGER_HEAD_SIZE])
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
        fail_unreadable(path, reason + strspn(reason, ": "), error);
    } else {
        nodes = json_reader_parse(reader, buffer_slice(&text), &count, &fault);
        if (!nodes || nodes[0].kind != JSON_OBJECT) {
            char what[ERROR_TEXT_MAX / 2];
            text_format(what, sizeof what, "it is damaged (%s)", fault.message);
            fail_unreadable(path, what, error);
            nodes = NULL;
        }
    }
    buffer_clear(&text);
    return nodes;
}

static int read_head_file(struct history *history, const char *path, bool other_path, struct error *error)
{
    struct json_reader *reader = json_reader_new();
    const struct json_node *nodes = read_object(reader, path, HEAD_FILE_MAX, error);
    struct slice head = nodes ? text_member(nodes, "chain_head") : slice_make("", 0);
    struct slice started = nodes ? text_member(nodes, "started") : slice_make("", 0);
    size_t run = nodes ? json_member(nodes, 0, "run") : 0;
    int result = nodes ? 0 : -1;

    if (nodes && (head.len != LEDGER_HEAD_SIZE - 1 || started.len >= LEDGER_TIME_SIZE || !run ||
                  nodes[run].kind != JSON_NUMBER))
        result = fail_unreadable(path, "it is damaged (chain_head, run or started is missing)", error);
    if (result == 0) {
        struct last_head *last = add_head(history, path);
        struct slice ledger = text_member(nodes, "ledger");
        last->other_path = other_path;
        last->ledger = ledger.len > 0 ? arena_copy(&history->arena, ledger).data : NULL;
        parse_head(head, last->mark.head);
        last->mark.run = strtoll(nodes[run].text.data, NULL, 10);
        snprintf(last->mark.started, sizeof last->mark.started, "%.*s", (int)started.len, started.data);
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

/* A URL as it may be shown: with the port of each host, whether the job has it or not. */
static char *find_shown_url(const char *text)
{
    struct postgres_url url;
    const char *fault;

    if (postgres_url_read(&url, text, &fault) != 0) /* checked when the job was loaded */
        return memory_copy(slice_from(text));
    char *shown = memory_copy(slice_from(url.shown));
    postgres_url_clear(&url);
    return shown;
}

/* The ledger's path without symbolic links, or its URL. Owner: the caller frees. */
static char *find_real_path(const char *ledger_path)
{
    if (ledger_is_remote(ledger_path))
        return find_shown_url(ledger_path);
    char *resolved = ledger_beside(ledger_path, ""), *folder = file_folder(resolved), *real = NULL;
    char *real_folder = realpath(folder, NULL);

    if (real_folder) {
        const char *slash = strrchr(resolved, '/');
        real = file_join(real_folder, slash ? slash + 1 : resolved);
        free(resolved);
    } else {
        real = resolved;
    }
    free(real_folder);
    free(folder);
    return real;
}

/* The names of head files in a report folder. */
struct names {
    char begin[NAME_BEGIN_SIZE]; /* of all those of this job */
    char own[NAME_SIZE];         /* of this ledger's */
};

static void make_names(const struct job *job, const struct provider *provider, const char *real_path,
                       struct names *names)
{
    const struct slice identity[] = {slice_from(job->name), slice_from(provider->name),
                                     provider_base_url(provider, job)};
    const struct slice path = slice_from(real_path);
    char job_digits[NAME_DIGITS], path_digits[NAME_DIGITS];

    digest_texts(identity, sizeof identity / sizeof *identity, job_digits);
    digest_texts(&path, 1, path_digits);
    snprintf(names->begin, sizeof names->begin, "ledger-%s-", job_digits);
    snprintf(names->own, sizeof names->own, "%s%s" HEAD_FILE_SUFFIX, names->begin, path_digits);
}

static bool is_head_file_name(const char *name, const struct names *names)
{
    size_t len = strlen(name), begin = strlen(names->begin), suffix = sizeof HEAD_FILE_SUFFIX - 1;

    return len > begin + suffix && strncmp(name, names->begin, begin) == 0 &&
           strcmp(name + len - suffix, HEAD_FILE_SUFFIX) == 0;
}

static bool is_missing(const char *path)
{
    return access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

static int read_beside(struct history *history, const struct job *job, struct error *error)
{
    char *head = ledger_beside(job->ledger_path, HEAD_FILE_SUFFIX),
         *key = ledger_beside(job->ledger_path, ".key");

    if (!head) /* a database has no folder */
        return 0;
    int result = is_missing(head) ? 0 : read_head_file(history, head, false, error);

    if (!is_missing(key))
        history->key_path = arena_copy(&history->arena, slice_from(key)).data;
    free(head);
    free(key);
    return result;
}

/* This ledger's own head file; where there is none, those of all ledgers that this job has named. */
static int read_folder(struct history *history, const char *folder, const struct names *names,
                       struct error *error)
{
    char *own = file_join(folder, names->own);
    int result = 0;

    if (!is_missing(own)) {
        result = read_head_file(history, own, false, error);
        free(own);
        return result;
    }
    free(own);
    DIR *stream = opendir(folder);
    if (!stream)
        return errno == ENOENT || errno == ENOTDIR ? 0 : fail_unreadable(folder, strerror(errno), error);
    for (struct dirent *entry; result == 0 && (entry = readdir(stream));) {
        if (!is_head_file_name(entry->d_name, names))
            continue;
        char *path = file_join(folder, entry->d_name);
        result = read_head_file(history, path, true, error);
        free(path);
    }
    closedir(stream);
    return result;
}

/* The report of the last run, where no head file is left: version 0.1 wrote none. */
static int read_summary(struct history *history, const struct job *job, const char *folder,
                        struct error *error)
{
    char *path = file_join(folder, "summary.json");
    struct json_reader *reader = json_reader_new();
    bool missing = is_missing(path);
    const struct json_node *nodes = missing ? NULL : read_object(reader, path, SUMMARY_MAX, error);

    if (nodes) {
        struct slice name = text_member(nodes, "job");
        char head[LEDGER_HEAD_SIZE];
        parse_head(text_member(nodes, "chain_head"), head);
        if (head[0] && (name.len == 0 || slice_is(name, job->name)))
            memcpy(add_head(history, path)->mark.head, head, sizeof head);
    }
    json_reader_free(reader);
    free(path);
    return missing || nodes ? 0 : -1;
}

static void unload(struct history *history)
{
    free(history->heads);
    arena_clear(&history->arena);
}

/* Reads every record of this job's ledger. 0 (owner: the caller, unload), or -1. */
static int load(struct history *history, const struct job *job, const struct provider *provider,
                struct error *error)
{
    char *real = find_real_path(job->ledger_path);
    struct names names;

    *history = (struct history){.job_path = job->path, .ledger_path = job->ledger_path, .way_back = ""};
    arena_init(&history->arena, 4096);
    if (adopt_is_possible(provider))
        history->way_back =
            arena_printf(&history->arena,
                         "or complete it from the provider's users with kyc-import adopt %s; ", job->path)
                .data;
    make_names(job, provider, real, &names);
    free(real);
    int result = read_beside(history, job, error);
    if (result == 0)
        result = read_folder(history, job->run_report, &names, error);
    if (result == 0 && job->ledger_witness)
        result = read_folder(history, job->ledger_witness, &names, error);
    if (result == 0 && history->count == 0)
        result = read_summary(history, job, job->run_report, error);
    if (result == 0 && history->count == 0 && strcmp(job->report_folder, job->run_report) != 0)
        result = read_summary(history, job, job->report_folder, error);
    if (result != 0)
        unload(history);
    return result;
}

/* True when the ledger is a file that exists. */
static bool is_file(const char *location)
{
    const struct ledger_place place = {.location = location};
    struct error error;

    return !ledger_is_remote(location) && ledger_exists(&place, &error) == 1;
}

/* `sqlite:PATH`, as a command takes it. */
static const char *find_scheme(const char *location)
{
    return ledger_is_remote(location) ? "" : "sqlite:";
}

/* The most likely cause: the job names another place now, and the ledger was not moved there. */
static void describe_move(const struct history *history, const char *earlier, char *hint, size_t size)
{
    char *present = find_real_path(history->ledger_path); /* the command reads a path as the job file does */

    text_format(
        hint, size,
        "if that one still exists, set `ledger` to it, or move it: kyc-import ledger copy %s %s%s %s%s; else ",
        history->job_path, find_scheme(earlier), earlier, find_scheme(present), present);
    free(present);
}

static int check_missing(const struct history *history, struct error *error)
{
    const struct last_head *last = history->count > 0 ? &history->heads[0] : NULL;
    const char *proof = last ? last->path : history->key_path;
    char earlier_path[ERROR_TEXT_MAX / 4] = "", move[ERROR_TEXT_MAX / 2] = "";

    if (!proof)
        return 0;
    if (is_file(history->ledger_path))
        return error_set(
            error, ERROR_LEDGER,
            "%s: the ledger's file is empty, and %s shows that this job had one: its -wal file, which had its rows, was removed or not copied with it\nhint: put that file back beside it; or restore a backup with kyc-import restore; %sor start over with run --new-ledger",
            history->ledger_path, proof, history->way_back);
    if (last && last->other_path && last->ledger) {
        text_format(earlier_path, sizeof earlier_path, " (it was %s then)", last->ledger);
        describe_move(history, last->ledger, move, sizeof move);
    }
    if (ledger_is_remote(history->ledger_path))
        return error_set(
            error, ERROR_LEDGER,
            "%s: the ledger is missing, and %s shows that this job had one%s: without it every customer would be created again\nhint: %sname the right database; or restore a backup with kyc-import restore; %sor start over with run --new-ledger",
            history->ledger_path, proof, earlier_path, move, history->way_back);
    return error_set(
        error, ERROR_LEDGER,
        "%s: the ledger is missing, and %s shows that this job had one%s: without it every customer would be created again\nhint: %srestore it from a copy, together with its .key file; %sor start over with run --new-ledger",
        history->ledger_path, proof, earlier_path, move, history->way_back);
}

static int check_ledger(const struct history *history, struct ledger *ledger, struct error *error)
{
    for (size_t i = 0; i < history->count; i++) {
        const struct last_head *last = &history->heads[i];
        int held = ledger_holds(ledger, &last->mark, error);
        if (held < 0)
            return -1;
        if (held == 0)
            return error_set(
                error, ERROR_LEDGER,
                "%s: this ledger does not hold the last run that %s records: it is older than that run, or a different ledger, and every customer that it lacks would be created again\nhint: restore the right ledger; %sor continue with this one by run --new-ledger",
                history->ledger_path, last->path, history->way_back);
    }
    return 0;
}

int ledger_continuity_check(const struct job *job, const struct provider *provider, struct ledger *ledger,
                            struct error *error)
{
    struct history history;

    if (load(&history, job, provider, error) != 0)
        return -1;
    int result = ledger ? check_ledger(&history, ledger, error) : check_missing(&history, error);
    struct error restored;
    /* A restore that nobody has decided about explains more, and says what to do. */
    if (result != 0 && ledger && restored_mark_check(job, provider, ledger, &restored) != 0)
        *error = restored;
    unload(&history);
    return result;
}

int ledger_continuity_head(const struct job *job, const struct provider *provider, struct ledger *ledger,
                           char head[LEDGER_HEAD_SIZE], struct error *error)
{
    struct history history;
    int held = 1;

    head[0] = '\0';
    if (load(&history, job, provider, error) != 0)
        return -1;
    for (size_t i = 0; i < history.count && held == 1; i++) {
        const char *recorded = history.heads[i].mark.head;
        if (recorded[0])
            held = ledger_has_head(ledger, recorded, error);
        if (!head[0] || held == 0)
            memcpy(head, recorded, LEDGER_HEAD_SIZE);
    }
    unload(&history);
    return held < 0 ? -1 : 0;
}

int ledger_continuity_last(const struct job *job, const struct provider *provider,
                           char head[LEDGER_HEAD_SIZE], int64_t *run, struct error *error)
{
    struct history history;

    head[0] = '\0';
    *run = 0;
    if (load(&history, job, provider, error) != 0)
        return -1;
    for (size_t i = 0; i < history.count; i++) {
        const struct ledger_mark *mark = &history.heads[i].mark;
        if (head[0] && mark->run <= *run)
            continue;
        *run = mark->run;
        memcpy(head, mark->head, LEDGER_HEAD_SIZE);
    }
    unload(&history);
    return 0;
}

static void write_head(const struct job *job, const char *real_path, const struct ledger *ledger,
                       struct buffer *out)
{
    const struct slice path = slice_from(real_path);
    struct ledger_mark mark;
    struct json_writer json;

    ledger_mark(ledger, &mark);
    json_write_begin(&json, out);
    json_write_object(&json);
    json_write_key(&json, "job");
    json_write_text(&json, job->name);
    json_write_key(&json, "ledger");
    json_write_string(&json, utf8_is_valid(path) ? path : slice_make("", 0));
    json_write_key(&json, "chain_head");
    json_write_text(&json, mark.head);
    json_write_key(&json, "run");
    json_write_signed(&json, mark.run);
    json_write_key(&json, "started");
    json_write_text(&json, mark.started);
    json_write_object_end(&json);
    buffer_append_char(out, '\n');
}

/* A place where the last run is recorded. */
struct record_place {
    const char *folder; /* made when it is missing; NULL: that of the ledger */
    char *path;
    bool is_optional; /* nobody needs to look after it when it cannot be written */
    int reason;       /* errno; 0: written */
};

enum { PLACES_MAX = 3 };

static size_t find_places(const struct job *job, const char *name, struct record_place places[PLACES_MAX])
{
    size_t count = 0;
    char *beside = ledger_beside(job->ledger_path, HEAD_FILE_SUFFIX);

    if (beside)
        places[count++] = (struct record_place){.path = beside};
    /* With --report elsewhere the job's own folder may never be writable here. */
    places[count++] = (struct record_place){.folder = job->run_report,
                                            .path = file_join(job->run_report, name),
                                            .is_optional = strcmp(job->report_folder, job->run_report) != 0};
    if (job->ledger_witness)
        places[count++] = (struct record_place){.folder = job->ledger_witness,
                                                .path = file_join(job->ledger_witness, name)};
    return count;
}

static bool has_record(const char *folder, const struct names *names)
{
    DIR *stream = opendir(folder);
    bool found = false;

    if (!stream)
        return false;
    for (struct dirent *entry; !found && (entry = readdir(stream));)
        found = is_head_file_name(entry->d_name, names);
    closedir(stream);
    return found;
}

/* A mount point whose storage is not mounted is an empty folder, too. */
static void warn_of_new_witness(const struct job *job, const struct names *names, const struct ledger *ledger)
{
    struct ledger_mark mark;

    ledger_mark(ledger, &mark);
    if (!job->ledger_witness || mark.run <= 1 || has_record(job->ledger_witness, names))
        return;
    log_warning(
        "%s: this folder of ledger_witness has no record of the ledger, although the ledger has had %lld run%s before: an older copy of the ledger would not be noticed by it\nhint: mount its storage, if it is not mounted; if the folder is new, this run makes the record",
        job->ledger_witness, (long long)(mark.run - 1), mark.run == 2 ? "" : "s");
}

static void log_unwritten(const struct record_place *place)
{
    void (*log)(const char *format, ...) = place->is_optional ? log_info : log_warning;

    log("%s: %s: the last run of the ledger could not be recorded here, only in another place\nhint: check the folder, its permissions and the space on its disk",
        place->path, strerror(place->reason));
}

int ledger_continuity_record(const struct job *job, const struct provider *provider,
                             const struct ledger *ledger, struct error *error)
{
    char *real = find_real_path(job->ledger_path);
    struct record_place places[PLACES_MAX] = {{.folder = NULL}};
    struct names names;
    struct buffer text;
    size_t written = 0;

    make_names(job, provider, real, &names);
    buffer_init(&text, HEAD_FILE_MAX);
    warn_of_new_witness(job, &names, ledger);
    write_head(job, real, ledger, &text);
    size_t count = find_places(job, names.own, places);
    for (size_t i = 0; i < count; i++) {
        struct record_place *place = &places[i];
        bool is_written = (!place->folder || file_make_folder(place->folder) == 0) &&
                          file_replace(place->path, HEAD_FILE_MODE, buffer_slice(&text)) == 0;
        place->reason = is_written ? 0 : errno;
        if (is_written) {
            written++;
            failpoint("head file written");
        }
    }
    if (written == 0)
        error_set(
            error, ERROR_LEDGER,
            "the last run of the ledger can be recorded neither %s%s: %s: %s\nhint: check the folders, their permissions and the space on their disks",
            ledger_is_remote(job->ledger_path) ? "in the report folder"
                                               : "beside it nor in the report folder",
            job->ledger_witness ? " nor in its ledger_witness" : "", places[count - 1].path,
            strerror(places[count - 1].reason));
    for (size_t i = 0; i < count; i++) {
        if (places[i].reason != 0 && written > 0)
            log_unwritten(&places[i]);
        free(places[i].path);
    }
    buffer_clear(&text);
    free(real);
    return written > 0 ? 0 : -1;
}
