#include "sandbox/link.h"

#include <stdio.h>

#include "sandbox/identity.h"
#include "sandbox/users.h"

struct slice link_text(char out[LINK_SIZE], const char *api, struct slice user_id, unsigned number)
{
    char purpose[32], uuid[IDENTITY_UUID_SIZE];
    snprintf(purpose, sizeof purpose, "%s link", api);
    identity_write_uuid(uuid, purpose, user_id, number);
    int len = snprintf(out, LINK_SIZE, "https://verify.example/%s/%s", api, uuid);
    return slice_make(out, (size_t)len);
}

void link_index(struct users *users, const char *api, struct user *user, unsigned from)
{
    char text[LINK_SIZE];
    for (unsigned number = from; number < user->standing.links; number++)
        users_add_link(users, user, link_text(text, api, user->id, number));
}
