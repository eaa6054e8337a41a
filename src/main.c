/* main: hardens the process, then runs the command. */
#include "cmd/command.h"
#include "core/process.h"

int main(int argc, char **argv)
{
    process_harden();
    return command_main(argc, argv);
}
