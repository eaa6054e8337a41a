/* input_fault: the messages of faults that every format has. Thread: any; pure. */
#ifndef KYC_INPUT_INPUT_FAULT_H
#define KYC_INPUT_INPUT_FAULT_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/slice.h"

#define INPUT_FAULT_CUT "the input breaks off in this record: it is not used even where it looks complete"

struct slice input_fault_long_line(struct arena *arena, uint64_t len, size_t max_record);

/* The error for a byte order mark of UTF-8 before another encoding. Returns -1. */
int input_fault_mark(const struct encoding *encoding, const char *name, struct error *error);

#endif
