/* Writes src/rules/phone_plan.c, the table of rules/phone_plan.h, from the metadata of the installed
 * libphonenumber: `make phone-plan`. The first argument is the library's version, for the head of the table.
 *
 * Of each calling code the metadata of its main region counts, as in the library's own check of a number with
 * a plus. A first digit is left out when the region's pattern of national prefixes (trunk zeros, carrier
 * codes, mobile tokens) matches the beginning of some number of a possible length: the library may rewrite
 * such numbers, as those of +52 1…, +54 11 15…, +55 90…, +61 183…, +86 1…, +352 15… and +375 8…. The pattern
 * is tried on every beginning of five digits. A leading zero must moreover fit the general pattern of the
 * region's numbers.
 */
#include <cstdint>
#include <cstdio>
#include <map>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include <phonenumbers/phonemetadata.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::PhoneMetadata;
using i18n::phonenumbers::PhoneMetadataCollection;
using i18n::phonenumbers::PhoneNumberUtil;

/* The metadata that is compiled into the library; its header is not installed. */
namespace i18n::phonenumbers
{
int metadata_size();
const void *metadata_get();
} // namespace i18n::phonenumbers

struct plan {
    unsigned lengths, first_digits;
};

enum { BEGINNINGS = 100000, LENGTH_MAX = 15 };

static std::vector<size_t> lengths_of(const PhoneMetadata &region)
{
    std::vector<size_t> lengths;
    for (int length : region.general_desc().possible_length())
        if (length > 0 && length <= LENGTH_MAX)
            lengths.push_back(static_cast<size_t>(length));
    return lengths;
}

/* Of the first digit of every number that begins with five given digits: is_prefix tells whether the national
 * prefix matches, is_number whether the whole is a number. */
static unsigned first_digits_of(const PhoneMetadata &region)
{
    std::regex prefix(region.national_prefix_for_parsing());
    std::regex number(region.general_desc().national_number_pattern());
    bool has_prefix = !region.national_prefix_for_parsing().empty();
    unsigned rewritten = 0, begun = 0;
    std::mt19937 random(1);
    for (int beginning = 0; beginning < BEGINNINGS; beginning++) {
        char digits[LENGTH_MAX + 1];
        std::snprintf(digits, sizeof digits, "%05d%010u", beginning, static_cast<unsigned>(random()));
        unsigned bit = 1u << (digits[0] - '0');
        for (size_t length : lengths_of(region)) {
            std::string text(digits, length);
            std::smatch match;
            if (has_prefix && !(rewritten & bit) &&
                std::regex_search(text, match, prefix, std::regex_constants::match_continuous) &&
                match.length() > 0)
                rewritten |= bit;
            if (bit == 1 && !(begun & bit) && std::regex_match(text, number))
                begun |= bit;
        }
    }
    return ~rewritten & (0x3feu | begun);
}

int main(int argc, char **argv)
{
    PhoneMetadataCollection metadata;
    if (argc != 2 ||
        !metadata.ParseFromArray(i18n::phonenumbers::metadata_get(), i18n::phonenumbers::metadata_size())) {
        std::fprintf(stderr, "usage: make-phone-plan VERSION\n");
        return 2;
    }
    std::map<int, plan> plans;
    for (const PhoneMetadata &region : metadata.metadata()) {
        std::string main_region;
        PhoneNumberUtil::GetInstance()->GetRegionCodeForCountryCode(region.country_code(), &main_region);
        if (region.id() != main_region && region.id() != "001")
            continue;
        plan plan = {0, first_digits_of(region)};
        for (size_t length : lengths_of(region))
            plan.lengths |= 1u << length;
        plans[region.country_code()] = plan;
    }

    std::printf(
        "/* Made by scripts/make-phone-plan.cc: do not edit. From the metadata of libphonenumber %s. */\n"
        "#include \"rules/phone_plan.h\"\n\n/* clang-format off */\n\n"
        "const struct phone_plan phone_plan_of_code[PHONE_PLAN_CODES] = {\n",
        argv[1]);
    for (const auto &[code, plan] : plans)
        std::printf("    [%d] = {0x%04x, 0x%03x},\n", code, plan.lengths, plan.first_digits);
    std::printf("};\n");
    return 0;
}
