#include "cmd/options.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"
#include "ledger/ledger_row.h"
#include "model/verification.h"

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_TEXTS,
    OPTION_NUMBER,
    OPTION_PROGRESS,
    OPTION_LOG_FORMAT,
    OPTION_RESULTS_FORMAT,
    OPTION_STATES, /* of users that may need a link: not verified */
    OPTION_ALL_STATES,
    OPTION_CUSTOMER_STATES,
};

struct option {
    const char *name;  /* `--limit` or `-q` */
    const char *value; /* its placeholder in the help, or its choices; NULL: a flag */
    enum option_kind kind;
    unsigned commands;
    size_t offset;       /* in struct options */
    size_t count_offset; /* of OPTION_TEXTS: the length of the list at offset */
    const char *help;
};

enum { STATES_MAX = 8 };

#define OFFSET(member) offsetof(struct options, member)

static const struct option option_table[] = {
    {"--input", "PATH", OPTION_TEXTS,
     OPTION_CHECK | OPTION_RUN | OPTION_EXPLAIN | OPTION_WORDS | OPTION_DOCUMENTS | OPTION_ADOPT |
         OPTION_MERGE,
     OFFSET(inputs), OFFSET(input_count), "instead of the job's input.path; - is standard input"},
    {"--set", "KEY=VALUE", OPTION_TEXTS, OPTION_WITH_JOB, OFFSET(sets), OFFSET(set_count),
     "any job setting but credentials, as in --set delivery.rate=5/s; may be given several times"},
    {"--limit", "N", OPTION_NUMBER,
     OPTION_CHECK | OPTION_RUN | OPTION_WORDS | OPTION_ADOPT | OPTION_DOCUMENTS, OFFSET(limit), 0,
     "stop after N records of input"},
    {"--limit", "N", OPTION_NUMBER, OPTION_REJECTS, OFFSET(limit), 0, "list at most N rows"},
    {"--limit", "N", OPTION_NUMBER, OPTION_LINKS, OFFSET(limit), 0, "make at most N links"},
    {"--limit", "N", OPTION_NUMBER, OPTION_REFRESH, OFFSET(limit), 0,
     "request at most N users by their id; a listing gives all users"},
    {"--only", "STATE", OPTION_STATES, OPTION_LINKS, OFFSET(only), 0,
     "only users in this state, and those of them that never had a link; pending,rejected: in either"},
    {"--only", "STATE", OPTION_ALL_STATES, OPTION_REFRESH, OFFSET(only), 0,
     "only users in this state of verification, or in several, as in pending,rejected (all but verified)"},
    {"--output", "FILE", OPTION_TEXT, OPTION_LINKS, OFFSET(output), 0,
     "the file that links are appended to, instead of links.csv in the report folder"},
    {"--report", "DIR", OPTION_TEXT,
     OPTION_CHECK | OPTION_RUN | OPTION_REJECTS | OPTION_LINKS | OPTION_ADOPT | OPTION_MERGE, OFFSET(report),
     0, "the folder of the report files; a check writes into its subfolder `check`"},
    {"--progress", "auto|always|never", OPTION_PROGRESS,
     OPTION_CHECK | OPTION_RUN | OPTION_REFRESH | OPTION_LINKS | OPTION_DOCUMENTS | OPTION_ADOPT |
         OPTION_STATUS | OPTION_RESOLVE,
     OFFSET(progress), 0,
     "a live line (always), or nothing (never); auto: live on a terminal, else one log line a minute"},
    {"--dry-run", NULL, OPTION_FLAG, OPTION_RUN, OFFSET(dry_run), 0, "the same as check"},
    {"--dry-run", NULL, OPTION_FLAG, OPTION_ADOPT, OFFSET(dry_run), 0,
     "ask the provider and show what would be adopted; write nothing to the ledger"},
    {"--strict", NULL, OPTION_FLAG, OPTION_RUN, OFFSET(strict), 0,
     "read the input twice, and send nothing unless every row is valid"},
    {"--retry-refused", NULL, OPTION_FLAG, OPTION_RUN | OPTION_LINKS | OPTION_DOCUMENTS,
     OFFSET(retry_refused), 0, "repeat the operations that the provider refused in earlier runs"},
    {"--accept-updates", NULL, OPTION_FLAG, OPTION_RUN, OFFSET(accept_updates), 0,
     "continue beyond delivery.stop_after.updated_share"},
    {"--new-ledger", NULL, OPTION_FLAG, OPTION_RUN | OPTION_RESOLVE, OFFSET(new_ledger), 0,
     "continue although the ledger is missing, or older than at its last run"},
    {"--json", NULL, OPTION_FLAG,
     OPTION_CHECK | OPTION_RUN | OPTION_STATUS | OPTION_PROBE | OPTION_LINKS | OPTION_DOCUMENTS |
         OPTION_REFRESH | OPTION_ADOPT | OPTION_BACKUP | OPTION_FORGET | OPTION_RESTORE | OPTION_LEDGER |
         OPTION_MERGE,
     OFFSET(json), 0, "print the summary as one JSON object"},
    {"--rows-ok", NULL, OPTION_FLAG,
     OPTION_CHECK | OPTION_RUN | OPTION_REFRESH | OPTION_LINKS | OPTION_DOCUMENTS | OPTION_ADOPT |
         OPTION_MERGE,
     OFFSET(rows_ok), 0, "exit with 0 in the place of 1: rows that need a look are a success"},
    {"--verify", NULL, OPTION_FLAG, OPTION_STATUS, OFFSET(verify), 0,
     "verify the event chain, and compare every customer with its events"},
    {"--against-provider", NULL, OPTION_FLAG, OPTION_STATUS, OFFSET(against_provider), 0,
     "request every user of the ledger from the provider; with or without --verify"},
    {"--against-provider", NULL, OPTION_FLAG, OPTION_CHECK, OFFSET(against_provider), 0,
     "list the provider's users too, and show what adopt would do"},
    {"--shard", "I/N", OPTION_TEXT, OPTION_CHECK, OFFSET(shard), 0,
     "check shard I of N (from 0/N) of the inputs, for merge; --report is then the folder of this shard"},
    {"--shard-key", "REFERENCE", OPTION_TEXT, OPTION_CHECK | OPTION_MERGE, OFFSET(shard_key), 0,
     "env:NAME or file:PATH: the key (at least 16 bytes) by which shards compare values, the same for all; else the ledger's"},
    {"--repeats", "FILE", OPTION_TEXT, OPTION_CHECK, OFFSET(repeats), 0,
     "with --shard: the values that other shards have, too, as merge has found them"},
    {"--shards", "N", OPTION_NUMBER, OPTION_MERGE, OFFSET(shards), 0,
     "merge the N shards in the report folder, in the place of DIR..."},
    {"--wait", "DURATION", OPTION_TEXT, OPTION_MERGE, OFFSET(wait), 0,
     "wait for shards that are missing or outdated, as in 2h"},
    {"--again", NULL, OPTION_FLAG, OPTION_MERGE, OFFSET(again), 0,
     "make the shards that are missing or outdated, or have values of another shard, here"},
    {"--notify", NULL, OPTION_FLAG, OPTION_PROBE, OFFSET(notify), 0,
     "send a test to the program or webhook of the job's `notify`"},
    {"--provider", "NAME", OPTION_TEXT, OPTION_GUESS, OFFSET(provider), 0,
     "the provider whose fields the columns are matched to"},
    {"--rows", "N", OPTION_NUMBER, OPTION_GUESS, OFFSET(rows), 0, "the number of rows to look at (1000)"},
    {"--row", "N", OPTION_NUMBER, OPTION_EXPLAIN, OFFSET(row), 0,
     "the record with this number in the input, from 1"},
    {"--key", "ID", OPTION_TEXT, OPTION_EXPLAIN | OPTION_RESOLVE, OFFSET(key), 0,
     "the customer with this external_id"},
    {"--key", "ID", OPTION_TEXT, OPTION_FORGET, OFFSET(key), 0, "forget the customer with this external_id"},
    {"--from", "FILE", OPTION_TEXT, OPTION_FORGET, OFFSET(from), 0,
     "forget the customers of a CSV file with the column external_id"},
    {"--user", "USER_ID", OPTION_TEXT, OPTION_RESOLVE, OFFSET(user), 0, "its user at the provider"},
    {"--absent", NULL, OPTION_FLAG, OPTION_RESOLVE, OFFSET(absent), 0,
     "it has no user there, or is another person than its twin: the next run creates it"},
    {"--from", "FILE", OPTION_TEXT, OPTION_RESOLVE, OFFSET(from), 0,
     "a CSV file with the columns external_id and user_id (or the word absent), as results --state in_doubt"},
    {"--unchecked", NULL, OPTION_FLAG, OPTION_RESOLVE, OFFSET(unchecked), 0,
     "write it without requesting the user from the provider first"},
    {"--same-as", "ID", OPTION_TEXT, OPTION_RESOLVE, OFFSET(same_as), 0,
     "it is the known customer ID, whose key becomes this one"},
    {"--rekey", "FILE", OPTION_TEXT, OPTION_RESOLVE, OFFSET(rekey), 0,
     "a CSV file with the columns old_external_id and new_external_id: new keys of known customers"},
    {"--older", "DURATION", OPTION_TEXT, OPTION_REFRESH, OFFSET(older), 0,
     "only users whose state was not read for so long, as in 24h"},
    {"--verification", "STATE", OPTION_ALL_STATES, OPTION_RESULTS, OFFSET(verification), 0,
     "only customers whose user is in this state of verification, or in several"},
    {"--state", "STATE", OPTION_CUSTOMER_STATES, OPTION_RESULTS, OFFSET(states), 0,
     "only customers in this state, or in several, as in in_doubt,refused; --from of resolve reads the lines"},
    {"--since", "TIME", OPTION_TEXT, OPTION_RESULTS | OPTION_STATUS, OFFSET(since), 0,
     "only changes of the verification since this day or time, as in 2026-11-21T08:00Z"},
    {"--max-age", "DURATION", OPTION_TEXT, OPTION_STATUS, OFFSET(max_age), 0,
     "status 1 when no run was complete (status 0 or 1, its input read to the end, nothing unsent) for so long, as in 26h"},
    {"--format", "csv|ndjson", OPTION_RESULTS_FORMAT, OPTION_RESULTS | OPTION_LINKS, OFFSET(format), 0,
     "the format of the lines (csv)"},
    {"--rule", "NAME", OPTION_TEXT, OPTION_REJECTS, OFFSET(rule), 0,
     "only rows with this verdict, as in --rule phone/format; RULE alone is that of any field"},
    {"--field", "NAME", OPTION_TEXT, OPTION_WORDS, OFFSET(field), 0, "only the words of this field"},
    {"--unmask", NULL, OPTION_FLAG, OPTION_EXPLAIN | OPTION_REJECTS, OFFSET(unmask), 0,
     "show the values instead of their shapes"},
    {"--log-format", "text|json", OPTION_LOG_FORMAT, OPTION_ALL, OFFSET(log_json), 0,
     "the format of the log lines on standard error"},
    {"-q", NULL, OPTION_FLAG, OPTION_ALL, OFFSET(quiet), 0,
     "print warnings and errors only; no summary at status 0"},
    {"-v", NULL, OPTION_FLAG, OPTION_ALL, OFFSET(verbose), 0, "print more detail"},
    {"--help", NULL, OPTION_FLAG, OPTION_ALL, OFFSET(help), 0, "print this help"},
};

enum { OPTION_COUNT = sizeof option_table / sizeof option_table[0] };

/* `--name`, and of `--name=value` the name only: the command's, else another command's. */
static const struct option *find_option(const char *argument, size_t len, unsigned command)
{
    const struct option *found = NULL;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strlen(option_table[i].name) == len && strncmp(option_table[i].name, argument, len) == 0 &&
            (!found || option_table[i].commands & command))
            found = &option_table[i];
    return found;
}

static int fail_unknown(const char *argument, size_t len, unsigned command, struct error *error)
{
    const char *names[OPTION_COUNT + 1] = {0};
    size_t count = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (option_table[i].commands & command)
            names[count++] = option_table[i].name;
    const char *nearest = text_nearest(slice_make(argument, len), names);
    return error_set(error, ERROR_USAGE, "unknown option %.*s\nhint: %s%s%s--help lists the options",
                     (int)len, argument, nearest ? "did you mean " : "", nearest ? nearest : "",
                     nearest ? "? " : "");
}

static int set_number(uint64_t *number, const char *name, const char *value, struct error *error)
{
    char *end;

    errno = 0;
    *number = strtoull(value, &end, 10);
    if (errno || *end || end == value || value[0] == '-' || *number == 0)
        return error_set(error, ERROR_USAGE, "%s must be a whole number from 1, not `%s`", name, value);
    return 0;
}

static int set_choice(const char *const *choices, int *chosen, const struct option *option, const char *value,
                      struct error *error)
{
    for (*chosen = 0; choices[*chosen]; ++*chosen)
        if (strcmp(choices[*chosen], value) == 0)
            return 0;
    return error_set(error, ERROR_USAGE, "%s cannot be `%s`\nhint: %s %s", option->name, value, option->name,
                     option->value);
}

/* What a list of states may name: the words, ended by NULL, and the bit of each. */
struct states {
    const char *words[STATES_MAX + 1];
    unsigned bits[STATES_MAX];
};

static void list_states(enum option_kind kind, struct states *states)
{
    size_t count = 0;

    *states = (struct states){0};
    for (unsigned i = 0; kind == OPTION_CUSTOMER_STATES && i <= LEDGER_ERASED; i++) {
        states->bits[count] = 1u << i;
        states->words[count++] = ledger_state_word((enum ledger_state)i);
    }
    for (unsigned i = 0; kind != OPTION_CUSTOMER_STATES && i < VERIFICATION_COUNT; i++) {
        if (kind == OPTION_STATES && i == VERIFICATION_VERIFIED)
            continue;
        states->bits[count] = 1u << i;
        states->words[count++] = verification_word((enum verification)i);
    }
    if (kind == OPTION_ALL_STATES) {
        states->bits[count] = OPTIONS_DELETED;
        states->words[count++] = LEDGER_DELETED;
    }
}

/* The index of a word; of NULL: it is none of them. */
static size_t find_state(const struct states *states, struct slice word)
{
    size_t index = 0;

    while (states->words[index] && !slice_is(word, states->words[index]))
        index++;
    return index;
}

/* A word of the other kind of state names the other option of results. */
static int fail_state(const struct option *option, struct slice word, const struct states *states,
                      struct error *error)
{
    bool is_of_customer = option->kind == OPTION_CUSTOMER_STATES;
    char hint[TEXT_HINT_SIZE];
    struct states other;

    text_hint_names(word, states->words, hint);
    list_states(is_of_customer ? OPTION_ALL_STATES : OPTION_CUSTOMER_STATES, &other);
    if (option->commands == OPTION_RESULTS && other.words[find_state(&other, word)])
        text_format(hint, sizeof hint, "it is a state of %s: %s %.*s",
                    is_of_customer ? "the verification" : "the customer",
                    is_of_customer ? "--verification" : "--state", (int)word.len, word.data);
    return error_set(error, ERROR_USAGE, "%s cannot be `%.*s`\nhint: %s", option->name, (int)word.len,
                     word.len ? word.data : "", hint);
}

/* One word of --only, --verification or --state. */
static int add_state(unsigned *bits, const struct option *option, struct slice word, struct error *error)
{
    struct states states;

    list_states(option->kind, &states);
    size_t index = find_state(&states, word);
    if (!states.words[index])
        return fail_state(option, word, &states, error);
    *bits |= states.bits[index];
    return 0;
}

/* `pending,rejected`, added to what an earlier one has named. */
static int add_states(unsigned *states, const struct option *option, const char *value, struct error *error)
{
    struct slice rest = slice_from(value), word;

    if (rest.len == 0)
        return add_state(states, option, rest, error);
    while (slice_next_item(&rest, SLICE_LITERAL(","), &word))
        if (add_state(states, option, word, error) != 0)
            return -1;
    return 0;
}

static void append_text(const char ***list, size_t *count, const char *text)
{
    *list = memory_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = text;
}

static int set_option(struct options *options, const struct option *option, const char *value,
                      struct error *error)
{
    static const char *const progress_modes[] = {"auto", "always", "never", NULL};
    static const char *const log_formats[] = {"text", "json", NULL};
    static const char *const results_formats[] = {"csv", "ndjson", NULL};
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
    case OPTION_TEXTS:
        append_text((const char ***)(void *)(base + option->offset),
                    (size_t *)(void *)(base + option->count_offset), value);
        break;
    case OPTION_NUMBER:
        return set_number((uint64_t *)(void *)(base + option->offset), option->name, value, error);
    case OPTION_STATES:
    case OPTION_ALL_STATES:
    case OPTION_CUSTOMER_STATES:
        return add_states((unsigned *)(void *)(base + option->offset), option, value, error);
    case OPTION_PROGRESS:
        if (set_choice(progress_modes, &chosen, option, value, error) != 0)
            return -1;
        options->progress = (enum progress_mode)chosen;
        break;
    case OPTION_LOG_FORMAT:
        if (set_choice(log_formats, &chosen, option, value, error) != 0)
            return -1;
        options->log_json = chosen == 1;
        break;
    case OPTION_RESULTS_FORMAT:
        if (set_choice(results_formats, &chosen, option, value, error) != 0)
            return -1;
        options->format = (enum results_format)chosen;
        break;
    }
    return 0;
}

/* The arguments that are not options, in their order. */
static const struct positional {
    const char *name;
    unsigned commands;
    size_t offset; /* in struct options */
} positionals[] = {
    {"action", OPTION_LEDGER, OFFSET(action)},
    {"job file", OPTION_WITH_JOB, OFFSET(argument)},
    {"input", OPTION_GUESS, OFFSET(argument)},
    {"", OPTION_OTHER, OFFSET(argument)},
    {"backup file", OPTION_WITH_FILE, OFFSET(file)},
    {"ledger to copy", OPTION_LEDGER, OFFSET(from_ledger)},
    {"place for the copy", OPTION_LEDGER, OFFSET(to_ledger)},
};

enum { POSITIONAL_COUNT = sizeof positionals / sizeof *positionals };

static int set_argument(struct options *options, const char *argument, unsigned command, struct error *error)
{
    const char *last = "";

    for (size_t i = 0; i < POSITIONAL_COUNT; i++) {
        const char **text = (const char **)(void *)((char *)options + positionals[i].offset);
        if (!(positionals[i].commands & command))
            continue;
        if (!*text) {
            *text = argument;
            return 0;
        }
        last = *text;
    }
    if (command == OPTION_MERGE) {
        append_text(&options->folders, &options->folder_count, argument);
        return 0;
    }
    return error_set(error, ERROR_USAGE,
                     "unexpected argument `%s`\nhint: the argument is `%s` already; --help lists the options",
                     argument, last);
}

const char *options_find_missing(const struct options *options, unsigned command)
{
    for (size_t i = 0; i < POSITIONAL_COUNT; i++)
        if (positionals[i].commands & command && positionals[i].name[0] &&
            !*(const char *const *)(const void *)((const char *)options + positionals[i].offset))
            return positionals[i].name;
    return NULL;
}

int options_parse(struct options *options, unsigned command, char **arguments, struct error *error)
{
    bool only_arguments = false;

    *options = (struct options){0};
    for (char **item = arguments; *item; item++) {
        const char *argument = *item, *value = NULL;
        if (only_arguments || argument[0] != '-' || strcmp(argument, "-") == 0) {
            if (set_argument(options, argument, command, error) != 0)
                return -1;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_arguments = true;
            continue;
        }
        if (strcmp(argument, "-h") == 0)
            argument = "--help";
        size_t len = strcspn(argument, "=");
        const struct option *option = find_option(argument, len, command);
        if (!option)
            return fail_unknown(argument, len, command, error);
        if (!(option->commands & command))
            return error_set(error, ERROR_USAGE,
                             "%s is not an option of this command\nhint: --help lists its options",
                             option->name);
        if (argument[len] == '=')
            value = argument + len + 1;
        if (!option->value && value)
            return error_set(error, ERROR_USAGE, "%s does not take a value", option->name);
        if (option->value && !value && !(value = *++item))
            return error_set(error, ERROR_USAGE, "%s needs a value\nhint: %s %s", option->name, option->name,
                             option->value);
        if (set_option(options, option, value, error) != 0)
            return -1;
    }
    if (options->strict && options->rows_ok)
        return error_set(
            error, ERROR_USAGE,
            "--strict and --rows-ok exclude each other\nhint: with --strict, status 1 means that nothing was sent");
    return 0;
}

void options_clear(struct options *options)
{
    free(options->inputs);
    free(options->sets);
    free(options->folders);
}

/* The words of a list of states, for completions. */
static void add_states_row(const struct option *option, struct help_page *page)
{
    char list[TEXT_HINT_SIZE] = "";
    struct states states;

    list_states(option->kind, &states);
    text_join_names(states.words, ", ", list);
    help_page_example(page, 0, list);
}

void options_help(unsigned command, struct help_page *page)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_table[i];
        if (!(option->commands & command))
            continue;
        struct buffer text;
        buffer_init(&text, 256);
        buffer_printf(&text, "%s%s%s", option->name, option->value ? " " : "",
                      option->value ? option->value : "");
        help_page_row(page, 2, 31, text.data, "%s", option->help);
        buffer_clear(&text);
        if (page->has_rows && (option->kind == OPTION_STATES || option->kind == OPTION_ALL_STATES ||
                               option->kind == OPTION_CUSTOMER_STATES))
            add_states_row(option, page);
    }
}
