/* secret: bytes that must not leak: never logged, wiped before they are freed.
 *
 * Thread: constant after loading. Owner: secret_clear wipes and frees.
 */
#ifndef KYC_CORE_SECRET_H
#define KYC_CORE_SECRET_H

#include <stddef.h>

#include "core/error.h"
#include "core/slice.h"

struct secret {
    char *data; /* NUL-terminated; NULL when absent */
    size_t len;
    char *source; /* the value in the environment that it was loaded from; NULL: none */
};

/* Loads what `env:NAME` or `file:PATH` names. A path is relative to folder. A trailing newline of
 * the file is dropped. Errors (ERROR_USAGE), each without the value: another form (a literal secret in a job
 * file is refused), a variable that is unset or empty, a file that is missing, empty, over 64 KiB, not
 * a regular file, or one that group or others may read or write, unless it is root's with mode 0440 and its
 * group is root or one of this process. Returns 0 or -1. */
int secret_load(struct secret *secret, const char *reference, const char *folder, struct error *error);
/* Overwrites the copy that the environment has (/proc/PID/environ shows it), once all are loaded: two may be
 * of one variable. Such a variable is empty from then on. */
void secret_forget_source(struct secret *secret);
/* What a credential cannot have, and an editor may have put there: a byte order mark, NUL bytes (UTF-16), a
 * second line. NULL: nothing; else a clause for a message, without the value. A client would cut such a value
 * at its NUL, or send the second line as a header of its own. */
const char *secret_find_fault(const struct secret *secret);
/* What a key of digests cannot be, because whoever has the digests could try all such keys: shorter than 16
 * bytes. NULL: nothing; else a clause for a message, with a hint. */
const char *secret_find_weakness(const struct secret *secret);
void secret_clear(struct secret *secret);

/* Overwrites bytes in a way that the compiler does not remove. */
void secret_wipe(void *item, size_t len);

static inline struct slice secret_slice(const struct secret *secret)
{
    return slice_make(secret->data, secret->len);
}

#endif
