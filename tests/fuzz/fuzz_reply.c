/* Any bytes as the body of a provider's answer, with any status, for each provider. */
#include <assert.h>
#include <ctype.h>
#include <stdint.h>

#include "core/utf8.h"
#include "provider/outcome_table.h"
#include "provider/provider.h"
#include "provider/provider_table.h"
#include "unit/provider/records.h"

enum { CHOICES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_visible(const char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* The parts that the ledger would store are well formed and contain no value of the customer. */
static void check_outcome(const struct outcome *outcome, const struct provider_reply *reply)
{
    static const char *const personal[] = {"alex.morgan@example.com", "1 Market St", "+14155550110",
                                           "San Francisco", "1990-04-15"};
    assert(outcome->kind <= OUTCOME_WITHDRAWN);
    assert((unsigned)outcome->cause < RETRY_CAUSES);
    assert(strlen(outcome->message) < OUTCOME_MESSAGE_SIZE && utf8_is_valid(slice_from(outcome->message)));
    assert(is_visible(outcome->code) && is_visible(outcome->user_id) && is_visible(outcome->request_id));
    for (size_t i = 0; i < sizeof personal / sizeof *personal; i++) {
        assert(!strcasestr(outcome->message, personal[i]));
        assert(!strcasestr(outcome->code, personal[i]));
    }
    if (outcome->kind == OUTCOME_DONE) {
        assert(reply->http_status >= 200 && reply->http_status <= 299);
        assert(reply->operation == OPERATION_UPDATE || outcome->user_id[0]);
    }
    if (outcome->kind == OUTCOME_REFUSED)
        assert(reply->http_status >= 400 && reply->http_status <= 499);
    if (!reply->sent)
        assert(outcome->kind == OUTCOME_NOT_SENT);
    else if (!reply->complete)
        assert(outcome->kind == OUTCOME_IN_DOUBT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const int statuses[] = {200, 201, 202, 204, 301, 400, 401, 403,
                                   404, 408, 409, 422, 429, 500, 503, 599};
    struct sample sample;
    struct outcome outcome;

    if (len < CHOICES)
        return 0;
    const char *const *names = provider_names();
    size_t count = 0;
    while (names[count])
        count++;
    assert(count > 0);
    const struct provider *provider = provider_find(names[data[0] % count]);
    size_t request_id_len = data[3] % 64;
    struct slice rest = slice_make((const char *)data + CHOICES, len - CHOICES);
    if (request_id_len > rest.len)
        request_id_len = rest.len;
    const struct provider_reply reply = {
        .operation = data[2] & 8 ? OPERATION_UPDATE : OPERATION_CREATE,
        .sent = !(data[2] & 1),
        .complete = !(data[2] & 2),
        .cause = RETRY_TIMEOUT,
        .transport = "timeout: Operation timed out",
        .http_status = data[2] & 4 ? data[1] * 4 : statuses[data[1] & 15],
        .proven = data[2] & 16,
        .request_id = slice_make(rest.data, data[3] & 64 ? request_id_len : 0),
        .body = rest,
    };
    sample_fill_all(&sample);
    outcome_table_classify(provider, &reply, &sample.record, &outcome);
    check_outcome(&outcome, &reply);
    return 0;
}
