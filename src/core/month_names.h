/* month_names: the names of the months in one language, as dates hold them.
 *
 * The names are ICU's (CLDR): full and short, alone and within a date, of all regions where the language is
 * used (`Jänner` of Austria). Beside them their first three and four letters are read, where these name one
 * month (`Aoû`), and spellings that CLDR does not have (`Mrz`). Case, accents and a dot behind the name do
 * not matter. What means another month in another region is not read.
 * Thread: any; constant after month_names_new. Owner: the names are in the arena of month_names_new.
 */
#ifndef KYC_CORE_MONTH_NAMES_H
#define KYC_CORE_MONTH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"

struct month_names;

/* Whether locale is a language (`de`) or a language of a region (`de-AT`, `de_AT`) that ICU has names for. */
bool month_names_are_known(const char *locale);
/* The known locale nearest to another text: of a language's name (`German`, `Deutsch`) or three letters
 * (`deu`) its code, of an unknown region the language. NULL: none is near. In the arena. */
const char *month_names_nearest(struct slice locale, struct arena *arena);

/* locale: a known one; NULL: English. Takes some milliseconds, for English none. NULL when the language
 * writes its months as numbers. */
const struct month_names *month_names_new(const char *locale, struct arena *arena);

/* The month (1 to 12) whose name text begins with, the longest name first; *len: its bytes, without a dot
 * behind it. 0: it begins with none. text need not be UTF-8. */
unsigned month_names_read(const struct month_names *names, struct slice text, size_t *len);

#endif
