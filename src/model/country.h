/* country: ISO 3166-1, and the names under which exports write its countries.
 *
 * Codes and names are a committed table (country_table.c, made by scripts/make-countries from Debian's
 * iso-codes and the alias file beside it; the table's head gives both dates). Thread: constant.
 */
#ifndef KYC_MODEL_COUNTRY_H
#define KYC_MODEL_COUNTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"

struct country {
    char alpha2[3], alpha3[4], numeric[4];
    const char *name; /* the short English name */
};

enum country_result { COUNTRY_FOUND, COUNTRY_UNKNOWN, COUNTRY_AMBIGUOUS };

/* Reads alpha-2, alpha-3, numeric or a name; case, accents, a leading `The` and `St.`/`Saint` aside. A name
 * that several countries share (`Congo`, `Korea`) is ambiguous: *names then lists them for the message.
 * arena: scratch. */
enum country_result country_read(struct slice text, struct arena *arena, const struct country **country,
                                 const char **names);

/* By an alpha-2 code in capitals; NULL when there is none. Constant time. */
const struct country *country_by_alpha2(struct slice code);

/* Of the European Economic Area (for CONCAT). */
bool country_in_eea(const struct country *country);

/* The two-letter code of a state, district or territory of the US, from the code or the full English name,
 * case aside; NULL when there is none. */
const char *country_us_state(struct slice text, struct arena *arena);

#endif
