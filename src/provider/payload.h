/* payload: a record's values as a provider's JSON body, from a table.
 *
 * Only values that are present are written; an object without any is left out. Thread: any; pure.
 */
#ifndef KYC_PROVIDER_PAYLOAD_H
#define KYC_PROVIDER_PAYLOAD_H

#include <stddef.h>

#include "core/buffer.h"
#include "model/field.h"
#include "model/record.h"

enum payload_shape {
    PAYLOAD_TEXT,    /* a string */
    PAYLOAD_LIST,    /* an array of strings, from a list value */
    PAYLOAD_TAX_IDS, /* [{"id", "issuing_country"}], from tax_id and tax_country, paired; the country defaults
                        to the record's */
};

/* One value of the body. Rows with the same member and a key, next to each other, make up one object. */
struct payload_row {
    const char *member; /* at the top level */
    const char *key;    /* inside of it; NULL: the member is the value itself */
    enum field_id field;
    enum payload_shape shape;
};

/* Appends the object to out, in the order of the rows. */
void payload_write(const struct payload_row *rows, size_t row_count, const struct record *record,
                   struct buffer *out);

#endif
