"""Words around a number: magnitudes, units, currencies, months, in the languages that logs hold most.

Magnitudes follow the compact number formats of the Unicode CLDR, <https://cldr.unicode.org>. A word that means two
things (a billion is 10^9 in English and 10^12 on the long scale) has both, the usual one first.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction
from typing import Final

_K, _M, _G, _T, _P = 10**3, 10**6, 10**9, 10**12, 10**15

_MAGNITUDE_WORDS: Final = {
    (10,): "dizaines decenas dezenas decine tientallen desítek десятков десятки kymmentä zeci chục puluh 十 拾 십 สิบ "
    "դասնյակ",
    (100,): "hundred hundert cien ciento cento honderd hundra "
    "centaines cientos centenares centenas centinaia hunderte honderden "
    "hundratal stovek setek сот сотен сотни sute सौ yüz trăm ratus sata sataa száz מאות مئة مائة 百 佰 백 ร้อย "
    "ასი հարյուր መቶ શંભર સો ਸੌ ଶହ వంద వందల ನೂರು നൂറ് நூறு සියය শত শো सय शंभर صد سو ຮ້ອຍ រយ ရာ བརྒྱ centaine",
    (12,): "dozen dozens dutzend douzaine douzaines docena docenas dozzina dúzia dozijn",
    (_K,): "milliers milhares migliaia tausende duizenden tusental elfu tisoč mijë þúsund tūkst tūkstančių tūkstoši "
    "мың мянга ஆயிரம் ಸಾವಿರ ആയിരം వేలు אלפי "
    "k keur kusd kchf kgbp tsek tnok tdkk tkr "
    "grand thousand thousands tausend tsd mille mila duizend tusen tusind tuhat tuhatta tisíc tisíce tysiąc "
    "tysiące "
    "tysięcy tys tis тысяча тысячи тысяч тыс тис тисяча тисячі тисяч хиляди хил tisuća tisuće hiljada hiljade "
    "bin ribu rb "
    "nghìn ngàn mie mii ezer χιλ χιλιάδα χιλιάδες אלף אלפים हज़ार हजार হাজার พัน 千 仟 천 ألف آلاف هزار "
    "thou milers þúsundir míle mila ming миң ҳазор dubu libo elfu arivo ათასი ათას հազար ሺህ ሺ "
    "હજાર ਹਜ਼ਾਰ ହଜାର వెయ్యి వేల ಸಾವಿರದ ആയിരത്തി දහස දාහ هەزار ہزار زره مىڭ ພັນ ពាន់ ထောင် སྟོང "
    "mijëra tūkstantis tūkstančiai tūkstošu",
    (_K, _M): "mil",
    (_M,): "m meur musd mchf mgbp msek mnok mdkk mkr "
    "mm mn mln mio mi tr million millions millionen millones millón milhão milhões milione milioni miljoen "
    "miljoner miljoona miljoonaa millioner millió milyon milion milionu milionů miliony milionów miliona "
    "milioane milj "
    "mill миллион миллиона миллионов млн мільйон мільйона мільйони мільйонів милион милиона милиони milijun "
    "milijuna milijuni "
    "milijon juta jt triệu ล้าน 百万 εκ εκατ εκατομμύριο εκατομμύρια מיליון मिलियन মিলিয়ন مليون ملايين میلیون "
    "milions milió milljón milljónir milljóna miliwn milyun milioi miliono milionoj milioneve "
    "milionë miljons miljoni miljonai milijonas milijonai milijonų milijona сая миллиондук "
    "მილიონი მილიონ მლნ միլիոն մլն ሚሊዮን મિલિયન ਮਿਲੀਅਨ ମିଲିଅନ மில்லியன் మిలియన్ മില്യൺ මිලියන "
    "ملین ملیۆن ລ້ານ លាន သန်း ས་ཡ",
    (_G,): "bn g mrd mr mlr mld md mia milliard milliards milliarde milliarden millardos miliardo miliardi miljard "
    "miljarder milliarder miljardi miljardia milliárd miliard miliardy miliarda miliarde milyar miliar миллиард "
    "миллиарда миллиардов млрд мільярд мільярда мільярди мільярдів милиард милиарда милиарди milijarda "
    "milijarde milijardi "
    "bilhão bilhões bi tỷ tỉ พันล้าน δισ δισεκατομμύριο δισεκατομμύρια מיליארד अरब अ॰ مليار مليارات میلیارد "
    "milijardas milijardai milijardų miliards miljards მილიარდი მლრდ միլիարդ մլրդ ቢሊዮን બિલિયન "
    "અબજ ਅਰਬ பில்லியன் బిలియన్ බිලියන अर्ब अब्ज বিলিয়ন ارب بیلیون ຕື້ ພັນລ້ານ ប៊ីលាន ဘီလီယံ",
    (_G, _K): "b",
    (_G, _T): "billion billions billón billones",
    (_T,): "trn billionen bilione bilion biljoen biljoner trilhão trilhões tri триллион триллиона триллионов трлн "
    "triliun trilyon 兆 조 खरब",
    (_T, _K): "t tn",
    (_T, _M * _T): "trillion trillions trillón trillones",
    (_P, _G * _P): "quadrillion quadrillions",
    (10**4,): "万 萬 만 หมื่น ໝື່ນ ຫມື່ນ ម៉ឺន သောင်း ཁྲི",
    (10**5,): "লাখ لاکھ lakh lakhs lac लाख แสน લાખ ਲੱਖ ଲକ୍ଷ లక్ష లక్షల ಲಕ್ಷ ലക്ഷം லட்சம் இலட்சம் ලක්ෂ ලක්ෂය লক্ষ لکھ ແສນ សែន သိန်း འབུམ",
    (10**10,): "หมื่นล้าน",
    (10**11,): "แสนล้าน",
    (10**7,): "สิบล้าน কোটি کروڑ crore crores cr करोड़ करोड क॰ કરોડ ਕਰੋੜ କୋଟି కోటి కోట్ల ಕೋಟಿ കോടി கோடி කෝටි কোটী កោដិ ကုဋေ བྱེ་བ",
    (10**8,): "ร้อยล้าน 亿 億 억 དུང་ཕྱུར",
}
MAGNITUDES: Final[dict[str, tuple[int, ...]]] = {
    unicodedata.normalize("NFC", word.casefold()): factors
    for factors, words in _MAGNITUDE_WORDS.items()
    for word in words.split()
}

LETTERS: Final = frozenset(
    ["k", "thou", "grand", "m", "mm", "mn", "mi", "tr", "b", "bn", "mr", "g", "t", "tn", "md", "bi", "tri", "cr", "bin"]
)
"""Magnitudes that are short enough to be something else as well."""

_TIME, _LENGTH, _MASS, _VOLUME, _DATA, _RATE, _SPEED, _POWER, _ENERGY, _FREQUENCY, _VOLT, _AMPERE = [
    "time",
    "length",
    "mass",
    "volume",
    "data",
    "data rate",
    "speed",
    "power",
    "energy",
    "frequency",
    "volt",
    "ampere",
]
PERCENT: Final = "percent"
"""The dimension of parts of a whole: per cent, per mille, parts per million."""

# Symbols stand in their own case, because case tells a megawatt from a milliwatt and a byte from a bit.
_UNIT_ROWS: Final = (
    (_TIME, "1/1000000", "µs microsecond microseconds"),
    (_TIME, "1/1000", "ms millisecond milliseconds"),
    (_TIME, "1000000", "Ms"),
    (
        _TIME,
        "1",
        "s sec secs second seconds sekunde sekunden seconde secondes segundo segundos secondi сек секунд 秒 초",
    ),
    (_TIME, "60", "min mins minute minutes minuten minuto minutos minuti minuut мин минут минуты 分钟 分鐘 分 분"),
    (
        _TIME,
        "3600",
        "h hr hrs hour hours stunde stunden std heure heures hora horas ora ore uur ч час часа часов 小时 小時 時間 "
        "시간",
    ),
    (
        _TIME,
        "86400",
        "day days tag tage tagen jour jours día días dia dias giorno giorni dag dagen dni день дня дней 天 日間 일",
    ),
    (_TIME, "604800", "week weeks woche wochen semaine semaines semana semanas settimana settimane 周 週間 주"),
    (_LENGTH, "1/1000000000", "nm nanometer nanometers"),
    (_LENGTH, "1/1000000", "µm"),
    (_LENGTH, "1/1000", "mm millimeter millimeters millimetre millimetres мм"),
    (_LENGTH, "1/100", "cm centimeter centimeters centimetre centimetres centimètres centímetros centimetri см"),
    (_LENGTH, "1", "m meter meters metre metres metro metros metri mètre mètres м 米"),
    (
        _LENGTH,
        "1000",
        "km kilometer kilometers kilometre kilometres kilómetro kilómetros kilomètre kilomètres quilómetros "
        "quilômetros chilometri kms км километр километра километров 公里 千米",
    ),
    (_LENGTH, "1000000", "Mm"),
    (_LENGTH, "254/10000", "in inch inches zoll"),
    (_LENGTH, "3048/10000", "ft foot feet"),
    (_LENGTH, "9144/10000", "yd yard yards"),
    (_LENGTH, "1609344/1000", "mi mile miles meile meilen"),
    (_MASS, "1/1000000", "µg mcg microgram micrograms"),
    (_MASS, "1/1000", "mg MG milligram milligrams"),
    (_MASS, "1", "g gram grams gramm gramme grammes gramo gramos 克"),
    (
        _MASS,
        "1000",
        "kg Kg KG kilo kilos kilogram kilograms kilogramm kilogramme kilogrammes kilogramo kilogramos quilograma "
        "quilogramas chilogrammo chilogrammi chili кг килограмм килограмма килограммов 公斤 千克",
    ),
    (_MASS, "1000000", "t Mg tonne tonnes tonnen"),
    (_MASS, "45359237/100000", "lb lbs"),
    (_MASS, "45359237/1600000", "oz ounce ounces"),
    (_MASS, "635029318/100000", "stone stones"),
    (_VOLUME, "1/1000000", "µl"),
    (_VOLUME, "1/1000", "ml milliliter milliliters millilitre millilitres"),
    (_VOLUME, "1", "l ℓ liter liters litre litres litro litros litri л"),
    (_VOLUME, "3785411784/1000000000", "gal gallon gallons"),
    (_VOLUME, "946352946/1000000000", "quart quarts"),
    (_VOLUME, "473176473/1000000000", "pint pints"),
    (_VOLUME, "2365882365/10000000000", "cup cups"),
    (_VOLUME, "1478676478125/100000000000000", "tbsp tablespoon tablespoons"),
    (_VOLUME, "492892159375/100000000000000", "tsp teaspoon teaspoons"),
    (_VOLUME, "1/100", "cl centiliter centiliters centilitre centilitres"),
    (_VOLUME, "1/10", "dl deciliter deciliters decilitre decilitres"),
    (_VOLUME, "1000000", "Ml megaliter megaliters megalitre megalitres"),
    (_DATA, "1", "byte bytes"),
    (_DATA, "1000", "kB KB kilobyte kilobytes"),
    (_DATA, "1000000", "MB megabyte megabytes"),
    (_DATA, "1000000000", "GB gigabyte gigabytes"),
    (_DATA, "1000000000000", "TB terabyte terabytes"),
    (_DATA, "1024", "KiB kibibyte kibibytes"),
    (_DATA, "1048576", "MiB mebibyte mebibytes"),
    (_DATA, "1073741824", "GiB gibibyte gibibytes"),
    (_DATA, "1/8", "bit bits"),
    (_DATA, "125", "Kb kbit kilobit kilobits"),
    (_DATA, "125000", "Mb Mbit megabit megabits"),
    (_DATA, "125000000", "Gb Gbit gigabit gigabits"),
    (_DATA, "125000000000", "Tb Tbit terabit terabits"),
    (_RATE, "125", "kbps Kbps"),
    (_RATE, "125000", "Mbps mbps"),
    (_RATE, "125000000", "Gbps gbps"),
    (_RATE, "1000", "kBps KBps"),
    (_RATE, "1000000", "MBps"),
    (_RATE, "1000000000", "GBps"),
    (_SPEED, "1", "km/h kmh kph stundenkilometer"),
    (_SPEED, "1609344/1000000", "mph"),
    (_POWER, "1/1000", "mW milliwatt milliwatts"),
    (_POWER, "1", "W watt watts"),
    (_POWER, "1000", "kW kilowatt kilowatts"),
    (_POWER, "1000000", "MW megawatt megawatts"),
    (_POWER, "1000000000", "GW gigawatt gigawatts"),
    (_ENERGY, "1/1000000", "mWh"),
    (_ENERGY, "1/1000", "Wh"),
    (_ENERGY, "1", "kWh"),
    (_ENERGY, "1000", "MWh"),
    (_ENERGY, "1000000", "GWh"),
    (_ENERGY, "1000000000", "TWh"),
    (_ENERGY, "1/3600000000", "mJ millijoule millijoules"),
    (_ENERGY, "1/3600000", "joule joules"),
    (_ENERGY, "1/3600", "kJ kilojoule kilojoules"),
    (_ENERGY, "1000/3600", "MJ megajoule megajoules"),
    ("force", "1", "N newton newtons"),
    ("force", "1000", "kN kilonewton kilonewtons"),
    ("torque", "1", "Nm"),
    ("turns", "1", "rpm"),
    ("beats", "1", "bpm"),
    ("fuel", "1", "mpg"),
    ("light years", "1", "ly lightyear lightyears"),
    (_FREQUENCY, "1/1000", "mHz millihertz"),
    (_FREQUENCY, "1", "Hz hertz"),
    (_FREQUENCY, "1000", "kHz kilohertz"),
    (_FREQUENCY, "1000000", "MHz Mhz mhz MHZ megahertz"),
    (_FREQUENCY, "1000000000", "GHz gigahertz"),
    ("pressure", "1", "Pa pascal"),
    ("pressure", "100", "hPa mbar"),
    ("pressure", "1000", "kPa"),
    ("pressure", "100000", "bar"),
    ("pressure", "6894757293168/1000000000", "psi"),
    ("pressure", "101325", "atm"),
    ("pressure", "133322387415/1000000000", "mmHg"),
    ("pressure", "1000000", "MPa"),
    ("amount", "1/1000000", "µmol"),
    ("amount", "1/1000", "mmol"),
    ("amount", "1", "mol"),
    ("capacity", "1/1000000000000", "pF"),
    ("capacity", "1/1000000000", "nF"),
    ("capacity", "1/1000000", "µF"),
    ("resistance", "1", "Ω ohm ohms"),
    ("resistance", "1000", "kΩ"),
    ("resistance", "1000000", "MΩ"),
    ("area", "1", "ha hectare hectares hektar"),
    ("area", "40468564224/100000000000", "acre acres"),
    ("decibel", "1", "dB"),
    ("decibel over a milliwatt", "1", "dBm"),
    # Months and years have no fixed length in days, so they are a dimension of their own.
    (
        "calendar",
        "1",
        "month months monat monate monaten mois mes meses mese mesi maand maanden mo 个月 個月 ヶ月 개월",
    ),
    (
        "calendar",
        "12",
        "year years yr yrs jahr jahre jahren an ans année années año años anno anni ano anos jaar jaren",
    ),
    ("celsius", "1", "°c celsius centigrade"),
    ("fahrenheit", "1", "°f fahrenheit"),
    ("kelvin", "1", "kelvin kelvins"),
    ("angle", "1", "° degree degrees grad degré degrés grado grados gradi graus graden"),
    (
        PERCENT,
        "1",
        "% percent pct procent procento procenta prozent pourcent porcentaje prosent prosenttia százalék процент "
        "процента "
        "процентов процентів відсоток відсотка відсотків процента パーセント 퍼센트 프로 प्रतिशत بالمئة بالمائة",
    ),
    (PERCENT, "1/10", "‰ permille promille"),
    (PERCENT, "1/10000", "ppm"),
    (PERCENT, "1/10000000", "ppb"),
    ("points", "1", "pp"),
    (PERCENT, "1/100", "bp bps basispunkt basispunkte"),
    ("tokens", "1", "token tokens"),
    (_VOLT, "1/1000", "mV millivolt millivolts"),
    (_VOLT, "1", "V volt volts"),
    (_VOLT, "1000", "kV kilovolt kilovolts"),
    (_VOLT, "1000000", "MV megavolt megavolts"),
    (_AMPERE, "1/1000", "mA milliamp milliamps"),
    (_AMPERE, "1", "amp amps ampere"),
    (_AMPERE, "1000000", "MA"),
    ("calories", "1", "kcal calories"),
    ("calories", "1/1000", "gcal"),
    ("pixels", "1", "px pixel pixels"),
    ("ordinal", "1", "st nd rd th"),
)
_EXACT: Final = {
    word: (dimension, Fraction(factor)) for dimension, factor, words in _UNIT_ROWS for word in words.split()
}
_NAMES: Final = {
    meaning: next(word for word, other in _EXACT.items() if other == meaning) for meaning in _EXACT.values()
}
_FOLDED: Final[dict[str, tuple[str, ...]]] = {}
for _word, _meaning in _EXACT.items():
    _known = _FOLDED.get(_word.casefold(), ())
    _FOLDED[_word.casefold()] = _known if _NAMES[_meaning] in _known else (*_known, _NAMES[_meaning])
# In everyday language a calorie is a thousand of the physicist's.
_FOLDED["cal"] = ("kcal", "gcal")

UNITS: Final[dict[str, tuple[str, Fraction]]] = {name: meaning for meaning, name in _NAMES.items()}
"""Name of a unit to its dimension and its size there."""

_POUND: Final = "pound"
UNCLEAR_UNITS: Final = {
    **{word: names for word, names in _FOLDED.items() if len(names) > 1 and word not in _EXACT},
    _POUND: ("lb", "GBP"),
    "¥": ("JPY", "CNY"),
}
"""What leaves open which unit it is, to the units that it may be: `mw` and `gb` by their case, `pound`, `¥`."""

PART_OF: Final = {"%": 100, "‰": 1000, "bp": 10**4, "ppm": 10**6, "ppb": 10**9}
"""How many of a unit make a whole."""

DEGREES: Final = "°"
"""Degrees of an angle, or of a temperature whose scale the question says."""

TEMPERATURES: Final = {
    "°c": (Fraction(1), Fraction("273.15")),
    "°f": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "kelvin": (Fraction(1), Fraction(0)),
}
"""Scales of temperature: how many kelvins one of their degrees has, and how many their zero."""

CLOCK: Final = "o'clock"
"""The name of the unit that makes a number the hour of a clock."""

RANK: Final = "st"
"""The name of the unit that makes a number a rank."""

SCALES: Final = frozenset(["‰", "ppm", "ppb", "bp"])
"""Units without which a number says something else, but for per cent: parts of a whole."""


def unit_of(word: str) -> str | None:
    """The name of the unit that a word stands for, of `UNITS` or `UNCLEAR_UNITS`; None where it is none."""
    if word in _EXACT:
        return _NAMES[_EXACT[word]]
    if word.casefold() in ("pound", "pounds"):
        return _POUND
    names = _FOLDED.get(word.casefold(), ())
    return names[0] if len(names) == 1 else word.casefold() if names else None


_CURRENCY_ROWS: Final = (
    ("USD", "$ us$ usd dollar dollars dólar dólares dollaro dollari bucks доллар доллара долларов 美元"),
    ("EUR", "€ eur euro euros евро євро"),
    ("GBP", "£ gbp quid"),
    ("JPY", "jpy yen 円"),
    ("CNY", "cny rmb yuan 元 人民币"),
    ("¥", "¥"),
    ("IDR", "rp rp. idr rupiah"),
    ("INR", "₹ inr rs rs. rupee rupees rupien roupies रुपये रुपए"),
    ("KRW", "₩ krw won 원"),
    ("RUB", "₽ rub руб рубль рубля рублей"),
    ("TRY", "₺ try lira"),
    ("VND", "₫ vnd"),
    ("UAH", "₴ uah грн гривень"),
    ("THB", "฿ thb"),
    ("NGN", "₦ ngn"),
    ("PHP", "₱ php"),
    ("ILS", "₪ ils"),
    ("CHF", "chf fr. sfr. franken"),
    ("CAD", "ca$ c$ cad"),
    ("AUD", "au$ a$ aud"),
    ("NZD", "nz$ nzd"),
    ("HKD", "hk$ hkd"),
    ("TWD", "nt$ twd"),
    ("SGD", "s$ sgd"),
    ("BRL", "r$ brl reais"),
    ("MXN", "mx$ mxn"),
    ("SEK", "sek"),
    ("NOK", "nok"),
    ("DKK", "dkk"),
    ("kr", "kr kr. krona kronor krone kroner"),
    ("PLN", "zł pln złoty złote złotych zloty zlotych"),
    ("CZK", "kč czk korun koruny"),
    ("ZAR", "zar"),
)
CURRENCIES: Final = {word: code for code, words in _CURRENCY_ROWS for word in words.split()}

_MINOR: Final = {
    **dict.fromkeys(["cent", "cents", "ct", "¢", "centimes", "centavos", "céntimos"], "cents"),
    **dict.fromkeys(["pence", "pennies"], "pence"),
}
"""Words for hundredths of a currency."""


def minor_of(word: str) -> str | None:
    """The hundredths of a currency that a word stands for; None where it is none."""
    return _MINOR.get(word.casefold())


def hundred_of(minor: str, currency: str) -> bool:
    """Whether a hundred of one are one of a currency."""
    return currency in (("GBP", _POUND) if minor == "pence" else _WITH_CENTS)


_WITH_CENTS: Final = frozenset(CURRENCIES.values()) - {"GBP", "¥", "JPY", "KRW", "VND", "IDR"}

_MONEY: Final = "money"
_ASKED: Final = re.compile(r"[^\W\d_]+|[%‰°$€£¥₹₩₽₺₫₴฿₦₱₪]")
_ASKS_SHARE: Final = re.compile(
    r"%|percent|per\scent|pct\b|proz?[ec]n|pour\s?cent|por\s?cent|por\s?ciento|по?процент|процент|百分|パーセント"
    r"|퍼센트"
    r"|\b(?:rate|share|proportion|probability|chance|likely|quote|anteil|taux|tasa|taxa|tasso)s?\b",
    re.I,
)
_NO_UNIT: Final = frozenset(["second", "won", "try", "in", "an", "st", "nd", "rd", "th", "mo"])
"""Words of questions that seldom name the unit which they could."""


def named_unit(word: str) -> str | None:
    """The unit, currency or part of one that a word or sign stands for; None where it is none."""
    folded = word.casefold()
    return CURRENCIES.get(folded) or minor_of(word) or unit_of(word)


def dimension_of(unit: str) -> str | None:
    """What a unit measures; None where it is no plain unit."""
    if unit in ("cents", "pence") or unit in CURRENCIES.values():
        return _MONEY
    return UNITS[unit][0] if unit in UNITS else None


def unasked(unit: str, question: str) -> bool:
    """Whether a unit that stands beside one of two equal figures makes it another, by what was asked.

    Special cases:
        No question: nothing can be told, so it does not.
        Per cent: unless the question speaks of a share.
        Any other: where the question names another unit of the same dimension, and not this one.
    """
    if not question.strip():
        return False
    if unit == "%":
        return _ASKS_SHARE.search(question) is None
    dimension = dimension_of(unit)
    words = _ASKED.findall(question) if dimension is not None else []
    named = {named_unit(word) for word in words if word.casefold() not in _NO_UNIT or len(word) > 2}
    if unit in named:
        return False
    # A single letter may be anything: it admits its unit and rules none out.
    telling = [word for word in words if word.casefold() not in _NO_UNIT and not (len(word) == 1 and word.isalpha())]
    return any(name is not None and dimension_of(name) == dimension for name in map(named_unit, telling))


_MONTH_NAMES: Final = (
    "january januar janvier enero gennaio janeiro januari gener stycznia styczeń ledna leden января январь січня "
    "ianuarie "
    "Ocak tammikuuta ιανουαρίου يناير जनवरी Jan",
    "february februar février febrero febbraio fevereiro februari febrer lutego luty února únor февраля февраль лютого "
    "februarie Şubat helmikuuta φεβρουαρίου فبراير फ़रवरी फरवरी Feb",
    "march märz mars marzo março maart marts març marca marzec března březen марта березня martie Mart maaliskuuta "
    "μαρτίου "
    "مارس मार्च Maret Mar",
    "april avril abril aprile kwietnia kwiecień dubna duben апреля апрель квітня aprilie Nisan huhtikuuta απριλίου "
    "أبريل "
    "अप्रैल Apr",
    "May mai mayo maggio maio mei maig maja maj května květen мая травня Mayıs toukokuuta μαΐου مايو मई",
    "june juni juin junio giugno junho juny czerwca czerwiec června červen июня июнь червня iunie Haziran kesäkuuta "
    "ιουνίου "
    "يونيو जून Jun",
    "july juli juillet julio luglio julho juliol lipca lipiec července červenec июля июль липня iulie Temmuz "
    "heinäkuuta "
    "ιουλίου يوليو जुलाई Jul",
    "august août agosto augustus augusti agost sierpnia sierpień srpna srpen августа август серпня Ağustos elokuuta "
    "αυγούστου أغسطس अगस्त Agustus Aug",
    "september septembre septiembre settembre setembro setembre września wrzesień září сентября сентябрь вересня "
    "septembrie "
    "Eylül syyskuuta σεπτεμβρίου سبتمبر सितंबर सितम्बर Sep Sept",
    "october oktober octobre octubre ottobre outubro października październik října říjen октября октябрь жовтня "
    "octombrie "
    "Ekim lokakuuta οκτωβρίου أكتوبر अक्टूबर अक्तूबर Oct Okt",
    "november novembre noviembre novembro листопада listopada listopadu listopad ноября ноябрь noiembrie Kasım "
    "marraskuuta νοεμβρίου "
    "نوفمبر नवंबर नवम्बर Nov",
    "december dezember décembre diciembre dicembre dezembro desembre desember grudnia grudzień prosince prosinec "
    "декабря "
    "декабрь грудня decembrie Aralık joulukuuta δεκεμβρίου ديسمبر दिसंबर दिसम्बर Dec Dez",
)
MONTHS: Final = {
    unicodedata.normalize("NFC", form): number
    for number, names in enumerate(_MONTH_NAMES, start=1)
    for name in names.split()
    # A name with a capital here is a word or a short form as well: written small, it is no month.
    for form in ({name} if name[0].isupper() else {name, name.capitalize()})
}
