#include "cmd/infer_write.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/infer_encoding.h"
#include "cmd/infer_fields.h"
#include "cmd/infer_where.h"
#include "cmd/yaml_scalar.h"
#include "core/ascii.h"
#include "core/json.h"
#include "core/plural.h"

enum { NAME_MAX_LEN = 40, LINE_WIDTH = 110 };

/* The file's name up to its endings, and without the date behind it: the job of the next export has the same
 * name, and so the same ledger. */
static size_t stem_len(const char *base)
{
    enum { DATE_DIGITS_MIN = 6 /* 2026-11 */ };
    size_t len = 0, digits = 0;

    while (base[len] &&
           (base[len] != '.' || (len && ascii_is_digit(base[len - 1]) && ascii_is_digit(base[len + 1]))))
        len++;
    size_t end = len;
    while (end > 0 && !ascii_is_letter(base[end - 1]))
        digits += ascii_is_digit(base[--end]);
    return digits >= DATE_DIGITS_MIN ? end : len;
}

/* The name of the file without folder, date and endings, in the letters of a job's name. */
static void write_name(struct buffer *out, const char *path, const char *provider)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *end = base + stem_len(base);
    size_t start = out->len;

    for (const char *cursor = base; cursor < end && out->len - start < NAME_MAX_LEN; cursor++) {
        char byte = ascii_lower(*cursor);
        if (ascii_is_letter(byte) || ascii_is_digit(byte))
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
    buffer_printf(out, "# A first job file, made by `kyc-import guess` from %zu row%s of ", sample->row_count,
                  plural_s(sample->row_count));
    yaml_scalar_append(out, slice_from(path));
    buffer_append_text(
        out, ".\n"
             "# Read it: a line with TODO or CHECK needs an answer. Then, in this order:\n"
             "#   kyc-import check THIS_FILE             what is wrong with the export; sends nothing\n"
             "#   kyc-import explain THIS_FILE --row 1   one row, step by step\n");
    if (sample->broken)
        buffer_printf(out, "# CHECK: %zu record%s of the sample cannot be put into columns.\n",
                      sample->broken, plural_s(sample->broken));
    if (sample->other_lines)
        buffer_printf(out, "# CHECK: %zu line%s of the sample %s not UTF-8, unlike the others.\n",
                      sample->other_lines, plural_s(sample->other_lines),
                      sample->other_lines == 1 ? "is" : "are");
    if (sample->damaged)
        buffer_printf(
            out,
            "# CHECK: %zu cell%s of the sample with bytes or characters that are not text: a wrong encoding, here or before.\n",
            sample->damaged, plural_s(sample->damaged));
    if (sample->is_not_utf8)
        buffer_printf(
            out,
            "# CHECK: this NDJSON is not UTF-8, which it must be. Convert it first, most plausibly by:\n"
            "#   iconv -f %s -t UTF-8 FILE (iconv -l lists the encodings).\n",
            infer_encoding_best(sample));
    if (sample->skipped_members)
        buffer_printf(
            out, "# CHECK: %zu members have names that cannot be written in a path (with a dot, [ or @).\n",
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

/* What a person has to check of the settings of `csv`. */
static void write_shape_remarks(const struct infer_sample *sample, struct buffer *out)
{
    const struct job_input *input = &sample->input;
    const struct infer_shape *shape = &sample->shape;

    if (input->skip_lines == 1)
        buffer_append_text(out, "  # CHECK: the first line does not name columns: skip_lines.\n");
    else if (input->skip_lines)
        buffer_printf(out, "  # CHECK: the first %u lines do not name columns: skip_lines.\n",
                      input->skip_lines);
    if (shape->has_no_header)
        buffer_append_text(
            out,
            "  # CHECK: the first line looks like a customer, not like names of columns: header.\n"
            "  # These names are neutral; rename them as you like, here and in `fields`.\n"
            "  # Or put a line of the real names before the first, and guess again: fields are found by names.\n");
    if (input->escape)
        buffer_append_text(
            out, "  # CHECK: there is a backslash before quotes and delimiters in cells: escape.\n");
    if (input->ragged == JOB_RAGGED_PAD)
        buffer_printf(
            out,
            "  # CHECK: %zu of %zu records lack cells at their end, or have empty ones too many: ragged. "
            "Are they whole?\n",
            shape->ragged, shape->records);
    if (input->skip_footer == 1)
        buffer_append_text(out, "  # CHECK: the last record is not a customer: skip_footer.\n");
    else if (input->skip_footer)
        buffer_printf(out, "  # CHECK: the last %u records are not customers: skip_footer.\n",
                      input->skip_footer);
    if (shape->guards)
        buffer_printf(
            out,
            "  # CHECK: %zu cell%s with a spreadsheet's guard, ' before a number or =\"…\" around a value.\n",
            shape->guards, plural_s(shape->guards));
}

static void write_header(const struct infer_sample *sample, struct buffer *out)
{
    size_t start = out->len;

    buffer_append_text(out, ", header: [");
    for (size_t i = 0; i < sample->column_count; i++) {
        bool is_full = out->len - start > LINE_WIDTH;
        if (is_full)
            start = out->len;
        if (i)
            buffer_append_text(out, is_full ? ",\n    " : ", ");
        yaml_scalar_append(out, sample->columns[i]);
    }
    buffer_append_char(out, ']');
}

static void write_csv(const struct infer_sample *sample, struct buffer *out)
{
    const struct job_input *input = &sample->input;

    write_shape_remarks(sample, out);
    if (input->delimiter == '\t')
        buffer_append_text(out, "  csv: {delimiter: tab");
    else
        buffer_printf(out, "  csv: {delimiter: \"%c\"", input->delimiter);
    buffer_printf(out, ", quote: %s", input->quote == '"' ? "'\"'" : "\"'\"");
    if (input->escape)
        buffer_printf(out, ", escape: '%c'", input->escape);
    if (input->skip_lines)
        buffer_printf(out, ", skip_lines: %u", input->skip_lines);
    if (input->ragged == JOB_RAGGED_PAD)
        buffer_append_text(out, ", ragged: pad");
    if (input->skip_footer)
        buffer_printf(out, ", skip_footer: %u", input->skip_footer);
    if (sample->shape.has_no_header)
        write_header(sample, out);
    buffer_append_text(out, "}\n");
    if (input->strips_guards)
        buffer_append_text(out, "  spreadsheet_guards: strip\n");
}

static void write_input(struct infer_sample *sample, const char *path, struct buffer *out)
{
    bool is_csv = sample->format == JOB_FORMAT_CSV;

    buffer_append_text(out, "\ninput:\n  path: ");
    yaml_scalar_append(out, slice_from(path));
    buffer_printf(out, "    # relative to this file's folder\n  format: %s\n", is_csv ? "csv" : "ndjson");
    if (is_csv) {
        infer_encoding_write(sample, out);
        write_csv(sample, out);
    }
    write_nulls(sample, out);
    infer_where_write(sample, out);
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
    return todos;
}
