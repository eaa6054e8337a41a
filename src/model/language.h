/* language: the two-letter codes of ISO 639-1, and the names and locales under which exports write them.
 *
 * The codes are those of iso-codes 4.15.0 (iso_639-2.json, alpha_2); the names are a committed table
 * (language_names.c, made by scripts/make-languages from iso-codes and ICU). Thread: constant.
 */
#ifndef KYC_MODEL_LANGUAGE_H
#define KYC_MODEL_LANGUAGE_H

#include "core/arena.h"
#include "core/slice.h"

/* In lower case, NULL-terminated, in the order of their letters. */
extern const char *const language_codes[];

/* The code of a text: a code of ISO 639-1 or 639-2; a locale as of BCP 47, POSIX or Java, whose first part it
 * is (`en-US`, `zh-Hans-CN`, `en_US.UTF-8`); or the name in English, in the language itself or in a main
 * language of Europe (`German`, `Deutsch`), case and accents aside, also with a country in brackets (`English
 * (US)`). NULL: unknown. arena: scratch. */
const char *language_read(struct slice text, struct arena *arena);

#endif
