#include "model/column_names.h"

#include "core/ascii.h"
#include "core/utf8.h"

enum {
    SHOWN_NAMES = 12,
    SHOWN_BYTES = 40,  /* of each name */
    FEW_COLUMNS = 5,   /* of so few, one that looks like a value is enough */
    NUMBER_DIGITS = 4, /* of a number with a letter */
    VALUE_DIGITS = 7,  /* so many are a date, a phone number or a key, and no year of a column's name */
};

static bool is_email(struct slice name)
{
    const char *sign = memchr(name.data, '@', name.len);
    if (!sign || sign == name.data)
        return false;
    struct slice domain = slice_skip(name, (size_t)(sign - name.data) + 1);
    return domain.len > 0 && memchr(domain.data, '.', domain.len);
}

/* Digits, and no letters to speak of. */
static bool is_number(struct slice name, size_t *digits)
{
    size_t letters = 0;
    *digits = 0;
    for (size_t i = 0; i < name.len; i++) {
        *digits += ascii_is_digit(name.data[i]);
        letters += ascii_is_letter(name.data[i]) || (unsigned char)name.data[i] >= 0x80;
    }
    return (*digits > 0 && letters == 0) || (*digits >= NUMBER_DIGITS && *digits >= 2 * letters);
}

static bool is_repeated(const struct slice *names, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (names[index].len > 0 && slice_equal(names[i], names[index]))
            return true;
    return false;
}

bool column_names_are_values(const struct slice *names, size_t count)
{
    size_t numbers = 0, repeats = 0, digits;
    for (size_t i = 0; i < count; i++) {
        bool number = is_number(names[i], &digits);
        if (is_email(names[i]) || (number && digits >= VALUE_DIGITS))
            return true;
        numbers += number;
        repeats += is_repeated(names, i);
    }
    return numbers > 1 || (numbers == 1 && (repeats > 0 || count <= FEW_COLUMNS));
}

static size_t count_of(const struct slice *names, size_t count, char byte)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < names[i].len; j++)
            found += names[i].data[j] == byte;
    return found;
}

/* Of several columns the other delimiter must give more than twice as many: names may hold one. */
char column_names_delimiter(const struct slice *names, size_t count)
{
    static const char candidates[] = {';', '\t', '|', ','};
    size_t max = count > 0 ? 2 * (count - 1) : 0;
    char best = '\0';
    for (size_t i = 0; i < sizeof candidates; i++) {
        size_t found = count_of(names, count, candidates[i]);
        if (found > max) {
            max = found;
            best = candidates[i];
        }
    }
    return best;
}

const char *column_names_of_delimiter(char delimiter)
{
    static const char names[][2] = {",", ";", "|", ":"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i][0] == delimiter)
            return names[i];
    return delimiter == '\t' ? "tab" : "another one";
}

/* The names that a delimiter splits the only one into; at most SHOWN_NAMES and one. */
static size_t split(struct slice name, char delimiter, struct slice *names)
{
    size_t count = 0;
    while (count <= SHOWN_NAMES && slice_next_item(&name, slice_make(&delimiter, 1), &names[count]))
        count++;
    return count;
}

static struct slice list_names(const struct slice *names, size_t count, const char *between,
                               struct arena *arena)
{
    struct slice list = SLICE_LITERAL("");
    for (size_t i = 0; i < count && i < SHOWN_NAMES; i++) {
        struct slice name = utf8_shorten(names[i], SHOWN_BYTES);
        list = arena_printf(arena, "%.*s%s%.*s%s", (int)list.len, list.data, i ? between : "", (int)name.len,
                            name.data, name.len < names[i].len ? "…" : "");
    }
    return count > SHOWN_NAMES ? arena_printf(arena, "%.*s%s…", (int)list.len, list.data, between) : list;
}

static struct slice describe_one(struct slice name, char delimiter, struct arena *arena)
{
    struct slice names[SHOWN_NAMES + 1];
    size_t count = split(name, delimiter, names);
    if (column_names_are_values(names, count))
        return SLICE_LITERAL("; its first line is one column, and looks like a customer, not like names");
    const char between[] = {delimiter == '\t' ? ' ' : delimiter, '\0'};
    struct slice list = list_names(names, count, between, arena);
    return arena_printf(arena, "; its header is one column: %.*s", (int)list.len, list.data);
}

struct slice column_names_describe(const struct slice *names, size_t count, struct arena *arena,
                                   const char **hint)
{
    char delimiter = column_names_delimiter(names, count);
    *hint = NULL;
    const char *name = delimiter ? column_names_of_delimiter(delimiter) : NULL;
    if (name)
        *hint =
            arena_printf(
                arena,
                "is the delimiter `%s`? Set input.csv.delimiter in the job; for this file alone: --set 'input.csv.delimiter=%s'",
                name, name)
                .data;
    if (delimiter && count == 1)
        return describe_one(names[0], delimiter, arena);
    if (column_names_are_values(names, count)) {
        if (!delimiter)
            *hint =
                "if the file has no header line, name its columns in the job: input: {csv: {header: [NAME, …]}}";
        return SLICE_LITERAL("; its first line looks like a customer, not like names of columns");
    }
    struct slice list = list_names(names, count, ", ", arena);
    if (count == 1 && !delimiter)
        *hint = "if this is a title, set input.csv.skip_lines to the number of lines before the header";
    return arena_printf(arena, "; its header is: %.*s", (int)list.len, list.data);
}
