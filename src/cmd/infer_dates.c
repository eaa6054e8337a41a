#include "cmd/infer_dates.h"

#include <stdio.h>
#include <string.h>

#include "cmd/infer_column.h"
#include "core/utf8.h"

enum {
    GROUPS = 16,
    GROUP_PERCENT = 1,   /* of all values: fewer are not a form of the column */
    EXCEL_MAX = 73050,   /* 2099-12-31 */
    EXCEL_USUAL = 10000, /* 1927-05-18 */
};
#define UNIX_MAX INT64_C(4102444800)

/* What the three parts of a shape may be, by their order: day, month and year first. */
enum order { DAY_FIRST, MONTH_FIRST, YEAR_FIRST, ORDERS };

/* The values of one shape. */
struct group {
    struct infer_date_shape shape; /* is_short: of any of them */
    size_t count;
    size_t word_len;           /* of the longest */
    const char *roles[ORDERS]; /* `DMY`; NULL: not possible */
    size_t reads[ORDERS];      /* how many can be read so */
};

/* Numbers, and how many have a meaning within the years that dates are of. */
struct numbers {
    size_t count, excel, usual_excel, unix, unix_ms, late;
};

struct survey {
    struct group groups[GROUPS];
    size_t group_count;
    struct numbers numbers;
    struct slice words[INFER_WORDS_MAX];
    size_t word_count;
    size_t values;       /* that are not null */
    size_t mirrored_iso; /* ISO dates that are days as YYYY-DD-MM too */
};

/* The order of the parts of a shape, where they are possible. */
static void set_roles(struct group *group)
{
    const enum infer_part *parts = group->shape.parts;
    size_t years = 0, year = 0, word = INFER_DATE_PARTS;
    for (size_t i = 0; i < INFER_DATE_PARTS; i++) {
        years += parts[i] == INFER_PART_YEAR;
        year = parts[i] == INFER_PART_YEAR ? i : year;
        word = parts[i] == INFER_PART_WORD ? i : word;
    }
    if (word < INFER_DATE_PARTS) {
        static const char *const day_first[] = {"MDY", "DMY", "DYM"}, *const year_first[] = {"MYD", "YMD",
                                                                                             "YDM"};
        bool has_year_first = years && year < (word == 0 ? 2U : 1U);
        if (!years || !has_year_first)
            group->roles[DAY_FIRST] = day_first[word];
        if (!years || has_year_first)
            group->roles[YEAR_FIRST] = year_first[word];
    } else if (years == 0) {
        group->roles[DAY_FIRST] = "DMY";
        group->roles[MONTH_FIRST] = "MDY";
        group->roles[YEAR_FIRST] = "YMD";
    } else if (years == 1 && year != 1) {
        group->roles[DAY_FIRST] = year ? "DMY" : "YDM";
        group->roles[MONTH_FIRST] = year ? "MDY" : "YMD";
    }
}

static bool fits(const struct infer_date_shape *shape, const char *roles)
{
    for (size_t i = 0; i < INFER_DATE_PARTS; i++) {
        unsigned number = shape->numbers[i];
        bool good = shape->parts[i] == INFER_PART_WORD || (roles[i] == 'D'   ? number >= 1 && number <= 31
                                                           : roles[i] == 'M' ? number >= 1 && number <= 12
                                                                             : !shape->is_short[i]);
        if (!good)
            return false;
    }
    return true;
}

static struct group *find_group(struct survey *survey, const struct infer_date_shape *shape)
{
    for (size_t i = 0; i < survey->group_count; i++)
        if (strcmp(survey->groups[i].shape.key, shape->key) == 0)
            return &survey->groups[i];
    if (survey->group_count == GROUPS)
        return NULL;
    struct group *group = &survey->groups[survey->group_count++];
    *group = (struct group){.shape = *shape};
    set_roles(group);
    return group;
}

static void add_word(struct survey *survey, struct slice word)
{
    for (size_t i = 0; i < survey->word_count; i++)
        if (slice_equal(survey->words[i], word))
            return;
    if (survey->word_count < INFER_WORDS_MAX)
        survey->words[survey->word_count++] = word;
}

static void add_shape(struct survey *survey, const struct infer_date_shape *shape)
{
    struct group *group = find_group(survey, shape);
    bool is_read = false;
    for (int order = 0; group && order < ORDERS; order++) {
        bool good = group->roles[order] && fits(shape, group->roles[order]);
        group->reads[order] += good;
        is_read |= good;
    }
    if (!is_read)
        return;
    group->count++;
    size_t letters = utf8_count(shape->word);
    group->word_len = letters > group->word_len ? letters : group->word_len;
    for (size_t i = 0; i < INFER_DATE_PARTS; i++)
        group->shape.is_short[i] |= shape->is_short[i];
    if (shape->word.len)
        add_word(survey, shape->word);
}

static void add_number(struct numbers *numbers, int64_t number)
{
    int64_t size = number < 0 ? -number : number;
    numbers->count++;
    numbers->excel += number >= 1 && number <= EXCEL_MAX;
    numbers->usual_excel += number >= EXCEL_USUAL && number <= EXCEL_MAX;
    numbers->unix += size <= UNIX_MAX;
    numbers->late += size > EXCEL_MAX;
    numbers->unix_ms += size > UNIX_MAX && size <= UNIX_MAX * 1000;
}

static void write_form(const struct group *group, enum order order, char out[INFER_FORMAT_SIZE])
{
    const struct infer_date_shape *shape = &group->shape;
    size_t len = 0;
    for (size_t i = 0; i <= INFER_DATE_PARTS; i++) {
        const char *token = i == INFER_DATE_PARTS                ? shape->tail
                            : shape->parts[i] == INFER_PART_WORD ? (group->word_len > 4 ? "MMMM" : "MMM")
                            : group->roles[order][i] == 'D'      ? (shape->is_short[i] ? "D" : "DD")
                            : group->roles[order][i] == 'M'      ? (shape->is_short[i] ? "M" : "MM")
                            : shape->parts[i] == INFER_PART_YEAR ? "YYYY"
                                                                 : "YY";
        int added = snprintf(out + len, INFER_FORMAT_SIZE - len, "%s%s", shape->separators[i], token);
        len += (size_t)added < INFER_FORMAT_SIZE - len ? (size_t)added : INFER_FORMAT_SIZE - len - 1;
    }
}

/* The order that reads all values of a group, when no other does; else ORDERS. *proofs: how many only it can
 * read. */
static enum order proven_order(const struct group *group, size_t *proofs)
{
    enum order found = ORDERS;
    size_t others = 0;
    for (int order = 0; order < ORDERS; order++) {
        if (group->roles[order] && group->reads[order] == group->count) {
            if (found != ORDERS)
                return ORDERS;
            found = (enum order)order;
        } else if (group->reads[order] > others) {
            others = group->reads[order];
        }
    }
    *proofs = group->count - others;
    return found;
}

static void survey_values(const struct infer_sample *sample, size_t column, struct survey *survey,
                          struct infer_dates *dates)
{
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        struct date_reading reading;
        struct infer_date_shape shape;
        int64_t number;
        if (infer_column_is_null(text))
            continue;
        survey->values++;
        if (date_forms_read(NULL, text, &reading) == DATE_OK && infer_date_shape_is_year(reading.date.year)) {
            dates->iso++;
            survey->mirrored_iso += reading.date.day <= 12;
            if (reading.has_offset && infer_date_shape_read(text, &shape)) {
                struct group group = {.shape = shape};
                set_roles(&group);
                if (group.roles[MONTH_FIRST])
                    write_form(&group, MONTH_FIRST, dates->iso_form);
            }
        } else if (infer_date_shape_read(text, &shape)) {
            dates->bare += shape.is_bare;
            add_shape(survey, &shape);
        } else if (infer_date_shape_number(text, &number)) {
            dates->bare++;
            add_number(&survey->numbers, number);
        }
    }
}

/* Beside values as 1990-31-12, those that ISO reads are not proven to be ISO, unless more of them are days of
 * ISO alone: then the others are mistakes. */
static void add_iso_to_its_mirror(struct survey *survey, const struct infer_dates *dates)
{
    for (size_t i = 0; i < survey->group_count; i++) {
        struct group *group = &survey->groups[i];
        if (strncmp(group->shape.key, "y-n-n", 5) != 0 || dates->iso == 0)
            continue;
        if (group->count < dates->iso - survey->mirrored_iso) {
            group->count = 0;
            continue;
        }
        group->count += dates->iso;
        group->reads[MONTH_FIRST] += dates->iso;
        group->reads[DAY_FIRST] += survey->mirrored_iso;
    }
}

static bool is_form_of_column(const struct survey *survey, const struct group *group)
{
    return group->count && group->count * 100 >= survey->values * GROUP_PERCENT;
}

static void add_form(struct infer_reading *reading, const char *form)
{
    struct date_format read;
    if (reading->form_count == INFER_FORMS_MAX || date_format_read(&read, form))
        return;
    for (size_t i = 0; i < reading->form_count; i++)
        if (strcmp(reading->forms[i], form) == 0)
            return;
    snprintf(reading->forms[reading->form_count++], INFER_FORMAT_SIZE, "%s", form);
    reading->has_short_year |= read.has_short_year;
    reading->has_names |= read.has_month_name;
    reading->has_time |= read.has_time;
    reading->has_excel |= read.kind == DATE_KIND_EXCEL;
}

/* The order of the largest group of numbers that proves one; ORDERS: none does. */
static enum order column_order(const struct survey *survey)
{
    enum order found = ORDERS;
    size_t max = 0, proofs;
    for (size_t i = 0; i < survey->group_count; i++) {
        const struct group *group = &survey->groups[i];
        enum order order = proven_order(group, &proofs);
        if (order != ORDERS && group->word_len == 0 && is_form_of_column(survey, group) &&
            group->count > max) {
            max = group->count;
            found = order;
        }
    }
    return found;
}

/* Adds what one group is in a reading. order: of groups that prove none; ORDERS leaves them out. */
static void add_group(struct infer_reading *reading, const struct group *group, enum order order)
{
    char form[INFER_FORMAT_SIZE];
    size_t proofs = 0;
    enum order proven = proven_order(group, &proofs);
    if (proven == ORDERS && (order == ORDERS || !group->roles[order] || group->reads[order] == 0))
        return;
    if (proven == ORDERS)
        reading->adopted += group->reads[order];
    reading->proofs += proofs;
    write_form(group, proven == ORDERS ? order : proven, form);
    add_form(reading, form);
}

static bool is_open(const struct survey *survey, const struct group *group, enum order column)
{
    size_t proofs;
    return is_form_of_column(survey, group) && proven_order(group, &proofs) == ORDERS &&
           (column == ORDERS || !group->roles[column] || group->reads[column] < group->count);
}

static void add_groups(const struct survey *survey, struct infer_reading *reading, enum order order)
{
    for (size_t i = 0; i < survey->group_count; i++)
        if (is_form_of_column(survey, &survey->groups[i]))
            add_group(reading, &survey->groups[i], order);
}

/* Values of the open groups that only one order can read, and the rest. */
static void count_open(const struct survey *survey, enum order order, struct infer_dates *dates,
                       struct infer_reading *reading)
{
    reading->proofs = 0;
    dates->either = 0;
    for (size_t i = 0; i < survey->group_count; i++) {
        const struct group *group = &survey->groups[i];
        size_t others = 0, alone = 0;
        for (int other = 0; other < ORDERS; other++) {
            size_t max = 0;
            for (int rest = 0; rest < ORDERS; rest++)
                max = rest != other && group->reads[rest] > max ? group->reads[rest] : max;
            size_t only = group->count > max ? group->count - max : 0;
            alone += only;
            others += other == (int)order ? only : 0;
        }
        reading->proofs += others;
        dates->either += group->count > alone ? group->count - alone : 0;
    }
}

/* Two orders and their forms, the one with more proofs first. */
static void list_readings(const struct survey *survey, struct infer_dates *dates)
{
    dates->order = INFER_DATES_OPEN;
    for (int order = 0; order < ORDERS; order++) {
        struct infer_reading reading = {.form_count = 0};
        size_t open = 0;
        for (size_t i = 0; i < survey->group_count; i++)
            open += is_open(survey, &survey->groups[i], ORDERS) && survey->groups[i].reads[order];
        if (!open)
            continue;
        add_groups(survey, &reading, (enum order)order);
        count_open(survey, (enum order)order, dates, &reading);
        size_t place = dates->reading_count++;
        for (; place > 0 && dates->readings[place - 1].proofs < reading.proofs; place--)
            dates->readings[place] = dates->readings[place - 1];
        dates->readings[place] = reading;
    }
}

/* The word for numbers, where all other readings are implausible; NULL: not proven. */
static const char *number_form(const struct numbers *numbers)
{
    if (numbers->count == 0)
        return NULL;
    if (numbers->excel == numbers->count && numbers->usual_excel * 2 > numbers->count)
        return "excel";
    if (numbers->unix == numbers->count && numbers->late * 2 > numbers->count)
        return "unix";
    return numbers->unix_ms * 2 > numbers->count ? "unix_ms" : NULL;
}

static void add_numbers(const struct survey *survey, struct infer_dates *dates)
{
    const char *form = number_form(&survey->numbers);
    if (!form || survey->numbers.count * 100 < survey->values * GROUP_PERCENT)
        return;
    for (size_t i = 0; i < dates->reading_count; i++) {
        add_form(&dates->readings[i], form);
        dates->readings[i].proofs += dates->order == INFER_DATES_OPEN ? 0 : survey->numbers.count;
    }
}

/* The forms of the first reading; NULL: ISO only. */
static const struct date_forms *forms_of(const struct infer_dates *dates, struct arena *arena)
{
    const struct infer_reading *of = &dates->readings[0];
    const char **formats = arena_alloc(arena, INFER_FORMS_MAX * sizeof *formats), *fault;
    size_t at;
    if (of->form_count == 0)
        return NULL;
    for (size_t i = 0; i < of->form_count; i++)
        formats[i] = of->forms[i];
    const struct date_settings settings = {
        .formats = formats, .format_count = of->form_count, .locale = dates->locale, .century = 1900};
    return date_forms_new(&settings, arena, &at, &fault);
}

static void count_others(const struct infer_sample *sample, size_t column, const struct date_forms *forms,
                         struct infer_dates *dates)
{
    dates->other = 0;
    for (size_t row = 0; row < sample->row_count; row++) {
        struct slice text = infer_sample_first(sample, row, column);
        struct date_reading reading;
        dates->other += !infer_column_is_null(text) && date_forms_read(forms, text, &reading) != DATE_OK;
    }
}

void infer_dates_of(const struct infer_sample *sample, size_t column, struct infer_dates *dates)
{
    struct survey survey = {.group_count = 0};
    struct arena arena;
    size_t open = 0;
    *dates = (struct infer_dates){.order = INFER_DATES_ISO};
    survey_values(sample, column, &survey, dates);
    add_iso_to_its_mirror(&survey, dates);
    if (survey.word_count)
        infer_dates_find_locale(survey.words, survey.word_count, dates);
    enum order order = column_order(&survey);
    for (size_t i = 0; i < survey.group_count; i++)
        open += is_open(&survey, &survey.groups[i], order);
    if (open) {
        list_readings(&survey, dates);
    } else {
        dates->reading_count = 1;
        add_groups(&survey, &dates->readings[0], order);
    }
    add_numbers(&survey, dates);
    if (dates->readings[0].form_count && !open)
        dates->order = INFER_DATES_KNOWN;
    arena_init(&arena, 32768);
    const struct date_forms *forms = forms_of(dates, &arena);
    count_others(sample, column, forms, dates);
    if (dates->order == INFER_DATES_ISO && dates->other > dates->iso)
        dates->order = INFER_DATES_OTHER;
    infer_dates_find_zone(sample, column, forms, dates);
    arena_clear(&arena);
}
