/* encoding_score: how plausible decoded text is as the text of a language. For encoding_detect.
 *
 * Thread: any. Owner: new/free.
 */
#ifndef KYC_CORE_ENCODING_SCORE_H
#define KYC_CORE_ENCODING_SCORE_H

#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/encoding_detect.h"

/* The letters of the languages, read from ICU once. */
struct encoding_languages;
struct encoding_languages *encoding_languages_new(void);
void encoding_languages_free(struct encoding_languages *languages);

/* Fills in language, score and letters of a candidate. codes: the decoded text; bytes: those from 0x80 on in
 * its source. names: languages that the encoding is used for, a blank between two. */
void encoding_score(struct encoding_languages *languages, const uint32_t *codes, size_t count, size_t bytes,
                    const char *names, struct arena *arena, struct encoding_candidate *candidate);

#endif
