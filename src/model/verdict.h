/* verdict: the finding of a rule about one field of one record.
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

/* The names of the built-in rules, public as FIELD/RULE. A rule that the job defines may have a name of its
 * own. Every field of a record is validated, so that one pass shows all that is wrong; but one cause gives
 * one verdict: a value that failed is not validated further, and nothing that is derived from it is blamed.
 *
 * - required: absent, empty or a null value
 * - format: not of the field's type, or a pattern of the job fails; of postal_code (warning): not of the form
 * of its country
 * - enum: not one of the provider's values; the message names the nearest
 * - country: not a country; country_refused: a country that the provider does not accept
 * - dropped (warning): a list of which the provider takes only the first item
 * - too_long, too_short: in characters, by the provider's bounds; record/too_long: over input.max_record
 * - min_age: born too late for the job's minimum age; too_old: over 120 years; both not for businesses
 * - future: a date after today (UTC, at the start of the run)
 * - unique: an earlier row of this input has the value, whatever became of that row
 * - encoding: damaged text; invisible (warning): control or zero-width characters were removed
 * - ambiguous: several readings, and none is chosen
 * - damaged: a program rewrote the value before the export, such as a number with decimals or an exponent, or
 * wrote an error (#REF!) or a word for no value (NaN) in its place; the last is a warning in names and texts
 * - mojibake (warning): text that was decoded wrongly or escaped before the export, such as MÃ¼ller, &amp; or
 * \u00fc, or that lost a letter to a question mark
 * - time: a date with a time of day that is not the start of a day
 * - match: not matched as a whole by the `match` of the job's field
 * - valid: a phone number that is not in the number plan; a warning unless the rule has `level: reject`
 * - no_clear (warning): a value went away, and the provider cannot clear it
 * - identifying (warning): an external_id that looks like an e-mail or a national number
 * - immutable: a change that the provider cannot store; no_update: it stores none
 * - exists: the provider has such a user, and it is not known to be this customer's
 * - expensive: a pattern of the job exceeded the match limit on this value
 * - twin: the same person exists under another key
 * - erased: of external_id: the customer with this key was erased (kyc-import forget); no file gets such a
 * row
 * - provider_warning (warning): the provider's own, beside a success
 * - record/link_error (warning): created, but the provider could not make the verification link
 * - record/verification_rejected, record/verification_not_triggered (warnings): created, but the provider has
 * rejected the user at once, or has not begun to verify it
 * - guard (warning): a spreadsheet's guard around a value: ' before it, or ="…" around it
 * - record/unverifiable (warning): lacks what the provider needs to verify a customer by itself
 * - record/where: the value of a condition of input.where cannot be read
 * - record/malformed: broken quoting or JSON, or an object that wraps an array of records; columns: other
 * than in the header; cut: the input broke off
 * - record/header: the header line once more
 * - record/footer: a valid customer where input.csv.skip_footer expects none
 */
#define RULE_REQUIRED        "required"
#define RULE_FORMAT          "format"
#define RULE_ENUM            "enum"
#define RULE_COUNTRY         "country"
#define RULE_COUNTRY_REFUSED "country_refused"
#define RULE_DROPPED         "dropped"
#define RULE_TOO_LONG        "too_long"
#define RULE_TOO_SHORT       "too_short"
#define RULE_MIN_AGE         "min_age"
#define RULE_FUTURE          "future"
#define RULE_TOO_OLD         "too_old"
#define RULE_UNIQUE          "unique"
#define RULE_ENCODING        "encoding"
#define RULE_INVISIBLE       "invisible"
#define RULE_AMBIGUOUS       "ambiguous"
#define RULE_DAMAGED         "damaged"
#define RULE_MOJIBAKE        "mojibake"
#define RULE_TIME            "time"
#define RULE_MATCH           "match"
#define RULE_VALID           "valid"
#define RULE_NO_CLEAR        "no_clear"
#define RULE_IDENTIFYING     "identifying"
#define RULE_IMMUTABLE       "immutable"
#define RULE_NO_UPDATE       "no_update"
#define RULE_REFUSED         "refused"
#define RULE_EXISTS          "exists"
#define RULE_EXPENSIVE       "expensive"
#define RULE_TWIN            "twin"
#define RULE_ERASED          "erased"
#define RULE_UNVERIFIABLE    "unverifiable"
#define RULE_GUARD           "guard"
#define RULE_WARNING         "provider_warning"
/* of the record itself */
#define RULE_MALFORMED "malformed"
#define RULE_COLUMNS   "columns"
#define RULE_WHERE     "where"
#define RULE_CUT       "cut"
#define RULE_HEADER    "header"
#define RULE_FOOTER    "footer"
/* of the record itself: what the answer to its create said */
#define RULE_LINK_ERROR                 "link_error"
#define RULE_VERIFICATION_REJECTED      "verification_rejected"
#define RULE_VERIFICATION_NOT_TRIGGERED "verification_not_triggered"

#endif
