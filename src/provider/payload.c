#include "provider/payload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "model/country.h"
#include "model/document_entry.h"
#include "model/job_setting.h"

enum { INTEGER_SIZE = sizeof "-9223372036854775808" };

static bool is_present(const struct record *record, enum field_id field)
{
    return record->values[field].state == VALUE_PRESENT;
}

static void write_list(struct json_writer *writer, struct slice list)
{
    struct slice item;
    json_write_array(writer);
    while (record_next_item(&list, &item))
        json_write_string(writer, item);
    json_write_array_end(writer);
}

static void write_tax_ids(struct json_writer *writer, const struct record *record)
{
    struct slice ids = record->values[FIELD_TAX_ID].text, id;
    struct slice countries = slice_make(NULL, 0);
    if (is_present(record, FIELD_TAX_COUNTRY))
        countries = record->values[FIELD_TAX_COUNTRY].text;

    json_write_array(writer);
    while (record_next_item(&ids, &id)) {
        struct slice country;
        if (!record_next_item(&countries, &country) || country.len == 0)
            country =
                is_present(record, FIELD_COUNTRY) ? record->values[FIELD_COUNTRY].text : slice_make(NULL, 0);
        json_write_object(writer);
        json_write_key(writer, "id");
        json_write_string(writer, id);
        if (country.len > 0) {
            json_write_key(writer, "issuing_country");
            json_write_string(writer, country);
        }
        json_write_object_end(writer);
    }
    json_write_array_end(writer);
}

static void write_concat(struct json_writer *writer, const struct provider_call *call)
{
    const struct record *record = call->record;
    char time[CLOCK_RFC3339_SIZE];
    json_write_object(writer);
    json_write_key(writer, "type");
    json_write_text(writer, "concat");
    json_write_key(writer, "value");
    json_write_string(writer, record->values[FIELD_CLIENT_IDENTIFIER].text);
    json_write_key(writer, "calculated_at");
    if (is_present(record, FIELD_CLIENT_IDENTIFIER_CALCULATED_AT))
        json_write_string(writer, record->values[FIELD_CLIENT_IDENTIFIER_CALCULATED_AT].text);
    else
        json_write_text(writer, clock_rfc3339(call->journalled_ns, time));
    json_write_object_end(writer);
}

/* A normal form, so it is one and fits. */
static int64_t integer_of(struct slice text)
{
    char digits[INTEGER_SIZE] = "";
    memcpy(digits, text.data, text.len < sizeof digits ? text.len : sizeof digits - 1);
    return strtoll(digits, NULL, 10);
}

/* YYYY-MM-DD as DD/MM/YYYY, when the job wants it so. */
static void write_date(struct json_writer *writer, struct slice date, const struct job *job)
{
    enum { ISO_LEN = 10, YEAR_LEN = 4, MONTH_AT = 5, DAY_AT = 8 };
    if (job_setting_number(&job->provider, SETTING_DATE_FORMAT) == JOB_DATE_ISO || date.len != ISO_LEN) {
        json_write_string(writer, date);
        return;
    }
    char day_first[] = "DD/MM/YYYY";
    memcpy(day_first, date.data + DAY_AT, 2);
    memcpy(day_first + 3, date.data + MONTH_AT, 2);
    memcpy(day_first + 6, date.data, YEAR_LEN);
    json_write_text(writer, day_first);
}

struct slice payload_alpha3(struct slice alpha2)
{
    const struct country *country = country_by_alpha2(alpha2);
    return country ? slice_from(country->alpha3) : alpha2;
}

static void write_value(const struct provider_call *call, const struct provider_field *row,
                        struct json_writer *writer)
{
    struct slice text = call->record->values[row->field].text;
    switch (row->form) {
    case PAYLOAD_TEXT:
        json_write_string(writer, text);
        break;
    case PAYLOAD_LIST:
        write_list(writer, text);
        break;
    case PAYLOAD_FIRST:
        json_write_string(writer, record_first_item(text));
        break;
    case PAYLOAD_INTEGER:
        json_write_signed(writer, integer_of(text));
        break;
    case PAYLOAD_BOOL:
        json_write_bool(writer, slice_is(text, "true"));
        break;
    case PAYLOAD_ALPHA3:
        json_write_string(writer, payload_alpha3(record_first_item(text)));
        break;
    case PAYLOAD_DATE:
        write_date(writer, text, call->job);
        break;
    case PAYLOAD_CUSTOMER_TYPE:
        json_write_string(writer, is_present(call->record, row->field) ? text : SLICE_LITERAL("individual"));
        break;
    case PAYLOAD_TAX_IDS:
        write_tax_ids(writer, call->record);
        break;
    case PAYLOAD_CONCAT:
        write_concat(writer, call);
        break;
    case PAYLOAD_TAX_COUNTRY:
    case PAYLOAD_ENTRY:
    case PAYLOAD_CONCAT_TIME:
    case PAYLOAD_OWN:
        assert(false && "a form that has a value of its own");
    }
}

static bool has_value(const struct record *record, const struct provider_field *row)
{
    enum field_id own = FIELD_COUNT;
    if (row->group != FIELD_GROUP_NONE)
        return record_find_own(record, row->group, &own);
    if (row->form == PAYLOAD_ENTRY)
        return document_entry_is_implied(record, row->field);
    return row->form == PAYLOAD_CUSTOMER_TYPE ||
           (row->form != PAYLOAD_TAX_COUNTRY && row->form != PAYLOAD_CONCAT_TIME &&
            is_present(record, row->field));
}

static void write_group(const struct record *record, enum field_group group, struct json_writer *writer)
{
    for (enum field_id field = FIELD_COUNT; record_find_own(record, group, &field); field++) {
        json_write_key(writer, field_name_in_group(field));
        json_write_string(writer, record->values[field].text);
    }
}

void payload_write_keys(const struct provider_call *call, const struct provider_field *rows, size_t count,
                        struct json_writer *writer)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].form == PAYLOAD_OWN)
            continue;
        if (rows[i].group != FIELD_GROUP_NONE) {
            write_group(call->record, rows[i].group, writer);
        } else if (rows[i].key && has_value(call->record, &rows[i])) {
            json_write_key(writer, rows[i].key);
            write_value(call, &rows[i], writer);
        }
    }
}

/* A body being written. */
struct payload {
    const struct provider_fields *fields;
    const struct provider_call *call;
    payload_write_own *write_own;
    struct json_writer writer;
};

static const char *write_member_value(struct payload *payload, const struct provider_field *rows,
                                      size_t count)
{
    struct json_writer *writer = &payload->writer;
    for (size_t i = 0; i < count; i++)
        if (rows[i].form == PAYLOAD_OWN)
            return payload->write_own(payload->call, rows, count, writer);
    if (rows->key || rows->group != FIELD_GROUP_NONE) {
        json_write_object(writer);
        payload_write_keys(payload->call, rows, count, writer);
        json_write_object_end(writer);
    } else {
        write_value(payload->call, rows, writer);
    }
    return NULL;
}

static const char *write_member(struct payload *payload, const struct provider_field *rows, size_t count)
{
    const struct provider_call *call = payload->call;
    bool is_update = call->operation == OPERATION_UPDATE, any = false;
    if (!rows->member || (is_update && !(call->members >> rows->slot & 1)))
        return NULL;
    for (size_t i = 0; i < count; i++)
        any |= has_value(call->record, &rows[i]);
    if (any) {
        json_write_key(&payload->writer, rows->member);
        return write_member_value(payload, rows, count);
    }
    if (is_update ? rows->update == UPDATE_CLEAR : payload->fields->null_if_absent) {
        json_write_key(&payload->writer, rows->member);
        json_write_null(&payload->writer);
    }
    return NULL;
}

static bool is_same_member(const struct provider_field *row, const struct provider_field *other)
{
    return row->member && other->member && strcmp(row->member, other->member) == 0;
}

const char *payload_write(const struct provider_fields *fields, const struct provider_call *call,
                          payload_write_own *write_own, struct buffer *out)
{
    struct payload payload = {.fields = fields, .call = call, .write_own = write_own};
    const char *fault = NULL;
    buffer_reset(out);
    json_write_begin(&payload.writer, out);
    json_write_object(&payload.writer);
    if (fields->wrapper) {
        json_write_key(&payload.writer, fields->wrapper);
        json_write_object(&payload.writer);
    }
    for (size_t i = 0, next; i < fields->field_count && !fault; i = next) {
        next = i + 1;
        while (next < fields->field_count && is_same_member(&fields->fields[i], &fields->fields[next]))
            next++;
        fault = write_member(&payload, &fields->fields[i], next - i);
    }
    if (fields->wrapper)
        json_write_object_end(&payload.writer);
    json_write_object_end(&payload.writer);
    return fault;
}
