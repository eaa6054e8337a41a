#include "cmd/state_filter.h"

#include "cmd/options.h"
#include "core/clock.h"
#include "model/verification.h"

const char *state_filter_word(const struct ledger_customer *customer)
{
    if (customer->user_id.len == 0)
        return "";
    return ledger_customer_is_deleted(customer) ? LEDGER_DELETED : verification_word(customer->verification);
}

bool state_filter_has(unsigned states, const struct ledger_customer *customer)
{
    unsigned bit =
        ledger_customer_is_deleted(customer) ? (unsigned)OPTIONS_DELETED : 1u << customer->verification;

    return customer->user_id.len > 0 && states & bit;
}

bool state_filter_is(unsigned states, const struct ledger_customer *customer)
{
    if (states & 1u << LEDGER_IN_DOUBT)
        states |= 1u << LEDGER_JOURNALLED;
    return states & 1u << customer->state;
}

int state_filter_read_time(const char *option, const char *text, uint64_t *real_ns, struct error *error)
{
    if (clock_read_rfc3339(text, real_ns))
        return 0;
    return error_set(
        error, ERROR_USAGE,
        "%s cannot be `%s`\nhint: write a day (2026-11-21, from its beginning in UTC) or a time with its zone (2026-11-21T08:00Z)",
        option, text);
}
