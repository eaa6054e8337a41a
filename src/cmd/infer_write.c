#include "cmd/infer_write.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/infer_fields.h"
#include "cmd/yaml_scalar.h"
#include "core/encoding.h"
#include "core/json.h"

enum { NAME_MAX_LEN = 40, LETTERS_MAX = 60, LETTERS_PER_LINE = 20 };

/* The name of the file without folder and endings, in the letters of a job's name. */
static void write_name(struct buffer *out, const char *path, const char *provider)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t start = out->len;

    for (const char *cursor = base; *cursor && *cursor != '.' && out->len - start < NAME_MAX_LEN; cursor++) {
        char byte = *cursor >= 'A' && *cursor <= 'Z' ? (char)(*cursor | 0x20) : *cursor;
        bool good = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        if (good)
            buffer_append_char(out, byte);
        else if (out->len > start && out->data[out->len - 1] != '-')
            buffer_append_char(out, '-');
    }
    if (out->len > start && out->data[out->len - 1] != '-')
        buffer_append_char(out, '-');
    buffer_append_text(out, provider);
}

static void write_head(const struct infer_sample *sample, const char *path, struct buffer *out)
{
    buffer_printf(out, "# A first job file, made by `kyc-import guess` from %zu rows of ", sample->row_count);
    yaml_scalar_append(out, slice_from(path));
    buffer_append_text(
        out, ".\n"
             "# Read it: a line with TODO or CHECK needs an answer. Then, in this order:\n"
             "#   kyc-import check THIS_FILE             what is wrong with the export; sends nothing\n"
             "#   kyc-import explain THIS_FILE --row 1   one row, step by step\n");
    if (sample->broken)
        buffer_printf(out, "# CHECK: %zu records of the sample cannot be put into columns.\n",
                      sample->broken);
    if (sample->other_lines)
        buffer_printf(out, "# CHECK: %zu lines of the sample are not UTF-8, unlike the others.\n",
                      sample->other_lines);
    if (sample->damaged)
        buffer_printf(
            out,
            "# CHECK: %zu cells of the sample hold bytes or characters that are not text: a wrong encoding, here or before.\n",
            sample->damaged);
    if (sample->is_not_utf8)
        buffer_append_text(out, "# CHECK: this NDJSON is not UTF-8, which it must be. Convert it first:\n"
                                "#   iconv -f ENCODING -t UTF-8 FILE (iconv -l lists the encodings).\n");
    if (sample->skipped_members)
        buffer_printf(out,
                      "# CHECK: %zu members have names that cannot be written in a path (with a dot or [).\n",
                      sample->skipped_members);
}

/* Writes the words for `no value` that occur in the sample. */
static void write_nulls(const struct infer_sample *sample, struct buffer *out)
{
    struct buffer remark;

    buffer_init(&remark, 4096);
    buffer_append_text(out, "  null_values: [\"\"");
    for (size_t i = 0; infer_column_nulls[i]; i++) {
        size_t seen = 0;
        for (size_t row = 0; row < sample->row_count; row++)
            for (size_t column = 0; column < sample->rows[row].count; column++)
                seen += slice_is(sample->rows[row].cells[column], infer_column_nulls[i]);
        if (!seen)
            continue;
        struct json_writer writer;
        json_write_begin(&writer, out);
        buffer_append_text(out, ", ");
        json_write_text(&writer, infer_column_nulls[i]);
        buffer_printf(&remark, "%s %s %zu times", remark.len ? "," : "; CHECK, seen:", infer_column_nulls[i],
                      seen);
    }
    buffer_printf(out, "]    # cells that mean `no value`%s\n", remark.len ? remark.data : "");
    buffer_clear(&remark);
}

/* A byte from 0x80 on, and how often it occurs. */
struct high_byte {
    unsigned byte;
    size_t count;
};

static int by_count(const void *a, const void *b)
{
    const struct high_byte *first = a, *second = b;

    if (first->count != second->count)
        return first->count < second->count ? 1 : -1;
    return (first->byte > second->byte) - (first->byte < second->byte);
}

/* Shows what the bytes become: characters and counts, never words, which are customers' data. */
static void write_letters(const struct infer_sample *sample, struct buffer *out)
{
    struct high_byte bytes[INFER_HIGH_BYTES];
    size_t count = 0, undefined = 0;
    struct arena arena;

    arena_init(&arena, 1024);
    for (unsigned i = 0; i < INFER_HIGH_BYTES; i++)
        if (sample->high_bytes[i])
            bytes[count++] = (struct high_byte){i + INFER_HIGH_BYTES, sample->high_bytes[i]};
    /* cppcheck-suppress uninitvar ; only the first count */
    qsort(bytes, count, sizeof *bytes, by_count);
    for (size_t i = 0, shown = 0; i < count; i++) {
        char byte = (char)bytes[i].byte;
        struct slice letter;
        if (!encoding_decode(&encoding_windows1252, slice_make(&byte, 1), &arena, &letter)) {
            undefined += bytes[i].count;
            continue;
        }
        if (shown == LETTERS_MAX)
            buffer_append_text(out, "\n  #   and others");
        if (shown++ >= LETTERS_MAX)
            continue;
        if (shown % LETTERS_PER_LINE == 1)
            buffer_append_text(out, "\n  #  ");
        buffer_printf(out, " %.*s %zu", (int)letter.len, letter.data, bytes[i].count);
    }
    if (undefined)
        buffer_printf(out, "\n  #   and %zu bytes that windows-1252 does not define: it is another encoding",
                      undefined);
    buffer_append_char(out, '\n');
    arena_clear(&arena);
}

static void write_encoding(const struct infer_sample *sample, struct buffer *out)
{
    if (encoding_is_utf8(&sample->encoding)) {
        buffer_append_text(out, "  encoding: utf-8\n");
        return;
    }
    buffer_append_text(
        out, "  encoding: windows-1252    # CHECK: the file is not UTF-8, and nothing proves what it is.\n"
             "  # Are these the letters of your customers' names? By windows-1252 the sample has:");
    write_letters(sample, out);
    buffer_append_text(
        out, "  # If not, convert the file first: iconv -f ENCODING -t UTF-8 FILE (iconv -l lists them)\n");
}

static void write_input(const struct infer_sample *sample, const char *path, struct buffer *out)
{
    bool is_csv = sample->format == JOB_FORMAT_CSV;

    buffer_append_text(out, "\ninput:\n  path: ");
    yaml_scalar_append(out, slice_from(path));
    buffer_printf(out, "    # relative to this file's folder\n  format: %s\n", is_csv ? "csv" : "ndjson");
    if (is_csv)
        write_encoding(sample, out);
    if (is_csv && sample->delimiter == '\t')
        buffer_append_text(out, "  csv: {delimiter: tab");
    else if (is_csv)
        buffer_printf(out, "  csv: {delimiter: \"%c\"", sample->delimiter);
    if (is_csv)
        buffer_printf(out, ", quote: %s}\n", sample->quote == '"' ? "'\"'" : "\"'\"");
    write_nulls(sample, out);
}

static void write_provider(const struct provider *provider, struct buffer *out)
{
    buffer_printf(out,
                  "\nprovider:\n  name: %s\n  # base_url: %s\n"
                  "  # Never write secrets here: env:NAME, or file:PATH of a file that only you may read.\n"
                  "  credentials: ",
                  provider->name, provider->base_url);
    provider_credentials_write(provider, out);
    buffer_append_char(out, '\n');
}

size_t infer_write_job(struct infer_sample *sample, const struct provider *provider, const char *path,
                       struct buffer *out)
{
    write_head(sample, path, out);
    buffer_append_text(out, "\njob: ");
    write_name(out, path, provider->name);
    buffer_append_text(out, "    # names the ledger and the report folder\n");
    write_input(sample, path, out);
    write_provider(provider, out);
    buffer_append_text(out, "\nfields:    # customer field: column of the export\n");
    size_t todos = infer_fields_write(sample, provider, out);
    buffer_append_text(out, "\n# rules:    # besides the provider's own\n"
                            "#   - {rule: min_age, years: 18}\n"
                            "#   - {rule: unique, field: email, level: warn}\n");
    return todos;
}
