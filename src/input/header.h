/* header: the names of columns, from the bytes of a header's cells.
 *
 * Thread: any; pure.
 */
#ifndef KYC_INPUT_HEADER_H
#define KYC_INPUT_HEADER_H

#include <stddef.h>

#include "core/arena.h"
#include "core/encoding.h"
#include "core/error.h"
#include "core/slice.h"

/* Decodes each of the cells in place, to UTF-8 without outer blanks (space, tab, CR, LF, no-break and the
 * other Unicode spaces). 0, or -1 with ERROR_INPUT: not of the encoding, or a NUL; name is the input's. */
int header_decode(struct slice *cells, size_t count, const struct encoding *encoding, struct arena *arena,
                  const char *name, struct error *error);

#endif
