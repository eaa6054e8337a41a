#include "rules/phone_number.h"

#include <cstring>
#include <mutex>
#include <new>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

extern "C" {
#include "core/memory.h"
}

using i18n::phonenumbers::Logger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace
{

class SilentLogger : public Logger
{
  public:
    void WriteMessage(const std::string &) override {}
};

} // namespace

/* GetInstance sets a logger that writes numbers to standard output, so the logger is replaced after it.
 * Created on first use: loading the number plans takes milliseconds. */
static const PhoneNumberUtil &library()
{
    static std::once_flag once;
    static const PhoneNumberUtil *instance;
    std::call_once(once, [] {
        std::set_new_handler(memory_out);
        instance = PhoneNumberUtil::GetInstance();
        static SilentLogger logger;
        logger.set_level(0);
        Logger::set_logger_impl(&logger);
    });
    return *instance;
}

static phone_number_result check_length(const PhoneNumber &number)
{
    switch (library().IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::IS_POSSIBLE:
        return PHONE_NUMBER_OK;
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
        return PHONE_NUMBER_LOCAL_ONLY;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
        return PHONE_NUMBER_BAD_CODE;
    case PhoneNumberUtil::TOO_SHORT:
        return PHONE_NUMBER_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG:
        return PHONE_NUMBER_TOO_LONG;
    default:
        return PHONE_NUMBER_BAD_LENGTH;
    }
}

static bool format_e164(const PhoneNumber &number, char out[PHONE_NUMBER_SIZE])
{
    std::string e164;
    library().Format(number, PhoneNumberUtil::E164, &e164);
    if (e164.size() >= PHONE_NUMBER_SIZE)
        return false;
    std::memcpy(out, e164.c_str(), e164.size() + 1);
    return true;
}

/* Of a national number that was read: true when it is a valid and another number with a plus before it, and
 * that reading is plausible. National numbers seldom have 12 digits. */
static bool is_ambiguous(const std::string &text, const PhoneNumber &number, const struct phone_number *out)
{
    std::string digits = text;
    library().NormalizeDigitsOnly(&digits);
    std::string code = std::to_string(number.country_code());
    bool may_be = digits.compare(0, code.size(), code) == 0 || !out->is_valid || digits.size() >= 12;
    PhoneNumber other;
    char with_plus[PHONE_NUMBER_SIZE];
    return may_be && digits[0] != '0' &&
           library().Parse("+" + digits, "ZZ", &other) == PhoneNumberUtil::NO_PARSING_ERROR &&
           library().IsValidNumber(other) && format_e164(other, with_plus) &&
           std::strcmp(with_plus, out->e164) != 0;
}

enum phone_number_result phone_number_read(const char *text, size_t len, const char *region,
                                           struct phone_number *out)
{
    std::string source(text, len);
    PhoneNumber number;
    switch (library().Parse(source, region, &number)) {
    case PhoneNumberUtil::NO_PARSING_ERROR:
        break;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
        return PHONE_NUMBER_BAD_CODE;
    case PhoneNumberUtil::TOO_SHORT_NSN:
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
        return PHONE_NUMBER_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG_NSN:
        return PHONE_NUMBER_TOO_LONG;
    default:
        return PHONE_NUMBER_UNREADABLE;
    }
    if (number.has_extension())
        return PHONE_NUMBER_EXTENSION;
    phone_number_result result = check_length(number);
    if (result != PHONE_NUMBER_OK)
        return result;

    if (!format_e164(number, out->e164))
        return PHONE_NUMBER_TOO_LONG;
    out->is_valid = library().IsValidNumber(number);
    bool is_national = std::strcmp(region, "ZZ") != 0;
    return is_national && is_ambiguous(source, number, out) ? PHONE_NUMBER_AMBIGUOUS : PHONE_NUMBER_OK;
}

bool phone_number_is_valid(const char *e164, size_t len)
{
    PhoneNumber number;
    return library().Parse(std::string(e164, len), "ZZ", &number) == PhoneNumberUtil::NO_PARSING_ERROR &&
           library().IsValidNumber(number);
}
