"""Countries as lists write them, as codes of ISO 3166-1.

Lists name countries by code, by name and by phrase, spelt in many ways, sometimes several in one
cell. What is no country of ISO 3166-1 (a region, a withdrawn code, a misprint) is handed back as it
was written, never guessed:

>>> countries_in("CHINA, PEOPLE'S REPUBLIC OF"), countries_in("Cote d'lvoire")
((('CN',), ''), (('CI',), ''))
>>> countries_in("IL REGION: WEST BANK AN", codes=True)
(('IL', 'PS'), 'AN')

The names are those of ISO 3166-1 in English and those that the published lists use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from attest.countries import COUNTRIES

_NAMES: Final = """
AD Andorra|AE United Arab Emirates/UAE|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania
AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba
AX Aland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina/Bosnia Herzegovina/Bosnia|BB Barbados
BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin
BL Saint Barthelemy|BM Bermuda|BN Brunei Darussalam/Brunei|BO Bolivia
BQ Bonaire Sint Eustatius and Saba|BR Brazil|BS Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana
BY Belarus|BZ Belize|CA Canada|CC Cocos Keeling Islands/Cocos Islands
CD Democratic Republic of the Congo/Congo Democratic Republic of the/Congo Democratic Republic
CD Congo Democratic Republic of/DR Congo/Congo Kinshasa/Zaire|CF Central African Republic
CG Congo/Republic of the Congo/Congo Republic of the/Congo Brazzaville|CH Switzerland
CI Cote dIvoire/Cote dlvoire/Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon
CN China/Peoples Republic of China/China Peoples Republic of/PRC/PR China|CO Colombia|CR Costa Rica
CU Cuba|CV Cabo Verde/Cape Verde|CW Curacao|CX Christmas Island|CY Cyprus|CZ Czechia/Czech Republic
DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia
EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji
FK Falkland Islands Malvinas/Falkland Islands|FM Micronesia Federated States of/Micronesia
FM Federated States of Micronesia|FO Faroe Islands|FR France|GA Gabon
GB United Kingdom/UK/Great Britain/England/Scotland/Wales/Northern Ireland
GB United Kingdom of Great Britain and Northern Ireland
GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland
GM Gambia/Gambia The/The Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece
GS South Georgia and the South Sandwich Islands|GT Guatemala|GU Guam
GW Guinea Bissau|GY Guyana|HK Hong Kong/Hong Kong SAR|HM Heard Island and McDonald Islands
HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland/Ireland Republic of|IL Israel
IM Isle of Man/Man Isle of|IN India|IO British Indian Ocean Territory|IQ Iraq
IR Iran/Iran Islamic Republic of/Islamic Republic of Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica
JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan/Kyrgyz Republic|KH Cambodia|KI Kiribati|KM Comoros
KN Saint Kitts and Nevis/St Kitts and Nevis|KP North Korea/Korea North/DPRK
KP Korea Democratic Peoples Republic of/Democratic Peoples Republic of Korea
KR South Korea/Korea South/Korea Republic of/Republic of Korea|KW Kuwait|KY Cayman Islands
KZ Kazakhstan|LA Laos/Lao Peoples Democratic Republic|LB Lebanon|LC Saint Lucia/St Lucia
LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya
MA Morocco|MC Monaco|MD Moldova/Moldova Republic of/Republic of Moldova|ME Montenegro
MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia/Macedonia
ML Mali|MM Burma/Myanmar|MN Mongolia|MO Macau/Macao|MP Northern Mariana Islands|MQ Martinique
MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi|MX Mexico|MY Malaysia
MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua
NL Netherlands/The Netherlands/Netherlands Kingdom of the|NO Norway|NP Nepal|NR Nauru|NU Niue
NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH Philippines
PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico
PS Palestine State of/State of Palestine/Palestine/Palestinian Territory Occupied/West Bank/Gaza
PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Reunion|RO Romania|RS Serbia
RU Russia/Russian Federation|RW Rwanda|SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan
SE Sweden|SG Singapore|SH Saint Helena Ascension and Tristan da Cunha/Saint Helena|SI Slovenia
SJ Svalbard and Jan Mayen|SK Slovakia/Slovak Republic|SL Sierra Leone|SM San Marino|SN Senegal
SO Somalia|SR Suriname|SS South Sudan|ST Sao Tome and Principe|SV El Salvador
SX Sint Maarten|SY Syria/Syrian Arab Republic|SZ Eswatini/Swaziland|TC Turks and Caicos Islands
TD Chad|TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau
TL Timor Leste/East Timor|TM Turkmenistan|TN Tunisia|TO Tonga|TR Turkey/Turkiye
TT Trinidad and Tobago|TV Tuvalu|TW Taiwan/Taiwan Province of China|TZ Tanzania
TZ Tanzania United Republic of|UA Ukraine/Crimea Region of Ukraine|UG Uganda
UM United States Minor Outlying Islands|US United States/United States of America/USA
UY Uruguay|UZ Uzbekistan|VA Holy See/Vatican City|VC Saint Vincent and the Grenadines
VE Venezuela/Venezuela Bolivarian Republic of|VG British Virgin Islands/Virgin Islands British
VI Virgin Islands US/US Virgin Islands|VN Vietnam/Viet Nam|VU Vanuatu|WF Wallis and Futuna|WS Samoa
YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
"""
_WORDS_MAX: Final = 10
_SILENT: Final = frozenset({"REGION", "THE", "OF", "AND", "IN", "NORTHERN", "NORTH"})
"""Words that stand around a country and are no part of it: `REGION: NORTHERN MALI`."""
_AMBIGUOUS: Final = frozenset({"GE", "JO"})
"""Names that end addresses elsewhere too: Atlanta, Georgia."""
_POSTCODE: Final = re.compile(r"[\s.;,]*\b(?=[^,]*[0-9])[0-9A-Z -]+[\s.;,]*$|[\s.;,]+$")


@cache
def _phrases() -> dict[tuple[str, ...], str]:
    phrases = {}
    for row in _NAMES.replace("\n", "|").strip("|").split("|"):
        code, _, names = row.partition(" ")
        for name in names.split("/"):
            phrases[tuple(_words(name))] = code
    return phrases


def _words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.replace("ı", "i"))
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    plain = plain.replace("&", " and ")
    return re.sub(r"[^A-Z0-9 ]", " ", re.sub(r"[.'’`]", "", plain).upper()).split()


@cache
def countries_in(text: str, *, codes: bool = False) -> tuple[tuple[str, ...], str]:
    """The countries that a cell names, in its order, and the words of it that name none.

    With `codes` a word of two letters is a code of ISO 3166-1, where there is such a code.
    """
    found: list[str] = []
    rest: list[str] = []
    for code, word in _read(_words(text), codes=codes):
        if code:
            found.append(code)
        else:
            rest.append(word)
    unknown = [word for word in rest if word not in _SILENT]
    return tuple(dict.fromkeys(found)), " ".join(unknown)


def _read(words: Sequence[str], *, codes: bool) -> Iterator[tuple[str, str]]:
    phrases = _phrases()
    place = 0
    while place < len(words):
        for length in range(min(_WORDS_MAX, len(words) - place), 0, -1):
            if code := phrases.get(tuple(words[place : place + length])):
                yield code, ""
                break
        else:
            length = 1
            word = words[place]
            yield (word, "") if codes and word in COUNTRIES else ("", word)
        place += length


@cache
def country_of_address(address: str) -> str:
    """The code of the country that ends an address, or nothing if none does for certain.

    >>> country_of_address("Room 1, 10 Example Road, Kowloon, Hong Kong.")
    'HK'
    """
    words = _words(_POSTCODE.sub("", address).rpartition(",")[2])
    for start in range(len(words)):
        if code := _phrases().get(tuple(words[start:])):
            return "" if code in _AMBIGUOUS else code
    return ""
