#include "model/provider_fields.h"

const struct provider_field *provider_fields_find(const struct provider_fields *fields, enum field_id field)
{
    if (field >= FIELD_COUNT)
        return field == FIELD_NONE ? NULL : fields->groups[field_group(field)];
    for (size_t i = 0; i < fields->field_count && fields->fields[i].field <= field; i++)
        if (fields->fields[i].field == field)
            return &fields->fields[i];
    return NULL;
}
