#include "rules/enum_words.h"

#include "core/ascii.h"
#include "model/language.h"

/* The only one that begins with a letter. */
static const char *find_by_letter(const char *const *choices, char letter)
{
    const char *found = NULL;
    for (; *choices; choices++) {
        if (ascii_lower((*choices)[0]) != letter)
            continue;
        if (found)
            return NULL;
        found = *choices;
    }
    return found;
}

static bool has_letters(const struct job_mapping *mapping)
{
    for (size_t i = 0; mapping && i < mapping->value_count; i++)
        if (mapping->values[i].from.len == 1)
            return true;
    return false;
}

static const char *find_gender(const char *const *choices, const struct job_mapping *mapping,
                               struct slice text)
{
    char letter = text.len == 1 ? ascii_lower(text.data[0]) : '\0';
    if ((letter != 'm' && letter != 'f') || has_letters(mapping))
        return NULL;
    return find_by_letter(choices, letter);
}

static const char *find_language(const char *const *choices, struct slice text, struct arena *arena)
{
    const char *code = language_read(text, arena);
    for (; code && *choices; choices++)
        if (slice_is(slice_from(code), *choices))
            return *choices;
    return NULL;
}

const char *enum_words_find(enum field_id field, const char *const *choices,
                            const struct job_mapping *mapping, struct slice text, struct arena *arena)
{
    if (field == FIELD_GENDER)
        return find_gender(choices, mapping, text);
    return field == FIELD_LANGUAGE ? find_language(choices, text, arena) : NULL;
}
