#include "cmd/help_job.h"

#include <string.h>

#include "core/text.h"
#include "job/job_keys.h"
#include "job/job_scalar.h"
#include "model/date_format.h"
#include "report/rule_help.h"

enum { PATH_SIZE = 64, EXAMPLE_SIZE = 512, FORM_MAX = 1024 };

/* A table of keys and where a job file has it. */
struct part {
    const struct job_key *keys;
    char path[PATH_SIZE];   /* before the name of a key: `input.csv.` */
    char before[PATH_SIZE]; /* before the example in a job file: `input: {csv: {` … */
    const char *after;      /* … and behind it: `}}` */
    bool has_items;         /* an example is a whole item, which has the key in it */
};

typedef void visit_key(const struct part *part, const struct job_key *key, void *context);

static void each_key(const struct part *part, visit_key *visit, void *context);

static void each_document_key(visit_key *visit, void *context)
{
    const struct part documents = {job_document_keys, "fields.documents[].", "fields: {documents: [", "]}",
                                   true};
    each_key(&documents, visit, context);
}

/* The table of the mapping, or of each mapping in it, that a key has. */
static void each_key_below(const struct part *part, const struct job_key *key, visit_key *visit,
                           void *context)
{
    struct part below = {.keys = key->keys ? key->keys : key->items, .has_items = key->items};
    bool is_list = key->form && strncmp(key->form, "list", 4) == 0;

    if (!below.keys)
        return;
    text_format(below.path, sizeof below.path, "%s%s%s.", part->path, key->name,
                is_list      ? "[]"
                : key->items ? ".FIELD"
                             : "");
    text_format(below.before, sizeof below.before, "%s%s: %c", part->before, key->name, is_list ? '[' : '{');
    below.after = is_list && part->after[0] ? "]}" : is_list ? "]" : part->after[0] ? "}}" : "}";
    each_key(&below, visit, context);
    if (key->items && !is_list)
        each_document_key(visit, context);
}

static void each_key(const struct part *part, visit_key *visit, void *context)
{
    for (const struct job_key *key = part->keys; key->name; key++) {
        visit(part, key, context);
        each_key_below(part, key, visit, context);
    }
}

static void each_setting(visit_key *visit, void *context)
{
    const struct part file = {.keys = job_file_keys, .after = ""};
    each_key(&file, visit, context);
}

/* `time in ms, s, m or h, 1ms to 1h; default 30s`. */
static void add_form(struct buffer *text, const struct job_key *key)
{
    const char *form = key->form ? key->form : job_scalar_form(key->read);
    const struct quantity *quantity = job_scalar_quantity(key->read);

    buffer_append_text(text, form ? form : "");
    for (size_t i = 0; key->words && key->words[i]; i++)
        buffer_printf(text, "%s%s", i > 0 ? " or " : "", key->words[i]);
    if (key->max > 0)
        help_page_bounds(text, key->min, key->max, quantity ? quantity : &quantity_number);
    if (key->standard)
        buffer_printf(text, "; default %s", key->standard);
    else
        buffer_printf(text, "; %s%s",
                      strncmp(key->absent, "required", 8) == 0 ? "" : "without it: ", key->absent);
}

/* The settings to show. */
struct choice {
    struct help_page *page;
    const char *name; /* NULL: all */
    size_t count;
};

static void show_setting(const struct part *part, const struct job_key *key, struct choice *choice)
{
    char path[PATH_SIZE * 2], example[EXAMPLE_SIZE];
    struct buffer form;

    buffer_init(&form, FORM_MAX);
    text_format(path, sizeof path, "%s%s", part->path, key->name);
    add_form(&form, key);
    help_page_text(choice->page, choice->count++ > 0 ? "\n" : "");
    help_page_name(choice->page, 2, path);
    help_page_row(choice->page, 6, 0, "", "%s", key->help);
    help_page_row(choice->page, 6, 0, "", "%s", form.data);
    if (key->example && part->has_items)
        text_format(example, sizeof example, "%s%s%s", part->before, key->example, part->after);
    else if (key->example)
        text_format(example, sizeof example, "%s%s: %s%s", part->before, key->name, key->example,
                    part->after);
    if (key->example)
        help_page_example(choice->page, 6, example);
    buffer_clear(&form);
}

/* True for the path itself, for one that ends in the name, and for what is below either. */
static bool is_named(const char *path, const char *name)
{
    size_t len = strlen(name);

    for (const char *part = path; part; part = strchr(part, '.')) {
        part += *part == '.';
        if (strncmp(part, name, len) == 0 && strchr(".[", part[len])) /* or its end */
            return true;
    }
    return false;
}

static void choose_setting(const struct part *part, const struct job_key *key, void *context)
{
    struct choice *choice = context;
    char path[PATH_SIZE * 2];

    text_format(path, sizeof path, "%s%s", part->path, key->name);
    if (!choice->name || is_named(path, choice->name))
        show_setting(part, key, choice);
}

void help_job(struct help_page *page)
{
    struct choice choice = {.page = page};
    help_page_text(page, "The settings of a job file: path, meaning, form and default, example.\n\n");
    each_setting(choose_setting, &choice);
    help_page_text(page, "\nThe settings of `provider` that one provider has: kyc-import help PROVIDER.\n");
}

bool help_job_setting(struct help_page *page, const char *name)
{
    struct choice choice = {.page = page, .name = name};
    each_setting(choose_setting, &choice);
    return choice.count > 0;
}

struct path_visit {
    void (*visit)(const char *path, void *context);
    void *context;
};

static void visit_path(const struct part *part, const struct job_key *key, void *context)
{
    struct path_visit *paths = context;
    char path[PATH_SIZE * 2];

    text_format(path, sizeof path, "%s%s", part->path, key->name);
    paths->visit(path, paths->context);
}

void help_job_paths(void (*visit)(const char *path, void *context), void *context)
{
    struct path_visit paths = {visit, context};
    each_setting(visit_path, &paths);
}

void help_job_rules(struct help_page *page)
{
    const struct rule_help *help;
    const char *scope, *rule;
    char name[EXAMPLE_SIZE];
    bool is_warning;

    help_page_text(page, "A rule of a job is a line of `rules`; help rules[] lists its keys.\n");
    help_page_heading(page, "Rules by a word: a record fails if");
    for (const struct job_key *word = job_rule_words; word->name; word++) {
        help_page_row(page, 2, 16, word->name, "%s", word->help);
        text_format(name, sizeof name, "rules: [%s]", word->example);
        help_page_example(page, 18, name);
    }
    help_page_heading(page, "Verdicts: FIELD/RULE, as in reports and reject files");
    for (size_t i = 0; (help = rule_help_row(i, &scope, &rule, &is_warning)); i++) {
        help_page_text(page, i > 0 ? "\n" : "");
        text_format(name, sizeof name, "%s/%s%s", scope, rule, is_warning ? " (warning)" : "");
        help_page_name(page, 2, name);
        help_page_row(page, 6, 0, "", "%s", help->meaning);
        help_page_row(page, 6, 0, "", "%s", help->action);
    }
}

/* True for a verdict of this program's own: the help of the others is a general one. */
static bool has_row(const struct rule_help *help)
{
    const struct rule_help *row;
    const char *scope, *rule;
    bool is_warning;

    for (size_t i = 0; (row = rule_help_row(i, &scope, &rule, &is_warning)); i++)
        if (row == help)
            return true;
    return false;
}

bool help_job_verdict(struct help_page *page, const char *name)
{
    const char *slash = strchr(name, '/');
    if (!slash)
        return false;
    struct slice field_text = slice_make(name, (size_t)(slash - name));
    enum field_id field = field_by_name(field_text);
    if (field == FIELD_NONE && !slice_is(field_text, field_name(FIELD_NONE)))
        return false;
    const struct rule_help *help = rule_help_find(field, slash + 1);
    if (!has_row(help))
        return false;
    help_page_name(page, 2, name);
    help_page_row(page, 6, 0, "", "%s", help->meaning);
    help_page_row(page, 6, 0, "", "%s", help->action);
    return true;
}

void help_job_dates(struct help_page *page)
{
    help_page_text(page, "Forms of dates, in `format` of a date.\n"
                         "Without one, YYYY-MM-DD, YYYYMMDD and ISO date-times are read.\n");
    help_page_heading(page, "In a form");
    for (const struct date_format_help *row = date_format_helps; row->text; row++)
        help_page_row(page, 2, 12, row->text, "%s", row->help);
    help_page_heading(page, "Settings of a date");
    help_page_text(page, "kyc-import help format, century, locale, zone and time show them.\n");
}
