/* verdict: what a rule says of one field of one record.
 *
 * Thread: as the record. Owner: rule is constant or the job's; message is in the record's arena.
 */
#ifndef KYC_MODEL_VERDICT_H
#define KYC_MODEL_VERDICT_H

#include "core/slice.h"
#include "model/field.h"

enum verdict_level { VERDICT_WARN, VERDICT_REJECT };

struct verdict {
    enum field_id field; /* FIELD_NONE: the record itself */
    enum verdict_level level;
    const char *rule;     /* `format`; with the field it is the name FIELD/RULE */
    struct slice message; /* what is wrong, for people; may show the value (reject file); never logged */
};

/* The built-in rules' names (2-job.md, Rules and their names). A rule of the job's own brings its name. */
#define RULE_REQUIRED        "required"
#define RULE_FORMAT          "format"
#define RULE_ENUM            "enum"
#define RULE_COUNTRY         "country"
#define RULE_COUNTRY_REFUSED "country_refused"
#define RULE_TOO_LONG        "too_long"
#define RULE_TOO_SHORT       "too_short"
#define RULE_MIN_AGE         "min_age"
#define RULE_FUTURE          "future"
#define RULE_TOO_OLD         "too_old"
#define RULE_UNIQUE          "unique"
#define RULE_ENCODING        "encoding"
#define RULE_INVISIBLE       "invisible"
#define RULE_AMBIGUOUS       "ambiguous"
#define RULE_TIME            "time"
#define RULE_VALID           "valid"
#define RULE_NO_CLEAR        "no_clear"
#define RULE_IDENTIFYING     "identifying"
#define RULE_IMMUTABLE       "immutable"
#define RULE_NO_UPDATE       "no_update"
#define RULE_EXISTS          "exists"
#define RULE_EXPENSIVE       "expensive"
#define RULE_TWIN            "twin"
#define RULE_WARNING         "provider_warning"
/* of the record itself */
#define RULE_MALFORMED "malformed"
#define RULE_COLUMNS   "columns"
#define RULE_CUT       "cut"

#endif
