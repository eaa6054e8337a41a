/* normalize_date: dates, and what a birth date must be. */
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

void normalize_date(struct judging *judging, const struct slot *slot, struct slice text)
{
    struct date date;
    enum date_result result = date_read(slot->format, text, &date);
    if (result != DATE_OK) {
        say_no_date(judging, slot, text, result);
        return;
    }
    if (slot->field == FIELD_DATE_OF_BIRTH && !is_birth_date(judging, slot, text, date))
        return;
    if (slot->format || !date_text_is_normal(text)) {
        char *out = arena_bytes(judging->arena, DATE_TEXT_LEN);
        date_write(date, out);
        text = slice_make(out, DATE_TEXT_LEN);
    }
    normalize_accept(judging, slot, text);
}
