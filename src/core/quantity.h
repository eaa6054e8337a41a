/* quantity: a number with its unit, as people write it: `20`, `64KiB`, `30s`, `20%`, `300/min`.
 *
 * Digits and a unit without a blank between them; no sign, no fraction. Thread: any; pure.
 */
#ifndef KYC_CORE_QUANTITY_H
#define KYC_CORE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/slice.h"

struct quantity_unit {
    const char *name; /* NULL ends a list */
    uint64_t factor;
};

struct quantity {
    const char *form; /* for messages: `whole number`; may end in a hint */
    struct quantity_unit units[5];
};

extern const struct quantity quantity_number;   /* without a unit */
extern const struct quantity quantity_size;     /* bytes: none, KiB, MiB, GiB */
extern const struct quantity quantity_duration; /* ns: ms, s, m, h */
extern const struct quantity quantity_percent;
extern const struct quantity quantity_rate; /* factor: ns of the time; the number itself is what counts */

enum { QUANTITY_FAULT_SIZE = 512 };

/* Takes text apart. False when it is not a quantity of this kind or the number is over 64 bits. */
bool quantity_split(struct slice text, const struct quantity *quantity, uint64_t *number,
                    const struct quantity_unit **unit);

/* *number in the smallest unit, from min to max. name: of what is set, for the message. True, or false with
 * fault filled in: the message with its hint. */
bool quantity_read(struct slice text, const struct quantity *quantity, const char *name, uint64_t min,
                   uint64_t max, uint64_t *number, char fault[QUANTITY_FAULT_SIZE]);

#endif
