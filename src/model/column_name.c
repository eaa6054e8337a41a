#include "model/column_name.h"

#include <string.h>
#include <strings.h>

#include "core/ascii.h"
#include "core/buffer.h"
#include "core/text.h"
#include "model/column_words.h"
#include "model/column_words_languages.h"

enum { TOKENS_MAX = 24 };

struct tokens {
    struct slice items[TOKENS_MAX];
    size_t count;
};

/* words: each with a blank before and behind it. */
static bool is_among(const char *words, struct slice word)
{
    for (const char *cursor = words; *cursor; cursor++)
        if (*cursor == ' ' && strncmp(cursor + 1, word.data, word.len) == 0 && cursor[1 + word.len] == ' ')
            return word.len > 0;
    return false;
}

static bool is_upper(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

/* A blank goes between a[i-1] and a[i]: `firstName`, `DOBDate`, `Address1`. */
static bool is_boundary(struct slice name, size_t i)
{
    char before = name.data[i - 1], byte = name.data[i];
    char next = i + 1 < name.len ? name.data[i + 1] : '\0';
    bool begins = is_upper(byte) && (!is_upper(before) || (next >= 'a' && next <= 'z'));

    return (begins && (ascii_is_letter(before) || ascii_is_digit(before))) ||
           (ascii_is_digit(byte) && ascii_is_letter(before));
}

static void split(struct slice name, struct arena *arena, struct tokens *tokens)
{
    char *spaced = arena_bytes(arena, name.len * 2 + 1);
    size_t len = 0;

    for (size_t i = 0; i < name.len; i++) {
        if (i && is_boundary(name, i))
            spaced[len++] = ' ';
        spaced[len++] = name.data[i] == '.' ? ' ' : name.data[i];
    }
    struct slice rest = text_fold_name(slice_make(spaced, len), arena), item;
    tokens->count = 0;
    while (tokens->count < TOKENS_MAX && slice_next_item(&rest, SLICE_LITERAL(" "), &item))
        if (item.len && is_among(remark_words, item) && tokens->count)
            break;
        else if (item.len)
            tokens->items[tokens->count++] = item;
}

static struct slice spell_out(struct slice token)
{
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (slice_is(token, abbreviations[i].token))
            return slice_from(abbreviations[i].meaning);
    return token;
}

static enum column_group group_of(struct slice token)
{
    token = spell_out(token);
    for (size_t i = 0; i < sizeof group_words / sizeof *group_words; i++)
        if (slice_is(token, group_words[i].token))
            return group_words[i].group;
    return COLUMN_GROUP_NONE;
}

/* The words from first to end in one, as they are or spelt out. */
static struct slice join(const struct tokens *tokens, size_t first, size_t end, bool spelt_out,
                         struct arena *arena)
{
    struct slice parts[TOKENS_MAX];
    size_t total = 0, len = 0;

    for (size_t i = first; i < end; i++) {
        parts[i] = spelt_out ? spell_out(tokens->items[i]) : tokens->items[i];
        total += parts[i].len;
    }
    char *text = arena_bytes(arena, total + 1);
    for (size_t i = first; i < end; i++) {
        /* cppcheck-suppress uninitvar ; filled above */
        memcpy(text + len, parts[i].data, parts[i].len);
        len += parts[i].len;
    }
    return slice_make(text, len);
}

static bool is_person(struct slice token)
{
    return is_among(person_words, spell_out(token));
}

static bool is_lead(struct slice token)
{
    return is_among(lead_words, token) || is_person(token) || group_of(token) != COLUMN_GROUP_NONE;
}

static bool is_trail(struct slice token)
{
    return is_among(trail_words, token) || group_of(token) != COLUMN_GROUP_NONE;
}

/* Where a run of tokens may begin and end, so that the rest says nothing of the value. */
struct bounds {
    size_t first_max, end_min;
    bool has_person, has_group; /* before first_max */
};

static struct bounds find_bounds(const struct tokens *tokens)
{
    struct bounds bounds = {0, tokens->count, false, false};

    while (bounds.first_max < tokens->count && is_lead(tokens->items[bounds.first_max])) {
        struct slice token = tokens->items[bounds.first_max++];
        bounds.has_person |= is_person(token);
        bounds.has_group |= group_of(token) != COLUMN_GROUP_NONE;
    }
    while (bounds.end_min > 0 && is_trail(tokens->items[bounds.end_min - 1]))
        bounds.end_min--;
    return bounds;
}

static struct synonym look_up(struct slice name)
{
    struct synonym found = synonyms_find_whole(name);

    if (found.fit <= SYNONYM_WEAK)
        for (size_t i = 0; i < sizeof extra_names / sizeof *extra_names; i++)
            if (is_among(extra_names[i].names, name))
                found = (struct synonym){extra_names[i].field, SYNONYM_TOKENS};
    if (found.fit <= SYNONYM_WEAK)
        for (size_t i = 0; i < sizeof names_by_language / sizeof *names_by_language; i++)
            if (is_among(names_by_language[i].names, name))
                found = (struct synonym){names_by_language[i].field, SYNONYM_TOKENS};
    return found;
}

/* Words that are a name only behind a word that says whose or which: `Billing Address`, `Contact No`. */
static struct synonym look_up_led(struct slice rest, const struct bounds *bounds)
{
    static const char keys[] = " id no number key ref reference code nr nummer ";

    if (bounds->has_group && is_among(" address street addressline ", rest))
        return (struct synonym){FIELD_ADDRESS_LINE1, SYNONYM_TOKENS};
    if (bounds->has_person && !bounds->has_group && is_among(keys, rest))
        return (struct synonym){FIELD_EXTERNAL_ID, SYNONYM_TOKENS};
    return (struct synonym){FIELD_NONE, SYNONYM_NONE};
}

static enum column_person person_of(struct slice name)
{
    return is_among(full_names_last_first, name) ? COLUMN_PERSON_LAST_FIRST
           : is_among(full_names, name)          ? COLUMN_PERSON_NAME
                                                 : COLUMN_PERSON_NONE;
}

/* The longest run of tokens that is a name, what is before and behind it being of no weight. */
static void find_run(const struct tokens *tokens, struct arena *arena, struct column_name *name)
{
    struct bounds bounds = find_bounds(tokens);

    for (size_t len = tokens->count; len > 0; len--)
        for (size_t first = 0; first + len <= tokens->count && first <= bounds.first_max; first++) {
            if (first + len < bounds.end_min)
                continue;
            for (int spelt_out = 0; spelt_out < 2; spelt_out++) {
                struct slice run = join(tokens, first, first + len, spelt_out, arena);
                struct synonym found = look_up(run);
                if (found.fit <= SYNONYM_WEAK && first > 0 && first + len == tokens->count)
                    found = look_up_led(run, &bounds);
                if (found.field == FIELD_EMPLOYER_NAME && first + len < tokens->count)
                    continue; /* its address */
                if (found.fit > SYNONYM_WEAK) {
                    name->field = found.field;
                    name->fit = SYNONYM_TOKENS;
                    return;
                }
                if (name->person == COLUMN_PERSON_NONE)
                    name->person = person_of(run);
            }
        }
}

/* The length of the longest of words (a blank before and behind each) that name begins with. */
static size_t prefix_len(const char *words, struct slice name)
{
    size_t best = 0;

    for (const char *cursor = words; *cursor; cursor++) {
        size_t len = strcspn(cursor + 1, " ");
        if (*cursor == ' ' && len > best && len < name.len && memcmp(cursor + 1, name.data, len) == 0)
            best = len;
    }
    return best;
}

/* A name in capitals has no signs between its words: `MAILINGSTREET`. */
static void find_in_one_word(struct slice word, struct column_name *name)
{
    size_t len = prefix_len(person_words, word);
    enum column_group group = COLUMN_GROUP_NONE;

    for (size_t i = 0; i < sizeof group_words / sizeof *group_words && group == COLUMN_GROUP_NONE; i++) {
        struct slice prefix = slice_from(group_words[i].token);
        if (slice_begins(word, prefix) && word.len > prefix.len) {
            group = group_words[i].group;
            len = prefix.len;
        }
    }
    struct synonym found = look_up(slice_skip(word, len));
    if (len == 0 || found.fit <= SYNONYM_WEAK)
        return;
    *name = (struct column_name){.field = found.field, .fit = SYNONYM_TOKENS, .group = group};
}

/* `[zip]` right behind a name is a member of it, and around the whole name says nothing; `[0]`, `[*]` and
 * `[DD/MM/YYYY]` are none. */
static bool is_member(struct slice column, size_t open, size_t close, struct arena *arena)
{
    struct slice inner = slice_make(column.data + open + 1, close - open - 1), form;
    bool is_word = inner.len && !ascii_is_digit(inner.data[0]);

    for (size_t i = 0; i < inner.len; i++)
        is_word = is_word && (ascii_is_letter(inner.data[i]) || ascii_is_digit(inner.data[i]) ||
                              (unsigned char)inner.data[i] >= 0x80 || strchr("_-", inner.data[i]) ||
                              (open == 0 && inner.data[i] == ' '));
    return is_word && (open == 0 || column.data[open - 1] != ' ') &&
           !column_name_date_form(inner, arena, &form);
}

/* `customer[email]` as `customer.email`, `[Customer ID]` as `Customer ID`: as web forms, and databases, write
 * names. */
static struct slice with_members(struct slice column, struct arena *arena)
{
    char *text = arena_bytes(arena, column.len + 1);
    size_t len = 0, close = 0;

    for (size_t i = 0; i < column.len; i++) {
        const char *end = column.data[i] == '[' ? memchr(column.data + i, ']', column.len - i) : NULL;
        if (end && is_member(column, i, (size_t)(end - column.data), arena)) {
            close = (size_t)(end - column.data);
            if (i > 0)
                text[len++] = '.';
        } else if (i == 0 || i != close) {
            text[len++] = column.data[i];
        }
    }
    return slice_make(text, len);
}

/* The name without a remark in brackets, and without what is no letter or digit behind it. `[0]` and `.$oid`
 * go too: an item of an array, a type that is no name. */
static struct slice without_remarks(struct slice column, struct arena *arena)
{
    char *text = arena_bytes(arena, column.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < column.len; i++) {
        char byte = column.data[i];
        char closing = byte == '(' ? ')' : byte == '[' ? ']' : byte == '{' ? '}' : '\0';
        const char *end = closing ? memchr(column.data + i, closing, column.len - i) : NULL;
        if (byte == '.' && i + 1 < column.len && column.data[i + 1] == '$')
            break;
        if (end)
            i = (size_t)(end - column.data);
        else
            text[len++] = byte;
    }
    return slice_make(text, len);
}

static enum column_group group_within(struct slice column, struct arena *arena)
{
    struct tokens tokens;
    enum column_group group = COLUMN_GROUP_NONE;

    split(column, arena, &tokens);
    for (size_t i = 0; i < tokens.count && group == COLUMN_GROUP_NONE; i++)
        group = group_of(tokens.items[i]);
    return group;
}

static struct column_name read_part(struct slice part, struct arena *arena)
{
    struct column_name name = {.field = FIELD_NONE};
    struct tokens tokens;

    split(part, arena, &tokens);
    find_run(&tokens, arena, &name);
    if (name.fit == SYNONYM_NONE && tokens.count == 1)
        find_in_one_word(tokens.items[0], &name);
    return name;
}

static bool has_word(const char *words, struct slice part, struct arena *arena)
{
    struct tokens tokens;

    split(part, arena, &tokens);
    for (size_t i = 0; i < tokens.count; i++)
        if (is_among(words, tokens.items[i]))
            return true;
    return false;
}

static bool is_about_another(struct slice part, struct arena *arena)
{
    return has_word(other_words, part, arena) || has_word(relative_words, part, arena);
}

/* A remark in brackets says that the value is another person's. */
static bool is_of_relative(struct slice column, struct arena *arena)
{
    for (size_t i = 0; i < column.len; i++)
        if (memchr("([{", column.data[i], 3))
            return has_word(relative_words, slice_skip(column, i + 1), arena);
    return false;
}

/* Another part is the name of another field: `PLZ/Ort` holds both. `Country/Region` is the country. */
static bool holds_two(enum field_id field, struct slice rest, const char *sign, struct arena *arena)
{
    struct slice part;

    while (slice_next_item(&rest, slice_from(sign), &part)) {
        enum field_id other = read_part(part, arena).field;
        bool is_region = (field == FIELD_COUNTRY && other == FIELD_STATE) ||
                         (field == FIELD_ADDRESS_LINE2 && other == FIELD_STATE);
        if (other != FIELD_NONE && other != field && !is_region)
            return true;
    }
    return false;
}

/* A name by its parts: the whole, then each of two that a sign joins (`Country/Region`). Behind a dash is a
 * remark (`DOB - as in passport`), unless it is a name too (`Address 2 - City`). */
static struct column_name read_parts(struct slice plain, struct arena *arena)
{
    static const char *const signs[] = {" - ", " \xe2\x80\x93 ", ":", "/", "|", " or ", ","};
    enum { REMARK_SIGNS = 3 };
    struct column_name name = read_part(plain, arena);

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        struct slice rest = plain, part;
        bool has_sign = memmem(plain.data, plain.len, signs[i], strlen(signs[i])) != NULL;
        if (name.fit != SYNONYM_NONE || name.person != COLUMN_PERSON_NONE)
            break;
        while (has_sign && name.fit == SYNONYM_NONE && slice_next_item(&rest, slice_from(signs[i]), &part))
            name = read_part(part, arena);
        if (has_sign && i >= REMARK_SIGNS && name.fit != SYNONYM_NONE && rest.data)
            name.fit = holds_two(name.field, rest, signs[i], arena) ? SYNONYM_WEAK : name.fit;
        if (has_sign && i < REMARK_SIGNS && rest.data &&
            (read_part(rest, arena).fit != SYNONYM_NONE || is_about_another(rest, arena)))
            return (struct column_name){.field = FIELD_NONE};
    }
    return name;
}

static struct column_name read_plain(struct slice column, struct arena *arena)
{
    struct column_name name = {.field = FIELD_NONE};
    struct slice plain = without_remarks(column, arena);
    struct synonym found =
        plain.len ? synonyms_find(plain, arena) : (struct synonym){FIELD_NONE, SYNONYM_NONE};

    if (found.fit <= SYNONYM_WEAK && plain.len)
        name = read_parts(plain, arena);
    if (name.fit == SYNONYM_NONE) {
        name.field = found.field;
        name.fit = found.fit;
    }
    if (name.group == COLUMN_GROUP_NONE && (name.fit < SYNONYM_USUAL || plain.len < column.len))
        name.group = group_within(column, arena);
    if (name.fit > SYNONYM_WEAK)
        name.person = COLUMN_PERSON_NONE;
    return name;
}

struct column_name column_name_read(struct slice column, struct arena *arena)
{
    if (is_of_relative(column, arena))
        return (struct column_name){.field = FIELD_NONE};
    struct slice path = with_members(column, arena);
    struct column_name name = read_plain(path, arena);
    bool is_found = name.field != FIELD_NONE || name.person != COLUMN_PERSON_NONE;

    return is_found || slice_equal(path, column) ? name : read_plain(column, arena);
}

static enum column_state state_of(struct slice name, struct arena *arena)
{
    static const struct {
        const char *words;
        enum column_state state;
    } kinds[] = {{ended_words, COLUMN_STATE_ENDED},
                 {gone_words, COLUMN_STATE_GONE},
                 {here_words, COLUMN_STATE_HERE},
                 {status_words, COLUMN_STATE_STATUS}};
    struct tokens tokens;

    split(name, arena, &tokens);
    for (size_t first = 0; first < tokens.count; first++) {
        name = join(&tokens, first, tokens.count, false, arena);
        if (slice_begins_with(name, "is") && name.len > 2 && tokens.count == 1)
            name = slice_skip(name, 2); /* `ISDELETED` */
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (is_among(kinds[i].words, name))
                return kinds[i].state;
        if (!is_person(tokens.items[first]) && !slice_is(tokens.items[first], "is"))
            break;
    }
    return COLUMN_STATE_NONE;
}

/* Of a path the last name counts too: `app_metadata.status`. */
enum column_state column_name_state(struct slice column, struct arena *arena)
{
    struct slice name = without_remarks(with_members(column, arena), arena);
    const char *dot = name.len ? memrchr(name.data, '.', name.len) : NULL;
    enum column_state state = state_of(name, arena);

    return state == COLUMN_STATE_NONE && dot
               ? state_of(slice_skip(name, (size_t)(dot - name.data) + 1), arena)
               : state;
}

enum column_part column_name_part(struct slice column, struct arena *arena)
{
    static const struct {
        const char *words;
        enum column_part part;
    } kinds[] = {{house_number_words, COLUMN_PART_HOUSE_NUMBER},
                 {day_words, COLUMN_PART_DAY},
                 {month_words, COLUMN_PART_MONTH},
                 {year_words, COLUMN_PART_YEAR}};
    struct tokens tokens;

    split(without_remarks(with_members(column, arena), arena), arena, &tokens);
    for (size_t first = 0; first < tokens.count; first++) {
        struct slice name = join(&tokens, first, tokens.count, false, arena);
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (is_among(kinds[i].words, name))
                return kinds[i].part;
        if (!is_lead(tokens.items[first]))
            break;
    }
    return COLUMN_PART_NONE;
}

/* What names of columns call days, months and years in English, German, French, Spanish, Italian and Dutch.
 */
static const struct {
    const char *written, *token;
} date_tokens[] = {{"YYYY", "YYYY"}, {"AAAA", "YYYY"}, {"JJJJ", "YYYY"}, {"MMMM", "MMMM"}, {"MMM", "MMM"},
                   {"YY", "YY"},     {"AA", "YY"},     {"MM", "MM"},     {"DD", "DD"},     {"TT", "DD"},
                   {"JJ", "DD"},     {"GG", "DD"},     {"M", "M"},       {"D", "D"}};

static size_t read_date_token(struct slice text, const char **token)
{
    for (size_t i = 0; i < sizeof date_tokens / sizeof *date_tokens; i++) {
        size_t len = strlen(date_tokens[i].written);
        if (text.len >= len && strncasecmp(text.data, date_tokens[i].written, len) == 0) {
            *token = date_tokens[i].token;
            return len;
        }
    }
    return 0;
}

/* The form at the beginning of a text, written to out. Returns the length of what it was read from; 0: none.
 */
static size_t read_form(struct slice text, struct buffer *out)
{
    size_t offset = 0, end = 0, out_end = 0, parts = 0;
    bool has_day = false, has_month = false, has_year = false;
    const char *token;

    out->len = 0;
    for (size_t len = 1; offset < text.len && len > 0; offset += len) {
        len = read_date_token(slice_skip(text, offset), &token);
        if (len == 0)
            break;
        has_day |= *token == 'D';
        has_month |= *token == 'M';
        has_year |= *token == 'Y';
        parts++;
        buffer_append_text(out, token);
        end = offset + len;
        out_end = out->len;
        if (end < text.len && memchr("/.- ", text.data[end], 4)) {
            buffer_append_char(out, text.data[end]);
            offset++;
        }
    }
    out->len = out_end;
    return parts == 3 && has_day && has_month && has_year ? end : 0;
}

bool column_name_date_form(struct slice column, struct arena *arena, struct slice *form)
{
    struct buffer out;
    bool found = false;

    buffer_init(&out, 4 * column.len + 16);
    for (size_t i = 0; i < column.len && !found; i++) {
        size_t len =
            i == 0 || !ascii_is_letter(column.data[i - 1]) ? read_form(slice_skip(column, i), &out) : 0;
        found = len && (i + len == column.len || !ascii_is_letter(column.data[i + len]));
    }
    if (found)
        *form = arena_copy(arena, buffer_slice(&out));
    buffer_clear(&out);
    return found;
}
