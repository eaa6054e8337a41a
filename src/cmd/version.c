#include "cmd/command.h"
#include "cmd/output.h"
#include "delivery/sender.h"

int command_version(const struct options *options)
{
    struct buffer out;

    buffer_init(&out, 4096);
    buffer_append_text(&out, "kyc-import " KYC_VERSION "\n");
    if (options->verbose)
        buffer_printf(&out, "%s\n", sender_library());
    int status = output_result(buffer_slice(&out), 0);
    buffer_clear(&out);
    return status;
}
