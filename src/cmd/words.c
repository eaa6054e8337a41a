/* words: lists the source values of a job's enumerated fields, as `values` to paste. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/words_write.h"
#include "core/text.h"
#include "job/job_load.h"
#include "pipeline/scan_input.h"
#include "report/format_number.h"

enum { OUT_MAX = 1 << 26 };

struct listing {
    const struct options *options;
    const struct job *job;
    const struct provider *provider;
    const struct rule_set *rules;
    struct source_words *reader;
    enum field_id fields[FIELD_COUNT];
    struct words_table tables[FIELD_COUNT]; /* of each of fields */
    size_t field_count;
    uint64_t rows, skipped, malformed;
    struct buffer out;
};

static int fail_field(const struct listing *listing, const char *const *names, struct error *error)
{
    const char *wanted = listing->options->field;
    enum field_id field = field_by_name(slice_from(wanted));
    char hint[TEXT_HINT_SIZE];

    text_hint_names(slice_from(wanted), field == FIELD_NONE ? field_names() : names, hint);
    if (field == FIELD_NONE)
        return error_set(error, ERROR_USAGE, "unknown field `%s`\nhint: %s", wanted, hint);
    text_join_names(names, ", ", hint);
    return error_set(error, ERROR_USAGE,
                     "%s is not a field of words that the job reads from a column\nhint: such fields are %s",
                     wanted, names[0] ? hint : "none of this job");
}

/* Chooses the fields, once the header is known. */
static int begin(void *context, const struct rule_set *rules, struct error *error)
{
    struct listing *listing = context;
    const char *names[FIELD_COUNT + 1] = {0}, *wanted = listing->options->field;
    size_t name_count = 0;

    for (enum field_id field = 0; field < FIELD_COUNT; field++) {
        if (!source_words_has(rules, field))
            continue;
        names[name_count++] = field_name(field);
        if (!wanted || strcmp(wanted, field_name(field)) == 0)
            listing->fields[listing->field_count++] = field;
    }
    if (wanted && listing->field_count == 0)
        return fail_field(listing, names, error);
    for (size_t i = 0; i < listing->field_count; i++)
        words_table_init(&listing->tables[i]);
    listing->rules = rules;
    listing->reader = source_words_new(rules);
    return 0;
}

static void add_word(void *context, struct slice word)
{
    words_table_add(context, word);
}

static void add_record(void *context, const struct record *record, struct arena *arena)
{
    struct listing *listing = context;

    listing->rows++;
    listing->skipped += record->skipped;
    listing->malformed += record->fault != NULL;
    if (record->skipped || record->fault)
        return;
    source_words_begin(listing->reader, record, arena);
    for (size_t i = 0; i < listing->field_count; i++)
        source_words_each(listing->reader, listing->fields[i], add_word, &listing->tables[i]);
}

static void write_head(struct listing *listing)
{
    struct buffer *out = &listing->out;
    char number[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "# words in %s row%s", format_number_count(listing->rows, number),
                  listing->rows == 1 ? "" : "s");
    if (listing->skipped > 0)
        buffer_printf(out, ", %s skipped", format_number_count(listing->skipped, number));
    if (listing->malformed > 0)
        buffer_printf(out, ", %s malformed", format_number_count(listing->malformed, number));
    buffer_append_text(out, listing->field_count
                                ? "; a mapping below takes the place of the field's in the job\nfields:\n"
                                : ": the job reads no field of words from a column\n");
}

static void end(void *context)
{
    struct listing *listing = context;

    write_head(listing);
    for (size_t i = 0; i < listing->field_count; i++) {
        const size_t *columns;
        words_table_sort(&listing->tables[i]);
        words_write_field(&listing->out, listing->provider->name,
                          rule_set_source(listing->rules, listing->fields[i], &columns), listing->rules,
                          listing->reader, &listing->tables[i]);
    }
}

static int list(const struct options *options, struct job *job, const struct provider *provider,
                struct error *error)
{
    static struct listing listing; /* large, and the main thread's */
    const struct scan_visitor visitor = {
        .begin = begin, .record = add_record, .end = end, .context = &listing};

    listing = (struct listing){.options = options, .job = job, .provider = provider};
    buffer_init(&listing.out, OUT_MAX);
    int status = scan_input(job, provider, options->limit, &visitor, error);
    if (status == 0)
        status = output_result(buffer_slice(&listing.out), 0);
    for (size_t i = 0; i < listing.field_count; i++)
        words_table_clear(&listing.tables[i]);
    source_words_free(listing.reader);
    buffer_clear(&listing.out);
    return status;
}

int command_words(const struct options *options)
{
    const struct provider *provider;
    struct error error;
    struct job *job = load_job(options, LOAD_JOB_READ, &provider, &error);
    int status = job ? list(options, job, provider, &error) : -1;

    if (status < 0)
        status = output_error(&error);
    job_free(job);
    return status;
}
