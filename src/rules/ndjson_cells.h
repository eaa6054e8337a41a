/* ndjson_cells: a line of NDJSON to the cells that the job maps (2-job.md, Reading).
 *
 * Every value of the line is visited and checked; cells are what the mapped columns lead to: a number as
 * written, a string unescaped, true and false as words, nothing for null and what is not there. An array of
 * scalars is a list. The inside of src/rules. Thread: one worker's. Owner: new/free; a record's cells are in
 * its raw text or the arena.
 */
#ifndef KYC_RULES_NDJSON_CELLS_H
#define KYC_RULES_NDJSON_CELLS_H

#include "rules/field_plan.h"
#include "rules/ndjson_paths.h"

struct ndjson_cells;

/* Borrows paths. */
struct ndjson_cells *ndjson_cells_new(const struct ndjson_paths *paths);
void ndjson_cells_free(struct ndjson_cells *cells);

/* Fills in record->cells from record->raw, behind which JSON_PADDING bytes can be read; or record->fault,
 * when the line is no JSON object. */
void ndjson_cells_read(struct ndjson_cells *cells, struct record *record, struct arena *arena);

/* Reads the field of a slot out of the record that was read last; as normalize_source. */
void ndjson_cells_normalize(const struct ndjson_cells *cells, struct record_context *context,
                            const struct field_plan *plan);

#endif
