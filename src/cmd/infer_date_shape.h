/* infer_date_shape: what a value that may be a date looks like: three parts, their separators, a time of day.
 *
 * Thread: any; pure.
 */
#ifndef KYC_CMD_INFER_DATE_SHAPE_H
#define KYC_CMD_INFER_DATE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/slice.h"

enum { INFER_DATE_PARTS = 3, INFER_SHAPE_SIZE = 48, INFER_FORMAT_SIZE = 48 };

enum infer_part { INFER_PART_YEAR, INFER_PART_NUMBER, INFER_PART_WORD };

/* `31/12/1980 0:00`: a number, a number, a year, ` H:mm` behind them. */
struct infer_date_shape {
    char key[INFER_SHAPE_SIZE];               /* equal for values of one shape: `n/n/y H:mm` */
    char separators[INFER_DATE_PARTS + 1][8]; /* before each part, and behind the last */
    char tail[INFER_FORMAT_SIZE];             /* the format of the time of day; empty: none */
    enum infer_part parts[INFER_DATE_PARTS];
    unsigned numbers[INFER_DATE_PARTS]; /* of a word 0 */
    bool is_short[INFER_DATE_PARTS];    /* of one digit */
    bool is_bare;                       /* digits alone */
    struct slice word;                  /* borrowed; empty: none */
};

/* False when a value has no such shape: `yesterday`. A year has four digits and is of 1850 to 2200; other
 * numbers have one or two; eight or six digits alone are three parts, 14 have a time. */
bool infer_date_shape_read(struct slice text, struct infer_date_shape *shape);

/* Whether an integer, also one written `1.0`, that is not a year; *number: its value. */
bool infer_date_shape_number(struct slice text, int64_t *number);

/* What a year of four digits may be. */
bool infer_date_shape_is_year(unsigned year);

#endif
