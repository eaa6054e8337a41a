/* argv → command → exit status */
#include "cmd/command.h"
#include "core/seclude.h"

int main(int argc, char **argv)
{
    seclude_process();
    return command_main(argc, argv);
}
