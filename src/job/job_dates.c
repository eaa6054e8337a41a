#include "job/job_dates.h"

#include "core/time_zone.h"
#include "job/job_scalar.h"
#include "model/date_format.h"

/* Keys that are about dates alone. */
static int refuse_of_no_date(struct job_reader *reader, const struct job_node *value,
                             const struct job_mapping *mapping)
{
    if (field_type(mapping->field) == FIELD_TYPE_DATE)
        return 0;
    return job_keys_fail_at_key(reader, value, "`%s` is not a date, so it has no `%s`",
                                field_name(mapping->field), value->key.data);
}

int job_dates_read_format(struct job_reader *reader, const struct job_node *value, const struct job_key *key,
                          void *target)
{
    (void)key;
    struct job_mapping *mapping = target;
    struct slice format;
    if (job_scalar_read(reader, value, &format) != 0)
        return -1;
    if (refuse_of_no_date(reader, value, mapping) != 0)
        return -1;
    struct date_format read;
    const char *fault = date_format_read(&read, format.data);
    if (fault)
        return job_keys_fail(reader, value, "`%s` is not a date format: %s\nhint: an example is `DD/MM/YYYY`",
                             format.data, fault);
    mapping->format = format.data;
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
    if (!slice_is(time, "drop"))
        return job_keys_fail(
            reader, value,
            "`time` is `drop`, to take the date as it is written, or is left out: then a time of day must be the start of a day");
    mapping->drops_time = true;
    return 0;
}

int job_dates_check(struct job_reader *reader, const struct job_node *field,
                    const struct job_mapping *mapping)
{
    const struct job_node *zone = job_yaml_member(field, SLICE_LITERAL("zone"));
    if (zone && mapping->drops_time)
        job_note(reader->job, zone->place,
                 "`zone` of `%s` has no effect beside `time: drop`: the date is taken as it is written",
                 field_name(mapping->field));
    return 0;
}
