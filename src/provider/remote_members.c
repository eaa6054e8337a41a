#include "provider/remote_members.h"

#include "model/country.h"
#include "model/job_setting.h"
#include "provider/remote_user.h"
#include "provider/reply_body.h"

/* Where the user has the value of a row; 0: nowhere. */
static size_t find_row(const struct json_node *nodes, size_t index, const struct provider_field *row)
{
    size_t found = row->reply_name ? reply_body_find_path(nodes, index, row->reply_name) : 0;

    if (found == 0)
        found = json_member(nodes, index, row->member);
    return found && row->key ? json_member(nodes, found, row->key) : found;
}

/* The text of a scalar; empty: null, empty, or none. */
static struct slice text_of(const struct json_node *node)
{
    bool is_scalar = node->kind == JSON_STRING || node->kind == JSON_NUMBER || node->kind == JSON_BOOL;

    return is_scalar ? node->text : slice_make("", 0);
}

static void read_country(struct slice text, struct arena *arena, struct value *value)
{
    const struct country *country;
    const char *names;

    if (country_read(text, arena, &country, &names) == COUNTRY_FOUND)
        *value = (struct value){slice_from(country->alpha2), VALUE_PRESENT};
}

static void read_value(const struct provider_field *row, struct slice text, const struct job *job,
                       struct arena *arena, struct value *value)
{
    bool is_date = row->form == PAYLOAD_DATE;
    bool day_first = is_date && job_setting_number(&job->provider, SETTING_DATE_FORMAT) == JOB_DATE_DMY;

    if (row->form == PAYLOAD_ALPHA3)
        read_country(text, arena, value);
    else
        remote_user_read_value(row->field, text, day_first, arena, value);
}

/* Whether the row alone makes its member, and has a form that can be read back. */
static bool is_compared(const struct provider_fields *fields, const struct provider_field *row)
{
    if (row->copy || !row->member || row->slot == PROVIDER_NO_SLOT)
        return false;
    switch (row->form) {
    case PAYLOAD_TEXT:
    case PAYLOAD_FIRST:
    case PAYLOAD_INTEGER:
    case PAYLOAD_BOOL:
    case PAYLOAD_ALPHA3:
    case PAYLOAD_DATE:
    case PAYLOAD_CUSTOMER_TYPE:
        break;
    default:
        return false;
    }
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *other = &fields->fields[i];
        if (other != row && !other->copy && other->slot == row->slot)
            return false;
    }
    return true;
}

/* The job's own fields of a group: the user has them in an object. */
static void read_group(const struct provider_field *row, const struct json_node *nodes, size_t index,
                       struct arena *arena, struct remote_members *members)
{
    size_t object = json_member(nodes, index, row->member);

    if (object == 0 || nodes[object].kind != JSON_OBJECT)
        return;
    members->shown |= UINT64_C(1) << row->slot;
    for (size_t i = FIELD_COUNT; i < field_count(); i++) {
        enum field_id field = (enum field_id)i;
        size_t found =
            field_group(field) == row->group ? json_member(nodes, object, field_name_in_group(field)) : 0;
        struct slice text = found ? text_of(&nodes[found]) : slice_make("", 0);
        if (text.len > 0)
            remote_user_read_value(field, text, false, arena, &members->values[i]);
    }
}

void remote_members_read(const struct provider *provider, const struct json_node *nodes, size_t index,
                         const struct job *job, struct arena *arena, struct remote_members *members)
{
    const struct provider_fields *fields = provider->fields;
    struct provider_user user;

    (void)remote_user_begin(nodes, &index, arena, &user); /* moves to the user inside of a wrapper */
    *members = (struct remote_members){.values = user.values};
    for (size_t i = 0; i < fields->field_count; i++) {
        const struct provider_field *row = &fields->fields[i];
        if (!is_compared(fields, row))
            continue;
        if (row->field == FIELD_NONE) {
            read_group(row, nodes, index, arena, members);
            continue;
        }
        size_t found = find_row(nodes, index, row);
        struct slice text = found ? text_of(&nodes[found]) : slice_make("", 0);
        if (text.len == 0)
            continue;
        members->shown |= UINT64_C(1) << row->slot;
        read_value(row, text, job, arena, &members->values[row->field]);
        if (members->values[row->field].state != VALUE_PRESENT)
            members->unreadable |= UINT64_C(1) << row->slot;
    }
}
