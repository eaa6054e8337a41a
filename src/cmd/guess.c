/* guess: writes a first job file from an export's header and a sample of its rows. */
#include <string.h>

#include "cmd/command.h"
#include "cmd/infer_header.h"
#include "cmd/infer_sample.h"
#include "cmd/infer_write.h"
#include "cmd/output.h"

#include "core/log.h"
#include "core/text.h"
#include "provider/provider.h"
#include "provider/provider_table.h"

enum { ROWS_DEFAULT = 1000, RESULT_MAX = 1 << 24 };

static const struct provider *find_provider(const char *name, struct error *error)
{
    const struct provider *provider = name ? provider_find(name) : NULL;
    const char *nearest = name ? text_nearest(slice_from(name), provider_names()) : NULL;
    char known[TEXT_HINT_SIZE];

    text_join_names(provider_names(), ", ", known);
    if (!name)
        error_set(error, ERROR_USAGE, "no provider given\nhint: --provider NAME, one of %s", known);
    else if (!provider && nearest)
        error_set(error, ERROR_USAGE, "unknown provider `%s`\nhint: did you mean --provider %s?", name,
                  nearest);
    else if (!provider)
        error_set(error, ERROR_USAGE, "unknown provider `%s`\nhint: --provider NAME, one of %s", name, known);
    return provider;
}

/* A job names columns, so at least one must have a name that no other has. */
static bool has_named_column(const struct infer_sample *sample)
{
    for (size_t i = 0; i < sample->column_count; i++)
        if (infer_sample_is_named(sample, i))
            return true;
    return false;
}

static int check_columns(const struct infer_sample *sample, const char *path, struct error *error)
{
    if (sample->shape.has_no_header || has_named_column(sample))
        return 0;
    if (sample->format == JOB_FORMAT_NDJSON)
        return error_set(error, ERROR_INPUT,
                         "%s: the objects have no members\nhint: check whether its export has failed", path);
    return error_set(
        error, ERROR_INPUT,
        "%s: no column has a name of its own\nhint: name the columns in the job: input: {csv: {header: [NAME, …]}}",
        path);
}

/* A job cannot name an encoding in which its delimiter, quote or escape is a part of other characters. */
static int check_encoding(const struct infer_sample *sample, const char *path, struct error *error)
{
    const char separators[] = {sample->input.delimiter, sample->input.quote, sample->input.escape};

    if (sample->format == JOB_FORMAT_NDJSON)
        return 0;
    for (size_t i = 0; i < sizeof separators; i++)
        if (separators[i] && encoding_has_trail(&sample->encoding, separators[i]))
            return error_set(
                error, ERROR_INPUT,
                "%s: is not UTF-8, most plausibly %s, in which the byte of its separator `%c` is the second half of other characters\nhint: convert it first: iconv -f %s -t UTF-8 FILE (iconv -l lists the encodings)",
                path, encoding_name(&sample->encoding), separators[i], encoding_name(&sample->encoding));
    return 0;
}

static int guess(const struct options *options, const struct provider *provider, struct error *error)
{
    struct infer_sample sample;
    int status =
        infer_sample_read(&sample, options->argument, options->rows ? options->rows : ROWS_DEFAULT, error);

    if (status == 0)
        status = check_columns(&sample, options->argument, error);
    if (status == 0)
        status = check_encoding(&sample, options->argument, error);
    if (status == 0) {
        struct buffer out;
        buffer_init(&out, RESULT_MAX);
        if (sample.shape.has_no_header)
            infer_header_name(&sample);
        size_t todos = infer_write_job(&sample, provider, options->argument, &out);
        if (sample.read_error)
            log_warning("only %zu rows could be read: %s", sample.row_count, sample.read_error);
        if (sample.row_count == 0)
            log_warning("%s: there is no row to look at, so only the header was used", options->argument);
        if (todos)
            log_info("%zu line%s left to you: look for TODO in the file, and then for CHECK", todos,
                     todos == 1 ? " is" : "s are");
        status = output_result(buffer_slice(&out), 0);
        buffer_clear(&out);
    }
    infer_sample_clear(&sample);
    return status;
}

int command_guess(const struct options *options)
{
    struct error error = {0};
    const struct provider *provider = find_provider(options->provider, &error);
    int status = provider ? guess(options, provider, &error) : -1;

    return status >= 0 ? status : output_error(&error);
}
