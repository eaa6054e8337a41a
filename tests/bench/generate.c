/* generate-rows N [--seed S] [--keys random|rising] [--ndjson]: N rows for `make bench`, on standard output.
 *
 * CSV of 15 columns, about 183 bytes a row, or objects of 24 values, about 471 bytes; every row valid for
 * payward: E.164 phones of reserved ranges, birth dates as DD/MM/YYYY, distinct keys. The same seed gives the
 * same bytes. Independent of the project's code.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct place {
    const char *country, *city, *postal, *phone; /* # is a digit */
    const char *language;
};

static const struct place places[] = {
    {"US", "San Francisco", "941##", "+141555501##", "en"},
    {"US", "New York City", "100##", "+121255501##", "en"},
    {"GB", "Manchester", "M1 #AE", "+447700900###", "en"},
    {"DE", "M\xc3\xbcnchen", "80###", "+493023125###", "de"},
    {"FR", "Bordeaux", "330##", "+3363998####", "fr"},
    {"Sweden", "Stockholm", "111##", "+467017406##", "sv"},
    {"AU", "Melbourne", "30##", "+6125550####", "en"},
    {"CA", "Vancouver", "V6B 1A#", "+160455501##", "en"},
    {"ESP", "Madrid", "280##", "+34600000###", "es"},
    {"Italy", "Torino", "101##", "+393120000###", "it"},
};
static const char *const given[] = {"Maria",     "Johanna",   "Alexander", "Jos\xc3\xa9",         "Charlotte",
                                    "Oliver",    "Benjamin",  "Katherine", "Luk\xc3\xa1\xc5\xa1", "Isabella",
                                    "Sebastian", "Wilhelmina"};
static const char *const family[] = {"Smith",        "Garcia",    "Lindstr\xc3\xb6m", "O'Connor",
                                     "Fernandez",    "Whittaker", "Schneider",        "van der Berg",
                                     "Papadopoulos", "Kowalski",  "Johnson",          "Martinez"};
static const char *const streets[] = {"Hauptstrasse",    "Sunset Boulevard", "rue de la Paix",
                                      "Kingsway Avenue", "Drottninggatan",   "Via Garibaldi",
                                      "Market Street",   "Paseo del Prado"};
static const char *const occupations[] = {"computers_and_it", "healthcare",         "education",
                                          "manufacturing",    "self_employed",      "hospitality",
                                          "finance",          "business_management"};

static uint64_t state;

/* splitmix64: public domain, Sebastiano Vigna. */
static uint64_t next(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t n)
{
    return (uint64_t)(((unsigned __int128)next() * n) >> 64);
}

/* A permutation of 32 bits: odd multiplication and xor-shift are both invertible. */
static uint32_t scatter(uint32_t n)
{
    n ^= n >> 16;
    n *= 0x7feb352dU;
    n ^= n >> 15;
    n *= 0x846ca68bU;
    return n ^ n >> 16;
}

static char *put(char *to, const char *text)
{
    size_t len = strlen(text);
    memcpy(to, text, len);
    to[len] = ',';
    return to + len + 1;
}

static char *put_pattern(char *to, const char *pattern)
{
    for (; *pattern; pattern++)
        *to++ = *pattern == '#' ? (char)('0' + below(10)) : *pattern;
    *to++ = ',';
    return to;
}

static char *put_number(char *to, uint64_t number, int width)
{
    for (int offset = width - 1; offset >= 0; offset--, number /= 10)
        to[offset] = (char)('0' + number % 10);
    return to + width;
}

/* The letters of a name that are allowed in an e-mail address. */
static char *put_letters(char *to, const char *name)
{
    for (; *name; name++)
        if ((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z'))
            *to++ = (char)(*name | 0x20);
    return to;
}

static char *put_row(char *to, uint32_t key)
{
    const struct place *home = &places[below(COUNT(places))], *born = &places[below(COUNT(places))];
    const char *first = given[below(COUNT(given))], *last = family[below(COUNT(family))];

    memcpy(to, "CUSTOMER-", 9);
    to = put_number(to + 9, key, 10);
    *to++ = ',';
    to = put(to, first);
    to = put(to, last);
    to = put_letters(to, first);
    *to++ = '.';
    to = put_letters(to, last);
    to = put_number(to, key, 10);
    to = put(to, "@members.example.com");
    to = put_pattern(to, home->phone);
    to = put_number(to, 1 + below(28), 2);
    *to++ = '/';
    to = put_number(to, 1 + below(12), 2);
    *to++ = '/';
    to = put_number(to, 1940 + below(64), 4);
    *to++ = ',';
    to = put(to, born->city);
    to = put(to, born->country);
    to = put_number(to, 1 + below(199), 3);
    *to++ = ' ';
    to = put(to, streets[below(COUNT(streets))]);
    to = put(to, home->city);
    to = put_pattern(to, home->postal);
    to = put(to, home->country);
    to = put(to, born->country);
    to = put(to, occupations[below(COUNT(occupations))]);
    to = put(to, home->language);
    to[-1] = '\n';
    return to;
}

/* Replaces the comma that the helpers above end with by the end of a JSON string. */
static char *put_rest(char *to, const char *text)
{
    size_t len = strlen(text);
    memcpy(to - 1, text, len);
    return to - 1 + len;
}

static char *put_plain(char *to, const char *text)
{
    return put_rest(to + 1, text);
}

static char *put_name(char *to, const char *first, const char *last)
{
    to = put_plain(to, ",\"name\":{\"given\":\"");
    to = put_rest(put(to, first), "\",\"family\":\"");
    return put_rest(put(to, last), "\"}");
}

static char *put_contact(char *to, const struct place *home, const char *first, const char *last,
                         uint32_t key)
{
    to = put_plain(to, ",\"contact\":{\"email\":\"");
    to = put_letters(to, first);
    *to++ = '.';
    to = put_number(put_letters(to, last), key, 10);
    to = put_plain(to, "@members.example.com\",\"phones\":[{\"number\":\"");
    return put_rest(put_pattern(to, home->phone), "\"}],\"newsletter\":true}");
}

static char *put_birth(char *to, const struct place *born)
{
    to = put_plain(to, ",\"birth\":{\"date\":\"");
    to = put_number(to, 1940 + below(64), 4);
    *to++ = '-';
    to = put_number(to, 1 + below(12), 2);
    *to++ = '-';
    to = put_plain(put_number(to, 1 + below(28), 2), "\",\"city\":\"");
    to = put_rest(put(to, born->city), "\",\"country\":\"");
    return put_rest(put(to, born->country), "\"}");
}

static char *put_address(char *to, const struct place *home)
{
    to = put_number(put_plain(to, ",\"address\":{\"street\":\""), 1 + below(199), 3);
    *to++ = ' ';
    to = put_rest(put(to, streets[below(COUNT(streets))]), "\",\"city\":\"");
    to = put_rest(put(to, home->city), "\",\"postal_code\":\"");
    to = put_rest(put_pattern(to, home->postal), "\",\"country\":\"");
    return put_rest(put(to, home->country), "\"}");
}

static char *put_object(char *to, uint32_t key)
{
    const struct place *home = &places[below(COUNT(places))], *born = &places[below(COUNT(places))];
    const char *first = given[below(COUNT(given))], *last = family[below(COUNT(family))];

    to = put_number(put_plain(to, "{\"id\":\"CUSTOMER-"), key, 10);
    to = put_number(put_plain(to, "\",\"created\":\""), 2015 + below(10), 4);
    to = put_plain(to, "-06-01\",\"score\":0.");
    to = put_number(to, below(1000000), 6);
    to = put_name(to, first, last);
    to = put_contact(to, home, first, last, key);
    to = put_birth(to, born);
    to = put_address(to, home);
    to = put_rest(put(put_plain(to, ",\"nationalities\":[\""), born->country), "\"],\"occupation\":\"");
    to = put_rest(put(to, occupations[below(COUNT(occupations))]), "\",\"language\":\"");
    return put_rest(put(to, home->language), "\",\"note\":null}\n");
}

static int usage(void)
{
    fputs("usage: generate-rows N [--seed S] [--keys random|rising] [--ndjson] > FILE\n", stderr);
    return 2;
}

static bool number_of(const char *text, uint64_t max, uint64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long found = strtoull(text, &end, 10);
    *number = found;
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && found <= max;
}

int main(int argc, char **argv)
{
    enum { ROW_MAX = 1024, BUFFER_SIZE = 1 << 20 };
    static char buffer[BUFFER_SIZE];
    uint64_t rows, seed = 1;
    bool rising = false, ndjson = false;
    if (argc < 2 || !number_of(argv[1], UINT32_MAX, &rows))
        return usage();
    for (int index = 2; index < argc; index += 2) {
        const char *value = index + 1 < argc ? argv[index + 1] : "";
        if (strcmp(argv[index], "--ndjson") == 0) {
            ndjson = true;
            index--;
            continue;
        }
        if (strcmp(argv[index], "--seed") == 0 && number_of(value, UINT64_MAX, &seed))
            continue;
        if (strcmp(argv[index], "--keys") != 0 ||
            (strcmp(value, "random") != 0 && strcmp(value, "rising") != 0))
            return usage();
        rising = strcmp(value, "rising") == 0;
    }

    state = seed;
    if (!ndjson)
        fputs("customer_id,given_name,family_name,email,mobile,dob,birth_city,birth_country,street,city,"
              "postal_code,country,nats,occupation,language\n",
              stdout);
    char *to = buffer;
    for (uint64_t row = 1; row <= rows; row++) {
        uint32_t key = rising ? (uint32_t)row : scatter((uint32_t)row ^ (uint32_t)seed);
        to = ndjson ? put_object(to, key) : put_row(to, key);
        if ((size_t)(buffer + BUFFER_SIZE - to) >= ROW_MAX && row < rows)
            continue;
        if (fwrite(buffer, 1, (size_t)(to - buffer), stdout) != (size_t)(to - buffer))
            break;
        to = buffer;
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "generate-rows: standard output: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}
