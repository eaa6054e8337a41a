/* store_values: values as PostgreSQL sends and receives them in binary: numbers big endian, arrays as one
 * dimension with the type of their elements. */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "ledger/postgres/store_postgres.h"

enum {
    /* pg_type.dat: these never change. */
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_TEXT = 25,
    ARRAY_COUNT_OFFSET = 12,
    ARRAY_MAX = 1 << 30, /* the server takes no longer message */
};

static void append_number(struct buffer *bytes, uint32_t number)
{
    uint32_t wire = htobe32(number);
    buffer_append(bytes, slice_make((const char *)&wire, sizeof wire));
}

void store_postgres_array_begin(struct store_array *array, enum ledger_type type)
{
    static const uint32_t elements[] = {
        [LEDGER_NUMBER] = OID_INT8, [LEDGER_TEXT] = OID_TEXT, [LEDGER_BLOB] = OID_BYTEA};
    array->count = 0;
    if (array->bytes.max == 0)
        buffer_init(&array->bytes, ARRAY_MAX);
    else
        buffer_reset(&array->bytes);
    append_number(&array->bytes, 1); /* dimensions */
    append_number(&array->bytes, 1); /* some may be NULL */
    append_number(&array->bytes, elements[type]);
    append_number(&array->bytes, 0); /* the count, at ARRAY_COUNT_OFFSET */
    append_number(&array->bytes, 1); /* the first index */
}

void store_postgres_array_clear(struct store_array *array)
{
    buffer_clear(&array->bytes);
}

void store_postgres_array_number(struct store_array *array, int64_t number)
{
    uint64_t wire = htobe64((uint64_t)number);
    append_number(&array->bytes, sizeof wire);
    buffer_append(&array->bytes, slice_make((const char *)&wire, sizeof wire));
    array->count++;
}

void store_postgres_array_bytes(struct store_array *array, struct slice bytes)
{
    append_number(&array->bytes, (uint32_t)bytes.len);
    buffer_append(&array->bytes, bytes);
    array->count++;
}

void store_postgres_array_value(struct store_array *array, enum ledger_type type,
                                const struct ledger_value *value)
{
    if (value->is_null) {
        append_number(&array->bytes, UINT32_MAX);
        array->count++;
    } else if (type == LEDGER_NUMBER) {
        store_postgres_array_number(array, value->number);
    } else {
        store_postgres_array_bytes(array, value->bytes);
    }
}

static int next_parameter(struct store_parameters *parameters)
{
    assert(parameters->count < STORE_POSTGRES_PARAMETERS_MAX);
    return parameters->count++;
}

void store_postgres_add_number(struct store_parameters *parameters, int64_t number)
{
    int i = next_parameter(parameters);
    uint64_t wire = htobe64((uint64_t)number);
    memcpy(parameters->numbers[i], &wire, sizeof wire);
    parameters->values[i] = NULL; /* its own number; the struct may be copied */
    parameters->lengths[i] = sizeof wire;
}

void store_postgres_add_bytes(struct store_parameters *parameters, struct slice bytes)
{
    int i = next_parameter(parameters);
    parameters->values[i] = bytes.len > 0 ? bytes.data : "";
    parameters->lengths[i] = (int)bytes.len;
}

void store_postgres_add_null(struct store_parameters *parameters)
{
    int i = next_parameter(parameters);
    parameters->values[i] = NULL;
    parameters->lengths[i] = -1;
}

void store_postgres_add_array(struct store_parameters *parameters, struct store_array *array)
{
    assert(!array->bytes.overflowed && "a message that the server takes");
    uint32_t wire = htobe32(array->count);
    memcpy(array->bytes.data + ARRAY_COUNT_OFFSET, &wire, sizeof wire);
    store_postgres_add_bytes(parameters, buffer_slice(&array->bytes));
}

int64_t store_postgres_read_number(struct slice column)
{
    uint64_t wide;
    uint32_t word;
    uint16_t half;
    switch (column.len) {
    case sizeof wide:
        memcpy(&wide, column.data, sizeof wide);
        return (int64_t)be64toh(wide);
    case sizeof word:
        memcpy(&word, column.data, sizeof word);
        return (int32_t)be32toh(word);
    case sizeof half:
        memcpy(&half, column.data, sizeof half);
        return (int16_t)be16toh(half);
    case 1:
        return column.data[0];
    default:
        return 0;
    }
}

void store_postgres_read_values(const struct slice *columns, const struct ledger_table *table,
                                struct ledger_value *values)
{
    for (size_t i = 0; i < table->count; i++) {
        values[i] = (struct ledger_value){.is_null = !columns[i].data};
        if (values[i].is_null)
            continue;
        if (table->columns[i].type == LEDGER_NUMBER)
            values[i].number = store_postgres_read_number(columns[i]);
        else
            values[i].bytes = columns[i];
    }
}

struct slice store_postgres_bytes(const PGresult *rows, int row, int column)
{
    if (PQgetisnull(rows, row, column))
        return slice_make(NULL, 0);
    return slice_make(PQgetvalue(rows, row, column), (size_t)PQgetlength(rows, row, column));
}

int64_t store_postgres_number(const PGresult *rows, int row, int column)
{
    return store_postgres_read_number(store_postgres_bytes(rows, row, column));
}

void store_postgres_read_row(const PGresult *rows, int row, int first, const struct ledger_table *table,
                             struct ledger_value *values)
{
    struct slice columns[LEDGER_COLUMNS_MAX];
    for (size_t i = 0; i < table->count; i++)
        columns[i] = store_postgres_bytes(rows, row, first + (int)i);
    store_postgres_read_values(columns, table, values);
}
