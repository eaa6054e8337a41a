#include "core/encoding_detect.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>
#include <unicode/unorm2.h>

#include "core/encoding_score.h"
#include "core/memory.h"

enum { BYTES_MAX = 1 << 18 };

#define WESTERN "de fr es pt it nl sv da no fi is ga ca"
#define CENTRAL "pl cs sk hu ro hr sl sq"

/* The more usual one first: of two that make the same text it is proposed. */
static const struct {
    const char *name, *languages;
} encodings[] = {
    {"windows-1252", WESTERN},
    {"windows-1250", CENTRAL},
    {"windows-1251", "ru uk be bg sr mk"},
    {"windows-1253", "el"},
    {"windows-1254", "tr az"},
    {"windows-1257", "lt lv et"},
    {"windows-1255", "he"},
    {"windows-1256", "ar fa ur"},
    {"windows-1258", "vi"},
    {"windows-874", "th"},
    {"shift_jis", "ja"},
    {"gb18030", "zh"},
    {"big5", "zh_Hant"},
    {"euc-kr", "ko"},
    {"euc-jp", "ja"},
    {"macintosh", WESTERN},
    {"cp850", WESTERN},
    {"cp852", CENTRAL},
    {"cp437", WESTERN},
    {"cp866", "ru uk be bg"},
    {"koi8-r", "ru bg"},
    {"koi8-u", "uk ru be"},
    {"iso-8859-2", CENTRAL},
    {"iso-8859-5", "ru uk be bg sr mk"},
    {"iso-8859-7", "el"},
    {"iso-8859-9", "tr az"},
    {"iso-8859-13", "lt lv et"},
    {"iso-8859-15", WESTERN " et"},
    {"x-mac-ce", CENTRAL},
    {"x-mac-cyrillic", "ru uk be bg sr mk"},
    {"cp857", "tr"},
    {"cp775", "lt lv et"},
    {"cp737", "el"},
};

struct detection {
    struct slice text; /* the lines with bytes from 0x80 on, at most BYTES_MAX */
    size_t high;       /* of its bytes */
    UChar *units;      /* capacity text.len + 2 */
    uint32_t *codes;   /* of the candidate at hand */
    size_t count;
    uint64_t hashes[ENCODING_CANDIDATES_MAX];
    struct encoding_languages *languages;
    const UNormalizer2 *composer;
};

static bool has_high(struct slice line, size_t *high)
{
    size_t found = 0;

    for (size_t i = 0; i < line.len; i++)
        found += (unsigned char)line.data[i] >= 0x80;
    *high += found;
    return found > 0;
}

static void keep_lines(struct detection *detection, struct slice lines, struct arena *arena)
{
    char *kept = arena_bytes(arena, BYTES_MAX + 1);
    size_t len = 0;
    struct slice line;

    while (slice_next_line(&lines, &line) && len + line.len < BYTES_MAX)
        if (has_high(line, &detection->high)) {
            memcpy(kept + len, line.data, line.len);
            len += line.len;
            kept[len++] = '\n';
        }
    detection->text = slice_make(kept, len);
}

/* Units of UTF-16 are characters here: what is beyond the BMP is no letter that is looked for. A letter and
 * its accent as one character where there is one: windows-1258 writes them apart. */
static void add_code(struct detection *detection, UChar code)
{
    UChar32 composed =
        detection->count
            ? unorm2_composePair(detection->composer, (UChar32)detection->codes[detection->count - 1], code)
            : U_SENTINEL;
    if (composed >= 0)
        detection->codes[detection->count - 1] = (uint32_t)composed;
    else
        detection->codes[detection->count++] = code;
}

/* Decodes the text; a byte that is not defined is skipped. Returns how many there are; SIZE_MAX when there
 * is no such converter. */
static size_t decode(struct detection *detection, const char *name)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(name, &status);
    if (U_FAILURE(status))
        return SIZE_MAX;
    ucnv_setToUCallBack(converter, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
    const char *cursor = detection->text.data, *end = cursor + detection->text.len;
    size_t malformed = 0;
    detection->count = 0;
    while (cursor < end) {
        UChar *to = detection->units;
        status = U_ZERO_ERROR;
        ucnv_toUnicode(converter, &to, detection->units + detection->text.len, &cursor, end, NULL, true,
                       &status);
        for (const UChar *unit = detection->units; unit < to; unit++)
            add_code(detection, *unit);
        if (U_FAILURE(status)) {
            malformed++;
            ucnv_resetToUnicode(converter);
            if (status == U_TRUNCATED_CHAR_FOUND)
                break;
        }
    }
    ucnv_close(converter);
    return malformed;
}

static uint64_t hash_codes(const uint32_t *codes, size_t count)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ codes[i]) * 1099511628211u;
    return hash;
}

static void add_candidate(struct detection *detection, const char *name, const char *languages,
                          struct arena *arena, struct encoding_candidate *candidates, size_t *count)
{
    size_t malformed = decode(detection, name);
    uint64_t hash = hash_codes(detection->codes, detection->count);

    if (malformed == SIZE_MAX || *count == ENCODING_CANDIDATES_MAX)
        return;
    for (size_t i = 0; i < *count; i++)
        if (detection->hashes[i] == hash && candidates[i].malformed == malformed)
            return;
    detection->hashes[*count] = hash;
    struct encoding_candidate *candidate = &candidates[(*count)++];
    *candidate = (struct encoding_candidate){.name = name, .malformed = malformed};
    encoding_score(detection->languages, detection->codes, detection->count, detection->high, languages,
                   arena, candidate);
}

/* What ICU's own detector names beside the list. Those of UTF-16 and UTF-32 are no encodings of such bytes.
 */
static void add_detected(struct detection *detection, struct arena *arena,
                         struct encoding_candidate *candidates, size_t *count)
{
    UErrorCode status = U_ZERO_ERROR;
    UCharsetDetector *detector = ucsdet_open(&status);
    int32_t found = 0;

    ucsdet_setText(detector, detection->text.data, (int32_t)detection->text.len, &status);
    const UCharsetMatch **matches = ucsdet_detectAll(detector, &found, &status);
    for (int32_t i = 0; i < found && U_SUCCESS(status); i++) {
        const char *name = ucsdet_getName(matches[i], &status);
        if (U_SUCCESS(status) && strncmp(name, "UTF-", 4) != 0 && strncmp(name, "IBM42", 5) != 0)
            add_candidate(detection, arena_copy(arena, slice_from(name)).data, "", arena, candidates, count);
    }
    ucsdet_close(detector);
}

/* Candidates come in the order of the list: of equal ones the first stays first. */
static void sort_candidates(struct encoding_candidate *candidates, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct encoding_candidate item = candidates[i];
        size_t j = i;
        for (; j > 0 && candidates[j - 1].score < item.score; j--)
            candidates[j] = candidates[j - 1];
        candidates[j] = item;
    }
}

size_t encoding_detect(struct slice lines, struct arena *arena,
                       struct encoding_candidate candidates[ENCODING_CANDIDATES_MAX])
{
    struct detection detection = {.languages = encoding_languages_new()};
    UErrorCode status = U_ZERO_ERROR;
    size_t count = 0;

    keep_lines(&detection, lines, arena);
    detection.composer = unorm2_getNFCInstance(&status);
    if (U_FAILURE(status))
        memory_out();
    detection.units = memory_new(detection.text.len + 2, sizeof *detection.units);
    detection.codes = memory_new(detection.text.len * 2 + 2, sizeof *detection.codes);
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        add_candidate(&detection, encodings[i].name, encodings[i].languages, arena, candidates, &count);
    add_detected(&detection, arena, candidates, &count);
    sort_candidates(candidates, count);
    free(detection.units);
    free(detection.codes);
    encoding_languages_free(detection.languages);
    return count;
}
