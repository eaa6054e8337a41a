#include "report/rule_help.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "model/verdict.h"

enum { RULE_HELP_ANY = -1, RULE_HELP_RECORD = -2 };

/* The first row that applies is used. */
static const struct rule_help_row {
    int scope; /* a field_type; RULE_HELP_ANY: every field; RULE_HELP_RECORD: the record itself */
    const char *rule;
    struct rule_help help;
} rule_help_rows[] = {
    {FIELD_TYPE_PHONE,
     RULE_FORMAT,
     {"not a phone number", "The value is not a phone number that can be dialled.",
      "Write +, the country calling code and the number. A number without + is read with the record's country; letters and extensions are not accepted."}},
    {FIELD_TYPE_DATE,
     RULE_FORMAT,
     {"not a date in an accepted order", "The value is not a date, or not in an order that the job accepts.",
      "YYYY-MM-DD is always accepted. Set any other order in the job, such as {column: …, format: DD/MM/YYYY}; correct days that do not exist."}},
    {FIELD_TYPE_EMAIL,
     RULE_FORMAT,
     {"not an e-mail address", "The value is not an e-mail address.",
      "Correct it in the reject file: one address with one @, without a name around it."}},
    {FIELD_TYPE_KEY,
     RULE_FORMAT,
     {"not a key", "The key is longer than 128 characters or not printable ASCII.",
      "Map a column with a plain key; it cannot be changed once customers are created."}},

    {RULE_HELP_RECORD,
     RULE_MALFORMED,
     {"broken quoting or JSON: see the raw lines in broken.*",
      "The line is broken: its quotes or its JSON do not end where they should.",
      "See the raw lines in the broken file. Double the quotes inside cells and export again."}},
    {RULE_HELP_RECORD,
     RULE_COLUMNS,
     {"more or fewer cells than the header: see broken.*", "The row has more or fewer cells than the header.",
      "The usual cause is a delimiter in a cell without quotes: see the raw lines in the broken file."}},
    {RULE_HELP_RECORD,
     RULE_TOO_LONG,
     {"longer than input.max_record", "The record is longer than input.max_record.",
      "If such records are correct, raise input.max_record; else look for a quote that is never closed."}},
    {RULE_HELP_RECORD,
     RULE_CUT,
     {"incomplete: the input ended within it", "The input ended within this record.",
      "Make a complete export again; the record is not used even if it looks complete."}},

    {RULE_HELP_ANY,
     RULE_REQUIRED,
     {"no value: fill it in, or map another column",
      "The provider requires this field, and the record has no value for it.",
      "Fill in the cells, or map another column to the field. If the provider does not insist on it, add the rule {field: …, required: false} to the job."}},
    {RULE_HELP_ANY,
     RULE_FORMAT,
     {"not in the required form", "The value does not have the form that this field requires.",
      "Correct the values in the reject file."}},
    {RULE_HELP_ANY,
     RULE_ENUM,
     {"not one of the provider's values: see `values` in the job",
      "The value is not one of those that the provider accepts.",
      "Map your values to the provider's in the job (values), or all others to one of them (otherwise). The reject file names the nearest value."}},
    {RULE_HELP_ANY,
     RULE_COUNTRY,
     {"not a known country", "The value is not a known country.",
      "Write the ISO 3166-1 code or the country's common name."}},
    {RULE_HELP_ANY,
     RULE_COUNTRY_REFUSED,
     {"a country that the provider does not accept",
      "The provider does not accept customers of this country.",
      "These customers cannot be moved to this provider; leave them out of the export."}},
    {RULE_HELP_ANY,
     RULE_TOO_LONG,
     {"longer than the provider accepts", "The value has more characters than the provider accepts.",
      "Shorten it in the reject file. Nothing is ever cut silently."}},
    {RULE_HELP_ANY,
     RULE_TOO_SHORT,
     {"shorter than the provider accepts", "The value has fewer characters than the provider accepts.",
      "Complete it in the reject file."}},
    {RULE_HELP_ANY,
     RULE_MIN_AGE,
     {"younger than the job's minimum age", "The customer is younger than the minimum age of the job.",
      "Such customers cannot be moved. If many records are affected, check that day and month are read in the right order."}},
    {RULE_HELP_ANY,
     RULE_FUTURE,
     {"a date after today", "The date is after today.",
      "Correct the date; the usual causes are years of two digits and swapped columns."}},
    {RULE_HELP_ANY,
     RULE_TOO_OLD,
     {"a birth date more than 120 years ago", "The birth date is more than 120 years ago.",
      "Correct the date; 1900-01-01 is often a placeholder for an unknown date."}},
    {RULE_HELP_ANY,
     RULE_UNIQUE,
     {"seen before in this run's input", "An earlier row of this input has the same value.",
      "Decide which of the rows is right and remove the others. The reject file names the earlier row."}},
    {RULE_HELP_ANY,
     RULE_ENCODING,
     {"damaged text: is input.encoding right?",
      "The value contains bytes or characters that are not text in the encoding of the job.",
      "If many rows are affected, input.encoding is probably wrong, or the export was decoded with a wrong encoding before. Single rows were damaged before the export."}},
    {RULE_HELP_ANY,
     RULE_INVISIBLE,
     {"invisible characters were removed",
      "Invisible characters (control, zero-width or text direction) were removed from the value.",
      "Nothing has to be done; the cleaned value is used. To avoid the warning, clean the source."}},
    {RULE_HELP_ANY,
     RULE_AMBIGUOUS,
     {"ambiguous: write it in full", "The value has several possible meanings, and none is chosen.",
      "Write it in full, or as an ISO code."}},
    {RULE_HELP_ANY,
     RULE_TIME,
     {"a time of day: the day is uncertain",
      "The date has a time of day that is not the start of a day, so the day meant is uncertain.",
      "Programs that write a local midnight in UTC produce such values: set the zone in the job, such as {column: …, zone: Europe/Berlin}. If the date is right as written, set time: drop."}},
    {RULE_HELP_ANY,
     RULE_VALID,
     {"not in the country's number plan",
      "The number is possible, but it is not in the number plan of its country.",
      "Check some of them by hand; numbers invented for a form look like this. The rule {rule: valid, field: phone, level: reject} makes it a reject."}},
    {RULE_HELP_ANY,
     RULE_NO_CLEAR,
     {"removed, and the provider cannot clear it",
      "The value is gone from the export, but the provider cannot clear this field.",
      "The provider keeps the old value. If that is wrong, ask the provider's support to change it."}},
    {RULE_HELP_ANY,
     RULE_IDENTIFYING,
     {"looks like an e-mail or a national number",
      "The customer's key looks like an e-mail address or a national number, and keys are stored in logs, in the ledger and at the provider.",
      "Map a column with a neutral key to external_id before the first customer is created."}},
    {RULE_HELP_ANY,
     RULE_IMMUTABLE,
     {"changed, and the provider cannot change it",
      "The value changed since the customer was created, and the provider cannot change it.",
      "Restore the old value, or accept the new one with kyc-import resolve once the provider's support has changed it."}},
    {RULE_HELP_ANY,
     RULE_NO_UPDATE,
     {"changed, and the provider has no updates",
      "The customer's data changed, and the provider does not support updates.",
      "Change the data by hand at the provider, or ignore changes with delivery.on_change: ignore."}},
    {RULE_HELP_ANY,
     RULE_REFUSED,
     {"refused by the provider", "The provider refused the record, in this run or in an earlier one.",
      "The reject file contains the provider's message. Correct the record; one that did not change is sent again only by kyc-import run --retry-refused."}},
    {RULE_HELP_ANY,
     RULE_EXISTS,
     {"the provider has such a user already",
      "The provider already has such a user, and it is not in this ledger.",
      "If it is the same customer, adopt the user with kyc-import resolve."}},
    {RULE_HELP_ANY,
     RULE_TWIN,
     {"the same person exists under another key",
      "The same person (e-mail, names and birth date) exists under another key. Nothing was sent.",
      "If the format of the key column changed, restore it, or give the known customers their new keys with kyc-import resolve --rekey. For a single customer: resolve --same-as the known key, or --absent if it is another person."}},
    {RULE_HELP_ANY,
     RULE_WARNING,
     {"accepted, with a warning by the provider",
      "The provider accepted the record with a warning, or did not list the field among those that it updated.",
      "A field that was left out is sent once more by the next run; left out again, it counts as accepted, and the provider may still have the old value. Ask the provider for the reason."}},
    {RULE_HELP_ANY,
     RULE_EXPENSIVE,
     {"not checked: a pattern of the job is too slow",
      "A pattern of the job exceeded the match limit on this value, so it was not checked.",
      "Write the pattern without nested repeats."}},
};

static const struct rule_help rule_help_other = {
    "a rule of the job file", "A rule of the job file, or a reply of the provider.",
    "Correct the values in the reject file, or the rule in the job file. kyc-import explain shows one record step by step."};

static bool rule_help_applies(const struct rule_help_row *row, enum field_id field)
{
    if (row->scope == RULE_HELP_ANY)
        return true;
    return row->scope == (field == FIELD_NONE ? RULE_HELP_RECORD : (int)field_type(field));
}

const struct rule_help *rule_help_find(enum field_id field, const char *rule)
{
    for (size_t i = 0; i < sizeof rule_help_rows / sizeof *rule_help_rows; i++)
        if (strcmp(rule_help_rows[i].rule, rule) == 0 && rule_help_applies(&rule_help_rows[i], field))
            return &rule_help_rows[i].help;
    return &rule_help_other;
}
