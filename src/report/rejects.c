#include "report/rejects.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/buffer.h"
#include "core/encoding.h"
#include "core/file.h"
#include "core/gzip.h"
#include "core/memory.h"
#include "core/text.h"
#include "report/rejects_line.h"
#include "report/rejects_row.h"
#include "report/report_file.h"

enum {
    REJECTS_FLUSH_LEN = 64 * 1024,
    REJECTS_GZIP_LEVEL = 1, /* fast, because every row of an export may be rejected */
    REJECTS_MODE = 0600,
};

/* One of the two files, or the spool. */
struct rejects_file {
    char *path;
    struct file_draft draft;
    struct gzip_writer *writer; /* NULL: the spool, which is not compressed */
    int spool_fd;               /* -1: none */
    struct buffer waiting;      /* rows not yet written */
    uint64_t records;
    struct rejects_parts *parts; /* NULL: one member. The last one is being written */
};

struct rejects {
    const struct job_input *input;
    char *folder;
    bool *keep; /* by column; false: named kyc_* */
    size_t column_count;
    struct rejects_file rejected, broken;
    struct rejects_file spool; /* refused records, until all rejected ones are written */
    struct rejects_row row;    /* CSV */
    struct rejects_line line;  /* NDJSON */
    struct buffer names, messages;
};

static int rejects_file_open(struct rejects_file *file, const char *folder, const char *name)
{
    *file = (struct rejects_file){.path = file_join(folder, name), .spool_fd = -1};
    file->draft.fd = -1;
    buffer_init(&file->waiting, REJECTS_ROW_MAX);
    if (file_draft_open(&file->draft, file->path, REJECTS_MODE) != 0)
        return -1;
    file->writer = gzip_writer_new(file->draft.fd, REJECTS_GZIP_LEVEL);
    return 0;
}

static void rejects_file_clear(struct rejects_file *file)
{
    if (file->writer)
        gzip_writer_free(file->writer);
    if (file->path)
        file_draft_drop(&file->draft);
    if (file->path && file->spool_fd >= 0)
        close(file->spool_fd);
    buffer_clear(&file->waiting);
    free(file->path);
    *file = (struct rejects_file){0};
}

static int rejects_file_flush(struct rejects_file *file)
{
    assert(!file->waiting.overflowed);
    struct slice waiting = buffer_slice(&file->waiting);
    int failed =
        file->writer ? gzip_writer_write(file->writer, waiting) : file_write_all(file->spool_fd, waiting);
    buffer_reset(&file->waiting);
    return failed;
}

/* Counts a record and writes the waiting rows when they are a block. 0, or -1 as report_file_fail. */
static int rejects_file_count(struct rejects_file *file, struct error *error)
{
    file->records++;
    if (file->parts)
        file->parts->parts[file->parts->count - 1].records++;
    if (file->waiting.len < REJECTS_FLUSH_LEN || rejects_file_flush(file) == 0)
        return 0;
    return report_file_fail(file->path, error);
}

/* Ends the gzip member, and begins another one. *end: the length of the file so far. 0, or -1 with errno. */
static int rejects_file_next_member(struct rejects_file *file, uint64_t *end)
{
    if (rejects_file_flush(file) != 0 || gzip_writer_finish(file->writer) != 0)
        return -1;
    gzip_writer_free(file->writer);
    file->writer = gzip_writer_new(file->draft.fd, REJECTS_GZIP_LEVEL);
    off_t offset = lseek(file->draft.fd, 0, SEEK_CUR);
    *end = offset < 0 ? 0 : (uint64_t)offset;
    return offset < 0 ? -1 : 0;
}

/* Of a divided file: begins the member of an input whose first record follows. 0, or -1 with errno. */
static int rejects_file_begin_input(struct rejects_file *file, uint32_t input)
{
    struct rejects_parts *parts = file->parts;
    struct rejects_part *last = parts->count ? &parts->parts[parts->count - 1] : NULL;
    uint64_t end = parts->header_len;

    if (last && last->input == input)
        return 0;
    if (last && rejects_file_next_member(file, &end) != 0)
        return -1;
    if (last)
        last->len = end - last->offset;
    parts->parts = memory_resize(parts->parts, parts->count + 1, sizeof *parts->parts);
    parts->parts[parts->count++] = (struct rejects_part){.input = input, .offset = end};
    return 0;
}

/* A file without a name, so that it is gone when the process ends in any way. 0, or -1 with errno. */
static int rejects_spool_open(struct rejects_file *spool, const char *folder)
{
    *spool = (struct rejects_file){.path = file_join(folder, "refused.tmp-XXXXXX"), .spool_fd = -1};
    spool->draft.fd = -1;
    buffer_init(&spool->waiting, REJECTS_ROW_MAX);
    spool->spool_fd = mkostemp(spool->path, O_CLOEXEC);
    if (spool->spool_fd < 0)
        return -1;
    unlink(spool->path);
    return 0;
}

/* True for a column that an earlier run added to a reject file, which is now the input. */
static bool rejects_is_added(struct slice column)
{
    while (column.len && (*column.data == ' ' || *column.data == '\t'))
        column = slice_skip(column, 1);
    return column.len >= 4 && memcmp(column.data, "kyc_", 4) == 0;
}

/* The columns or members that are added to a record. */
enum { ADDED_INPUT, ADDED_ROW, ADDED_LINE, ADDED_VERDICTS, ADDED_MESSAGE, ADDED_COUNT };
static const char *const added_names[ADDED_COUNT] = {"kyc_input", "kyc_row", "kyc_line", "kyc_verdicts",
                                                     "kyc_message"};

/* An input in UTF-16 or UTF-32 was converted, so its reject files are UTF-8; the mark shows it to the same
 * job, and to spreadsheets. */
static void rejects_write_marks(struct rejects *rejects, const struct rejects_header *header)
{
    static const struct slice mark = SLICE_LITERAL("\xef\xbb\xbf");
    enum encoding_kind kind = rejects->input->encoding.kind;
    if (kind != ENCODING_UTF16 && kind != ENCODING_UTF32)
        return;
    buffer_append(&rejects->rejected.waiting, mark);
    if (!slice_begins(header->raw, mark))
        buffer_append(&rejects->broken.waiting, mark);
}

static void rejects_write_header(struct rejects *rejects, const struct rejects_header *header)
{
    if (rejects->input->format == JOB_FORMAT_NDJSON)
        return;
    rejects->row.out = &rejects->rejected.waiting;
    for (size_t i = 0; i < header->column_count; i++)
        if (rejects->keep[i] && header->is_given)
            rejects_row_text(&rejects->row, header->columns[i]);
        else if (rejects->keep[i])
            rejects_row_bytes(&rejects->row, header->columns[i]);
    for (size_t i = 0; i < ADDED_COUNT; i++)
        rejects_row_bytes(&rejects->row, slice_from(added_names[i]));
    rejects_row_end(&rejects->row);

    buffer_append(&rejects->broken.waiting, header->raw);
    if (!header->is_given)
        buffer_append_char(&rejects->broken.waiting, '\n');
}

struct rejects *rejects_open(const char *folder, const struct job_input *input,
                             const struct rejects_header *header, struct error *error)
{
    struct rejects *rejects = memory_new(1, sizeof *rejects);
    rejects->input = input;
    rejects->folder = memory_copy(slice_from(folder));
    rejects->column_count = header->column_count;
    rejects->keep = memory_new(header->column_count + 1, sizeof *rejects->keep);
    for (size_t i = 0; i < header->column_count; i++)
        rejects->keep[i] = !rejects_is_added(header->columns[i]);
    rejects_row_init(&rejects->row, input, NULL);
    rejects_line_init(&rejects->line);
    buffer_init(&rejects->names, REJECTS_ROW_MAX);
    buffer_init(&rejects->messages, REJECTS_ROW_MAX);

    if (file_make_folder(folder) != 0 ||
        rejects_file_open(&rejects->rejected, folder, rejects_file_name(input->format)) != 0 ||
        rejects_file_open(&rejects->broken, folder, rejects_broken_name(input->format)) != 0) {
        report_file_fail(folder, error);
        rejects_drop(rejects);
        return NULL;
    }
    rejects_write_marks(rejects, header);
    rejects_write_header(rejects, header);
    return rejects;
}

/* Fills rejects->names and rejects->messages. */
static void rejects_name_verdicts(struct rejects *rejects, const struct verdict *verdicts, size_t count)
{
    struct buffer *names = &rejects->names, *messages = &rejects->messages;
    bool is_csv = rejects->input->format != JOB_FORMAT_NDJSON;
    buffer_reset(names);
    buffer_reset(messages);
    for (size_t i = 0; i < count; i++) {
        const struct verdict *verdict = &verdicts[i];
        if (verdict->level != VERDICT_REJECT)
            continue;
        buffer_append_text(names, names->len ? ";" : "");
        buffer_append_text(names, field_name(verdict->field));
        buffer_append_char(names, '/');
        buffer_append_text(names, verdict->rule);
        if (messages->len > 0)
            buffer_append_text(messages, " | ");
        else if (is_csv && text_is_formula(verdict->message))
            buffer_append_char(messages, '\'');
        buffer_append(messages, verdict->message);
    }
}

static void rejects_write_row(struct rejects *rejects, struct buffer *out, const struct record *record)
{
    assert(record->cell_count == rejects->column_count);
    struct rejects_row *row = &rejects->row;
    row->out = out;
    for (size_t i = 0; i < record->cell_count; i++)
        if (rejects->keep[i])
            rejects_row_bytes(row, record->cells[i]);
    rejects_row_text(row, slice_from(rejects->input->paths[record->input]));
    rejects_row_number(row, record->row);
    rejects_row_number(row, record->line);
    rejects_row_text(row, buffer_slice(&rejects->names));
    rejects_row_text(row, buffer_slice(&rejects->messages));
    rejects_row_end(row);
}

static void rejects_write_line(struct rejects *rejects, struct buffer *out, const struct record *record)
{
    struct rejects_line *line = &rejects->line;
    rejects_line_begin(line, record->raw, out);
    rejects_line_text(line, added_names[ADDED_INPUT], slice_from(rejects->input->paths[record->input]));
    rejects_line_number(line, added_names[ADDED_ROW], record->row);
    rejects_line_number(line, added_names[ADDED_LINE], record->line);
    rejects_line_text(line, added_names[ADDED_VERDICTS], buffer_slice(&rejects->names));
    rejects_line_text(line, added_names[ADDED_MESSAGE], buffer_slice(&rejects->messages));
    rejects_line_end(line);
}

static void rejects_write_record(struct rejects *rejects, struct rejects_file *file,
                                 const struct record *record, const struct verdict *verdicts,
                                 size_t verdict_count)
{
    assert(record->input < rejects->input->path_count);
    rejects_name_verdicts(rejects, verdicts, verdict_count);
    if (rejects->input->format == JOB_FORMAT_NDJSON)
        rejects_write_line(rejects, &file->waiting, record);
    else
        rejects_write_row(rejects, &file->waiting, record);
}

static int rejects_file_divide(struct rejects_file *file, struct rejects_parts *parts)
{
    *parts = (struct rejects_parts){0};
    file->parts = parts;
    return rejects_file_next_member(file, &parts->header_len);
}

int rejects_divide(struct rejects *rejects, struct rejects_parts *rejected, struct rejects_parts *broken,
                   struct error *error)
{
    return rejects_file_divide(&rejects->rejected, rejected) == 0 &&
                   rejects_file_divide(&rejects->broken, broken) == 0
               ? 0
               : report_file_fail(rejects->folder, error);
}

void rejects_parts_clear(struct rejects_parts *parts)
{
    free(parts->parts);
    *parts = (struct rejects_parts){0};
}

int rejects_add(struct rejects *rejects, const struct record *record, struct error *error)
{
    struct rejects_file *file = record->fault ? &rejects->broken : &rejects->rejected;
    if (file->parts && rejects_file_begin_input(file, record->input) != 0)
        return report_file_fail(file->path, error);
    if (record->fault) {
        buffer_append(&rejects->broken.waiting, record->raw);
        buffer_append_char(&rejects->broken.waiting, '\n');
        return rejects_file_count(&rejects->broken, error);
    }
    rejects_write_record(rejects, &rejects->rejected, record, record->verdicts, record->verdict_count);
    return rejects_file_count(&rejects->rejected, error);
}

int rejects_add_refused(struct rejects *rejects, const struct record *record, const struct verdict *verdict,
                        struct error *error)
{
    struct rejects_file *spool = &rejects->spool;
    if (!spool->path && rejects_spool_open(spool, rejects->folder) != 0) {
        report_file_fail(rejects->folder, error);
        rejects_file_clear(spool);
        return -1;
    }
    struct verdict refusal = *verdict;
    refusal.level = VERDICT_REJECT;
    rejects_write_record(rejects, spool, record, &refusal, 1);
    return rejects_file_count(spool, error);
}

/* Appends the spool of refused records to the rejected ones. 0, or -1 with errno. */
static int rejects_append_spool(struct rejects_file *rejected, struct rejects_file *spool)
{
    if (rejects_file_flush(spool) != 0 || rejects_file_flush(rejected) != 0 ||
        lseek(spool->spool_fd, 0, SEEK_SET) != 0)
        return -1;
    char block[REJECTS_FLUSH_LEN];
    for (;;) {
        ssize_t got = read(spool->spool_fd, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return (int)got;
        if (gzip_writer_write(rejected->writer, slice_make(block, (size_t)got)) != 0)
            return -1;
    }
}

/* Renames the file into place; without records it removes the old file. 0, or -1 with errno. */
static int rejects_file_commit(struct rejects_file *file)
{
    if (file->records == 0) {
        if (file->parts)
            file->parts->header_len = 0;
        return unlink(file->path) == 0 || errno == ENOENT ? 0 : -1;
    }
    if (rejects_file_flush(file) != 0 || gzip_writer_finish(file->writer) != 0)
        return -1;
    if (file->parts) {
        struct rejects_part *last = &file->parts->parts[file->parts->count - 1];
        off_t end = lseek(file->draft.fd, 0, SEEK_CUR);
        if (end < 0)
            return -1;
        last->len = (uint64_t)end - last->offset;
    }
    return file_draft_commit(&file->draft);
}

/* Removes the files of the other format, which an earlier run left: they would look like this run's. 0, or -1
 * with errno. */
static int rejects_remove_other_format(const struct rejects *rejects)
{
    bool is_ndjson = rejects->input->format == JOB_FORMAT_NDJSON;
    enum job_format other = is_ndjson ? JOB_FORMAT_CSV : JOB_FORMAT_NDJSON;
    char *paths[] = {file_join(rejects->folder, rejects_file_name(other)),
                     file_join(rejects->folder, rejects_broken_name(other))};
    int reason = 0;
    for (size_t i = 0; i < 2; i++) {
        if (unlink(paths[i]) != 0 && errno != ENOENT)
            reason = errno;
        free(paths[i]);
    }
    errno = reason;
    return reason ? -1 : 0;
}

int rejects_commit(struct rejects *rejects, struct error *error)
{
    int result = 0;
    if (rejects->spool.records) {
        rejects->rejected.records += rejects->spool.records;
        result = rejects_append_spool(&rejects->rejected, &rejects->spool);
    }
    if (result == 0)
        result = rejects_file_commit(&rejects->rejected);
    if (result != 0)
        report_file_fail(rejects->rejected.path, error);
    else if (rejects_file_commit(&rejects->broken) != 0)
        result = report_file_fail(rejects->broken.path, error);
    else if (rejects_remove_other_format(rejects) != 0)
        result = report_file_fail(rejects->folder, error);
    rejects_drop(rejects);
    return result;
}

void rejects_drop(struct rejects *rejects)
{
    if (!rejects)
        return;
    rejects_file_clear(&rejects->rejected);
    rejects_file_clear(&rejects->broken);
    rejects_file_clear(&rejects->spool);
    rejects_row_clear(&rejects->row);
    rejects_line_clear(&rejects->line);
    buffer_clear(&rejects->names);
    buffer_clear(&rejects->messages);
    free(rejects->keep);
    free(rejects->folder);
    free(rejects);
}
