#include "sandbox/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BOUNDARY_MAX = 70 /* RFC 2046, 5.1.1 */, DELIMITER_SIZE = BOUNDARY_MAX + 8 };

/* The boundary of `multipart/form-data; boundary=…`, with or without quotes; empty: none. */
static struct slice boundary_of(const char *content_type)
{
    static const char before[] = "multipart/form-data; boundary=";
    if (!content_type || strncasecmp(content_type, before, strlen(before)) != 0)
        return slice_make("", 0);
    struct slice boundary = slice_from(content_type + strlen(before));
    if (boundary.len > 2 && boundary.data[0] == '"' && boundary.data[boundary.len - 1] == '"')
        boundary = slice_make(boundary.data + 1, boundary.len - 2);
    return boundary.len <= BOUNDARY_MAX ? boundary : slice_make("", 0);
}

/* Cuts *text at the first `end`, and gives what is before it. False: there is none. */
static bool cut(struct slice *text, const char *end, struct slice *before)
{
    size_t len = strlen(end);
    const char *found = text->len ? memmem(text->data, text->len, end, len) : NULL;
    if (!found)
        return false;
    *before = slice_make(text->data, (size_t)(found - text->data));
    *text = slice_skip(*text, before->len + len);
    return true;
}

/* The value of KEY="…" in a header line; empty: none. */
static struct slice quoted(struct slice line, const char *key)
{
    struct slice before, value = slice_make("", 0);
    if (cut(&line, key, &before) && cut(&line, "\"", &value))
        return value;
    return slice_make("", 0);
}

static bool begins_with(struct slice line, const char *head)
{
    return line.len >= strlen(head) && strncasecmp(line.data, head, strlen(head)) == 0;
}

/* head: the header lines, each with its end */
static bool read_head(struct multipart_part *part, struct slice head)
{
    static const char disposition[] = "Content-Disposition: form-data; ", type[] = "Content-Type: ";
    struct slice line;
    while (cut(&head, "\r\n", &line)) {
        if (begins_with(line, disposition)) {
            line = slice_skip(line, strlen(disposition) - 1);
            part->name = quoted(line, " name=\"");
            part->file = quoted(line, " filename=\"");
        } else if (begins_with(line, type)) {
            part->type = slice_skip(line, strlen(type));
        } else {
            return false;
        }
    }
    return head.len == 0 && part->name.len > 0;
}

/* A part as it lies between two delimiters: its head, an empty line, its content. */
static bool read_part(struct multipart_part *part, struct slice text)
{
    struct slice head;
    if (!cut(&text, "\r\n\r\n", &head))
        return false;
    part->content = text;
    return read_head(part, slice_make(head.data, head.len + 2));
}

bool multipart_read(struct multipart *form, const char *content_type, struct slice body)
{
    struct slice boundary = boundary_of(content_type), text;
    char delimiter[DELIMITER_SIZE];
    *form = (struct multipart){0};
    if (boundary.len == 0)
        return false;
    snprintf(delimiter, sizeof delimiter, "\r\n--%.*s", (int)boundary.len, boundary.data);
    if (!slice_begins_with(body, delimiter + 2))
        return false;
    body = slice_skip(body, strlen(delimiter + 2));
    while (slice_begins_with(body, "\r\n")) {
        body = slice_skip(body, 2);
        if (form->count == MULTIPART_PARTS_MAX || !cut(&body, delimiter, &text) ||
            !read_part(&form->parts[form->count], text))
            return false;
        form->count++;
    }
    return form->count > 0 && slice_is(body, "--\r\n");
}

const struct multipart_part *multipart_find(const struct multipart *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (slice_is(form->parts[i].name, name))
            return &form->parts[i];
    return NULL;
}
