/* error: why a run cannot go on.
 *
 * Errors of three kinds never mix here: a bug is an assert, what happens to a record is data (a verdict or an
 * outcome), and a failure of the run is this: a function returns -1 or NULL and fills in the struct error
 * that its caller lent it. The scope alone chooses the exit status. Thread: a struct error belongs to one
 * thread at a time.
 */
#ifndef KYC_CORE_ERROR_H
#define KYC_CORE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* How far the damage reaches; each value is the exit status. */
enum error_scope {
    ERROR_NONE = 0,
    ERROR_USAGE = 2,       /* the command line or the job file is wrong */
    ERROR_INPUT = 3,       /* the input cannot be read to its end, or is not what it should be */
    ERROR_PROVIDER = 4,    /* the provider stopped the run */
    ERROR_LEDGER = 5,      /* the ledger cannot be written, is damaged, or is not the right one */
    ERROR_INTERRUPTED = 6, /* a signal; the next run resumes */
    ERROR_BUSY = 7,        /* another run holds the ledger or a credential */
};

enum { ERROR_TEXT_MAX = 2048 };

struct error {
    enum error_scope scope;
    bool quotes_input; /* the text has a line of the input, which may be a customer's: for the log alone.
                          error_set clears it */
    char text[ERROR_TEXT_MAX]; /* "FACT", or "FACT\nhint: WHAT TO DO"; no trailing newline */
};

/* A message of an error or a warning is a fact, and where there is something to do, a hint: both in one text
 * (and as a rule in one format string), parted by "\nhint: ". FACT: what happened, and where (a path, a
 * line). WHAT TO DO: the exact command, or the full path of a setting (`delivery.stop_after.updated_share`),
 * on one line. The last "\nhint: " of a text begins its hint (text_find_hint), so that a text that includes
 * another one gives its own hint by adding it at the end. Log lines show the hint as a line of its own, or as
 * a member of its own (log.h). */

/* Fills *error and returns -1, so that a caller can `return error_set(...)`. A longer text is cut between two
 * words of its fact. The arguments may be error->text itself. */
int error_set(struct error *error, enum error_scope scope, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int error_set_va(struct error *error, enum error_scope scope, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Where several scopes apply, the first of 2, 5, 7, 4, 3, 6, 1, 0 counts. Returns the one of
 * the two exit statuses that does. */
int error_worse_status(int a, int b);

#endif
