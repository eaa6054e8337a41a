/* encoding_detect: which encoding makes the most plausible text of bytes that are not UTF-8.
 *
 * Each candidate decodes the bytes by ICU. What it makes of them is judged by facts of scripts and languages:
 * a word has one script, its letters are of one language (the exemplar sets of Unicode's CLDR), no capital
 * follows a small letter, a vowel is in most words, no control characters of C1 and nothing of private use.
 * Candidates are ICU's own detector's and a fixed list, each with the languages that it is used for. Nothing
 * is proven by that: a person has to look at the letters. Thread: any; pure.
 */
#ifndef KYC_CORE_ENCODING_DETECT_H
#define KYC_CORE_ENCODING_DETECT_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/slice.h"

struct encoding_letter {
    uint32_t code;
    size_t count;
};

struct encoding_candidate {
    const char *name;     /* as ICU takes it: `windows-1250` */
    const char *language; /* the one of its languages that fits best, `Polish`; NULL: none is known */
    int score;            /* of 100: as plausible as can be; below 0: hardly a text */
    /* The characters that are not ASCII, the most frequent first; in the arena. */
    const struct encoding_letter *letters;
    size_t letter_count;
    size_t malformed; /* bytes that it does not define */
};

enum { ENCODING_CANDIDATES_MAX = 48 };

/* lines: text of the file, best only the lines with bytes from 0x80 on; any bytes. Writes the candidates,
 * the most plausible first; of equal ones the more usual encoding. Those that make the same text of the bytes
 * as a more usual one are left out. Returns their number, at least 1. */
size_t encoding_detect(struct slice lines, struct arena *arena,
                       struct encoding_candidate candidates[ENCODING_CANDIDATES_MAX]);

#endif
