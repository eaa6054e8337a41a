#include "report/report_keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/failpoint.h"
#include "core/file.h"
#include "core/log.h"
#include "report/html_history.h"
#include "report/html_report.h"

enum { FOLDER_MODE = 0700, FILE_MODE = 0600, NAME_TRIES = 100, HIDDEN_SIZE = REPORT_HISTORY_NAME_SIZE + 40 };

#define DRAFT_MARK   ".draft-"
#define REMOVED_MARK ".removed-"
#define PAGE_MAX     ((size_t)64 << 20)

struct keeper {
    const struct run_stats *stats;
    const struct job *job;
    struct report_history *history;
    int report, folder, draft; /* REPORT, history/ and the draft, or -1 */
    char draft_name[HIDDEN_SIZE];
};

/* Removes the files that a run puts into a folder, and the folder if it is empty then. A folder that another
 * process is filling is locked by it, and stays. */
static void remove_folder(int history, const char *name)
{
    int fd = openat(history, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        for (int i = 0; i < REPORT_HISTORY_FILES; i++)
            unlinkat(fd, report_history_file((enum report_history_file)i), 0);
        unlinkat(history, name, AT_REMOVEDIR);
    }
    close(fd);
}

/* What the name of a hidden folder has behind mark begins as TIME. */
static bool is_hidden_name(const char *name, const char *mark)
{
    char time[REPORT_HISTORY_NAME_SIZE] = "";
    size_t mark_len = strlen(mark);

    if (strncmp(name, mark, mark_len) != 0)
        return false;
    strncpy(time, name + mark_len, sizeof time - 1);
    return report_history_is_name(time);
}

static void remove_leftovers(const struct keeper *keeper)
{
    int fd = openat(keeper->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    if (!stream) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(stream));)
        if (is_hidden_name(entry->d_name, DRAFT_MARK) || is_hidden_name(entry->d_name, REMOVED_MARK))
            remove_folder(keeper->folder, entry->d_name);
    closedir(stream);
}

static int open_folders(struct keeper *keeper)
{
    char *path = file_join(keeper->job->report_folder, REPORT_HISTORY_FOLDER);
    int result = file_make_folder(path);

    if (result == 0) {
        keeper->report = open(keeper->job->report_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        keeper->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = keeper->report < 0 || keeper->folder < 0 ? -1 : 0;
    }
    int reason = errno;
    free(path);
    errno = reason;
    return result;
}

static int make_draft(struct keeper *keeper)
{
    snprintf(keeper->draft_name, sizeof keeper->draft_name, DRAFT_MARK "%s-%ld",
             keeper->history->runs[0].name, (long)getpid());
    if (mkdirat(keeper->folder, keeper->draft_name, FOLDER_MODE) != 0)
        return -1;
    keeper->draft =
        openat(keeper->folder, keeper->draft_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (keeper->draft < 0)
        return -1;
    flock(keeper->draft, LOCK_EX | LOCK_NB);
    failpoint("history draft made");
    return 0;
}

static int open_new(const struct keeper *keeper, const char *name)
{
    return openat(keeper->draft, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
}

/* Ends a new file: durable when result is 0. Returns 0, or -1 with errno. */
static int close_new(int fd, int result)
{
    if (result == 0)
        result = fsync(fd);
    int reason = errno;
    close(fd);
    errno = reason;
    return result;
}

static int copy_file(const struct keeper *keeper, const char *name)
{
    enum { CHUNK = 1 << 30 };
    int from = openat(keeper->report, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int to = from < 0 ? -1 : open_new(keeper, name);
    ssize_t sent = -1;

    while (to >= 0 && ((sent = sendfile(to, from, NULL, CHUNK)) > 0 || (sent < 0 && errno == EINTR)))
        ;
    int result = to < 0 ? -1 : close_new(to, sent == 0 ? 0 : -1);
    int reason = errno;
    if (from >= 0)
        close(from);
    errno = reason;
    return result;
}

/* One file of REPORT, if this run wrote it. */
static int keep_file(struct keeper *keeper, enum report_history_file file)
{
    const char *name = report_history_file(file);
    struct stat about;

    if (fstatat(keeper->report, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : -1;
    if (!S_ISREG(about.st_mode))
        return 0;
    if (linkat(keeper->report, name, keeper->draft, name, 0) != 0 && copy_file(keeper, name) != 0)
        return -1;
    keeper->history->runs[0].has[file] = true;
    return 0;
}

static int keep_page(struct keeper *keeper)
{
    const struct html_report_place place = {keeper->history, keeper->history->runs[0].name};
    int fd = open_new(keeper, HTML_REPORT_FILE_NAME), result = -1;
    struct buffer page;

    if (fd < 0)
        return -1;
    buffer_init(&page, PAGE_MAX);
    html_report_write(keeper->stats, keeper->job, &place, &page);
    if (page.overflowed)
        errno = EFBIG;
    else
        result = file_write_all(fd, buffer_slice(&page));
    buffer_clear(&page);
    keeper->history->runs[0].has[REPORT_HISTORY_PAGE] = true;
    return close_new(fd, result);
}

static int fill_draft(struct keeper *keeper)
{
    if (keep_page(keeper) != 0 || keep_file(keeper, REPORT_HISTORY_SUMMARY) != 0)
        return -1;
    for (int i = REPORT_HISTORY_REJECTS_CSV; i < REPORT_HISTORY_SUMMARY && keeper->stats->has_reject_files;
         i++)
        if (keep_file(keeper, (enum report_history_file)i) != 0)
            return -1;
    failpoint("history draft filled");
    return 0;
}

/* Another run may have begun in the same millisecond: then the next one is taken. */
static int publish_draft(struct keeper *keeper)
{
    struct report_history_run *run = &keeper->history->runs[0];

    for (unsigned i = 0; i < NAME_TRIES; i++) {
        report_history_name(keeper->stats->started_ns + i * CLOCK_NS_PER_MS, run->name);
        if (renameat(keeper->folder, keeper->draft_name, keeper->folder, run->name) == 0) {
            failpoint("history run kept");
            return fsync(keeper->folder) == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : -1;
        }
        if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
            return -1;
    }
    return -1;
}

static void warn(const struct keeper *keeper, const char *what)
{
    log_warning("%s/" REPORT_HISTORY_FOLDER
                ": %s: %s\nhint: check space and permissions there; report_keep: 0 keeps no reports",
                keeper->job->report_folder, strerror(errno), what);
}

static int write_index(const struct keeper *keeper)
{
    char *folder = file_join(keeper->job->report_folder, REPORT_HISTORY_FOLDER);
    char *path = file_join(folder, REPORT_HISTORY_INDEX);
    struct buffer page;
    int result = -1;

    buffer_init(&page, PAGE_MAX);
    html_history_write(keeper->history, keeper->job, &page);
    if (page.overflowed)
        errno = EFBIG;
    else
        result = file_replace(path, FILE_MODE, buffer_slice(&page));
    int reason = errno;
    buffer_clear(&page);
    free(path);
    free(folder);
    errno = reason;
    return result;
}

static void remove_run(const struct keeper *keeper, const char *name)
{
    char hidden[HIDDEN_SIZE];

    snprintf(hidden, sizeof hidden, REMOVED_MARK "%s", name);
    if (renameat(keeper->folder, name, keeper->folder, hidden) != 0) {
        warn(keeper, "an old report cannot be removed");
        return;
    }
    failpoint("history run removed");
    remove_folder(keeper->folder, hidden);
}

void report_keep_run(const struct run_stats *stats, const struct job *job, struct report_history *history)
{
    struct keeper keeper = {
        .stats = stats, .job = job, .history = history, .report = -1, .folder = -1, .draft = -1};

    if (job->report_keep == 0)
        return;
    bool is_open = open_folders(&keeper) == 0;
    if (is_open)
        remove_leftovers(&keeper);
    if (is_open && make_draft(&keeper) == 0 && fill_draft(&keeper) == 0 && publish_draft(&keeper) == 0) {
        if (write_index(&keeper) != 0)
            warn(&keeper, "the page of the kept reports cannot be written");
        for (size_t i = history->kept; i < history->count; i++)
            remove_run(&keeper, history->runs[i].name);
    } else {
        warn(&keeper, "the report of this run is not kept");
    }
    if (keeper.draft >= 0)
        close(keeper.draft);
    if (is_open)
        remove_leftovers(&keeper);
    if (keeper.report >= 0)
        close(keeper.report);
    if (keeper.folder >= 0)
        close(keeper.folder);
}
