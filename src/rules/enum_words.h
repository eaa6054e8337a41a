/* enum_words: words of an enumeration that exports write in another form than the provider. Inside of
 * src/rules and for guess.
 *
 * Thread: any; pure.
 */
#ifndef KYC_RULES_ENUM_WORDS_H
#define KYC_RULES_ENUM_WORDS_H

#include "core/arena.h"
#include "model/field.h"
#include "model/job.h"

/* The provider's word for a text that is none of its words: of a language its code (model/language.h), of a
 * gender the word that alone begins with the letter `M` or `F`. NULL: none, or a word that the provider does
 * not accept. mapping: the job's, or NULL; where its `values` have letters, they alone say what letters stand
 * for, because `M` beside `H` is mujer. arena: scratch. */
const char *enum_words_find(enum field_id field, const char *const *choices,
                            const struct job_mapping *mapping, struct slice text, struct arena *arena);

#endif
