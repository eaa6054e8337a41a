#include "cmd/infer_postal.h"

#include "core/ascii.h"
#include "model/country.h"
#include "rules/postal.h"

static bool is_digits(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_digit(text.data[i]))
            return false;
    return text.len > 0;
}

static bool has_lost_zero(const struct infer_writer *writer, size_t row, struct slice code)
{
    size_t column = writer->matches.of[FIELD_COUNTRY].column, missing;
    const struct country *country;
    const char *names, *forms;

    if (column == SYNONYMS_NO_COLUMN)
        return false;
    struct slice text = infer_sample_cell(writer->sample, row, column);
    return country_read(text, &writer->sample->arena, &country, &names) == COUNTRY_FOUND &&
           postal_read(code, slice_from(country->alpha2), &forms, &missing) == POSTAL_LOST_ZERO;
}

void infer_postal_write(const struct infer_writer *writer)
{
    const struct infer_sample *sample = writer->sample;
    size_t column = writer->matches.of[FIELD_POSTAL_CODE].column, lost = 0, decimal = 0;

    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_cell(sample, row, column);
        bool is_decimal = text.len > 2 && memcmp(text.data + text.len - 2, ".0", 2) == 0;
        if (is_decimal)
            text.len -= 2;
        if (!is_digits(text))
            continue;
        decimal += is_decimal;
        lost += has_lost_zero(writer, row, text);
    }
    if (lost)
        buffer_printf(
            writer->out,
            "  #   CHECK: %zu postal codes have fewer digits than those of their country: a spreadsheet dropped the zero. Export them as text.\n",
            lost);
    if (decimal)
        buffer_printf(
            writer->out,
            "  #   CHECK: %zu postal codes end in .0, as a spreadsheet writes numbers. Export them as text.\n",
            decimal);
}
