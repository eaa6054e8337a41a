/* scrub_decode: a provider's text with its escapes decoded and without terminal control characters.
 *
 * Values and secrets are looked for in this: an escape, an invisible character or a wrapped line must not
 * slip one past. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_SCRUB_DECODE_H
#define KYC_PROVIDER_SCRUB_DECODE_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"

/* text (any bytes) as UTF-8 in normal form C: with escapes those of URLs, JSON and HTML are read, twice over;
 * blanks and control characters fold to one blank, none at the start; invisible characters go; broken bytes
 * become `?`. In the arena, or text itself. */
struct slice scrub_decode_text(struct slice text, bool escapes, struct arena *arena);

#endif
