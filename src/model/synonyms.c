#include "model/synonyms.h"

#include <string.h>

#include "core/text.h"

/* Prefixes that only mean that the column is about the customer. */
static const char *const prefixes[] = {
    "customer", "client",    "user",    "member",      "person",    "personal", "primary", "home",  "main",
    "contact",  "applicant", "account", "residential", "residence", "kunden",   "cliente", "klant", NULL};

static bool holds(const char *names, struct slice name)
{
    for (const char *cursor = names; *cursor;) {
        size_t len = strcspn(cursor, " ");
        if (len == name.len && memcmp(cursor, name.data, len) == 0)
            return true;
        cursor += len + strspn(cursor + len, " ");
    }
    return false;
}

/* `date_of_birth` and `dateofbirth`: underscores aside. */
static bool is_field_name(const char *field, struct slice name)
{
    size_t index = 0;
    for (; *field; field++) {
        if (*field == '_')
            continue;
        if (index == name.len || name.data[index] != *field)
            return false;
        index++;
    }
    return index == name.len;
}

struct synonym synonyms_find_whole(struct slice name)
{
    struct synonym weak = {FIELD_NONE, SYNONYM_NONE};

    for (size_t i = 0; name.len > 0 && i < FIELD_COUNT; i++) {
        enum field_id field = (enum field_id)i;
        if (is_field_name(field_name(field), name))
            return (struct synonym){field, SYNONYM_NAME};
        if (holds(field_table[i].synonyms, name))
            return (struct synonym){field, SYNONYM_USUAL};
        if (holds(field_table[i].weak_synonyms, name))
            weak = (struct synonym){field, SYNONYM_WEAK};
    }
    return weak;
}

/* Letters and digits alone, case and accents aside; the index of an array's member is not part of its name.
 */
static struct slice compared_form(struct slice column, struct arena *arena)
{
    char *plain = arena_bytes(arena, column.len);
    size_t len = 0;
    for (size_t i = 0; i < column.len; i++) {
        const char *end = column.data[i] == '[' ? memchr(column.data + i, ']', column.len - i) : NULL;
        if (end)
            i = (size_t)(end - column.data);
        else
            plain[len++] = column.data[i];
    }
    struct slice folded = text_fold_name(slice_make(plain, len), arena);
    char *compact = arena_bytes(arena, folded.len + 1);
    size_t compact_len = 0;
    for (size_t i = 0; i < folded.len; i++)
        if (folded.data[i] != ' ')
            compact[compact_len++] = folded.data[i];
    return slice_make(compact, compact_len);
}

static struct synonym as_part(struct synonym found)
{
    if (found.fit > SYNONYM_PART)
        found.fit = SYNONYM_PART;
    return found;
}

static struct synonym find_without_prefix(struct slice name)
{
    for (size_t i = 0; prefixes[i]; i++) {
        size_t len = strlen(prefixes[i]);
        if (name.len <= len || memcmp(name.data, prefixes[i], len) != 0)
            continue;
        struct synonym found = synonyms_find_whole(slice_skip(name, len));
        if (found.fit > SYNONYM_WEAK)
            return as_part(found);
    }
    return (struct synonym){FIELD_NONE, SYNONYM_NONE};
}

struct synonym synonyms_find(struct slice column, struct arena *arena)
{
    struct slice rest = column;
    struct synonym weak = {FIELD_NONE, SYNONYM_NONE};

    for (;;) {
        struct slice name = compared_form(rest, arena);
        struct synonym found = synonyms_find_whole(name);
        if (found.fit > SYNONYM_WEAK)
            return rest.len == column.len ? found : as_part(found);
        if (rest.len == column.len) /* `type` at the end of a path does not mean the customer's */
            weak = found;
        found = find_without_prefix(name);
        if (found.fit != SYNONYM_NONE)
            return found;
        const char *dot = memchr(rest.data, '.', rest.len);
        if (!dot || dot + 1 == rest.data + rest.len)
            return weak;
        rest = slice_make(dot + 1, (size_t)(rest.data + rest.len - dot - 1));
    }
}

void synonyms_match(const struct slice *columns, size_t column_count,
                    struct synonym_match matches[FIELD_COUNT])
{
    struct arena arena;

    arena_init(&arena, 4096);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        matches[i] = (struct synonym_match){SYNONYMS_NO_COLUMN, SYNONYMS_NO_COLUMN, SYNONYM_NONE};
    for (size_t i = 0; i < column_count; i++) {
        struct synonym found =
            columns[i].len ? synonyms_find(columns[i], &arena) : (struct synonym){FIELD_NONE, SYNONYM_NONE};
        arena_reset(&arena);
        if (found.fit == SYNONYM_NONE)
            continue;
        struct synonym_match *match = &matches[found.field];
        if (found.fit > match->fit)
            *match = (struct synonym_match){i, SYNONYMS_NO_COLUMN, found.fit};
        else if (found.fit == match->fit && match->rival == SYNONYMS_NO_COLUMN)
            match->rival = i;
    }
    arena_clear(&arena);
}
