#include "rules/damage.h"

#include "rules/guards.h"

/* Errors of spreadsheets, as their cells show them. Sources: Microsoft's pages on the function ERROR.TYPE and
 * on the errors of formulas, in each language; LibreOffice, "Error Codes in LibreOffice Calc". Of each
 * language only those that are not in the list before; letters of ASCII in either case. */
static const char *const errors[] = {
    /* English, and the languages that use its words */
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
    "#N/A!",
    "#GETTING_DATA",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#CONNECT!",
    "#UNKNOWN!",
    "#BUSY!",
    "#PYTHON!",
    "#ERROR!",
    "#EXTERNAL!",
    "#CIRCULAR!",
    /* German */
    "#NV",
    "#BEZUG!",
    "#WERT!",
    "#ZAHL!",
    "#LEER!",
    "#ÜBERLAUF!",
    "#KALK!",
    "#FELD!",
    /* Spanish */
    "#¡NULO!",
    "#¡DIV/0!",
    "#¡VALOR!",
    "#¡REF!",
    "#¿NOMBRE?",
    "#¡NUM!",
    "#¡DESBORDAMIENTO!",
    "#¡CALC!",
    "#¡CAMPO!",
    /* French */
    "#NUL!",
    "#VALEUR!",
    "#NOM?",
    "#NOMBRE!",
    "#PROPAGATION!",
    "#CHAMP!",
    /* Italian */
    "#NULLO!",
    "#VALORE!",
    "#RIF!",
    "#NOME?",
    "#N/D",
    "#N.D.",
    "#ESPANSIONE!",
    "#CAMPO!",
    /* Portuguese */
    "#NULO!",
    "#VALOR!",
    "#NÚM!",
    "#DESPEJAR!",
    "#EXCEDIDO!",
    /* Dutch */
    "#LEEG!",
    "#DEEL/0!",
    "#WAARDE!",
    "#VERW!",
    "#NAAM?",
    "#GETAL!",
    "#N/B",
    "#OVERLOOP!",
    "#VELD!",
    /* Polish */
    "#ZERO!",
    "#DZIEL/0!",
    "#ARG!",
    "#ADR!",
    "#NAZWA?",
    "#LICZBA!",
    "#N/D!",
    "#ROZLANIE!",
    "#POLE!",
    /* Danish, Norwegian, Swedish, Finnish */
    "#DIVISION/0!",
    "#VÆRDI!",
    "#REFERENCE!",
    "#NAVN?",
    "#I/T",
    "#VERDI!",
    "#SKÄRNING!",
    "#VÄRDEFEL!",
    "#REFERENS!",
    "#NAMN?",
    "#OGILTIGT!",
    "#SAKNAS!",
    "#SAKNAS",
    "#TYHJÄ!",
    "#JAKO/0!",
    "#ARVO!",
    "#VIITTAUS!",
    "#NIMI?",
    "#LUKU!",
    "#PUUTTUU!",
    "#PUUTTUU",
    /* Czech, Slovak, Hungarian, Slovenian, Croatian, Romanian */
    "#DĚLENÍ_NULOU!",
    "#HODNOTA!",
    "#ODKAZ!",
    "#NÁZEV?",
    "#ČÍSLO!",
    "#NENÍ_K_DISPOZICI",
    "#NEPLATNÝ!",
    "#DELENIENULOU!",
    "#NÁZOV?",
    "#NEDOSTUPNÝ",
    "#NULLA!",
    "#ZÉRÓOSZTÓ!",
    "#ÉRTÉK!",
    "#HIV!",
    "#NÉV?",
    "#SZÁM!",
    "#HIÁNYZIK",
    "#NIČ!",
    "#DEL/0!",
    "#VREDN!",
    "#SKLIC!",
    "#IME?",
    "#ŠTEV!",
    "#N/V",
    "#VRIJEDNOST!",
    "#BROJ!",
    "#DIJ/0!",
    "#NAZIV?",
    "#VALOARE!",
    "#NUME?",
    /* Turkish, Greek, Russian */
    "#BOŞ!",
    "#SAYI/0!",
    "#DEĞER!",
    "#BAŞV!",
    "#AD?",
    "#SAYI!",
    "#YOK",
    "#ΤΙΜΗ!",
    "#ΑΡΙΘ!",
    "#ΔΙΑΙΡ./0!",
    "#ΟΝΟΜΑ?",
    "#Δ/Υ",
    "#ΑΝΑΦ!",
    "#ΚΕΝΟ!",
    "#ПУСТО!",
    "#ДЕЛ/0!",
    "#ЗНАЧ!",
    "#ССЫЛКА!",
    "#ИМЯ?",
    "#ЧИСЛО!",
    "#Н/Д",
};

/* Of programs and databases; letters of either case. */
static const char *const null_words[] = {"null",   "nan",    "undefined", "(null)", "<null>",
                                         "[null]", "(none)", "<na>",      "\\n"};

static bool is_same(struct slice text, const char *word)
{
    for (size_t i = 0; i < text.len; i++)
        if (ascii_lower(text.data[i]) != ascii_lower(word[i]) || word[i] == '\0')
            return false;
    return word[text.len] == '\0';
}

static size_t count_digits(struct slice text)
{
    size_t count = 0;
    while (count < text.len && ascii_is_digit(text.data[count]))
        count++;
    return count;
}

/* 1E5 and 12E34567 are codes that people gave: an exponent has a sign before two or three digits, or decimals
 * and one digit before them, as no code has. */
static enum damage find_number(struct slice text)
{
    guards_find(text, &text);
    text = slice_skip(text, text.len > 0 && (*text.data == '+' || *text.data == '-'));
    size_t digits = count_digits(text);
    struct slice rest = slice_skip(text, digits);
    if (digits == 0 || rest.len == 0)
        return DAMAGE_NONE;
    if (slice_is(rest, ".0") || slice_is(rest, ",0"))
        return DAMAGE_DECIMAL;
    size_t decimals = *rest.data == '.' || *rest.data == ',' ? count_digits(slice_skip(rest, 1)) : 0;
    rest = slice_skip(rest, decimals ? decimals + 1 : 0);
    if (digits > 1 || rest.len == 0 || ascii_lower(*rest.data) != 'e')
        return DAMAGE_NONE;
    bool is_signed = rest.len > 1 && (rest.data[1] == '+' || rest.data[1] == '-');
    rest = slice_skip(rest, 1 + is_signed);
    if (rest.len == 0 || count_digits(rest) != rest.len)
        return DAMAGE_NONE;
    bool is_exponent = is_signed ? rest.len == 2 || rest.len == 3 : decimals > 0;
    return is_exponent ? DAMAGE_EXPONENT : DAMAGE_NONE;
}

/* `Err:522` of LibreOffice. */
static bool is_calc_error(struct slice text)
{
    return text.len == 7 && is_same(slice_make(text.data, 4), "err:") &&
           count_digits(slice_skip(text, 4)) == 3;
}

/* `[object Object]` of JavaScript. */
static bool is_object(struct slice text)
{
    return slice_begins_with(text, "[object ") && text.data[text.len - 1] == ']';
}

/* A text that begins with `#`. */
static enum damage find_error(struct slice text)
{
    enum { HASHES_MIN = 3 };
    size_t hashes = 1;
    while (hashes < text.len && text.data[hashes] == '#')
        hashes++;
    if (hashes == text.len)
        return hashes >= HASHES_MIN ? DAMAGE_HASHES : DAMAGE_NONE;
    for (size_t i = 0; hashes == 1 && i < sizeof errors / sizeof *errors; i++)
        if (is_same(text, errors[i]))
            return DAMAGE_ERROR;
    return DAMAGE_NONE;
}

static enum damage find_null(struct slice text)
{
    for (size_t i = 0; i < sizeof null_words / sizeof *null_words; i++)
        if (is_same(text, null_words[i]))
            return DAMAGE_NULL;
    return DAMAGE_NONE;
}

enum damage damage_find(struct slice text, unsigned kinds)
{
    if (!damage_may_be(text, kinds))
        return DAMAGE_NONE;
    switch (ascii_lower(*text.data)) {
    case '#':
        return find_error(text);
    case 'e':
        return is_calc_error(text) ? DAMAGE_ERROR : DAMAGE_NONE;
    case '[':
        return is_object(text) ? DAMAGE_OBJECT : find_null(text);
    case 'n':
    case 'u':
    case '<':
    case '(':
    case '\\':
        return find_null(text);
    default:
        return find_number(text);
    }
}

unsigned damage_kinds(enum field_id field)
{
    if (field_is_document_number(field))
        return DAMAGE_WORDS | DAMAGE_STRICT | DAMAGE_NUMBERS;
    switch (field_type(field)) {
    case FIELD_TYPE_TEXT:
    case FIELD_TYPE_NAME:
        return DAMAGE_WORDS;
    case FIELD_TYPE_PHONE:
    case FIELD_TYPE_DATE:
    case FIELD_TYPE_TIME:
        return DAMAGE_WORDS | DAMAGE_STRICT;
    default:
        return DAMAGE_WORDS | DAMAGE_STRICT | DAMAGE_NUMBERS;
    }
}

const char *damage_describe(struct record_context *context, struct slice text, enum damage damage)
{
    static const char *const facts[] = {
        [DAMAGE_NONE] = "",
        [DAMAGE_DECIMAL] =
            "is a number that a program rewrote as a decimal number; export the column as text",
        [DAMAGE_EXPONENT] =
            "is a number that a program rewrote with an exponent, and it may have lost digits; export the column as text",
        [DAMAGE_ERROR] = "is an error of a spreadsheet; correct its formula and export again",
        [DAMAGE_HASHES] =
            "is what a spreadsheet shows where a column is too narrow; widen the column and export again",
        [DAMAGE_OBJECT] = "is what a program wrote in place of an object; export one of its members",
        [DAMAGE_NULL] =
            "is a word for no value; if that is what it means, add it to input.null_values in the job",
    };
    return arena_printf(context->arena, "%s %s", record_context_quote(context, text), facts[damage]).data;
}

bool damage_report(struct record_context *context, const struct field_plan *plan, struct slice text)
{
    enum damage damage = damage_find(text, plan->damage);
    if (damage == DAMAGE_NONE || (plan->exact && value_map_find(plan->exact, text)) ||
        (plan->folded && value_map_find(plan->folded, text)))
        return true;
    bool is_certain = damage != DAMAGE_NULL || plan->damage & DAMAGE_STRICT;
    return record_context_judge(context, plan->field, is_certain ? VERDICT_REJECT : VERDICT_WARN,
                                RULE_DAMAGED, damage_describe(context, text, damage));
}
