#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/ucnv.h>

#include "core/encoding_detect.h"

enum { BYTES_MAX = 8192 };

/* Invented customers: names and towns. */
static const struct {
    const char *language, *rows;
} texts[] = {
    {"ar", "محمد أحمد القاهرة\n"
           "فاطمة علي الإسكندرية\n"
           "يوسف إبراهيم الرياض\n"
           "عائشة حسن جدة\n"
           "خالد سعيد دبي\n"
           "مريم عبد الله عمان\n"},
    {"bg", "Георги Димитров Пловдив\n"
           "Мария Петрова Велико Търново\n"
           "Стоян Иванов Бургас\n"
           "Ивайло Христов София\n"
           "Цветанка Йорданова Хасково\n"
           "Боян Ангелов Кърджали\n"},
    {"cs", "Jiří Dvořák Plzeň\n"
           "Tomáš Novák Brno\n"
           "Lucie Svobodová České Budějovice\n"
           "Kateřina Procházková Ústí nad Labem\n"
           "Zdeněk Kučera Hradec Králové\n"
           "Ondřej Veselý Jihlava\n"
           "Šárka Horáková Olomouc\n"
           "Růžena Pokorná Děčín\n"
           "Lukáš Růžička Třebíč\n"
           "Věra Němcová Žďár\n"
           "Jana Malá Kladno\n"
           "Petr Beneš Zlín\n"},
    {"da", "Søren Kjær Århus\n"
           "Åse Nørgaard Ålborg\n"
           "Jørgen Bæk Næstved\n"
           "Mads Sørensen Køge\n"
           "Bodil Ærø Rønne\n"},
    {"de", "Jürgen Müller München\n"
           "Käthe Weiß Köln\n"
           "Björn Schröder Düsseldorf\n"
           "Günther Groß Nürnberg\n"
           "Ömer Bäcker Würzburg\n"
           "Ute Lange Lübeck\n"
           "Sören Jäger Göttingen\n"
           "Jörg Böhm Fürth\n"
           "Anna Schmidt Berlin\n"
           "Ärmel Öhler Überlingen\n"},
    {"el", "Γιώργος Παπαδόπουλος Αθήνα\n"
           "Ελένη Νικολάου Θεσσαλονίκη\n"
           "Κωνσταντίνος Οικονόμου Ηράκλειο\n"
           "Σοφία Καραγιάννη Πάτρα\n"
           "Δημήτρης Ιωάννου Λάρισα\n"
           "Άννα Βασιλείου Χανιά\n"},
    {"es", "José Muñoz Málaga\n"
           "María Ibáñez Cádiz\n"
           "Ángel Núñez Logroño\n"
           "Concepción García León\n"
           "Íñigo Peña A Coruña\n"
           "Lucía Fernández Almería\n"
           "Ramón Güell Jaén\n"
           "Inés Martínez Gijón\n"},
    {"fr", "José Lefèvre Orléans\n"
           "Hélène Dupré Besançon\n"
           "François Gauthier Nîmes\n"
           "Zoé Brûlé Angoulême\n"
           "Benoît Châtelain Béziers\n"
           "Gaëlle Fontaine Mâcon\n"
           "Raphaël Noël Évreux\n"
           "Léa Martin Saint-Étienne\n"
           "Aurélie Girard Sète\n"},
    {"he", "דוד כהן תל אביב\n"
           "רחל לוי ירושלים\n"
           "משה פרץ חיפה\n"
           "שרה מזרחי באר שבע\n"
           "יוסף ביטון נתניה\n"},
    {"hr", "Željko Marković Šibenik\n"
           "Ivana Horvat Čakovec\n"
           "Đurđa Kovačević Zagreb\n"
           "Goran Šarić Požega\n"
           "Marija Babić Đakovo\n"
           "Luka Perić Varaždin\n"
           "Žana Jurić Split\n"
           "Nikola Vuković Osijek\n"},
    {"hu", "László Szabó Székesfehérvár\n"
           "Erzsébet Kovács Győr\n"
           "Gergő Tóth Pécs\n"
           "Zsófia Nagy Szeged\n"
           "Ödön Fehér Kőszeg\n"
           "Tünde Horváth Hódmezővásárhely\n"
           "István Kiss Eger\n"
           "Ágnes Molnár Gödöllő\n"
           "Béla Fűzi Budapest\n"
           "Örs Döme Miskolc\n"},
    {"is", "Þórður Guðmundsson Reykjavík\n"
           "Sigríður Jónsdóttir Ísafjörður\n"
           "Ásgeir Þorsteinsson Höfn\n"
           "Guðrún Ægisdóttir Húsavík\n"
           "Björk Sæmundsdóttir Kópavogur\n"
           "Óðinn Ýmisson Akureyri\n"},
    {"ja", "山田 太郎 東京都新宿区\n"
           "佐藤 花子 大阪市北区\n"
           "鈴木 一郎 横浜市\n"
           "高橋 美咲 名古屋市\n"
           "田中 健太 福岡県\n"
           "渡辺 さくら 京都市左京区\n"
           "伊藤 ケンジ 札幌市\n"
           "小林 直樹 神戸市\n"
           "中村 恵子 仙台市\n"},
    {"ko", "김철수 서울특별시 강남구\n"
           "이영희 부산광역시 해운대구\n"
           "박지성 대구광역시 수성구\n"
           "최민수 인천광역시 남동구\n"
           "정수빈 광주광역시 북구\n"
           "강하늘 대전광역시 유성구\n"},
    {"lt", "Jonas Kazlauskas Šiauliai\n"
           "Rūta Žukauskaitė Panevėžys\n"
           "Eglė Petrauskienė Kėdainiai\n"
           "Mindaugas Čepas Plungė\n"
           "Jūratė Šimkutė Tauragė\n"
           "Žygimantas Būga Utena\n"},
    {"lv", "Jānis Bērziņš Rīga\n"
           "Līga Kalniņa Jūrmala\n"
           "Ģirts Ozoliņš Rēzekne\n"
           "Ķīpsala Vītols Kuldīga\n"
           "Ilze Šķēle Cēsis\n"
           "Andris Žagars Ogre\n"},
    {"pl", "Łukasz Wałęsa Łódź\n"
           "Małgorzata Dąbrowska Kraków\n"
           "Józef Piłsudski Gdańsk\n"
           "Agnieszka Wójcik Wrocław\n"
           "Paweł Kowalczyk Poznań\n"
           "Zofia Kamińska Częstochowa\n"
           "Grażyna Zielińska Białystok\n"
           "Stanisław Woźniak Rzeszów\n"
           "Bożena Szymańska Toruń\n"
           "Michał Jabłoński Świdnica\n"
           "Katarzyna Król Sopot\n"
           "Rafał Wróbel Żory\n"
           "Jan Nowak Opole\n"
           "Ewa Mazur Radom\n"
           "Wiesław Żak Zamość\n"
           "Elżbieta Pająk Chełm\n"},
    {"pt", "João Simões São Paulo\n"
           "Conceição Gonçalves Évora\n"
           "Antônio Magalhães Ribeirão Preto\n"
           "Inês Araújo Braga\n"
           "Estevão Guimarães Goiânia\n"
           "Lúcia Falcão Maceió\n"
           "Mônica Assunção Brasília\n"
           "Sebastião Brandão Florianópolis\n"},
    {"ro", "Ştefan Ionescu Bucureşti\n"
           "Mădălina Popescu Braşov\n"
           "Cătălin Dumitru Timişoara\n"
           "Ioana Râureanu Piteşti\n"
           "Andreea Ţepeş Galaţi\n"
           "Bogdan Stănescu Iaşi\n"
           "Ileana Pârvu Constanţa\n"
           "Răzvan Marin Bacău\n"
           "Ana Ciobanu Târgu Mureş\n"},
    {"ru", "Иван Петров Москва\n"
           "Екатерина Смирнова Нижний Новгород\n"
           "Юрий Щербаков Челябинск\n"
           "Алёна Кузнецова Ярославль\n"
           "Дмитрий Жуков Хабаровск\n"
           "Ольга Соловьёва Екатеринбург\n"
           "Сергей Цветков Пенза\n"
           "Наталья Фёдорова Уфа\n"},
    {"tr", "İbrahim Şahinoğlu Eskişehir\n"
           "Ayşe Yıldız İstanbul\n"
           "Çağla Öztürk Muğla\n"
           "Uğur Güneş Diyarbakır\n"
           "Gülşah Kılıç Şanlıurfa\n"
           "Ömer Çelik Iğdır\n"
           "Emine Aydın Balıkesir\n"},
    {"uk", "Олексій Шевченко Київ\n"
           "Ірина Ковальчук Чернігів\n"
           "Юлія Їжакевич Запоріжжя\n"
           "Андрій Ґалаґан Львів\n"
           "Оксана Мельник Вінниця\n"
           "Сергій Бойко Дніпро\n"
           "Тетяна Кравець Біла Церква\n"},
    {"zh", "王伟 北京市朝阳区\n"
           "李娜 上海市浦东新区\n"
           "张强 广州市天河区\n"
           "刘洋 成都市武侯区\n"
           "陈静 杭州市西湖区\n"
           "杨秀英 武汉市\n"
           "赵军 西安市雁塔区\n"
           "黄敏 深圳市南山区\n"
           "周杰 南京市鼓楼区\n"},
    {"zh_Hant", "陳大文 台北市信義區\n"
                "林美玲 高雄市左營區\n"
                "黃志明 新竹市東區\n"
                "張淑芬 台中市西屯區\n"
                "李國強 台南市安平區\n"
                "吳宗憲 桃園市中壢區\n"
                "劉德華 香港九龍\n"
                "蔡依林 新北市板橋區\n"},
};

static const struct {
    const char *language, *encoding;
} pairs[] = {
    {"pl", "windows-1250"}, {"pl", "iso-8859-2"},     {"pl", "cp852"},        {"pl", "x-mac-ce"},
    {"cs", "windows-1250"}, {"cs", "iso-8859-2"},     {"hu", "windows-1250"}, {"hu", "cp852"},
    {"ro", "windows-1250"}, {"hr", "windows-1250"},   {"de", "windows-1252"}, {"de", "macintosh"},
    {"de", "cp850"},        {"fr", "windows-1252"},   {"fr", "macintosh"},    {"fr", "cp850"},
    {"es", "windows-1252"}, {"es", "macintosh"},      {"es", "cp850"},        {"pt", "windows-1252"},
    {"pt", "macintosh"},    {"da", "windows-1252"},   {"is", "windows-1252"}, {"tr", "windows-1254"},
    {"tr", "cp857"},        {"ru", "windows-1251"},   {"ru", "koi8-r"},       {"ru", "cp866"},
    {"ru", "iso-8859-5"},   {"ru", "x-mac-cyrillic"}, {"uk", "windows-1251"}, {"uk", "koi8-u"},
    {"bg", "windows-1251"}, {"el", "windows-1253"},   {"el", "iso-8859-7"},   {"lt", "windows-1257"},
    {"lv", "windows-1257"}, {"he", "windows-1255"},   {"ar", "windows-1256"}, {"ja", "shift_jis"},
    {"ja", "euc-jp"},       {"zh", "gb18030"},        {"zh_Hant", "big5"},    {"ko", "euc-kr"},
};

static struct slice encode(const char *language, const char *encoding, char out[BYTES_MAX])
{
    const char *rows = NULL;
    UErrorCode status = U_ZERO_ERROR;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].language, language) == 0)
            rows = texts[i].rows;
    assert_non_null(rows);
    int32_t len = ucnv_convert(encoding, "utf-8", out, BYTES_MAX, rows, -1, &status);
    assert_true(U_SUCCESS(status));
    assert_null(memchr(out, 0x1a, (size_t)len)); /* what an encoding lacks */
    return slice_make(out, (size_t)len);
}

static void the_encoding_of_a_list_of_customers_comes_first(void **state)
{
    (void)state;
    size_t right = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct encoding_candidate candidates[ENCODING_CANDIDATES_MAX];
        char bytes[BYTES_MAX];
        struct arena arena;
        arena_init(&arena, 4096);
        struct slice text = encode(pairs[i].language, pairs[i].encoding, bytes);
        assert_true(encoding_detect(text, &arena, candidates) > 0);
        if (strcmp(candidates[0].name, pairs[i].encoding) == 0)
            right++;
        else
            print_message("# %s in %s is taken for %s\n", pairs[i].language, pairs[i].encoding,
                          candidates[0].name);
        arena_clear(&arena);
    }
    assert_int_equal(right, sizeof pairs / sizeof *pairs);
}

static const char *best_of(const char *bytes, struct encoding_candidate *best)
{
    struct encoding_candidate candidates[ENCODING_CANDIDATES_MAX];
    static char language[16];
    struct arena arena;

    arena_init(&arena, 4096);
    size_t count = encoding_detect(slice_from(bytes), &arena, candidates);
    assert_true(count > 0);
    *best = candidates[0];
    for (size_t i = 1; i < count; i++)
        assert_true(candidates[i].score <= candidates[i - 1].score);
    strncpy(language, best->language ? best->language : "", sizeof language - 1);
    best->language = language; /* the arena's own goes */
    arena_clear(&arena);
    return best->name;
}

static void one_sign_may_be_enough(void **state)
{
    (void)state;
    struct encoding_candidate best;
    assert_string_equal(best_of("Pat O\x92Neill,Cork\n", &best), "windows-1252");
    assert_string_equal(best_of("M\x81ller,Z\x81"
                                "rich\n",
                                &best),
                        "cp850");
    assert_string_equal(best_of("Jos\x8e M\x9fller,Z\x9frich\n", &best), "macintosh");
    assert_string_equal(best_of("\xa3ukasz Wa\xb3\xea"
                                "sa,\xa3\xf3"
                                "d\x9f\n",
                                &best),
                        "windows-1250");
    assert_string_equal(best.language, "Polish");
}

static void letters_are_counted_and_words_are_not_kept(void **state)
{
    (void)state;
    struct encoding_candidate candidates[ENCODING_CANDIDATES_MAX];
    struct arena arena;
    arena_init(&arena, 4096);
    assert_true(encoding_detect(SLICE_LITERAL("id,name\n1,M\xfcller\n2,Gr\xfcn\xe4u\n"), &arena, candidates) >
                0);
    assert_int_equal(candidates[0].letter_count, 2);
    assert_int_equal(candidates[0].letters[0].code, 0xfc);
    assert_int_equal(candidates[0].letters[0].count, 2);
    assert_int_equal(candidates[0].letters[1].code, 0xe4);
    arena_clear(&arena);
}

static void bytes_that_are_no_text_are_no_text(void **state)
{
    (void)state;
    struct encoding_candidate best;
    char bytes[1025] = "";
    for (unsigned i = 0; i < 1024; i++)
        bytes[i] = (char)(0x80 | (i * 2654435761u >> 24));
    best_of(bytes, &best);
    assert_true(best.score < 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_encoding_of_a_list_of_customers_comes_first),
        cmocka_unit_test(one_sign_may_be_enough),
        cmocka_unit_test(letters_are_counted_and_words_are_not_kept),
        cmocka_unit_test(bytes_that_are_no_text_are_no_text),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("encoding_detect", tests, NULL, NULL);
}
