/* rejects: lists the rejected and refused rows of the last run or check, from its report files. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/command.h"
#include "cmd/load_job.h"
#include "cmd/output.h"
#include "cmd/pager.h"
#include "cmd/rejects_read.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "job/job_load.h"
#include "report/format_number.h"
#include "report/rejects.h"

enum { OUT_MAX = 1 << 30, FLUSH_LEN = 64 * 1024, SUMMARY_MAX = 64 << 20, RULES_MAX = 256, RULE_SIZE = 300 };

/* The last summary of a run or of a check. */
struct last {
    char *folder; /* NULL: there is none */
    struct timespec written;
    char command[16], finished[32];
    uint64_t read, rejected, refused;
    uint64_t warned; /* records that have a warning of --rule */
};

struct listing {
    const struct options *options;
    struct job *job;
    const struct provider *provider;
    struct explain_settings settings;
    struct pager pager;
    struct buffer out;
    uint64_t listed;
    char rules[RULES_MAX][RULE_SIZE]; /* those of all rows, listed or not */
    size_t rule_count;
};

static uint64_t number_of(const struct json_node *nodes, const char *key)
{
    size_t member = json_member(nodes, 0, key);

    return member && nodes[member].kind == JSON_NUMBER ? strtoull(nodes[member].text.data, NULL, 10) : 0;
}

/* The records that have a warning of the rule. */
static uint64_t warnings_of(const struct json_node *nodes, const char *rule)
{
    size_t rules = json_member(nodes, 0, "warnings_by_rule");
    size_t found = rules && rule ? json_member(nodes, rules, rule) : 0;

    return found && nodes[found].kind == JSON_NUMBER ? strtoull(nodes[found].text.data, NULL, 10) : 0;
}

static void copy_text(const struct json_node *nodes, const char *key, char *out, size_t size)
{
    size_t member = json_member(nodes, 0, key);

    text_format(out, size, "%.*s", member ? (int)nodes[member].text.len : 0,
                member ? nodes[member].text.data : "");
}

/* Replaces *last by the report in a folder if that is newer. Takes folder. */
static void consider(struct last *last, char *folder, const char *rule)
{
    char *path = file_join(folder, "summary.json");
    struct json_reader *reader = json_reader_new();
    struct json_fault fault;
    struct error error;
    struct buffer text;
    struct stat about;
    size_t count;

    buffer_init(&text, SUMMARY_MAX);
    bool is_newer =
        file_read_about(path, &text, &about, &error) == 0 &&
        (!last->folder || about.st_mtim.tv_sec > last->written.tv_sec ||
         (about.st_mtim.tv_sec == last->written.tv_sec && about.st_mtim.tv_nsec > last->written.tv_nsec));
    const struct json_node *nodes =
        is_newer ? json_reader_parse(reader, buffer_slice(&text), &count, &fault) : NULL;
    if (nodes) {
        free(last->folder);
        *last = (struct last){.folder = folder,
                              .written = about.st_mtim,
                              .read = number_of(nodes, "read"),
                              .rejected = number_of(nodes, "rejected"),
                              .refused = number_of(nodes, "refused"),
                              .warned = warnings_of(nodes, rule)};
        copy_text(nodes, "command", last->command, sizeof last->command);
        copy_text(nodes, "finished", last->finished, sizeof last->finished);
    } else {
        free(folder);
    }
    json_reader_free(reader);
    buffer_clear(&text);
    free(path);
}

static void note_rule(struct listing *listing, struct slice name)
{
    char text[RULE_SIZE];

    text_format(text, sizeof text, "%.*s", (int)name.len, name.data);
    for (size_t i = 0; i < listing->rule_count; i++)
        if (strcmp(listing->rules[i], text) == 0)
            return;
    if (listing->rule_count < RULES_MAX)
        memcpy(listing->rules[listing->rule_count++], text, sizeof text);
}

/* True if a verdict is that of --rule: `phone/format`, or `format` of any field. */
static bool is_rule(const struct listing *listing, struct slice name)
{
    const char *wanted = listing->options->rule, *slash = memchr(name.data, '/', name.len);

    if (!wanted || slice_is(name, wanted))
        return true;
    return slash && slice_is(slice_skip(name, (size_t)(slash + 1 - name.data)), wanted);
}

static bool is_wanted(struct listing *listing, struct slice verdicts)
{
    struct slice name;
    bool wanted = false;

    while (slice_next_item(&verdicts, SLICE_LITERAL(";"), &name)) {
        note_rule(listing, name);
        wanted = is_rule(listing, name) || wanted;
    }
    return wanted;
}

static int flush(struct listing *listing, struct error *error)
{
    int result = pager_write(&listing->pager, buffer_slice(&listing->out), error);

    buffer_reset(&listing->out);
    return result;
}

/* A line that is read without a fault was too long in its input, and is kept shortened; or the input ended in
 * it. */
static struct slice broken_verdicts(const struct record *record, struct arena *arena)
{
    return record->fault ? arena_printf(arena, "record/%s", record->fault)
                         : SLICE_LITERAL("record/" RULE_TOO_LONG ";record/" RULE_CUT);
}

static bool is_full(const struct listing *listing)
{
    const struct options *options = listing->options;

    return listing->pager.quit || (options->limit && listing->listed == options->limit);
}

static int list_file(struct listing *listing, const char *folder, const char *name, bool is_broken,
                     struct error *error)
{
    char *path = file_join(folder, name);
    struct rejects_file *file = rejects_file_open(listing->job, listing->provider, path, is_broken, error);
    struct found_record found;
    struct rejects_added added;
    int result = file ? 0 : -1;

    while (result == 0 && !is_full(listing)) {
        int more = rejects_file_next(file, &found, &added, error);
        if (more <= 0) {
            result = more;
            break;
        }
        bool is_row = !is_broken && !found.record->fault;
        if (!is_wanted(listing, is_row ? added.verdicts : broken_verdicts(found.record, found.arena)))
            continue;
        listing->listed++;
        if (is_row)
            rejects_write_row(&listing->settings, &found, &added);
        else
            rejects_write_broken(&listing->settings, found.record, found.arena, name);
        if (listing->out.len >= FLUSH_LEN)
            result = flush(listing, error);
    }
    rejects_file_close(file);
    free(path);
    return result;
}

static bool has_file(const char *folder, const char *name)
{
    char *path = file_join(folder, name);
    bool has = access(path, F_OK) == 0;

    free(path);
    return has;
}

static void write_head(struct listing *listing, const struct last *last)
{
    struct buffer *out = &listing->out;
    char number[FORMAT_NUMBER_SIZE];

    buffer_printf(out, "%s of %s: %s rejected", last->command, last->finished,
                  format_number_count(last->rejected, number));
    if (last->refused > 0)
        buffer_printf(out, ", %s refused", format_number_count(last->refused, number));
    buffer_printf(out, " of %s rows (%s)\n", format_number_count(last->read, number), last->folder);
    if (last->rejected + last->refused > 0 && !listing->options->unmask)
        buffer_append_text(out, "values are masked (--unmask shows them)\n");
}

static int fail_no_such_rule(const struct listing *listing, const struct last *last, struct error *error)
{
    const char *names[RULES_MAX + 1] = {0};
    char hint[TEXT_HINT_SIZE];

    if (last->warned) {
        char records[FORMAT_NUMBER_SIZE];
        return error_set(
            error, ERROR_USAGE,
            "no rejected row has the rule `%s`: it is a warning, of %s record%s\nhint: the first row is in `kyc-import check %s`; `kyc-import explain %s --row N` shows the warnings of a row",
            listing->options->rule, format_number_count(last->warned, records), last->warned == 1 ? "" : "s",
            listing->options->argument, listing->options->argument);
    }
    for (size_t i = 0; i < listing->rule_count; i++)
        names[i] = listing->rules[i];
    text_hint_names(slice_from(listing->options->rule), names, hint);
    return error_set(error, ERROR_USAGE,
                     listing->rule_count ? "no rejected row has the rule `%s`\nhint: %s"
                                         : "no rejected row has the rule `%s`: there is no rejected row",
                     listing->options->rule, hint);
}

static int list_rows(struct listing *listing, const struct last *last, struct error *error)
{
    const enum job_format formats[] = {JOB_FORMAT_CSV, JOB_FORMAT_NDJSON};
    int result = 0;

    write_head(listing, last);
    for (int is_broken = 0; is_broken <= 1; is_broken++) {
        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
            const char *name = is_broken ? rejects_broken_name(formats[i]) : rejects_file_name(formats[i]);
            if (result != 0 || is_full(listing) || !has_file(last->folder, name))
                continue;
            listing->job->input.format = formats[i];
            result = list_file(listing, last->folder, name, is_broken, error);
        }
    }
    if (result == 0 && listing->options->rule && listing->listed == 0)
        return fail_no_such_rule(listing, last, error);
    return result == 0 ? flush(listing, error) : result;
}

static int list(const struct options *options, struct job *job, const struct provider *provider,
                struct error *error)
{
    struct listing listing = {.options = options, .job = job, .provider = provider};
    struct last last = {0};

    consider(&last, memory_copy(slice_from(job->report_folder)), options->rule);
    consider(&last, file_join(job->report_folder, "check"), options->rule);
    if (!last.folder)
        return error_set(error, ERROR_USAGE,
                         "%s: there is no report yet\nhint: kyc-import check %s writes one",
                         job->report_folder, options->argument);
    buffer_init(&listing.out, OUT_MAX);
    listing.settings = (struct explain_settings){
        .job = job, .provider = provider, .unmask = options->unmask, .out = &listing.out};
    int result = pager_open(&listing.pager, error);
    if (result == 0) {
        struct error closing;
        result = list_rows(&listing, &last, error);
        if (pager_close(&listing.pager, &closing) != 0 && result == 0) {
            *error = closing;
            result = -1;
        }
    }
    buffer_clear(&listing.out);
    free(last.folder);
    return result;
}

int command_rejects(const struct options *options)
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
