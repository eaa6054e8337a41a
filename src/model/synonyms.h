/* synonyms: what exports call the customer fields, in English, German, French, Spanish, Italian, Portuguese,
 * Dutch and Polish.
 *
 * The names are in field_rows.h: the usual ones, and the weak ones, which mean a field only where nothing
 * better is at hand (`id`, `name`). Names are compared by letters and digits alone:
 * `First Name`, `first_name`, `firstName` and `FIRST-NAME` are one, accents aside. Thread: constant.
 */
#ifndef KYC_MODEL_SYNONYMS_H
#define KYC_MODEL_SYNONYMS_H

#include <stddef.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/field.h"

/* How well a column's name fits a field; a greater one is better. */
enum synonym_fit {
    SYNONYM_NONE,
    SYNONYM_WEAK,   /* a weak name */
    SYNONYM_TOKENS, /* word by word (column_name.h); synonyms_find never gives it */
    SYNONYM_PART,   /* without its prefix: `city` of `address.city`, `email` of `customer_email` */
    SYNONYM_USUAL,  /* one of the usual names */
    SYNONYM_NAME,   /* the field's own */
};

struct synonym {
    enum field_id field; /* FIELD_NONE with SYNONYM_NONE */
    enum synonym_fit fit;
};

/* The field that a column's name means. column: UTF-8; in NDJSON a dotted path, of which the longest end
 * that is known counts. arena: scratch. */
struct synonym synonyms_find(struct slice column, struct arena *arena);

/* A name in its folded form, letters and digits alone; without prefixes and ends. */
struct synonym synonyms_find_whole(struct slice name);

/* The column that is chosen for one field. */
struct synonym_match {
    size_t column; /* index; SYNONYMS_NO_COLUMN: none fits */
    size_t rival;  /* another one that fits equally well; SYNONYMS_NO_COLUMN: none */
    enum synonym_fit fit;
};

#define SYNONYMS_NO_COLUMN ((size_t)-1)

/* The best column of every field. A column is used for at most one field. */
void synonyms_match(const struct slice *columns, size_t column_count,
                    struct synonym_match matches[FIELD_COUNT]);

#endif
