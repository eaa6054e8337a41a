#include "report/rule_help.h"

#include <stddef.h>
#include <string.h>

#include "model/verdict.h"

struct rule_help_row {
    const char *rule;
    struct rule_help advice;
};

static const struct rule_help_row rule_help_rows[] = {
    {RULE_REQUIRED,
     {"The provider needs this field, and the record has no value for it.",
      "Fill in the cells, or map another column to the field. Where the provider does not insist, the job can say {field: …, required: false}."}},
    {RULE_FORMAT,
     {"The value does not have the form that this field must have.",
      "Correct the values in the reject file."}},
    {RULE_ENUM,
     {"The value is not one of the words that the provider knows.",
      "Say in the job which word of yours stands for which of the provider's (values), or where all others go (otherwise). The reject file names the nearest word."}},
    {RULE_COUNTRY,
     {"The value is no country that could be recognized.",
      "Write the ISO 3166-1 code or the country's common name."}},
    {RULE_COUNTRY_REFUSED,
     {"The provider does not take customers with this country.",
      "These customers cannot be moved to this provider; leave them out of the export."}},
    {RULE_TOO_LONG,
     {"The value has more characters than the provider takes.",
      "Shorten it in the reject file. Nothing is ever cut silently."}},
    {RULE_TOO_SHORT,
     {"The value has fewer characters than the provider takes.", "Complete it in the reject file."}},
    {RULE_MIN_AGE,
     {"The customer is younger than the minimum age of the job.",
      "Such customers cannot be moved. If many dates are concerned, look whether day and month are read in the right order."}},
    {RULE_FUTURE,
     {"The date lies after today.",
      "Correct the date; years of two digits and swapped columns are the usual causes."}},
    {RULE_TOO_OLD,
     {"The birth date lies more than 120 years ago.",
      "Correct the date; 1900-01-01 is often a placeholder for a date that nobody knew."}},
    {RULE_UNIQUE,
     {"The same value stood in an earlier row of this input.",
      "Decide which of the rows is right, and take the others out. The reject file names the earlier row."}},
    {RULE_ENCODING,
     {"The value holds bytes or characters that are no text in the encoding of the job.",
      "If many rows are concerned, input.encoding is probably wrong, or the export was decoded wrongly once before. Single rows were damaged before the export."}},
    {RULE_INVISIBLE,
     {"Characters that nobody sees (control, zero-width or text direction) were taken out of the value.",
      "Nothing has to be done; the cleaned value is used. To be rid of the warning, clean the source."}},
    {RULE_AMBIGUOUS,
     {"The value can be read in several ways, and none is chosen.", "Write it in full, or as an ISO code."}},
    {RULE_TIME,
     {"The date has a time of day that is not the start of a day, so which day is meant is not certain.",
      "Programs that write a local midnight in UTC make such values: say the zone in the job, such as "
      "{column: …, zone: Europe/Berlin}. Where the date is right as it is written, say time: drop."}},
    {RULE_VALID,
     {"The number is possible, but the numbering plan of its country does not have it.",
      "Check some of them by hand; numbers made up for a form look like this. A rule {rule: valid, field: "
      "phone, level: reject} makes it a reject."}},
    {RULE_NO_CLEAR,
     {"The value went away in the export, but the provider cannot clear this field.",
      "The provider keeps the old value. If that is wrong, it must be changed with the provider's support."}},
    {RULE_IDENTIFYING,
     {"The customer's key looks like an e-mail address or a national number, and keys stand in logs, ledger and at the provider.",
      "Map a column with a neutral key to external_id, before the first customer is created."}},
    {RULE_IMMUTABLE,
     {"The value changed since the customer was created, and the provider cannot change it.",
      "Put the old value back, or accept the new one with kyc-import resolve once the provider's support has changed it."}},
    {RULE_NO_UPDATE,
     {"The customer's data changed, and the provider takes no updates.",
      "Change the data by hand at the provider, or let changes go with delivery.on_change: ignore."}},
    {RULE_EXISTS,
     {"The provider already has such a user, who is not known to this ledger.",
      "If it is the same customer, adopt the user with kyc-import resolve."}},
    {RULE_TWIN,
     {"The same person (e-mail, names and birth date) is there under another key. Nothing was sent.",
      "If the key column changed its format, put it back, or give the known customers their new keys with kyc-import resolve --rekey. Of a single one: resolve --same-as the known key, or --absent when it is another person."}},
    {RULE_WARNING,
     {"The provider took the record and warned of something, or did not name the field among those that it updated.",
      "A field that was left out is sent once more by the next run; left out again, it counts as taken, and the provider may still have the old value. Ask the provider why."}},
    {RULE_EXPENSIVE,
     {"A pattern of the job takes too many steps on this value, so it could not be judged.",
      "Write the pattern without nested repeats."}},
};

static const struct rule_help_row rule_help_rows_of_records[] = {
    {RULE_MALFORMED,
     {"The line is broken: its quotes or its JSON do not end where they should.",
      "The raw lines are in the broken file. Escape quotes inside cells by doubling them, and export again."}},
    {RULE_COLUMNS,
     {"The row has more or fewer cells than the header.",
      "A delimiter inside a cell without quotes is the usual cause: see the raw lines in the broken file."}},
    {RULE_TOO_LONG,
     {"The record is longer than input.max_record.",
      "If such records are right, raise input.max_record; else look for a quote that is never closed."}},
    {RULE_CUT,
     {"The record was in progress where the input broke off.",
      "Make the export again and completely; the record is not used even when it looks whole."}},
};

/* What is special to a type of field. */
static const struct {
    enum field_type type;
    struct rule_help_row row;
} rule_help_rows_of_types[] = {
    {FIELD_TYPE_PHONE,
     {RULE_FORMAT,
      {"The value is no phone number that could be dialled.",
       "Write +, the country's code and the number. A number without + is read with the record's country; letters and extensions are not taken."}}},
    {FIELD_TYPE_DATE,
     {RULE_FORMAT,
      {"The value is no date, or not in an order that the job allows.",
       "YYYY-MM-DD is always read. For another order say it in the job, such as {column: …, format: "
       "DD/MM/YYYY}; days that do not exist must be corrected."}}},
    {FIELD_TYPE_EMAIL,
     {RULE_FORMAT,
      {"The value is no e-mail address.",
       "Correct it in the reject file: one address, with one @, without a name around it."}}},
    {FIELD_TYPE_KEY,
     {RULE_FORMAT,
      {"The key is empty, longer than 128 bytes, or not of printable ASCII characters.",
       "Map a column with a plain key; it can never be changed once customers are created."}}},
};

static const struct rule_help *rule_help_find(const struct rule_help_row *rows, size_t count,
                                              const char *rule)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].rule, rule) == 0)
            return &rows[i].advice;
    return NULL;
}

struct rule_help rule_help_of_rule(enum field_id field, const char *rule)
{
    static const struct rule_help own = {
        "A rule of the job file, or an answer of the provider.",
        "Correct the values in the reject file, or the rule in the job file. kyc-import explain shows one record step by step."};
    const struct rule_help *found = NULL;
    for (size_t i = 0; i < sizeof rule_help_rows_of_types / sizeof *rule_help_rows_of_types && !found; i++)
        if (field != FIELD_NONE && field_type(field) == rule_help_rows_of_types[i].type)
            found = rule_help_find(&rule_help_rows_of_types[i].row, 1, rule);
    if (!found && field == FIELD_NONE)
        found = rule_help_find(rule_help_rows_of_records,
                               sizeof rule_help_rows_of_records / sizeof *rule_help_rows_of_records, rule);
    if (!found)
        found = rule_help_find(rule_help_rows, sizeof rule_help_rows / sizeof *rule_help_rows, rule);
    return found ? *found : own;
}

struct rule_help rule_help_of_status(int status, bool is_dry)
{
    static const struct rule_help advices[] = {
        {"all is well", "Nothing has to be done."},
        {"finished; some records need a look",
         "Correct the rows of the reject file in place and feed it back with --input: it is an input of the same job."},
        {"the command line or the job file is wrong, or the report cannot be written",
         "Correct what the message on standard error names, then run again."},
        {"the input could not be read to its end, or is not what it should be",
         "Make the export again and completely. What was read before it broke off stands."},
        {"stopped before damage; run again to resume when the reason below is settled",
         "See below why it stopped. Correct that, then run again: it resumes by itself."},
        {"the ledger stopped the run",
         "See the message on standard error. Nothing was sent that is not journalled."},
        {"interrupted; run again to resume", "Run the same command again: it resumes by itself."},
        {"another run holds this job's ledger or one of its keys", "Wait until the other run has ended."},
    };
    struct rule_help advice = {"", ""};
    if (status >= 0 && (size_t)status < sizeof advices / sizeof *advices)
        advice = advices[status];
    if (status == 0 && is_dry)
        advice.todo = "Every row is valid: kyc-import run with the same job sends them.";
    if (status == 6 && is_dry)
        advice = (struct rule_help){"interrupted", "Run the same command again for a complete report."};
    return advice;
}
