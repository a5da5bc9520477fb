"""The countries that a document may name.

A country is an officially assigned code element of ISO 3166-1 alpha-2 (SPEC 1.7), as the ISO 3166
Maintenance Agency lists them: 249. Hong Kong, Macao and Taiwan have codes of their own; reserved
(`EU`, `UK`), user-assigned (`XK`, `XX`, `ZZ`) and withdrawn codes are none. A code outside the list
would stand in no legal group of countries, and pass every test that such a group fails:

>>> len(COUNTRIES), COUNTRIES >= {"HK", "MO", "TW"}
(249, True)
>>> COUNTRIES & {"EU", "UK", "XK", "XX", "ZZ", "tw", "TWN"}
frozenset()

The schemas list the same codes, since they stand alone; a test holds the two together.
"""

from __future__ import annotations

from typing import Final

_ASSIGNED: Final = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE
BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM
DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU
ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK
TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
"""

COUNTRIES: Final = frozenset(_ASSIGNED.split())
"""Every code of ISO 3166-1 alpha-2 that is officially assigned."""
