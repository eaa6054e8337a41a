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
    {FIELD_TYPE_PHONE,
     RULE_DAMAGED,
     {"rewritten or lost by a program before the export",
      "A program took the phone number for a decimal number (4155550110.0, 4.15555E+09), or wrote an error (#REF!) or a word for no value (NaN) in its place.",
      "Make the export again with the column as text; a table of decimal numbers (float64) is the usual cause. An exponent has lost digits for good. A word for no value belongs in null_values of the job's input."}},
    {FIELD_TYPE_PHONE,
     RULE_AMBIGUOUS,
     {"national, or international without its +",
      "The digits are a valid number of the record's country, and another valid number when a + is put before them.",
      "Write the number with + and its country calling code. If the whole column lacks the +, the job can add it: {column: …, match: '[1-9]\\d+', replace: '+$0'}."}},
    {FIELD_TYPE_DATE,
     RULE_FORMAT,
     {"not a date in an accepted order", "The value is not a date, or not in an order that the job accepts.",
      "YYYY-MM-DD is always accepted. Set any other form in the job, or a list of forms, such as {column: …, format: [DD/MM/YYYY, D MMM YYYY]}; correct days that do not exist."}},
    {FIELD_TYPE_DATE,
     RULE_DAMAGED,
     {"rewritten or lost by a program before the export",
      "A program took the date for a decimal number (19800213.0, 1.98E+07), or wrote an error (#REF!) or a word for no value (NaN) in its place.",
      "Make the export again with the column as text. If the dates are numbers (days of Excel, seconds since 1970), set the form in the job, such as {column: …, format: excel}; an exponent has lost digits for good. A word for no value belongs in null_values of the job's input."}},
    {FIELD_TYPE_DATE,
     RULE_AMBIGUOUS,
     {"different days by its possible forms", "The value is different days by the forms that it may have.",
      "Set `format` in the job to the form that the export has; of a list, remove the form that it has not."}},
    {FIELD_TYPE_POSTAL,
     RULE_FORMAT,
     {"not of the form of its country",
      "The postal code has not the form of its country, or not that of a rule of the job.",
      "Codes that are too short have usually lost a zero to a spreadsheet: export the column as text. A must_match of the job for postal_code replaces the built-in form."}},
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
     {"broken quoting or JSON, or several customers in one line of NDJSON: see the raw lines in broken.*",
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
     RULE_WHERE,
     {"a column of input.where cannot be read",
      "The value of a column of input.where is damaged text, an array or an object, so whether the record is to be imported is not known.",
      "Correct the cell in the reject file, or set input.encoding. For NDJSON name a single value, such as status.name or tags[0]."}},
    {RULE_HELP_RECORD,
     RULE_CUT,
     {"incomplete: the input ended within it", "The input ended within this record.",
      "Make a complete export again; the record is not used even if it looks complete."}},
    {RULE_HELP_RECORD,
     RULE_HEADER,
     {"the header line once more", "The row repeats the header line and holds no customer.",
      "Files were joined with the header of each. Name them all in input.path, or join them without it: tail -n +2 FILE."}},
    {RULE_HELP_RECORD,
     RULE_FOOTER,
     {"a customer in the place of the footer",
      "A valid customer is among the last records, which input.csv.skip_footer leaves out.",
      "Check that the export is complete: its totals line may be missing. If it never has one, remove skip_footer; the reject file can be used as input."}},
    {RULE_HELP_RECORD,
     RULE_UNVERIFIABLE,
     {"lacks what automatic verification needs: see kyc-import explain JOB --row N",
      "The record lacks something without which the provider does not verify a customer by itself: kyc-import explain JOB --row N names all of it.",
      "Map what is missing; `kyc-import help PROVIDER` lists what counts. For customers who verify by a link set verification_mode: {value: verification_link}; a rule {field: NAME, required: false} takes a field off the list."}},

    {RULE_HELP_ANY,
     RULE_GUARD,
     {"a spreadsheet's guard around the value",
      "The value has an apostrophe before it or =\"…\" around it, which spreadsheets need and do not show.",
      "Set spreadsheet_guards: strip in the job's input; do so before the first run if external_id is among these fields."}},
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
     {"not accepted: kyc-import words JOB lists the words for `values`",
      "The value is not one of those that the provider accepts.",
      "Map your values to the provider's in the job (values), or all others to one of them (otherwise): kyc-import words lists them, ready to paste."}},
    {RULE_HELP_ANY,
     RULE_COUNTRY,
     {"unknown country: kyc-import words JOB", "The value is not a known country.",
      "Write the ISO 3166-1 code or the country's common name, or map it in the job (values): kyc-import words lists them, ready to paste."}},
    {RULE_HELP_ANY,
     RULE_COUNTRY_REFUSED,
     {"a country that the provider does not accept",
      "The provider does not accept customers of this country; where this is a warning, it may refuse them.",
      "Leave customers who are rejected out of the export: they cannot be moved to this provider. Those with a warning are sent; ask the provider about their country before the run."}},
    {RULE_HELP_ANY,
     RULE_DROPPED,
     {"several values, and the provider takes the first",
      "The record has several values, and the provider has a place for one: only the first is sent.",
      "Check that the first is the one to send; the job can name the column that has it."}},
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
    {RULE_HELP_ANY, RULE_ENCODING, {"damaged text: is input.encoding right?", "The value contains bytes or characters that are not text in the encoding of the job.", "If many rows are affected, input.encoding is probably wrong, or the export was decoded with a wrong encoding before. Single rows were damaged before the export."}},
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
     RULE_DAMAGED,
     {"rewritten or lost by a program before the export",
      "A program rewrote the value (94607.0, 9.46E+08), or wrote an error (#REF!) or a word for no value (NaN) in its place.",
      "Make the export again with the column as text. A word for no value belongs in null_values of the job's input; a value that is right as it is can be listed in the field's values."}},
    {RULE_HELP_ANY,
     RULE_MOJIBAKE,
     {"decoded wrongly or escaped before the export",
      "The text was decoded with a wrong encoding, escaped (&amp;, \\') or lost a letter (Gonz?lez) before the export.",
      "Restore it at the source; the provider would get it as it is. The reject file and kyc-import explain show what it probably was."}},
    {RULE_HELP_ANY,
     RULE_TIME,
     {"a time of day: the day is uncertain",
      "The date has a time of day that is not the start of a day, so the day meant is uncertain.",
      "Programs that write a local midnight in UTC produce such values: set the zone in the job, such as {column: …, zone: Europe/Berlin}. If the date is right as written, set time: drop."}},
    {RULE_HELP_ANY,
     RULE_MATCH,
     {"not matched as a whole by the field's match",
      "The field has a match in the job, and its pattern does not match this value from the first to the last character.",
      "Extend the pattern, or say what becomes of other values: unmatched: keep, or unmatched: empty."}},
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
     RULE_ERASED,
     {"a customer that was erased",
      "The customer with this key was erased from the ledger (kyc-import forget), so it is never sent again. Its rows are in no reject file.",
      "Remove the customer from the system that makes the export. kyc-import explain JOB --key ID shows its row."}},
    {RULE_HELP_ANY,
     RULE_TWIN,
     {"the same person exists under another key",
      "The same person (e-mail, names and birth date) exists under another key. Nothing was sent.",
      "If the format of the key column changed, restore it, or give the known customers their new keys with kyc-import resolve --rekey. If the export has the person twice, remove one of the rows. For a single customer: resolve --same-as the known key, or --absent if it is another person."}},
    {RULE_HELP_ANY,
     RULE_WARNING,
     {"accepted, with a warning by the provider",
      "The provider accepted the record with a warning, or did not list the field among those that it updated.",
      "A field that was left out is sent once more by the next run; left out again, it counts as accepted, and the provider may still have the old value. Ask the provider for the reason."}},
    {RULE_HELP_RECORD,
     RULE_LINK_ERROR,
     {"created without a verification link",
      "The provider created the user, but could not make the verification link.",
      "kyc-import links makes a new link for each of these customers. Ask the provider if it fails again."}},
    {RULE_HELP_RECORD,
     RULE_VERIFICATION_REJECTED,
     {"created, and rejected by the provider at once",
      "The provider created the user, and its verification rejected the user at once.",
      "Ask the provider for the reason, and correct the data where they are wrong. The state is in kyc-import results; kyc-import refresh reads it again."}},
    {RULE_HELP_RECORD,
     RULE_VERIFICATION_NOT_TRIGGERED,
     {"created, but its verification was not begun",
      "The provider created the user in the mode `automatic`, and did not begin to verify it.",
      "Data that the verification needs are usually missing: add them to the export, so that the next run sends them, or send the customer a link (kyc-import links)."}},
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

/* Warnings, unless the job sets another level; the others reject. */
static const struct {
    int scope;
    const char *rule;
} warnings[] = {
    {FIELD_TYPE_POSTAL, RULE_FORMAT},
    {RULE_HELP_RECORD, RULE_UNVERIFIABLE},
    {RULE_HELP_RECORD, RULE_LINK_ERROR},
    {RULE_HELP_RECORD, RULE_VERIFICATION_REJECTED},
    {RULE_HELP_RECORD, RULE_VERIFICATION_NOT_TRIGGERED},
    {RULE_HELP_ANY, RULE_GUARD},
    {RULE_HELP_ANY, RULE_DROPPED},
    {RULE_HELP_ANY, RULE_INVISIBLE},
    {RULE_HELP_ANY, RULE_MOJIBAKE},
    {RULE_HELP_ANY, RULE_VALID},
    {RULE_HELP_ANY, RULE_NO_CLEAR},
    {RULE_HELP_ANY, RULE_IDENTIFYING},
    {RULE_HELP_ANY, RULE_WARNING},
};

/* The name of the one field of a type; of several, the word of their type. */
static const char *scope_of_type(int type)
{
    const char *name = NULL;
    size_t count = 0;
    for (enum field_id field = 0; field < FIELD_COUNT; field++)
        if ((int)field_type(field) == type) {
            name = field_name(field);
            count++;
        }
    return count == 1 ? name : "DATE";
}

const struct rule_help *rule_help_row(size_t index, const char **scope, const char **rule, bool *is_warning)
{
    if (index >= sizeof rule_help_rows / sizeof *rule_help_rows)
        return NULL;
    const struct rule_help_row *row = &rule_help_rows[index];
    *rule = row->rule;
    *scope = row->scope == RULE_HELP_ANY      ? "FIELD"
             : row->scope == RULE_HELP_RECORD ? field_name(FIELD_NONE)
                                              : scope_of_type(row->scope);
    *is_warning = false;
    for (size_t i = 0; i < sizeof warnings / sizeof *warnings; i++)
        *is_warning |= warnings[i].scope == row->scope && strcmp(warnings[i].rule, row->rule) == 0;
    return &row->help;
}

const struct rule_help *rule_help_find(enum field_id field, const char *rule)
{
    for (size_t i = 0; i < sizeof rule_help_rows / sizeof *rule_help_rows; i++)
        if (strcmp(rule_help_rows[i].rule, rule) == 0 && rule_help_applies(&rule_help_rows[i], field))
            return &rule_help_rows[i].help;
    return &rule_help_other;
}
