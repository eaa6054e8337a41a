/* scrub_value: the values of a record and the secrets of a job, and whether a text holds one of them.
 *
 * What is looked for, each between two borders (scrub_view.h), so that no other word is broken:
 *
 * - each value of 3 letters or digits or more (2 of a script that sets no blanks), each item of a list;
 * - of a person's names each word of 3 letters or more that is no particle (van, de la), and given and family
 *   name written together, in either order;
 * - of a company's names each word of 4 letters or more that is no ordinary word of such names (bank, group);
 * - of an address line what is left of it without its numbers, when that is two words or more;
 * - of an e-mail the part before the @;
 * - of a phone, a national, tax or document number and a member that the job names, with 6 digits or more,
 *   its last four letters or digits, and any digits that are its last 4 or more, or 6 or more of it;
 * - a date in any way of writing (scrub_date.h).
 *
 * Blanks and punctuation between letters and digits are passed over, up to three at a place, in the text as
 * in the value, when the value has some itself, or 6 letters or more, or 5 with a digit: `SW17 7EG` is
 * SW177EG. A value of 12 letters, or of 9 with a digit, a blank or a sign, is found inside of words too: no
 * other word holds it by chance. Not looked for: countries, the language, whole numbers, yes and no, and the
 * words of a provider's lists (other, employed), which are no one's own. A secret is looked for everywhere,
 * inside of words too. Thread: any; pure. Owner: the arena.
 */
#ifndef KYC_PROVIDER_SCRUB_VALUE_H
#define KYC_PROVIDER_SCRUB_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/provider_fields.h"
#include "model/record.h"
#include "provider/scrub_date.h"
#include "provider/scrub_view.h"

struct scrub_needle {
    const uint32_t *codes;
    size_t count;
    bool is_secret; /* compared as it is, everywhere */
    bool is_free;   /* found inside of words too */
    bool is_loose;  /* blanks and punctuation between its letters are passed over */
    const char *name;
    struct scrub_needle *next;
};

/* The digits of a value that has many. */
struct scrub_number {
    const char *digits;
    const char *name;
    struct scrub_number *next;
};

struct scrub_values {
    struct scrub_needle *needles;
    struct scrub_number *numbers;
    struct scrub_date *dates;
    struct arena *arena;
};

/* fields: the provider's, or NULL. */
void scrub_values_add(struct scrub_values *values, const struct record *record,
                      const struct provider_fields *fields);
void scrub_values_add_secret(struct scrub_values *values, struct slice secret);

/* The letter behind the longest of them that begins at letter i, and its name (`secret` of a secret); 0 when
 * there is none. */
size_t scrub_values_match(const struct scrub_values *values, const struct scrub_view *view, size_t i,
                          const char **name);

#endif
