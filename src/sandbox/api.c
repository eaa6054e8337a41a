#include "sandbox/api.h"

#include <string.h>

const struct api *const api_table[] = {
    &api_payward,
    &api_kraken_embed,
    &api_kira,
    &api_payso,
};
const size_t api_count = sizeof api_table / sizeof api_table[0];

int api_find(const char *target, struct slice *path)
{
    size_t len = strcspn(target, "?");
    for (size_t i = 0; i < api_count; i++) {
        size_t name_len = strlen(api_table[i]->name);
        if (len > name_len && target[0] == '/' && memcmp(target + 1, api_table[i]->name, name_len) == 0 &&
            (target[1 + name_len] == '/' || len == 1 + name_len)) {
            *path = slice_make(target + 1 + name_len, len - 1 - name_len);
            return (int)i;
        }
    }
    *path = slice_make(target, len);
    return -1;
}
