#include "core/plural.h"

const char *plural_s(uint64_t count)
{
    return count == 1 ? "" : "s";
}
