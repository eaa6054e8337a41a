/* normalize_date: dates, their times of day, and the bounds of a birth date. */
#include <assert.h>

#include "rules/damage.h"
#include "rules/normalize.h"

static void add_date_verdict(struct record_context *context, const struct field_plan *plan, struct slice text,
                             enum date_result result)
{
    const char *quoted = record_context_quote(context, text);
    bool has_several = plan->dates && plan->dates->count > 1;
    /* `19800213.0`, `1.98E+07`: not before the forms, of which `excel` and `unix` read decimals. */
    enum damage damage = result == DATE_UNREADABLE ? damage_find(text, DAMAGE_NUMBERS) : DAMAGE_NONE;
    if (damage != DAMAGE_NONE)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_DAMAGED, "%s",
                                    damage_describe(context, text, damage));
    else if (result == DATE_AMBIGUOUS && plan->dates)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
                                    "%s can be two days by the format%s in the job: %s", quoted,
                                    has_several ? "s" : " and ISO 8601", plan->dates->text);
    else if (result == DATE_AMBIGUOUS)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_AMBIGUOUS,
                                    "%s can be two days; set `format` in the job, such as DD/MM/YYYY",
                                    quoted);
    else if (plan->dates)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a %s; expected %s, the format%s in the job", quoted,
                                    result == DATE_IMPOSSIBLE ? "day of the calendar" : "date",
                                    plan->dates->text, has_several ? "s" : "");
    else if (result == DATE_IMPOSSIBLE)
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a day of the calendar", quoted);
    else
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT,
                                    "%s is not a date; expected YYYY-MM-DD, or set `format` in the job",
                                    quoted);
}

/* False, with a verdict, for a day after today or more than 120 years ago (a business may be older). */
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

/* Defers the verdict, whose level the job may set. The day in the zone is not part of it: only quoted text is
 * masked where values are. */
static void defer_time_verdict(struct record_context *context, const struct field_plan *plan,
                               struct slice text, const struct date_reading *reading, unsigned second_of_day)
{
    const char *quoted = record_context_quote(context, text);
    struct slice message;
    if (plan->mapping->constant)
        message = arena_printf(context->arena, "%s has a time of day; write the date alone", quoted);
    else if (!reading->has_offset)
        message = arena_printf(
            context->arena,
            "%s has a time of day that is not the start of a day; if the date is right as written, set `time: drop` in the job",
            quoted);
    else if (plan->zone)
        message = arena_printf(
            context->arena, "%s is %02u:%02u:%02u in %s, which is not the start of a day; is `zone` right?",
            quoted, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60, plan->mapping->zone);
    else
        message = arena_printf(
            context->arena,
            "%s is an instant, so its day depends on a time zone; set `zone` in the job, such as {column: …, zone: Europe/Berlin}, or `time: drop` to use the date as written",
            quoted);
    record_context_defer(context, plan->field, VERDICT_REJECT, RULE_TIME, message.data);
}

/* The day of a date with a time. False, with a verdict, when it is outside of the calendar. */
static bool resolve_time(struct record_context *context, const struct field_plan *plan, struct slice text,
                         const struct date_reading *reading, struct date *date)
{
    unsigned second_of_day;
    switch (date_resolve_time(reading, plan->zone, date, &second_of_day)) {
    case DATE_TIME_OK:
        break;
    case DATE_TIME_ODD:
        defer_time_verdict(context, plan, text, reading, second_of_day);
        break;
    case DATE_TIME_OUT_OF_RANGE:
        add_date_verdict(context, plan, text, DATE_IMPOSSIBLE);
        return false;
    }
    return true;
}

void normalize_date(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    struct date_reading reading;
    enum date_result result = date_forms_read(plan->dates, text, &reading);
    if (result != DATE_OK) {
        add_date_verdict(context, plan, text, result);
        return;
    }
    struct date date = reading.date;
    struct deferred_verdict *deferred = context->deferred;
    if (reading.has_time && !plan->mapping->drops_time && !resolve_time(context, plan, text, &reading, &date))
        return;
    if (plan->field == FIELD_DATE_OF_BIRTH && !is_birth_date(context, plan, text, date)) {
        context->deferred = deferred; /* one cause gives one verdict */
        return;
    }
    if (plan->dates || !date_text_is_normal(text)) {
        char *out = arena_bytes(context->arena, DATE_TEXT_LEN);
        date_write(date, out);
        text = slice_make(out, DATE_TEXT_LEN);
    }
    record_context_accept(context, plan->field, text);
}

/* Of a local time, the instant in a zone; of one that the zone shows twice or never, one near it. */
static int64_t instant_of(const struct date_reading *reading, const struct time_zone *zone)
{
    enum { DAY_S = 86400 };
    int64_t local_s =
        date_to_days(reading->date) * DAY_S + reading->hour * 3600 + reading->minute * 60 + reading->second;
    if (reading->has_offset)
        return local_s - reading->offset_s;
    return local_s - time_zone_offset(zone, local_s - time_zone_offset(zone, local_s));
}

/* NULL, or what is wrong with a time, behind its quotation. */
static const char *time_fault(const struct field_plan *plan, enum date_result result,
                              const struct date_reading *reading)
{
    if (result == DATE_AMBIGUOUS)
        return "can be two days; set `format` in the job";
    if (result != DATE_OK)
        return "is not a time; expected one such as 2026-11-21T08:09:10Z, or set `format` in the job";
    if (!reading->has_offset && !plan->zone)
        return "has no offset from UTC, such as Z or +01:00; add it, or set `zone` in the job, such as {column: …, zone: Europe/Berlin}";
    return NULL;
}

void normalize_time(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    enum { DAY_S = 86400 };
    struct date_reading reading = {.has_time = false};
    const char *quoted = record_context_quote(context, text);
    const char *fault = time_fault(plan, date_forms_read(plan->dates, text, &reading), &reading);
    int64_t instant = fault ? 0 : instant_of(&reading, plan->zone);
    if (instant < 0)
        fault = "is before 1970";
    if (fault) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FORMAT, "%s %s", quoted,
                                    fault);
        return;
    }
    if (instant / DAY_S > date_to_days(context->set->today)) {
        record_context_add_verdictf(context, plan->field, VERDICT_REJECT, RULE_FUTURE, "%s is in the future",
                                    quoted);
        return;
    }
    struct date date = date_of_days((int32_t)(instant / DAY_S));
    unsigned second = (unsigned)(instant % DAY_S);
    record_context_accept(context, plan->field,
                          arena_printf(context->arena, "%04u-%02u-%02uT%02u:%02u:%02uZ", date.year,
                                       date.month, date.day, second / 3600, second / 60 % 60, second % 60));
}
