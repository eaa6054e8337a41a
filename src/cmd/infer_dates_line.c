#include "cmd/infer_dates_line.h"

#include <string.h>

#include "cmd/infer_dates.h"
#include "core/clock.h"
#include "core/plural.h"
#include "model/column_name.h"

/* The 100 years that two digits most likely mean: a birth is not in the future, an expiry not long ago. */
static unsigned usual_century(enum field_id field)
{
    enum { EXPIRY_CENTURY = 2000, DAY_S = 86400 };
    unsigned year = date_of_days((int32_t)(clock_real_ns() / CLOCK_NS_PER_S / DAY_S)).year;
    return field == FIELD_DOCUMENT_EXPIRY ? EXPIRY_CENTURY : year - 99;
}

/* Plain where YAML reads it as text within {…}. */
static void write_scalar(struct buffer *out, const char *form)
{
    bool is_plain = form[0] >= 'A' && form[0] <= 'z' && !strpbrk(form, ",[]{}:#");
    buffer_printf(out, is_plain ? "%s" : "'%s'", form);
}

/* `format: DD/MM/YY, century: 1930, zone: Europe/Berlin`. A zone needs a form with a time. */
static void write_keys(const struct infer_dates *dates, const struct infer_reading *reading, unsigned century,
                       struct buffer *out)
{
    bool needs_iso = reading->form_count && dates->zone && !reading->has_time && dates->iso_form[0];
    bool is_list = reading->form_count + needs_iso > 1;
    for (size_t i = 0; i < reading->form_count; i++) {
        buffer_append_text(out, i ? ", " : is_list ? ", format: [" : ", format: ");
        write_scalar(out, reading->forms[i]);
    }
    if (needs_iso) {
        buffer_append_text(out, ", ");
        write_scalar(out, dates->iso_form);
    }
    buffer_append_text(out, is_list ? "]" : "");
    if (reading->has_short_year)
        buffer_printf(out, ", century: %u", century);
    if (reading->has_names && dates->locale)
        buffer_printf(out, ", locale: %s", dates->locale);
    if (dates->zone && (reading->has_time || needs_iso || reading->form_count == 0))
        buffer_printf(out, ", zone: %s", dates->zone);
}

static void write_mapping(const struct infer_writer *writer, enum field_id field,
                          const struct infer_dates *dates, const struct infer_reading *reading)
{
    struct buffer *out = writer->out;
    bool has_keys = reading->form_count || dates->zone;
    buffer_printf(out, has_keys ? "%s: {column: " : "%s: ", field_name(field));
    infer_line_column(writer, field, writer->matches.of[field].column);
    if (!has_keys)
        return;
    write_keys(dates, reading, usual_century(field), out);
    buffer_append_char(out, '}');
}

/* The reading whose first form begins as the one that the column's name gives (`Born (dd/mm/yyyy)`), where no
 * value speaks for another; NULL: none. */
static const struct infer_reading *reading_by_name(const struct infer_writer *writer, size_t column,
                                                   const struct infer_dates *dates)
{
    const struct infer_reading *found = NULL;
    struct slice form;

    if (!column_name_date_form(writer->sample->columns[column], &writer->sample->arena, &form))
        return NULL;
    for (size_t i = 0; i < dates->reading_count; i++) {
        const struct infer_reading *reading = &dates->readings[i];
        if (reading->form_count && reading->forms[0][0] == form.data[0])
            found = reading;
        else if (reading->proofs)
            return NULL;
    }
    return found;
}

static bool has_form(const struct infer_reading *reading, const char *form)
{
    for (size_t i = 0; i < reading->form_count; i++)
        if (strcmp(reading->forms[i], form) == 0)
            return true;
    return false;
}

/* All forms of all readings, by which a date of two readings is rejected as ambiguous. */
static void merge_readings(const struct infer_dates *dates, struct infer_reading *merged)
{
    *merged = (struct infer_reading){0};
    for (size_t i = 0; i < dates->reading_count; i++) {
        const struct infer_reading *reading = &dates->readings[i];
        for (size_t j = 0; j < reading->form_count && merged->form_count < INFER_FORMS_MAX; j++)
            if (!has_form(merged, reading->forms[j]))
                memcpy(merged->forms[merged->form_count++], reading->forms[j], INFER_FORMAT_SIZE);
        merged->has_short_year |= reading->has_short_year;
        merged->has_names |= reading->has_names;
        merged->has_time |= reading->has_time;
        merged->has_excel |= reading->has_excel;
    }
}

/* A form as the others name it, several as the list that `format` takes. */
static void write_forms(struct buffer *out, const struct infer_reading *reading)
{
    bool is_list = reading->form_count > 1;
    for (size_t i = 0; i < reading->form_count; i++) {
        buffer_append_text(out, i ? ", " : is_list ? "[" : "");
        write_scalar(out, reading->forms[i]);
    }
    buffer_append_text(out, is_list ? "]" : "");
}

/* Several readings, for a person to choose. The line holds them all, so that the job can be loaded. */
static void write_readings(struct infer_writer *writer, enum field_id field, const struct infer_dates *dates)
{
    const struct infer_reading *named = reading_by_name(writer, writer->matches.of[field].column, dates);
    struct infer_reading merged;

    merge_readings(dates, &merged);
    if (!named)
        infer_line_todo(
            writer, field,
            "no value proves the order of day and month, or some disagree. Set format to one of these:");
    for (size_t i = 0; i < dates->reading_count && !named; i++) {
        const struct infer_reading *reading = &dates->readings[i];
        buffer_append_text(writer->out, "  #   ");
        write_forms(writer->out, reading);
        buffer_printf(writer->out, ": %zu value%s can be read in this order only, %zu in %s\n",
                      reading->proofs, plural_s(reading->proofs), dates->either,
                      dates->reading_count > 2 ? "several" : "both");
    }
    buffer_append_text(writer->out, "  ");
    write_mapping(writer, field, dates, named ? named : &merged);
    infer_line_remark(writer->out);
    buffer_append_text(writer->out, named ? "CHECK: by the column's name; no value proves it\n"
                                          : "until then a date of two readings is rejected\n");
}

static void write_uncertain_days(struct infer_writer *writer, enum field_id field,
                                 const struct infer_dates *dates)
{
    buffer_printf(
        writer->out,
        "  # CHECK: %zu of these values have a time of day, so their day is not certain, and they are rejected (%s/time).\n  # Add `zone: AREA/CITY` if they are instants of a time zone, or `time: drop` if the date is right as it is written.\n",
        dates->uncertain, field_name(field));
}

static void write_proofs(struct buffer *out, enum field_id field, const struct infer_dates *dates)
{
    const struct infer_reading *reading = &dates->readings[0];
    unsigned century = usual_century(field);
    infer_line_remark(out);
    buffer_printf(out, "proven by %zu value%s", reading->proofs, plural_s(reading->proofs));
    if (dates->other)
        buffer_printf(out, "; %zu are of another form", dates->other);
    if (reading->adopted)
        buffer_printf(out, "; CHECK: %zu prove no order, and are read in that of the others",
                      reading->adopted);
    if (reading->has_short_year)
        buffer_printf(out, "; CHECK the century: YY is of %u to %u", century, century + 99);
    if (reading->has_names && dates->second_locale)
        buffer_printf(out, "; CHECK the language: by `%s` some names are other months", dates->second_locale);
    if (reading->has_excel)
        buffer_append_text(out, "; CHECK: Excel's days of the 1900 system, not of 1904");
}

static void write_zone_remark(struct buffer *out, const struct infer_dates *dates)
{
    infer_line_remark(out);
    buffer_printf(out, "CHECK the zone: %zu of %zu instants begin a day there", dates->zone_fits,
                  dates->instants);
    for (size_t i = 0; i < sizeof dates->same_zone / sizeof *dates->same_zone && dates->same_zone[i]; i++)
        buffer_printf(out, "%s%s", i ? ", " : ", and in ", dates->same_zone[i]);
}

void infer_dates_line(struct infer_writer *writer, enum field_id field)
{
    struct infer_dates dates;
    struct buffer *out = writer->out;

    infer_dates_of(writer->sample, writer->matches.of[field].column, &dates);
    if (dates.order == INFER_DATES_OPEN) {
        write_readings(writer, field, &dates);
        return;
    }
    if (dates.order == INFER_DATES_OTHER)
        buffer_printf(out, "  # CHECK: %zu value%s of this column %s of no form that a `format` reads\n",
                      dates.other, plural_s(dates.other), dates.other == 1 ? "is" : "are");
    if (dates.uncertain && !dates.zone)
        write_uncertain_days(writer, field, &dates);
    buffer_append_text(out, "  ");
    write_mapping(writer, field, &dates, &dates.readings[0]);
    if (dates.order == INFER_DATES_KNOWN)
        write_proofs(out, field, &dates);
    if (dates.zone)
        write_zone_remark(out, &dates);
    if (dates.order == INFER_DATES_KNOWN || dates.zone)
        buffer_append_char(out, '\n');
    else
        infer_line_confidence(writer, field);
}
