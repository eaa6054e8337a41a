/* argv → command → exit status */
#include "cmd/command.h"
#include "core/guard.h"

int main(int argc, char **argv)
{
    guard_process();
    return command_main(argc, argv);
}
