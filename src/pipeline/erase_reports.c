#include "pipeline/erase_reports.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ascii.h"
#include "core/buffer.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "input/source.h"
#include "report/csv_cell.h"
#include "report/html_report.h"
#include "report/link_file.h"
#include "report/rejects.h"
#include "report/report_history.h"
#include "report/shard_folder.h"

enum {
    BLOCK_SIZE = 64 * 1024,
    PAGE_MAX = 64 << 20,
    LINKS_MAX = 1 << 30,
    LINE_MAX_SIZE = 64 * 1024,
    PATH_SIZE_MAX = 64 * 1024,
    LINKS_MODE = 0600,
    MARKS_MAX = 8, /* bytes of a row for each of a key, invisible ones included */
};

static const char *const folders[] = {"", "check"};
static const char *const pages[] = {HTML_REPORT_FILE_NAME, REPORT_HISTORY_INDEX, "refresh.json",
                                    "refresh.html", "adopt.json"};
static const char *const rejects[] = {REJECTS_FILE_NAME, REJECTS_NDJSON_FILE_NAME, BROKEN_FILE_NAME,
                                      BROKEN_NDJSON_FILE_NAME};

static int fail(const char *path, struct error *error)
{
    return error_set(
        error, ERROR_USAGE,
        "%s: it may still name an erased customer, and cannot be changed: %s\nhint: check the folder, its permissions and the space on its disk, then repeat this command",
        path, strerror(errno));
}

/* JSON, HTML or CSV write the characters of such a word as they are. Others may be escaped in many ways, also
 * by the program that made the export. */
static bool is_plain(struct slice word)
{
    static const char others[] = " -_.:,;@#*";

    for (size_t i = 0; i < word.len; i++)
        if (!ascii_is_letter(word.data[i]) && !ascii_is_digit(word.data[i]) &&
            !memchr(others, word.data[i], sizeof others - 1))
            return false;
    return true;
}

static bool are_plain(const struct erase_reports_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++)
        if (!is_plain(settings->words[i]))
            return false;
    return true;
}

static bool has_any(const struct erase_reports_settings *settings, struct slice text)
{
    for (size_t i = 0; i < settings->count; i++)
        if (text_has_word(text, settings->words[i]))
            return true;
    return false;
}

/* A key has no invisible characters, which its row may have in between. */
static bool has_any_in_ascii(const struct erase_reports_settings *settings, const char *text, size_t len,
                             char *ascii)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x80)
            ascii[count++] = text[i];
    return count < len && has_any(settings, slice_make(ascii, count));
}

/* A word may lie over the end of a block, so the end of each is looked at again with the next one. */
static bool read_and_look(const struct erase_reports_settings *settings, struct source *source, char *window,
                          char *ascii, size_t overlap)
{
    size_t kept = 0;
    ptrdiff_t len;
    struct error ignored;

    while ((len = source_read(source, window + kept, BLOCK_SIZE, &ignored)) > 0) {
        size_t end = kept + (size_t)len;
        if (has_any(settings, slice_make(window, end)) || has_any_in_ascii(settings, window, end, ascii))
            return true;
        kept = end < overlap ? end : overlap;
        memmove(window, window + end - kept, kept);
    }
    return len < 0; /* it cannot be read to its end, so it may have one */
}

/* A word that begins or ends at the edge of a window may be a part of a longer one: then a file is removed
 * that need not be. */
static bool file_has_any(const struct erase_reports_settings *settings, const char *path)
{
    struct error ignored;
    struct source *source = source_open_file(path, &ignored);
    size_t overlap = 2;

    if (!source)
        return true;
    for (size_t i = 0; i < settings->count; i++)
        if (MARKS_MAX * settings->words[i].len + 2 > overlap)
            overlap = MARKS_MAX * settings->words[i].len + 2;
    char *window = memory_new(overlap + BLOCK_SIZE, 1);
    char *ascii = memory_new(overlap + BLOCK_SIZE, 1);
    bool found = read_and_look(settings, source, window, ascii, overlap);
    free(window);
    free(ascii);
    source_close(source);
    return found;
}

/* The same of a page, which `source` takes for no export. */
static bool page_has_any(const struct erase_reports_settings *settings, const char *path)
{
    struct buffer text;
    struct error ignored;

    buffer_init(&text, PAGE_MAX);
    bool found = file_read(path, &text, &ignored) != 0 || has_any(settings, buffer_slice(&text));
    buffer_clear(&text);
    return found;
}

static bool is_file(const char *path)
{
    struct stat about;

    return lstat(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0;
}

static int remove_file(const struct erase_reports_settings *settings, const char *path, struct error *error)
{
    if (unlink(path) != 0 || file_sync_folder(path) != 0)
        return fail(path, error);
    failpoint("report file removed");
    settings->each(settings->context, path, true);
    return 0;
}

struct removed_drafts {
    const struct erase_reports_settings *settings;
    size_t count;
};

static void note_draft(void *context, const char *draft)
{
    struct removed_drafts *removed = context;

    removed->count++;
    removed->settings->each(removed->settings->context, draft, true);
}

/* What a killed process left of a file; nobody looks into it. */
static int remove_drafts(const struct erase_reports_settings *settings, const char *path, struct error *error)
{
    struct removed_drafts removed = {.settings = settings};

    if (file_draft_sweep_of(path, note_draft, &removed) == 0 &&
        (removed.count == 0 || file_sync_folder(path) == 0))
        return 0;
    int reason = errno;
    struct buffer drafts;
    buffer_init(&drafts, PATH_SIZE_MAX);
    buffer_printf(&drafts, "%s.tmp-…", path);
    errno = reason;
    int result = fail(drafts.data, error);
    buffer_clear(&drafts);
    return result;
}

/* The first two cells of a line are the key and the user. */
static bool is_csv_of(struct slice line, struct slice word, struct buffer *cell)
{
    const char *comma = line.len > 0 ? memchr(line.data, ',', line.len) : NULL;
    size_t first = comma ? (size_t)(comma - line.data) + 1 : line.len;

    csv_cell_write(cell, word);
    buffer_append_char(cell, ',');
    return slice_begins_with(line, cell->data) || slice_begins_with(slice_skip(line, first), cell->data);
}

/* The same as the first two members of an object. */
static bool is_object_of(struct slice line, struct slice word, struct buffer *member)
{
    struct json_writer json;

    json_write_begin(&json, member);
    json_write_object(&json);
    json_write_member(&json, "external_id", word);
    if (slice_begins_with(line, member->data))
        return true;
    buffer_reset(member);
    json_write_begin(&json, member);
    json_write_object(&json);
    json_write_member(&json, "user_id", word);
    return line.len > 0 && memmem(line.data, line.len, member->data + 1, member->len - 1);
}

static bool is_line_of(const struct erase_reports_settings *settings, struct slice line)
{
    struct buffer scratch;
    bool found = false;

    buffer_init(&scratch, LINE_MAX_SIZE);
    for (size_t i = 0; i < settings->count && !found; i++) {
        if (settings->words[i].len == 0)
            continue;
        buffer_reset(&scratch);
        found = slice_begins_with(line, "{") ? is_object_of(line, settings->words[i], &scratch)
                                             : is_csv_of(line, settings->words[i], &scratch);
    }
    buffer_clear(&scratch);
    return found;
}

static int rewrite_link_file(const struct erase_reports_settings *settings, const char *path,
                             struct error *error)
{
    struct buffer text, kept;
    struct slice line;
    bool is_changed = false;
    int result = 0;

    buffer_init(&text, LINKS_MAX);
    buffer_init(&kept, LINKS_MAX);
    if (file_read(path, &text, error) != 0) {
        buffer_clear(&text);
        return -1;
    }
    struct slice rest = buffer_slice(&text);
    while (slice_next_line(&rest, &line)) {
        if (is_line_of(settings, line)) {
            is_changed = true;
            continue;
        }
        buffer_append(&kept, line);
        buffer_append_char(&kept, '\n');
    }
    if (is_changed) {
        result = file_replace(path, LINKS_MODE, buffer_slice(&kept)) == 0 ? 0 : fail(path, error);
        failpoint("links written anew");
        if (result == 0)
            settings->each(settings->context, path, false);
    }
    buffer_clear(&text);
    buffer_clear(&kept);
    return result;
}

static int rewrite_links(const struct erase_reports_settings *settings, const char *folder,
                         struct error *error)
{
    static const char *const names[] = {LINK_FILE_NAME, LINK_FILE_NDJSON_NAME};
    int result = 0;

    for (size_t i = 0; i < sizeof names / sizeof *names && result == 0; i++) {
        char *path = file_join(folder, names[i]);
        result = remove_drafts(settings, path, error);
        if (result == 0 && is_file(path))
            result = rewrite_link_file(settings, path, error);
        free(path);
    }
    return result;
}

/* Whether the words of a customer are in its rows as they are. */
static bool is_key_in_rows(const struct job *job)
{
    const struct job_mapping *mapping = job_mapping_of(job, FIELD_EXTERNAL_ID);

    return mapping && mapping->column_count == 1 && !mapping->replace && mapping->value_count == 0;
}

static int erase_page(const struct erase_reports_settings *settings, const char *folder, const char *name,
                      struct error *error)
{
    char *path = file_join(folder, name);
    int result = remove_drafts(settings, path, error);

    if (result == 0 && is_file(path) && (!are_plain(settings) || page_has_any(settings, path)))
        result = remove_file(settings, path, error);
    free(path);
    return result;
}

static int erase_rejects(const struct erase_reports_settings *settings, const char *folder, const char *name,
                         bool always, struct error *error)
{
    char *path = file_join(folder, name);
    int result = remove_drafts(settings, path, error);

    if (result == 0 && is_file(path) && (always || file_has_any(settings, path)))
        result = remove_file(settings, path, error);
    free(path);
    return result;
}

static int erase_folder(const struct erase_reports_settings *settings, const char *folder,
                        struct error *error)
{
    bool all_rejects = !is_key_in_rows(settings->job) || !are_plain(settings);
    int result = rewrite_links(settings, folder, error);

    for (size_t i = 0; i < sizeof pages / sizeof *pages && result == 0; i++)
        result = erase_page(settings, folder, pages[i], error);
    for (size_t i = 0; i < sizeof rejects / sizeof *rejects && result == 0; i++)
        result = erase_rejects(settings, folder, rejects[i], all_rejects, error);
    return result;
}

/* The folders below one whose names begin so, and drafts of folders that a killed process left. */
static int erase_folders_in(const struct erase_reports_settings *settings, const char *parent,
                            const char *beginning, struct error *error)
{
    DIR *stream = opendir(parent);
    int result = 0;

    for (struct dirent *entry; stream && result == 0 && (entry = readdir(stream));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strncmp(entry->d_name, beginning, strlen(beginning)) != 0)
            continue;
        char *folder = file_join(parent, entry->d_name);
        result = erase_folder(settings, folder, error);
        free(folder);
    }
    if (stream)
        closedir(stream);
    return result;
}

static int erase_history(const struct erase_reports_settings *settings, const char *report,
                         struct error *error)
{
    char *history = file_join(report, REPORT_HISTORY_FOLDER);
    int result = erase_folders_in(settings, history, "", error);

    if (result == 0)
        result = erase_folder(settings, history, error); /* its index page */
    free(history);
    return result;
}

static int erase_report(const struct erase_reports_settings *settings, const char *report,
                        struct error *error)
{
    int result = 0;

    for (size_t i = 0; i < sizeof folders / sizeof *folders && result == 0; i++) {
        char *folder = file_join(report, folders[i]);
        result = erase_folder(settings, folder, error);
        if (result == 0)
            result = erase_folders_in(settings, folder, SHARD_FOLDER_PREFIX, error);
        free(folder);
    }
    return result == 0 ? erase_history(settings, report, error) : -1;
}

int erase_reports(const struct erase_reports_settings *settings, struct error *error)
{
    const struct job *job = settings->job;

    if (erase_report(settings, job->run_report, error) != 0)
        return -1;
    return strcmp(job->report_folder, job->run_report) == 0
               ? 0
               : erase_report(settings, job->report_folder, error);
}
