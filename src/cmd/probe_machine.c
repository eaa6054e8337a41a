#include "cmd/probe_machine.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/memory.h"
#include "job/job_auto.h"
#include "ledger/ledger_database.h"
#include "pipeline/inputs.h"
#include "pipeline/job_ledger.h"
#include "pipeline/ledger_continuity.h"
#include "rules/rule_set.h"

enum { MIB = 1024 * 1024, FREE_MIB = 256 };

/* False for a pipe: reading its header would take it away from the run. */
static bool is_file(const char *path)
{
    struct stat info;
    return strcmp(path, "-") != 0 &&
           (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

static int check_header(struct job *job, const struct provider *provider, const struct reader_header *header,
                        struct error *error)
{
    int32_t today = (int32_t)(clock_real_ns() / CLOCK_NS_PER_S / 86400);

    if (job_auto_match(job, provider->fields, header->columns, header->column_count, error) != 0)
        return -1;
    struct rule_set *rules =
        rule_set_new(job, provider->fields, header->names, header->name_count, today, error);
    rule_set_free(rules);
    return rules ? 0 : -1;
}

void probe_machine_input(struct probe_lines *lines, struct job *job, const struct provider *provider)
{
    struct error error;

    for (size_t i = 0; i < job->input.path_count; i++) {
        const char *path = job->input.paths[i];
        if (!is_file(path)) {
            probe_lines_add(lines, "input", PROBE_SKIPPED, "%s is not a file: only a run reads it",
                            strcmp(path, "-") == 0 ? "standard input" : path);
            return;
        }
    }
    struct inputs *inputs = inputs_open(&job->input, -1, &error);
    if (!inputs) {
        probe_lines_add(lines, "input", PROBE_NOT_OK, "%s", error.text);
        return;
    }
    const struct reader_header *header = inputs_header(inputs);
    if (check_header(job, provider, header, &error) != 0)
        probe_lines_add(lines, "input", PROBE_NOT_OK, "%s", error.text);
    else if (job->input.format == JOB_FORMAT_NDJSON)
        probe_lines_add(lines, "input", PROBE_OK, "%s%s can be read", job->input.paths[0],
                        job->input.path_count > 1 ? " and the others" : "");
    else
        probe_lines_add(lines, "input", PROBE_OK,
                        "%s%s: the header's %zu columns include all that the job names", job->input.paths[0],
                        job->input.path_count > 1 ? " and the others" : "", header->column_count);
    inputs_close(inputs);
}

/* There is no ledger: whether the first run can create one, and no earlier one is missing. */
static bool check_place(struct probe_lines *lines, const struct job *job, const struct provider *provider)
{
    const struct ledger_place place = job_ledger_place(job);
    struct error error;

    if (ledger_continuity_check(job, provider, NULL, &error) != 0 ||
        ledger_check_place(&place, &error) != 0) {
        probe_lines_add(lines, "ledger", PROBE_NOT_OK, "%s", error.text);
        return false;
    }
    probe_lines_add(lines, "ledger", PROBE_OK, "%s: there is none yet; the first run%s can create it",
                    job->ledger_path, ledger_is_remote(job->ledger_path) ? ", with --new-ledger," : "");
    return true;
}

/* The server of a ledger that is in a database. */
static void check_database(struct probe_lines *lines, const struct job *job)
{
    const struct ledger_place place = job_ledger_place(job);
    struct ledger_database database;
    struct error error;

    if (ledger_database_ask(&place, &database, &error) != 0) {
        probe_lines_add(lines, "database", PROBE_NOT_OK, "%s", error.text);
        return;
    }
    double trip_ms = (double)database.trip_ns / CLOCK_NS_PER_MS;
    const char *tls = database.tls[0] ? database.tls : "without TLS: it is on this machine";
    if (database.is_pooled)
        probe_lines_add(
            lines, "database", PROBE_NOT_OK,
            "%s, %s: a connection pooler gives each transaction another session\nhint: connect to the server directly, without a pooler in between",
            database.version, tls);
    else if (database.has_no_fsync)
        probe_lines_add(
            lines, "database", PROBE_WARNING,
            "%s, %s, answers in %.2g ms; fsync = off: it may lose or damage the ledger when its machine stops\nhint: set fsync = on (postgresql.conf)",
            database.version, tls, trip_ms);
    else if (database.has_unsynced_standby)
        probe_lines_add(
            lines, "database", PROBE_WARNING,
            "%s, %s, answers in %.2g ms; its standby is asynchronous: a failover may forget what was written last\nhint: set synchronous_standby_names (postgresql.conf)",
            database.version, tls, trip_ms);
    else
        probe_lines_add(lines, "database", PROBE_OK, "%s, %s, answers in %.2g ms", database.version, tls,
                        trip_ms);
}

struct ledger *probe_machine_ledger(struct probe_lines *lines, const struct job *job,
                                    const struct provider *provider, bool *usable)
{
    const struct ledger_place place = job_ledger_place(job);
    struct error error;
    int found = ledger_exists(&place, &error);

    if (ledger_is_remote(job->ledger_path) && found >= 0)
        check_database(lines, job);
    if (found == 0) {
        *usable = check_place(lines, job, provider);
        return NULL;
    }
    struct ledger *ledger =
        found == 1 ? job_ledger_open(job, provider, JOB_LEDGER_CREATE, NULL, &error) : NULL;
    *usable = ledger && ledger_begin(ledger, &error) == 0 && ledger_commit(ledger, &error) == 0;
    if (*usable) {
        probe_lines_add(lines, "ledger", PROBE_OK, "%s can be written, and its lock is free",
                        job->ledger_path);
        return ledger;
    }
    probe_lines_add(lines, "ledger", PROBE_NOT_OK, "%s", error.text);
    ledger_close(ledger);
    return NULL;
}

/* The folder itself, or the nearest one above it that exists. Owner: the caller frees. */
static char *find_folder(const char *path)
{
    char *folder = memory_copy(slice_from(path));
    struct stat info;

    while (stat(folder, &info) != 0 && errno == ENOENT && strcmp(folder, "/") != 0 &&
           strcmp(folder, ".") != 0) {
        char *above = file_folder(folder);
        free(folder);
        folder = above;
    }
    return folder;
}

static uint64_t size_of_inputs(const struct job *job)
{
    uint64_t size = 0;
    struct stat info;

    for (size_t i = 0; i < job->input.path_count; i++)
        if (stat(job->input.paths[i], &info) == 0 && S_ISREG(info.st_mode))
            size += (uint64_t)info.st_size;
    return size;
}

static void check_space(struct probe_lines *lines, const char *name, const char *folder, uint64_t wanted)
{
    struct statvfs space;

    if (statvfs(folder, &space) != 0) {
        probe_lines_add(lines, name, PROBE_NOT_OK, "%s: %s", folder, strerror(errno));
        return;
    }
    uint64_t free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
    if (free_bytes >= wanted)
        probe_lines_add(lines, name, PROBE_OK, "%llu MiB free at %s", (unsigned long long)(free_bytes / MIB),
                        folder);
    else
        probe_lines_add(
            lines, name, PROBE_NOT_OK,
            "%llu MiB free at %s, where a run may need %llu MiB\nhint: free some space, so that a full disk does not stop the run",
            (unsigned long long)(free_bytes / MIB), folder, (unsigned long long)(wanted / MIB));
}

/* A folder that a run makes when it is missing. */
static void check_folder(struct probe_lines *lines, const char *name, const char *setting, const char *path)
{
    char *folder = find_folder(path);
    struct stat info;

    bool exists = stat(folder, &info) == 0;
    if (exists && !S_ISDIR(info.st_mode))
        probe_lines_add(lines, name, PROBE_NOT_OK, "%s is not a folder\nhint: set `%s` to a folder", folder,
                        setting);
    else if (!exists || access(folder, W_OK | X_OK) != 0)
        probe_lines_add(lines, name, PROBE_NOT_OK, "%s: %s\nhint: check the folder's permissions", folder,
                        strerror(errno));
    else
        probe_lines_add(lines, name, PROBE_OK, "%s can be written", path);
    free(folder);
}

void probe_machine_space(struct probe_lines *lines, const struct job *job)
{
    bool is_remote = ledger_is_remote(job->ledger_path);
    char *report = find_folder(job->report_folder),
         *ledger = is_remote ? NULL : file_folder(job->ledger_path);
    struct stat info, other;
    /* A reject file can become as large as the input, and so, about, can the ledger. */
    uint64_t wanted = (uint64_t)FREE_MIB * MIB + size_of_inputs(job);

    check_folder(lines, "report", "report", job->report_folder);
    if (job->ledger_witness)
        check_folder(lines, "witness", "ledger_witness", job->ledger_witness);
    /* The disk of a database is its server's. */
    check_space(lines, "disk", ledger ? ledger : report, wanted);
    if (ledger && stat(ledger, &other) == 0 && stat(report, &info) == 0 && info.st_dev != other.st_dev)
        check_space(lines, "report disk", report, wanted);
    free(report);
    free(ledger);
}
