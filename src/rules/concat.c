#include "rules/concat.h"

#include <assert.h>
#include <string.h>

#include "core/text.h"
#include "core/utf8.h"
#include "model/job_setting.h"
#include "rules/concat_letters.h"

enum { LETTERS_MAX = 4, DATE_LEN = 8, COUNTRY_LEN = 2, GREEK_OMICRON = 0x039F, GREEK_YPSILON = 0x03A5 };

static const char *const titles[] = {
    "ATTY",     "COACH", "DAME", "DR", "FR", "GOV", "HONORABLE", "MADAME", "MADAM", "MAID", "MASTER", "MISS",
    "MONSIEUR", "MR",    "MRS",  "MS", "MX", "OFC", "PHD",       "PRES",   "PROF",  "REV",  "SIR",    NULL};

/* Those of two words come first: their first word is a prefix, too. */
static const char *const prefixes[] = {
    "AUF DEM", "AUS DER", "DE L", "DE LA", "DE LE", "MHIC GIOLLA", "VAN DE", "VAN DEN", "VAN DER", "VON DEM",
    "VON DEN", "VON DER", "AM",   "AUF",   "D",     "DA",          "DE",     "DEL",     "DI",      "DO",
    "DOS",     "DU",      "IM",   "LA",    "LE",    "MAC",         "MC",     "MHAC",    "MHIC",    "MIC",
    "NI",      "NIC",     "O",    "UA",    "UI",    "VAN",         "VOM",    "VON",     NULL};

/* A name in A to Z and blanks. */
struct spelling {
    char *text;
    size_t len;
    bool incomplete; /* the name has a letter without a form in A to Z */
};

static bool can_add_blank(const struct spelling *spelling)
{
    return spelling->len > 0 && spelling->text[spelling->len - 1] != ' ';
}

static void spell_text(struct spelling *spelling, const char *letters)
{
    for (; *letters; letters++)
        spelling->text[spelling->len++] = *letters;
}

/* A letter outside ASCII: by the table, else without its accents. */
static void spell_letter(struct spelling *spelling, struct slice letter, uint32_t code_point, uint32_t before,
                         struct arena *arena)
{
    const char *letters = concat_letters_of(code_point);
    if (!letters) {
        struct slice base = text_upper(text_fold_name(letter, arena), arena);
        for (size_t len, offset = 0; offset < base.len; offset += len) {
            len = utf8_decode(slice_skip(base, offset), &code_point);
            letters = concat_letters_of(code_point);
            if (code_point >= 'A' && code_point <= 'Z' && offset < LETTERS_MAX)
                spelling->text[spelling->len++] = (char)code_point;
            else if (letters && offset == 0)
                break;
            else
                spelling->incomplete |= code_point >= 0x80;
        }
        if (!letters)
            return;
    }
    /* ELOT 743: omicron and ypsilon together are OU. */
    bool is_ou = code_point == GREEK_YPSILON && before == GREEK_OMICRON;
    spell_text(spelling, is_ou ? "U" : letters);
}

static struct spelling spell(struct slice name, struct arena *arena)
{
    struct slice capitals = text_upper(name, arena);
    struct spelling spelling = {arena_bytes(arena, capitals.len * LETTERS_MAX + 1), 0, false};
    uint32_t before = 0;
    for (size_t len, offset = 0; offset < capitals.len; offset += len) {
        struct slice rest = slice_skip(capitals, offset);
        uint32_t code_point = 0;
        len = utf8_decode(rest, &code_point);
        assert(len > 0);
        if (code_point >= 'A' && code_point <= 'Z')
            spelling.text[spelling.len++] = (char)code_point;
        else if (code_point == ' ' && can_add_blank(&spelling))
            spelling.text[spelling.len++] = ' ';
        else if (code_point >= 0x80)
            spell_letter(&spelling, slice_make(rest.data, len), code_point, before, arena);
        before = code_point;
    }
    while (spelling.len > 0 && spelling.text[spelling.len - 1] == ' ')
        spelling.len--;
    return spelling;
}

/* Removes one of the phrases from the front, if something follows it. */
static bool drop_phrase(struct slice *name, const char *const *phrases)
{
    for (; *phrases; phrases++) {
        size_t len = strlen(*phrases);
        if (name->len > len + 1 && name->data[len] == ' ' && memcmp(name->data, *phrases, len) == 0) {
            *name = slice_make(name->data + len + 1, name->len - len - 1);
            return true;
        }
    }
    return false;
}

bool concat_name(struct slice name, bool is_surname, struct arena *arena, char out[CONCAT_NAME_LEN])
{
    struct spelling spelling = spell(name, arena);
    if (spelling.incomplete || spelling.len == 0)
        return false;
    struct slice rest = slice_make(spelling.text, spelling.len);
    while (drop_phrase(&rest, titles) || (is_surname && drop_phrase(&rest, prefixes)))
        ;
    size_t len = 0;
    for (size_t i = 0; i < rest.len && len < CONCAT_NAME_LEN; i++)
        if (rest.data[i] != ' ')
            out[len++] = rest.data[i];
    while (len < CONCAT_NAME_LEN)
        out[len++] = '#';
    return true;
}

static bool is_country(struct slice code, const char *const *extra_countries)
{
    const struct country *country = country_by_alpha2(code);
    for (; extra_countries && *extra_countries; extra_countries++)
        if (slice_is(code, *extra_countries))
            return true;
    return country && country_in_iso(country) && slice_is(code, country->alpha2);
}

/* Letters, then padding. */
static bool is_name_part(const char *cursor)
{
    bool padded = false;
    for (size_t i = 0; i < CONCAT_NAME_LEN; i++) {
        padded = padded || cursor[i] == '#';
        if (padded ? cursor[i] != '#' : cursor[i] < 'A' || cursor[i] > 'Z')
            return false;
    }
    return true;
}

const char *concat_fault(struct slice text, const char *const *extra_countries)
{
    enum { LEN = DATE_LEN + 2 * CONCAT_NAME_LEN };
    struct date_reading birth;
    if (text.len == COUNTRY_LEN + LEN) {
        if (!is_country(slice_make(text.data, COUNTRY_LEN), extra_countries))
            return "does not begin with a country code";
        text = slice_make(text.data + COUNTRY_LEN, LEN);
    }
    if (text.len != LEN)
        return "does not have 18 characters, or 20 with a country code";
    if (memchr(text.data, '-', DATE_LEN) ||
        date_read_iso(slice_make(text.data, DATE_LEN), true, &birth) != DATE_OK)
        return "has no valid date as YYYYMMDD";
    if (!is_name_part(text.data + DATE_LEN) || !is_name_part(text.data + DATE_LEN + CONCAT_NAME_LEN))
        return "has no two names of five letters A to Z, padded with #";
    return NULL;
}

struct slice concat_country(struct slice list)
{
    struct slice best = {NULL, 0}, rest = list, code;
    bool best_in_eea = false;
    while (record_next_item(&rest, &code)) {
        const struct country *country = country_by_alpha2(code);
        bool in_eea = country && country_in_eea(country);
        bool earlier = best.data && code.len == COUNTRY_LEN && memcmp(code.data, best.data, COUNTRY_LEN) < 0;
        if (!best.data || in_eea > best_in_eea || (in_eea == best_in_eea && earlier)) {
            best = code;
            best_in_eea = in_eea;
        }
    }
    return best;
}

static bool add_name_verdict(struct record_context *context, enum field_id field)
{
    record_context_add_verdictf(
        context, FIELD_CLIENT_IDENTIFIER, VERDICT_REJECT, RULE_FORMAT,
        "cannot be computed: %s %s has no letters, or some without a form in A to Z; map it to a column with Latin letters, or map client_identifier itself",
        field_name(field), record_context_quote(context, context->values[field].text));
    return false;
}

/* False when a source has no value; the source has the verdict. */
static bool has_sources(struct record_context *context, const enum field_id *sources, size_t count)
{
    struct value *value = &context->values[FIELD_CLIENT_IDENTIFIER];
    for (size_t i = 0; i < count; i++) {
        if (context->values[sources[i]].state == VALUE_PRESENT)
            continue;
        value->state = context->values[sources[i]].state;
        return false;
    }
    return true;
}

void concat_compute(struct record_context *context)
{
    static const enum field_id sources[] = {FIELD_DATE_OF_BIRTH, FIELD_FIRST_NAME, FIELD_LAST_NAME,
                                            FIELD_NATIONALITIES};
    bool with_country = job_setting_flag(&context->set->job->provider, SETTING_CONCAT_COUNTRY);
    if (!has_sources(context, sources, with_country ? 4 : 3))
        return;

    const struct value *values = context->values;
    char *out = arena_bytes(context->arena, COUNTRY_LEN + DATE_LEN + 2 * CONCAT_NAME_LEN), *cursor = out;
    if (with_country) {
        struct slice country = concat_country(values[FIELD_NATIONALITIES].text);
        assert(country.data && country.len == COUNTRY_LEN);
        memcpy(cursor, country.data, COUNTRY_LEN);
        cursor += COUNTRY_LEN;
    }
    struct slice date = values[FIELD_DATE_OF_BIRTH].text;
    for (size_t i = 0; i < date.len; i++)
        if (date.data[i] != '-')
            *cursor++ = date.data[i];
    bool good = concat_name(values[FIELD_FIRST_NAME].text, false, context->arena, cursor) ||
                add_name_verdict(context, FIELD_FIRST_NAME);
    good =
        good && (concat_name(values[FIELD_LAST_NAME].text, true, context->arena, cursor + CONCAT_NAME_LEN) ||
                 add_name_verdict(context, FIELD_LAST_NAME));
    if (good)
        context->values[FIELD_CLIENT_IDENTIFIER] =
            (struct value){slice_make(out, (size_t)(cursor - out) + 2 * CONCAT_NAME_LEN), VALUE_PRESENT};
}
