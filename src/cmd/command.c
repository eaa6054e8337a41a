#include "cmd/command.h"

#include <string.h>

#include "cmd/help_provider.h"
#include "cmd/output.h"
#include "cmd/wrap.h"
#include "core/log.h"
#include "core/process.h"
#include "core/text.h"
#include "provider/provider_table.h"

enum { HELP_MAX = 1 << 16, NAMES_MAX = 64 };

struct command {
    const char *name;
    const char *argument; /* its placeholder in the help; in brackets if optional; NULL: none */
    unsigned option_bit;
    const char *help; /* one line */
    int (*run)(const struct options *options);
};

/* Ended by an entry without a name. */
static const struct command command_table[] = {
    {"check", "JOB", OPTION_CHECK, "validate every row, send nothing, write the report", command_check},
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
    {"version", NULL, OPTION_OTHER, "print the version", command_version},
    {"help", "[TOPIC]", OPTION_OTHER, "list the commands, or explain a command, a provider or the fields",
     command_help},
    {0},
};

static const struct {
    const char *alias, *name;
} aliases[] = {{"settle", "resolve"}};

/* What help has pages about besides the commands and the providers. */
static const char *const topics[] = {"providers", "fields", NULL};

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

static int fail_unknown(const char *name, bool is_topic)
{
    const char *names[NAMES_MAX] = {0};
    size_t count = 0;

    for (const struct command *command = command_table; command->name; command++)
        names[count++] = command->name;
    for (const char *const *topic = topics; is_topic && *topic; topic++)
        names[count++] = *topic;
    for (const char *const *provider = provider_names(); is_topic && *provider && count < NAMES_MAX - 1;
         provider++)
        names[count++] = *provider;
    const char *kind = is_topic ? "topic" : "command", *nearest = text_nearest(slice_from(name), names);
    if (nearest)
        log_error("unknown %s `%s`\nhint: did you mean `%s`? kyc-import help lists the commands", kind, name,
                  nearest);
    else
        log_error("unknown %s `%s`\nhint: kyc-import help lists the commands", kind, name);
    return ERROR_USAGE;
}

static void help_commands(struct buffer *out)
{
    buffer_append_text(
        out, "kyc-import moves customers into a KYC or payments provider: one user per row of an export.\n\n"
             "  kyc-import COMMAND [OPTIONS]\n\n");
    for (const struct command *command = command_table; command->name; command++)
        buffer_printf(out, "  %-9s %-10s %s\n", command->name, command->argument ? command->argument : "",
                      command->help);
    buffer_append_text(
        out,
        "\nkyc-import help COMMAND lists its options, help providers the providers, help PROVIDER the settings and\n"
        "fields of one, help fields all customer fields. JOB is a job file (YAML); see README.md.\n"
        "\nExit status: 0 done, 1 finished, but some rows are rejected, refused or in doubt, 2 usage or job\n"
        "file, 3 input, 4 stopped by the provider's answers or by a limit of the job, 5 ledger,\n"
        "6 interrupted, 7 another process holds the ledger or a credential.\n");
}

static void help_command(const struct command *command, struct buffer *out)
{
    char name[64];

    text_format(name, sizeof name, "kyc-import %s%s%s:", command->name, command->argument ? " " : "",
                command->argument ? command->argument : "");
    wrap_append(out, 0, strlen(name) + 1, name, command->help);
    buffer_append_char(out, '\n');
    const char *alias = alias_of(command);
    if (alias)
        buffer_printf(out, "`kyc-import %s` is the same command under its earlier name.\n\n", alias);
    options_help(command->option_bit, out);
}

/* False when there is no such topic. */
static bool help_topic(const char *topic, struct buffer *out)
{
    const struct command *command = find_command(topic);
    const struct provider *provider = provider_find(topic);

    if (command)
        help_command(command, out);
    else if (provider)
        help_provider(provider, out);
    else if (strcmp(topic, "providers") == 0)
        help_provider_list(out);
    else if (strcmp(topic, "fields") == 0)
        help_provider_fields(out);
    else
        return false;
    return true;
}

int command_help(const struct options *options)
{
    struct buffer out;
    int status;

    buffer_init(&out, HELP_MAX);
    if (!options->argument)
        help_commands(&out);
    if (!options->argument || help_topic(options->argument, &out))
        status = output_result(buffer_slice(&out), 0);
    else
        status = fail_unknown(options->argument, true);
    buffer_clear(&out);
    return status;
}

int command_main(int argc, char **argv)
{
    struct options options = {0};
    struct error error;
    int status;

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
    bool lacks_file = command->option_bit & OPTION_WITH_FILE && !options.file;
    if (command->argument && command->argument[0] != '[' && (!options.argument || lacks_file)) {
        bool lacks_job = !options.argument && command->option_bit & OPTION_WITH_JOB;
        log_error("no %s given\nhint: kyc-import %s %s; kyc-import help %s lists the options",
                  lacks_job    ? "job file"
                  : lacks_file ? "backup file"
                               : "input",
                  name, command->argument, name);
        status = ERROR_USAGE;
    } else {
        status = command->run(&options);
    }
    options_clear(&options);
    return status;
}
