/* infer_damage: what other programs did to the values of a field before they were exported. For infer_fields.
 *
 * Thread: the main one.
 */
#ifndef KYC_CMD_INFER_DAMAGE_H
#define KYC_CMD_INFER_DAMAGE_H

#include "cmd/infer_line.h"

/* Appends a CHECK below a field's line where values were rewritten or lost, and one where they were decoded
 * wrongly or escaped: how many, and none of them. */
void infer_damage_write(const struct infer_writer *writer, enum field_id field, size_t column);

#endif
