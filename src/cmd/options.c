#include "cmd/options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_TEXTS,
    OPTION_NUMBER,
    OPTION_PROGRESS,
    OPTION_LOG_FORMAT,
    OPTION_RESULTS_FORMAT
};

struct option {
    const char *name;  /* `--limit` or `-q` */
    const char *value; /* what the help calls its value; NULL: a flag */
    enum option_kind kind;
    unsigned commands;
    size_t offset; /* in struct options; of OPTION_TEXTS the list, its count at `count_at` */
    size_t count_at;
    const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct option option_table[] = {
    {"--input", "PATH", OPTION_TEXTS, OPTION_CHECK | OPTION_RUN | OPTION_EXPLAIN, AT(inputs), AT(input_count),
     "instead of the job's input.path; - is standard input"},
    {"--set", "KEY=VALUE", OPTION_TEXTS, OPTION_WITH_JOB, AT(sets), AT(set_count),
     "any job setting but credentials, as in --set delivery.rate=5/s; may be given several times"},
    {"--limit", "N", OPTION_NUMBER, OPTION_CHECK | OPTION_RUN, AT(limit), 0, "stop after N records of input"},
    {"--report", "DIR", OPTION_TEXT, OPTION_CHECK | OPTION_RUN, AT(report), 0,
     "where the report files go; those of a check into its folder `check`"},
    {"--progress", "auto|always|never", OPTION_PROGRESS, OPTION_CHECK | OPTION_RUN, AT(progress), 0,
     "a live line; auto: on a terminal"},
    {"--dry-run", NULL, OPTION_FLAG, OPTION_RUN, AT(dry_run), 0, "the same as check"},
    {"--strict", NULL, OPTION_FLAG, OPTION_RUN, AT(strict), 0,
     "read the input twice, and send nothing unless every row is valid"},
    {"--retry-refused", NULL, OPTION_FLAG, OPTION_RUN, AT(retry_refused), 0,
     "repeat the operations that the provider refused"},
    {"--accept-updates", NULL, OPTION_FLAG, OPTION_RUN, AT(accept_updates), 0,
     "go on although delivery.stop_after.updated_share was passed"},
    {"--new-ledger", NULL, OPTION_FLAG, OPTION_RUN | OPTION_RESOLVE, AT(new_ledger), 0,
     "go on although the ledger is missing, or older than it was at its last run"},
    {"--json", NULL, OPTION_FLAG, OPTION_CHECK | OPTION_RUN | OPTION_STATUS | OPTION_PROBE, AT(json), 0,
     "the summary on standard output as one JSON object"},
    {"--verify", NULL, OPTION_FLAG, OPTION_STATUS, AT(verify), 0,
     "walk the event chain, and compare every customer with its events"},
    {"--against-provider", NULL, OPTION_FLAG, OPTION_STATUS, AT(against_provider), 0,
     "ask the provider for every user of the ledger; with or without --verify"},
    {"--provider", "NAME", OPTION_TEXT, OPTION_GUESS, AT(provider), 0,
     "whose fields the columns are matched to"},
    {"--rows", "N", OPTION_NUMBER, OPTION_GUESS, AT(rows), 0, "how many rows to look at (1000)"},
    {"--row", "N", OPTION_NUMBER, OPTION_EXPLAIN, AT(row), 0,
     "the record by its number in the input, from 1"},
    {"--key", "ID", OPTION_TEXT, OPTION_EXPLAIN | OPTION_RESOLVE, AT(key), 0,
     "the customer with this external_id"},
    {"--user", "USER_ID", OPTION_TEXT, OPTION_RESOLVE, AT(user), 0, "its user at the provider"},
    {"--absent", NULL, OPTION_FLAG, OPTION_RESOLVE, AT(absent), 0,
     "it has no user there, or is another person than its twin: the next run creates it"},
    {"--from", "FILE", OPTION_TEXT, OPTION_RESOLVE, AT(from), 0,
     "a CSV file with the columns external_id and user_id: users that existed before"},
    {"--unchecked", NULL, OPTION_FLAG, OPTION_RESOLVE, AT(unchecked), 0,
     "write what is said of a user without asking the provider"},
    {"--same-as", "ID", OPTION_TEXT, OPTION_RESOLVE, AT(same_as), 0,
     "it is the known customer ID, which gets this key"},
    {"--rekey", "FILE", OPTION_TEXT, OPTION_RESOLVE, AT(rekey), 0,
     "a CSV file with the columns old_external_id and new_external_id: new keys of known customers"},
    {"--format", "csv|ndjson", OPTION_RESULTS_FORMAT, OPTION_RESULTS, AT(format), 0,
     "how the lines are written (csv)"},
    {"--unmask", NULL, OPTION_FLAG, OPTION_EXPLAIN, AT(unmask), 0,
     "show the values themselves, not their shapes"},
    {"--log-format", "text|json", OPTION_LOG_FORMAT, OPTION_ALL, AT(log_json), 0,
     "log lines on standard error"},
    {"-q", NULL, OPTION_FLAG, OPTION_ALL, AT(quiet), 0,
     "only warnings and errors; no result of check, run, status, resolve and probe when all is well"},
    {"-v", NULL, OPTION_FLAG, OPTION_ALL, AT(verbose), 0, "more detail"},
    {"--help", NULL, OPTION_FLAG, OPTION_ALL, AT(help), 0, "this"},
};

enum { OPTION_COUNT = sizeof option_table / sizeof option_table[0] };

/* `--name`, and of `--name=value` the name only. */
static const struct option *find_option(const char *argument, size_t len)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(option_table[i].name) == len && strncmp(option_table[i].name, argument, len) == 0)
            return &option_table[i];
    return NULL;
}

static int fail_unknown(const char *argument, size_t len, unsigned command, struct error *error)
{
    const char *names[OPTION_COUNT + 1] = {0};
    size_t count = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (option_table[i].commands & command)
            names[count++] = option_table[i].name;
    const char *nearest = text_nearest(slice_make(argument, len), names);
    return error_set(error, ERROR_USAGE, "unknown option %.*s%s%s%s (see --help)", (int)len, argument,
                     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static int set_number(uint64_t *number, const char *name, const char *value, struct error *error)
{
    char *end;

    errno = 0;
    *number = strtoull(value, &end, 10);
    if (errno || *end || end == value || value[0] == '-' || *number == 0)
        return error_set(error, ERROR_USAGE, "%s takes a whole number from 1, not `%s`", name, value);
    return 0;
}

static int set_choice(const char *const *choices, int *chosen, const char *name, const char *value,
                      struct error *error)
{
    for (*chosen = 0; choices[*chosen]; ++*chosen)
        if (strcmp(choices[*chosen], value) == 0)
            return 0;
    return error_set(error, ERROR_USAGE, "%s does not take `%s` (see --help)", name, value);
}

static int set_option(struct options *options, const struct option *option, const char *value,
                      struct error *error)
{
    static const char *const progress_words[] = {"auto", "always", "never", NULL};
    static const char *const log_level_names[] = {"text", "json", NULL};
    static const char *const format_words[] = {"csv", "ndjson", NULL};
    char *base = (char *)options;
    int chosen;

    assert(value || option->kind == OPTION_FLAG);
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)(void *)(base + option->offset) = true;
        break;
    case OPTION_TEXT:
        *(const char **)(void *)(base + option->offset) = value;
        break;
    case OPTION_TEXTS: {
        const char ***list = (const char ***)(void *)(base + option->offset);
        size_t *count = (size_t *)(void *)(base + option->count_at);
        *list = memory_resize(*list, *count + 1, sizeof **list);
        (*list)[(*count)++] = value;
        break;
    }
    case OPTION_NUMBER:
        return set_number((uint64_t *)(void *)(base + option->offset), option->name, value, error);
    case OPTION_PROGRESS:
        if (set_choice(progress_words, &chosen, option->name, value, error) != 0)
            return -1;
        options->progress = (enum progress_mode)chosen;
        break;
    case OPTION_LOG_FORMAT:
        if (set_choice(log_level_names, &chosen, option->name, value, error) != 0)
            return -1;
        options->log_json = chosen == 1;
        break;
    case OPTION_RESULTS_FORMAT:
        if (set_choice(format_words, &chosen, option->name, value, error) != 0)
            return -1;
        options->format = (enum results_format)chosen;
        break;
    }
    return 0;
}

int options_parse(struct options *options, unsigned command, char **arguments, struct error *error)
{
    bool only_arguments = false;

    *options = (struct options){0};
    for (char **item = arguments; *item; item++) {
        const char *argument = *item, *value = NULL;
        if (only_arguments || argument[0] != '-' || strcmp(argument, "-") == 0) {
            if (options->argument)
                return error_set(error, ERROR_USAGE, "one argument is enough: `%s` is too much", argument);
            options->argument = argument;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_arguments = true;
            continue;
        }
        size_t len = strcspn(argument, "=");
        const struct option *option = find_option(argument, len);
        if (!option)
            return fail_unknown(argument, len, command, error);
        if (!(option->commands & command))
            return error_set(error, ERROR_USAGE, "%s is not an option of this command (see --help)",
                             option->name);
        if (argument[len] == '=')
            value = argument + len + 1;
        if (!option->value && value)
            return error_set(error, ERROR_USAGE, "%s takes no value", option->name);
        if (option->value && !value && !(value = *++item))
            return error_set(error, ERROR_USAGE, "%s needs a value: %s %s", option->name, option->name,
                             option->value);
        if (set_option(options, option, value, error) != 0)
            return -1;
    }
    return 0;
}

void options_clear(struct options *options)
{
    free(options->inputs);
    free(options->sets);
}

void options_help(unsigned command, struct buffer *out)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];
        if (!(option->commands & command))
            continue;
        struct buffer text;
        buffer_init(&text, 128);
        buffer_printf(&text, "%s%s%s", option->name, option->value ? " " : "",
                      option->value ? option->value : "");
        buffer_printf(out, "  %-30s %s\n", text.data, option->help);
        buffer_clear(&text);
    }
}
