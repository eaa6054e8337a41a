#include "job/job_dates.h"

#include <string.h>

#include "core/month_names.h"
#include "core/time_zone.h"
#include "job/job_scalar.h"
#include "model/date_format.h"

enum { FORMATS_MAX = 16 };

/* Keys that are about dates and times alone. */
static int refuse_of_no_date(struct job_reader *reader, const struct job_node *value,
                             const struct job_mapping *mapping)
{
    enum field_type type = field_type(mapping->field);
    if (type == FIELD_TYPE_DATE || type == FIELD_TYPE_TIME)
        return 0;
    return job_keys_fail_at_key(reader, value, "`%s` is not a date, so it has no `%s`\nhint: remove `%s`",
                                field_name(mapping->field), value->key.data, value->key.data);
}

/* Adds one form of the list, or the only one. */
static int add_format(struct job_reader *reader, const struct job_node *value, struct job_mapping *mapping)
{
    struct slice format;
    struct date_format read;
    if (job_scalar_read(reader, value, &format) != 0)
        return -1;
    const char *fault = date_format_read(&read, format.data);
    if (fault)
        return job_keys_fail(
            reader, value, "`%s` is not a date format: %s\nhint: examples are `DD/MM/YYYY` and `D MMM YYYY`",
            format.data, fault);
    for (size_t i = 0; i < mapping->format_count; i++)
        if (strcmp(mapping->formats[i], format.data) == 0)
            return job_keys_fail(reader, value, "`%s` is listed twice\nhint: remove one of them",
                                 format.data);
    mapping->formats[mapping->format_count++] = format.data;
    return 0;
}

int job_dates_read_format(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    bool is_list = value->kind == JOB_NODE_LIST;
    if (value->kind == JOB_NODE_MAPPING)
        return job_keys_fail_kind(reader, value, JOB_NODE_SCALAR);
    if (refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    if (is_list && (value->count == 0 || value->count > FORMATS_MAX))
        return job_keys_fail(reader, value,
                             "`format` has 1 to %d forms\nhint: as in [DD/MM/YYYY, 'MMM D, YYYY']",
                             FORMATS_MAX);
    mapping->formats =
        arena_alloc(&reader->job->arena, (is_list ? value->count : 1) * sizeof *mapping->formats);
    if (!is_list)
        return add_format(reader, value, mapping);
    for (const struct job_node *member = value->first; member; member = member->next)
        if (add_format(reader, member, mapping) != 0)
            return -1;
    return 0;
}

int job_dates_read_century(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                           void *target)
{
    struct job_mapping *mapping = target;
    if (refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    return job_scalar_uint32(reader, value, key, &mapping->century);
}

int job_dates_read_locale(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice locale;
    if (job_scalar_read(reader, value, &locale) != 0 || refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    if (!month_names_are_known(locale.data)) {
        const char *nearest = month_names_nearest(locale, &reader->job->arena);
        return job_keys_fail(
            reader, value,
            nearest
                ? "`%s` is not a known locale\nhint: did you mean `%s`?"
                : "`%s` is not a known locale\nhint: write a language as in `de`, or one of a region as in `de-AT`",
            locale.data, nearest);
    }
    mapping->locale = locale.data;
    return 0;
}

int job_dates_read_zone(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice zone;
    if (job_scalar_read(reader, value, &zone) != 0 || refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    if (!time_zone_is_known(zone.data)) {
        const char *nearest = time_zone_nearest(zone, &reader->job->arena);
        return job_keys_fail(
            reader, value,
            nearest
                ? "`%s` is not a time zone\nhint: did you mean `%s`?"
                : "`%s` is not a time zone\nhint: write AREA/CITY of the tz database, as in `Europe/Berlin`, or `UTC`",
            zone.data, nearest);
    }
    mapping->zone = zone.data;
    return 0;
}

int job_dates_read_time(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                        void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice time;
    if (job_scalar_read(reader, value, &time) != 0 || refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    if (field_type(mapping->field) == FIELD_TYPE_TIME)
        return job_keys_fail_at_key(reader, value,
                                    "`%s` is a time, which `time` would drop\nhint: remove `time`",
                                    field_name(mapping->field));
    if (!slice_is(time, "drop"))
        return job_keys_fail(
            reader, value,
            "`time` is `drop`, or is left out\nhint: `time: drop` takes the date as it is written; without it, a time of day must be the start of a day");
    mapping->drops_time = true;
    return 0;
}

/* What the forms of a field have between them. */
struct traits {
    const char *short_year; /* the first form with YY; NULL: none */
    bool has_month_name, has_time;
};

static struct traits traits_of(const struct job_mapping *mapping)
{
    struct traits traits = {NULL, false, false};
    for (size_t i = 0; i < mapping->format_count; i++) {
        struct date_format format;
        date_format_read(&format, mapping->formats[i]);
        if (format.has_short_year && !traits.short_year)
            traits.short_year = mapping->formats[i];
        traits.has_month_name |= format.has_month_name;
        traits.has_time |= format.has_time;
    }
    return traits;
}

static int check_century(struct job_reader *reader, const struct job_node *field, const struct traits *traits)
{
    const struct job_node *century = job_yaml_member(field, SLICE_LITERAL("century"));
    if (!century && traits->short_year)
        return job_keys_fail(
            reader, job_yaml_member(field, SLICE_LITERAL("format")),
            "`%s` has a year of two digits, so it needs `century` beside it\nhint: with `century: 1930`, 30 to 99 are 1930 to 1999 and 00 to 29 are 2000 to 2029",
            traits->short_year);
    if (century && !traits->short_year)
        return job_keys_fail_at_key(
            reader, century,
            "`century` is for years of two digits, and no `format` here has `YY`\nhint: remove `century`, or write the form, such as `format: MM/DD/YY`");
    return 0;
}

static int check_locale(struct job_reader *reader, const struct job_node *field,
                        const struct job_mapping *mapping, const struct traits *traits)
{
    const struct job_node *locale = job_yaml_member(field, SLICE_LITERAL("locale"));
    if (!locale)
        return 0;
    if (!traits->has_month_name)
        return job_keys_fail_at_key(
            reader, locale,
            "`locale` is for names of months, and no `format` here has `MMM` or `MMMM`\nhint: remove `locale`, or write the form, such as `format: D MMMM YYYY`");
    struct arena arena;
    arena_init(&arena, 1 << 15);
    bool has_names = month_names_new(mapping->locale, &arena) != NULL;
    arena_clear(&arena);
    if (has_names)
        return 0;
    return job_keys_fail(reader, locale,
                         "the months of `%s` are numbers, without names\nhint: write `M` or `MM` in `format`",
                         mapping->locale);
}

static int check_zone(struct job_reader *reader, const struct job_node *field,
                      const struct job_mapping *mapping, const struct traits *traits)
{
    const struct job_node *zone = job_yaml_member(field, SLICE_LITERAL("zone"));
    if (zone && mapping->drops_time)
        job_note(reader->job, zone->place,
                 "`zone` of `%s` has no effect beside `time: drop`: the date is taken as it is written",
                 field_name(mapping->field));
    else if (zone && mapping->format_count && !traits->has_time)
        return job_keys_fail_at_key(
            reader, zone,
            "`zone` is for a time of day, and no `format` here has one\nhint: remove `zone`, or list the form with the time too, such as `YYYY-MM-DDTHH:mm:ssZ`");
    return 0;
}

int job_dates_check(struct job_reader *reader, const struct job_node *field,
                    const struct job_mapping *mapping)
{
    struct traits traits = traits_of(mapping);
    return check_century(reader, field, &traits) != 0 || check_locale(reader, field, mapping, &traits) != 0
               ? -1
               : check_zone(reader, field, mapping, &traits);
}
