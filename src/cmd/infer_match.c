#include "cmd/infer_match.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/infer_column.h"
#include "core/arena.h"

enum { SCORE_FULL = 1000 };

struct candidate {
    size_t column;
    struct column_name name;
    unsigned score;
};

struct matcher {
    struct infer_sample *sample;
    struct candidate *candidates; /* of columns whose name means something */
    size_t count;
};

/* How much a value counts under a name: a better name outweighs some more values, and no values at all. */
static unsigned weight_of(const struct column_name *name)
{
    static const unsigned weights[] = {[SYNONYM_NONE] = 0,  [SYNONYM_WEAK] = 40,  [SYNONYM_TOKENS] = 80,
                                       [SYNONYM_PART] = 85, [SYNONYM_USUAL] = 97, [SYNONYM_NAME] = 100};
    unsigned weight = weights[name->fit], loss = 2 * (unsigned)name->group;

    return weight > loss ? weight - loss : 1;
}

/* An e-mail address or a phone number that most rows share is the seller's, not the customers'. */
static bool is_shared(struct infer_sample *sample, size_t column, enum field_id field)
{
    enum field_type type = field_table[field].type;

    return (type == FIELD_TYPE_EMAIL || type == FIELD_TYPE_PHONE) && infer_column_shared(sample, column);
}

/* Of 1,000: the share of rows with a plausible value, times the weight of the name. A key that repeats, or
 * that is not in every row, is hardly one. */
static unsigned score_of(struct infer_sample *sample, size_t column, const struct column_name *name)
{
    size_t rows = sample->row_count;
    size_t good = rows ? infer_column_plausible(sample, column, field_table[name->field].type) : 0;
    unsigned share = rows ? (unsigned)(good * SCORE_FULL / rows) : SCORE_FULL;

    if (name->field == FIELD_EXTERNAL_ID && rows && !infer_column_is_distinct(sample, column))
        share /= 4;
    if (is_shared(sample, column, name->field))
        share /= 4;
    return share * weight_of(name) / 100;
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *first = a, *second = b;

    if (first->score != second->score)
        return first->score < second->score ? 1 : -1;
    return (first->column > second->column) - (first->column < second->column);
}

static bool is_of_address(enum field_id field)
{
    return field == FIELD_ADDRESS_LINE1 || field == FIELD_ADDRESS_LINE2 || field == FIELD_CITY ||
           field == FIELD_STATE || field == FIELD_POSTAL_CODE || field == FIELD_COUNTRY;
}

/* The address that has the most values: all its lines are of one, since a street of one and a city of another
 * would be no address. */
static enum column_group find_address(const struct matcher *matcher)
{
    unsigned best[COLUMN_GROUP_COUNT][FIELD_COUNT] = {{0}}, most = 0;
    enum column_group found = COLUMN_GROUP_NONE;

    for (size_t i = 0; i < matcher->count; i++) {
        const struct candidate *item = &matcher->candidates[i];
        if (is_of_address(item->name.field) && item->score > best[item->name.group][item->name.field])
            best[item->name.group][item->name.field] = item->score;
    }
    for (int group = 0; group < COLUMN_GROUP_COUNT; group++) {
        unsigned sum = 0;
        for (size_t i = 0; i < FIELD_COUNT; i++)
            sum += best[group][i];
        if (sum > most) {
            most = sum;
            found = (enum column_group)group;
        }
    }
    return found;
}

/* 0: of the address itself; 1: its name says nothing of an address; 2: of another. */
static unsigned distance_of(const struct candidate *item, enum column_group address)
{
    if (!is_of_address(item->name.field) || item->name.group == address)
        return 0;
    return item->name.group == COLUMN_GROUP_NONE ? 1 : 2;
}

/* A key that repeats is none for all records: no other column is offered that does. */
static bool may_be_rival(const struct matcher *matcher, enum field_id field, size_t column)
{
    return field != FIELD_EXTERNAL_ID ||
           infer_column_distinct(matcher->sample, column) == infer_column_filled(matcher->sample, column);
}

/* candidates: by score. */
static void choose(const struct matcher *matcher, enum field_id field, enum column_group address,
                   struct infer_match *match)
{
    const struct candidate *first = NULL;

    *match = (struct infer_match){.column = SYNONYMS_NO_COLUMN};
    for (unsigned distance = 0; distance < 3; distance++)
        for (size_t i = 0; i < matcher->count; i++) {
            const struct candidate *item = &matcher->candidates[i];
            bool is_wanted = item->name.field == field && distance_of(item, address) == distance;
            if (is_wanted && (!first || (first->score == 0 && item->score))) {
                first = item;
            } else if (is_wanted && item->score && match->rival_count < INFER_RIVALS_MAX &&
                       may_be_rival(matcher, field, item->column)) {
                match->is_open |= match->rival_count == 0 && item->score == first->score &&
                                  item->name.group == first->name.group;
                match->rivals[match->rival_count++] = item->column;
            }
        }
    if (!first)
        return;
    match->column = first->column;
    match->fit = first->name.fit;
    match->is_other_address = distance_of(first, address) == 2;
}

/* How many values look like first name and family name: words with a blank or a comma between them. */
static size_t count_whole_names(const struct infer_sample *sample, size_t column, size_t *commas)
{
    size_t whole = 0;

    *commas = 0;
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        bool has_sign = text.len && (memchr(text.data, '@', text.len) || memchr(text.data, '/', text.len));
        whole += text.len && !has_sign && memchr(text.data, ' ', text.len);
        *commas += text.len && !has_sign && memchr(text.data, ',', text.len);
    }
    return whole;
}

static size_t filled_of(const struct infer_sample *sample, const struct infer_match *match)
{
    return match->column == SYNONYMS_NO_COLUMN || match->fit == SYNONYM_WEAK
               ? 0
               : infer_column_filled(sample, match->column);
}

/* A column of whole names counts where first and last name have no column of their own, or an empty one. */
static void find_full_name(const struct matcher *matcher, struct infer_matches *matches)
{
    const struct infer_sample *sample = matcher->sample;
    struct infer_match *first = &matches->of[FIELD_FIRST_NAME], *last = &matches->of[FIELD_LAST_NAME];
    size_t best = 0;

    matches->full_name = SYNONYMS_NO_COLUMN;
    for (size_t i = 0; i < matcher->count; i++) {
        const struct candidate *item = &matcher->candidates[i];
        size_t commas, whole;
        if (item->name.person == COLUMN_PERSON_NONE)
            continue;
        whole = count_whole_names(sample, item->column, &commas) * 10 / (1 + (size_t)item->name.group);
        if (whole <= best)
            continue;
        best = whole;
        matches->full_name = item->column;
        matches->last_first = commas * 2 > sample->row_count || item->name.person == COLUMN_PERSON_LAST_FIRST;
    }
    bool has_parts = filled_of(sample, first) && filled_of(sample, last);
    if (matches->full_name == SYNONYMS_NO_COLUMN || has_parts ||
        (first->column != SYNONYMS_NO_COLUMN && last->column != SYNONYMS_NO_COLUMN &&
         best * 2 < sample->row_count * 10)) {
        matches->full_name = SYNONYMS_NO_COLUMN;
        return;
    }
    first->column = last->column = matches->full_name;
    first->fit = last->fit = SYNONYM_TOKENS;
    first->rival_count = last->rival_count = 0;
}

static bool is_house_number(struct infer_sample *sample, size_t column)
{
    return column_name_part(sample->columns[column], &sample->arena) == COLUMN_PART_HOUSE_NUMBER;
}

/* `No` and `Numero` beside a street are its house number, and no key of a customer. */
static void leave_house_number(const struct matcher *matcher, struct infer_matches *matches)
{
    struct infer_match *key = &matches->of[FIELD_EXTERNAL_ID];

    if (key->column != SYNONYMS_NO_COLUMN && key->fit == SYNONYM_WEAK &&
        matches->of[FIELD_ADDRESS_LINE1].column != SYNONYMS_NO_COLUMN &&
        is_house_number(matcher->sample, key->column))
        *key = (struct infer_match){.column = SYNONYMS_NO_COLUMN};
}

/* Without a key no job can be loaded: a column that no other field has and whose values are all distinct may
 * be one, then any that has distinct values, then the first. */
static void find_last_resort(const struct matcher *matcher, struct infer_matches *matches)
{
    struct infer_match *key = &matches->of[FIELD_EXTERNAL_ID];
    struct infer_sample *sample = matcher->sample;

    if (key->column != SYNONYMS_NO_COLUMN)
        return;
    for (int pass = 0; pass < 3 && key->column == SYNONYMS_NO_COLUMN; pass++)
        for (size_t column = 0; column < sample->column_count && key->column == SYNONYMS_NO_COLUMN;
             column++) {
            bool is_free =
                infer_sample_is_named(sample, column) && (pass > 0 || !is_house_number(sample, column));
            for (size_t i = 0; i < FIELD_COUNT && pass == 0; i++)
                is_free = is_free && matches->of[i].column != column;
            if (is_free && (pass == 2 || infer_column_is_distinct(sample, column)))
                *key = (struct infer_match){.column = column, .is_last_resort = true};
        }
}

static bool leaf_holds(struct slice leaf, const char *const *words)
{
    for (; *words; words++)
        if (memmem(leaf.data, leaf.len, *words, strlen(*words)))
            return true;
    return false;
}

/* The members of an array's objects mean what the array does: `tax_ids[*].value` and
 * `tax_ids.data[*].country`. False: the array is no list of customers' numbers or nationalities. */
static bool read_element_name(struct slice column, struct arena *arena, struct column_name *name)
{
    static const char *const countries[] = {"country", "Country", "issu", NULL};
    static const char *const numbers[] = {"umber", "value", "Value", "code", NULL};
    static const char *const ids[] = {"id", "Id", "ID", "tin", NULL}; /* of the number, or of its entry */
    const char *every = memmem(column.data, column.len, "[*]", 3);
    struct slice array = slice_make(column.data, every ? (size_t)(every - column.data) : 0), leaf;

    for (*name = (struct column_name){.field = FIELD_NONE}; array.len; array.len = leaf.len) {
        *name = column_name_read(array, arena);
        if (name->field == FIELD_TAX_ID || name->field == FIELD_NATIONALITIES)
            break;
        const char *dot = memrchr(array.data, '.', array.len);
        leaf = slice_make(array.data, dot ? (size_t)(dot - array.data) : 0);
    }
    if (array.len == 0)
        return false;
    leaf = slice_skip(column, (size_t)(every + 3 - column.data));
    bool is_country = leaf_holds(leaf, countries), is_number = leaf_holds(leaf, numbers);
    bool is_id = !is_number && leaf_holds(leaf, ids);
    if (name->field == FIELD_TAX_ID && is_country)
        name->field = FIELD_TAX_COUNTRY;
    else if (!is_number && !is_id && !is_country && leaf.len)
        *name = (struct column_name){.field = FIELD_NONE};
    enum synonym_fit most = is_id ? SYNONYM_TOKENS : SYNONYM_PART;
    if (name->fit > most)
        name->fit = most;
    return true;
}

void infer_match_columns(struct infer_sample *sample, struct infer_matches *matches)
{
    struct matcher matcher = {.sample = sample};
    matches->is_part = arena_alloc(&sample->arena, sample->column_count + 1);
    memset(matches->is_part, 0, sample->column_count + 1);

    matcher.candidates = arena_alloc(&sample->arena, (sample->column_count + 1) * sizeof *matcher.candidates);
    for (size_t i = 0; i < sample->column_count; i++) {
        struct candidate item = {.column = i};
        if (!infer_sample_is_named(sample, i))
            continue;
        if (!read_element_name(sample->columns[i], &sample->arena, &item.name))
            item.name = column_name_read(sample->columns[i], &sample->arena);
        if (item.name.field == FIELD_NONE && item.name.person == COLUMN_PERSON_NONE)
            continue;
        item.score = item.name.field == FIELD_NONE ? 0 : score_of(sample, i, &item.name);
        matcher.candidates[matcher.count++] = item;
    }
    qsort(matcher.candidates, matcher.count, sizeof *matcher.candidates, by_score);
    enum column_group address = find_address(&matcher);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        choose(&matcher, (enum field_id)i, address, &matches->of[i]);
    find_full_name(&matcher, matches);
    leave_house_number(&matcher, matches);
    find_last_resort(&matcher, matches);
}
