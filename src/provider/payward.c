#include "provider/payward.h"

#include <assert.h>
#include <stdio.h>

#include "core/clock.h"
#include "provider/fields.h"
#include "provider/outcome_table.h"
#include "provider/payload.h"
#include "provider/signing.h"

enum {
    USER_ID_MIN = 14, /* the path parameter user_id of PATCH /v1/users/{user_id} */
    USER_ID_MAX = 42,
};

static const struct payload_row create_rows[] = {
    {"email", NULL, FIELD_EMAIL, PAYLOAD_TEXT},
    {"external_reference", NULL, FIELD_EXTERNAL_ID, PAYLOAD_TEXT},
    {"full_name", "first_name", FIELD_FIRST_NAME, PAYLOAD_TEXT},
    {"full_name", "middle_name", FIELD_MIDDLE_NAME, PAYLOAD_TEXT},
    {"full_name", "last_name", FIELD_LAST_NAME, PAYLOAD_TEXT},
    {"birth", "date", FIELD_DATE_OF_BIRTH, PAYLOAD_TEXT},
    {"birth", "city", FIELD_BIRTH_CITY, PAYLOAD_TEXT},
    {"birth", "country", FIELD_BIRTH_COUNTRY, PAYLOAD_TEXT},
    {"residence", "line1", FIELD_ADDRESS_LINE1, PAYLOAD_TEXT},
    {"residence", "line2", FIELD_ADDRESS_LINE2, PAYLOAD_TEXT},
    {"residence", "city", FIELD_CITY, PAYLOAD_TEXT},
    {"residence", "province", FIELD_STATE, PAYLOAD_TEXT},
    {"residence", "postal_code", FIELD_POSTAL_CODE, PAYLOAD_TEXT},
    {"residence", "country", FIELD_COUNTRY, PAYLOAD_TEXT},
    {"phone", NULL, FIELD_PHONE, PAYLOAD_TEXT},
    {"nationalities", NULL, FIELD_NATIONALITIES, PAYLOAD_LIST},
    {"occupation", NULL, FIELD_OCCUPATION, PAYLOAD_TEXT},
    {"employer_name", NULL, FIELD_EMPLOYER_NAME, PAYLOAD_TEXT},
    {"tax_ids", NULL, FIELD_TAX_ID, PAYLOAD_TAX_IDS},
    {"language", NULL, FIELD_LANGUAGE, PAYLOAD_TEXT},
};

static const char *payward_build(const struct provider_call *call, struct provider_request *request)
{
    assert(call->operation == OPERATION_CREATE);
    request->method = "POST";
    int len = snprintf(request->target, sizeof request->target, "%s/v1/users", call->base_path);
    assert(len > 0 && (size_t)len < sizeof request->target);
    (void)len;
    buffer_reset(&request->body);
    payload_write(create_rows, sizeof create_rows / sizeof *create_rows, call->record, &request->body);
    return NULL;
}

static bool payward_read_success(const struct answer *answer, enum operation operation, struct slice *user_id)
{
    if (operation == OPERATION_UPDATE)
        return slice_is(answer_value(answer, "data"), "success");
    *user_id = answer_value(answer, "data.id");
    return user_id->len > 0;
}

/* Only what is named as the user's id and looks like one: a plain `id` may be that of the error. */
static struct slice payward_read_existing(const struct answer *answer)
{
    static const char *const paths[] = {"data.id", "data.user_id", "user_id"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct slice id = answer_value(answer, paths[i]);
        if (id.len >= USER_ID_MIN && id.len <= USER_ID_MAX)
            return id;
    }
    return slice_make("", 0);
}

static const struct outcome_row own_rows[] = {
    {401, 401, OUTCOME_FACT_NONCE, 0, OUTCOME_BAD_NONCE, RETRY_NONCE, NULL},
};

static const struct outcome_table outcomes = {
    .rows = own_rows,
    .row_count = sizeof own_rows / sizeof *own_rows,
    .read_success = payward_read_success,
    .read_existing = payward_read_existing,
};

static void payward_judge(const struct provider_reply *reply, const struct record *record,
                          struct outcome *outcome)
{
    outcome_table_judge(&outcomes, reply, record, outcome);
}

const struct provider payward_provider = {
    .name = "payward",
    .base_url = "https://api.services.payward.com",
    .rate = {.count = 10, .per_ns = CLOCK_NS_PER_S},
    .in_flight = 1,
    .is_signed = true,
    .can_update = false,
    .fields = &payward_fields,
    .check_job = signing_check_job,
    .account_new = signing_account_new,
    .account_free = signing_account_free,
    .build = payward_build,
    .authenticate = signing_authenticate,
    .judge = payward_judge,
};
