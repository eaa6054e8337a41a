#include "cmd/command.h"

int command_version(const struct options *options)
{
    (void)options;
    return command_print(SLICE_LITERAL("kyc-import " KYC_VERSION "\n"), 0);
}
