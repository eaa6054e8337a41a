/* The language of a column's names of months. */
#include <string.h>

#include "cmd/infer_dates.h"

/* Those whose exports are most frequent first; of languages that read all names alike, the first is proposed.
 */
static const char *const candidates[] = {
    "en", "de", "es", "fr", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "sk", "hu", "ro",  "bg",
    "hr", "sl", "sr", "el", "tr", "ru", "uk", "lt", "lv", "et", "ca", "id", "ms", "vi", "ar", "he",  "fa",
    "hi", "th", "ga", "is", "mt", "sq", "mk", "bs", "be", "ka", "hy", "az", "kk", "af", "sw", "fil",
};

/* How many words are a month's name in full; months: 0 where a word is none. */
static size_t read_words(const char *locale, const struct slice *words, size_t count, unsigned *months)
{
    struct arena arena;
    size_t good = 0;
    arena_init(&arena, 32768);
    const struct month_names *names = month_names_new(locale, &arena);
    for (size_t i = 0; i < count; i++) {
        size_t len = 0;
        months[i] = names ? month_names_read(names, words[i], &len) : 0;
        if (len != words[i].len)
            months[i] = 0;
        good += months[i] != 0;
    }
    arena_clear(&arena);
    return good;
}

static bool contradicts(const unsigned *one, const unsigned *other, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (one[i] && other[i] && one[i] != other[i])
            return true;
    return false;
}

/* The language that reads most words; another that reads as many, but one of them as another month. */
void infer_dates_find_locale(const struct slice *words, size_t count, struct infer_dates *dates)
{
    unsigned best[INFER_WORDS_MAX], months[INFER_WORDS_MAX];
    size_t best_count = 0;
    dates->locale = dates->second_locale = NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        size_t good = read_words(candidates[i], words, count, months);
        if (good > best_count) {
            best_count = good;
            memcpy(best, months, sizeof best);
            dates->locale = candidates[i];
            dates->second_locale = NULL;
        } else if (good && good == best_count && !dates->second_locale && contradicts(best, months, count)) {
            dates->second_locale = candidates[i];
        }
        if (i == 0 && good == count)
            break;
    }
    if (dates->locale == candidates[0])
        dates->locale = NULL;
}
