/* normalize_date: dates, and what a birth date must be. */
#include <assert.h>

#include "rules/normalize.h"

static void say_no_date(struct judging *judging, const struct slot *slot, struct slice text,
                        enum date_result result)
{
    const char *quoted = judging_quote(judging, text);
    if (result == DATE_AMBIGUOUS)
        judging_say(judging, slot->field, VERDICT_REJECT, RULE_AMBIGUOUS,
                    "%s can be two days; say which with `format` in the job, such as DD/MM/YYYY", quoted);
    else if (slot->format)
        judging_say(judging, slot->field, VERDICT_REJECT, RULE_FORMAT,
                    "%s is not a %s; expected %s as the job says", quoted,
                    result == DATE_IMPOSSIBLE ? "day of the calendar" : "date", slot->format->text);
    else if (result == DATE_IMPOSSIBLE)
        judging_say(judging, slot->field, VERDICT_REJECT, RULE_FORMAT, "%s is not a day of the calendar",
                    quoted);
    else
        judging_say(judging, slot->field, VERDICT_REJECT, RULE_FORMAT,
                    "%s is not a date; expected YYYY-MM-DD, or give `format` in the job", quoted);
}

/* False, with a verdict, for a day on which no customer was born. */
static bool is_birth_date(struct judging *judging, const struct slot *slot, struct slice text,
                          struct date date)
{
    unsigned number = date_number(date);
    if (number > judging->set->today_number) {
        judging_say(judging, slot->field, VERDICT_REJECT, RULE_FUTURE, "%s is in the future",
                    judging_quote(judging, text));
        return false;
    }
    if (number >= judging->set->oldest_number ||
        slice_is(judging->values[FIELD_CUSTOMER_TYPE].text, "business"))
        return true;
    judging_say(judging, slot->field, VERDICT_REJECT, RULE_TOO_OLD, "%s is more than 120 years ago",
                judging_quote(judging, text));
    return false;
}

/* Puts the verdict off until all fields are read. The day in the zone is not in the message: where values are
 * masked, only what is quoted is. */
static void note_odd_time(struct judging *judging, const struct slot *slot, struct slice text,
                          const struct date_reading *reading, unsigned second_of_day)
{
    const char *quoted = judging_quote(judging, text);
    struct slice message;
    if (slot->mapping->constant)
        message = arena_printf(judging->arena, "%s has a time of day; write the date alone", quoted);
    else if (!reading->has_offset)
        message = arena_printf(
            judging->arena,
            "%s has a time of day, which is not the start of a day; if the date is right as it is written, say `time: drop` in the job",
            quoted);
    else if (slot->zone)
        message = arena_printf(
            judging->arena, "%s is %02u:%02u:%02u in %s, which is not the start of a day; is `zone` right?",
            quoted, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60, slot->mapping->zone);
    else
        message = arena_printf(
            judging->arena,
            "%s is an instant, so the day depends on a time zone; give `zone` in the job, such as {column: …, zone: Europe/Berlin}, or `time: drop` to take the date as it is written",
            quoted);
    assert(judging->odd_time_count < JUDGING_ODD_TIMES_MAX);
    judging->odd_times[judging->odd_time_count++] = (struct odd_time){slot->field, message.data};
}

/* The job's rule that gives `time` another level; NULL: none applies. */
static const struct job_rule *rule_of_time(const struct judging *judging, enum field_id field)
{
    for (size_t i = 0; i < judging->set->check_count; i++) {
        const struct job_rule *rule = judging->set->checks[i].rule;
        if (rule->kind == JOB_RULE_TIME && rule->field == field && judging_conditions_hold(judging, rule))
            return rule;
    }
    return NULL;
}

void normalize_odd_times(struct judging *judging)
{
    for (size_t i = 0; i < judging->odd_time_count; i++) {
        const struct odd_time *odd = &judging->odd_times[i];
        const struct job_rule *rule = rule_of_time(judging, odd->field);
        judging_say(judging, odd->field, rule ? rule->level : VERDICT_REJECT, RULE_TIME, "%s%s%s",
                    odd->message, rule && rule->message ? ": " : "",
                    rule && rule->message ? rule->message : "");
    }
}

/* The day that is meant. False, with a verdict, when there is none. */
static bool settle_time(struct judging *judging, const struct slot *slot, struct slice text,
                        const struct date_reading *reading, struct date *date)
{
    unsigned second_of_day;
    switch (date_settle_time(reading, slot->zone, date, &second_of_day)) {
    case DATE_TIME_OK:
        break;
    case DATE_TIME_ODD:
        note_odd_time(judging, slot, text, reading, second_of_day);
        break;
    case DATE_TIME_OUT_OF_RANGE:
        say_no_date(judging, slot, text, DATE_IMPOSSIBLE);
        return false;
    }
    return true;
}

void normalize_date(struct judging *judging, const struct slot *slot, struct slice text)
{
    struct date_reading reading;
    enum date_result result = date_read(slot->format, text, &reading);
    if (result != DATE_OK) {
        say_no_date(judging, slot, text, result);
        return;
    }
    struct date date = reading.date;
    size_t odd_times = judging->odd_time_count;
    if (reading.has_time && !slot->mapping->drops_time && !settle_time(judging, slot, text, &reading, &date))
        return;
    if (slot->field == FIELD_DATE_OF_BIRTH && !is_birth_date(judging, slot, text, date)) {
        judging->odd_time_count = odd_times; /* one cause gives one verdict */
        return;
    }
    if (slot->format || !date_text_is_normal(text)) {
        char *out = arena_bytes(judging->arena, DATE_TEXT_LEN);
        date_write(date, out);
        text = slice_make(out, DATE_TEXT_LEN);
    }
    normalize_accept(judging, slot, text);
}
