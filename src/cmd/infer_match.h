/* infer_match: which column feeds each customer field: by its name, and by its values where several fit.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_MATCH_H
#define KYC_CMD_INFER_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/infer_sample.h"
#include "model/column_name.h"
#include "model/field.h"
#include "model/synonyms.h"

enum { INFER_RIVALS_MAX = 6 };

struct infer_match {
    size_t column; /* SYNONYMS_NO_COLUMN: none */
    enum synonym_fit fit;
    /* Others that fit and have values, the better ones first. */
    size_t rivals[INFER_RIVALS_MAX];
    size_t rival_count;
    bool is_open;          /* the first rival is as good: the column's place alone decided */
    bool is_other_address; /* of another address than the city: billing beside mailing */
    bool is_last_resort;   /* of external_id: no name of a column fits */
};

struct infer_matches {
    struct infer_match of[FIELD_COUNT];
    size_t
        full_name; /* the column of whole names, where first and last name have none; or SYNONYMS_NO_COLUMN */
    bool *is_part; /* [column_count]: part of a field that is made of several columns (infer_parts) */
    bool last_first; /* family name, comma, first name */
};

void infer_match_columns(struct infer_sample *sample, struct infer_matches *matches);

#endif
