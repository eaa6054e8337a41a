#include "input/input_fault.h"

#include <inttypes.h>

struct slice input_fault_long_line(struct arena *arena, uint64_t len, size_t max_record)
{
    return arena_printf(
        arena,
        "a line of %" PRIu64
        " bytes, over max_record (%zu): look for a missing line end, or raise input.max_record; only its first %zu bytes are kept",
        len, max_record, max_record);
}

int input_fault_mark(const struct encoding *encoding, const char *name, struct error *error)
{
    return error_set(
        error, ERROR_INPUT,
        "%s: begins with the byte order mark of UTF-8, but input.encoding is %s\nhint: set input.encoding to utf-8",
        name, encoding_name(encoding));
}
