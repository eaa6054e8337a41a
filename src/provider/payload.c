#include "provider/payload.h"

#include <stdbool.h>
#include <string.h>

#include "core/json.h"

static bool is_present(const struct record *record, enum field_id field)
{
    return record->values[field].state == VALUE_PRESENT;
}

/* Cuts the first item off *rest. False when there is none. */
static bool next_item(struct slice *rest, struct slice *item)
{
    if (rest->at == NULL)
        return false;
    const char *end = memchr(rest->at, VALUE_SEPARATOR, rest->len);
    if (end == NULL) {
        *item = *rest;
        *rest = slice_make(NULL, 0);
    } else {
        size_t len = (size_t)(end - rest->at);
        *item = slice_make(rest->at, len);
        *rest = slice_make(end + 1, rest->len - len - 1);
    }
    return true;
}

static void write_list(struct json_writer *writer, struct slice list)
{
    struct slice item;
    json_write_array(writer);
    while (next_item(&list, &item))
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
    while (next_item(&ids, &id)) {
        struct slice country;
        if (!next_item(&countries, &country) || country.len == 0)
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

static void write_value(struct json_writer *writer, const struct payload_row *row,
                        const struct record *record)
{
    struct slice text = record->values[row->field].text;
    switch (row->shape) {
    case PAYLOAD_TEXT:
        json_write_string(writer, text);
        break;
    case PAYLOAD_LIST:
        write_list(writer, text);
        break;
    case PAYLOAD_TAX_IDS:
        write_tax_ids(writer, record);
        break;
    }
}

/* The rows of one object; written only when a value of them is present. */
static void write_object(struct json_writer *writer, const struct payload_row *rows, size_t count,
                         const struct record *record)
{
    bool open = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_present(record, rows[i].field))
            continue;
        if (!open) {
            json_write_key(writer, rows[i].member);
            json_write_object(writer);
            open = true;
        }
        json_write_key(writer, rows[i].key);
        write_value(writer, &rows[i], record);
    }
    if (open)
        json_write_object_end(writer);
}

void payload_write(const struct payload_row *rows, size_t row_count, const struct record *record,
                   struct buffer *out)
{
    struct json_writer writer;
    json_write_begin(&writer, out);
    json_write_object(&writer);
    for (size_t i = 0, next; i < row_count; i = next) {
        next = i + 1;
        if (rows[i].key != NULL) {
            while (next < row_count && rows[next].key != NULL &&
                   strcmp(rows[next].member, rows[i].member) == 0)
                next++;
            write_object(&writer, rows + i, next - i, record);
        } else if (is_present(record, rows[i].field)) {
            json_write_key(&writer, rows[i].member);
            write_value(&writer, &rows[i], record);
        }
    }
    json_write_object_end(&writer);
}
