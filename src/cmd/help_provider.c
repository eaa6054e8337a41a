#include "cmd/help_provider.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/quantity.h"
#include "core/text.h"
#include "job/job_keys.h"
#include "job/job_scalar.h"
#include "model/document_entry.h"
#include "model/field.h"
#include "provider/provider_table.h"

enum { NAME_WIDTH = 28, SETTING_WIDTH = 20, TEXT_MAX = 4096, EXAMPLE_MAX = 256 };

/* "; LABEL a, b, c"; nothing for NULL. */
static void add_list(struct buffer *text, const char *label, const char *const *items)
{
    for (size_t i = 0; items && items[i]; i++)
        buffer_printf(text, "%s%s%s", i > 0 ? ", " : "; ", i > 0 ? "" : label, items[i]);
}

static const char *const *customer_types(const struct provider *provider)
{
    const struct provider_field *field = provider_fields_find(provider->fields, FIELD_CUSTOMER_TYPE);
    return field && field->values ? field->values : field_words(FIELD_CUSTOMER_TYPE);
}

static void add_summary(struct help_page *page, size_t indent, size_t width, const char *name,
                        const struct provider *provider)
{
    const char *const *types = customer_types(provider);

    help_page_row(page, indent, width, name, "%s", provider->base_url);
    help_page_row(page, indent, width, "", "creates users%s (customers: %s%s%s)",
                  provider->can_update ? " and updates them" : ", cannot update them", types[0],
                  types[1] ? ", " : "", types[1] ? types[1] : "");
    help_page_row(page, indent, width, "", "a create in doubt is %s", provider->recovery_help);
    if (provider->agreement)
        help_page_row(
            page, indent, width, "",
            "each customer must have signed BASE_URL%s… before the create, with the same e-mail address",
            provider->agreement);
}

static void add_example(struct help_page *page, size_t indent, size_t width, const struct provider *provider)
{
    struct buffer text;
    buffer_init(&text, TEXT_MAX);
    provider_credentials_write(provider, &text);
    help_page_row(page, indent, width, "", "credentials: %s", text.data);
    buffer_clear(&text);
}

void help_provider_list(struct help_page *page)
{
    for (const char *const *name = provider_names(); *name; name++) {
        add_summary(page, 2, 14, *name, provider_find(*name));
        add_example(page, 2, 14, provider_find(*name));
        help_page_text(page, "\n");
    }
    help_page_text(page, "kyc-import help PROVIDER lists the fields, settings and credentials of one.\n");
}

/* The row of a field, or, with FIELD_NONE, of the members of a group. */
static const struct provider_field *find_row(const struct provider *provider, enum field_id field,
                                             enum field_group group)
{
    for (size_t i = 0; i < provider->fields->field_count; i++) {
        const struct provider_field *row = &provider->fields->fields[i];
        if (row->field == field && row->group == group && !row->copy)
            return row;
    }
    return NULL;
}

/* The members that the value is written into: `birth.city`, … */
static void add_members(struct buffer *text, const struct provider *provider,
                        const struct provider_field *field)
{
    bool is_apart = field->group == FIELD_GROUP_DOCUMENTS && provider->documents != 0;

    if (!field->member)
        buffer_append_text(text,
                           is_apart ? "sent by `kyc-import documents`, once the user exists" : "not sent");
    for (size_t i = 0; field->member && i < provider->fields->field_count; i++) {
        const struct provider_field *row = &provider->fields->fields[i];
        if (row->field == field->field && row->group == field->group)
            buffer_printf(text, "%s%s%s%s", text->len > 0 ? ", " : "", row->member, row->key ? "." : "",
                          row->key ? row->key : "");
    }
}

/* Calls visit for every customer field, then for every group, whose members a job names or lists. */
static void each_field(void (*visit)(struct help_page *page, const struct provider *provider,
                                     enum field_id field, enum field_group group, const char *name),
                       struct help_page *page, const struct provider *provider)
{
    char name[FIELD_OWN_NAME_SIZE];

    for (enum field_id field = 0; field < FIELD_COUNT; field++)
        visit(page, provider, field, FIELD_GROUP_NONE, field_name(field));
    for (enum field_group group = FIELD_GROUP_NONE + 1; group < FIELD_GROUP_COUNT; group++) {
        struct slice prefix = field_group_prefix(group);
        bool is_list = group == FIELD_GROUP_DOCUMENTS;
        snprintf(name, sizeof name, "%.*s%s", (int)prefix.len - is_list, prefix.data, is_list ? "" : "NAME");
        visit(page, provider, FIELD_NONE, group, name);
    }
}

static void add_credentials(struct help_page *page, const struct provider *provider)
{
    help_page_heading(
        page,
        provider->is_signed
            ? "Credentials: provider.credentials, or a list of several sets, each as env:NAME or file:PATH"
            : "Credentials: provider.credentials, each as env:NAME or file:PATH");
    for (const struct provider_credential *row = provider->credentials; row->name; row++)
        help_page_row(page, 2, SETTING_WIDTH, row->name, "env:%s; %s; %s", row->example, row->help,
                      row->sent);
}

static void add_setting(struct help_page *page, const struct provider_setting *row)
{
    static const struct {
        const char *form;
        const struct quantity *quantity; /* of what has bounds */
    } kinds[] = {
        [PROVIDER_SETTING_TEXT] = {"text", NULL},
        [PROVIDER_SETTING_PATH] = {"path", NULL},
        [PROVIDER_SETTING_BOOL] = {"true or false", NULL},
        [PROVIDER_SETTING_NUMBER] = {"whole number", &quantity_number},
        [PROVIDER_SETTING_DURATION] = {"time", &quantity_duration},
        [PROVIDER_SETTING_SIZE] = {"size", &quantity_size},
        [PROVIDER_SETTING_WORD] = {"", NULL},
    };
    struct buffer text;

    buffer_init(&text, TEXT_MAX);
    buffer_append_text(&text, kinds[row->kind].form);
    for (size_t i = 0; row->words && row->words[i]; i++)
        buffer_printf(&text, "%s%s", i > 0 ? " or " : "", row->words[i]);
    if (kinds[row->kind].quantity)
        help_page_bounds(&text, row->min, row->max, kinds[row->kind].quantity);
    buffer_printf(&text, "; default %s; %s%s", row->standard ? row->standard : "none", row->help,
                  row->is_uncertain ? " (?)" : "");
    help_page_row(page, 2, SETTING_WIDTH, row->name, "%s", text.data);
    if (page->has_rows) {
        char example[EXAMPLE_MAX];
        text_format(example, sizeof example, "provider: {%s: %s}", row->name, row->example);
        help_page_example(page, 0, example);
    }
    buffer_clear(&text);
}

/* A setting that every provider has, some of which have their own default of it. */
static void add_common(struct help_page *page, const struct provider *provider, const struct job_key *key)
{
    char names[TEXT_HINT_SIZE] = "", list[TEXT_HINT_SIZE + 2];
    const char *standard = key->absent;

    if (strcmp(key->name, "base_url") == 0)
        standard = provider->base_url;
    if (strcmp(key->name, "keep") == 0) {
        if (provider->keep)
            text_join_names(provider->keep, ", ", names);
        text_format(list, sizeof list, "[%s]", names);
        standard = list;
    }
    help_page_row(page, 2, SETTING_WIDTH, key->name, "%s; default %s; %s",
                  key->form ? key->form : job_scalar_form(key->read), standard, key->help);
}

static void add_settings(struct help_page *page, const struct provider *provider)
{
    help_page_heading(page, "Settings of provider");
    for (const struct job_key *key = job_keys_find(job_file_keys, SLICE_LITERAL("provider"))->keys; key->name;
         key++)
        if (strcmp(key->name, "name") != 0 && strcmp(key->name, "credentials") != 0)
            add_common(page, provider, key);
    for (const struct provider_setting *row = provider->settings; row->name; row++)
        add_setting(page, row);
}

static const char *audience_help(enum provider_audience audience)
{
    static const char *const texts[] = {
        [PROVIDER_EVERYBODY] = "",
        [PROVIDER_INDIVIDUALS] = " of individuals",
        [PROVIDER_BUSINESSES] = " of businesses",
        [PROVIDER_NOT_FOREIGN] = " of businesses and of individuals in the US",
    };
    return texts[audience];
}

static void add_field(struct help_page *page, const struct provider *provider, enum field_id id,
                      enum field_group group, const char *name)
{
    const struct provider_field *field = find_row(provider, id, group);
    struct buffer text;
    if (!field)
        return;
    buffer_init(&text, TEXT_MAX);
    add_members(&text, provider, field);
    if (field->required || field->recommended)
        buffer_printf(&text, "; %s%s%s", field->required ? "required" : "recommended",
                      audience_help(field->applies_to), field->is_uncertain ? " (?)" : "");
    if (field->required && field->recommended)
        buffer_append_text(&text, "; recommended for others");
    if (field->heads_member)
        buffer_append_text(&text, "; required with the other fields of its member");
    if (field->form == PAYLOAD_ENTRY)
        buffer_printf(&text, "; the document `%s` of an individual %s the US",
                      id == FIELD_NATIONAL_ID ? DOCUMENT_TYPE_SSN : DOCUMENT_TYPE_TAX_ID,
                      id == FIELD_NATIONAL_ID ? "in" : "outside");
    if (provider->can_update && field->member && field->update == UPDATE_NEVER)
        buffer_append_text(&text, "; never updated");
    if (field->update == UPDATE_CLEAR)
        buffer_append_text(&text, "; can be cleared");
    if (field->first_only)
        buffer_append_text(&text, "; only the first is used");
    if (field->min_chars > 0)
        buffer_printf(&text, "; at least %u characters", (unsigned)field->min_chars);
    if (field->max_chars > 0)
        buffer_printf(&text, "; at most %u characters", (unsigned)field->max_chars);
    if (field->values && field->values != field_words(id))
        add_list(&text,
                 field->open_values ? "such as "
                 : field->values[1] ? "one of "
                                    : "only ",
                 field->values);
    add_list(&text, "besides ISO 3166-1: ", field->extra_countries);
    add_list(&text, "refused: ", field->refused_countries);
    add_list(&text, "warning for ", field->warned_countries);
    if (field->verifies != VERIFIES_NOBODY)
        buffer_printf(&text, "; automatic verification needs it%s",
                      field->verifies == VERIFIES_ABROAD ? " outside the US" : "");
    help_page_row(page, 2, NAME_WIDTH, name, "%s", text.data);
    buffer_clear(&text);
}

static void add_omitted(struct help_page *page, const struct provider *provider)
{
    const struct provider_omitted *row = provider->fields->omitted;

    if (row)
        help_page_heading(page, "Members of the provider's page that are never sent");
    for (; row && row->member; row++)
        help_page_row(page, 2, NAME_WIDTH, row->member, "%s", row->why);
}

static void add_words(struct help_page *page, const struct provider *provider)
{
    const char *member = "";

    help_page_heading(page, "Verification words, and what they mean");
    for (const struct provider_word *row = provider->verification_words; row->member; row++) {
        if (strcmp(member, row->member) != 0) {
            help_page_text(page, *member ? "\n" : "");
            help_page_name(page, 2, row->member);
        }
        member = row->member;
        help_page_row(page, 4, NAME_WIDTH - 2, row->word, "%s%s", verification_word(row->verification),
                      row->is_uncertain ? " (?)" : "");
    }
}

void help_provider(const struct provider *provider, struct help_page *page)
{
    add_summary(page, 0, 14, provider->name, provider);
    help_page_row(page, 0, 14, "", "by default %" PRIu32 " requests per second, %" PRIu32 " in flight%s",
                  provider->rate.count, provider->in_flight, provider->is_signed ? " per key" : "");
    add_credentials(page, provider);
    add_settings(page, provider);
    help_page_heading(page, "Fields: the customer field, the member as which it is sent");
    each_field(add_field, page, provider);
    add_omitted(page, provider);
    add_words(page, provider);
    help_page_text(page, "\n(?): the provider's pages leave it open.\n");
}

/* A word of the first provider that has words for it. */
static const char *find_word(enum field_id field)
{
    const char *const *words = field_words(field);
    for (const char *const *provider = provider_names(); !words && *provider; provider++) {
        const struct provider_field *row = find_row(provider_find(*provider), field, FIELD_GROUP_NONE);
        words = row ? row->values : NULL;
    }
    return words ? words[0] : NULL;
}

/* A line of `fields`: a constant, but for the key of a customer. */
static void add_field_example(struct help_page *page, enum field_id field, enum field_group group)
{
    static const char *const of_groups[] = {
        [FIELD_GROUP_ADDITIONAL_INFO] = "additional_info.branch: {value: north}",
        [FIELD_GROUP_METADATA] = "metadata.plan: {value: gold}",
        [FIELD_GROUP_DOCUMENTS] = "documents: [{type: {value: passport}, number: passport_no}]",
    };
    char example[EXAMPLE_MAX];
    const char *value = field == FIELD_NONE ? NULL : field_example(field);

    if (field == FIELD_NONE)
        text_format(example, sizeof example, "fields: {%s}", of_groups[group]);
    else if (field == FIELD_EXTERNAL_ID)
        text_format(example, sizeof example, "fields: {%s: customer_id}", field_name(field));
    else
        text_format(example, sizeof example, "fields: {%s: {value: %s}}", field_name(field),
                    value ? value : find_word(field));
    help_page_example(page, 0, example);
}

static void add_reference(struct help_page *page, const struct provider *provider, enum field_id field,
                          enum field_group group, const char *name)
{
    static const char *const forms[] = {
        [FIELD_GROUP_ADDITIONAL_INFO] = "text",
        [FIELD_GROUP_METADATA] = "text",
        [FIELD_GROUP_DOCUMENTS] = "list of {type, number, country, expiry, files}",
    };
    static const char member_help[] = "A member of the provider's object of this name; the job chooses NAME.";
    static const char list_help[] =
        "The customer's documents: an entry without number and file is left out, a file is a URL, a path or a data URI.";
    struct buffer takers;

    (void)provider;
    buffer_init(&takers, TEXT_MAX);
    for (const char *const *taker = provider_names(); *taker; taker++) {
        const struct provider_field *row = find_row(provider_find(*taker), field, group);
        if (row)
            buffer_printf(&takers, "%s%s%s", takers.len > 0 ? ", " : "", *taker, row->required ? "*" : "");
    }
    help_page_text(page, "\n");
    help_page_row(page, 2, NAME_WIDTH, name, "%s", field == FIELD_NONE ? forms[group] : field_form(field));
    help_page_row(page, 6, 0, "", "%s",
                  field != FIELD_NONE              ? field_table[field].help
                  : group == FIELD_GROUP_DOCUMENTS ? list_help
                                                   : member_help);
    if (takers.len > 0)
        help_page_row(page, 6, 0, "", "%s", takers.data);
    if (page->has_rows)
        add_field_example(page, field, group);
    buffer_clear(&takers);
}

void help_provider_fields(struct help_page *page)
{
    help_page_text(page, "Customer fields of a job file, and the providers that take them.\n"
                         "*: required, perhaps only of some customers (kyc-import help PROVIDER).\n");
    each_field(add_reference, page, NULL);
}

bool help_provider_field(const char *name, struct help_page *page)
{
    const enum field_id field = field_by_name(slice_from(name));
    if (field == FIELD_NONE)
        return false;
    add_reference(page, NULL, field, FIELD_GROUP_NONE, name);
    for (const char *const *provider = provider_names(); *provider; provider++)
        if (find_row(provider_find(*provider), field, FIELD_GROUP_NONE)) {
            help_page_text(page, "\n");
            help_page_name(page, 2, *provider);
            add_field(page, provider_find(*provider), field, FIELD_GROUP_NONE, name);
        }
    return true;
}
