#include "cmd/command.h"

#include <stdlib.h>

static void help_commands(struct buffer *out)
{
    buffer_append_text(
        out, "kyc-import moves customers into a KYC or payments provider: one user per row of an export.\n\n"
             "  kyc-import COMMAND [OPTIONS]\n\n");
    for (const struct command *command = command_table; command->name; command++)
        buffer_printf(out, "  %-8s %-10s %s\n", command->name, command->argument ? command->argument : "",
                      command->help);
    buffer_append_text(
        out,
        "\nkyc-import help COMMAND lists its options. JOB is a job file (YAML); see README.md.\n"
        "\nExit status: 0 done, 1 finished but some rows were turned down or are in doubt, 2 usage or job\n"
        "file, 3 input, 4 the provider stopped the run, 5 ledger, 6 interrupted, 7 another run holds it.\n");
}

int command_help(const struct options *options)
{
    struct buffer out;
    int status = 0;

    buffer_init(&out, 1 << 16);
    if (options->argument) {
        const struct command *command = command_find(options->argument);
        if (!command)
            return command_fail_unknown(options->argument);
        buffer_printf(&out, "kyc-import %s %s: %s\n\n", command->name,
                      command->argument ? command->argument : "", command->help);
        const char *alias = command_alias(command);
        if (alias)
            buffer_printf(&out, "`kyc-import %s` is the same command under its earlier name.\n\n", alias);
        options_help(command->option_bit, &out);
    } else {
        help_commands(&out);
    }
    status = command_print(buffer_slice(&out), status);
    buffer_clear(&out);
    return status;
}
