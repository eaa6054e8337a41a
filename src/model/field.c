#include "model/field.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "model/language.h"

#define FIELD_TABLE_ROW(id, name, type, parts, help, usual, weak)                                            \
    [FIELD_##id] = {(name), FIELD_TYPE_##type, FIELD_PARTS_##parts, (help), (usual), (weak)},

const struct field field_table[FIELD_COUNT] = {FIELD_ROWS(FIELD_TABLE_ROW)};

static const char *const forms[] = {
    [FIELD_TYPE_KEY] = "1 to 128 characters of printable ASCII, unique",
    [FIELD_TYPE_TEXT] = "text",
    [FIELD_TYPE_NAME] = "text",
    [FIELD_TYPE_STATE] = "text; in the US the two-letter code",
    [FIELD_TYPE_POSTAL] = "text in upper case",
    [FIELD_TYPE_EMAIL] = "e-mail address",
    [FIELD_TYPE_PHONE] = "phone number, E.164: +442071838750",
    [FIELD_TYPE_DATE] = "date, YYYY-MM-DD",
    [FIELD_TYPE_TIME] = "time, RFC 3339: 2026-11-21T08:09:10Z",
    [FIELD_TYPE_COUNTRY] = "country, ISO 3166-1 alpha-2",
    [FIELD_TYPE_COUNTRY_LIST] = "list of countries, ISO 3166-1 alpha-2",
    [FIELD_TYPE_TEXT_LIST] = "list of texts",
    [FIELD_TYPE_ENUM] = "one of a list of words",
    [FIELD_TYPE_BOOL] = "true or false",
    [FIELD_TYPE_INTEGER] = "whole number, 0 to 2147483647",
    [FIELD_TYPE_NATIONAL_ID] = "text; in the US nine digits",
    [FIELD_TYPE_DOCUMENT] = "https:// URL, data URI, or the path of a JPEG, PNG or PDF",
    [FIELD_TYPE_CLIENT_ID] = "CONCAT: 19800113JOHN#SMITH",
    [FIELD_TYPE_YES_NO] = "text; true and false as yes and no",
    [FIELD_TYPE_URI] = "URI with a scheme, but not javascript:, data: or file:",
};

const enum field_id field_identity[FIELD_IDENTITY_COUNT] = {
    FIELD_EMAIL, FIELD_FIRST_NAME, FIELD_LAST_NAME, FIELD_COMPANY_NAME, FIELD_DATE_OF_BIRTH,
};

static const struct slice field_groups[FIELD_GROUP_COUNT] = {
    [FIELD_GROUP_ADDITIONAL_INFO] = SLICE_LITERAL("additional_info."),
    [FIELD_GROUP_METADATA] = SLICE_LITERAL("metadata."),
    [FIELD_GROUP_DOCUMENTS] = SLICE_LITERAL("documents["),
};

static struct field_own {
    char name[FIELD_OWN_NAME_SIZE];
    enum field_group group;
} field_own[FIELD_OWN_MAX];
static size_t field_own_count;

static struct field_part {
    char name[FIELD_OWN_NAME_SIZE];
    char file[FIELD_ENTRY_FILE_MAX + 1];
    struct field_entry entry;
    size_t document; /* of a file: its index among the fields of type document */
} field_parts_of_entries[FIELD_ENTRY_PARTS_MAX];
static size_t field_part_count, field_file_count;

enum field_group field_group_of_name(struct slice name)
{
    for (size_t i = FIELD_GROUP_NONE + 1; i < FIELD_GROUP_COUNT; i++)
        if (name.len > field_groups[i].len &&
            memcmp(name.data, field_groups[i].data, field_groups[i].len) == 0)
            return (enum field_group)i;
    return FIELD_GROUP_NONE;
}

struct slice field_group_prefix(enum field_group group)
{
    return field_groups[group];
}

void field_define(const struct slice *names, size_t count)
{
    assert(count <= FIELD_OWN_MAX);
    for (size_t i = 0; i < count; i++) {
        struct field_own *own = &field_own[i];
        assert(names[i].len < FIELD_OWN_NAME_SIZE);
        memcpy(own->name, names[i].data, names[i].len);
        own->name[names[i].len] = '\0';
        own->group = field_group_of_name(names[i]);
        assert(own->group != FIELD_GROUP_NONE);
        assert(i == 0 || strcmp(field_own[i - 1].name, own->name) < 0);
    }
    field_own_count = count;
    field_part_count = field_file_count = 0;
}

static void define_part(const struct field_entry *entry, struct field_part *part)
{
    static const char *const names[] = {
        [ENTRY_TYPE] = "type",     [ENTRY_NUMBER] = "number", [ENTRY_COUNTRY] = "country",
        [ENTRY_EXPIRY] = "expiry", [ENTRY_FILE] = "files.",
    };
    assert(entry->index < FIELD_ENTRIES_MAX && entry->file.len <= FIELD_ENTRY_FILE_MAX);
    *part = (struct field_part){.entry = *entry, .document = FIELD_NO_DOCUMENT};
    if (entry->file.len)
        memcpy(part->file, entry->file.data, entry->file.len);
    part->entry.file = slice_make(part->file, entry->file.len);
    snprintf(part->name, sizeof part->name, "documents[%zu].%s%s", entry->index, names[entry->part],
             part->file);
    if (entry->part == ENTRY_FILE)
        part->document = FIELD_DOCUMENTS + field_file_count++;
}

void field_define_entries(const struct field_entry *entries, size_t count)
{
    assert(count <= FIELD_ENTRY_PARTS_MAX);
    field_file_count = 0;
    for (size_t i = 0; i < count; i++)
        define_part(&entries[i], &field_parts_of_entries[i]);
    field_part_count = count;
}

size_t field_count(void)
{
    return FIELD_COUNT + field_own_count + field_part_count;
}

size_t field_document_count(void)
{
    return FIELD_DOCUMENTS + field_file_count;
}

static const struct field_own *field_own_of(enum field_id field)
{
    size_t index = (size_t)field - FIELD_COUNT;
    return field >= FIELD_COUNT && index < field_own_count ? &field_own[index] : NULL;
}

static const struct field_part *field_part_of(enum field_id field)
{
    size_t index = (size_t)field - FIELD_COUNT - field_own_count;
    return field >= FIELD_COUNT + field_own_count && index < field_part_count ? &field_parts_of_entries[index]
                                                                              : NULL;
}

const struct field_entry *field_entry(enum field_id field)
{
    const struct field_part *part = field_part_of(field);
    return part ? &part->entry : NULL;
}

bool field_is_document_number(enum field_id field)
{
    const struct field_entry *entry = field_entry(field);
    return entry ? entry->part == ENTRY_NUMBER : field == FIELD_DOCUMENT_NUMBER;
}

enum field_group field_group(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    if (own)
        return own->group;
    return field_part_of(field) ? FIELD_GROUP_DOCUMENTS : FIELD_GROUP_NONE;
}

enum field_type field_type(enum field_id field)
{
    static const enum field_type types[] = {
        [ENTRY_TYPE] = FIELD_TYPE_TEXT,       [ENTRY_NUMBER] = FIELD_TYPE_TEXT,
        [ENTRY_COUNTRY] = FIELD_TYPE_COUNTRY, [ENTRY_EXPIRY] = FIELD_TYPE_DATE,
        [ENTRY_FILE] = FIELD_TYPE_DOCUMENT,
    };
    const struct field_entry *entry = field_entry(field);
    if (entry)
        return types[entry->part];
    return field < FIELD_COUNT ? field_table[field].type : FIELD_TYPE_TEXT;
}

const char *field_form(enum field_id field)
{
    return forms[field_type(field)];
}

const char *field_example(enum field_id field)
{
    static const char *const examples[] = {
        [FIELD_TYPE_KEY] = "C-1001",
        [FIELD_TYPE_TEXT] = "Example",
        [FIELD_TYPE_NAME] = "Anna",
        [FIELD_TYPE_STATE] = "California",
        [FIELD_TYPE_POSTAL] = "\"94607\"",
        [FIELD_TYPE_EMAIL] = "anna@example.com",
        [FIELD_TYPE_PHONE] = "\"+14155550123\"",
        [FIELD_TYPE_DATE] = "1980-02-13",
        [FIELD_TYPE_TIME] = "2026-11-21T08:09:10Z",
        [FIELD_TYPE_COUNTRY] = "US",
        [FIELD_TYPE_COUNTRY_LIST] = "US",
        [FIELD_TYPE_TEXT_LIST] = "\"123456789\"",
        [FIELD_TYPE_ENUM] = NULL,
        [FIELD_TYPE_BOOL] = "true",
        [FIELD_TYPE_INTEGER] = "1",
        [FIELD_TYPE_NATIONAL_ID] = "\"123456789\"",
        [FIELD_TYPE_DOCUMENT] = "https://files.example.com/front.jpg",
        [FIELD_TYPE_CLIENT_ID] = "auto",
        [FIELD_TYPE_YES_NO] = "\"no\"",
        [FIELD_TYPE_URI] = "https://example.com/verified",
    };
    if (field == FIELD_LANGUAGE)
        return "en";
    return field_words(field) ? NULL : examples[field_type(field)];
}

const char *const *field_words(enum field_id field)
{
    static const char *const customer_types[] = {"individual", "business", NULL};
    if (field == FIELD_CUSTOMER_TYPE)
        return customer_types;
    return field == FIELD_LANGUAGE ? language_codes : NULL;
}

size_t field_document(enum field_id field)
{
    const struct field_part *part = field_part_of(field);
    size_t index = 0;
    if (part)
        return part->document;
    if (field_type(field) != FIELD_TYPE_DOCUMENT)
        return FIELD_NO_DOCUMENT;
    for (enum field_id before = 0; before < field; before++)
        index += field_type(before) == FIELD_TYPE_DOCUMENT;
    return index;
}

enum field_parts field_parts(enum field_id field)
{
    return field < FIELD_COUNT ? field_table[field].parts : FIELD_PARTS_NUMBER;
}

enum field_id field_by_name(struct slice name)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (slice_is(name, field_table[i].name))
            return (enum field_id)i;
    for (size_t i = 0; i < field_own_count; i++)
        if (slice_is(name, field_own[i].name))
            return (enum field_id)(FIELD_COUNT + i);
    for (size_t i = 0; i < field_part_count; i++)
        if (slice_is(name, field_parts_of_entries[i].name))
            return (enum field_id)(FIELD_COUNT + field_own_count + i);
    return FIELD_NONE;
}

const char *field_name(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    const struct field_part *part = field_part_of(field);
    if (own)
        return own->name;
    if (part)
        return part->name;
    return field < FIELD_COUNT ? field_table[field].name : "record";
}

const char *field_name_in_group(enum field_id field)
{
    const struct field_own *own = field_own_of(field);
    return own ? own->name + field_groups[own->group].len : field_name(field);
}

static pthread_once_t field_names_once = PTHREAD_ONCE_INIT;
static const char *field_names_list[FIELD_COUNT + 1];

static void field_names_fill(void)
{
    for (size_t i = 0; i < FIELD_COUNT; i++)
        field_names_list[i] = field_table[i].name;
}

const char *const *field_names(void)
{
    pthread_once(&field_names_once, field_names_fill);
    return field_names_list;
}
