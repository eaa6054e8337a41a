#include "cmd/infer_header.h"

#include <string.h>

#include "cmd/infer_column.h"
#include "cmd/infer_dates.h"

enum { SHARE_PERCENT = 80, FILLED_PERCENT = 20 };

enum look { LOOK_NONE, LOOK_EMAIL, LOOK_PHONE, LOOK_DATE, LOOK_COUNTRY, LOOK_COUNT };

static bool is_most(size_t part, size_t whole)
{
    return whole > 0 && part * 100 >= whole * SHARE_PERCENT;
}

static size_t count_plus(const struct infer_sample *sample, size_t column)
{
    size_t count = 0;

    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_cell(sample, row, column);
        count += text.len > 1 && text.data[0] == '+';
    }
    return count;
}

static enum look look_at(struct infer_sample *sample, size_t column)
{
    size_t filled = infer_column_filled(sample, column);
    struct infer_dates dates;

    if (filled * 100 < sample->row_count * FILLED_PERCENT)
        return LOOK_NONE;
    if (is_most(infer_column_plausible(sample, column, FIELD_TYPE_EMAIL), filled))
        return LOOK_EMAIL;
    if (is_most(count_plus(sample, column), filled) &&
        is_most(infer_column_plausible(sample, column, FIELD_TYPE_PHONE), filled))
        return LOOK_PHONE;
    if (is_most(infer_column_plausible(sample, column, FIELD_TYPE_COUNTRY), filled))
        return LOOK_COUNTRY;
    infer_dates_of(sample, column, &dates);
    size_t unlike = dates.other + dates.bare;
    return unlike < filled && is_most(filled - unlike, filled) ? LOOK_DATE : LOOK_NONE;
}

void infer_header_name(struct infer_sample *sample)
{
    static const char *const names[LOOK_COUNT] = {NULL, "email", "phone", "date_of_birth", "country"};
    enum look *looks = arena_alloc(&sample->arena, (sample->column_count + 1) * sizeof *looks);
    size_t counts[LOOK_COUNT] = {0};

    for (size_t i = 0; i < sample->column_count; i++)
        counts[looks[i] = look_at(sample, i)]++;
    for (size_t i = 0; i < sample->column_count; i++) {
        /* Two columns of dates or countries may mean anything; a second e-mail address is the other one. */
        bool is_only = looks[i] != LOOK_NONE && counts[looks[i]] == 1;
        const char *name = is_only ? names[looks[i]] : NULL;
        if (i == 0 && looks[i] == LOOK_NONE && infer_column_is_distinct(sample, i))
            name = "id";
        sample->columns[i] = name ? slice_from(name) : arena_printf(&sample->arena, "column_%zu", i + 1);
    }
}
