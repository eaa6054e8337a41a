#include "provider/user_id.h"

bool user_id_is_valid(struct slice id)
{
    bool has_letter = false;
    for (size_t i = 0; i < id.len; i++) {
        char byte = id.data[i], lower = (char)(byte | 0x20);
        bool is_letter = (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9');
        if (!is_letter && (byte == '\0' || !strchr("-_.:~+=@| ", byte)))
            return false;
        has_letter = has_letter || is_letter;
    }
    return has_letter && id.len <= USER_ID_MAX && id.data[0] != ' ' && id.data[id.len - 1] != ' ';
}
