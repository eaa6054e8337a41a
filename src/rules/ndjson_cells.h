/* ndjson_cells: a line of NDJSON to the cells that the job maps. Inside of src/rules.
 *
 * The whole line is parsed and checked; the values at the job's columns become cells: a number as written, a
 * string unescaped, true and false as words, nothing for null and missing members. An array of scalars is a
 * list. Thread: one worker's. Owner: new/free; a record's cells are in its raw text or the arena.
 */
#ifndef KYC_RULES_NDJSON_CELLS_H
#define KYC_RULES_NDJSON_CELLS_H

#include "rules/ndjson_paths.h"
#include "rules/record_context.h"

struct ndjson_cells;

/* Borrows paths. */
struct ndjson_cells *ndjson_cells_new(const struct ndjson_paths *paths);
void ndjson_cells_free(struct ndjson_cells *cells);

/* Fills in record->cells from record->raw, which is followed by JSON_PADDING readable bytes; or
 * record->fault, when the line is not a JSON object. */
void ndjson_cells_read(struct ndjson_cells *cells, struct record *record, struct arena *arena);

/* True when the value of a column of the record that was read last is a single one, or there is none. */
bool ndjson_cells_is_scalar(const struct ndjson_cells *cells, size_t column);

/* What a source text is. */
enum ndjson_form {
    NDJSON_TEXT,
    NDJSON_LIST,    /* the items of an array, with VALUE_SEPARATOR between them */
    NDJSON_INSTANT, /* ISO 8601 in UTC, whatever the job's `format` is */
};

/* The source text of a field's index-th column, of the record that was read last; empty for nothing. False,
 * with a verdict, for what a field cannot be read from. */
bool ndjson_cells_text(const struct ndjson_cells *cells, struct record_context *context,
                       const struct field_plan *plan, size_t index, struct slice *text,
                       enum ndjson_form *form);

/* Reads such a text, as read_field_text. */
void ndjson_cells_read_text(struct record_context *context, const struct field_plan *plan, struct slice text,
                            enum ndjson_form form);

/* Reads a field with one column of the record that was read last, as read_field_cell. */
void ndjson_cells_read_field(const struct ndjson_cells *cells, struct record_context *context,
                             const struct field_plan *plan);

#endif
