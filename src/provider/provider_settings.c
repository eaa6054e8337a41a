#include "provider/provider_settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/buffer.h"
#include "core/file.h"
#include "core/quantity.h"
#include "core/text.h"
#include "provider/provider.h"
#include "provider/provider_list.h"

enum { NAMES_MAX = 64, DIGEST_TEXT_MAX = 1 << 20 };

static const struct provider_setting *find_row(const struct provider *provider, const char *name)
{
    for (const struct provider_setting *row = provider->settings; row && row->name; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static int fail(const struct job *job, const struct job_setting *setting, struct job_place place,
                struct error *error, const char *fault)
{
    if (setting->origin)
        return error_set(error, ERROR_USAGE, "%s: %s", setting->origin, fault);
    return job_fail(job, place, error, "%s", fault);
}

static void add_name(const char **names, size_t *count, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(names[i], name) == 0)
            return;
    assert(*count < NAMES_MAX);
    names[(*count)++] = name;
}

static void add_rows(const char **names, size_t *count, const struct provider *provider)
{
    for (const struct provider_setting *row = provider->settings; row && row->name; row++)
        add_name(names, count, row->name);
}

/* No setting of this provider: that of another is refused by name, since it would do nothing here. */
static int fail_unknown(const struct job *job, const struct provider *provider,
                        const struct job_setting *setting, struct error *error)
{
    const char *owners[NAMES_MAX + 1] = {NULL}, *names[NAMES_MAX + 1] = {NULL};
    char fault[PROVIDER_SETTINGS_FAULT_SIZE], hint[TEXT_HINT_SIZE];
    size_t owner_count = 0, name_count = 0;
    for (const struct provider *const *other = provider_list; *other; other++)
        if (find_row(*other, setting->name))
            add_name(owners, &owner_count, (*other)->name);
    if (owner_count > 0) {
        text_join_names(owners, " and ", hint);
        text_format(fault, sizeof fault, "`%s` is a setting of %s, not of %s", setting->name, hint,
                    provider->name);
        return fail(job, setting, setting->key_place, error, fault);
    }
    for (const char *const *common = job->provider.common; common && *common; common++)
        add_name(names, &name_count, *common);
    add_rows(names, &name_count, provider);
    size_t own_count = name_count;
    for (const struct provider *const *other = provider_list; *other; other++)
        add_rows(names, &name_count, *other);
    if (!text_nearest(slice_from(setting->name), names)) /* of those of others only a misspelt one is named */
        names[own_count] = NULL;
    text_hint_names(slice_from(setting->name), names, hint);
    text_format(fault, sizeof fault, "unknown key `%s` in `provider`\nhint: %s", setting->name, hint);
    return fail(job, setting, setting->key_place, error, fault);
}

static bool read_bool(const char *text, struct job_setting_value *value,
                      char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    value->number = strcmp(text, "true") == 0;
    if (value->number || strcmp(text, "false") == 0)
        return true;
    text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "`%s` is neither true nor false", text);
    return false;
}

static bool read_word(const struct provider_setting *row, const char *text, struct job_setting_value *value,
                      char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    char hint[TEXT_HINT_SIZE];
    for (size_t i = 0; row->words[i]; i++) {
        if (strcmp(row->words[i], text) == 0) {
            value->text = text;
            value->number = i;
            return true;
        }
    }
    text_hint_names(slice_from(text), row->words, hint);
    text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "`%s` is not a value of `%s`\nhint: %s", text, row->name,
                hint);
    return false;
}

static const char *join_folder(struct job *job, const char *path)
{
    char *joined = file_join(job->folder, path);
    const char *kept = arena_copy(&job->arena, slice_from(joined)).data;
    free(joined);
    return kept;
}

/* text is not empty. */
static bool read_value(struct job *job, const struct provider_setting *row, const char *text,
                       struct job_setting_value *value, char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    static const struct quantity *const quantities[] = {[PROVIDER_SETTING_NUMBER] = &quantity_number,
                                                        [PROVIDER_SETTING_DURATION] = &quantity_duration,
                                                        [PROVIDER_SETTING_SIZE] = &quantity_size};
    char reason[PROVIDER_SETTINGS_FAULT_SIZE];
    switch (row->kind) {
    case PROVIDER_SETTING_TEXT:
        value->text = text;
        if (!row->accepts || row->accepts(text, reason))
            return true;
        text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "provider.%s %s", row->name, reason);
        return false;
    case PROVIDER_SETTING_PATH:
        value->text = join_folder(job, text);
        return true;
    case PROVIDER_SETTING_BOOL:
        return read_bool(text, value, fault);
    case PROVIDER_SETTING_WORD:
        return read_word(row, text, value, fault);
    case PROVIDER_SETTING_NUMBER:
    case PROVIDER_SETTING_DURATION:
    case PROVIDER_SETTING_SIZE:
        break;
    }
    return quantity_read(slice_from(text), quantities[row->kind], row->name, row->min, row->max,
                         &value->number, fault);
}

/* The text of a setting, as it is written. False: it has none. */
static bool has_text(const struct job_setting *setting, char fault[PROVIDER_SETTINGS_FAULT_SIZE])
{
    static const char *const forms[] = {[JOB_SETTING_NOTHING] = "nothing",
                                        [JOB_SETTING_LIST] = "a list",
                                        [JOB_SETTING_MAPPING] = "a mapping"};
    if (setting->form == JOB_SETTING_TEXT && *setting->text)
        return true;
    if (setting->form == JOB_SETTING_TEXT)
        text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "`%s` is empty", setting->name);
    else
        text_format(fault, PROVIDER_SETTINGS_FAULT_SIZE, "`%s` should be a value, and is %s", setting->name,
                    forms[setting->form]);
    return false;
}

static void set_defaults(struct job *job, const struct provider *provider)
{
    char fault[PROVIDER_SETTINGS_FAULT_SIZE];
    size_t count = 0;
    for (const struct provider_setting *row = provider->settings; row && row->name; row++)
        count++;
    job->provider.values = arena_alloc(&job->arena, (count + 1) * sizeof *job->provider.values);
    job->provider.value_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct provider_setting *row = &provider->settings[i];
        struct job_setting_value *value = &job->provider.values[i];
        *value = (struct job_setting_value){.name = row->name};
        bool is_valid = !row->standard || read_value(job, row, row->standard, value, fault);
        assert(is_valid && "a default that its own row accepts");
        (void)is_valid;
    }
}

int provider_settings_read(struct job *job, const struct provider *provider, struct error *error)
{
    char fault[PROVIDER_SETTINGS_FAULT_SIZE];
    set_defaults(job, provider);
    for (size_t i = 0; i < job->provider.setting_count; i++) {
        const struct job_setting *setting = &job->provider.settings[i];
        const struct provider_setting *row = find_row(provider, setting->name);
        if (!row)
            return fail_unknown(job, provider, setting, error);
        struct job_setting_value *value = &job->provider.values[row - provider->settings];
        value->place = setting->place;
        if (!has_text(setting, fault) || !read_value(job, row, setting->text, value, fault))
            return fail(job, setting, setting->place, error, fault);
    }
    return 0;
}

/* With the length in front: no text is like another, and none is not like an empty one. */
static void append_text(struct buffer *out, const char *name, const char *text)
{
    buffer_printf(out, "%s=", name);
    if (text)
        buffer_printf(out, "%zu:%s", strlen(text), text);
    buffer_append_char(out, '\n');
}

char *provider_settings_digest(const struct job *job, const struct provider *provider,
                               char hex[PROVIDER_SETTINGS_DIGEST_SIZE])
{
    struct slice base_url = provider_base_url(provider, job);
    uint8_t digest[DIGEST_SHA256_LEN];
    struct buffer out;

    buffer_init(&out, DIGEST_TEXT_MAX);
    buffer_printf(&out, "%s %.*s\n", provider->name, (int)base_url.len, base_url.data);
    append_text(&out, "ca_file", job->provider.ca_file);
    append_text(&out, "proxy", job->provider.proxy);
    for (size_t i = 0; job->provider.keep_places && job->provider.keep[i]; i++)
        append_text(&out, "keep", job->provider.keep[i]);
    for (size_t i = 0; i < job->provider.value_count; i++) {
        const struct job_setting_value *value = &job->provider.values[i];
        append_text(&out, value->name, value->text);
        buffer_printf(&out, "%" PRIu64 "\n", value->number);
    }
    digest_sha256(buffer_slice(&out), slice_make(NULL, 0), digest);
    buffer_clear(&out);
    return digest_hex(digest, sizeof digest, hex);
}
