/* column_name: what a column's name means, read word by word, for guess.
 *
 * synonyms.h compares whole names, which is what `fields: auto` may rely on. Here a name is taken apart at
 * signs, blanks and capitals: words that only say whose or which one it is go from its beginning (`Mailing`,
 * `Default Address`, `Contact`), remarks from its end (`(DD/MM/YYYY)`, `- optional`), abbreviations are
 * spelt out (`FIRST_NM`). So it finds more, and less certainly. Thread: any; pure.
 */
#ifndef KYC_MODEL_COLUMN_NAME_H
#define KYC_MODEL_COLUMN_NAME_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/slice.h"
#include "model/synonyms.h"

/* The address that a column belongs to, the ones that are more likely a residence first. */
enum column_group {
    COLUMN_GROUP_NONE, /* the name says nothing of it */
    COLUMN_GROUP_HOME,
    COLUMN_GROUP_MAILING,
    COLUMN_GROUP_BILLING,
    COLUMN_GROUP_CARD,
    COLUMN_GROUP_SHIPPING,
    COLUMN_GROUP_WORK,
    COLUMN_GROUP_OTHER,
    COLUMN_GROUP_COUNT,
};

enum column_person {
    COLUMN_PERSON_NONE,       /* not a whole name */
    COLUMN_PERSON_NAME,       /* a whole name, `Full Name` */
    COLUMN_PERSON_LAST_FIRST, /* the family name first, by the column's name */
};

struct column_name {
    enum field_id field;  /* FIELD_NONE with SYNONYM_NONE */
    enum synonym_fit fit; /* SYNONYM_TOKENS: found word by word */
    enum column_group group;
    enum column_person person; /* with field FIELD_NONE, or a weak one */
};

/* column: UTF-8. arena: scratch. */
struct column_name column_name_read(struct slice column, struct arena *arena);

/* What a column says of whether its record is a customer at all. */
enum column_state {
    COLUMN_STATE_NONE,
    COLUMN_STATE_ENDED,  /* a time at which it ended: `deleted_at` */
    COLUMN_STATE_GONE,   /* true: it is gone, `is_deleted` */
    COLUMN_STATE_HERE,   /* true: it is there, `active` */
    COLUMN_STATE_STATUS, /* a word for it */
};

enum column_state column_name_state(struct slice column, struct arena *arena);

/* A part of a field's value that has a column of its own. */
enum column_part {
    COLUMN_PART_NONE,
    COLUMN_PART_HOUSE_NUMBER,
    COLUMN_PART_DAY, /* of birth, these three */
    COLUMN_PART_MONTH,
    COLUMN_PART_YEAR,
};

enum column_part column_name_part(struct slice column, struct arena *arena);

/* A form of a date that the name gives, such as `DD/MM/YYYY` of `Date of birth (dd/mm/yyyy)`: tokens of a
 * job's `format` and the signs /.- alone, in the arena. False when there is none. */
bool column_name_date_form(struct slice column, struct arena *arena, struct slice *form);

#endif
