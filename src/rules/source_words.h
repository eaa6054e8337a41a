/* source_words: the words of a record's enumerated fields, as `values` of the job is looked up with them.
 *
 * Enumerated are fields of the provider's words, languages, countries and booleans. Thread: one at a time.
 * Owner: new/free; texts are in the arena of the call, or are the job's or the provider's.
 */
#ifndef KYC_RULES_SOURCE_WORDS_H
#define KYC_RULES_SOURCE_WORDS_H

#include <stdbool.h>

#include "core/arena.h"
#include "model/record.h"
#include "rules/rule_set.h"

struct source_words;

/* Borrows the set. */
struct source_words *source_words_new(const struct rule_set *set);
void source_words_free(struct source_words *words);

/* True of an enumerated field that is read from columns. */
bool source_words_has(const struct rule_set *set, enum field_id field);
/* The words of an enumeration, NULL-terminated; NULL: of countries and booleans. */
const char *const *source_words_choices(const struct rule_set *set, enum field_id field);

/* Begins with a record, which is neither malformed nor skipped. */
void source_words_begin(struct source_words *words, const struct record *record, struct arena *arena);
/* Calls found for each value of a field: of a list each item; none for null values and what cannot be read.
 */
void source_words_each(struct source_words *words, enum field_id field,
                       void (*found)(void *context, struct slice word), void *context);

/* What a field makes of a word, without the job's `otherwise`. */
struct source_word {
    enum { SOURCE_WORD_READ, SOURCE_WORD_UNKNOWN, SOURCE_WORD_AMBIGUOUS } state;
    struct slice value;    /* of a word that is read; empty: no value */
    const char *nearest;   /* of an unknown one, the nearest that is read; NULL: none is near */
    const char *countries; /* of an ambiguous one, what it can be */
};
struct source_word source_words_judge(struct source_words *words, enum field_id field, struct slice word,
                                      struct arena *arena);

#endif
