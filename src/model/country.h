/* country: ISO 3166-1 and Kosovo (XK, XKX), and the names under which exports write them.
 *
 * Codes and names are a committed table (country_table.c, made by scripts/make-countries from Debian's
 * iso-codes, ICU's names of countries in their own and the main European languages, and the files of aliases
 * and demonyms beside it; the table's head gives versions and dates). Thread: constant.
 */
#ifndef KYC_MODEL_COUNTRY_H
#define KYC_MODEL_COUNTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"

struct country {
    char alpha2[3], alpha3[4], numeric[4]; /* Kosovo has no numeric code */
    const char *name;                      /* the short English name */
};

enum country_result { COUNTRY_FOUND, COUNTRY_UNKNOWN, COUNTRY_AMBIGUOUS };

/* Reads alpha-2, alpha-3, numeric, a name, or what nationals are called (`American`); case, accents, a
 * leading `The` and `St.`/`Saint` aside. Also a code and a name together, in either order: `SE (Sweden)`,
 * `Sweden - SE`. A name that several countries share (`Congo`, `Korea`), or a code and a name that do not
 * agree, are ambiguous: *names then lists the countries for the message. arena: scratch, and *names. */
enum country_result country_read(struct slice text, struct arena *arena, const struct country **country,
                                 const char **names);

/* The country whose name is nearest to a text that is none: at most one edit in four letters, and the same
 * first letter. NULL: none is near. arena: scratch. */
const struct country *country_nearest(struct slice text, struct arena *arena);

/* By an alpha-2 code in capitals; NULL when there is none. Constant time. */
const struct country *country_by_alpha2(struct slice code);

/* False for Kosovo. */
bool country_in_iso(const struct country *country);

/* Of the European Economic Area (for CONCAT). */
bool country_in_eea(const struct country *country);

/* The two-letter code of a state, district or territory of the US, from the code or the full English name,
 * case aside; NULL when there is none. */
const char *country_us_state(struct slice text, struct arena *arena);

#endif
