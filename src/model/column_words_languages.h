/* column_words_languages: names of columns in languages whose exports have them, beside those of the synonyms
 * (English, German, French, Spanish, Italian); for column_name.c alone.
 *
 * Folded and in one word as by text_name_key, so without the marks of their letters; in a list, each has a
 * blank before and behind it. Thread: constant.
 */
#ifndef KYC_MODEL_COLUMN_WORDS_LANGUAGES_H
#define KYC_MODEL_COLUMN_WORDS_LANGUAGES_H

#include "model/field.h"

static const struct {
    enum field_id field;
    const char *names;
} names_by_language[] = {
    {FIELD_EXTERNAL_ID,
     " номерклиента кодклиента idклиента номерклієнта"
     " кодклієнта 会員番号 顧客番号 顧客コート 顧客id 会員id 客户编号"
     " 客户号 客户id 会员编号 会员号 用户id 고객번호"
     " 회원번호 고객id κωδικοσπελατη رقمالعميل"
     " asiakasnumero kundnummer musterino musterinumarasi ugyfelszam ugyfelazonosito cislozakaznika"
     " cisloklienta kodklienta numerklienta nrklienta codclient numerodecliente codigodecliente"
     " codigodocliente numerodocliente codicecliente "},
    {FIELD_EMAIL, " электроннаяпочта элпочта почта емеил"
                  " електроннапошта メールアトレス メール eメール 邮箱 电子邮箱"
                  " 电子邮件 邮箱地址 이메일 이메일주소"
                  " ηλεκτρονικοταχυδρομειο البريدالالكتروني sahkoposti"
                  " eposta epostaadresi adresemail emailadres "},
    {FIELD_PHONE, " телефон мобильныителефон номертелефона мобильныи"
                  " номертелефону 電話番号 電話 携帯電話 携帯番号 携帯電話番号"
                  " 手机 手机号 手机号码 电话 电话号码 联系电话 전화번호"
                  " 휴대폰 휴대폰번호 휴대전화"
                  " τηλεφωνο κινητο رقمالهاتف puhelin puhelinnumero mobilnummer telefonszam"
                  " numertelefonu ceptelefonu telefoonnummer mobiel "},
    {FIELD_FIRST_NAME, " имя імя 名 名字 이름 ονομα الاسمالاول etunimi etunimet"
                       " fornavn fornamn keresztnev jmeno krestnijmeno prenume nomeproprio "},
    {FIELD_MIDDLE_NAME, " отчество побатькові "},
    {FIELD_LAST_NAME, " фамилия прізвище 姓 姓氏 성 επωνυμο اسمالعايلة"
                      " sukunimi efternavn etternavn efternamn achternaam soyad soyadi vezeteknev prijmeni"
                      " numedefamilie sobrenome "},
    {FIELD_DATE_OF_BIRTH,
     " датарождения деньрождения датанародження 生年月日"
     " 誕生日 出生日期 生日 생년월일"
     " ημερομηνιαγεννησησ تاريخالميلاد syntymaaika syntymapaiva"
     " fodselsdato fodselsdag fodelsedatum dogumtarihi szuletesidatum szuletesiido datumnarozeni"
     " datanasterii datadenascimento datanascimento "},
    {FIELD_BIRTH_CITY,
     " месторождения городрождения місценародження 出生地"
     " 출생지 τοποσγεννησησ مكانالميلاد syntymapaikka"
     " fodested fodelseort dogumyeri szuletesihely mistonarozeni loculnasterii geboorteplaats"
     " naturalidade "},
    {FIELD_BIRTH_COUNTRY, " странарождения 出生国 出生国家 χωραγεννησησ syntymamaa"
                          " geboorteland krajurodzenia paisdenascimento "},
    {FIELD_ADDRESS_LINE1, " адрес улица адреспроживания адресрегистрации"
                          " адреса вулиця 住所 住所1 番地 町名番地 地址 详细地址 街道"
                          " 주소 διευθυνση العنوان katuosoite lahiosoite gatuadress ulice ulicainr"
                          " ulicainumer ulicanr rua morada straat "},
    {FIELD_ADDRESS_LINE2, " 建物名 住所2 マンション名 "},
    {FIELD_CITY, " город населенныипункт місто 市区町村 市町村 城市"
                 " 도시 πολη المدينة kaupunki postitoimipaikka poststed postort sehir varos"
                 " telepules mesto oras localitate woonplaats localidade "},
    {FIELD_STATE, " область регион краи 都道府県 省 省份 시도 νομοσ "},
    {FIELD_POSTAL_CODE, " индекс почтовыииндекс поштовииіндекс 郵便番号 邮编"
                        " 邮政编码 우편번호 ταχυδρομικοσκωδικασ τκ"
                        " الرمزالبريدي postinumero postnummer postnr postakodu iranyitoszam psc"
                        " postovnismerovacicislo codpostal "},
    {FIELD_COUNTRY, " страна краіна 国 国名 国家 국가 χωρα الدولة ulke orszag"
                    " zeme tara "},
    {FIELD_NATIONALITIES,
     " гражданство громадянство 国籍 국적 υπηκοοτητα"
     " εθνικοτητα الجنسية kansalaisuus statsborgerskab statsborgerskap medborgarskap"
     " uyruk uyrugu allampolgarsag obcanstvi statniprislusnost cetatenie nationaliteit "},
    {FIELD_GENDER, " пол стать 性別 性别 성별 φυλο الجنس sukupuoli cinsiyet"
                   " pohlavi geslacht "},
    {FIELD_OCCUPATION, " профессия должность професія 職業 职业 직업"
                       " επαγγελμα المهنة ammatti meslek meslegi foglalkozas povolani profesie beroep "},
    {FIELD_EMPLOYER_NAME, " местоработы работодатель 勤務先 工作单位 εργοδοτησ"
                          " tyonantaja munkaltato zamestnavatel "},
    {FIELD_LANGUAGE, " язык мова 言語 语言 언어 γλωσσα kieli dil nyelv jazyk "},
    {FIELD_TAX_ID, " инн іпн αφμ "},
};

#endif
