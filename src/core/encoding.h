/* encoding: source bytes to UTF-8.
 *
 * The three encodings that a job may name. latin1 is ISO 8859-1, where every byte is a character
 * (80–9F are control characters); windows-1252 follows Unicode's CP1252.TXT, where the bytes 81, 8D, 8F, 90
 * and 9D are not defined. Thread: any; pure.
 */
#ifndef KYC_CORE_ENCODING_H
#define KYC_CORE_ENCODING_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"

enum encoding { ENCODING_UTF8, ENCODING_LATIN1, ENCODING_WINDOWS1252 };

/* Decodes source. *out is source itself when that is its UTF-8 form already, else in the arena. False when
 * source is not of the encoding (malformed UTF-8, an undefined byte); *out is then not set. */
bool encoding_decode(enum encoding encoding, struct slice source, struct arena *arena, struct slice *out);

/* `utf-8`, `latin1`, `windows-1252`: as in the job file. */
const char *encoding_name(enum encoding encoding);

#endif
