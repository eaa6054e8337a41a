/* The states of the US, as the USPS abbreviates them (Publication 28, Appendix B). */
#include "model/country.h"

#include <string.h>

#include "core/text.h"

struct us_state {
    char code[3];
    const char *name; /* folded, without blanks */
};

static const struct us_state us_states[] = {
    {"AL", "alabama"},
    {"AK", "alaska"},
    {"AZ", "arizona"},
    {"AR", "arkansas"},
    {"CA", "california"},
    {"CO", "colorado"},
    {"CT", "connecticut"},
    {"DE", "delaware"},
    {"FL", "florida"},
    {"GA", "georgia"},
    {"HI", "hawaii"},
    {"ID", "idaho"},
    {"IL", "illinois"},
    {"IN", "indiana"},
    {"IA", "iowa"},
    {"KS", "kansas"},
    {"KY", "kentucky"},
    {"LA", "louisiana"},
    {"ME", "maine"},
    {"MD", "maryland"},
    {"MA", "massachusetts"},
    {"MI", "michigan"},
    {"MN", "minnesota"},
    {"MS", "mississippi"},
    {"MO", "missouri"},
    {"MT", "montana"},
    {"NE", "nebraska"},
    {"NV", "nevada"},
    {"NH", "newhampshire"},
    {"NJ", "newjersey"},
    {"NM", "newmexico"},
    {"NY", "newyork"},
    {"NC", "northcarolina"},
    {"ND", "northdakota"},
    {"OH", "ohio"},
    {"OK", "oklahoma"},
    {"OR", "oregon"},
    {"PA", "pennsylvania"},
    {"RI", "rhodeisland"},
    {"SC", "southcarolina"},
    {"SD", "southdakota"},
    {"TN", "tennessee"},
    {"TX", "texas"},
    {"UT", "utah"},
    {"VT", "vermont"},
    {"VA", "virginia"},
    {"WA", "washington"},
    {"WV", "westvirginia"},
    {"WI", "wisconsin"},
    {"WY", "wyoming"},
    {"DC", "districtofcolumbia"},
    {"DC", "washingtondc"},
    {"DC", "dc"},
    /* territories, and the states in free association whose post the USPS carries */
    {"AS", "americansamoa"},
    {"GU", "guam"},
    {"MP", "northernmarianaislands"},
    {"PR", "puertorico"},
    {"VI", "virginislands"},
    {"VI", "usvirginislands"},
    {"VI", "unitedstatesvirginislands"},
    {"UM", "usminoroutlyingislands"},
    {"UM", "unitedstatesminoroutlyingislands"},
    {"FM", "federatedstatesofmicronesia"},
    {"MH", "marshallislands"},
    {"PW", "palau"},
    /* armed forces */
    {"AA", "armedforcesamericas"},
    {"AE", "armedforceseurope"},
    {"AE", "armedforcesafrica"},
    {"AE", "armedforcescanada"},
    {"AE", "armedforcesmiddleeast"},
    {"AP", "armedforcespacific"},
};

enum { US_STATE_COUNT = sizeof us_states / sizeof *us_states };

static const char *find_state_code(const char code[2])
{
    for (size_t i = 0; i < US_STATE_COUNT; i++)
        if ((code[0] & ~0x20) == us_states[i].code[0] && (code[1] & ~0x20) == us_states[i].code[1])
            return us_states[i].code;
    return NULL;
}

/* Blanks aside. */
static bool is_name(struct slice folded, const char *name)
{
    for (size_t i = 0; i < folded.len; i++)
        if (folded.data[i] != ' ' && folded.data[i] != *name++)
            return false;
    return *name == '\0';
}

const char *country_us_state(struct slice text, struct arena *arena)
{
    if (text.len == 2)
        return find_state_code(text.data);
    struct slice folded = text_fold_name(text, arena);
    for (size_t i = 0; i < US_STATE_COUNT; i++)
        if (is_name(folded, us_states[i].name))
            return us_states[i].code;
    return NULL;
}
