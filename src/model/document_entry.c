#include "model/document_entry.h"

#include <string.h>

#include "core/ascii.h"

/* Where a part of an entry is kept; NULL: a file. */
static struct slice *place_of(struct document_entry *entry, enum entry_part part)
{
    switch (part) {
    case ENTRY_TYPE:
        return &entry->type;
    case ENTRY_NUMBER:
        return &entry->number;
    case ENTRY_COUNTRY:
        return &entry->country;
    case ENTRY_EXPIRY:
        return &entry->expiry;
    case ENTRY_FILE:
        break;
    }
    return NULL;
}

/* From its first part on. True: the record has a number or a file of it. */
static bool read_entry(const struct record *record, enum field_id first, struct document_entry *entry)
{
    static const struct slice none = SLICE_LITERAL("");
    const struct field_entry *part = field_entry(first);
    bool counts = false;
    *entry = (struct document_entry){part->index, none, none, none, none, first, first};
    for (; part && part->index == entry->index; part = field_entry(++entry->end)) {
        const struct value *value = &record->values[entry->end];
        struct slice *place = place_of(entry, part->part);
        if (value->state != VALUE_PRESENT)
            continue;
        counts |= part->part == ENTRY_NUMBER || part->part == ENTRY_FILE;
        if (place)
            *place = value->text;
    }
    return counts;
}

bool document_entry_next(const struct record *record, enum field_id *field, struct document_entry *entry)
{
    size_t count = field_count();
    while (*field < count) {
        bool is_part = field_entry(*field) != NULL;
        bool counts = is_part && read_entry(record, *field, entry);
        *field = is_part ? entry->end : *field + 1;
        if (counts)
            return true;
    }
    return false;
}

bool document_entry_file(const struct record *record, const struct document_entry *entry,
                         enum field_id *field, struct document_file *file)
{
    for (; *field < entry->end; ++*field) {
        const struct field_entry *part = field_entry(*field);
        if (part->part != ENTRY_FILE || record->values[*field].state != VALUE_PRESENT)
            continue;
        *file = (struct document_file){*field, part->file, record->values[*field].text};
        ++*field;
        return true;
    }
    return false;
}

static bool is_present(const struct record *record, enum field_id field)
{
    return record->values[field].state == VALUE_PRESENT;
}

bool document_entry_has_type(const struct record *record, const char *type)
{
    struct document_entry entry;
    enum field_id field = FIELD_COUNT;
    if (is_present(record, FIELD_DOCUMENT_TYPE) &&
        ascii_is_word(record->values[FIELD_DOCUMENT_TYPE].text, type))
        return true;
    while (document_entry_next(record, &field, &entry))
        if (ascii_is_word(entry.type, type))
            return true;
    return false;
}

bool document_entry_has_file(const struct record *record, const char *kind)
{
    struct document_entry entry;
    enum field_id field = FIELD_COUNT;
    if ((is_present(record, FIELD_DOCUMENT_FRONT) && strcmp(kind, "front") == 0) ||
        (is_present(record, FIELD_DOCUMENT_BACK) && strcmp(kind, "back") == 0))
        return true;
    while (document_entry_next(record, &field, &entry)) {
        struct document_file file;
        for (enum field_id part = entry.first; document_entry_file(record, &entry, &part, &file);)
            if (slice_is(file.kind, kind))
                return true;
    }
    return false;
}

bool document_entry_is_implied(const struct record *record, enum field_id field)
{
    const struct value *customer = &record->values[FIELD_CUSTOMER_TYPE],
                       *country = &record->values[FIELD_COUNTRY];
    bool is_ssn = field == FIELD_NATIONAL_ID;
    bool is_american = country->state == VALUE_PRESENT && slice_is(country->text, "US");
    if (!is_present(record, field) || !is_present(record, is_ssn ? FIELD_NATIONAL_ID : FIELD_TAX_ID) ||
        is_ssn != is_american ||
        (customer->state == VALUE_PRESENT && !slice_is(customer->text, "individual")))
        return false;
    return !document_entry_has_type(record, is_ssn ? DOCUMENT_TYPE_SSN : DOCUMENT_TYPE_TAX_ID);
}
