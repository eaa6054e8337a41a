/* date_forms: the dates of one field, read by the forms that its job lists.
 *
 * Without a form: ISO 8601 (date_read_iso). With a form (model/date_format.h) ISO is still read where it
 * cannot be mistaken for it: never beside YYYY-DD-MM, and YYYYMMDD not beside a form of digits alone. A text
 * that has different meanings by two forms, each as if it were the only one, is ambiguous; their order does
 * not matter. Of numbers only what the form says: no range makes seconds of milliseconds.
 * Thread: any; constant after date_forms_new. Owner: in the arena of date_forms_new.
 */
#ifndef KYC_RULES_DATE_FORMS_H
#define KYC_RULES_DATE_FORMS_H

#include "core/arena.h"
#include "core/month_names.h"
#include "model/date_format.h"
#include "rules/date.h"

/* As in a job's mapping. */
struct date_settings {
    const char *const *formats; /* borrowed */
    size_t format_count;        /* at least one */
    const char *locale;         /* of the month names: a known one; NULL: English */
    unsigned century;           /* the first year of the 100 that YY means */
    bool drops_time;            /* readings agree if their dates do */
};

struct date_forms {
    struct date_format *formats;
    size_t count;
    const struct month_names *months; /* NULL: no form has a name */
    unsigned century;
    bool drops_time;
    bool reads_iso, reads_compact_iso;
    const char *text; /* `DD/MM/YYYY or excel` */
};

/* NULL with *fault: what is wrong with the format at index *at, a clause for a message. */
const struct date_forms *date_forms_new(const struct date_settings *settings, struct arena *arena, size_t *at,
                                        const char **fault);

/* forms: NULL: ISO 8601 only; then D/M/YYYY and M/D/YYYY is ambiguous where both are days. reading: only
 * filled in with DATE_OK. */
enum date_result date_forms_read(const struct date_forms *forms, struct slice text,
                                 struct date_reading *reading);

#endif
