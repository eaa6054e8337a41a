/* Any text as a phone number, read with a country: what is accepted is E.164, is the library's own reading of
 * the text, and is read again as itself. The first byte chooses the country. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/ascii.h"
#include "core/utf8.h"
#include "rules/phone.h"
#include "rules/phone_number.h"

enum { TEXT_MAX = 80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_form(struct slice number)
{
    assert(number.len >= 8 && number.len <= 16 && number.data[0] == '+' && number.data[1] != '0');
    for (size_t i = 1; i < number.len; i++)
        assert(ascii_is_digit(number.data[i]));
}

static void check_agreement(struct slice text, const char *region, struct slice number)
{
    struct phone_number own;
    enum phone_number_result result = phone_number_read(text.data, text.len, region, &own);
    assert(result == PHONE_NUMBER_OK);
    assert(slice_is(number, own.e164));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const regions[] = {"ZZ", "US", "DE", "GB", "IT", "IN", "MX", "AR", "BR", "AU",
                                          "CN", "BY", "LU", "RU", "JP", "SM", "CI", "FR", "AT", "ID"};
    static struct arena arena;
    if (len < 1 || len > TEXT_MAX)
        return 0;
    if (!arena.chunk_size)
        arena_init(&arena, 4096);
    arena_reset(&arena);
    const char *region = regions[data[0] % (sizeof regions / sizeof *regions)];
    bool has_country = strcmp(region, "ZZ") != 0;
    struct slice text = slice_make((const char *)data + 1, len - 1);
    if (!utf8_is_valid(text))
        return 0;
    struct phone phone, again;
    enum phone_result result = phone_read(text, slice_from(has_country ? region : ""), &arena, &phone);
    assert(result != PHONE_NEEDS_COUNTRY || !has_country);
    assert(result != PHONE_BAD || phone.fault);
    if (result != PHONE_OK)
        return 0;
    check_form(phone.number);
    check_agreement(text, region, phone.number);
    assert(phone_read(phone.number, slice_from(""), &arena, &again) == PHONE_OK);
    assert(slice_equal(again.number, phone.number));
    return 0;
}
