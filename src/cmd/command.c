#include "cmd/command.h"

#include <assert.h>
#include <string.h>

#include "cmd/help_job.h"
#include "cmd/help_page.h"
#include "cmd/help_provider.h"
#include "cmd/help_statuses.h"
#include "cmd/output.h"
#include "core/arena.h"
#include "core/log.h"
#include "core/process.h"
#include "core/text.h"
#include "model/field.h"
#include "pipeline/signals.h"
#include "provider/provider_table.h"

enum { HELP_MAX = 1 << 17, NAMES_MAX = 512 };

struct command {
    const char *name;
    const char *argument; /* its placeholder in the help; in brackets if optional; NULL: none */
    unsigned option_bit;
    const char *help; /* one line */
    int (*run)(const struct options *options);
};

/* Commands that a signal stops by pipeline/signals, whenever it comes. */
enum {
    ENDS_IN_ORDER =
        OPTION_CHECK | OPTION_RUN | OPTION_REFRESH | OPTION_LINKS | OPTION_DOCUMENTS | OPTION_ADOPT
};

/* Ended by an entry without a name. */
static const struct command command_table[] = {
    {"check", "JOB", OPTION_CHECK, "validate every row, send nothing, write the report", command_check},
    {"merge", "JOB DIR...", OPTION_MERGE, "make one report of the shards of a check (check --shard I/N)",
     command_merge},
    {"run", "JOB", OPTION_RUN, "create and update users, one per row; continues where the last run ended",
     command_run},
    {"status", "JOB", OPTION_STATUS,
     "count customers by state and reason; list those in doubt and what to do", command_status},
    {"results", "JOB", OPTION_RESULTS, "write one line per customer of the ledger (csv or ndjson)",
     command_results},
    {"refresh", "JOB", OPTION_REFRESH,
     "ask the provider how far the verification of the users has come, and report the changes",
     command_refresh},
    {"links", "JOB", OPTION_LINKS, "make verification links for the users that need one", command_links},
    {"documents", "JOB", OPTION_DOCUMENTS, "send the documents of users that exist", command_documents},
    {"resolve", "JOB", OPTION_RESOLVE,
     "record a person's answer: whose user it is, or which new key a customer has", command_resolve},
    {"adopt", "JOB", OPTION_ADOPT,
     "build or complete the ledger from the users that the provider already has", command_adopt},
    {"explain", "JOB", OPTION_EXPLAIN,
     "show one record step by step: source, normalized, verdicts, ledger, payload", command_explain},
    {"rejects", "JOB", OPTION_REJECTS, "list the rejected rows of the last run or check, with the reasons",
     command_rejects},
    {"words", "JOB", OPTION_WORDS,
     "list the words of the input's enumerations and countries, as `values` to paste", command_words},
    {"guess", "INPUT", OPTION_GUESS, "write a first job file from the header and a sample of rows",
     command_guess},
    {"probe", "JOB", OPTION_PROBE,
     "check whether this job can run: credentials, clock, TLS, endpoint, ledger, disk", command_probe},
    {"backup", "JOB FILE", OPTION_BACKUP,
     "copy the ledger and its key, also during a run, and verify the copy", command_backup},
    {"restore", "JOB FILE", OPTION_RESTORE,
     "put a backup in the ledger's place; runs wait until a person has decided what it lacks",
     command_restore},
    {"ledger", "copy JOB FROM TO", OPTION_LEDGER,
     "move the ledger from one place to another: each is sqlite:PATH or postgresql://USER@HOST/DATABASE",
     command_ledger},
    {"forget", "JOB", OPTION_FORGET, "erase customers from the ledger and the report files, for good",
     command_forget},
    {"version", NULL, OPTION_OTHER, "print the version", command_version},
    {"help", "[TOPIC]", OPTION_OTHER, "list the commands and topics, or explain one", command_help},
    {0},
};

static const struct {
    const char *alias, *name;
} aliases[] = {{"settle", "resolve"}};

/* What help has pages about besides the commands, the providers, the settings of a job and the fields. */
static const struct {
    const char *name;
    void (*help)(struct help_page *page);
} topics[] = {
    {"providers", help_provider_list}, {"fields", help_provider_fields}, {"job", help_job},
    {"rules", help_job_rules},         {"dates", help_job_dates},        {"statuses", help_statuses},
};
enum { TOPIC_COUNT = sizeof topics / sizeof *topics };

static const char *alias_of(const struct command *command)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].name, command->name) == 0)
            return aliases[i].alias;
    return NULL;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (strcmp(aliases[i].alias, name) == 0)
            name = aliases[i].name;
    for (const struct command *command = command_table; command->name; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

/* The names that a misspelt one may mean. */
struct names {
    struct arena arena;
    const char *list[NAMES_MAX + 1];
    size_t count;
};

static void add_name(const char *name, void *context)
{
    struct names *names = context;
    assert(names->count < NAMES_MAX);
    names->list[names->count++] = arena_copy(&names->arena, slice_from(name)).data;
}

/* What each setting may be named by: its path, and its own name. */
struct setting_visit {
    void (*visit)(const char *name, void *context);
    void *context;
};

static void visit_setting(const char *path, void *context)
{
    const struct setting_visit *settings = context;
    const char *name = strrchr(path, '.');
    settings->visit(path, settings->context);
    if (name)
        settings->visit(name + 1, settings->context);
}

void command_topics(void (*visit)(const char *name, void *context), void *context)
{
    struct setting_visit settings = {visit, context};
    for (const struct command *command = command_table; command->name; command++)
        visit(command->name, context);
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        visit(topics[i].name, context);
    for (const char *const *provider = provider_names(); *provider; provider++)
        visit(*provider, context);
    for (const char *const *field = field_names(); *field; field++)
        visit(*field, context);
    help_job_paths(visit_setting, &settings);
}

static int fail_unknown(const char *name, bool is_topic)
{
    struct names names = {.count = 0};

    arena_init(&names.arena, 1 << 12);
    if (is_topic)
        command_topics(add_name, &names);
    for (const struct command *command = command_table; !is_topic && command->name; command++)
        add_name(command->name, &names);
    const char *kind = is_topic ? "topic" : "command", *nearest = text_nearest(slice_from(name), names.list);
    const char *where =
        is_topic ? "kyc-import help lists commands and topics" : "kyc-import help lists the commands";
    if (nearest)
        log_error("unknown %s `%s`\nhint: did you mean `%s`? %s", kind, name, nearest, where);
    else
        log_error("unknown %s `%s`\nhint: %s", kind, name, where);
    arena_clear(&names.arena);
    return ERROR_USAGE;
}

static void help_commands(struct help_page *page)
{
    help_page_text(
        page, "kyc-import moves customers into a KYC or payments provider: one user per row of an export.\n\n"
              "  kyc-import COMMAND [OPTIONS]\n\n");
    for (const struct command *command = command_table; command->name; command++) {
        char name[64];
        text_format(name, sizeof name, "%-9s %s", command->name, command->argument ? command->argument : "");
        help_page_row(page, 2, 21, name, "%s", command->help);
    }
    help_page_text(
        page, "\nJOB is a job file (YAML): kyc-import-job(5). kyc-import help TOPIC is about\n\n"
              "    COMMAND              its options\n"
              "    job, SETTING         all settings of a job file, or one: help delivery.rate, help input\n"
              "    fields, FIELD        all customer fields, or one: help date_of_birth\n"
              "    rules, FIELD/RULE    the rules and all verdicts, or one: help email/format\n"
              "    dates                the forms of dates\n"
              "    providers, PROVIDER  the providers, or all that one has\n"
              "    statuses             the exit statuses, and what to do at each\n"
              "\nExit statuses:\n\n");
    if (!page->has_rows)
        help_statuses_list(page);
}

static void help_command(const struct command *command, struct help_page *page)
{
    char name[64];

    text_format(name, sizeof name, "kyc-import %s%s%s:", command->name, command->argument ? " " : "",
                command->argument ? command->argument : "");
    help_page_row(page, 0, strlen(name) + 1, name, "%s", command->help);
    help_page_text(page, "\n");
    const char *alias = alias_of(command);
    if (alias) {
        help_page_row(page, 0, 0, "", "`kyc-import %s` is the same command under its earlier name.", alias);
        help_page_text(page, "\n");
    }
    options_help(command->option_bit, page);
}

/* `ledger` and `documents` are commands, and are in a job file, too. */
static void help_namesake(const char *topic, struct help_page *page)
{
    struct buffer out;
    struct help_page namesake = {.out = &out};

    buffer_init(&out, HELP_MAX);
    if (help_job_setting(&namesake, topic) || help_provider_field(topic, &namesake)) {
        help_page_text(page, "\nIn a job file:\n\n");
        buffer_append(page->out, buffer_slice(&out));
    }
    buffer_clear(&out);
}

bool command_topic(const char *topic, struct help_page *page)
{
    const struct command *command = find_command(topic);
    const struct provider *provider = provider_find(topic);

    if (!*topic) {
        help_commands(page);
        return true;
    }
    for (size_t i = 0; i < TOPIC_COUNT; i++)
        if (strcmp(topics[i].name, topic) == 0) {
            topics[i].help(page);
            return true;
        }
    if (command) {
        help_command(command, page);
        if (!page->has_rows)
            help_namesake(topic, page);
    } else if (provider)
        help_provider(provider, page);
    return command || provider || help_job_setting(page, topic) || help_provider_field(topic, page) ||
           help_job_verdict(page, topic);
}

int command_help(const struct options *options)
{
    const char *topic = options->argument ? options->argument : "";
    struct buffer out;
    struct help_page page = {.out = &out};
    int status;

    buffer_init(&out, HELP_MAX);
    status = command_topic(topic, &page) ? output_result(buffer_slice(&out), 0) : fail_unknown(topic, true);
    buffer_clear(&out);
    return status;
}

int command_main(int argc, char **argv)
{
    struct options options = {0};
    struct error error;
    int status;

    signals_block();
    process_open_std_fds();
    log_setup("kyc-import", LOG_INFO, false);
    if (argc < 2) {
        log_error("no command given\nhint: kyc-import help lists the commands");
        return ERROR_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = find_command(name);
    if (!command)
        return fail_unknown(name, false);
    if (options_parse(&options, command->option_bit, argv + 2, &error) != 0) {
        options_clear(&options);
        return output_error(&error);
    }
    log_setup("kyc-import",
              options.quiet     ? LOG_WARNING
              : options.verbose ? LOG_DEBUG
                                : LOG_INFO,
              options.log_json);
    progress_setup(options.quiet && options.progress == PROGRESS_AUTO ? PROGRESS_NEVER : options.progress);
    if (options.help) {
        options.argument = command->name;
        command = find_command("help");
    }
    if (!(command->option_bit & ENDS_IN_ORDER))
        signals_unblock();
    const char *missing = options_find_missing(&options, command->option_bit);
    if (missing) {
        log_error("no %s given\nhint: kyc-import %s %s; kyc-import help %s lists the options", missing, name,
                  command->argument, name);
        status = ERROR_USAGE;
    } else {
        status = command->run(&options);
        if (status == 1 && options.rows_ok)
            status = 0;
    }
    options_clear(&options);
    return status;
}
