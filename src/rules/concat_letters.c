#include "rules/concat_letters.h"

#include <stddef.h>

/* In the order of the code points. */
static const struct {
    uint32_t code_point;
    const char *letters;
} table[] = {
    {0x00C6, "A"},  /* Æ */
    {0x00D0, "D"},  /* Ð */
    {0x00D8, "O"},  /* Ø */
    {0x00DE, "T"},  /* Þ */
    {0x00DF, "S"},  /* ß */
    {0x0110, "D"},  /* Đ */
    {0x0126, "H"},  /* Ħ */
    {0x0131, "I"},  /* ı */
    {0x0132, "IJ"}, /* Ĳ */
    {0x0138, "K"},  /* ĸ */
    {0x0141, "L"},  /* Ł */
    {0x014A, "N"},  /* Ŋ */
    {0x0152, "O"},  /* Œ */
    {0x0166, "T"},  /* Ŧ */
    {0x018F, "E"},  /* Ə */
    {0x0391, "A"},  /* Α */
    {0x0392, "V"},    {0x0393, "G"},  {0x0394, "D"},  {0x0395, "E"},  {0x0396, "Z"},  {0x0397, "I"},
    {0x0398, "TH"},   {0x0399, "I"},  {0x039A, "K"},  {0x039B, "L"},  {0x039C, "M"},  {0x039D, "N"},
    {0x039E, "X"},    {0x039F, "O"},  {0x03A0, "P"},  {0x03A1, "R"},  {0x03A3, "S"},  {0x03A4, "T"},
    {0x03A5, "Y"},    {0x03A6, "F"},  {0x03A7, "CH"}, {0x03A8, "PS"}, {0x03A9, "O"}, /* Ω */
    {0x0401, "E"},                                                                   /* Ё */
    {0x0402, "D"},                                                                   /* Ђ */
    {0x0403, "G"},                                                                   /* Ѓ */
    {0x0404, "IE"},                                                                  /* Є */
    {0x0405, "DZ"},                                                                  /* Ѕ */
    {0x0406, "I"},                                                                   /* І */
    {0x0407, "I"},                                                                   /* Ї */
    {0x0408, "J"},                                                                   /* Ј */
    {0x0409, "LJ"},                                                                  /* Љ */
    {0x040A, "NJ"},                                                                  /* Њ */
    {0x040B, "C"},                                                                   /* Ћ */
    {0x040C, "K"},                                                                   /* Ќ */
    {0x040E, "U"},                                                                   /* Ў */
    {0x040F, "DZ"},                                                                  /* Џ */
    {0x0410, "A"},                                                                   /* А */
    {0x0411, "B"},    {0x0412, "V"},  {0x0413, "G"},  {0x0414, "D"},  {0x0415, "E"},  {0x0416, "ZH"},
    {0x0417, "Z"},    {0x0418, "I"},  {0x0419, "I"},  {0x041A, "K"},  {0x041B, "L"},  {0x041C, "M"},
    {0x041D, "N"},    {0x041E, "O"},  {0x041F, "P"},  {0x0420, "R"},  {0x0421, "S"},  {0x0422, "T"},
    {0x0423, "U"},    {0x0424, "F"},  {0x0425, "KH"}, {0x0426, "TS"}, {0x0427, "CH"}, {0x0428, "SH"},
    {0x0429, "SHCH"}, {0x042A, "IE"},                 /* Ъ */
    {0x042B, "Y"},    {0x042C, ""},                   /* Ь */
    {0x042D, "E"},    {0x042E, "IU"}, {0x042F, "IA"}, /* Я */
    {0x0490, "G"},                                    /* Ґ */
    {0x1E9E, "S"},                                    /* ẞ */
};

const char *concat_letters_of(uint32_t code_point)
{
    size_t low = 0, high = sizeof table / sizeof *table;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table[middle].code_point == code_point)
            return table[middle].letters;
        if (table[middle].code_point < code_point)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
