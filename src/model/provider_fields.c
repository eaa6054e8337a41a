#include "model/provider_fields.h"

const char *const provider_fields_individuals[] = {"individual", NULL};

const struct provider_field *provider_fields_find(const struct provider_fields *fields, enum field_id field)
{
    enum field_group group = field_group(field);
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        if (group ? row->group == group : row->field == field && field != FIELD_NONE && !row->copy)
            return row;
    }
    return NULL;
}

const struct provider_field *provider_fields_member(const struct provider_fields *fields, size_t slot)
{
    for (size_t i = 0; i < fields->field_count; i++)
        if (fields->fields[i].slot == slot && !fields->fields[i].copy)
            return &fields->fields[i];
    return NULL;
}

const struct provider_field *provider_fields_named(const struct provider_fields *fields, struct slice name)
{
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        if (row->member && !row->copy && slice_is(name, row->member))
            return row;
    }
    return NULL;
}
