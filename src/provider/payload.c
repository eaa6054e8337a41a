#include "provider/payload.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "model/country.h"

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

static void write_concat(struct json_writer *writer, struct slice text, uint64_t at_ns)
{
    char time[CLOCK_RFC3339_SIZE];
    json_write_object(writer);
    json_write_key(writer, "type");
    json_write_text(writer, "concat");
    json_write_key(writer, "value");
    json_write_string(writer, text);
    json_write_key(writer, "calculated_at");
    json_write_text(writer, clock_rfc3339(at_ns, time));
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
    if (job->provider.date_format == JOB_DATE_ISO || date.len != ISO_LEN) {
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

static void write_value(struct json_writer *writer, const struct payload_row *row,
                        const struct provider_call *call)
{
    struct slice text = call->record->values[row->field].text;
    switch (row->shape) {
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
    case PAYLOAD_TAX_IDS:
        write_tax_ids(writer, call->record);
        break;
    case PAYLOAD_CONCAT:
        write_concat(writer, text, call->journalled_ns);
        break;
    }
}

bool payload_has(const struct provider_call *call, size_t member)
{
    return call->operation != OPERATION_UPDATE ||
           (member < PROVIDER_MEMBERS_MAX && (call->members & UINT64_C(1) << member) != 0);
}

static size_t member_of(const struct payload *payload, enum field_id field)
{
    const struct provider_field *place = provider_fields_find(payload->fields, field);
    return place ? place->member : PROVIDER_NO_MEMBER;
}

static bool is_null_if_absent(const struct payload *payload, const struct provider_call *call, size_t member)
{
    if (call->operation != OPERATION_UPDATE)
        return payload->null_if_absent;
    return member < PROVIDER_MEMBERS_MAX && (payload->nullable & UINT64_C(1) << member) != 0;
}

static void write_member(const struct payload *payload, const struct payload_row *row,
                         const struct provider_call *call, struct json_writer *writer)
{
    size_t member = member_of(payload, row->field);
    if (!payload_has(call, member))
        return;
    if (is_present(call->record, row->field)) {
        json_write_key(writer, row->member);
        write_value(writer, row, call);
    } else if (is_null_if_absent(payload, call, member)) {
        json_write_key(writer, row->member);
        json_write_null(writer);
    }
}

/* The rows of one object; written only when a value of them is present. */
static void write_object(const struct payload *payload, const struct payload_row *rows, size_t count,
                         const struct provider_call *call, struct json_writer *writer)
{
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_present(call->record, rows[i].field) || !payload_has(call, member_of(payload, rows[i].field)))
            continue;
        if (!open) {
            json_write_key(writer, rows[i].member);
            json_write_object(writer);
            open = true;
        }
        json_write_key(writer, rows[i].key);
        write_value(writer, &rows[i], call);
    }
    if (open)
        json_write_object_end(writer);
}

void payload_write_members(const struct payload *payload, const struct provider_call *call,
                           struct json_writer *writer)
{
    const struct payload_row *rows = payload->rows;
    for (size_t i = 0, next; i < payload->row_count; i = next) {
        next = i + 1;
        if (!rows[i].key) {
            write_member(payload, &rows[i], call, writer);
            continue;
        }
        while (next < payload->row_count && rows[next].key && strcmp(rows[next].member, rows[i].member) == 0)
            next++;
        write_object(payload, rows + i, next - i, call, writer);
    }
}

void payload_write(const struct payload *payload, const struct provider_call *call, struct buffer *out)
{
    struct json_writer writer;
    buffer_reset(out);
    json_write_begin(&writer, out);
    json_write_object(&writer);
    payload_write_members(payload, call, &writer);
    json_write_object_end(&writer);
}

void payload_write_group(const struct record *record, enum field_group group, struct json_writer *writer)
{
    size_t count = field_count();
    for (size_t i = FIELD_COUNT; i < count; i++) {
        enum field_id field = (enum field_id)i;
        if (field_group(field) != group || !is_present(record, field))
            continue;
        json_write_key(writer, field_name_in_group(field));
        json_write_string(writer, record->values[field].text);
    }
}
