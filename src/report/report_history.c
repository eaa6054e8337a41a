#include "report/report_history.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/ascii.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "report/html_report.h"
#include "report/rejects.h"
#include "report/summary_json.h"

enum { FIRST_CAPACITY = 16, SECONDS_LEN = sizeof "2026-11-21T08:09:10" - 1 };

#define SUMMARY_MAX ((size_t)64 << 20)

static const char *const file_names[REPORT_HISTORY_FILES] = {
    [REPORT_HISTORY_PAGE] = HTML_REPORT_FILE_NAME,
    [REPORT_HISTORY_REJECTS_CSV] = REJECTS_FILE_NAME,
    [REPORT_HISTORY_REJECTS_NDJSON] = REJECTS_NDJSON_FILE_NAME,
    [REPORT_HISTORY_BROKEN_CSV] = BROKEN_FILE_NAME,
    [REPORT_HISTORY_BROKEN_NDJSON] = BROKEN_NDJSON_FILE_NAME,
    [REPORT_HISTORY_SUMMARY] = SUMMARY_JSON_NAME,
};

const char *report_history_file(enum report_history_file file)
{
    return file_names[file];
}

bool report_history_is_name(const char *name)
{
    static const char form[REPORT_HISTORY_NAME_SIZE] = "0000-00-00T00-00-00.000Z";

    if (strlen(name) != sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? !ascii_is_digit(name[i]) : name[i] != form[i])
            return false;
    return true;
}

void report_history_name(uint64_t started_ns, char name[REPORT_HISTORY_NAME_SIZE])
{
    char text[CLOCK_RFC3339_SIZE];

    clock_rfc3339(started_ns, text);
    for (size_t i = 0; i < REPORT_HISTORY_NAME_SIZE; i++)
        name[i] = text[i] == ':' ? '-' : text[i];
    name[REPORT_HISTORY_NAME_SIZE - 1] = '\0';
}

static uint64_t count_of(const struct json_node *nodes, const char *key)
{
    size_t member = json_member(nodes, 0, key);

    return member && nodes[member].kind == JSON_NUMBER ? strtoull(nodes[member].text.data, NULL, 10) : 0;
}

static double decimal_of(const struct json_node *nodes, const char *key)
{
    size_t member = json_member(nodes, 0, key);

    return member && nodes[member].kind == JSON_NUMBER ? strtod(nodes[member].text.data, NULL) : 0;
}

static struct slice text_of(const struct json_node *nodes, const char *key)
{
    size_t member = json_member(nodes, 0, key);

    return member && nodes[member].kind == JSON_STRING ? nodes[member].text : slice_make("", 0);
}

/* Whether the summary is of the start that names the folder. The milliseconds may differ: the name of another
 * run may have been taken. */
static bool is_of_name(struct slice started, const char *name)
{
    if (started.len < SECONDS_LEN)
        return false;
    for (size_t i = 0; i < SECONDS_LEN; i++)
        if ((started.data[i] == ':' ? '-' : started.data[i]) != name[i])
            return false;
    return true;
}

static bool read_counts(const struct json_node *nodes, struct report_history_run *run)
{
    size_t partial = json_member(nodes, 0, "partial");
    struct slice stopped = text_of(nodes, "stopped");

    if (!is_of_name(text_of(nodes, "started"), run->name))
        return false;
    run->is_partial = partial && slice_is(nodes[partial].text, "true");
    run->status = (int)count_of(nodes, "status");
    run->read = count_of(nodes, "read");
    run->skipped = count_of(nodes, "skipped");
    run->created = count_of(nodes, "created");
    run->updated = count_of(nodes, "updated");
    run->unchanged = count_of(nodes, "unchanged");
    run->rejected = count_of(nodes, "rejected");
    run->refused = count_of(nodes, "refused");
    run->in_doubt = count_of(nodes, "in_doubt");
    run->unsent = count_of(nodes, "unsent");
    run->seconds = decimal_of(nodes, "seconds");
    run->rate_per_s = decimal_of(nodes, "rate_per_s");
    stopped.len = text_find_hint(stopped);
    text_format(run->stopped, sizeof run->stopped, "%.*s", (int)stopped.len, stopped.data);
    return true;
}

static bool read_summary(const char *folder, struct report_history_run *run)
{
    char *path = file_join(folder, SUMMARY_JSON_NAME);
    struct json_reader *reader = json_reader_new();
    struct buffer text;
    struct error error;
    struct json_fault fault;
    size_t count;
    bool is_kept = false;

    buffer_init(&text, SUMMARY_MAX);
    if (file_read(path, &text, &error) == 0) {
        const struct json_node *nodes = json_reader_parse(reader, buffer_slice(&text), &count, &fault);
        is_kept = nodes && read_counts(nodes, run);
    }
    buffer_clear(&text);
    json_reader_free(reader);
    free(path);
    return is_kept;
}

/* Which files the folder has. */
static void look_into(const char *folder, struct report_history_run *run)
{
    DIR *stream = opendir(folder);

    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        size_t i = 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        while (i < REPORT_HISTORY_FILES && strcmp(entry->d_name, file_names[i]) != 0)
            i++;
        if (i < REPORT_HISTORY_FILES)
            run->has[i] = true;
        else
            run->is_pinned = true;
    }
    if (stream)
        closedir(stream);
}

static struct report_history_run *append(struct report_history *history)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity ? 2 * history->capacity : FIRST_CAPACITY;
        history->runs = memory_resize(history->runs, history->capacity, sizeof *history->runs);
    }
    struct report_history_run *run = &history->runs[history->count++];
    *run = (struct report_history_run){.name = ""};
    return run;
}

static void read_run(const char *folder, const char *name, struct report_history *history)
{
    char *path = file_join(folder, name);
    struct report_history_run *run = append(history);
    struct stat about;

    memcpy(run->name, name, REPORT_HISTORY_NAME_SIZE);
    if (lstat(path, &about) != 0 || !S_ISDIR(about.st_mode) || !read_summary(path, run))
        history->count--;
    else
        look_into(path, run);
    free(path);
}

static int compare_newest_first(const void *a, const void *b)
{
    const struct report_history_run *first = a, *second = b;

    return strcmp(second->name, first->name);
}

void report_history_read(const char *report_folder, struct report_history *history)
{
    char *folder = file_join(report_folder, REPORT_HISTORY_FOLDER);
    DIR *stream = opendir(folder);

    *history = (struct report_history){0};
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (report_history_is_name(entry->d_name))
            read_run(folder, entry->d_name, history);
    if (stream)
        closedir(stream);
    if (history->count > 0)
        qsort(history->runs, history->count, sizeof *history->runs, compare_newest_first);
    history->kept = history->count;
    free(folder);
}

void report_history_add(struct report_history *history, const struct run_stats *stats)
{
    struct report_history_run run = {
        .is_partial = stats->is_partial,
        .status = stats->status,
        .read = stats->read,
        .skipped = stats->skipped,
        .created = stats->created,
        .updated = stats->updated,
        .unchanged = stats->unchanged,
        .rejected = stats->rejected,
        .refused = stats->refused,
        .in_doubt = stats->in_doubt,
        .unsent = stats->unsent,
        .seconds = stats->seconds,
        .rate_per_s = stats->rate_per_s,
    };

    report_history_name(stats->started_ns, run.name);
    if (stats->stopped)
        text_format(run.stopped, sizeof run.stopped, "%.*s", (int)text_find_hint(slice_from(stats->stopped)),
                    stats->stopped);
    append(history);
    memmove(history->runs + 1, history->runs, (history->count - 1) * sizeof *history->runs);
    history->runs[0] = run;
    history->kept = history->count;
}

void report_history_select(struct report_history *history, size_t keep)
{
    size_t counted = 0;

    history->kept = 0;
    for (size_t i = 0; i < history->count; i++) {
        struct report_history_run run = history->runs[i];
        if (!run.is_pinned && counted == keep)
            continue;
        counted += !run.is_pinned;
        memmove(&history->runs[history->kept + 1], &history->runs[history->kept],
                (i - history->kept) * sizeof run);
        history->runs[history->kept++] = run;
    }
}

void report_history_clear(struct report_history *history)
{
    free(history->runs);
    *history = (struct report_history){0};
}
