#include "cmd/infer_damage.h"

#include "cmd/infer_column.h"
#include "core/plural.h"
#include "core/text.h"
#include "core/utf8.h"
#include "rules/damage.h"
#include "rules/escapes.h"
#include "rules/mojibake.h"

/* Numbers in a column of dates may be dates, and infer_postal counts those of postal codes. */
static unsigned kinds_of(enum field_id field)
{
    unsigned kinds = damage_kinds(field);

    if (field_type(field) == FIELD_TYPE_PHONE)
        return kinds | DAMAGE_NUMBERS;
    return field == FIELD_POSTAL_CODE ? kinds & ~(unsigned)DAMAGE_NUMBERS : kinds;
}

static bool is_damaged(struct slice text, unsigned kinds)
{
    enum damage damage = damage_find(text, kinds);

    return damage != DAMAGE_NONE && (damage != DAMAGE_NULL || kinds & DAMAGE_STRICT);
}

static bool is_mojibake(struct slice text, struct arena *arena)
{
    const char *encoding;
    struct slice repaired;

    return text_may_be_escaped(text) && utf8_is_valid(text) &&
           (mojibake_find(text, arena, &encoding, &repaired) ||
            escapes_find(text, arena, &repaired) != ESCAPE_NONE);
}

void infer_damage_write(const struct infer_writer *writer, enum field_id field, size_t column)
{
    const struct infer_sample *sample = writer->sample;
    size_t damaged = 0, mojibake = 0;
    unsigned kinds = kinds_of(field);
    bool is_prose = mojibake_is_checked(field);

    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_cell(writer->sample, row, column);
        if (infer_column_is_null(text))
            continue;
        damaged += is_damaged(text, kinds);
        mojibake += is_prose && is_mojibake(text, &writer->sample->arena);
    }
    if (damaged)
        buffer_printf(
            writer->out,
            "  #   CHECK: %zu value%s of %s %s rewritten or lost by a program (1.2E+09, 7.0, #REF!). Export the column as text.\n",
            damaged, plural_s(damaged), field_name(field), damaged == 1 ? "was" : "were");
    if (mojibake)
        buffer_printf(
            writer->out,
            "  #   CHECK: %zu value%s of %s %s decoded wrongly or escaped before the export (MÃ¼ller, &amp;, O\\'Brien, Gonz?lez).\n",
            mojibake, plural_s(mojibake), field_name(field), mojibake == 1 ? "was" : "were");
}
