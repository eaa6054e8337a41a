/* scrub_view: a provider's text as the letters and digits that values are looked for in, and where words end.
 *
 * Letters are compared without case, accents and forms (text_fold_letters), digits of every script as ASCII
 * ones. A border is where a word may begin or end: beside anything that is neither letter nor digit, between
 * a letter and a digit, at a capital behind a small letter or before one (userName, IDNumber), and beside
 * every letter of a script that does not set blanks between words or writes particles onto them (Han, Kana,
 * Hangul, Thai, Arabic, Hebrew and their like). Thread: any; pure. Owner: the arena.
 */
#ifndef KYC_PROVIDER_SCRUB_VIEW_H
#define KYC_PROVIDER_SCRUB_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"
#include "core/text.h"

enum scrub_kind { SCRUB_OTHER, SCRUB_LETTER, SCRUB_DIGIT };

struct scrub_view {
    struct slice text; /* plain (scrub_decode.h) */
    struct text_letters letters;
    unsigned char *kinds; /* [letters.count + 1], the last SCRUB_OTHER */
    bool *borders;        /* [letters.count + 1]: before this letter */
};

/* text: UTF-8; borrowed. */
struct scrub_view scrub_view_make(struct slice text, struct arena *arena);

/* The byte at which letter i begins; the text's length for the one behind the last. */
size_t scrub_view_start(const struct scrub_view *view, size_t i);

/* True when the letters from i on, up to a border, are this word (ASCII, small). */
bool scrub_view_is_word(const struct scrub_view *view, size_t i, const char *word);

#endif
