/* normalize_date: dates, and what a birth date must be. */
#include <assert.h>

#include "rules/normalize.h"

static void say_no_date(struct record_context *context, const struct field_plan *plan, struct slice text,
                        enum date_result result)
{
    const char *quoted = record_context_quote(context, text);
    if (result == DATE_AMBIGUOUS)
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
            "%s can be two days; say which with `format` in the job, such as DD/MM/YYYY", quoted);
    else if (plan->format)
        record_context_add_verdictf(
            context, plan->field, VERDICT_REJECT, RULE_FORMAT, "%s is not a %s; expected %s as the job says",
            quoted, result == DATE_IMPOSSIBLE ? "day of the calendar" : "date", plan->format->text);
    else if (result == DATE_IMPOSSIBLE)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a day of the calendar", quoted);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a date; expected YYYY-MM-DD, or give `format` in the job",
                                    quoted);
}

/* False, with a verdict, for a day on which no customer was born. */
static bool is_birth_date(struct record_context *context, const struct field_plan *plan, struct slice text,
                          struct date date)
{
    unsigned number = date_number(date);
    if (number > context->set->today_number) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FUTURE, "%s is in the future",
                                    record_context_quote(context, text));
        return false;
    }
    if (number >= context->set->oldest_number ||
        slice_is(context->values[FIELD_CUSTOMER_TYPE].text, "business"))
        return true;
    record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_TOO_OLD,
                                "%s is more than 120 years ago", record_context_quote(context, text));
    return false;
}

/* Puts the verdict off until all fields are read. The day in the zone is not in the message: where values are
 * masked, only what is quoted is. */
static void note_odd_time(struct record_context *context, const struct field_plan *plan, struct slice text,
                          const struct date_reading *reading, unsigned second_of_day)
{
    const char *quoted = record_context_quote(context, text);
    struct slice message;
    if (plan->mapping->constant)
        message = arena_printf(context->arena, "%s has a time of day; write the date alone", quoted);
    else if (!reading->has_offset)
        message = arena_printf(
            context->arena,
            "%s has a time of day, which is not the start of a day; if the date is right as it is written, say `time: drop` in the job",
            quoted);
    else if (plan->zone)
        message = arena_printf(
            context->arena, "%s is %02u:%02u:%02u in %s, which is not the start of a day; is `zone` right?",
            quoted, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60, plan->mapping->zone);
    else
        message = arena_printf(
            context->arena,
            "%s is an instant, so the day depends on a time zone; give `zone` in the job, such as {column: …, zone: Europe/Berlin}, or `time: drop` to take the date as it is written",
            quoted);
    assert(context->odd_time_count < RECORD_CONTEXT_ODD_TIMES_MAX);
    context->odd_times[context->odd_time_count++] = (struct odd_time){plan->field, message.data};
}

/* The job's rule that gives `time` another level; NULL: none applies. */
static const struct job_rule *rule_of_time(const struct record_context *context, enum field_id field)
{
    for (size_t i = 0; i < context->set->custom_rule_count; i++) {
        const struct job_rule *rule = context->set->custom_rules[i].rule;
        if (rule->kind == JOB_RULE_TIME && rule->field == field &&
            record_context_conditions_hold(context, rule))
            return rule;
    }
    return NULL;
}

void normalize_odd_times(struct record_context *context)
{
    for (size_t i = 0; i < context->odd_time_count; i++) {
        const struct odd_time *odd = &context->odd_times[i];
        const struct job_rule *rule = rule_of_time(context, odd->field);
        record_context_add_verdictf(context, odd->field, rule ? rule->level : VERDICT_REJECT, RULE_TIME,
                                    "%s%s%s", odd->message, rule && rule->message ? ": " : "",
                                    rule && rule->message ? rule->message : "");
    }
}

/* The day that is meant. False, with a verdict, when there is none. */
static bool settle_time(struct record_context *context, const struct field_plan *plan, struct slice text,
                        const struct date_reading *reading, struct date *date)
{
    unsigned second_of_day;
    switch (date_settle_time(reading, plan->zone, date, &second_of_day)) {
    case DATE_TIME_OK:
        break;
    case DATE_TIME_ODD:
        note_odd_time(context, plan, text, reading, second_of_day);
        break;
    case DATE_TIME_OUT_OF_RANGE:
        say_no_date(context, plan, text, DATE_IMPOSSIBLE);
        return false;
    }
    return true;
}

void normalize_date(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct date_reading reading;
    enum date_result result = date_read(plan->format, text, &reading);
    if (result != DATE_OK) {
        say_no_date(context, plan, text, result);
        return;
    }
    struct date date = reading.date;
    size_t odd_times = context->odd_time_count;
    if (reading.has_time && !plan->mapping->drops_time && !settle_time(context, plan, text, &reading, &date))
        return;
    if (plan->field == FIELD_DATE_OF_BIRTH && !is_birth_date(context, plan, text, date)) {
        context->odd_time_count = odd_times; /* one cause gives one verdict */
        return;
    }
    if (plan->format || !date_text_is_normal(text)) {
        char *out = arena_bytes(context->arena, DATE_TEXT_LEN);
        date_write(date, out);
        text = slice_make(out, DATE_TEXT_LEN);
    }
    normalize_accept(context, plan, text);
}
