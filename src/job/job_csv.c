#include <string.h>

#include "job/job_parts.h"
#include "job/job_scalar.h"

enum { SKIP_LINES_MAX = 1000, SKIP_FOOTER_MAX = 100, HEADER_MAX = 10000 };

static const char *const ragged_words[] = {[JOB_RAGGED_REJECT] = "reject", [JOB_RAGGED_PAD] = "pad", NULL};

/* A name that columns are found by must be there, and once. */
static int read_header(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                       void *target)
{
    (void)key;
    struct job_input *input = target;
    if (value->kind != JOB_NODE_LIST)
        return job_keys_fail_kind(reader, value, JOB_NODE_LIST);
    if (value->count == 0 || value->count > HEADER_MAX)
        return job_keys_fail(
            reader, value,
            "`header` has %zu names\nhint: list 1 to %d names, one a column of the file; leave `header` out when the first line of the file names the columns",
            value->count, HEADER_MAX);
    input->header = arena_alloc(&reader->job->arena, value->count * sizeof *input->header);
    input->header_count = 0;
    for (const struct job_node *item = value->first; item; item = item->next) {
        struct slice name = item->text;
        if (item->kind == JOB_NODE_SCALAR && name.len == 0)
            return job_keys_fail(
                reader, item,
                "`header` has an empty name\nhint: a column that no field uses needs a name too, such as unused_%zu",
                input->header_count + 1);
        if (job_scalar_read(reader, item, &name) != 0)
            return -1;
        for (size_t i = 0; i < input->header_count; i++)
            if (slice_equal(input->header[i], name))
                return job_keys_fail(
                    reader, item,
                    "`header` has the name `%s` twice\nhint: give each column a name of its own", name.data);
        input->header[input->header_count++] = name;
    }
    return 0;
}

const struct job_key job_csv_keys[] = {
    {"delimiter", job_scalar_separator, .offset = offsetof(struct job_input, delimiter), .standard = "\",\"",
     .help = "the character between cells", .example = "\";\"",
     .hints = (const char *const[]){"separator", "sep", "delim", "field_separator", NULL}},
    {"quote", job_scalar_separator, .offset = offsetof(struct job_input, quote), .standard = "'\"'",
     .help = "the character around a cell that has a delimiter or a line end in it; doubled, it is itself",
     .example = "\"'\"",
     .hints = (const char *const[]){"quotechar", "quote_char", "enclosed_by", "enclosure", NULL}},
    {"escape", job_scalar_separator, .offset = offsetof(struct job_input, escape), .absent = "none",
     .help =
         "the character that takes the meaning from the one behind it, as Spark, Hive, MySQL and Redshift write it",
     .example = "'\\'", .hints = (const char *const[]){"escapechar", "escape_char", "escaped_by", NULL}},
    {"skip_lines", job_scalar_uint32, .offset = offsetof(struct job_input, skip_lines), .max = SKIP_LINES_MAX,
     .standard = "0", .help = "lines before the header line, blank ones and sep= included", .example = "2",
     .hints = (const char *const[]){"skip_rows", "skiprows", "skip_header", "skip", "preamble",
                                    "header_lines", "title_lines", NULL}},
    {"header", .read = read_header, .form = "list of names", .absent = "the first line has them",
     .help = "the names of the columns, where the file has no header line", .example = "[id, email, born]",
     .hints = (const char *const[]){"columns", "names", "column_names", "field_names", NULL}},
    {"ragged", job_scalar_word, .offset = offsetof(struct job_input, ragged), .words = ragged_words,
     .standard = "reject",
     .help =
         "records with more or fewer cells than the header: pad adds empty cells, and drops empty cells too many",
     .example = "pad",
     .hints = (const char *const[]){"short_rows", "short_records", "trailing_delimiter", "fill",
                                    "null_padding", "allow_jagged_rows", NULL}},
    {"skip_footer", job_scalar_uint32, .offset = offsetof(struct job_input, skip_footer),
     .max = SKIP_FOOTER_MAX, .standard = "0",
     .help =
         "records at the end of each file that are no customers (totals); a valid customer among them is rejected as record/footer",
     .example = "1",
     .hints = (const char *const[]){"skipfooter", "footer", "footer_lines", "skip_last", "trailer", NULL}},
    {0},
};

/* One character cannot mean two things. */
static int check_characters(struct job_reader *reader, const struct job_node *value,
                            const struct job_input *input)
{
    const struct job_node *escape = job_yaml_member(value, SLICE_LITERAL("escape"));
    if (input->delimiter == input->quote)
        return job_keys_fail(
            reader, value,
            "`delimiter` and `quote` cannot be the same character\nhint: leave `quote` out: it is \" then");
    if (!escape)
        return 0;
    if (input->escape == input->quote)
        return job_keys_fail_at_key(
            reader, escape,
            "`escape` and `quote` cannot be the same character\nhint: leave `escape` out: a doubled quote is always read as one");
    if (input->escape == input->delimiter || input->escape == '\t')
        return job_keys_fail_at_key(
            reader, escape, "`escape` cannot be %s\nhint: it is a backslash in most exports that have one",
            input->escape == '\t' ? "a tab" : "the same character as `delimiter`");
    return 0;
}

int job_csv_read(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                 void *target)
{
    const struct job_input *input = target;
    if (job_keys_read(reader, value, job_csv_keys, key->name, target) != 0 ||
        check_characters(reader, value, input) != 0)
        return -1;
    if (input->header && input->skip_lines > 0)
        return job_keys_fail_at_key(
            reader, job_yaml_member(value, SLICE_LITERAL("skip_lines")),
            "`skip_lines` and `header` cannot be used together: lines are skipped before a header line, and `header` says that the file has none\nhint: where the file has a line of names, leave `header` out; else leave `skip_lines` out");
    return 0;
}

/* Programs that escape write a null value as the escape character and N. */
static void add_null(struct job_reader *reader, const struct job_node *part)
{
    struct job_input *input = &reader->job->input;
    if (!input->escape || job_yaml_member(part, SLICE_LITERAL("null_values")))
        return;
    input->null_count = 2;
    input->null_values = arena_alloc(&reader->job->arena, input->null_count * sizeof *input->null_values);
    input->null_values[0] = SLICE_LITERAL("");
    input->null_values[1] = arena_printf(&reader->job->arena, "%cN", input->escape);
}

/* What would do nothing where it is written, and seem to do it, is an error. */
int job_csv_finish(struct job_reader *reader, const struct job_node *part)
{
    static const char *const names[] = {"escape", "skip_lines", "header", "ragged", "skip_footer"};
    if (!part)
        return 0;
    if (reader->job->input.format == JOB_FORMAT_CSV) {
        add_null(reader, part);
        return 0;
    }
    const struct job_node *guards = job_yaml_member(part, SLICE_LITERAL("spreadsheet_guards"));
    if (guards && reader->job->input.strips_guards)
        return job_keys_fail_at_key(
            reader, guards, "`spreadsheet_guards` is for CSV, and the input is NDJSON\nhint: leave it out");
    const struct job_node *csv = job_yaml_member(part, SLICE_LITERAL("csv"));
    for (size_t i = 0; csv && i < sizeof names / sizeof *names; i++) {
        const struct job_node *node = job_yaml_member(csv, slice_from(names[i]));
        if (node)
            return job_keys_fail_at_key(
                reader, node, "`csv.%s` is for CSV, and the input is NDJSON\nhint: leave it out", names[i]);
    }
    return 0;
}
